"""Projections that learn on SpiNNaker: which rules it has, and where their weights go."""

from __future__ import annotations

from dataclasses import replace

from ..draft import Draft
from .planning import machine_of, plan_of
from .plastic import HAS, INSTEAD, map_learning, plastic_rule
from .receptors import RING_FULL, RING_UNIT, target_variable

_FREE_SLOTS = 1 << 14


def find_rules(draft: Draft) -> None:
    """Pass: find the machine's rule for each projection with a synapse model; refuse others."""
    machine, plan = machine_of(draft), plan_of(draft)
    for projection in draft.program.projections:
        if projection.synapse is None:
            continue
        where, name = f"projection {projection.name!r}", projection.synapse.code.name
        if machine.plasticity == "deferred":
            rule = plastic_rule(draft.program, projection)
            if isinstance(rule, str):
                draft.report.obstacle(where, rule, HAS, INSTEAD)
            else:
                plan.rules[projection.name] = rule
        elif machine.changes_neurons:
            draft.report.obstacle(
                where, f"{name} as it is, beside neurons in the machine's numbers",
                "with plasticity='native' arithmetic must be 'float64' and models 'native'",
                "Set them, or plasticity='deferred'.",
            )  # fmt: skip


def learn(draft: Draft) -> None:
    """Pass: let projections learn as the machine does."""
    machine, plan = machine_of(draft), plan_of(draft)
    for projection in draft.program.projections:
        rule = plan.rules.get(projection.name)
        if rule is None:
            continue
        key = (projection.post.population, target_variable(projection), rule.sign)
        receptor = plan.receptors.get(key)
        if receptor is None:
            continue
        map_learning(
            draft,
            projection,
            shift=receptor.shift,
            scale=receptor.per_weight,
            slots=plan.slots.get(projection.post.population, _FREE_SLOTS),
            ring=receptor.ring,
            unit=RING_UNIT,
            limit=RING_FULL if machine.saturation else float("inf"),
            earlier=1 if machine.order == "machine" else 0,
            backprop_delay=machine.backprop_delay,
        )
        draft.projections(
            lambda p, n=projection.name, r=receptor.ring: (  # type: ignore[misc]
                replace(p, variable=r) if p.name == n else p
            )
        )

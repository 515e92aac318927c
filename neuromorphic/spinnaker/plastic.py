"""The catalogue's STDP rules on SpiNNaker: numbers, weights and delays as the machine has them.

What the machine has: pairs of all spikes, nearest pairs and triplets with additive or
multiplicative dependence (sPyNNaker ``plasticity/stdp``), dendritic delays, no axonal ones.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ...lowering.edges import instantiate
from ...lowering.learning_program import DeferredStdp
from ...lowering.program import DelayDraw, Draw, ListedEdges, ProjectionProgram
from ..draft import Draft, Reading
from ..quantise import Tally, weight_unit
from ..units import MILLI_NANO
from .luts import DecayTable
from .stdp_rules import APPROXIMATIONS, HAS, INSTEAD, PlasticRule, plastic_rule
from .words import MAX_STAGES, MAX_WEIGHT, staged

__all__ = ["APPROXIMATIONS", "HAS", "INSTEAD", "PlasticRule", "map_learning", "plastic_rule"]


def map_learning(
    draft: Draft,
    projection: ProjectionProgram,
    *,
    shift: int,
    scale: float,
    slots: int,
    ring: str,
    unit: float = 2.0**-15,
    limit: float = float("inf"),
    earlier: int = 1,
    backprop_delay: bool = True,
) -> None:
    """Let a projection learn as the machine does; what stands in the way goes into the report.

    Parameters
    ----------
    draft : Draft
        Every rank must call it.
    projection : ProjectionProgram
        Of ``draft.program``, with a rule that :func:`plastic_rule` knows.
    shift : int
        Left shift of the ring buffer.
    scale : float
        Integer weight per SI unit.
    slots : int
        Of the ring buffer: longer delays pass through the stages of an extension.
    ring : str
        The accumulator of the target population's model.
    unit, limit : float
        What an integer weight of 1 adds to it; where it ends.
    earlier : int
        Steps by which the Program's delays are shorter than the machine's.
    backprop_delay : bool
        Whether postsynaptic spikes reach synapses after the dendrite's delay.
    """
    original = next(p for p in draft.original.projections if p.name == projection.name)
    rule = plastic_rule(draft.original, original)
    where = f"projection {projection.name!r}"
    if isinstance(rule, str):
        draft.report.obstacle(where, rule, HAS, INSTEAD)
        return
    _approximate(draft, rule, where)
    numbers = _machine_numbers(draft, rule, where, scale, shift)
    edges = instantiate(draft.program, replace(original, synapse=None, weight_bits=64))
    ticks = np.maximum(edges.delay if rule.transmit is None else edges.delay * 0 + rule.transmit, 1)
    weights = _integer_weights(draft, original, rule, edges.weight.astype(np.float64), scale)
    stages = _stages(draft, ticks, slots, where)
    dt = float(MILLI_NANO.value(draft.program.dt, "s"))  # ms, as the host has them
    taus = {k: float(MILLI_NANO.value(tau, "s")) for k, tau in rule.tau.items()}
    tables = {k: DecayTable.of(dt, tau).values for k, tau in taus.items()}
    learning = DeferredStdp(
        projection.name, ring, rule.timing, rule.dependence == "multiplicative", backprop_delay,
        shift, 0, weights=weights, fields=ticks - stages, stages=stages, unit=unit, limit=limit,
        dimension=weight_unit(draft, original), **numbers, **tables,
    )  # fmt: skip
    _list_edges(draft, projection, ListedEdges(edges.pre, edges.post), weights, ticks - earlier)
    draft.limits(learning=(learning,))
    draft.readings[projection.name, "w"] = Reading(rule.sign / scale, 0.0, _whole)


def _approximate(draft: Draft, rule: PlasticRule, where: str) -> None:
    """Note what the user allows, and what stands in the way."""
    for name in rule.approximations:
        if not draft.allowed(name, where, APPROXIMATIONS[name]):
            draft.report.obstacle(
                where, "its rule as it is", f"the machine does otherwise: {APPROXIMATIONS[name]}",
                f"Allow it: allow=({name!r},).",
            )  # fmt: skip


def _whole(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.clip(np.rint(values), 0, MAX_WEIGHT)


def _list_edges(
    draft: Draft,
    projection: ProjectionProgram,
    rule: ListedEdges,
    weights: NDArray[np.int64],
    delays: NDArray[np.int64],
) -> None:
    """Put a projection without a synapse model and with listed edges in the projection's place."""
    span = np.array([delays.max(initial=0), -delays.min(initial=2**31)], np.int64)
    longest, shortest = draft.ranks.largest(span)
    total = int(draft.ranks.sum(np.array([delays.size], np.int64))[0])
    bounds = (int(-shortest), int(longest)) if total else (1, 1)
    listed = replace(
        projection,
        rule=rule,
        weight=Draw("listed", values=weights.astype(np.float64)),
        weight_bits=32,
        delay=DelayDraw(bounds[0], values=delays, bounds=bounds),
        synapse=None,
        total=total,
    )
    draft.projections(lambda p: listed if p.name == projection.name else p)


def _machine_numbers(
    draft: Draft, rule: PlasticRule, where: str, scale: float, shift: int
) -> dict[str, int]:
    """Return bounds and amplitudes in s16.15; ``scale``: integer weight per SI unit."""
    by = scale * 2.0**shift if rule.dependence == "additive" else 32768.0
    wanted = {name: value * by for name, value in rule.amplitudes.items()}
    wanted["high"] = rule.largest * scale * 2.0**shift
    up = wanted["a_plus"] + wanted.get("a3_plus", 0.0)
    up *= 1.0 if rule.dependence == "additive" else wanted["high"] / 32768.0
    if 0 < up < 2**shift:
        draft.report.note(
            f"{where}: a pair potentiates by at most {up / 2**shift:.2g} steps of a weight, and "
            "what is below a step is cut off when a row is written back: weights only fall. "
            "Use larger amplitudes, or weights of which fewer add up (smaller ring buffers)."
        )
    found = {name: round(value) for name, value in wanted.items()}
    for name, value in wanted.items():
        if abs(found[name]) >= 2**31:
            draft.report.obstacle(
                where, f"{name} is {value / 32768:g} in the machine's unit",
                "it must be below 65536", "Use smaller weights or amplitudes.",
            )  # fmt: skip
        elif value and abs(found[name] - value) > 0.01 * abs(value):
            draft.report.note(
                f"{where}: {name} is {value:.3g} steps of s16.15 and became {found[name]}."
            )
    return {name: int(np.clip(v, -(2**31), 2**31 - 1)) for name, v in found.items()}


def _integer_weights(
    draft: Draft,
    projection: ProjectionProgram,
    rule: PlasticRule,
    given: NDArray[np.float64],
    scale: float,
) -> NDArray[np.int64]:
    """Return weights at t = 0 as 16 bits have them, and report how they changed."""
    rounded = np.rint(np.abs(given) * scale)
    found = np.mod(rounded, MAX_WEIGHT + 1).astype(np.int64)
    tally = Tally()
    tally.add(given, rule.sign * found / scale, (rounded > MAX_WEIGHT) | (rule.sign * given < 0))
    whole = tally.over_ranks(draft)
    unit = weight_unit(draft, projection)
    draft.report.rounded.append(whole.report(projection.name, "weights", unit, whole.count))
    if given.size and (rule.sign * given < 0).any():
        draft.report.obstacle(
            f"projection {projection.name!r}",
            f"weights of both signs, or not of that of w_max ({rule.sign * rule.largest:g})",
            "the weights of a synapse type have one sign",
            "Give weights between 0 and w_max.",
        )
    return found


def _stages(draft: Draft, ticks: NDArray[np.int64], slots: int, where: str) -> NDArray[np.int64]:
    """Return the ticks that spikes wait in an extension of the delays."""
    longest, most = int(ticks.max(initial=1)), slots * (MAX_STAGES + 1)
    if longest > most:
        draft.report.obstacle(
            where, f"a delay of {longest} ticks", f"at most {most} with an extension",
            "Use a shorter delay or fewer neurons per core.",
        )  # fmt: skip
        return np.zeros_like(ticks)
    table = np.array([0, *(staged(t, slots).stage * slots for t in range(1, longest + 1))])
    return table[ticks]

"""Machines of static synapses and leaky neurons: what they have no part for."""

from __future__ import annotations

from collections.abc import Collection

from .draft import Draft
from .quantise import total_synapses


def synapse_totals(draft: Draft) -> dict[str, float]:
    """Return the synapses of each projection on all ranks, the same on every rank."""
    return {p.name: float(total_synapses(draft, p)) for p in draft.program.projections}


def refuse_features(draft: Draft, has: Collection[str] = ()) -> None:
    """Note what the machine has no part for.

    Parameters
    ----------
    draft : Draft
    has : collection of str
        Projections whose synapses have code that the machine has a part for.
    """
    program, report, name = draft.program, draft.report, draft.machine.name
    for operation in program.operations:
        report.obstacle(
            f"operation {operation.name!r}", "statements run during the run",
            f"{name} has none", "Leave it out, or run on another platform.",
        )  # fmt: skip
    for current in program.currents:
        report.obstacle(
            f"current {current.name!r}", "a current that changes in time",
            f"on {name} a neuron's bias stays the same", "Give a constant I_e.",
        )  # fmt: skip
    for projection in program.projections:
        own = projection.synapse is not None and projection.name not in has
        if own or projection.restructured:
            report.obstacle(
                f"projection {projection.name!r}", "synapses with code of their own",
                f"on {name} synapses are static weights here: learning and graded spikes are not",
                "Use static synapses, with a variable and a weight.",
            )  # fmt: skip

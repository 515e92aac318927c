"""What a run took on SpiNNaker, by the names that its tools report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...lowering.machine_program import MachineCounts
from ..draft import Draft
from ..engine import RunFacts
from .planner import Layout, packets, with_counts
from .planning import plan_of

if TYPE_CHECKING:
    from .machine import SpiNNaker

_CORES_TOLD = 4096


def account(
    machine: SpiNNaker, draft: Draft, counts: MachineCounts | None, run: RunFacts
) -> dict[str, Any]:
    """Return time, counters and cores of a run.

    Parameters
    ----------
    machine : SpiNNaker
    draft : Draft
    counts : MachineCounts or None
    run : RunFacts
    """
    layout: Layout = draft.facts["layout"]
    with_counts(draft, packets=packets(draft, run.spikes))
    biological = run.steps * run.dt
    found: dict[str, Any] = {
        "time": {
            "biological_s": biological,
            "wall_s": biological * machine.time_scale_factor,
            "ticks": run.steps,
            "time_scale_factor": machine.time_scale_factor,
        },
        "spikes": {"sent": sum(run.spikes.values())},
    }
    dropped = round(packets(draft, run.spikes) * machine.router_drop)
    if counts is not None and counts.unlucky.size:
        dropped = int(counts.unlucky.sum())
    found["router"] = {
        "Dropped_packets": dropped,
        "Reinjected_packets": dropped if machine.reinjection else 0,
    }
    if counts is None:
        return found
    learned = counts.learning.sum(axis=0) if counts.learning.size else [0, 0, 0, 0]
    late, lost = int(counts.core_late.sum()), int(counts.core_lost.sum())
    found["spikes"] |= {"late": late, "lost_on_a_full_queue": lost}
    found["counters"] = {
        "Total_pre_synaptic_events": int(counts.core_events.sum()),
        "Times_synaptic_weights_have_saturated": int(counts.saturated.sum()),
        "Times_plastic_synaptic_weights_have_saturated": int(learned[0]),
        "Times_the_input_buffer_lost_packets": lost,
        "Number_of_late_spikes": late,
        "Max_filled_size_input_buffer": int(counts.core_fill.max(initial=0)),
        "Times_the_timer_tic_over_ran": int(counts.overrun),
        "Max_number_of_times_timer_tic_over_ran": int(counts.core_lateness.max(initial=0)),
        "Late_synapses_skipped": int(counts.skipped) + int(learned[2]),
        "Plastic_synaptic_events": int(learned[1]),
    }
    found["saturated"] = {
        f"{s.population}.{s.variable}": int(n)
        for s, n in zip(
            draft.program.machine.saturations if draft.program.machine else (),
            counts.saturated,
            strict=False,
        )
        if n
    }
    if counts.core_events.size:
        found["cores"] = _cores(layout, draft, counts, run)
        found["each_core"] = _each(counts)
    return found


def _each(counts: MachineCounts) -> dict[str, list[int]]:
    """Return the counters of each core, a slice's one after the other; of so many at most."""
    columns = {
        "events": counts.core_events, "spikes": counts.core_spikes, "late": counts.core_late,
        "lost": counts.core_lost, "fill": counts.core_fill, "lateness": counts.core_lateness,
    }  # fmt: skip
    return {name: column[:_CORES_TOLD].tolist() for name, column in columns.items()}


def _cores(layout: Layout, draft: Draft, counts: MachineCounts, run: RunFacts) -> dict[str, Any]:
    """Return how much of their ticks the cores needed."""
    lanes = [max(1, int(n)) for n in layout.synapse_cores]
    budgets = [b for b, n in zip(layout.budget, lanes, strict=True) for _ in range(n)]
    share = [int(e) / (b * max(run.steps, 1)) for e, b in zip(counts.core_events, budgets,
                                                              strict=True)]  # fmt: skip
    return {
        "cores_with_synapses": len(budgets),
        "budget_per_tick": max(budgets),
        "mean_load": sum(share) / len(share),
        "largest_mean_load": max(share),
        "late_cores": int((counts.core_late > 0).sum()),
        "plastic_populations": len({
            p.post.population for p in draft.program.projections if p.name in plan_of(draft).rules
        }),
    }  # fmt: skip

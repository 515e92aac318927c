"""Slices, synapse cores, chips and boards: how SpiNNaker's tools lay a network out."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...lowering.machine_program import CoreSlice, Gate
from ...lowering.program import ListedEdges, ProjectionProgram
from ..draft import Draft
from ..placement import Placement, cut, cut_all, make_cores, place
from .connectivity import most_into_slice
from .planning import machine_of, plan_of
from .rows import ROW_CAP, RowFormat

MOST_SYNAPSE_CORES = 15
COLOURS = 16  # ticks that the 4 colour bits of a key tell apart


@dataclass
class Layout:
    """What goes where; ``draft.facts["layout"]``.

    Attributes
    ----------
    slices : tuple of CoreSlice
        Of neurons.
    synapse_cores : (n_slices,) int64
        Besides the neuron core; 0: a combined core.
    budget : (n_slices,) float64
        Synaptic events that a core works off per tick.
    base_load : (n_slices,) float64
        Events per tick of Poisson sources that send their spikes.
    placement : Placement
    chips_reached : dict of str to int
        Chips that the spikes of a population or source are sent to.
    counts : dict of str to int
        Cores, by what they do.
    """

    slices: tuple[CoreSlice, ...]
    synapse_cores: NDArray[np.int64]
    budget: NDArray[np.float64]
    base_load: NDArray[np.float64]
    placement: Placement
    chips_reached: dict[str, int] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)


def synapse_cores(demand: float, capacity: float, time_scale_factor: float) -> int:
    """Return the synapse cores that a slice needs.

    Parameters
    ----------
    demand : float
        Synaptic events per second of simulated time, S.
    capacity : float
        Events per second of a core.
    time_scale_factor : float
    """
    return math.ceil(demand / (capacity * time_scale_factor))


def demand(draft: Draft, projection: ProjectionProgram, neurons: int) -> float:
    """Return the events per second that a projection brings to a core, as the planner expects."""
    most = most_into_slice(projection, neurons, draft.ranks)
    return math.ceil(most * machine_of(draft).spikes_per_second * projection.pre.size)


def lay_out(draft: Draft) -> None:
    """Pass: put the network on cores, chips and boards; limit what a core does in a tick."""
    machine, program = machine_of(draft), draft.program
    slices = cut_all(program, machine.neurons_per_core)
    own = {p.name: _cores_of(draft, p.name, p.size) for p in program.populations}
    extra = _other_cores(draft, own)
    inner = {p.name: _direct(draft, p.name, own) for p in program.populations}
    wanted = [
        *(1 + own[s.population][0] + inner[s.population] for s in slices), *(1 for _ in extra)
    ]  # fmt: skip
    most = machine.cores_per_chip
    fitting = [min(n, most) for n in wanted]
    memory = _memory(draft, slices)
    placement = place(
        [*slices, *extra],
        fitting,
        cores_per_chip=most,
        chips_per_board=machine.chips_per_board,
        memory=[*memory, *(0.0 for _ in extra)],
        memory_per_chip=machine.memory_per_chip if machine.check_memory else math.inf,
    )
    layout = Layout(
        slices,
        np.array([own[s.population][0] for s in slices], np.int64),
        np.array([own[s.population][1] for s in slices]),
        _poisson_load(draft, slices, own),
        placement,
        _chips_reached(draft, slices, placement),
        {"neuron slices": len(slices), "synapse cores": sum(own[s.population][0] for s in slices),
         "Poisson cores": sum(inner[s.population] for s in slices)},
    )  # fmt: skip
    for item in extra:
        kind = item.population.split(":")[0]
        layout.counts[kind] = layout.counts.get(kind, 0) + 1
    draft.facts["layout"] = layout
    _report(draft, layout)
    if machine.deadlines:
        _limit(draft, layout)


def _cores_of(draft: Draft, name: str, size: int) -> tuple[int, float]:
    """Return the synapse cores of each slice of a population, and a core's events per tick."""
    machine, plan = machine_of(draft), plan_of(draft)
    into = [p for p in draft.program.projections if p.post.population == name]
    plastic = any(p.name in plan.rules for p in into)
    capacity = machine.stdp_events_per_second if plastic else machine.events_per_second
    budget = capacity * draft.program.dt * machine.time_scale_factor
    neurons = min(machine.neurons_per_core, size)
    needed = synapse_cores(
        sum(demand(draft, p, neurons) for p in into), capacity, machine.time_scale_factor
    )
    if machine.synapse_cores is not None:
        return machine.synapse_cores, budget
    if draft.program.dt >= 0.999e-3 or not needed:
        return 0, budget
    if needed > MOST_SYNAPSE_CORES:
        draft.report.note(
            f"population {name!r} would need {needed} synapse cores per slice to keep up at "
            f"{machine.spikes_per_second:g} spikes/s; it has {MOST_SYNAPSE_CORES}"
        )
    return min(needed, MOST_SYNAPSE_CORES), budget


def _direct(draft: Draft, name: str, own: dict[str, tuple[int, float]]) -> int:
    """Return the Poisson cores beside each slice that pass their input on in memory."""
    if not (machine_of(draft).direct_poisson and own[name][0]):
        return 0
    wanted = sum(p.post.population == name for p in draft.program.poisson)
    return min(wanted, max(0, machine_of(draft).cores_per_chip - 1 - own[name][0]))


def _other_cores(draft: Draft, own: dict[str, tuple[int, float]]) -> list[CoreSlice]:
    """Return slices of what is no neuron: spike sources, Poisson sources, delay extensions."""
    machine = machine_of(draft)
    found: list[CoreSlice] = []
    for source in draft.program.sources:
        found += cut(f"spike sources: {source.name}", source.size, machine.sources_per_core)
    for given in draft.program.poisson:
        if not (machine.direct_poisson and own[given.post.population][0]):
            found += cut(f"Poisson sources: {given.name}", given.post.size,
                         machine.sources_per_core)  # fmt: skip
    stages = draft.facts.get("stages", {})
    delayed = {p.pre.population for p in draft.program.projections
               if stages.get(p.post.population, 0)}  # fmt: skip
    for emitter in draft.program.emitters():
        if emitter.name in delayed:
            found += cut(f"delay extensions: {emitter.name}", emitter.size,
                         machine.neurons_per_core)  # fmt: skip
    return found


def _poisson_load(
    draft: Draft, slices: tuple[CoreSlice, ...], own: dict[str, tuple[int, float]]
) -> NDArray[np.float64]:
    """Return the events per tick of Poisson sources whose spikes are sent, for each slice."""
    machine = machine_of(draft)
    found = np.zeros(len(slices))
    for given in draft.program.poisson:
        if machine.direct_poisson and own[given.post.population][0]:
            continue
        own_mean = given.mean if given.wave is None else np.array([given.wave.largest])
        mean = own_mean[0] if given.table is None else own_mean[given.table].mean()
        for k, part in enumerate(slices):
            if part.population == given.post.population:
                inside = given.post.local_ids()
                hit = (inside >= part.first) & (inside < part.first + part.size)
                found[k] += float(mean) * int(hit.sum())
    size = draft.ranks.share.n_ranks
    return np.asarray(draft.ranks.sum(found)) / size


def _chips_reached(
    draft: Draft, slices: tuple[CoreSlice, ...], placement: Placement
) -> dict[str, int]:
    chips: dict[str, set[int]] = {}
    for part, chip in zip(slices, placement.chip, strict=False):
        chips.setdefault(part.population, set()).add(int(chip))
    found: dict[str, set[int]] = {}
    for projection in draft.program.projections:
        found.setdefault(projection.pre.population, set()).update(
            chips.get(projection.post.population, ())
        )
    return {name: len(reached) for name, reached in found.items()}


def _report(draft: Draft, layout: Layout) -> None:
    machine, report, where = machine_of(draft), draft.report, layout.placement
    report.resources.update(
        boards=where.n_boards,
        chips=where.n_chips,
        cores=where.n_cores,
        **layout.counts,
        **{"neurons per core": machine.neurons_per_core},
    )
    if plan_of(draft).slots:
        report.resources["ring slots"] = max(plan_of(draft).slots.values())
    report.details["placement"] = where.table()
    if machine.boards is not None and where.n_boards > machine.boards:
        report.obstacle(
            "network", f"{where.n_cores} cores on {where.n_chips} chips, {where.n_boards} boards",
            f"boards={machine.boards}",
            "Allow more boards, put more neurons on a core, or make the network smaller.",
        )  # fmt: skip
    keys = sum(1 for item in where.items if not item.population.startswith("delay"))
    if keys > machine.routing_entries:
        report.note(
            f"{keys} cores send spikes; a router has {machine.routing_entries} entries, which are "
            "shared between cores where their spikes go the same way"
        )


def _memory(draft: Draft, slices: tuple[CoreSlice, ...]) -> list[float]:
    """Return the bytes of each slice's synapses: a row of each presynaptic neuron."""
    machine, known = machine_of(draft), {}
    for part in slices:
        if (part.population, part.size) not in known:
            known[part.population, part.size] = _rows(draft, part)
    found = [known[part.population, part.size] for part in slices]
    draft.report.memory["synaptic matrices"] = sum(found)
    largest = max(found, default=0.0)
    if machine.check_memory and largest > machine.memory_per_chip:
        name = slices[int(np.argmax(found))].population
        draft.report.obstacle(
            f"population {name!r}",
            f"synapses of {largest / 1e6:.1f} MB onto a core of {machine.neurons_per_core}",
            f"a chip has {machine.memory_per_chip / 1e6:.1f} MB",
            "Put fewer neurons on a core, or set check_memory=False.",
        )
    return found


def _rows(draft: Draft, part: CoreSlice) -> float:
    """Return the bytes of the rows onto a slice."""
    total, plan = 0.0, plan_of(draft)
    for projection in draft.program.projections:
        if projection.post.population != part.population:
            continue
        rule = plan.rules.get(projection.name)
        form = RowFormat() if rule is None else RowFormat(True, rule.trace_bytes)
        listed = isinstance(projection.rule, ListedEdges)
        width = machine_of(draft).neurons_per_core if listed else part.size
        row = math.ceil(most_into_slice(projection, width, draft.ranks))
        if row > ROW_CAP:
            draft.report.note(
                f"projection {projection.name!r}: rows of up to {row} synapses are expected, "
                f"which a machine of {ROW_CAP} per row would split"
            )
        total += projection.pre.size * form.bytes(row) if row else 0
    return total


def _limit(draft: Draft, layout: Layout) -> None:
    """Let cores have so many events a tick, and a queue for spikes."""
    machine = machine_of(draft)
    cores = make_cores(
        draft.program,
        layout.slices,
        lanes=np.maximum(layout.synapse_cores, 1),
        source_most=machine.sources_per_core,
        budget=layout.budget,
        fifo=machine.fifo - 1,
        drops_late=machine.drop_late_spikes,
        skips_late=machine.coloured_spikes,
        base_load=layout.base_load,
        load_every=max(1, round(machine.load_every_ms * 1e-3 / draft.program.dt)),
        delay_shift=1 if machine.order == "machine" else 0,
        colours=COLOURS,
        slots=[plan_of(draft).slots.get(s.population, 0) for s in layout.slices],
    )
    draft.limits(cores=cores)


def drop_packets(draft: Draft) -> None:
    """Pass: lose the packets that routers drop, unless a monitor core sends them again."""
    machine = machine_of(draft)
    if not machine.router_drop:
        return
    if machine.reinjection:
        draft.report.note(
            "packets that routers drop are kept and sent again within the tick, so that none is "
            "lost; with reinjection=False they are"
        )
        return
    group = np.zeros(draft.program.n_ids, np.int32)
    gate = Gate("router", group, float(2**40), 2**30, loss=machine.router_drop,
                seed=machine.router_seed)  # fmt: skip
    draft.limits(gates=(gate,))


def packets(draft: Draft, spikes: dict[str, int]) -> float:
    """Return the packets that spikes made: one for each chip that they are sent to."""
    reached = draft.facts["layout"].chips_reached
    return float(sum(n * reached.get(name, 0) for name, n in spikes.items()))


def with_counts(draft: Draft, **counts: Any) -> None:
    """Leave what was counted for the account of energy."""
    draft.facts["counts"] = {**draft.facts.get("counts", {}), **counts}

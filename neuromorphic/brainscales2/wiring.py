"""Synapses on the chip: six bits and a sign per row, no delays, rows that can run out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ... import streams
from ...lowering.edges import Edges, instantiate
from ...lowering.program import DelayDraw, Draw, ListedEdges, PoissonProgram, ProjectionProgram
from ..draft import Draft
from ..quantise import Tally, map_delays, weight_unit
from ..report import Lost
from .circuits import factor, strengths
from .facts import ARRAYS, COLUMNS, NEURONS, ROWS, WEIGHT_MAX, synapses_needed
from .sensors import MODEL

if TYPE_CHECKING:
    from .platform import BrainScaleS2

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Receptor = tuple[str, str, int]
"""Population, variable, and sign of the weights: each has a strength of its own."""


@dataclass(eq=False)
class Wired:
    """The synapses of a projection that a rank owns.

    ``steps`` (n_edges,) are the weights in steps; ``k`` the index among the target's synapses.
    """

    projection: ProjectionProgram
    edges: Edges
    steps: Integers
    k: Integers
    kept: NDArray[np.bool_]

    @property
    def targets(self) -> Integers:
        """Local ids of the targets in their population, (n_edges,)."""
        return self.projection.post.local_ids_at(self.edges.post)

    @property
    def side(self) -> Integers:
        """0 for each synapse on an excitatory row, 1 on an inhibitory one."""
        return side_of(self.projection.variable, self.edges.weight)


def side_of(variable: str, weight: Any) -> Integers:
    """Return 1 for weights that are inhibitory: negative ones, and conductances ``g_inh``."""
    return ((np.asarray(weight) < 0) | (variable == "g_inh")).astype(np.int64)


def delays(draft: Draft) -> None:
    """Take delays away, which the chip does not have; refused unless there are none."""
    machine: BrainScaleS2 = draft.machine  # type: ignore[assignment]
    if machine.delays == "as described":
        return
    steps = round(machine.event_delay_us * 1e-6 * machine.speedup / draft.program.dt)
    for projection in draft.program.projections:
        known = projection.delay.largest if projection.delay.known else 0
        longest = int(draft.ranks.largest(np.array([known], np.int64))[0])
        seconds = longest * draft.program.dt
        text = f"delays up to {seconds * 1e3:.6g} ms are left out"
        if longest and not draft.allowed("delays", f"projection {projection.name!r}", text):
            draft.report.obstacle(
                f"projection {projection.name!r}",
                f"delays up to {seconds * 1e3:.6g} ms",
                "the chip has no delays that can be set; 0 is allowed",
                "Set delay=0*ms, or allow='delays' to have them left out.",
            )
    map_delays(draft, lambda given: np.full_like(given, steps))


def weights(draft: Draft) -> None:
    """Round the weights to six bits and a sign, count the rows they need, and add mismatch."""
    machine: BrainScaleS2 = draft.machine  # type: ignore[assignment]
    spreads = machine.spread("strength_spread"), machine.weight_spread
    if not (machine.quantise_weights or machine.limits or any(spreads)):
        return
    few = draft.facts["circuits"] > NEURONS * draft.facts["chips"]
    if machine.limits and (few or not draft.facts["drawn"]):
        return  # refused already; how it would be wired does not matter
    plain = [p for p in draft.program.projections if p.synapse is None]
    edges = {p.name: instantiate(draft.program, p) for p in plain}
    quanta = _quanta(draft, plain, edges)
    wired = [_wire(machine, p, edges[p.name], quanta) for p in plain]
    learning = [_learning(draft, p) for p in _learned(draft)]
    if machine.limits:
        _fit(draft, [*wired, *learning])
    for one in wired:
        _replace(draft, one, quanta)
    if machine.quantise_weights:
        _poisson(draft, quanta)
    names = "excitatory", "inhibitory"
    draft.report.details["weight step"] = {
        f"{population}.{variable} {names[int(side_of(variable, sign))]}": step
        for (population, variable, sign), step in quanta.items()
        if step
    }


def _learned(draft: Draft) -> Iterator[ProjectionProgram]:
    for projection in draft.program.projections:
        if projection.synapse is not None and projection.synapse.code.name == MODEL:
            yield projection


def _quanta(
    draft: Draft, plain: list[ProjectionProgram], edges: dict[str, Edges]
) -> dict[Receptor, float]:
    """Return what a step of the weight is for every receptor, in SI units."""
    machine: BrainScaleS2 = draft.machine  # type: ignore[assignment]
    largest: dict[Receptor, float] = {}
    for projection in plain:
        weight = edges[projection.name].weight.astype(np.float64)
        for sign in (1, -1):
            key = (projection.post.population, projection.variable, sign)
            most = float((sign * weight).max(initial=0.0))
            largest[key] = max(largest.get(key, 0.0), most)
    for given in draft.program.poisson:
        key = (given.post.population, given.variable, 1 if given.weight >= 0 else -1)
        largest[key] = max(largest.get(key, 0.0), abs(given.weight))
    if not largest:
        return {}
    found = draft.ranks.largest(np.array(list(largest.values())))
    steps = WEIGHT_MAX * machine.synapses_per_weight
    return {key: float(most) / steps for key, most in zip(largest, found, strict=True)}


def in_steps(weight: Any, quantum: Floats | float) -> Integers:
    """Return weights in whole steps, halves to even."""
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(np.asarray(quantum) > 0, np.asarray(weight, np.float64) / quantum, 0.0)
    return np.rint(ratio).astype(np.int64)


def _wire(
    machine: BrainScaleS2,
    projection: ProjectionProgram,
    edges: Edges,
    quanta: dict[Receptor, float],
) -> Wired:
    own = (projection.post.population, projection.variable)
    quantum = np.where(edges.weight < 0, quanta[(*own, -1)], quanta[(*own, 1)])
    return _wired(projection, edges, in_steps(edges.weight, quantum))


def _wired(projection: ProjectionProgram, edges: Edges, steps: Integers) -> Wired:
    first = np.searchsorted(edges.post, edges.post, side="left")
    k = np.arange(edges.post.size) - first
    return Wired(projection, edges, steps, k, np.ones(k.size, bool))


def _learning(draft: Draft, projection: ProjectionProgram) -> Wired:
    """Return synapses that learn: one each, of a weight that is positive."""
    edges = instantiate(draft.program, replace(projection, synapse=None))
    return _wired(projection, edges, np.ones(edges.post.size, np.int64))


def _fit(draft: Draft, wired: list[Wired]) -> None:
    """Count rows and synapses; drop what has no place, where that is allowed."""
    demand = _demand(draft, wired)
    rows = _rows(draft, demand)
    most = int(rows.sum(axis=1).max(initial=0))
    if most > ROWS:
        text = f"{most} rows of synapses in an array"
        if not draft.allowed("synapse_loss", "synapses", f"{text}; what exceeds {ROWS} is lost"):
            draft.report.obstacle(
                "synapses",
                text,
                f"an array has {ROWS} (largest excitatory plus largest inhibitory fan-in)",
                "Give neurons fewer inputs or more circuits (circuits_per_neuron), or "
                "allow='synapse_loss'.",
            )
            return
        _drop(draft, wired, rows)
        demand = _demand(draft, wired)
        rows = _rows(draft, demand)
    used = int(sum(d.sum() for d in demand.values()))
    draft.report.resources |= {
        "synapses": used,
        "synapses available": ARRAYS * ROWS * COLUMNS * draft.facts["chips"],
        "rows in the fullest array": int(rows.sum(axis=1).max(initial=0)),
        "synapse drivers": int((-(-rows // 2)).sum()),
    }
    several = sum(int((synapses_needed(w.steps[w.kept]) > 1).sum()) for w in wired)
    several = int(draft.ranks.sum(np.array([several], np.int64))[0])
    draft.report.details["weights split over several synapses"] = several


def _demand(draft: Draft, wired: list[Wired]) -> dict[str, Integers]:
    """Return the synapses that every neuron needs, (size, 2): excitatory, inhibitory."""
    found = {name: np.zeros((_size(draft, name), 2), np.int64) for name in draft.facts["first"]}
    for one in wired:
        where = found.get(one.projection.post.population)
        if where is not None:
            parts = synapses_needed(one.steps) * one.kept
            np.add.at(where, (one.targets, one.side), parts)
    for name, where in found.items():
        found[name] = np.asarray(draft.ranks.sum(where))
    for given in draft.program.poisson:
        if given.post.population in found and given.weight:
            side = int(side_of(given.variable, given.weight))
            found[given.post.population][given.post.local_ids(), side] += 1
    return found


def _size(draft: Draft, name: str) -> int:
    return draft.program.population(name).size


def _arrays(draft: Draft, name: str) -> Integers:
    """Return the array of synapses of every neuron, (size,), counted over the chips."""
    machine: BrainScaleS2 = draft.machine  # type: ignore[assignment]
    first, each = draft.facts["first"][name], machine.circuits_per_neuron
    return np.asarray((first + np.arange(_size(draft, name)) * each) // COLUMNS)


def _rows(draft: Draft, demand: dict[str, Integers]) -> Integers:
    """Return the rows that each array needs, (n_arrays, 2); a neuron's circuits share inputs."""
    machine: BrainScaleS2 = draft.machine  # type: ignore[assignment]
    chips = max(draft.facts["chips"], -(-draft.facts["circuits"] // NEURONS))
    rows = np.zeros((ARRAYS * chips, 2), np.int64)
    for name, needed in demand.items():
        np.maximum.at(rows, _arrays(draft, name), -(-needed // machine.circuits_per_neuron))
    return rows


def _drop(draft: Draft, wired: list[Wired], rows: Integers) -> None:
    """Drop synapses at random where an array has too few rows, in proportion to the signs."""
    machine: BrainScaleS2 = draft.machine  # type: ignore[assignment]
    total = np.maximum(rows.sum(axis=1), 1)
    excitatory = np.where(total > ROWS, rows[:, 0] * ROWS // total, rows[:, 0])
    budget = np.stack([excitatory, ROWS - excitatory], axis=1) * machine.circuits_per_neuron
    for name in draft.facts["first"]:
        own = [w for w in wired if w.projection.post.population == name and w.k.size]
        if not own:
            continue
        used = _poisson_demand(draft, name)
        left = budget[_arrays(draft, name)] - used
        target = np.concatenate([w.targets for w in own])
        side = np.concatenate([w.side for w in own])
        parts = np.concatenate([synapses_needed(w.steps) for w in own])
        order = np.lexsort((np.concatenate([_lots(machine, w) for w in own]), side, target))
        group = target[order] * 2 + side[order]
        running = np.cumsum(parts[order])
        before = np.searchsorted(group, group, side="left")
        running -= (running - parts[order])[before]
        kept = np.empty(order.size, bool)
        kept[order] = running <= left[target[order], side[order]]
        stops = np.cumsum([w.k.size for w in own])[:-1]
        for one, chosen in zip(own, np.split(kept, stops), strict=True):
            one.kept = chosen
    for one in wired:
        counts = draft.ranks.sum(np.array([one.kept.size, one.kept.sum()], np.int64))
        if counts[1] < counts[0]:
            why = f"more than {ROWS} rows in an array"
            draft.report.lost.append(Lost(one.projection.name, int(counts[0]), int(counts[1]), why))


def _poisson_demand(draft: Draft, name: str) -> Integers:
    used = np.zeros((_size(draft, name), 2), np.int64)
    for given in draft.program.poisson:
        if given.post.population == name and given.weight:
            used[given.post.local_ids(), int(side_of(given.variable, given.weight))] += 1
    return used


def _lots(machine: BrainScaleS2, one: Wired) -> NDArray[np.uint32]:
    ids = one.projection.post.global_ids_at(one.edges.post)
    what = streams.name_id(f"loss {one.projection.name}")
    return streams.words(machine.chip_seed, streams.Purpose.CHIP, what, ids, one.k)[:, 0]


def _replace(draft: Draft, one: Wired, quanta: dict[Receptor, float]) -> None:
    """Put the synapses that the chip has in place of a projection's."""
    machine: BrainScaleS2 = draft.machine  # type: ignore[assignment]
    projection, edges, kept = one.projection, one.edges, one.kept
    given = edges.weight.astype(np.float64)
    own = (projection.post.population, projection.variable)
    have = given
    if machine.quantise_weights:
        quantum = np.where(given < 0, quanta[(*own, -1)], quanta[(*own, 1)])
        have = one.steps * quantum
        _tell(draft, projection, given, have)
    strength = strengths(draft, one.projection.post.population, one.targets, one.side)
    have = have * strength * synapse_factors(machine, projection, edges.post, one.k)
    same = np.array_equal(have, given) and bool(kept.all())
    if not int(draft.ranks.largest(np.array([not same], np.int64))[0]):
        return
    count = int(draft.ranks.sum(np.array([kept.sum()], np.int64))[0])
    delay = projection.delay
    if delay.thresholds.size or delay.values is not None:
        bounds = (delay.smallest, delay.largest)
        delay = DelayDraw(delay.first, values=edges.delay[kept], bounds=bounds)
    changed = replace(
        projection,
        rule=ListedEdges(edges.pre[kept], edges.post[kept]),
        weight=Draw("listed", values=have[kept]),
        delay=delay,
        total=count,
    )
    draft.projections(lambda p: changed if p.name == projection.name else p)


def _tell(draft: Draft, projection: ProjectionProgram, given: Floats, have: Floats) -> None:
    tally = Tally()
    tally.add(given, have)
    whole = tally.over_ranks(draft)
    unit = weight_unit(draft, projection)
    draft.report.rounded.append(whole.report(projection.name, "weights", unit, whole.count))


def synapse_factors(
    machine: BrainScaleS2, projection: ProjectionProgram, post: Integers, k: Integers
) -> Floats:
    """Return how strong synapses are, relative to what they should be; the same in all trials."""
    if not machine.weight_spread:
        return np.ones(post.size)
    ids = projection.post.global_ids_at(post)
    what = f"synapse {projection.name}"
    return factor(machine.chip_seed, what, machine.weight_spread, ids, k)


def _poisson(draft: Draft, quanta: dict[Receptor, float]) -> None:
    def rounded(given: PoissonProgram) -> PoissonProgram:
        sign = 1 if given.weight >= 0 else -1
        quantum = quanta[(given.post.population, given.variable, sign)]
        weight = int(in_steps(given.weight, quantum)) * quantum
        tally = Tally()
        tally.add(np.array([given.weight]), np.array([weight]))
        code = draft.program.population(given.post.population).code
        unit = code.variable(given.variable).dimension
        draft.report.rounded.append(tally.report(given.name, "weights", unit, 1))
        return replace(given, weight=weight)

    changed = tuple(rounded(given) for given in draft.program.poisson)
    draft.program = replace(draft.program, poisson=changed)

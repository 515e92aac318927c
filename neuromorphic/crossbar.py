"""Neurons on cores that take a limited number of inputs: TrueNorth's and Tianjic's."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ..lowering.program import (
    AllSources,
    ListedEdges,
    MatchingSource,
    Program,
    ProjectionProgram,
)
from .draft import Draft
from .placement import CoreSlice, Placement, cut, place
from .static import synapse_totals


@dataclass(frozen=True)
class Crossbar:
    """A core that brings some inputs to some neurons.

    Attributes
    ----------
    machine : str
    cores : int
        Of a chip.
    neurons, axons : int
        Of a core: neurons, and inputs that all of them share.
    chips : int or None
        None: as many as it takes.
    """

    machine: str
    cores: int
    neurons: int
    axons: int
    chips: int | None = None


def inputs_of(
    program: Program, population: str, neurons: int, totals: Mapping[str, float]
) -> float:
    """Return how many different inputs some neurons of a population have: the mean if random.

    ``totals`` are the synapses of each projection.
    """
    total = 0.0
    for projection in program.projections:
        if projection.post.population == population:
            total += _different(projection, neurons, totals[projection.name])
    return total


def most_inputs(draft: Draft, population: str, totals: Mapping[str, float]) -> float:
    """Return the inputs of a neuron: of the one that has most where edges are listed."""
    total = 0.0
    for projection in draft.program.projections:
        if projection.post.population != population:
            continue
        rule = projection.rule
        if isinstance(rule, ListedEdges):
            own = np.array([np.bincount(rule.post).max() if rule.post.size else 0], np.int64)
            total += float(draft.ranks.largest(own)[0])
        else:
            total += _different(projection, 1, totals[projection.name])
    return total


def _different(projection: ProjectionProgram, neurons: int, synapses: float) -> float:
    """Return how many sources reach at least one of some targets."""
    size, n_pre = projection.post.size, max(projection.pre.size, 1)
    reached = min(neurons, size)
    if isinstance(projection.rule, AllSources):
        return float(n_pre)
    if isinstance(projection.rule, MatchingSource):
        return float(reached)
    each = min(synapses / size / n_pre, 1.0)
    return n_pre * (1.0 - (1.0 - each) ** reached)


def neurons_per_core(
    program: Program, population: str, shape: Crossbar, totals: Mapping[str, float]
) -> int:
    """Return how many neurons of a population fit on a core; 0: not even one."""
    low, high = 0, shape.neurons
    while low < high:
        middle = (low + high + 1) // 2
        fits = inputs_of(program, population, middle, totals) <= shape.axons + 1e-9
        low, high = (middle, high) if fits else (low, middle - 1)
    return low


def put_on_crossbars(draft: Draft, shape: Crossbar, *, relays: bool = False) -> Placement:
    """Put neurons on cores, report what they use, and note what does not fit.

    A neuron with more inputs than a core has takes several cores, if the user allows
    ``split_neurons``.

    Parameters
    ----------
    draft : Draft
    shape : Crossbar
    relays : bool
        A neuron has one target core: what fans out takes a relay neuron for each core.
    """
    slices: list[CoreSlice] = []
    cores: list[int] = []
    totals = synapse_totals(draft)
    for population in draft.program.populations:
        wanted = most_inputs(draft, population.name, totals)
        several = _split(draft, population.name, wanted, shape)
        fit = neurons_per_core(draft.program, population.name, shape, totals)
        most = 1 if several > 1 else max(1, fit)
        parts = cut(population.name, population.size, most)
        slices += parts
        cores += [min(several, shape.cores)] * len(parts)
    placed = place(slices, cores, cores_per_chip=shape.cores, chips_per_board=1)
    extra = _relays(draft.program, slices, totals) if relays else 0.0
    relay_cores = math.ceil(extra / shape.neurons)
    used = placed.n_cores + relay_cores
    chips = max(placed.n_chips, math.ceil(used / shape.cores))
    report = draft.report
    report.resources |= {
        "cores": used,
        "chips": chips,
        "neurons": draft.program.n_neurons,
        "largest slice": max((s.size for s in slices), default=0),
    }
    if relays:
        report.resources |= {"relay neurons": round(extra), "relay cores": relay_cores}
    if len(slices) <= 10_000:
        report.details["placement"] = placed.table()
    if draft.program.poisson:
        report.note("Poisson inputs come from outside the chip; their inputs are not counted")
    if shape.chips is not None and chips > shape.chips:
        report.obstacle(
            "network", f"{used} cores on {chips} chips are needed",
            f"chips={shape.chips} are there", "Allow more chips, or make the network smaller.",
        )  # fmt: skip
    return placed


def _split(draft: Draft, population: str, wanted: float, shape: Crossbar) -> int:
    """Return the cores that one neuron takes for its inputs."""
    several = math.ceil(wanted / shape.axons - 1e-9)
    if several <= 1:
        return 1
    where = f"population {population!r}"
    text = f"{wanted:.0f} inputs to a neuron take {several} cores, whose sums are added"
    if not draft.allowed("split_neurons", where, text):
        draft.report.obstacle(
            where, f"{wanted:.0f} inputs to a neuron: {several} cores",
            f"a core of {shape.machine} has {shape.axons} inputs",
            "Use fewer inputs, or allow 'split_neurons'.",
        )  # fmt: skip
    return several


def _relays(program: Program, slices: list[CoreSlice], totals: Mapping[str, float]) -> float:
    """Return how many relay neurons there are: a neuron with F > 1 target cores takes F."""
    parts: dict[str, list[int]] = {}
    for one in slices:
        parts.setdefault(one.population, []).append(one.size)
    targets: dict[str, float] = {p.name: 0.0 for p in program.populations}
    sizes = {p.name: p.size for p in program.populations}
    for projection in program.projections:
        pre = projection.pre.population
        if pre not in targets:
            continue
        within = np.array(parts[projection.post.population], np.float64)
        within /= within.sum()
        if isinstance(projection.rule, AllSources):
            reached = float(within.size)
        elif isinstance(projection.rule, MatchingSource):
            reached = min(1.0, totals[projection.name] / max(projection.pre.size, 1))
        else:
            each = totals[projection.name] / max(projection.pre.size, 1)
            reached = float((1.0 - np.exp(-each * within)).sum())
        targets[pre] += reached * projection.pre.size / sizes[pre]
    return sum(sizes[name] * fan for name, fan in targets.items() if fan > 1.0 + 1e-9)

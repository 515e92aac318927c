"""Neurons on Loihi's cores: how many there are, what they hold, and how far spikes travel."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...lowering.program import AllSources, MatchingSource, Program, ProjectionProgram
from ..draft import Draft
from ..placement import Placement, cut_all, make_cores, place
from ..static import synapse_totals

CORES_PER_CHIP = 128
CORES_PER_TILE = 4
TILES = (8, 4)
"""Tiles of a chip, west to east and north to south [2, SANA]."""


@dataclass(frozen=True)
class Room:
    """What a chip holds.

    Attributes
    ----------
    compartments : int
        Of a core.
    synapses : float
        Of a chip; every core has its part.
    chips : int or None
        None: as many as it takes.
    """

    compartments: int
    synapses: float
    chips: int | None

    @property
    def synapses_per_core(self) -> float:
        """Synapses of a core."""
        return self.synapses / CORES_PER_CHIP


def indegrees(program: Program, totals: Mapping[str, float]) -> dict[str, float]:
    """Return synapses per neuron of each population: the mean, Poisson inputs one each."""
    found = {p.name: 0.0 for p in program.populations}
    for projection in program.projections:
        size = program.population(projection.post.population).size
        found[projection.post.population] += totals[projection.name] / size
    for given in program.poisson:
        found[given.post.population] += 1.0
    return found


def put_on_cores(
    draft: Draft, room: Room, compartments: Mapping[str, int], *, limits: bool
) -> Placement:
    """Put neurons on cores, report what they use, and note what does not fit.

    Parameters
    ----------
    draft : Draft
    room : Room
    compartments : mapping of str to int
        That a neuron of each population takes; 1 where none is given.
    limits : bool
        Whether what does not fit stands in the way.
    """
    program, totals = draft.program, synapse_totals(draft)
    degrees = indegrees(program, totals)

    def most(name: str) -> int:
        by_state = room.compartments // compartments.get(name, 1)
        by_synapses = room.synapses_per_core / max(degrees[name], 1e-9)
        return max(1, min(by_state, math.floor(by_synapses)))

    slices = cut_all(program, most)
    placed = place(slices, cores_per_chip=CORES_PER_CHIP, chips_per_board=1)
    report = draft.report
    report.resources |= {
        "cores": placed.n_cores,
        "chips": placed.n_chips,
        "compartments": sum(p.size * compartments.get(p.name, 1) for p in program.populations),
        "neurons": program.n_neurons,
        "largest slice": max((s.size for s in slices), default=0),
    }
    report.memory["synapses (8-bit weights alone)"] = sum(totals.values())
    report.details["placement"] = placed.table()
    if limits:
        for name, degree in degrees.items():
            if degree > room.synapses_per_core:
                report.obstacle(
                    f"population {name!r}", f"{degree:.0f} synapses per neuron",
                    f"a core holds {room.synapses_per_core:.0f}", "Use fewer synapses.",
                )  # fmt: skip
        if room.chips is not None and placed.n_chips > room.chips:
            report.obstacle(
                "network", f"{placed.n_cores} cores on {placed.n_chips} chips are needed",
                f"chips={room.chips} are there", "Allow more chips, or make the network smaller.",
            )  # fmt: skip
    return placed


def count_load(draft: Draft, placed: Placement) -> None:
    """Have the engine count the synaptic events of every core; nothing is limited."""
    program = draft.program
    base = {p.name: 0.0 for p in program.populations}
    for given in program.poisson:
        if given.mean.size:
            base[given.post.population] += float(np.mean(given.mean))
    load = [base[s.population] * s.size for s in placed.items]
    draft.limits(cores=make_cores(program, placed.items, base_load=load, load_every=100))


def traffic(
    program: Program,
    placed: Placement,
    spikes: Mapping[str, int],
    totals: Mapping[str, float],
) -> dict[str, float]:
    """Return packets sent between cores and the hops they take, expected from the rules.

    A spike is sent once to each core on which its neuron has a synapse. Tiles are passed west to
    east, then north to south; chips are beside each other. Sources send from outside: no hops.

    Returns
    -------
    dict of str to float
        ``packets``, ``hops_east_west``, ``hops_north_south``.
    """
    tile = placed.first_core // CORES_PER_TILE
    x = tile // TILES[1] + TILES[0] * placed.chip
    y = tile % TILES[1]
    name = np.array([s.population for s in placed.items])
    size = np.array([s.size for s in placed.items], np.float64)
    found = dict.fromkeys(("packets", "hops_east_west", "hops_north_south"), 0.0)
    for pre, post, reached in _reached(program, name, size, totals):
        sent = float(spikes.get(pre, 0)) * reached
        found["packets"] += float(sent.sum())
        if pre not in set(name):
            continue
        share = size[name == pre] / size[name == pre].sum()
        for axis, place_of in (("hops_east_west", x), ("hops_north_south", y)):
            apart = np.abs(place_of[name == pre][:, None] - place_of[name == post][None])
            found[axis] += float(share @ apart @ sent)
    return found


def _reached(
    program: Program,
    name: NDArray[np.str_],
    size: NDArray[np.float64],
    totals: Mapping[str, float],
) -> list[tuple[str, str, NDArray[np.float64]]]:
    """Return, for each pair of populations, how likely a spike goes to each slice of the second."""
    missed: dict[tuple[str, str], NDArray[np.float64]] = {}
    sizes = {p.name: p.size for p in program.emitters()}
    for projection in program.projections:
        pre, post = projection.pre.population, projection.post.population
        chance = _chance(projection, size[name == post], totals[projection.name])
        chance = chance * projection.pre.size / sizes[pre]
        missed[pre, post] = missed.get((pre, post), 1.0) * (1.0 - chance)
    return [(pre, post, 1.0 - none) for (pre, post), none in missed.items()]


def _chance(
    projection: ProjectionProgram, size: NDArray[np.float64], synapses: float
) -> NDArray[np.float64]:
    within = size / size.sum()
    if isinstance(projection.rule, AllSources):
        return np.ones_like(size)
    each = synapses / max(projection.pre.size, 1) * within
    if isinstance(projection.rule, MatchingSource):
        return np.minimum(each, 1.0)
    return 1.0 - np.exp(-each)

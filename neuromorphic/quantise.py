"""Weights and delays as a machine has them, and how far they are from those asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DescriptionError
from ..lowering.edges import instantiate
from ..lowering.machine_program import Grid
from ..lowering.program import DelayDraw, ProjectionProgram
from .draft import Draft
from .report import Rounded

ALL_UP_TO = 2_000_000
SAMPLE = 200_000
_NOISE = 1e-12  # of a value: smaller differences are those of a change of unit and back
RELATIVE_EDGES = (0.0, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 0.5, 1.0, float("inf"))


@dataclass
class Tally:
    """How values changed, gathered block by block and over ranks.

    Attributes
    ----------
    count, changed, clipped : int
    worst, worst_given, worst_became : float
        Of the value that changed most; of equals, the smallest.
    relative : float
        Sum of |difference| / |given|, where given is not 0 (``n_relative`` values).
    histogram : (n_bins,) int64
        Values by relative difference, between :data:`RELATIVE_EDGES`; unchanged in the first bin.
    """

    count: int = 0
    changed: int = 0
    clipped: int = 0
    worst: float = 0.0
    worst_given: float = 0.0
    worst_became: float = 0.0
    relative: float = 0.0
    n_relative: int = 0

    def __post_init__(self) -> None:
        self.histogram = np.zeros(len(RELATIVE_EDGES) - 1, np.int64)

    def add(
        self,
        given: NDArray,
        became: NDArray,
        clipped: NDArray[np.bool_] | int = 0,
    ) -> None:
        """Look at values asked for and what they became, in one unit."""
        asked, have = np.atleast_1d(given).astype(float), np.atleast_1d(became).astype(float)
        off = np.abs(have - asked)
        off[off <= _NOISE * np.abs(asked)] = 0.0
        self.count += asked.size
        self.changed += int((off > 0).sum())
        self.clipped += int(np.sum(clipped))
        usual = asked != 0
        share = np.where(off > 0, np.inf, 0.0)
        np.divide(off, np.abs(asked), out=share, where=usual)
        self.relative += float(share[usual].sum())
        self.n_relative += int(usual.sum())
        inner = np.array(RELATIVE_EDGES[1:-1])
        self.histogram += np.bincount(
            np.searchsorted(inner, share, side="right"), minlength=self.histogram.size
        )
        if off.size and off.max() > self.worst:
            most = np.flatnonzero(off == off.max())
            k = most[np.argmin(asked[most])]
            self.worst, self.worst_given = float(off[k]), float(asked[k])
            self.worst_became = float(have[k])

    def over_ranks(self, draft: Draft) -> Tally:
        """Return what all ranks looked at; every rank must call it."""
        own = [self.count, self.changed, self.clipped, self.n_relative]
        whole = draft.ranks.sum(np.array(own, np.int64))
        found = Tally(int(whole[0]), int(whole[1]), int(whole[2]), n_relative=int(whole[3]))
        found.histogram = np.asarray(draft.ranks.sum(self.histogram))
        found.relative = float(draft.ranks.sum(np.array([self.relative]))[0])
        row = np.array([[self.worst, self.worst_given, self.worst_became]])
        rows = np.concatenate(draft.ranks.gather(row))
        k = int(np.lexsort((rows[:, 1], -rows[:, 0]))[0])
        found.worst, found.worst_given, found.worst_became = (float(x) for x in rows[k])
        return found

    def report(self, where: str, what: str, unit: str, of: int) -> Rounded:
        """Return it as a report has it; ``of`` is how many values there are in all."""
        mean = self.relative / self.n_relative if self.n_relative else 0.0
        return Rounded(
            where, what, unit, self.count, of, self.changed, self.clipped, self.worst,
            self.worst_given, self.worst_became, float(f"{mean:.6g}"),
            RELATIVE_EDGES, tuple(int(n) for n in self.histogram),
        )  # fmt: skip


def clipped_by(grid: Grid, weight: NDArray[np.floating]) -> NDArray[np.bool_]:
    """Return which drawn weights lie, rounded, beyond what the grid has."""
    if not grid.quantum:
        return np.zeros(np.shape(weight), bool)
    free = replace(grid, low=-(2**53), high=2**53, wraps=False)
    steps = np.rint(free.apply(weight) / grid.quantum)
    return (steps < (0 if grid.wraps else grid.low)) | (steps > grid.high)


def round_weights(draft: Draft, projection: ProjectionProgram, grid: Grid, unit: str = "") -> None:
    """Put a projection's weights on a grid, and add how they changed to the report.

    Parameters
    ----------
    draft : Draft
    projection : ProjectionProgram
        Of ``draft.program``, by its name. Its weights are drawn by the projection.
    grid : Grid
        The report compares ``grid.apply(w) / grid.factor`` with w (with ``absolute``: |w|).
    unit : str
        Of drawn weights; by default the base unit of the variable they are added to.

    Notes
    -----
    All edges are looked at up to :data:`ALL_UP_TO` per projection, else about :data:`SAMPLE`:
    all those of every n-th target. Every rank must call it.
    """
    given = drawn_weights(draft, projection)
    became = grid.apply(given) / grid.factor
    tally = Tally()
    asked = np.abs(given) if grid.absolute else given
    tally.add(asked, became, clipped_by(grid, given))
    total = total_synapses(draft, projection)
    unit = unit or weight_unit(draft, projection)
    draft.report.rounded.append(
        tally.over_ranks(draft).report(projection.name, "weights", unit, total)
    )
    _replace(draft, projection.name, weight=replace(projection.weight, grid=grid))


def map_delays(draft: Draft, change: Callable[[NDArray[np.int64]], NDArray[np.int64]]) -> None:
    """Change the delays of all projections, and add how they changed to the report.

    Parameters
    ----------
    draft : Draft
    change : callable
        From delays in steps, (n,) int64, to delays in steps; longer delays must not become
        shorter than shorter ones.

    Notes
    -----
    What is looked at is as in :func:`round_weights`; delays that cannot change are not drawn.
    Pathways of synapses with delays of their own are changed with them, and not counted.
    """
    for projection in draft.program.projections:
        delay = changed_delay(projection, change)
        total = total_synapses(draft, projection)
        tally = Tally()
        possible = np.arange(projection.delay.smallest, projection.delay.largest + 1)
        moves = int((np.asarray(change(possible)) != possible).any())
        if not int(draft.ranks.largest(np.array([moves], np.int64))[0]):
            tally.count = tally.histogram[0] = total
            whole = tally
        else:
            given = sample_delays(draft, projection)
            tally.add(given, np.asarray(change(given)))
            whole = tally.over_ranks(draft)
        draft.report.rounded.append(whole.report(projection.name, "delays", "steps", total))
        changes: dict = {"delay": delay}
        if projection.synapse is not None:
            own = tuple(None if d is None else _one(change, d) for d in projection.synapse.delays)
            changes["synapse"] = replace(projection.synapse, delays=own)
        _replace(draft, projection.name, **changes)


def changed_delay(
    projection: ProjectionProgram, change: Callable[[NDArray[np.int64]], NDArray[np.int64]]
) -> DelayDraw:
    """Return a projection's delays, changed; see :func:`map_delays`."""
    delay = projection.delay
    if delay.values is not None:
        bounds = None
        if delay.bounds is not None:
            bounds = (_one(change, delay.bounds[0]), _one(change, delay.bounds[1]))
        values = np.asarray(change(delay.values), np.int64)
        return replace(delay, first=_one(change, delay.first), values=values, bounds=bounds)
    steps = np.asarray(change(delay.first + np.arange(delay.thresholds.size + 1)), np.int64)
    rise = np.diff(steps)
    if (rise < 0).any():
        raise DescriptionError(
            f"projection {projection.name!r}: longer delays cannot become shorter than shorter "
            "ones; list the edges instead."
        )
    return DelayDraw(int(steps[0]), np.repeat(delay.thresholds, rise))


def drawn_weights(draft: Draft, projection: ProjectionProgram) -> NDArray[np.float64]:
    """Return weights of a projection as drawn, those looked at; a constant once per synapse."""
    weight = replace(projection.weight, grid=None)
    if weight.kind == "constant":
        own = round(projection.own_synapses)
        return np.full(min(own, ALL_UP_TO), weight.a)
    bare = replace(projection, weight=weight, weight_bits=64, synapse=None)
    return instantiate(draft.program, bare, looked_at(projection)).weight.astype(np.float64)


def sample_delays(draft: Draft, projection: ProjectionProgram) -> NDArray[np.int64]:
    """Return delays of a projection in steps, those looked at."""
    bare = replace(projection, synapse=None)
    return instantiate(draft.program, bare, looked_at(projection)).delay


def looked_at(projection: ProjectionProgram) -> NDArray[np.int64]:
    """Return the owned targets whose edges are looked at: the same on any number of ranks."""
    own = projection.post.own(projection.share)
    expected = projection.expected_synapses
    if expected <= ALL_UP_TO:
        return own
    every = min(int(np.ceil(expected / SAMPLE)), projection.post.size)
    return own[own % every == 0]


def total_synapses(draft: Draft, projection: ProjectionProgram) -> int:
    """Return how many synapses a projection has on all ranks; the mean where that is random."""
    if projection.total is not None:
        return int(projection.total)
    own = np.array([projection.own_synapses])
    return round(float(draft.ranks.sum(own)[0]))


def weight_unit(draft: Draft, projection: ProjectionProgram) -> str:
    """Return the base unit of what a projection's weights are added to; "" where unknown."""
    for variable in draft.original.population(projection.post.population).code.variables:
        if variable.name == projection.variable:
            return variable.dimension
    return ""


def _one(change: Callable[[NDArray[np.int64]], NDArray[np.int64]], steps: int) -> int:
    return int(np.asarray(change(np.array([steps], np.int64)))[0])


def _replace(draft: Draft, name: str, **changes: Any) -> None:
    draft.projections(lambda p: replace(p, **changes) if p.name == name else p)

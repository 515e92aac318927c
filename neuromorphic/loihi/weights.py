"""Weights in Loihi's 8 bits: sign modes, exponents, and the hidden variables they are summed in."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...lowering.edges import instantiate
from ...lowering.machine_program import Grid
from ...lowering.program import Draw, ListedEdges, ProjectionProgram, Value
from ..draft import Draft
from ..quantise import Tally, drawn_weights, looked_at, total_synapses, weight_unit
from .arithmetic import (
    ALIGNMENT,
    EFFECT_LIMIT,
    MANTISSAS,
    SignMode,
    SynapseRule,
    weight_step,
)

_TAIL = 5.0  # standard deviations: what lies beyond is clipped


@dataclass(frozen=True)
class Format:
    """How the weights of a projection are stored.

    Attributes
    ----------
    mode : {"excitatory", "inhibitory", "mixed"}
    exponent : int
    bits : int
    rule : {"sum", "each"}
        What a negative exponent shifts: see :func:`arithmetic.activation` and ``effect``.
    nearest : bool
        Weights are rounded to the nearest mantissa; otherwise low bits are cut.
    """

    mode: SignMode
    exponent: int
    bits: int
    rule: SynapseRule
    nearest: bool

    @property
    def held(self) -> int:
        """Exponent of what is summed: 0 where sums are in units of u."""
        return min(self.exponent, 0) if self.rule == "sum" else 0

    @property
    def grid(self) -> Grid | None:
        """The grid that puts units of u into what is summed; None where no grid does."""
        step = weight_step(self.mode, self.bits)
        low, high = MANTISSAS[self.mode]
        down = self.mode == "mixed" and self.rule == "sum"
        rounding: Any = "even" if self.nearest else ("down" if down else "zero")
        limits = {"low": -(-low // step), "high": high // step, "rounding": rounding}
        if self.held:
            return Grid(1.0 / (ALIGNMENT * 2.0**self.held), float(step), **limits)
        if self.exponent >= 0:
            return Grid(1.0, step * ALIGNMENT * 2.0**self.exponent, **limits)
        return None

    def effects(self, wanted: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return what each spike adds by brian2_loihi's rule, for weights in units of u."""
        step = weight_step(self.mode, self.bits)
        low, high = MANTISSAS[self.mode]
        given = wanted / (ALIGNMENT * 2.0**self.exponent) / step
        cut = np.rint(given) if self.nearest else np.trunc(given)
        mantissa = np.clip(cut, math.ceil(low / step), high // step) * step
        scaled = np.floor(mantissa * 2.0**self.exponent) * ALIGNMENT
        return np.clip(scaled, -EFFECT_LIMIT, EFFECT_LIMIT)


def draw_range(draft: Draft, weight: Draw) -> tuple[float, float]:
    """Return the smallest and largest weight of a projection, on all ranks; tails are cut."""
    if weight.values is not None:
        own = weight.values
        ends = [-float(own.min()), float(own.max())] if own.size else [-np.inf, -np.inf]
        low, high = draft.ranks.largest(np.array(ends))
        return (-float(low), float(high)) if np.isfinite(high) else (0.0, 0.0)
    a, b = weight.a, weight.b
    bounds = {
        "constant": (a, a),
        "uniform": (min(a, b), max(a, b)),
        "normal": (a - _TAIL * b, a + _TAIL * b),
        "lognormal": (0.0, math.exp(min(a + _TAIL * b, 700.0))),
        "exponential": (0.0, 12.0 * a),
    }
    low, high = bounds[weight.kind]
    return max(low, weight.low), min(high, weight.high)


def sign_mode(low: float, high: float) -> SignMode:
    """Return the sign mode for weights between two values."""
    if low >= 0:
        return "excitatory"
    return "inhibitory" if high <= 0 else "mixed"


def exponent_for(largest: float, mode: SignMode, bits: int = 8) -> int:
    """Return the smallest exponent from 0 on in which a weight, in units of u, has room."""
    step = weight_step(mode, bits)
    most = (MANTISSAS["excitatory"][1] if mode != "mixed" else MANTISSAS[mode][1]) // step * step
    if largest <= 0:
        return 0
    return max(0, math.ceil(math.log2(largest / (ALIGNMENT * most)) - 1e-9))


def chosen_exponent(given: int | Mapping[str, int] | None, name: str) -> int | None:
    """Return the exponent a user asked for; None: it is chosen."""
    return given.get(name) if isinstance(given, Mapping) else given


def put(
    draft: Draft,
    projection: ProjectionProgram,
    kept: Format | None,
    gain: Value,
    variable: str,
    machine_units: bool,
) -> None:
    """Give a projection's weights the machine's numbers, and tell what changed.

    Parameters
    ----------
    draft : Draft
    projection : ProjectionProgram
    kept : Format or None
        None: weights are not rounded.
    gain : float or array
        Units of u per unit of weight; an array: of each owned neuron of the population.
    variable : str
        What its synapses add to from now on.
    machine_units : bool
        False: weights are rounded, and given in SI units as before.
    """
    weight = replace(projection.weight, grid=None)
    bare = replace(projection, weight=weight, weight_bits=64)
    even = np.ndim(gain) == 0
    grid = None if kept is None else kept.grid
    if kept is not None:
        _report(draft, bare, kept, gain)
    if even and (kept is None or grid is not None):
        held = Grid(factor=float(gain)) if grid is None else _in_units(grid, float(gain))
        if not machine_units:
            held = replace(held, factor=1.0, quantum=held.quantum / held.factor)
        changed = replace(projection, variable=variable, weight=replace(weight, grid=held))
    else:
        edges = instantiate(draft.program, bare)
        factor = np.broadcast_to(gain, _own(draft, projection))[_place(projection, edges.post)]
        became = _apply(kept, edges.weight * factor, summed=machine_units)
        values = became if machine_units else became / factor
        changed = replace(
            projection,
            variable=variable,
            rule=ListedEdges(edges.pre, edges.post),
            weight=Draw("listed", values=values),
            delay=replace(
                projection.delay,
                thresholds=np.empty(0, np.uint32),
                values=edges.delay,
                bounds=(projection.delay.smallest, projection.delay.largest),
            ),
            weight_bits=64,
        )
    draft.projections(lambda p: changed if p.name == projection.name else p)


def put_number(kept: Format | None, wanted: float, *, summed: bool = True) -> float:
    """Return one weight, in units of u, as the machine has it."""
    return float(_apply(kept, np.array([wanted]), summed=summed)[0])


def _apply(kept: Format | None, wanted: NDArray, *, summed: bool) -> NDArray[np.float64]:
    """Return weights in units of u rounded; ``summed``: in what a negative exponent is held in."""
    if kept is None:
        return np.asarray(wanted, np.float64)
    grid = kept.grid
    if grid is None:
        return kept.effects(wanted)
    return grid.apply(wanted) / (1.0 if summed else grid.factor)


def _in_units(grid: Grid, gain: float) -> Grid:
    return replace(grid, factor=grid.factor * gain)


def _report(draft: Draft, bare: ProjectionProgram, kept: Format, gain: Value) -> None:
    tally = Tally()
    if np.ndim(gain):
        edges = instantiate(draft.program, bare, looked_at(bare))
        given = edges.weight.astype(np.float64)
        factor: Any = np.asarray(gain)[_place(bare, edges.post)]
    else:
        given, factor = drawn_weights(draft, bare), float(gain)
    became = _apply(kept, given * factor, summed=False) / factor
    step = weight_step(kept.mode, kept.bits)
    low, high = MANTISSAS[kept.mode]
    mantissa = np.rint(given * factor / (ALIGNMENT * 2.0**kept.exponent))
    clipped = (mantissa < low) | (mantissa > high // step * step)
    tally.add(given, became, clipped)
    total, unit = total_synapses(draft, bare), weight_unit(draft, bare)
    found = tally.over_ranks(draft).report(bare.name, "weights", unit, total)
    draft.report.rounded.append(found)


def _own(draft: Draft, projection: ProjectionProgram) -> int:
    population = draft.program.population(projection.post.population)
    return draft.program.share.count(population.size)


def _place(projection: ProjectionProgram, post: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return where targets stand among the owned neurons of their population."""
    return projection.post.local_ids_at(post) // projection.share.n_ranks

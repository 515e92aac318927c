"""Distributions as tables and inversion formulas: what every engine draws in the same way."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..description.distributions import Distribution
from ..elementary import exp, log, ndtri
from ..errors import DescriptionError
from .program import DelayDraw, Draw

_WORDS = 2.0**32
_GRID = 1e-6  # of a step: farther from the grid than this is an error, nearer is rounding
MAX_DELAY = 10**6
MAX_MEAN = 1e6


def cumulative(distribution: Distribution, x: float) -> float:
    """Return P(X <= x) of the distribution without its bounds."""
    a, b = distribution.a, distribution.b
    if distribution.kind == "normal":
        return _ndtr((x - a) / b) if b else float(x >= a)
    if distribution.kind == "uniform":
        return min(max((x - a) / (b - a), 0.0), 1.0)
    if x <= 0:
        return 0.0
    if distribution.kind == "lognormal":
        return _ndtr((math.log(x) - math.log(a)) / b)
    return -math.expm1(-x / a)


def _ndtr(z: float) -> float:
    """Return the standard normal distribution function."""
    return 0.5 * math.erfc(-z / math.sqrt(2.0))


def value_draw(distribution: Distribution | float, where: str) -> Draw:
    """Return a number or distribution as a Draw.

    Raises
    ------
    DescriptionError
        If hardly any probability lies between the bounds.
    """
    if not isinstance(distribution, Distribution):
        return Draw("constant", a=float(distribution))
    kind, a, b = distribution.kind, distribution.a, distribution.b
    if kind == "normal" and b == 0:
        return Draw("constant", a=a)
    if kind == "uniform":
        return Draw("uniform", a=a, b=b, low=a, high=b)
    low = -np.inf if distribution.low is None else distribution.low
    high = np.inf if distribution.high is None else distribution.high
    low_u, high_u = _share_inside(distribution, low, high, where)
    first = math.log(a) if kind == "lognormal" else a
    return Draw(kind, a=first, b=b, low_u=low_u, high_u=high_u, low=low, high=high)  # type: ignore[arg-type]


def delay_draw(distribution: Distribution | float, dt: float, where: str) -> DelayDraw:
    """Return a delay as a DelayDraw.

    A constant must lie on the grid of dt. A distribution is conditioned on at least dt / 2 (or
    clipped to it, with bounds="clip") and rounded to the nearest step, so its delays are 1 step
    or more.

    Raises
    ------
    DescriptionError
    """
    if not isinstance(distribution, Distribution):
        _check_length(distribution, dt, f"{where}: delay")
        return DelayDraw(first=on_grid(distribution, dt, f"{where}: delay"))
    if distribution.kind == "normal" and distribution.b == 0:
        if distribution.a < dt / 2:
            raise _too_short(dt, where)
        return DelayDraw(first=math.floor(distribution.a / dt + 0.5))
    low, high = _delay_bounds(distribution, dt, where)
    low_u, high_u = _share_inside(distribution, low, high, where)
    first = max(1, math.floor(low / dt + 0.5))
    thresholds: list[int] = []
    step = first
    while True:
        edge = (step + 0.5) * dt
        share = 1.0 if edge >= high else (cumulative(distribution, edge) - low_u) / (high_u - low_u)
        word = math.floor(share * _WORDS)
        if word >= _WORDS:
            break
        thresholds.append(word)
        step += 1
        if step - first > MAX_DELAY:
            raise DescriptionError(
                f"{where}: delays reach beyond {MAX_DELAY} steps; bound the distribution with high."
            )
    return DelayDraw(first, _below_top(np.array(thresholds, dtype=np.float64)))


def _check_length(seconds: float, dt: float, what: str) -> None:
    if seconds > MAX_DELAY * dt:
        raise DescriptionError(
            f"{what} of {seconds * 1e3:.12g} ms is too long: at most {MAX_DELAY} steps of "
            f"dt = {dt * 1e3:.12g} ms. Shorten it, or choose a larger dt."
        )


def _share_inside(
    distribution: Distribution, low: float, high: float, where: str
) -> tuple[float, float]:
    """Return the range of u that is drawn from: all of it where values are clipped."""
    if distribution.bounds == "clip":
        return 0.0, 1.0
    low_u = 0.0 if low == -math.inf else cumulative(distribution, low)
    high_u = 1.0 if high == math.inf else cumulative(distribution, high)
    _check_mass(distribution, low_u, high_u, where)
    return low_u, high_u


def _delay_bounds(distribution: Distribution, dt: float, where: str) -> tuple[float, float]:
    low = max(dt / 2, -math.inf if distribution.low is None else distribution.low)
    high = math.inf if distribution.high is None else distribution.high
    if low >= high:
        raise _too_short(dt, where)
    return low, high


def _too_short(dt: float, where: str) -> DescriptionError:
    return DescriptionError(
        f"{where}: no delay of the distribution reaches dt / 2 = {dt / 2!r} s, the smallest that "
        "is drawn. Make the delays longer, or give a constant delay of 0."
    )


def on_grid(seconds: float, dt: float, what: str) -> int:
    """Return a duration in steps; DescriptionError naming its neighbours if it is off the grid."""
    exact = seconds / dt
    steps = round(exact)
    if abs(exact - steps) > _GRID:
        below = math.floor(exact)
        raise DescriptionError(
            f"{what} of {seconds * 1e3:.12g} ms is not a multiple of dt = {dt * 1e3:.12g} ms. The "
            f"nearest allowed values are {below * dt * 1e3:.12g} ms and "
            f"{(below + 1) * dt * 1e3:.12g} ms."
        )
    if steps > MAX_DELAY * 1000:
        raise DescriptionError(f"{what} is {steps} steps of dt, which is too long.")
    return steps


def listed_delays(
    values: NDArray[np.float64], edges: NDArray[np.int64], dt: float, what: str
) -> NDArray[np.int64]:
    """Return given delays of edges in steps; each must lie on the grid."""
    _check_length(float(values.max(initial=0.0)), dt, what)
    exact = values / dt
    steps = np.rint(exact)
    off = np.abs(exact - steps) > _GRID
    if off.any():
        edge = int(np.flatnonzero(off)[0])
        on_grid(float(values[edge]), dt, f"{what} (edge {edges[edge]})")
    return steps.astype(np.int64)


def _check_mass(distribution: Distribution, low_u: float, high_u: float, where: str) -> None:
    if not high_u - low_u > 1e-9:
        raise DescriptionError(
            f"{where}: the bounds leave hardly anything of {distribution!r} "
            f"(probability {high_u - low_u:.3g}). Widen them."
        )


def draw_values(draw: Draw, u: NDArray[np.float64]) -> NDArray[np.float64]:
    """Apply a Draw to uniform numbers in (0, 1)."""
    if draw.kind == "constant":
        return np.full(u.shape, draw.constant)
    q = draw.low_u + u * (draw.high_u - draw.low_u)
    if draw.kind == "uniform":
        value = draw.a + (draw.b - draw.a) * q
    elif draw.kind == "normal":
        value = draw.a + draw.b * ndtri(q)
    elif draw.kind == "lognormal":
        value = exp(draw.a + draw.b * ndtri(q))
    else:
        value = -draw.a * log(1.0 - q)
    return draw.gridded(np.minimum(np.maximum(value, draw.low), draw.high))


@dataclass(frozen=True)
class CountTable:
    """Poisson counts from a 32-bit word: ``first`` + number of thresholds <= the word."""

    first: int
    thresholds: NDArray[np.uint32]


def poisson_table(mean: float, what: str) -> CountTable:
    """Return the table of a Poisson count of the given mean."""
    if not mean <= MAX_MEAN:
        raise DescriptionError(
            f"{what}: {mean:.6g} events per neuron and step are expected; at most {MAX_MEAN:g} "
            "are supported. Lower the rate or the indegree."
        )
    if mean == 0:
        return CountTable(0, np.empty(0, np.uint32))
    cdf, low = poisson_cdf(mean)
    words = np.floor(cdf * _WORDS)
    skipped = int((words < 1.0).sum())
    return CountTable(low + skipped, _below_top(words[skipped:]))


def poisson_cdf(mean: float) -> tuple[NDArray[np.float64], int]:
    """Return P(count <= k) of a Poisson count for k = low, low + 1, ..., and low.

    Built from the ratios mean / k outwards from the mode with multiplications only, so the
    bits do not depend on a mathematics library; what lies outside is below 1e-20.
    """
    spread = 10.0 * math.sqrt(mean) + 60.0
    low, high = max(0, math.floor(mean - spread)), math.ceil(mean + spread)
    mode = math.floor(mean)
    upward = np.cumprod(mean / np.arange(mode + 1, high + 1, dtype=np.float64))
    downward = np.cumprod(np.arange(mode, low, -1, dtype=np.float64) / mean)
    mass = np.concatenate([downward[::-1], [1.0], upward])
    total = np.cumsum(mass)
    return total / total[-1], low


def _below_top(words: NDArray[np.float64]) -> NDArray[np.uint32]:
    """Return thresholds up to where the upper tail adds less than one word in 2**32."""
    kept = words[words < _WORDS]
    still = (np.diff(kept) == 0) & (kept[1:] > _WORDS / 2)
    end = int(np.argmax(still)) + 1 if still.any() else kept.size
    return kept[:end].astype(np.uint32)


def scaled(
    w0: NDArray[np.uint32], w1: NDArray[np.uint32], n: int | NDArray[np.int64]
) -> NDArray[np.int64]:
    """Return floor((w0 2**32 + w1) n / 2**64): a uniform integer in [0, n), n < 2**32."""
    size = np.asarray(n).astype(np.uint64)
    high = w0.astype(np.uint64) * size
    low = w1.astype(np.uint64) * size
    return ((high + (low >> np.uint64(32))) >> np.uint64(32)).astype(np.int64)

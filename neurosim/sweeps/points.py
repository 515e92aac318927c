"""The points of a sweep: grids of values, lists of settings, samples of distributions, seeds."""

from __future__ import annotations

import itertools
import math
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DescriptionError
from .values import checked, identity, shown

_LARGEST_SEED = 2**64 - 1


@dataclass(frozen=True)
class Point:
    """Parameters and a seed at which a network is simulated.

    Attributes
    ----------
    parameters : dict
    seed : int or None
        None: the network takes none.
    """

    parameters: Mapping[str, Any]
    seed: int | None

    @property
    def key(self) -> str:
        """What tells it from other points of its sweep."""
        return identity(self.parameters, self.seed)

    def __str__(self) -> str:
        words = [f"{name}={shown(value)}" for name, value in self.parameters.items()]
        return ", ".join(words + ([] if self.seed is None else [f"seed {self.seed}"]))


def points_of(
    over: Mapping[str, Any] | Iterable[Mapping[str, Any]],
    seeds: Sequence[int | None],
    samples: int | None = None,
    sample_seed: int = 1,
) -> list[Point]:
    """Return the points, the seed varying fastest and equal points once.

    Parameters
    ----------
    over : mapping or sequence of mappings
        Names and their values: all combinations (the last name varying fastest); or the
        combinations themselves. Distributions are sampled.
    seeds : sequence of int or None
    samples : int, optional
        How many times to draw where there are distributions.
    sample_seed : int
        Of these draws; the first ``n`` are the same however many are taken.

    Raises
    ------
    DescriptionError
        There is nothing to vary, or a value cannot be kept in an index.
    """
    combinations = (
        _grid(over, samples, sample_seed) if isinstance(over, Mapping) else _listed(over, samples)
    )
    found: dict[str, Point] = {}
    for parameters in combinations:
        for seed in seeds:
            point = Point(parameters, seed)
            found.setdefault(point.key, point)
    if not found:
        raise DescriptionError("the sweep has no points: a list of values or of seeds is empty.")
    return list(found.values())


def seeds_of(seeds: int | Iterable[int], first: int) -> list[int]:
    """Return the seeds: those given, or so many from ``first`` on."""
    if isinstance(seeds, bool) or (isinstance(seeds, int) and seeds < 1):
        raise DescriptionError(
            f"seeds={seeds!r}: give how many, at least 1, or a list of the seeds themselves."
        )
    listed = list(range(first, first + seeds)) if isinstance(seeds, int) else list(seeds)
    for seed in listed:
        if isinstance(seed, bool) or not isinstance(seed, int | np.integer):
            raise DescriptionError(f"seeds: {seed!r} is not a whole number.")
        if not 0 <= seed <= _LARGEST_SEED:
            raise DescriptionError(f"seeds: {seed} is outside 0 .. 2^64 - 1.")
    return [int(seed) for seed in listed]


def _listed(over: Any, samples: int | None) -> list[dict[str, Any]]:
    if isinstance(over, str) or not isinstance(over, Iterable):
        raise DescriptionError(
            f"a sweep goes over a mapping of names to values or a list of mappings, not {over!r}; "
            'for instance {"g": [4, 5, 6]}.'
        )
    if samples is not None:
        raise DescriptionError("samples= goes with distributions, not with listed combinations.")
    found = []
    for number, parameters in enumerate(over):
        if not isinstance(parameters, Mapping):
            raise DescriptionError(
                f"combination {number} of the sweep is {parameters!r}, not a mapping of names to "
                "values."
            )
        found.append({k: checked(v, f"{k} of combination {number}") for k, v in parameters.items()})
    return found


def _grid(over: Mapping[str, Any], samples: int | None, seed: int) -> list[dict[str, Any]]:
    """Return all combinations; distributions are drawn together, once for each sample."""
    from ..description.distributions import Distribution  # noqa: PLC0415 - needs Brian2

    drawn = {name: value for name, value in over.items() if isinstance(value, Distribution)}
    if drawn and (samples is None or samples < 1):
        raise DescriptionError(
            f"{next(iter(drawn))} is a distribution; say how many times to draw from it: "
            "samples=20."
        )
    if samples is not None and not drawn:
        raise DescriptionError(
            f"samples={samples}: none of {', '.join(over) or 'the parameters'} is a distribution, "
            "such as ns.Uniform(3, 6)."
        )
    rows: list[dict[str, Any]] = [{}]
    if drawn:
        columns = {name: draws(value, samples or 1, name, seed) for name, value in drawn.items()}
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    listed = {name: _values(name, value) for name, value in over.items() if name not in drawn}
    found = []
    for row in rows:
        for combination in itertools.product(*listed.values()):
            values = row | dict(zip(listed, combination, strict=True))
            found.append({name: values[name] for name in over})
    return found


def _values(name: str, given: Any) -> list[Any]:
    """Return the values of a parameter: each of a list or array, or the one that was given."""
    where = f"{name} of the sweep"
    if isinstance(given, np.ndarray) and given.ndim > 0:
        return [checked(given[k], where) for k in range(len(given))]
    if isinstance(given, list | tuple | range):
        return [checked(value, where) for value in given]
    return [checked(given, where)]


def draws(distribution: Any, samples: int, name: str, seed: int) -> list[Any]:
    """Return values drawn from a distribution, each parameter from a stream of its own."""
    from ..description.quantities import quantity  # noqa: PLC0415 - needs Brian2
    from ..lowering.draws import value_draw  # noqa: PLC0415 - needs Brian2

    draw = value_draw(distribution, f"{name} of the sweep")
    stream = np.random.Generator(np.random.Philox(key=[seed, zlib.crc32(name.encode())]))
    shares = stream.random(samples)
    values = _by_inversion(draw, shares)
    if getattr(distribution.dim, "is_dimensionless", False):
        return [float(value) for value in values]
    return [quantity(float(value), distribution.dim) for value in values]


def _by_inversion(draw: Any, shares: NDArray[np.float64]) -> NDArray[np.float64]:
    from ..elementary import ndtri  # noqa: PLC0415 - only where something is drawn

    if draw.kind == "constant":
        return np.full(shares.size, draw.a)
    if draw.kind == "uniform":
        return draw.a + shares * (draw.b - draw.a)
    inside = draw.low_u + shares * (draw.high_u - draw.low_u)
    inside = np.clip(inside, np.finfo(float).tiny, 1.0 - 2.0**-53)
    if draw.kind == "exponential":
        values = -draw.a * np.log1p(-inside)
    else:
        values = draw.a + draw.b * np.asarray(ndtri(inside))
        values = np.exp(values) if draw.kind == "lognormal" else values
    low = -math.inf if draw.low is None else draw.low
    high = math.inf if draw.high is None else draw.high
    return np.clip(values, low, high)

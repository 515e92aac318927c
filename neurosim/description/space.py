"""Where neurons are: given positions, grids, and random positions in a box or disc.

Layers are several populations at different ``z``. On a periodic axis of length L, the distance
between two neurons is taken the shorter way round.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import cached_property, partial
from typing import Any

import numpy as np
from brian2.core.namespace import DEFAULT_UNITS
from numpy.typing import NDArray

from .. import streams
from ..errors import DescriptionError
from .names import check_count
from .quantities import scalar, to_si

METRE = DEFAULT_UNITS["metre"].dim
AXES = "xyz"

_BLOCK = 1 << 16  # neurons looked at at a time

Floats = NDArray[np.float64]
Index = NDArray[np.int64]
Points = Callable[[Index], Floats]


class Placed:
    """Neurons in space: where any of them is, worked out when it is asked for.

    Attributes
    ----------
    at : callable
        From (n,) indices of neurons to their coordinates, (n, d) float64, metres.
    size : int
        Number of neurons.
    periods : tuple of d floats, metres
        Length of each periodic axis; 0 for an open one. d is from 1 to 3.
    space : Space or None
        What placed them.
    """

    space: Space | None = None

    def __init__(self, at: Points, size: int, periods: tuple[float, ...]) -> None:
        self.at, self.size, self.periods = at, size, periods

    @property
    def axes(self) -> str:
        """Names of the axes: ``"x"``, ``"xy"`` or ``"xyz"``."""
        return AXES[: len(self.periods)]

    @cached_property
    def coordinates(self) -> Floats:
        """Coordinates of all neurons, (size, d), metres."""
        points = self.at(np.arange(self.size))
        points.flags.writeable = False
        return points

    @cached_property
    def _range(self) -> tuple[Floats, Floats]:
        low, high = np.full((2, len(self.periods)), np.inf)
        high = -high
        for start in range(0, self.size, _BLOCK):
            points = self.at(np.arange(start, min(start + _BLOCK, self.size)))
            low = np.minimum(low, points.min(axis=0))
            high = np.maximum(high, points.max(axis=0))
        return low, high

    def describe(self) -> dict[str, Any]:
        """Return a JSON-able account: the range along each axis, metres."""
        low, high = self._range
        return {"low": low.tolist(), "high": high.tolist(), "periods": list(self.periods)}


class Space(ABC):
    """Base of what ``Network.population(positions=...)`` takes."""

    @abstractmethod
    def place(self, size: int, seed: int, name: str) -> Placed:
        """Return the positions of the ``size`` neurons of population ``name``."""


class Positions(Space):
    """Given positions.

    Parameters
    ----------
    coordinates : (n, d) Quantity, length
        One row per neuron, d from 1 to 3; (n,) is taken as one axis.
    periodic : Quantity or sequence, optional
        Length of the periodic axes: one for all, or one per axis with None for open ones.
    """

    def __init__(self, coordinates: Any, periodic: Any = None) -> None:
        array = to_si(coordinates, METRE, "Positions: coordinates")
        array = array[:, None] if array.ndim == 1 else array
        if array.ndim != 2 or not 1 <= array.shape[1] <= 3 or not array.size:
            raise DescriptionError(
                f"Positions: coordinates have shape {array.shape}; give one row of 1 to 3 "
                "coordinates per neuron."
            )
        self.coordinates = array
        self.periods = _periods(periodic, array.shape[1])

    def place(self, size: int, seed: int, name: str) -> Placed:
        """Return the given positions, if there is one per neuron."""
        if len(self.coordinates) != size:
            raise DescriptionError(
                f"population {name!r}: {len(self.coordinates)} positions for {size} neurons; give "
                "one per neuron."
            )
        return Placed(self.coordinates.__getitem__, size, self.periods)


class Grid(Space):
    """Neurons on a regular grid; the last axis runs fastest.

    Parameters
    ----------
    shape : sequence of 1 to 3 int
        Neurons along each axis.
    spacing : Quantity, optional
        Distance between neighbours: one for all axes or one per axis.
    extent : Quantity, optional
        Instead of ``spacing``: shape times spacing.
    centre : Quantity, optional
        Middle of the grid, one coordinate per axis; the origin by default.
    z : Quantity, optional
        Height of a layer: a third coordinate for a grid of two axes.
    periodic : bool or sequence of bool
        Whether each axis closes on itself, after shape times spacing.
    """

    def __init__(
        self,
        shape: Sequence[int],
        spacing: Any = None,
        *,
        extent: Any = None,
        centre: Any = None,
        z: Any = None,
        periodic: bool | Sequence[bool] = False,
    ) -> None:
        counts = [shape] if np.ndim(shape) == 0 else list(shape)
        if not 1 <= len(counts) <= 3:
            raise DescriptionError(f"Grid: shape has {len(counts)} axes; there are 1 to 3.")
        self.shape = tuple(check_count(n, "Grid: shape") for n in counts)
        if (spacing is None) == (extent is None):
            raise DescriptionError("Grid: give either spacing or extent.")
        if extent is None:
            self.spacing = _lengths(spacing, len(counts), "Grid: spacing", positive=True)
        else:
            lengths = _lengths(extent, len(counts), "Grid: extent", positive=True)
            self.spacing = lengths / np.array(self.shape)
        self.centre = _lengths(0 * DEFAULT_UNITS["metre"] if centre is None else centre,
                               len(counts), "Grid: centre")  # fmt: skip
        self.z = _height(z, len(counts), "Grid")
        closed = _flags(periodic, len(counts), "Grid")
        self.periods = tuple(np.where(closed, self.shape * self.spacing, 0.0).tolist())

    def place(self, size: int, seed: int, name: str) -> Placed:
        """Return the points of the grid, if there is one per neuron."""
        if size != np.prod(self.shape):
            raise DescriptionError(
                f"population {name!r}: a grid of {' x '.join(map(str, self.shape))} has "
                f"{np.prod(self.shape)} places for {size} neurons; they must agree."
            )
        return _layer(self._points, size, self.periods, self.z)

    def _points(self, ids: Index) -> Floats:
        index = np.stack(np.unravel_index(ids, self.shape), axis=1)
        middle = (np.array(self.shape) - 1) / 2
        return (index - middle) * self.spacing + self.centre


class UniformBox(Space):
    """Independent uniform positions in a box.

    Parameters
    ----------
    extent : Quantity
        Length of each side: 1 to 3 of them.
    centre : Quantity, optional
        Middle of the box; the origin by default.
    z : Quantity, optional
        Height of a layer: a third coordinate for a box of two sides.
    periodic : bool or sequence of bool
        Whether each axis closes on itself after its extent.
    """

    def __init__(
        self,
        extent: Any,
        *,
        centre: Any = None,
        z: Any = None,
        periodic: bool | Sequence[bool] = False,
    ) -> None:
        d = np.size(extent)
        if not 1 <= d <= 3:
            raise DescriptionError(f"UniformBox: extent has {d} lengths; there are 1 to 3 axes.")
        self.extent = _lengths(extent, d, "UniformBox: extent", positive=True)
        self.centre = _lengths(0 * DEFAULT_UNITS["metre"] if centre is None else centre,
                               d, "UniformBox: centre")  # fmt: skip
        self.z = _height(z, d, "UniformBox")
        closed = _flags(periodic, d, "UniformBox")
        self.periods = tuple(np.where(closed, self.extent, 0.0).tolist())

    def place(self, size: int, seed: int, name: str) -> Placed:
        """Return positions that depend on the seed, the population's name and the neuron."""
        return _layer(partial(self._points, seed, name), size, self.periods, self.z)

    def _points(self, seed: int, name: str, ids: Index) -> Floats:
        u = streams.uniform32(_words(seed, name, ids, 0)[:, : self.extent.size])
        return (u - 0.5) * self.extent + self.centre


class UniformDisc(Space):
    """Independent uniform positions in a disc.

    Parameters
    ----------
    radius : Quantity
    centre : (2,) Quantity, optional
        The origin by default.
    z : Quantity, optional
        Height of a layer: a third coordinate.
    """

    def __init__(self, radius: Any, *, centre: Any = None, z: Any = None) -> None:
        self.radius = scalar(radius, METRE, "UniformDisc: radius")
        if self.radius <= 0:
            raise DescriptionError(f"UniformDisc: radius is {self.radius!r} m; it is positive.")
        self.centre = _lengths(0 * DEFAULT_UNITS["metre"] if centre is None else centre,
                               2, "UniformDisc: centre")  # fmt: skip
        self.z = _height(z, 2, "UniformDisc")

    def place(self, size: int, seed: int, name: str) -> Placed:
        """Return positions that depend on the seed, the population's name and the neuron."""
        return _layer(partial(self._points, seed, name), size, (0.0, 0.0), self.z)

    def _points(self, seed: int, name: str, ids: Index) -> Floats:
        points = np.empty((ids.size, 2))
        missing, attempt = np.arange(ids.size), 0
        while missing.size:  # points of the square are redrawn until they are in the disc
            drawn = 2 * streams.uniform32(_words(seed, name, ids[missing], attempt)[:, :2]) - 1
            points[missing] = drawn
            missing = missing[(drawn**2).sum(axis=1) > 1]
            attempt += 1
        return points * self.radius + self.centre


def check_positions(value: Any, size: int, seed: int, name: str) -> Placed | None:
    """Return the positions of a population as a user gave them; None for none."""
    if value is None:
        return None
    space = value if isinstance(value, Space) else Positions(value)
    placed = space.place(size, seed, name)
    placed.space = space
    return placed


def _words(seed: int, name: str, ids: Index, index: int) -> NDArray[np.uint32]:
    return streams.words(seed, streams.Purpose.POSITION, streams.name_id(name), ids, index)


def _layer(points: Points, size: int, periods: tuple[float, ...], z: float | None) -> Placed:
    if z is None:
        return Placed(points, size, periods)
    return Placed(partial(_raised, points, z), size, (*periods, 0.0))


def _raised(points: Points, z: float, ids: Index) -> Floats:
    found = points(ids)
    return np.column_stack([found, np.full(len(found), z)])


def _lengths(value: Any, d: int, what: str, *, positive: bool = False) -> Floats:
    array = to_si(value, METRE, what)
    if array.ndim > 1 or (array.ndim == 1 and array.size != d):
        raise DescriptionError(f"{what}: give one length or {d}, not an array of {array.shape}.")
    if positive and array.min() <= 0:
        raise DescriptionError(f"{what} is {float(array.min())!r} m; lengths are positive.")
    return np.broadcast_to(array, (d,)).astype(np.float64)


def _height(z: Any, d: int, what: str) -> float | None:
    if z is None:
        return None
    if d != 2:
        raise DescriptionError(f"{what}: z is the third coordinate of two axes, not of {d}.")
    return scalar(z, METRE, f"{what}: z")


def _flags(value: Any, d: int, what: str) -> NDArray[np.bool_]:
    flags = np.asarray(value)
    if flags.dtype != bool or flags.ndim > 1 or (flags.ndim == 1 and flags.size != d):
        raise DescriptionError(f"{what}: periodic is True, False, or one of them for each axis.")
    return np.broadcast_to(flags, (d,))


def _periods(value: Any, d: int) -> tuple[float, ...]:
    what = "Positions: periodic"
    if isinstance(value, (list, tuple)) and len(value) == d:
        given = [None if v is None else _lengths(v, 1, what, positive=True)[0] for v in value]
        return tuple(0.0 if v is None else float(v) for v in given)
    if value is None:
        return (0.0,) * d
    return tuple(_lengths(value, d, what, positive=True).tolist())

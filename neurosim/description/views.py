"""Views: some neurons of a population or spike source, chosen by index, slice, mask or list.

A view keeps the order of its population: neuron 0 of the view is the first that was chosen.
"""

from __future__ import annotations

import operator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import DescriptionError
from .names import check_count
from .quantities import quantity
from .space import METRE, Placed

Index = NDArray[np.int64]


class Selectable:
    """Something with a name and a size whose neurons can be chosen by ``[...]``."""

    name: str
    size: int
    placed: Placed | None = None

    def __len__(self) -> int:
        return self.size

    @property
    def positions(self) -> Any:
        """Positions of the neurons, (size, d) Quantity; None if they have none."""
        return None if self.placed is None else quantity(self.placed.coordinates, METRE)

    def __getitem__(self, item: Any) -> PopulationView:
        """Return a view: of one neuron, a slice, a boolean mask, or ascending indices."""
        return _view_of(self, select(item, self.size, repr(self.name)))

    def _where(self) -> dict[str, Any]:
        return {} if self.placed is None else {"positions": self.placed.describe()}

    def assemblies(self, n: int) -> list[PopulationView]:
        """Return ``n`` contiguous groups of equal size that together are all neurons.

        Raises
        ------
        DescriptionError
            If the neurons cannot be shared out equally.
        """
        return split(view(self), n)


@dataclass(frozen=True, eq=False)
class PopulationView:
    """Some neurons of a population or source, in its order.

    Attributes
    ----------
    parent : Population or SpikeSource
    start : int
        The first neuron's index in ``parent``.
    size : int
    members : (size,) int64 or None
        Indices in ``parent``, ascending; None when they are ``start`` to ``start + size - 1``.
    """

    parent: Any
    start: int
    size: int
    members: Index | None = None

    @property
    def name(self) -> str:
        """Name of the population the neurons belong to."""
        return str(self.parent.name)

    @property
    def label(self) -> str:
        """The name, with the range or number of neurons when it is not the whole population."""
        if self.size == self.parent.size:
            return self.name
        if self.members is None:
            return f"{self.name}[{self.start}:{self.start + self.size}]"
        steps = np.unique(np.diff(self.members))
        if steps.size == 1:
            return f"{self.name}[{self.start}:{self.members[-1] + 1}:{steps[0]}]"
        return f"{self.name}[{self.size} of {self.start}:{self.members[-1] + 1}]"

    @property
    def indices(self) -> Index:
        """Indices in the population, ascending, (size,)."""
        if self.members is not None:
            return self.members
        return np.arange(self.start, self.start + self.size)

    @property
    def positions(self) -> Any:
        """Positions of the neurons, (size, d) Quantity; None if they have none."""
        whole = self.parent.positions
        return None if whole is None else whole[self.indices]

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, item: Any) -> PopulationView:
        """Return a view of some of these neurons."""
        chosen = select(item, self.size, repr(self.label))
        if isinstance(chosen, range) and self.members is None:
            start = self.start
            chosen = range(start + chosen.start, start + chosen.stop, chosen.step)
            return _view_of(self.parent, chosen)
        return _view_of(self.parent, self.indices[np.asarray(chosen)])

    def assemblies(self, n: int) -> list[PopulationView]:
        """Return ``n`` groups of equal size, one after another; see Population.assemblies."""
        return split(self, n)

    def __repr__(self) -> str:
        return f"PopulationView({self.label}, {self.size} neurons)"


def view(neurons: Any) -> PopulationView:
    """Return the neurons as a view; all of them if they are a population or source."""
    if isinstance(neurons, PopulationView):
        return neurons
    return PopulationView(neurons, 0, neurons.size)


def split(whole: PopulationView, n: int) -> list[PopulationView]:
    """Return ``n`` groups of equal size, one after another."""
    count = check_count(n, f"{whole.label!r}: assemblies")
    if whole.size % count:
        raise DescriptionError(
            f"{whole.label!r}: {whole.size} neurons cannot be shared equally among {count} "
            "assemblies. Choose a divisor, or slice the groups yourself."
        )
    size = whole.size // count
    return [whole[k * size : (k + 1) * size] for k in range(count)]


def select(item: Any, size: int, label: str) -> range | Index:
    """Return the chosen indices of ``size`` neurons, ascending and without repetition.

    Parameters
    ----------
    item : int, slice, (size,) bool array, or array_like of int
        Indices may count from the end; a mask must have one value per neuron.
    size : int
    label : str
        Whose neurons they are, the start of every message.

    Raises
    ------
    DescriptionError
        Empty, out of range, repeated or not ascending, or a mask of the wrong length.
    """
    if isinstance(item, slice):
        return _slice(item, size, label)
    try:
        array = np.asarray(item)
    except ValueError as error:
        raise DescriptionError(
            f"{label}: neurons cannot be chosen by {item!r}: {error}."
        ) from error
    if array.ndim == 0 and array.dtype.kind != "b":
        try:
            index = operator.index(item)
        except TypeError:
            raise DescriptionError(
                f"{label}: neurons are chosen by an index, a slice, a mask or a list of indices, "
                f"not by {type(item).__name__}."
            ) from None
        _check_range(np.array([index]), size, label)
        return range(index % size, index % size + 1)
    if array.ndim == 1 and array.dtype.kind == "b":
        if array.size != size:
            raise DescriptionError(
                f"{label}: the mask has {array.size} values for {size} neurons; give one per "
                "neuron."
            )
        array = np.flatnonzero(array)
    elif array.ndim != 1 or (array.dtype.kind not in "iu" and array.size):
        raise DescriptionError(
            f"{label}: neurons are chosen by a one-dimensional mask or list of whole numbers, not "
            f"{array.dtype} of shape {array.shape}."
        )
    return _listed(array, size, label)


def _slice(item: slice, size: int, label: str) -> range:
    try:
        chosen = range(*item.indices(size))
    except (TypeError, ValueError) as error:
        raise DescriptionError(f"{label}: the slice is not valid: {error}.") from error
    if item.step is not None and chosen.step < 0:
        raise DescriptionError(
            f"{label}: a slice with step {chosen.step} runs backwards, but views keep the order "
            "of the population. Use a positive step."
        )
    if not chosen:
        raise DescriptionError(
            f"{label}: the slice [{chosen.start}:{chosen.stop}] of {size} neurons is empty."
        )
    return chosen


def _listed(array: NDArray[Any], size: int, label: str) -> Index:
    if not array.size:
        raise DescriptionError(f"{label}: no neuron is chosen; a view needs at least one.")
    _check_range(array, size, label)
    indices = array.astype(np.int64)
    indices[indices < 0] += size
    steps = np.diff(indices)
    if (steps <= 0).any():
        again = np.unique(indices, return_counts=True)
        repeated = again[0][again[1] > 1]
        if repeated.size:
            raise DescriptionError(
                f"{label}: neuron {repeated[0]} is chosen twice; a view holds each neuron once."
            )
        where = int(np.flatnonzero(steps <= 0)[0])
        raise DescriptionError(
            f"{label}: the indices are not ascending ({indices[where]}, then "
            f"{indices[where + 1]}), but views keep the order of the population. Sort them; for "
            "another order use the rule Edges."
        )
    return indices


def _check_range(array: NDArray[Any], size: int, label: str) -> None:
    outside = (array < -size) | (array >= size)
    if outside.any():
        raise DescriptionError(
            f"{label} has {size} neurons; there is no neuron {array[outside][0]}."
        )


def _view_of(parent: Any, chosen: range | Index) -> PopulationView:
    """Return a view of ascending indices in ``parent``; contiguous ones are kept as a range."""
    first, last, size = int(chosen[0]), int(chosen[-1]), len(chosen)
    if last - first + 1 == size:
        return PopulationView(parent, first, size)
    members = np.asarray(chosen, dtype=np.int64).copy()
    members.flags.writeable = False
    return PopulationView(parent, first, size, members)

"""Populations, slices of populations, and spike sources."""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import DescriptionError
from .models import NeuronModel
from .names import check_count, check_name
from .quantities import SECOND, to_si
from .rules import index_array
from .values import give


class _Sliceable:
    """Something with a name and a size whose contiguous slices are views."""

    name: str
    size: int

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, item: Any) -> PopulationView:
        """Return a view of one neuron or a contiguous range."""
        if isinstance(item, slice):
            start, stop, step = item.indices(self.size)
            if step != 1:
                raise DescriptionError(
                    f"{self.name!r}: a slice with step {step} is not contiguous. Slice without a "
                    "step, or list the neurons with the rule Edges."
                )
        else:
            try:
                index = operator.index(item)
            except TypeError:
                raise DescriptionError(
                    f"{self.name!r}: neurons are chosen by an index or a contiguous slice such as "
                    f"[:10], not by {type(item).__name__}. Use the rule Edges for other choices."
                ) from None
            if not -self.size <= index < self.size:
                raise DescriptionError(
                    f"{self.name!r} has {self.size} neurons; there is no neuron {index}."
                )
            start = index % self.size
            stop = start + 1
        if start >= stop:
            raise DescriptionError(
                f"{self.name!r}: the slice [{start}:{stop}] of {self.size} neurons is empty."
            )
        return PopulationView(self, start, stop - start)


class Population(_Sliceable):
    """Neurons of one model. Made by ``Network.population``.

    Attributes
    ----------
    name : str
    size : int
    model : NeuronModel
    parameters : dict of str to Given
    initial : dict of str to Given
    """

    def __init__(
        self, name: str, size: int, model: NeuronModel, initial: Mapping[str, Any] | None
    ) -> None:
        self.name = check_name(name, "population")
        self.size = check_count(size, f"population {name!r}: size")
        if not isinstance(model, NeuronModel):
            hint = " Call it: lif_curr_exp()." if callable(model) else ""
            raise DescriptionError(
                f"population {name!r}: the model must be a NeuronModel, not "
                f"{type(model).__name__}.{hint}"
            )
        self.model = model
        dims = model.declared.dims
        self.parameters = {
            key: give(given, f"population {name!r}: parameter {key!r}", known=dims, size=self.size)
            for key, given in model.parameters.items()
        }
        where = f"population {name!r}"
        self.initial = model.initial | model.check_initial(initial or {}, where, self.size)

    def describe(self) -> dict[str, Any]:
        """Return a JSON-able account of the population."""
        model = self.model.describe()
        model["parameters"] = {key: given.describe() for key, given in self.parameters.items()}
        return {
            "name": self.name,
            "size": self.size,
            "model": model,
            "initial": {key: given.describe() for key, given in self.initial.items()},
        }

    def __repr__(self) -> str:
        return f"Population({self.name!r}, {self.size}, {self.model.name})"


class SpikeSource(_Sliceable):
    """Neurons that emit given spikes. Made by ``Network.spike_source``.

    Attributes
    ----------
    times : (n_spikes,) float64, seconds
    ids : (n_spikes,) int64
    """

    def __init__(self, name: str, times: Any, ids: ArrayLike, size: int | None) -> None:
        self.name = check_name(name, "spike source")
        where = f"spike source {name!r}"
        self.times: NDArray[np.float64] = np.atleast_1d(to_si(times, SECOND, f"{where}: times"))
        self.ids = index_array(np.atleast_1d(np.asarray(ids)), f"{where}: ids")
        if self.times.shape != self.ids.shape:
            raise DescriptionError(
                f"{where}: {self.times.size} times and {self.ids.size} ids; give one id per time."
            )
        if self.times.size and self.times.min() < 0:
            raise DescriptionError(
                f"{where}: the time {self.times.min()!r} s is negative; a run starts at 0 s."
            )
        largest = int(self.ids.max(initial=-1))
        if size is None and largest < 0:
            raise DescriptionError(f"{where}: give its size, as there are no spikes to count from.")
        self.size = check_count(largest + 1 if size is None else size, f"{where}: size")
        if largest >= self.size:
            raise DescriptionError(
                f"{where}: id {largest} is outside its {self.size} neurons (0 to {self.size - 1})."
            )

    def describe(self) -> dict[str, Any]:
        """Return a JSON-able account of the source."""
        return {"name": self.name, "size": self.size, "n_spikes": int(self.times.size)}

    def __repr__(self) -> str:
        return f"SpikeSource({self.name!r}, {self.size})"


@dataclass(frozen=True, eq=False)
class PopulationView:
    """Neurons ``start`` to ``start + size - 1`` of a population or source."""

    parent: Any
    start: int
    size: int

    @property
    def name(self) -> str:
        """Name of the population the neurons belong to."""
        return str(self.parent.name)

    @property
    def label(self) -> str:
        """The name, with the range when it is not the whole population."""
        if self.size == self.parent.size:
            return self.name
        return f"{self.name}[{self.start}:{self.start + self.size}]"

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, item: Any) -> PopulationView:
        """Return a view of a contiguous part."""
        inner = _Whole(self.label, self.size)[item]
        return PopulationView(self.parent, self.start + inner.start, inner.size)


@dataclass
class _Whole(_Sliceable):
    name: str
    size: int

    __len__ = _Sliceable.__len__


def view(neurons: Population | SpikeSource | PopulationView) -> PopulationView:
    """Return the neurons as a view; the whole population if it is one."""
    if isinstance(neurons, PopulationView):
        return neurons
    return PopulationView(neurons, 0, neurons.size)

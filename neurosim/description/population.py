"""Populations and spike sources."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import DescriptionError
from .models import NeuronModel
from .names import check_count, check_name
from .quantities import SECOND, scalar, to_si
from .rules import index_array
from .values import give
from .views import PopulationView, Selectable, view

__all__ = ["Population", "PopulationView", "SpikeSource", "view"]


class Population(Selectable):
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
            **self._where(),
        }

    def __repr__(self) -> str:
        return f"Population({self.name!r}, {self.size}, {self.model.name})"


class SpikeSource(Selectable):
    """Neurons that emit given spikes. Made by ``Network.spike_source``.

    Attributes
    ----------
    times : (n_spikes,) float64, seconds
    ids : (n_spikes,) int64
    period : float or None
        Seconds after which the spikes come again.
    event : (str, str) or None
        Population and event that the spikes are, instead of given ones.
    """

    event: tuple[str, str] | None = None

    def __init__(
        self, name: str, times: Any, ids: ArrayLike, size: int | None, period: Any = None
    ) -> None:
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
        self.period = None if period is None else scalar(period, SECOND, f"{where}: period")
        if self.period is not None and self.period <= self.times.max(initial=0.0):
            raise DescriptionError(
                f"{where}: the period is {self.period!r} s; it must be longer than the time of "
                "the last spike."
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
        return {
            "name": self.name,
            "size": self.size,
            "n_spikes": int(self.times.size),
            "period": self.period,
        } | ({} if self.event is None else {"event": list(self.event)})

    def __repr__(self) -> str:
        return f"SpikeSource({self.name!r}, {self.size})"

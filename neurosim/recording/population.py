"""One population of a recording, read lazily."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import DescriptionError, RecordingError
from .layout import PopulationLayout
from .states import StateTrace
from .times import milliseconds

if TYPE_CHECKING:
    from .reader import Recording


class RecordedPopulation:
    """What was recorded of a population; ``recording["E"]``.

    Nothing is read before it is asked for, and of the file only what is asked for. Times are
    plain numbers in ms or quantities of time, from ``start`` up to, not including, ``stop``;
    by default all that was recorded, warm-up included.

    Attributes
    ----------
    name, kind, model : str
    size : int
    first_id : int
        Network-wide id of neuron 0.
    """

    def __init__(self, recording: Recording, layout: PopulationLayout) -> None:
        self._recording = recording
        self.name, self.kind, self.model = layout.name, layout.kind, layout.model
        self.size, self.first_id = layout.size, layout.first_id

    def __len__(self) -> int:
        return self.size

    def __repr__(self) -> str:
        variables = ", ".join(self.variables) or "no states"
        return f"<{self.name!r} of {self._recording.path!r}: {self.size} neurons, {variables}>"

    @property
    def variables(self) -> tuple[str, ...]:
        """What was recorded besides spikes."""
        return tuple(r.variable for r in self._recording.reports if r.population == self.name)

    def spikes(
        self, start: Any = None, stop: Any = None, ids: ArrayLike | None = None
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return the spikes in a stretch of time.

        Parameters
        ----------
        start, stop : time, optional
        ids : array_like of int, optional
            Only of these neurons (local ids).

        Returns
        -------
        times_ms : (n_spikes,) ms, ascending
        ids : (n_spikes,) int64
        """
        times, owner = self._recording.spikes(self.name, *_stretch(start, stop))
        if ids is None:
            return times, owner
        chosen = np.zeros(self.size, dtype=bool)
        chosen[_local(ids, self)] = True
        kept = chosen[owner]
        return times[kept], owner[kept]

    def trains(
        self, start: Any = None, stop: Any = None, ids: ArrayLike | None = None
    ) -> list[NDArray[np.float64]]:
        """Return the spike times of each neuron, ascending arrays in ms.

        Parameters
        ----------
        start, stop : time, optional
        ids : array_like of int, optional
            Of these neurons, in this order; by default of all, by ascending id.
        """
        from ..analysis.intervals import trains  # noqa: PLC0415

        found = trains(*self.spikes(start, stop, ids), self.size)
        return found if ids is None else [found[k] for k in _local(ids, self)]

    def n_spikes(self, start: Any = None, stop: Any = None) -> int:
        """Return the number of spikes without reading them."""
        return self._recording.n_spikes(self.name, *_stretch(start, stop))

    def rate(
        self, bin: Any = 1.0, start: Any = None, stop: Any = None
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the population rate over time, computed from the spikes.

        Parameters
        ----------
        bin : time
        start, stop : time, optional
            By default what was recorded after the warm-up.

        Returns
        -------
        centres_ms : (n_bins,) ms
        rate : (n_bins,) Hz
            Spikes per neuron and second in each whole bin.
        """
        from ..analysis.metrics import stretch  # noqa: PLC0415
        from ..analysis.statistics import population_rate  # noqa: PLC0415

        width = milliseconds(bin, "bin")
        if not width or width <= 0:
            raise DescriptionError(f"bin is {bin!r}; it must be a positive time.")
        first, last = stretch(self._recording, *_stretch(start, stop))
        times, _ = self._recording.spikes(self.name, first, last)
        return population_rate(times, self.size, first, last, width)

    def states(
        self, variable: str, ids: ArrayLike | None = None, start: Any = None, stop: Any = None
    ) -> StateTrace:
        """Return a recorded variable; see :meth:`Recording.states`."""
        return self._recording.states(self.name, variable, ids=ids, start=start, stop=stop)

    def lfp(
        self,
        start: Any = None,
        stop: Any = None,
        *,
        weight: float = 1.65,
        delay_ms: float = 6.0,
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return the proxy of the field potential that ``Network.record_lfp`` recorded.

        Parameters
        ----------
        start, stop : time, optional
        weight, delay_ms : float
            See :func:`neurosim.analysis.signals.field_potential`.

        Returns
        -------
        times_ms : (n_samples,) ms
        lfp : (n_samples,), in standard deviations

        Raises
        ------
        RecordingError
            ``record_lfp`` was not asked for.
        """
        from ..analysis.signals import field_potential  # noqa: PLC0415

        named = {
            r.recorder.partition(":")[0].rpartition("-")[2]: r.recorder
            for r in self._recording.reports
            if r.population == self.name
        }
        if "lfp_exc" not in named or "lfp_inh" not in named:
            raise RecordingError(
                f"no field potential was recorded of {self.name!r} in {self._recording.path!r}. "
                "Declare network.record_lfp(population, 'I_exc', 'I_inh') before the run"
            )
        exc, inh = (self.states(named[k], None, start, stop) for k in ("lfp_exc", "lfp_inh"))
        step = float(np.diff(exc.times_ms[:2]).sum()) or 1.0
        shown = field_potential(exc.values, inh.values, step, weight=weight, delay_ms=delay_ms)
        return exc.times_ms, shown


def _stretch(start: Any, stop: Any) -> tuple[float | None, float | None]:
    return milliseconds(start, "start"), milliseconds(stop, "stop")


def _local(ids: ArrayLike, population: RecordedPopulation) -> NDArray[np.int64]:
    found = np.atleast_1d(np.asarray(ids))
    found = found if found.size else found.astype(np.int64)
    kind_is_wrong = found.dtype.kind not in "iu" or found.ndim != 1
    if kind_is_wrong or (found.size and not 0 <= found.min() <= found.max() < population.size):
        raise DescriptionError(
            f"ids of {population.name!r} are {ids!r}; give integers from 0 to "
            f"{population.size - 1}."
        )
    return found.astype(np.int64)

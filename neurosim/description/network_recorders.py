"""The part of Network that declares what is recorded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ..errors import DescriptionError, UnknownNameError
from .recorders import Recorder, check_window, make_recorder
from .synapse_recorders import SynapseRecorder, find_projection, make_synapse_recorder
from .views import PopulationView


class NetworkRecorders:
    """Recorders of a network.

    Attributes
    ----------
    recorders : list of Recorder
        Of variables; spikes are recorded of all populations unless ``record_spikes`` says which.
    synapse_recorders : list of SynapseRecorder
    """

    populations: Mapping[str, Any]
    sources: Mapping[str, Any]
    projections: list[Any]
    event_source: Any

    def __init__(self) -> None:
        super().__init__()
        self.recorders: list[Recorder] = []
        self.synapse_recorders: list[SynapseRecorder] = []
        self._spikes_of: list[str] | None = None

    def _own(self, neurons: Any, where: str) -> PopulationView:
        raise TypeError("recorders belong to a Network")

    def record(
        self,
        neurons: Any,
        variables: str | Iterable[str],
        *,
        every: Any = None,
        start: Any = None,
        stop: Any = None,
        name: str | None = None,
        synapses: Any = None,
    ) -> None:
        """Record variables, or ``"spikes"``, of neurons; or variables of synapses.

        Parameters
        ----------
        neurons : Population, SpikeSource, view or Projection
            Of a projection with a synapse model its synapses are recorded, as a step starts, and
            once more where the run ends.
        variables : str or list of str
            State variables, subexpressions, or expressions of them such as ``"g_e*(E_e - v)"``.
        every : Quantity, optional
            Sampling interval, a multiple of the run's dt; by default dt. Needed where all
            synapses are recorded.
        start, stop : Quantity, optional
            Sample from ``start`` on, until before ``stop``; by default all the time.
        name : str, optional
            A name for the recorder, by which the recording finds it.
        synapses : int or (n,) array of int, optional
            Of a projection: how many synapses, drawn at random, or which, in the order of
            ``Simulation.synapses``; by default all.
        """
        projection = self._projection(neurons)
        if projection is not None:
            self._record_synapses(projection, variables, (every, start, stop), name, synapses)
            return
        if synapses is not None:
            raise DescriptionError("record: synapses= is of a projection; give one, or its name.")
        listed = [variables] if isinstance(variables, str) else list(variables)
        if "spikes" in listed:
            self._record_spikes_of(self._own(neurons, "record"))
        target = self._own(neurons, "record")
        model = getattr(target.parent, "model", None)  # a spike source has none
        events = [n for n, _, _ in model.declared.events if n in listed] if model else []
        for event in events:
            _require_whole(target)
            self._record_spikes_of(self._own(self.event_source(target.name, event), "record"))
        rest = [variable for variable in listed if variable not in ("spikes", *events)]
        self._record(neurons, rest, "", (every, start, stop), name)

    def record_histogram(
        self,
        projection: Any,
        variable: str = "w",
        *,
        bins: Any,
        every: Any,
        start: Any = None,
        stop: Any = None,
        name: str | None = None,
    ) -> None:
        """Record how a variable of a projection's synapses is distributed, not each value.

        Parameters
        ----------
        projection : Projection or str
        variable : str
            A synaptic variable, or an expression of some.
        bins : (low, high, n)
            Quantities and a number: n equal bins, each with its lower end, the last one with
            both. What lies outside is counted as below or above.
        every, start, stop, name
            As of :meth:`record`.
        """
        found = self._projection(projection)
        if found is None:
            known = [p.name for p in self.projections]
            raise UnknownNameError("projection", projection, known, "record_histogram")
        self._record_synapses(found, variable, (every, start, stop), name, None, bins)

    def _projection(self, given: Any) -> Any:
        """Return the projection that is meant; None if neurons are."""
        if isinstance(given, str) and (given in self.populations or given in self.sources):
            return None
        return find_projection(self.projections, given, "record")

    def _record_synapses(
        self,
        projection: Any,
        variables: str | Iterable[str],
        times: tuple[Any, Any, Any],
        name: str | None,
        synapses: Any,
        bins: Any = None,
    ) -> None:
        window = check_window(*times, f"recorder of {projection.name!r}")
        for variable in [variables] if isinstance(variables, str) else list(variables):
            made = make_synapse_recorder(projection, variable, window, synapses, bins, name)
            self.synapse_recorders.append(replace(made, name=self._free(made.name)))

    def _free(self, name: str) -> str:
        taken = {r.name for r in self.recorders} | {r.name for r in self.synapse_recorders}
        return free_name(name, taken)

    def record_sum(
        self,
        neurons: Any,
        variable: str,
        *,
        every: Any = None,
        start: Any = None,
        stop: Any = None,
        name: str | None = None,
    ) -> None:
        """Record the sum of a variable or expression over neurons: one number per sample.

        Parameters as of :meth:`record`. The sum of a variable is exact up to its last rounding,
        so that it does not depend on the number of threads.
        """
        self._record(neurons, [variable], "sum", (every, start, stop), name)

    def record_mean(
        self,
        neurons: Any,
        variable: str,
        *,
        every: Any = None,
        start: Any = None,
        stop: Any = None,
        name: str | None = None,
    ) -> None:
        """Record the mean of a variable or expression over neurons; see :meth:`record_sum`."""
        self._record(neurons, [variable], "mean", (every, start, stop), name)

    def record_lfp(
        self,
        neurons: Any,
        excitatory: str,
        inhibitory: str,
        *,
        every: Any = None,
        start: Any = None,
        stop: Any = None,
    ) -> None:
        """Record what a proxy of the local field potential is computed from.

        Parameters
        ----------
        neurons : Population or view
            The excitatory neurons, which dominate the field potential.
        excitatory, inhibitory : str
            The currents through their excitatory and inhibitory synapses: variables such as
            ``"I_exc"``, or expressions such as ``"g_i*(E_i - v)"``.
        every, start, stop : Quantity, optional
            As of :meth:`record`.

        The sums of their magnitudes are recorded; ``Recording.lfp`` makes the proxy of Mazzoni
        et al. (2015) of them.
        """
        target = self._own(neurons, "record_lfp")
        for part, current in (("exc", excitatory), ("inh", inhibitory)):
            name = f"{target.name}-lfp_{part}"
            self._record(target, [f"abs({current})"], "sum", (every, start, stop), name)

    def _record(
        self,
        neurons: Any,
        variables: list[str],
        reduce: Any,
        times: tuple[Any, Any, Any],
        name: str | None,
    ) -> None:
        target = self._own(neurons, "record")
        window = check_window(*times, f"recorder of {target.label!r}")
        for variable in variables:
            made = make_recorder(target, variable, window, reduce, name)
            self.recorders.append(replace(made, name=self._free(made.name)))

    def record_spikes(self, neurons: Iterable[Any]) -> None:
        """Record the spikes of these populations and sources only (an empty list: of none)."""
        names = []
        for item in neurons:
            if isinstance(item, str):
                if item not in self.populations and item not in self.sources:
                    known = [*self.populations, *self.sources]
                    raise UnknownNameError("population", item, known, "record_spikes")
                names.append(item)
            else:
                target = self._own(item, "record_spikes")
                _require_whole(target)
                names.append(target.name)
        self._spikes_of = list(dict.fromkeys(names))

    @property
    def spikes_of(self) -> tuple[str, ...]:
        """Names of the populations and sources whose spikes are recorded."""
        everything = [*self.populations, *self.sources]
        if self._spikes_of is None:
            return tuple(everything)
        return tuple(name for name in everything if name in self._spikes_of)

    def _record_spikes_of(self, target: PopulationView) -> None:
        _require_whole(target)
        if self._spikes_of is not None and target.name not in self._spikes_of:
            self._spikes_of.append(target.name)


def _require_whole(target: PopulationView) -> None:
    if target.size != target.parent.size:
        raise DescriptionError(
            f"spikes are recorded of whole populations; {target.label!r} is a slice. Record "
            f"{target.name!r} and choose neurons when reading."
        )


def free_name(base: str, taken: set[str]) -> str:
    """Return ``base``, or ``base:2`` and so on when it is taken."""
    name, number = base, 2
    while name in taken:
        name, number = f"{base}:{number}", number + 1
    return name

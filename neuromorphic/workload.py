"""What a run did, in the counts that time and energy on a machine follow from."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..analysis import statistics
from ..analysis.metrics import stretch
from ..errors import AnalysisError
from ..recording.layout import PopulationLayout
from ..recording.reader import Recording
from .inputs import Chosen, chosen, input_rate

if TYPE_CHECKING:
    from .draft import Draft
    from .engine import RunFacts


@dataclass(frozen=True)
class Emitter:
    """A population of neurons (``neuron``) or a source of spikes: its size and its spikes."""

    size: int
    spikes: int
    neuron: bool = True


@dataclass(frozen=True)
class Connection:
    """A projection: names of the two populations, sizes, synapses and synaptic events.

    ``synapses`` is None where the run ended before they were built. ``plastic``: each has a model
    of its own, such as a learning rule.
    """

    pre: str
    post: str
    n_pre: int
    n_post: int
    synapses: int | None
    events: int
    plastic: bool = False


@dataclass(frozen=True)
class Workload:
    """What a run did.

    Attributes
    ----------
    steps : int
    dt : float
        Seconds of biological time.
    populations : dict of name to Emitter
        Populations and sources.
    projections : dict of name to Connection
    input_events : float
        Expected events of Poisson inputs: in-degree times rate times neurons times duration.
    first_spike : float or None
        Biological seconds from the start to the first spike of a neuron; None: none or unknown.
    sparsity, sparsity_window : float or None
        S [Xue 2025, eq. 16] and its window in seconds; None where spike times are not at hand.
    inferences : int
        Into how many equal tasks the run falls, for the figures per inference.
    resources : dict of str to float
        Hardware used, as the mapping report names it; what is missing is estimated.
    counts : dict of str to float
        Further counts, such as ``packets``, ``hops``, ``learning_updates``; and ``busiest``, the
        sum over steps of the synaptic events on the core that had most.
    notes : tuple of str
        What could not be counted.
    """

    steps: int
    dt: float
    populations: Mapping[str, Emitter] = field(default_factory=dict)
    projections: Mapping[str, Connection] = field(default_factory=dict)
    input_events: float = 0.0
    first_spike: float | None = None
    sparsity: float | None = None
    sparsity_window: float | None = None
    inferences: int = 1
    resources: Mapping[str, float] = field(default_factory=dict)
    counts: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def duration(self) -> float:
        """Biological seconds."""
        return self.steps * self.dt

    @property
    def neurons(self) -> int:
        """Neurons; sources of spikes do not count."""
        return sum(p.size for p in self.populations.values() if p.neuron)

    @property
    def spikes(self) -> int:
        """Spikes of neurons; those of sources do not count."""
        return sum(p.spikes for p in self.populations.values() if p.neuron)

    @property
    def synapses(self) -> int | None:
        """Synapses as instantiated; None where that is unknown."""
        found = [c.synapses for c in self.projections.values()]
        known = [n for n in found if n is not None]
        return sum(known) if len(known) == len(found) else None

    @property
    def synaptic_events(self) -> int:
        """Spikes of neurons and sources, times their fan-outs; Poisson inputs do not count."""
        return sum(c.events for c in self.projections.values())

    def count(self, what: str, neurons_per_destination: float = np.inf) -> float | None:
        """Return how often something happened; None where nothing tells.

        Parameters
        ----------
        what : str
            ``synaptic_events``, ``input_events``, ``neuron_updates``, ``spikes`` (sources
            included), ``packets``, ``learning_updates`` (events of plastic synapses), or a name
            among ``counts``.
        neurons_per_destination : float
            Neurons of a chip or core that a packet is copied to, where ``packets`` is estimated.
        """
        if what in self.counts:
            return float(self.counts[what])
        known = {
            "synaptic_events": float(self.synaptic_events),
            "input_events": float(self.input_events),
            "neuron_updates": float(self.neurons) * self.steps,
            "spikes": float(sum(p.spikes for p in self.populations.values())),
            "packets": self._packets(neurons_per_destination),
            "learning_updates": float(
                sum(c.events for c in self.projections.values() if c.plastic)
            ),
        }
        return known.get(what)

    def _packets(self, neurons_per_destination: float) -> float:
        """Return spikes, times the places that hold targets of a neuron: its synapses at most."""
        total = 0.0
        for name, emitter in self.populations.items():
            own = [c for c in self.projections.values() if c.pre == name]
            targets = {c.post: 0 for c in own}
            for connection in own:
                targets[connection.post] = max(targets[connection.post], connection.n_post)
            places = max(1, math.ceil(sum(targets.values()) / neurons_per_destination))
            fan_out = sum(c.synapses or 0 for c in own) / emitter.size
            total += emitter.spikes * min(places, fan_out)
        return total

    def until(self, seconds: float) -> Workload:
        """Return the part up to a biological time, events in proportion."""
        steps = min(self.steps, int(np.ceil(seconds / self.dt - 1e-9)))
        part = steps / self.steps
        return replace(
            self,
            steps=steps,
            populations={
                n: replace(p, spikes=round(p.spikes * part)) for n, p in self.populations.items()
            },
            projections={
                n: replace(c, events=round(c.events * part)) for n, c in self.projections.items()
            },
            input_events=self.input_events * part,
            counts={n: value * part for n, value in self.counts.items()},
        )

    @classmethod
    def of_recording(
        cls,
        recording: Recording,
        start_ms: float | None = None,
        stop_ms: float | None = None,
        *,
        window_ms: float = 100.0,
        inferences: int = 1,
    ) -> Workload:
        """Return what happened in a stretch of a recording, by default after the warm-up.

        Parameters
        ----------
        recording : Recording
        start_ms, stop_ms : float, optional
        window_ms : float
            Of the sparsity S.
        inferences : int

        Raises
        ------
        AnalysisError
            The stretch is empty or beyond the recording, or ``inferences`` is not positive.
        """
        if inferences < 1:
            raise AnalysisError(f"inferences={inferences} is not allowed; it must be 1 or more.")
        start, stop = stretch(recording, start_ms, stop_ms)
        counted = _Counted(recording, start, stop, window_ms)
        seconds = (stop - start) * 1e-3
        sizes = {name: p.size for name, p in recording.populations.items()}
        inputs, unknown = input_rate(recording.description, sizes)
        dt = recording.dt_ms * 1e-3
        return cls(
            steps=round(seconds / dt),
            dt=dt,
            populations=counted.populations,
            projections=counted.projections,
            input_events=inputs * seconds,
            first_spike=counted.first_spike,
            sparsity=counted.sparsity,
            sparsity_window=window_ms * 1e-3,
            inferences=inferences,
            notes=(*counted.notes, *unknown),
        )

    @classmethod
    def of_run(cls, draft: Draft, run: RunFacts, **changes: Any) -> Workload:
        """Return what a run on a platform did, its warm-up included.

        Parameters
        ----------
        draft : Draft
            Its report's ``resources`` are the hardware used; ``facts["counts"]``, if passes left
            it, holds further counts.
        run : RunFacts
        **changes
            Attributes of the result.
        """
        program = draft.program
        neurons = {p.name for p in program.populations}
        populations = {
            p.name: Emitter(p.size, run.spikes.get(p.name, 0), p.name in neurons)
            for p in program.emitters()
        }
        projections = {
            p.name: Connection(
                p.pre.population, p.post.population, p.pre.size, p.post.size,
                run.synapses.get(p.name), run.events.get(p.name, 0), p.synapse is not None,
            )
            for p in program.projections
        }  # fmt: skip
        sizes = {name: p.size for name, p in populations.items()}
        inputs, unknown = input_rate(draft.original.description, sizes)
        resources = {
            name: float(value)
            for name, value in draft.report.resources.items()
            if isinstance(value, int | float) and not isinstance(value, bool)
        }
        made = cls(
            steps=run.steps,
            dt=run.dt,
            populations=populations,
            projections=projections,
            input_events=inputs * run.steps * run.dt,
            resources=resources,
            counts=dict(draft.facts.get("counts", {})),
            notes=unknown,
        )
        return replace(made, **changes)


class _Counted:
    """Spikes and synaptic events of a stretch of a recording."""

    def __init__(self, recording: Recording, start: float, stop: float, window_ms: float) -> None:
        self._recording, self._stretch, self._window = recording, (start, stop), window_ms
        self.populations: dict[str, Emitter] = {}
        self.notes: list[str] = []
        self.first_spike: float | None = None
        self._active, self._observed = 0, 0
        self._windows = statistics.whole_bins(start, stop, window_ms)
        if recording.structures:
            self.notes.append("synapses come and go; fan-outs are those of the beginning")
        plastic = {
            given.get("name")
            for given in recording.description.get("projections", ())
            if "synapse" in given
        }
        spikes = {name: self._count(p) for name, p in recording.populations.items()}
        self.projections = {
            name: Connection(
                p.pre, p.post, p.n_pre, p.n_post, recording.synapse_counts[name],
                self._events(name, spikes[p.pre]), name in plastic,
            )
            for name, p in recording.projections.items()
        }  # fmt: skip

    @property
    def sparsity(self) -> float | None:
        """S over the windows of the stretch."""
        cells = self._observed * self._windows
        return 1.0 - self._active / cells if cells else None

    def _count(self, population: PopulationLayout) -> np.ndarray | None:
        """Return spikes of each neuron, and note what all of them did."""
        neuron = population.kind == "neuron"
        if not population.spikes:
            self.populations[population.name] = Emitter(population.size, 0, neuron)
            self.notes.append(f"spikes of {population.name!r} were not recorded; not counted")
            return None
        start, stop = self._stretch
        times, ids = self._recording.spikes(population.name, start, stop)
        self.populations[population.name] = Emitter(population.size, int(times.size), neuron)
        if neuron:
            self._observed += population.size
            self._active += int(
                statistics.active_neurons(
                    times, ids, population.size, start, stop, window_ms=self._window
                ).sum()
            )
            if times.size:
                first = float(times[0] - start) * 1e-3
                earlier = first if self.first_spike is None else self.first_spike
                self.first_spike = min(first, earlier)
        return np.bincount(ids, minlength=population.size)

    def _events(self, name: str, spikes: np.ndarray | None) -> int:
        """Return the spikes that reached the projection, times their out-degrees."""
        if spikes is None or self._recording.synapse_counts[name] is None:
            return 0
        degrees = self._recording.outdegree(name).astype(np.int64)
        pre = self._senders(name, spikes.size)
        sent = spikes[pre.first : pre.stop : pre.step]
        if sent.size == degrees.size:
            return int(degrees @ sent)
        self.notes.append(f"{name!r}: events of {pre.size} neurons taken as those of {sent.size}")
        return round(float(degrees.mean()) * pre.size * float(sent.mean()))

    def _senders(self, name: str, size: int) -> Chosen:
        layout = self._recording.projections[name]
        for given in self._recording.description.get("projections", ()):
            if given.get("name") == name:
                found = chosen(str(given.get("pre", "")), {layout.pre: size})
                if found is not None and found.size == layout.n_pre:
                    return found
        return Chosen(layout.pre_start, layout.pre_start + layout.n_pre, 1, layout.n_pre)

"""Reads recordings: everything a run left, from the file alone."""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import h5py
import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import RecordingError, UnknownNameError
from . import guard, machine, network, schema, structure_store
from .clock import StepClock
from .digest import SpikeDigest
from .layout import PopulationLayout, ProjectionLayout
from .machine import RecordedPlatform
from .population import RecordedPopulation
from .states import StateReader, StateTrace, find_report
from .synapse_reader import synapse_reports
from .synapses import RecordedSynapses
from .times import milliseconds
from .tools import RecordingTools

_BLOCK = 4_000_000
"""Spikes held in memory at once when the whole recording is gone through."""


def read(path: str | os.PathLike[str]) -> Recording:
    """Open a recording.

    Only files written by this package, with their ``/neurosim`` group, are recordings; other
    SONATA spike files lack the network that metrics need and are refused.

    Raises
    ------
    RecordingError
        The file is missing, not HDF5, truncated, damaged, of another program, or one rank's
        part of a run.
    """
    recording = Recording(path)
    network.refuse_one_rank(recording.part, recording.path)
    return recording


class Recording(RecordingTools):
    """One run: its network, provenance, spikes and states; data is read when asked for.

    Also works while the run is going on or after it was killed; ``complete`` tells.

    Attributes
    ----------
    path : str
    populations : dict of name to PopulationLayout
        In order of declaration, sources last; each with ``n``, ``first_id``, ``kind``.
    projections : dict of name to ProjectionLayout
    synapse_counts : dict of name to int or None
        Synapses of each projection, None when the run ended before they were built.
    reports : tuple of Report
    synapse_reports : tuple of SynapseReportInfo
    dt_ms, warmup_ms, stop_ms, duration_ms : float
        Resolution; time before the measured part; end of what is recorded; recorded length
        of the measured part.
    seed : int
    n_ranks, threads : int
        Ranks that ran it together, and threads of each.
    part : Part
        Of what the file is a part, where a run is recorded in several files.
    engine, precision, status : str
    complete : bool
    bytes_per_synapse : float
    timings : dict of str to float
        Seconds per phase.
    summary, description, provenance : dict
    clock : StepClock
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)
        with guard.opened(path) as file:
            if not isinstance(file.get("neurosim"), h5py.Group):
                raise RecordingError(
                    f"{self.path!r} has no group /neurosim: it is HDF5 but not a recording of "
                    "neurosim (spike files of other programs lack the network; read them with "
                    "their own tools)"
                )
            own = file["neurosim"]
            version = guard.scalar(own.attrs, "schema_version", "iu")
            if version > schema.SCHEMA_VERSION:
                raise RecordingError(
                    f"{self.path!r} was written by a newer neurosim (schema {version}, this "
                    f"version reads up to {schema.SCHEMA_VERSION}); upgrade neurosim"
                )
            self._read_attributes(own)
            self._read_network(file)

    def _read_attributes(self, own: h5py.Group) -> None:
        attributes = own.attrs
        self.dt_ms = guard.scalar(attributes, "dt_ms", "f")
        if not 0 < self.dt_ms < np.inf:
            raise ValueError(f"dt_ms is {self.dt_ms}")
        self.clock = StepClock(self.dt_ms)
        self.warmup_ms = guard.scalar(attributes, "warmup_ms", "f")
        steps = guard.count(guard.scalar(attributes, "steps_recorded", "iu"), "steps_recorded")
        self.stop_ms = float(self.clock.time_ms(steps))
        self.duration_ms = max(0.0, self.stop_ms - self.warmup_ms)
        self.seed = guard.scalar(attributes, "seed", "iu")
        self.threads = guard.scalar(attributes, "threads", "iu")
        self.part = network.part(attributes)
        self.n_ranks = self.part.n_ranks
        self.engine = guard.text(attributes, "engine")
        self.precision = guard.text(attributes, "precision")
        self.status = guard.text(attributes, "status")
        self.complete = bool(guard.scalar(attributes, "completed", "iub"))
        self.bytes_per_synapse = guard.scalar(attributes, "bytes_per_synapse", "f")
        self.summary = guard.json_object(guard.text(attributes, "summary"), "the summary")
        described = own["description"][()]
        self.description = guard.json_object(described.decode(), "the description")
        self.timings = {key: guard.scalar(own["timings"].attrs, key, "f") for key in schema.TIMINGS}
        self.provenance = {
            key: guard.plain(guard.attribute(attributes, key))
            for key in attributes
            if key != "summary"
        }

    def _read_network(self, file: h5py.File) -> None:
        own = file["neurosim"]
        self.populations = {p.name: p for p in network.populations(own["populations"])}
        self.projections: dict[str, ProjectionLayout] = {}
        self.synapse_counts: dict[str, int | None] = {}
        for projection, n_synapses in network.projections(own["projections"]):
            self.projections[projection.name] = projection
            self.synapse_counts[projection.name] = n_synapses
        self.reports = tuple(network.reports(file, self.populations))
        self.structures = structure_store.names(file)
        self.synapse_reports = tuple(synapse_reports(own, [*self.projections]))

    @property
    def neurons(self) -> dict[str, PopulationLayout]:
        """The populations of neurons, without the sources."""
        return {k: p for k, p in self.populations.items() if p.kind == "neuron"}

    @property
    def n_neurons(self) -> int:
        """Number of neurons; sources do not count."""
        return sum(p.size for p in self.neurons.values())

    @property
    def n_synapses(self) -> int | None:
        """Number of synapses of all projections, None when not all were built."""
        counts = [c for c in self.synapse_counts.values() if c is not None]
        return sum(counts) if len(counts) == len(self.synapse_counts) else None

    def outdegree(self, projection: str) -> NDArray[np.uint32]:
        """Return the number of synapses of each presynaptic neuron, (n_pre,)."""
        self._known("projection", projection, self.projections)
        self.require_data()
        with guard.opened(self.path) as file:
            path = f"neurosim/projections/{projection}"
            return guard.table(file, f"{path}/outdegree", "u")[()]

    @property
    def platform(self) -> RecordedPlatform | None:
        """The neuromorphic machine it was run as, with its reports; None: on none."""
        with guard.opened(self.path) as file:
            return machine.platform_of(file)

    def spikes(
        self, population: str, start_ms: float | None = None, stop_ms: float | None = None
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Return the spikes of a population in [start_ms, stop_ms).

        Returns
        -------
        times_ms : (n_spikes,) ms, ascending
        ids : (n_spikes,) int64
            Local ids.

        Raises
        ------
        UnknownNameError
            There is no such population.
        RecordingError
            Its spikes were not recorded, or the file is damaged.
        """
        self._recorded(population)
        with guard.opened(self.path) as file:
            return self._spikes(file, population, start_ms, stop_ms)

    def _spikes(
        self, file: h5py.File, population: str, start_ms: float | None, stop_ms: float | None
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        bounds = _bounds(file[f"spikes/{population}"], start_ms, stop_ms)
        return self._spike_rows(file, population, *bounds)

    def _spike_rows(
        self, file: h5py.File, population: str, first: int, last: int
    ) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        group = file[f"spikes/{population}"]
        found_times = group["timestamps"][first:last]
        found_ids = group["node_ids"][first:last].astype(np.int64)
        guard.ascending(found_times, population)
        if found_ids.size and not 0 <= found_ids.min() <= found_ids.max() < self._size(population):
            raise ValueError(f"spikes of {population!r} have ids beyond its size")
        return found_times, found_ids

    def spike_blocks(
        self,
        population: str,
        start_ms: float | None = None,
        stop_ms: float | None = None,
        most: int = 1_000_000,
    ) -> Iterator[tuple[NDArray[np.float64], NDArray[np.int64]]]:
        """Yield the spikes of :meth:`spikes` in pieces of at most ``most``."""
        self._recorded(population)
        with guard.opened(self.path) as file:
            first, last = _bounds(file[f"spikes/{population}"], start_ms, stop_ms)
            for low in range(first, last, most):
                yield self._spike_rows(file, population, low, min(low + most, last))

    def n_spikes(
        self, population: str, start_ms: float | None = None, stop_ms: float | None = None
    ) -> int:
        """Return the number of spikes in [start_ms, stop_ms) without reading them."""
        self._recorded(population)
        with guard.opened(self.path) as file:
            first, last = _bounds(file[f"spikes/{population}"], start_ms, stop_ms)
            return last - first

    def state(
        self,
        population: str,
        variable: str,
        start_ms: float | None = None,
        stop_ms: float | None = None,
        *,
        recorder: str | None = None,
    ) -> StateTrace:
        """Return a recorded variable in [start_ms, stop_ms).

        Parameters
        ----------
        population, variable : str
        start_ms, stop_ms : float, optional
        recorder : str, optional
            Name of the recorder, when several recorded the same variable; else the first.
        """
        return self._state(population, variable, recorder, None, start_ms, stop_ms)

    def states(
        self,
        population: str,
        variable: str,
        *,
        ids: ArrayLike | None = None,
        start: Any = None,
        stop: Any = None,
        recorder: str | None = None,
    ) -> StateTrace:
        """Return a recorded variable of some neurons in a stretch of time, reading only that.

        Parameters
        ----------
        population : str
        variable : str
            As it was recorded (``"v"``, ``"sum(v)"``, an expression), or the recorder's name.
        ids : array_like of int, optional
            Local ids, in the order wanted; by default all that were recorded.
        start, stop : number in ms or Quantity, optional
            From ``start`` up to, not including, ``stop``.
        recorder : str, optional
            Name of the recorder, when several recorded the same variable; else the first.

        Raises
        ------
        UnknownNameError, DescriptionError
            It was not recorded, or not of these neurons.
        """
        times = milliseconds(start, "start"), milliseconds(stop, "stop")
        return self._state(population, variable, recorder, ids, *times)

    def _state(
        self,
        population: str,
        variable: str,
        recorder: str | None,
        ids: ArrayLike | None,
        start_ms: float | None,
        stop_ms: float | None,
    ) -> StateTrace:
        self.require_data()
        report = find_report(self.reports, population, variable, recorder, self.path)
        with guard.opened(self.path) as file:
            reader = StateReader(file, report, self.clock)
            columns = reader.columns(ids)
            first, last = reader.rows(start_ms, stop_ms)
            chosen = reader.ids if columns is None else reader.ids[columns]
            values = reader.read(first, last, columns)
            return StateTrace(reader.times_ms(first, last), values, chosen, reader.unit)

    def __getitem__(self, population: str) -> RecordedPopulation:
        """Return a population, to read its spikes and states from."""
        self._known("population", population, self.populations)
        return RecordedPopulation(self, self.populations[population])

    def synapses(self, projection: str | None = None) -> RecordedSynapses:
        """Return what was recorded of the synapses of a projection.

        Without a name: of the only one of which something was.
        """
        recorded = list(dict.fromkeys(r.projection for r in self.synapse_reports))
        if projection is None and len(recorded) == 1:
            projection = recorded[0]
        if projection not in recorded:
            raise UnknownNameError("recorded projection", str(projection), recorded, self.path)
        return RecordedSynapses(self, str(projection))

    def spikes_sha256(self) -> str:
        """Return the SHA-256 of all recorded spikes, sources included (see SpikeDigest)."""
        self.require_data()
        digest = SpikeDigest()
        with guard.opened(self.path) as file:
            for steps, ids in self._all_spikes(file):
                digest.update(steps, ids)
        return digest.hexdigest()

    def _all_spikes(self, file: h5py.File) -> Iterator[tuple[NDArray, NDArray]]:
        """Yield (steps, network-wide ids) sorted by step and id, a stretch of time at a time."""
        recorded = [p for p in self.populations.values() if p.spikes]
        total = sum(len(file[f"spikes/{p.name}/timestamps"]) for p in recorded)
        n_steps = round(self.stop_ms / self.dt_ms)
        edges = np.linspace(0, n_steps, 2 + total // _BLOCK).astype(np.int64)[1:-1]
        bounds = [None, *((edges - 0.5) * self.dt_ms), None]
        for start, stop in pairwise(bounds):
            none = np.empty(0, np.int64)
            parts = [(p, *self._spikes(file, p.name, start, stop)) for p in recorded]
            steps = np.concatenate([none, *(self.clock.steps(times) for _, times, _ in parts)])
            ids = np.concatenate([none, *(local + p.first_id for p, _, local in parts)])
            order = np.lexsort((ids, steps))
            yield steps[order], ids[order]

    def __repr__(self) -> str:
        state = "complete" if self.complete else self.status
        return f"<Recording {self.path!r}: {self.n_neurons} neurons, {self.stop_ms:g} ms, {state}>"

    def require_data(self) -> None:
        """Raise RecordingError if the data are in the ranks' own files, not in this one yet."""
        network.refuse_without_data(self.part, self.path)

    def _recorded(self, population: str) -> None:
        self._known("population", population, self.populations)
        self.require_data()
        if not self.populations[population].spikes:
            raise RecordingError(f"the spikes of {population!r} were not recorded in {self.path!r}")

    def _size(self, population: str) -> int:
        return self.populations[population].size

    def _known(self, kind: str, name: str, known: dict[str, Any]) -> None:
        if name not in known:
            raise UnknownNameError(kind, name, known, f"recording {self.path!r}")


def _bounds(group: h5py.Group, start_ms: float | None, stop_ms: float | None) -> tuple[int, int]:
    """Return the rows of the spikes in [start_ms, stop_ms), reading only a few of them."""
    times = guard.table(group, "timestamps", "f")
    # A killed run may have got further in one of the two.
    n = min(len(times), len(guard.table(group, "node_ids", "iu")))
    first = 0 if start_ms is None else bisect_left(times, start_ms, 0, n)
    last = n if stop_ms is None else bisect_left(times, stop_ms, first, n)
    return first, last

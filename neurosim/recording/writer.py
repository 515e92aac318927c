"""Writes a recording while the simulation runs: crash-safe, bounded in memory, SONATA."""

from __future__ import annotations

import os
import time
import uuid
import weakref
from collections.abc import Iterable, Mapping, Sequence
from types import TracebackType
from typing import Any, Protocol, Self

import h5py
import numpy as np
from numpy.typing import NDArray

from ..errors import NeurosimError, RecordingWriteError
from . import provenance, schema
from .clock import StepClock
from .layout import Layout
from .machine import MachineStore
from .ordered_file import OPEN_OPTIONS, OrderedFile
from .state_store import state_store
from .structure_store import StructureStore
from .synapse_store import SynapseStore, extend

_SPILL_BYTES = 4 << 20
_EARLY_BYTES = 8 << 20  # worth writing before a flush is due, while the simulation goes on
_CHANGING = {*schema.NUMBERS, *schema.TEXT_WIDTHS, *schema.TIMINGS} - {
    "completed",
    "steps_recorded",
    "n_synapses",
}


class ChunkLike(Protocol):
    """What ``append`` reads of a chunk (see ``engines.base.Chunk``)."""

    @property
    def first_step(self) -> int:
        """Where the stretch starts."""

    @property
    def n_steps(self) -> int:
        """Its length."""

    @property
    def spike_steps(self) -> NDArray[np.int64]:
        """Sorted, (n_spikes,)."""

    @property
    def spike_ids(self) -> NDArray[np.int64]:
        """Network-wide, (n_spikes,)."""

    @property
    def states(self) -> Sequence[NDArray]:
        """One (n_samples, width) array per state recorder."""


class RecordingWriter:
    """Record spikes and states into one HDF5 file as the simulation produces them.

    The file appears at ``path`` with all that is known before the simulation; from then on it
    can be opened at any moment, also after ``kill -9``, and holds everything up to the last
    flush. Use as a context manager and call :meth:`finish` at the end; leaving without it
    marks the recording as interrupted or failed and keeps what there is.

    Do not let signals raise inside :meth:`append`, :meth:`flush` or :meth:`finish`.

    Parameters
    ----------
    path : path
        Replaced if it exists; its folder must exist.
    layout : Layout
    dt_ms : float
        Length of a step.
    seed : int
    engine, precision, compiler : str
    threads : int
    warmup_ms, duration_ms : float
        Simulated time before the measured part and the length planned for that part.
    flush_interval_s : float
        At most this much wall time passes between an ``append`` and its data being on the way
        to disk, as long as ``append`` goes on being called. A thread writes it meanwhile.
    max_pending_bytes : int
        Data waiting in memory is written to disk beyond this size, whatever the time.
    first_step : int
        Where the data start, when an earlier recording holds what was before.
    facts : mapping, optional
        Further attributes that do not change, such as ``n_ranks``; they go before what is
        known of this process.
    collected : mapping, optional
        Where the recording comes from, if not from this process.

    Raises
    ------
    RecordingWriteError
        The file cannot be created or written. What was flushed before stays readable.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        layout: Layout,
        dt_ms: float,
        *,
        seed: int = 0,
        engine: str = "",
        precision: str = "double",
        threads: int = 0,
        compiler: str = "",
        warmup_ms: float = 0.0,
        duration_ms: float = float("nan"),
        flush_interval_s: float = 1.0,
        max_pending_bytes: int = 64 << 20,
        first_step: int = 0,
        facts: Mapping[str, Any] | None = None,
        collected: Mapping[str, Any] | None = None,
    ) -> None:
        self.path = os.fspath(path)
        self.layout = layout
        self._clock = StepClock(dt_ms)
        self._interval, self._limit = flush_interval_s, max_pending_bytes
        self._first_ids = np.array([p.first_id for p in layout.populations], dtype=np.int64)
        self._spikes: list[list[tuple[NDArray, NDArray]]] = [[] for _ in layout.populations]
        self._buffered = self._ahead = 0
        self._first_step = self._steps = first_step
        self._steps_on_disk = -1
        self._flushed = float("-inf")
        self._summary = "{}"
        self._built: dict[str, int] = {}  # synapses of each projection
        self._changes: dict[str, Any] = {}
        self._ordered = OrderedFile(path)
        self._file = h5py.File(self._ordered, "w", **OPEN_OPTIONS)
        # HDF5 would otherwise call into a finalised interpreter when it closes the file itself.
        self._closer = weakref.finalize(self, _close_both, self._file, self._ordered)
        fixed = {
            **(provenance.collect() if collected is None else collected),
            "run_id": uuid.uuid4().hex,
            "n_ranks": np.int64(1),
            "dt_ms": self._clock.dt_ms,
            "seed": _seed(seed),
            "engine": engine,
            "precision": precision,
            "warmup_ms": float(warmup_ms),
            "start_time": provenance.now(),
            **(facts or {}),
        }
        try:
            schema.create(self._file, layout, fixed, schema.to_json(dict(layout.description)))
            self._states = {
                index: state_store(self._file, self._ordered, name, layout.states[index])
                for index, name in enumerate(layout.report_names())
                if layout.states[index].width
            }
            self._synapses = SynapseStore(self._file, self._ordered, layout, self._commit_early)
            self._structure = StructureStore(self._file)
            self._machine = MachineStore(self._file)
            self.update(
                threads=threads, compiler=compiler, duration_ms=duration_ms, status="running"
            )
            self.flush()
        except BaseException:
            self._closer()
            raise

    def update(self, **attributes: Any) -> None:
        """Change attributes of the recording; they are on disk after the next flush.

        Parameters
        ----------
        **attributes
            ``threads``, ``compiler``, ``duration_ms``, ``bytes_per_synapse``,
            ``real_time_factor``, ``spikes_sha256``, ``status``, or a timing: ``compile_s``,
            ``build_s``, ``warmup_s``, ``simulate_s``, ``update_s``, ``deliver_s``, ``record_s``.
        """
        for key in attributes:
            if key not in _CHANGING:
                raise TypeError(f"a recording has no changing attribute {key!r}")
        self._changes.update(attributes)

    def set_synapses(self, projection: str, n_synapses: int, outdegree: NDArray) -> None:
        """Store what was built for a projection.

        Parameters
        ----------
        projection : str
        n_synapses : int
            As instantiated in memory.
        outdegree : (n_pre,) uint32
            Synapses of each presynaptic neuron; they must add up to ``n_synapses``.
        """
        self.set_synapse_blocks(projection, n_synapses, [outdegree])

    def set_synapse_blocks(
        self, projection: str, n_synapses: int, outdegrees: Iterable[NDArray]
    ) -> None:
        """Store what was built for a projection, its out-degrees in pieces, one by one."""
        group = self._file[f"neurosim/projections/{projection}"]
        total = first = 0
        for degrees in outdegrees:
            group["outdegree"][first : first + len(degrees)] = degrees
            first += len(degrees)
            total += int(np.sum(degrees, dtype=np.int64))
            if self._ordered.pending_bytes > _EARLY_BYTES:
                self._commit_early()
        if total != n_synapses:
            raise NeurosimError(
                f"projection {projection!r} has {n_synapses} synapses but its out-degrees add up "
                f"to {total}: the engine's account of its synapses is wrong, please report it"
            )
        group.attrs.modify("n_synapses", np.int64(n_synapses))
        self._built[projection] = n_synapses
        if len(self._built) == len(self.layout.projections):
            self._changes["n_synapses"] = sum(self._built.values())

    @property
    def synapses(self) -> SynapseStore:
        """What takes the samples of recorders of synapses."""
        self._check_open()
        return self._synapses

    @property
    def structure(self) -> StructureStore:
        """What takes the numbers of synapses that came and went."""
        self._check_open()
        return self._structure

    @property
    def machine(self) -> MachineStore:
        """What takes the account of a run on a neuromorphic machine."""
        self._check_open()
        return self._machine

    def append(self, chunk: ChunkLike) -> None:
        """Add the spikes and states of the next stretch of simulation.

        Raises
        ------
        RecordingWriteError
            The disk is full or fails; see the class.
        """
        self._check_open()
        owner = np.searchsorted(self._first_ids, chunk.spike_ids, side="right") - 1
        for index, population in enumerate(self.layout.populations):
            if not population.spikes:
                continue
            mine = np.flatnonzero(owner == index)
            if mine.size:
                ids = (chunk.spike_ids[mine] - population.first_id).astype(np.uint64)
                self._spikes[index].append((chunk.spike_steps[mine], ids))
                self._buffered += 2 * ids.nbytes
        for index, store in self._states.items():
            store.append(chunk.states[index])
        self._steps = chunk.first_step + chunk.n_steps
        if self._buffered > min(_SPILL_BYTES, self._limit):
            self._spill()
        late = time.monotonic() - self._flushed > self._interval
        pending = self._buffered + self._ordered.pending_bytes
        if late or self._ahead + pending > self._limit:
            self._flush(wait=False)
        elif pending > _EARLY_BYTES:
            self._commit(None, wait=False)
            self._ahead += pending

    def flush(self) -> None:
        """Put everything appended so far on disk, and return once it is there.

        Raises
        ------
        RecordingWriteError
            The disk is full or fails; see the class.
        """
        self._flush(wait=True)

    def _flush(self, *, wait: bool) -> None:
        self._check_open()
        self._spill()
        end = float(self._clock.time_ms(self._steps))
        safe = f"everything up to {end:g} ms of simulated time"
        # The attributes and times that speak of the data follow it, never the other way round.
        if self._changes or self._steps != self._steps_on_disk:
            self._commit(None, wait)
            self._write_changes()
            self._steps_on_disk = self._steps
        self._commit(safe, wait)
        self._flushed, self._ahead = time.monotonic(), 0

    def finish(self, summary: Mapping[str, Any] | None = None, status: str = "complete") -> None:
        """Flush, store the summary of the run, mark the recording and close it.

        Parameters
        ----------
        summary : mapping
            Anything that JSON can hold. Keys that :meth:`update` knows are also stored as
            attributes; ``timings`` may hold the timings as a mapping of its own.
        status : str
            ``"complete"``, ``"interrupted"`` or ``"failed: ..."``; only the first sets the
            ``completed`` flag.
        """
        self._check_open()
        summary = dict(summary or {})
        for key, value in {**summary, **dict(summary.get("timings") or {})}.items():
            if key in _CHANGING and value is not None:
                self._changes[key] = value
        self._summary = schema.summary_text(summary)
        self._end(status)

    def close(self, status: str = "interrupted") -> None:
        """Close the file, keeping what there is; after an error, what was flushed before it."""
        if self._closer.alive:
            if self._ordered.failed:
                self._closer()
            else:
                self._end(status)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None or isinstance(error, KeyboardInterrupt):
            self.close("interrupted")
        else:
            self.close(f"failed: {type(error).__name__}: {error}")

    def _end(self, status: str) -> None:
        self._changes.update(
            status=status, completed=status == "complete", end_time=provenance.now()
        )
        try:
            self.flush()
        finally:
            self._closer()

    def _check_open(self) -> None:
        if self._ordered.failed:
            self._ordered.commit()
        if not self._closer.alive:
            raise RecordingWriteError(f"the recording {self.path!r} is closed; start a new one")

    def _spill(self) -> None:
        """Hand the buffered arrays to HDF5."""
        for index, parts in enumerate(self._spikes):
            if parts:
                group = self._file[f"spikes/{self.layout.populations[index].name}"]
                steps = np.concatenate([part[0] for part in parts])
                extend(group["timestamps"], self._clock.time_ms(steps))
                extend(group["node_ids"], np.concatenate([part[1] for part in parts]))
                parts.clear()
        for store in self._states.values():
            store.flush()
        self._synapses.flush()
        self._structure.flush()
        self._buffered = 0

    def _write_changes(self) -> None:
        own = self._file["neurosim"]
        changes = {**self._changes, "steps_recorded": self._steps}
        for key, value in changes.items():
            if key in schema.TEXT_WIDTHS:
                text = schema.fixed_text(str(value), schema.TEXT_WIDTHS[key])
                own.attrs.modify(key, text)
            elif key in schema.NUMBERS:
                own.attrs.modify(key, schema.NUMBERS[key].dtype.type(value))
            else:
                own["timings"].attrs.modify(key, np.float64(value))
        if self._summary != "{}":
            own.attrs.modify("summary", schema.fixed_text(self._summary, schema.SUMMARY_WIDTH))
        names = self.layout.report_names()
        for index, store in self._states.items():
            state = self.layout.states[index]
            rows = state.samples_before(self._first_step) + store.n_rows
            stop = self._clock.time_ms(state.start + rows * state.every)
            self._file[f"report/{names[index]}/mapping/time"][1] = stop
        self._changes.clear()

    def _commit_early(self) -> None:
        self._commit(None, wait=False)

    def _commit(self, safe_until: str | None, wait: bool) -> None:
        self._file.flush()
        self._ordered.commit(safe_until, wait=wait)


def _close_both(file: h5py.File, ordered: OrderedFile) -> None:
    file.close()
    ordered.close()


def _seed(seed: int) -> np.generic:
    return np.uint64(seed) if seed >= 0 else np.int64(seed)

"""Replacing the synapses of a projection while the network runs, on the native engine."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Mapping
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from ...errors import CheckpointError
from ...lowering.program import Program, ProjectionProgram
from ...parallel.communicator import Communicator
from ..base import SYNAPSE
from ..recent import RecentSpikes
from .synapse_access import SynapseAccess

Ints = NDArray[np.int64]
_Int64s = ctypes.POINTER(ctypes.c_int64)


class Structure:
    """The restructured projections of a built network.

    What ranks tell each other of their synapses changes with these; they do so before the next
    step (:meth:`settle`), once for all that was replaced.

    Parameters
    ----------
    library, network
        The compiled runtime, and its network.
    program : Program
    access : SynapseAccess
    communicator : Communicator
    recent : RecentSpikes
    n_channels : int
        Events besides spikes that presynaptic pathways listen to.
    give_up : callable
        Raises the error of a call that failed, given what was done.
    """

    def __init__(
        self,
        library: Any,
        network: int,
        program: Program,
        access: SynapseAccess,
        communicator: Communicator,
        recent: RecentSpikes,
        n_channels: int,
        give_up: Callable[[str], NoReturn],
    ) -> None:
        self._library, self._network, self._program = library, network, program
        self._access, self._communicator, self._recent = access, communicator, recent
        self._n_channels, self._give_up = n_channels, give_up
        with_model = [p.name for p in program.projections if p.synapse is not None]
        self._general = {name: index for index, name in enumerate(with_model)}
        self._changed = False
        self._restored: dict[str, Ints] = {}

    def replace(
        self,
        projection: ProjectionProgram,
        table: NDArray[np.void],
        kept: Ints,
        values: Mapping[str, NDArray[np.float64]],
        step: int,
    ) -> None:
        """Replace synapses as ``step`` starts; see ``Executable.replace_synapses``."""
        name, access = projection.name, self._access
        before = {variable: access.stored(name, variable) for variable in values}
        keeps = projection.synapse is not None and bool(projection.synapse.code.settling.variables)
        last = access.last_events(name) if keeps else np.empty(0, np.int64)
        self.lay_out(projection, table)
        old = kept >= 0
        for variable, new in values.items():
            whole = np.empty(kept.size)
            whole[old], whole[~old] = before[variable][kept[old]], new
            access.store(name, variable, whole)
        if keeps:
            steps = np.full(kept.size, step, np.int64)
            steps[old] = last[kept[old]]
            access.set_last_events(name, steps)
        self._enter(projection, step)

    def lay_out(self, projection: ProjectionProgram, table: NDArray[np.void]) -> None:
        """Have the synapses of a table, without values and without spikes on their way."""
        columns = (
            projection.pre.positions_of(_global_ids(projection.pre, table["source"])),
            table["target"],
            table["delay"],
        )
        arrays = [np.ascontiguousarray(column, np.int64) for column in columns]
        pointers = [array.ctypes.data_as(_Int64s) for array in arrays]
        general = self._general[projection.name]
        if self._library.neurosim_replace(self._network, general, table.size, *pointers):
            self._give_up(f"restructuring {projection.name!r}")
        self._access.forget(projection.name)
        self._changed = True

    def column(self, projection: str, name: str) -> Ints:
        """Return ``source`` or ``delay`` of the synapse table, for a checkpoint."""
        return np.ascontiguousarray(self._access.table(projection)[name], np.int64)

    def put(self, projection: ProjectionProgram, name: str, values: Ints) -> None:
        """Take back ``counts`` of the rank's neurons, then ``source``, then ``delay``.

        Raises
        ------
        CheckpointError
            They are of no synapses of this projection.
        """
        self._restored[name] = values
        if name != "delay":
            return
        counts, source, delay = (self._restored.pop(n) for n in ("counts", "source", "delay"))
        share, pre, post = self._program.share, projection.pre, projection.post
        targets = np.repeat(share.ids(self._program.population(post.population).size), counts)
        known = pre.positions_of(_global_ids(pre, source)) < pre.size
        ours = post.positions_of(_global_ids(post, targets)) < post.size
        longest = self._program.largest_delay
        if not (known.all() and ours.all() and ((delay >= 0) & (delay <= longest)).all()):
            raise CheckpointError(
                f"the checkpoint's synapses of {projection.name!r} do not fit this network: the "
                "file is damaged or of another network. Resume from an earlier checkpoint."
            )
        table = np.empty(source.size, SYNAPSE)
        table["source"], table["target"], table["delay"] = source, targets, delay
        self.lay_out(projection, table)

    def _enter(self, projection: ProjectionProgram, step: int) -> None:
        """Let the spikes on their way reach the synapses that are there now."""
        synapse = projection.synapse
        if synapse is None:
            return
        spikes = self._spikes(step)
        # those of the last few steps will be entered in time
        due = spikes[spikes[:, 0] < step - self._program.smallest_delay]
        from_source = _located(due, projection.pre.positions_of(due[:, 1]), projection.pre.size)
        population = self._program.population(projection.post.population)
        from_target = _located(spikes, spikes[:, 1] - population.first_id, population.size)
        for path, (code, delay) in enumerate(
            zip(synapse.code.pathways, synapse.delays, strict=True)
        ):
            events = from_source
            if code.side == "post":
                events = from_target[from_target[:, 0] + (delay or 0) >= step]
            self._set_pending(projection, path, step, events)

    def _set_pending(
        self, projection: ProjectionProgram, path: int, step: int, events: Ints
    ) -> None:
        general, rows = self._general[projection.name], np.ascontiguousarray(events)
        pointer = rows.ctypes.data_as(_Int64s)
        self._library.neurosim_set_pending(self._network, general, path, step, len(rows), pointer)

    def _spikes(self, step: int) -> Ints:
        """Return (step, id) of the spikes of all ranks that may still act, in order."""
        return _in_order(self._communicator.gather(self._recent.before(step)))

    def settle(self, step: int) -> None:
        """Tell the other ranks what is needed of them, if it changed; collective."""
        if not self._changed:
            return
        self._changed = False
        if self._program.share.whole:
            return
        happened = [self._happened(channel, step) for channel in range(self._n_channels)]
        spikes = self._spikes(step)
        columns = [np.ascontiguousarray(spikes[:, k]) for k in (0, 1)]
        pointers = [column.ctypes.data_as(_Int64s) for column in columns]
        if self._library.neurosim_reconnect(self._network, step, len(spikes), *pointers):
            self._give_up("telling other ranks of new synapses")
        for channel, rows in enumerate(happened):
            pointer = rows.ctypes.data_as(_Int64s)
            self._library.neurosim_set_happened(self._network, channel, step, len(rows), pointer)

    def _happened(self, channel: int, step: int) -> Ints:
        """Return (step, id) of a channel's events of all ranks that are yet to be looked up."""
        first = max(0, step - self._program.smallest_delay)
        arguments = (self._network, channel, first, step)
        own = np.empty((self._library.neurosim_happened(*arguments, None), 2), np.int64)
        self._library.neurosim_happened(*arguments, own.ctypes.data_as(_Int64s))
        return _in_order(self._communicator.gather(own))


def _global_ids(span: Any, local: Ints) -> Ints:
    return local + (span.first_id - span.start)


def _located(events: Ints, place: Ints, size: int) -> Ints:
    """Return (step, place) of the events of neurons that have a place in [0, size)."""
    inside = (place >= 0) & (place < size)
    return np.stack([events[inside, 0], place[inside]], axis=1)


def _in_order(parts: list[Ints]) -> Ints:
    rows = np.concatenate(parts)
    return np.ascontiguousarray(rows[np.lexsort((rows[:, 1], rows[:, 0]))])

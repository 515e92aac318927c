"""The state of a network on the native engine, taken for a checkpoint and put back."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import CheckpointError
from ...lowering.program import PopulationProgram, Program, ProjectionProgram
from ..base import Snapshot, StateArray, StateKind
from ..recent import RecentSpikes, own_spikes
from .shared_values import SharedValues
from .structure import Structure
from .synapse_access import SynapseAccess

_Doubles, _Int64s = ctypes.POINTER(ctypes.c_double), ctypes.POINTER(ctypes.c_int64)
_TAKE, _PUT = 1, 0
_LATEST = 1 << 62
_UPDATED = ("synapses", "sources", "targets")  # as SynapseCode.settlings

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class _Place:
    """Where an array of the state comes from and goes to; ``always``: it is in every snapshot."""

    kind: StateKind
    dtype: str
    take: Callable[[], Array]
    put: Callable[[Array], None]
    size: int = 0
    n_own: int = 0
    counts: str = ""
    always: bool = True


def recent_depth(program: Program) -> int:
    """Return after how many steps every spike has been entered and has reached its targets."""
    later = [
        delay or 0
        for p in program.projections
        if p.restructured and p.synapse is not None
        for path, delay in zip(p.synapse.code.pathways, p.synapse.delays, strict=True)
        if path.side == "post"  # synapses made meanwhile hear of them, too
    ]
    return max(program.largest_delay, program.smallest_delay, *later)


class NetworkState:
    """The state of a built network between two advances.

    Parameters
    ----------
    library, network
        The compiled runtime, and its network.
    program : Program
    access : SynapseAccess
    array_index : callable
        From (population, variable) to the position of the variable's array.
    real : str
        How numbers of the state are stored, ``"<f8"`` or ``"<f4"``.
    channels : sequence of (int, int)
        (population, event) of the events that presynaptic pathways listen to.
    recent : RecentSpikes
    given : dict of str to array
        Values that inputs were given while running, by name.
    set_input : callable
        Gives an input such values.
    shared : SharedValues
        Parameters that were written while running.
    structure : Structure or None
        Replaces synapses, where some come and go.
    """

    def __init__(
        self,
        library: Any,
        network: int,
        program: Program,
        access: SynapseAccess,
        array_index: Callable[[str, str], int],
        real: str,
        channels: list[tuple[int, int]],
        recent: RecentSpikes,
        given: dict[str, NDArray[np.float64]],
        set_input: Callable[[str, NDArray[np.float64]], None],
        shared: SharedValues,
        structure: Structure | None,
    ) -> None:
        self._library, self._network, self._program = library, network, program
        self._access, self._array_index, self._real = access, array_index, real
        self._channels, self._recent = channels, recent
        self._given, self._set_input = given, set_input
        self._shared, self._structure = shared, structure
        self._step = 0

    def snapshot(self, step: int) -> Snapshot:
        """Return the state at the start of ``step``."""
        self._step = step
        arrays = {
            name: StateArray(place.kind, place.dtype, place.take, place.size, place.counts)
            for name, place in self._places()
            if place.always
        }
        return Snapshot(step, arrays)

    def restore(self, snapshot: Snapshot) -> None:
        """Put back a snapshot's state; CheckpointError if it is not one of this network."""
        self._step = snapshot.step
        places = dict(self._places())
        missing = [n for n, p in places.items() if p.always and n not in snapshot.arrays]
        surplus = [n for n in snapshot.arrays if n not in places]
        if missing or surplus:
            raise CheckpointError(
                f"the checkpoint has other state than this network: {', '.join(missing) or 'none'} "
                f"missing, {', '.join(surplus) or 'none'} unknown. Resume the network it was made "
                "of, with the version of neurosim that made it."
            )
        for name, place in places.items():
            if name in snapshot.arrays:
                place.put(_checked(name, place, snapshot.arrays[name]))

    def _places(self) -> Iterator[tuple[str, _Place]]:
        """Yield (name, place) of all state, in the order in which it is put back."""
        yield "origin", _Place("same", "<i8", self._origin, self._go_on, n_own=1)
        for index, population in enumerate(self._program.populations):
            yield from self._of_population(index, population)
        for index, current in enumerate(self._program.currents):
            size = self._program.population(current.span.population).size
            for base, part in ((1, "base"), (0, "noise")):
                if self._library.neurosim_current(self._network, _TAKE, index, base, None):
                    call = (self._library.neurosim_current, index, base)
                    dtype = self._real if base else "<f8"
                    yield f"currents/{index}/{part}", self._neurons(call, size, dtype, _Doubles)
        general = 0
        for projection in self._program.projections:
            if projection.synapse is not None:
                yield from self._of_projection(general, projection)
                general += 1
        for name in self._input_names():
            yield f"inputs/{name}", self._input(name)
        for place in self._shared:
            yield f"shared/{'/'.join(place)}", self._shared_value(place)
        yield "spikes", self._events(lambda: self._recent.before(self._step), self._recall)
        for channel, (neurons, _) in enumerate(self._channels):
            yield f"channels/{channel}", self._events(*self._channel(channel, neurons))

    def _origin(self) -> Array:
        return np.array([self._library.neurosim_origin(self._network)])

    def _go_on(self, origin: Array) -> None:
        if not 0 <= int(origin[0]) <= self._step:
            raise _wrong("origin")
        self._library.neurosim_go_on(self._network, self._step, int(origin[0]))

    # -- neurons -------------------------------------------------------------------------------

    def _neurons(self, call: tuple[Any, ...], size: int, dtype: str, pointer: Any) -> _Place:
        """Return what a runtime function (function, arguments) takes and puts, per neuron."""
        function, *arguments = call
        n_own = self._program.share.count(size)
        wide = np.float64 if pointer is _Doubles else np.int64

        def take() -> Array:
            out = np.zeros(n_own, wide)
            function(self._network, _TAKE, *arguments, out.ctypes.data_as(pointer))
            return out.astype(dtype)

        def put(values: Array) -> None:
            array = np.ascontiguousarray(values, wide)
            function(self._network, _PUT, *arguments, array.ctypes.data_as(pointer))

        return _Place("neurons", dtype, take, put, size, n_own)

    def _of_population(
        self, index: int, population: PopulationProgram
    ) -> Iterator[tuple[str, _Place]]:
        root, library = f"populations/{population.name}", self._library
        for variable in population.code.variables:
            if variable.shared or variable.role not in ("state", "derived"):
                continue
            array = self._array_index(population.name, variable.name)
            move = partial(self._move_variable, index, array)
            name = f"{root}/variables/{variable.name}"
            yield name, self._neurons((move,), population.size, self._real, _Doubles)
        last = self._neurons((library.neurosim_last_spikes, index), population.size, "<i8", _Int64s)
        yield f"{root}/last_spike", last
        if library.neurosim_ready(self._network, _TAKE, index, None):
            call = (library.neurosim_ready, index)
            yield f"{root}/ready", self._neurons(call, population.size, "<u1", _Int64s)

    def _move_variable(self, index: int, array: int, network: int, taking: int, out: Any) -> None:
        move = self._library.neurosim_read if taking else self._library.neurosim_write
        move(network, index, array, out)

    # -- synapses ------------------------------------------------------------------------------

    def _of_projection(
        self, general: int, projection: ProjectionProgram
    ) -> Iterator[tuple[str, _Place]]:
        synapse = projection.synapse
        if synapse is None:
            return
        root = f"projections/{projection.name}"
        counts = f"{root}/counts"
        size = self._program.population(projection.post.population).size
        own_counts = partial(self._access.counts, projection.name, size)
        n_own = self._program.share.count(size)
        n_synapses = self._access.size(projection.name)
        put_counts: Callable[[Array], None] = partial(_same, counts, own_counts)
        columns: dict[str, _Place] = {}
        if projection.restructured and self._structure is not None:
            n_synapses = -1  # known when they are put back
            put_counts = partial(self._structure.put, projection, "counts")
            for name in ("source", "delay"):
                take = partial(self._structure.column, projection.name, name)
                put = partial(self._structure.put, projection, name)
                columns[name] = _Place("synapses", "<i8", take, put, 0, n_synapses, counts)
        yield counts, _Place("neurons", "<i8", own_counts, put_counts, size, n_own)
        for name, place in columns.items():
            yield f"{root}/{name}", place
        for variable in synapse.code.variables:
            if not variable.shared and variable.role in ("state", "parameter"):
                state = variable.role == "state"
                dtype = self._real if state else "<f8"
                take = partial(self._synaptic, projection.name, variable.name, dtype)
                put = partial(self._access.store, projection.name, variable.name)
                changed = state or projection.restructured
                changed |= self._access.was_written(projection.name, variable.name)
                yield (
                    f"{root}/variables/{variable.name}",
                    _Place("synapses", dtype, take, put, 0, n_synapses, counts, changed),
                )
        for of, settling in enumerate(synapse.code.settlings):
            if settling.variables:
                take = partial(self._access.last_events, projection.name, of)
                put = partial(self._access.set_last_events, projection.name, of=of)
                place = _Place("synapses", "<i8", take, put, 0, n_synapses, counts)
                yield f"{root}/updated/{_UPDATED[of]}", place
        for path, _ in enumerate(synapse.code.pathways):
            take_events, put_events = self._pending(general, path, projection)
            yield f"{root}/pending/{path}", self._events(take_events, put_events)

    def _synaptic(self, projection: str, variable: str, dtype: str) -> Array:
        return self._access.stored(projection, variable).astype(dtype)

    # -- events --------------------------------------------------------------------------------

    def _events(self, take: Callable[[], Array], put: Callable[[Array], None]) -> _Place:
        return _Place("events", "<i8", take, put)

    def _listed(self, function: Any, *arguments: int) -> Array:
        out = np.empty((function(self._network, *arguments, None), 2), np.int64)
        function(self._network, *arguments, out.ctypes.data_as(_Int64s))
        return out

    def _pending(
        self, general: int, path: int, projection: ProjectionProgram
    ) -> tuple[Callable[[], Array], Callable[[Array], None]]:
        synapse = projection.synapse
        post = synapse is not None and synapse.code.pathways[path].side == "post"
        delay = None if synapse is None else synapse.delays[path]
        longest = self._program.largest_delay if delay is None else delay
        neurons = projection.post.population if post else ""
        ids = self._program.population(neurons).size if post else projection.pre.size

        def take() -> Array:
            return self._listed(self._library.neurosim_pending, general, path, self._step)

        def put(events: Array) -> None:
            name = f"projections/{projection.name}/pending/{path}"
            _check_events(events, name, (self._step - longest, self._step), (0, ids))
            array = np.ascontiguousarray(events, np.int64)
            self._library.neurosim_set_pending(
                self._network, general, path, self._step, len(array), array.ctypes.data_as(_Int64s)
            )

        return take, put

    def _channel(
        self, channel: int, population: int
    ) -> tuple[Callable[[], Array], Callable[[Array], None]]:
        neurons = self._program.populations[population]

        def first() -> int:
            return max(0, self._step - self._program.smallest_delay)

        def take() -> Array:
            return self._listed(self._library.neurosim_happened, channel, first(), self._step)

        def put(events: Array) -> None:
            ids = (neurons.first_id, neurons.first_id + neurons.size)
            _check_events(events, f"channels/{channel}", (first(), self._step), ids)
            array = np.ascontiguousarray(events, np.int64)
            self._library.neurosim_set_happened(
                self._network, channel, self._step, len(array), array.ctypes.data_as(_Int64s)
            )

        return take, put

    def _recall(self, spikes: Array) -> None:
        first = max(0, self._step - recent_depth(self._program))
        _check_events(spikes, "spikes", (first, self._step), (0, self._program.n_ids))
        steps, ids = (np.ascontiguousarray(spikes[:, k], np.int64) for k in (0, 1))
        self._library.neurosim_recall(
            self._network,
            self._step,
            len(steps),
            steps.ctypes.data_as(_Int64s),
            ids.ctypes.data_as(_Int64s),
        )
        self._recent.restore(self._step, own_spikes(self._program, spikes))

    # -- inputs --------------------------------------------------------------------------------

    def _input_names(self) -> list[str]:
        currents = [c.name for c in self._program.currents if c.wave is not None]
        return currents + [p.name for p in self._program.poisson if p.wave is not None]

    def _input(self, name: str) -> _Place:
        def put(values: Array) -> None:
            self._set_input(name, np.asarray(values, np.float64))

        return _Place(
            "same", "<f8", lambda: self._given[name], put, n_own=-1, always=name in self._given
        )

    def _shared_value(self, place: tuple[str, str]) -> _Place:
        def put(values: Array) -> None:
            self._shared.write(*place, float(values[0]))

        return _Place(
            "same",
            "<f8",
            lambda: np.array([self._shared.value(*place)]),
            put,
            n_own=1,
            always=place in self._shared.written,
        )


def _same(name: str, own: Callable[[], Array], values: Array) -> None:
    """Refuse numbers of synapses that differ from those that were built."""
    if not np.array_equal(own(), values):
        raise _wrong(name)


def _wrong(name: str) -> CheckpointError:
    return CheckpointError(
        f"the checkpoint's {name!r} does not fit this network: the file is damaged or of another "
        "network. Resume from an earlier checkpoint."
    )


def _check_events(events: Array, name: str, steps: tuple[int, int], ids: tuple[int, int]) -> None:
    """Refuse events of steps or neurons that cannot be, or not in order."""
    if events.ndim != 2 or events.shape[1] != 2:
        raise _wrong(name)
    for column, (low, high) in ((events[:, 0], steps), (events[:, 1], ids)):
        if len(column) and not (column.min() >= low and column.max() < high):
            raise _wrong(name)
    step, number = events[:-1].T, events[1:].T
    if not ((number[0] > step[0]) | ((number[0] == step[0]) & (number[1] > step[1]))).all():
        raise _wrong(name)


def _checked(name: str, place: _Place, given: StateArray) -> Array:
    """Return an array to be put back, if it is one as was taken."""
    if (given.kind, given.dtype, given.size) != (place.kind, place.dtype, place.size):
        raise _wrong(name)
    values = given.read()
    if place.kind != "events" and place.n_own >= 0 and values.shape != (place.n_own,):
        raise _wrong(name)
    steps = values.dtype == np.int64 and place.kind != "events"
    if steps and values.size and not -_LATEST <= values.min() <= values.max() <= _LATEST:
        raise _wrong(name)
    return values

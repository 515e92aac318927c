"""The C structs of include/types.hpp, mirrored for ctypes, and how a Program fills them."""

from __future__ import annotations

import ctypes
from ctypes import POINTER, c_double, c_int32, c_int64, c_uint32, c_uint64
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...lowering.program import (
    PoissonProgram,
    PopulationProgram,
    Program,
    ProjectionProgram,
    SpikeSourceProgram,
    StateRecorder,
)
from ...parallel.communicator import Messages
from ...parallel.share import Share
from ..base import Exchange
from .calls import packed_tables
from .codegen import GeneratedSource, KernelKey, poisson_inputs
from .exchange_abi import MessengerSpec, messenger_spec
from .general_abi import ChannelSpec, GeneralBuilder, GeneralSpec, PhaseSpec, ReadSpec
from .input_abi import InputsBuilder
from .machine_abi import MachineSpec, machine_spec
from .phases import phases
from .projection_abi import ProjectionSpec, projection_spec

_Doubles, _Int64s, _Words = POINTER(c_double), POINTER(c_int64), POINTER(c_uint32)
_NEVER = 2**62


class PopulationSpec(ctypes.Structure):
    """See include/types.hpp."""

    _fields_ = (
        ("first_id", c_int64),
        ("size", c_int64),
        ("kernel", c_int32),
        ("n_arrays", c_int32),
        ("n_shared", c_int32),
        ("n_events", c_int32),
        ("values", POINTER(_Doubles)),
        ("strides", _Int64s),
        ("shared", _Doubles),
        ("event_ids", _Int64s),
    )


class PoissonSpec(ctypes.Structure):
    """See include/types.hpp."""

    _fields_ = (
        ("index", c_int64),
        ("post_start", c_int64),
        ("post_size", c_int64),
        ("population", c_int32),
        ("slot", c_int32),
        ("weight", c_double),
        ("n_tables", c_int64),
        ("first", _Int64s),
        ("table_offsets", _Int64s),
        ("thresholds", _Words),
        ("table", _Int64s),
        ("wave", c_int64),
    )


class SourceSpec(ctypes.Structure):
    """See include/types.hpp."""

    _fields_ = (
        ("first_id", c_int64),
        ("n_spikes", c_int64),
        ("steps", _Int64s),
        ("ids", _Int64s),
        ("period", c_int64),
    )


class RecorderSpec(ctypes.Structure):
    """See include/types.hpp."""

    _fields_ = (
        ("population", c_int32),
        ("array", c_int32),
        ("n_ids", c_int64),
        ("every", c_int64),
        ("ids", _Int64s),
        ("start", c_int64),
        ("stop", c_int64),
        ("sum", c_int32),
    )


class NetworkSpec(ctypes.Structure):
    """See include/types.hpp."""

    _fields_ = (
        ("kernels", ctypes.c_void_p),
        ("seed", c_uint64),
        ("dt", c_double),
        ("n_ids", c_int64),
        ("n_neurons", c_int64),
        ("rank", c_int32),
        ("n_ranks", c_int32),
        ("n_threads", c_int32),
        ("n_populations", c_int32),
        ("n_projections", c_int32),
        ("n_poisson", c_int32),
        ("n_sources", c_int32),
        ("n_recorders", c_int32),
        ("smallest_delay", c_int32),
        ("largest_delay", c_int32),
        ("populations", POINTER(PopulationSpec)),
        ("projections", POINTER(ProjectionSpec)),
        ("poisson", POINTER(PoissonSpec)),
        ("sources", POINTER(SourceSpec)),
        ("recorders", POINTER(RecorderSpec)),
        ("synapse_kernels", ctypes.c_void_p),
        ("generals", POINTER(GeneralSpec)),
        ("phases", POINTER(PhaseSpec)),
        ("channels", POINTER(ChannelSpec)),
        ("reads", POINTER(ReadSpec)),
        ("n_generals", c_int32),
        ("n_phases", c_int32),
        ("n_channels", c_int32),
        ("n_reads", c_int32),
        ("inputs", ctypes.c_void_p),
        ("messenger", POINTER(MessengerSpec)),
        ("machine", POINTER(MachineSpec)),
    )


class ChunkResult(ctypes.Structure):
    """See include/types.hpp."""

    _fields_ = (
        ("n_steps", c_int64),
        ("n_spikes", c_int64),
        ("spike_steps", _Int64s),
        ("spike_ids", _Int64s),
        ("failed_population", c_int32),
        ("failed_array", c_int32),
        ("failed_neuron", c_int64),
        ("failed_step", c_int64),
        ("update_s", c_double),
        ("deliver_s", c_double),
        ("wait_s", c_double),
        ("record_s", c_double),
        ("exchange_s", c_double),
        ("bytes_sent", c_int64),
        ("n_exchanges", c_int64),
        ("spikes_sent", c_int64),
        ("spikes_received", c_int64),
        ("targeted", c_int64),
    )


Table = NDArray[np.int64] | None


def poisson_tables(
    poisson: PoissonProgram, share: Share
) -> tuple[NDArray[np.int64], tuple[NDArray[np.uint32], ...], Table]:
    """Return first counts, thresholds, and each own neuron's table from the first to the last.

    Neurons between the members of a view that is not contiguous get a table without events.
    """
    members = poisson.post.members
    if poisson.wave is not None:
        columns = None
        if members is not None:
            own, size = _own_places(members, share)
            columns = np.full(size, -1, np.int64)
            columns[own] = np.arange(own.size)
        return np.zeros(1, np.int64), (np.empty(0, np.uint32),), columns
    if members is None:
        return poisson.first, poisson.thresholds, poisson.table
    own, size = _own_places(members, share)
    table = np.full(size, len(poisson.thresholds), np.int64)
    table[own] = 0 if poisson.table is None else poisson.table
    return np.append(poisson.first, 0), (*poisson.thresholds, np.empty(0, np.uint32)), table


def _own_places(members: NDArray[np.int64], share: Share) -> tuple[NDArray[np.int64], int]:
    """Return where own members are among the rank's neurons of their range, and its size."""
    first = share.count(int(members[0]))
    own = share.position(members[share.mine(members)]) - first
    return own, share.count(int(members[-1]) + 1) - first


class SpecBuilder:
    """Fills the structs for a Program and keeps alive the arrays they point to."""

    def __init__(
        self, program: Program, source: GeneratedSource, kernels: int, threads: int
    ) -> None:
        self.program = program
        self._alive: list[Any] = []
        self._index = {p.name: i for i, p in enumerate(program.populations)}
        self.kernels: dict[str, KernelKey] = {
            p.name: source.kernels[k]
            for p, k in zip(program.populations, source.kernel_of, strict=True)
        }
        self._kernel_of = source.kernel_of
        self.inputs = InputsBuilder(program, self.array_index)
        self.spec = self._network(threads, kernels)

    def add_synapses(self, source: GeneratedSource, kernels: int) -> None:
        """Fill in the projections with synapse models; ``kernels`` is their generated table."""
        builder = GeneralBuilder(
            self.program,
            source.synapse_kernels,
            source.synapse_kernel_of,
            self.array_index,
            self._keep,
        )
        generals, step = builder.generals(), phases(self.program)
        self._alive.append(builder)
        self.spec.synapse_kernels = kernels
        self.spec.generals = builder.table(GeneralSpec, generals)
        self.spec.phases = builder.phases(step)
        self.spec.channels = builder.table(ChannelSpec, builder.channels)
        self.spec.n_generals, self.spec.n_phases = len(generals), len(step)
        self.spec.n_channels = len(builder.channels)
        reads = builder.reads()
        self.spec.reads, self.spec.n_reads = builder.table(ReadSpec, reads), len(reads)

    def add_inputs(self, operations: int | None) -> None:
        """Fill in currents and operations; ``operations`` is their generated table."""
        self.spec.inputs = self.inputs.pointer(operations)

    def add_messenger(self, messages: Messages, exchange: Exchange) -> None:
        """Fill in how the other ranks are reached."""
        if messages.kind != "none":
            messenger = messenger_spec(messages, exchange)
            self._alive.append(messenger)
            self.spec.messenger = ctypes.pointer(messenger)

    def add_machine(self) -> None:
        """Fill in the limits of the machine that the network runs as."""
        if self.program.machine is not None:
            machine = machine_spec(self.program, self.array_index, self._keep)
            self._alive.append(machine)
            self.spec.machine = ctypes.pointer(machine)

    def array_index(self, population: str, variable: str) -> int:
        """Return the storage position of a per-neuron variable."""
        return self.kernels[population].arrays.index(variable)

    def _keep(self, values: Any, dtype: type, pointer: Any) -> Any:
        array: Any = np.ascontiguousarray(values, dtype=dtype)
        self._alive.append(array)
        return array.ctypes.data_as(pointer)

    def _table(self, kind: Any, rows: list[Any]) -> Any:
        table = (kind * len(rows))(*rows)
        self._alive.append(table)
        return table

    def _network(self, threads: int, kernels: int) -> NetworkSpec:
        p = self.program
        populations = [self._population(i, x) for i, x in enumerate(p.populations)]
        return NetworkSpec(
            kernels=kernels,
            seed=p.seed,
            dt=p.dt,
            n_ids=p.n_ids,
            n_neurons=p.n_neurons,
            rank=p.share.rank,
            n_ranks=p.share.n_ranks,
            n_threads=threads,
            n_populations=len(p.populations),
            n_projections=len(p.projections),
            n_poisson=len(p.poisson),
            n_sources=len(p.sources),
            n_recorders=len(p.state_recorders),
            smallest_delay=p.smallest_delay,
            largest_delay=p.largest_delay,
            populations=self._table(PopulationSpec, populations),
            projections=self._table(ProjectionSpec, [self._projection(x) for x in p.projections]),
            poisson=self._table(PoissonSpec, [self._poisson(x) for x in p.poisson]),
            sources=self._table(SourceSpec, [self._source(x) for x in p.sources]),
            recorders=self._table(RecorderSpec, [self._recorder(x) for x in p.state_recorders]),
        )

    def _population(self, index: int, population: PopulationProgram) -> PopulationSpec:
        key = self.kernels[population.name]
        columns = [np.atleast_1d(population.values[name]) for name in key.arrays]
        pointers = self._table(_Doubles, [self._keep(c, np.float64, _Doubles) for c in columns])
        return PopulationSpec(
            first_id=population.first_id,
            size=population.size,
            kernel=self._kernel_of[index],
            n_arrays=len(key.arrays),
            n_shared=len(key.shared),
            n_events=len(population.code.events),
            values=pointers,
            strides=self._keep([int(c.size > 1) for c in columns], np.int64, _Int64s),
            shared=self._keep(
                np.concatenate(
                    [
                        [population.values[n] for n in key.shared],
                        *packed_tables(population, len(key.shared), self.program.dt),
                    ]
                ),
                np.float64,
                _Doubles,
            ),
            event_ids=self._keep(self._event_ids(population), np.int64, _Int64s),
        )

    def _event_ids(self, population: PopulationProgram) -> list[int]:
        first = {s.event: s.first_id for s in self.program.sources if s.event}
        return [first.get((population.name, e.name), -1) for e in population.code.events]

    def _projection(self, projection: ProjectionProgram) -> ProjectionSpec:
        population, array = projection.post.population, -1
        learns = self.program.machine is not None and self.program.machine.learns(projection.name)
        if projection.synapse is None and not learns:
            array = self.array_index(population, projection.variable)
        place = (self._index[population], array)
        return projection_spec(projection, self.program.share, place, self._keep)

    def _poisson(self, poisson: PoissonProgram) -> PoissonSpec:
        inputs = poisson_inputs(self.program, poisson.post.population)
        members = poisson.post.members
        first, thresholds, table = poisson_tables(poisson, self.program.share)
        sizes = [t.size for t in thresholds]
        spec = PoissonSpec(
            index=poisson.index,
            post_start=poisson.post.start,
            post_size=poisson.post.size if members is None else members[-1] + 1 - members[0],
            population=self._index[poisson.post.population],
            slot=[p.index for p in inputs].index(poisson.index),
            weight=poisson.weight,
            n_tables=len(sizes),
            first=self._keep(first, np.int64, _Int64s),
            table_offsets=self._keep(np.concatenate([[0], np.cumsum(sizes)]), np.int64, _Int64s),
            thresholds=self._keep(np.concatenate(thresholds), np.uint32, _Words),
            wave=self.inputs.wave_of(poisson),
        )
        if table is not None:
            spec.table = self._keep(table, np.int64, _Int64s)
        return spec

    def _source(self, source: SpikeSourceProgram) -> SourceSpec:
        return SourceSpec(
            first_id=source.first_id,
            n_spikes=source.steps.size,
            steps=self._keep(source.steps, np.int64, _Int64s),
            ids=self._keep(source.ids, np.int64, _Int64s),
            period=source.period,
        )

    def _recorder(self, recorder: StateRecorder) -> RecorderSpec:
        ids = recorder.ids[self.program.share.mine(recorder.ids)]
        return RecorderSpec(
            population=self._index[recorder.population],
            array=self.array_index(recorder.population, recorder.variable),
            n_ids=ids.size,
            every=recorder.every,
            ids=self._keep(ids, np.int64, _Int64s),
            start=recorder.start,
            stop=_NEVER if recorder.stop is None else recorder.stop,
            sum=recorder.reduce == "sum",
        )

"""The C structs of include/general_types.hpp, mirrored for ctypes, and what fills them."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from ctypes import POINTER, c_double, c_int32, c_uint8, c_uint32
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ... import streams
from ...lowering.program import Draw, PopulationProgram, Program, ProjectionProgram, Span
from ...lowering.synapse_program import PathwayCode, SynapseProgram
from ...parallel.share import Share
from .phases import Phase, changing_reads, read_by_synapses
from .synapse_deferral import noted_values
from .synapse_key import WEIGHT, SynapseKernelKey
from .synapse_operation_abi import SynapseOperationSpec, operation_specs

_Doubles, _Int32s, _Flags = POINTER(c_double), POINTER(c_int32), POINTER(c_uint8)
_DRAWS = ("constant", "uniform", "normal", "lognormal", "exponential", "listed")
_FROM_PROJECTION = -1


class PathwaySpec(ctypes.Structure):
    """See include/general_types.hpp."""

    _fields_ = (
        ("post_side", c_int32),
        ("delay", c_int32),
        ("event", c_int32),
        ("reads_other", c_int32),
        ("catches_up", c_int32),
        ("reserved", c_int32),
    )


class ValueSpec(ctypes.Structure):
    """See include/general_types.hpp."""

    _fields_ = (
        ("kind", c_int32),
        ("name", c_uint32),
        ("a", c_double),
        ("b", c_double),
        ("low_u", c_double),
        ("high_u", c_double),
        ("low", c_double),
        ("high", c_double),
        ("values", _Doubles),
        ("changes", c_int32),
        ("reserved", c_int32),
    )


class SumSpec(ctypes.Structure):
    """See include/general_types.hpp."""

    _fields_ = (("array", c_int32), ("reserved", c_int32), ("clears", _Flags))


class GeneralSpec(ctypes.Structure):
    """See include/general_types.hpp."""

    _fields_ = (
        ("projection", c_int32),
        ("kernel", c_int32),
        ("pre_population", c_int32),
        ("post_population", c_int32),
        ("n_pathways", c_int32),
        ("n_values", c_int32),
        ("n_sums", c_int32),
        ("n_pre", c_int32),
        ("n_post", c_int32),
        ("weight", c_int32),
        ("keeps_update", c_int32),
        ("keeps_numbers", c_int32),
        ("keeps_sources", c_int32),
        ("keeps_targets", c_int32),
        ("update_reads_pre", c_int32),
        ("n_common", c_int32 * 2),
        ("defers", c_int32),
        ("n_noted", c_int32),
        ("pathways", POINTER(PathwaySpec)),
        ("values", POINTER(ValueSpec)),
        ("sums", POINTER(SumSpec)),
        ("pre_arrays", _Int32s),
        ("post_arrays", _Int32s),
        ("shared", _Doubles),
        ("pre_shared", _Doubles),
        ("post_shared", _Doubles),
        ("common", _Doubles),
        ("operations", POINTER(SynapseOperationSpec)),
        ("n_operations", c_int32),
        ("n_steadily", c_int32),
    )


class PhaseSpec(ctypes.Structure):
    """See include/general_types.hpp."""

    _fields_ = (
        ("kind", c_int32),
        ("general", c_int32),
        ("part", c_int32),
        ("barrier", c_int32),
        ("n_shares", c_int32),
        ("reserved", c_int32),
        ("shares", _Int32s),
    )


class ReadSpec(ctypes.Structure):
    """See include/general_types.hpp."""

    _fields_ = (("population", c_int32), ("array", c_int32))


class ChannelSpec(ctypes.Structure):
    """See include/general_types.hpp."""

    _fields_ = (("population", c_int32), ("event", c_int32))


class GeneralBuilder:
    """Fills the structs of projections with synapse models.

    Attributes
    ----------
    channels : list of ChannelSpec
        Events that presynaptic pathways listen to, as found so far.

    Parameters
    ----------
    program : Program
    keys : list of SynapseKernelKey
        The kernels, in the order of the generated table.
    kernel_of : dict of str to int
        Each projection's kernel.
    array_index : callable
        From (population, variable) to where the neurons' values are stored.
    keep : callable
        Keeps an array alive and returns its pointer: (values, dtype, pointer type).
    """

    def __init__(
        self,
        program: Program,
        keys: tuple[SynapseKernelKey, ...],
        kernel_of: dict[str, int],
        array_index: Callable[[str, str], int],
        keep: Callable[[Any, type, Any], Any],
    ) -> None:
        self.program, self.keys, self.kernel_of = program, keys, kernel_of
        self.array_index, self.keep = array_index, keep
        self._alive: list[Any] = []
        self._populations = [p.name for p in program.populations]
        self._cleared: set[tuple[str, str]] = set()
        self._heard: list[tuple[str, str]] = []
        self.channels: list[ChannelSpec] = []

    def table(self, kind: Any, rows: list[Any]) -> Any:
        """Return structs as a C array that is kept alive."""
        table = (kind * max(len(rows), 1))(*rows)
        self._alive.append(table)
        return table

    def generals(self) -> list[GeneralSpec]:
        """Return the struct of every projection with a synapse model."""
        return [
            self._general(i, projection, projection.synapse)
            for i, projection in enumerate(self.program.projections)
            if projection.synapse is not None
        ]

    def phases(self, phases: list[Phase]) -> Any:
        """Return the phases of a step as a C array."""
        read = {place: i for i, place in enumerate(read_by_synapses(self.program))}
        rows = []
        for p in phases:
            shares = self.keep(sorted(read[place] for place in p.shares), np.int32, _Int32s)
            rows.append(
                PhaseSpec(int(p.kind), p.general, p.part, int(p.barrier), len(p.shares), 0, shares)
            )
        return self.table(PhaseSpec, rows)

    def reads(self) -> list[ReadSpec]:
        """Return the variables of sources that synapses read."""
        return [
            ReadSpec(self._populations.index(population), self.array_index(population, variable))
            for population, variable in read_by_synapses(self.program)
        ]

    def _general(
        self, index: int, projection: ProjectionProgram, synapse: SynapseProgram
    ) -> GeneralSpec:
        kernel = self.kernel_of[projection.name]
        key, code = self.keys[kernel], synapse.code
        operations = self._operations(projection, synapse, key)
        pre, post = projection.pre.population, projection.post.population
        known_pre = pre in self._populations
        return GeneralSpec(
            projection=index,
            kernel=kernel,
            pre_population=self._populations.index(pre) if known_pre else -1,
            post_population=self._populations.index(post),
            n_pathways=len(code.pathways),
            n_values=len(key.arrays),
            n_sums=len(code.summed),
            n_pre=len(key.pre_arrays),
            n_post=len(key.post_arrays),
            weight=key.arrays.index(WEIGHT) if key.constant_weight else -1,
            keeps_update=int(code.keeps_update),
            keeps_numbers=int(bool(code.noise) or projection.restructured),
            keeps_sources=int(key.keeps_sources),
            keeps_targets=int(any(p.side == "post" for p in code.pathways) and not key.defers),
            update_reads_pre=int(key.update_reads_pre),
            defers=int(key.defers),
            n_noted=noted_values(key),
            n_common=(len(code.of_sources.variables), len(code.of_targets.variables)),
            pathways=self._pathways(projection, synapse, key),
            values=self.table(ValueSpec, [self._value(synapse, name) for name in key.arrays]),
            sums=self.table(SumSpec, [self._sum(projection, s.variable) for s in code.summed]),
            pre_arrays=self._indices(pre, key.pre_arrays),
            post_arrays=self._indices(post, key.post_arrays),
            shared=self.keep([synapse.values[n] for n in key.shared], np.float64, _Doubles),
            pre_shared=self._neuron_values(pre, key.pre_shared),
            post_shared=self._neuron_values(post, key.post_shared),
            common=self.keep([_initial(synapse, n) for n in code.lifted], np.float64, _Doubles),
            operations=self.table(SynapseOperationSpec, operations),
            n_operations=len(operations),
            n_steadily=key.n_steadily,
        )

    def _operations(
        self, projection: ProjectionProgram, synapse: SynapseProgram, key: SynapseKernelKey
    ) -> list[SynapseOperationSpec]:
        shares = changing_reads(self.program, projection)
        return operation_specs(key, synapse.times, shares, self.table, self.keep)

    def _pathways(
        self, projection: ProjectionProgram, synapse: SynapseProgram, key: SynapseKernelKey
    ) -> Any:
        rows = []
        for path, delay in zip(synapse.code.pathways, synapse.delays, strict=True):
            span = projection.post if path.side == "post" else projection.pre
            event = self._event(span.population, path)
            steps = -1 if delay is None else delay
            other = int(key.asks_other(path))
            waits = int(key.catches_up(path))
            rows.append(PathwaySpec(int(path.side == "post"), steps, event, other, waits, 0))
        return self.table(PathwaySpec, rows)

    def _event(self, population: str, path: PathwayCode) -> int:
        """Return which event a pathway listens to: its number, or a channel's; -1 for spikes."""
        if path.event == "spike":
            return -1
        number = [e.name for e in self._population(population).code.events].index(path.event)
        if path.side == "post":
            return number
        if (population, path.event) not in self._heard:
            self._heard.append((population, path.event))
            self.channels.append(ChannelSpec(self._populations.index(population), number))
        return self._heard.index((population, path.event))

    def _value(self, synapse: SynapseProgram, name: str) -> ValueSpec:
        draw = synapse.values.get(name)
        changes = int(synapse.code.variable(name).role == "state")
        if not isinstance(draw, Draw):
            return ValueSpec(kind=_FROM_PROJECTION, changes=changes)
        spec = ValueSpec(
            kind=_DRAWS.index(draw.kind),
            changes=changes,
            name=streams.name_id(name),
            a=draw.a,
            b=draw.b,
            low_u=draw.low_u,
            high_u=draw.high_u,
            low=draw.low,
            high=draw.high,
        )
        if draw.values is not None:
            spec.values = self.keep(draw.values, np.float64, _Doubles)
        return spec

    def _sum(self, projection: ProjectionProgram, variable: str) -> SumSpec:
        """Return one sum; the first of a variable clears what all of them write."""
        post = projection.post.population
        spec = SumSpec(array=self.array_index(post, variable))
        if (post, variable) not in self._cleared:
            self._cleared.add((post, variable))
            share = self.program.share
            flags = np.zeros(share.count(self._population(post).size), np.uint8)
            for other in self.program.projections:
                code = None if other.synapse is None else other.synapse.code
                if other.post.population != post or code is None:
                    continue
                if variable in [s.variable for s in code.summed]:
                    flags[_own_places(other.post, share)] = 1
            spec.clears = self.keep(flags, np.uint8, _Flags)
        return spec

    def _population(self, name: str) -> PopulationProgram:
        return self.program.population(name)

    def _indices(self, population: str, names: tuple[str, ...]) -> Any:
        indices = [self.array_index(population, name) for name in names]
        return self.keep(indices, np.int32, _Int32s)

    def _neuron_values(self, population: str, names: tuple[str, ...]) -> Any:
        values = [self._population(population).values[name] for name in names]
        return self.keep(values, np.float64, _Doubles)


def _initial(synapse: SynapseProgram, name: str) -> float:
    """Return what a variable is at t = 0 in all synapses."""
    value = synapse.values[name]
    return value.a if isinstance(value, Draw) else value


def _own_places(span: Span, share: Share) -> NDArray[np.int64] | slice:
    """Return where a rank's neurons of a span are among those that it owns."""
    if span.members is None:
        return slice(share.count(span.start), share.count(span.start + span.size))
    return share.position(span.members[share.mine(span.members)])

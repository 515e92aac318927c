"""The C structs of include/machine_types.hpp, mirrored for ctypes, and what was counted."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from ctypes import POINTER, c_double, c_float, c_int32, c_int64, c_uint64
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import UnsupportedError
from ...lowering.machine_program import Cores, Gate, MachineCounts, MachineProgram
from ...lowering.program import Program
from ...parallel.communicator import Communicator
from .learning_abi import LearningSpec, learning_counts, learning_spec

_Doubles, _Int32s, _Int64s = POINTER(c_double), POINTER(c_int32), POINTER(c_int64)
_PER_GATE, _PER_QUEUE = 5, 6
_ROWS_AT_ONCE = 1 << 22


class SaturationSpec(ctypes.Structure):
    """See include/machine_types.hpp."""

    _fields_ = (("population", c_int32), ("array", c_int32), ("limit", c_double))


class GateSpec(ctypes.Structure):
    """See include/machine_types.hpp."""

    _fields_ = (
        ("group", _Int32s),
        ("per_step", c_double),
        ("loss", c_double),
        ("depth", c_int64),
        ("n_groups", c_int64),
        ("seed", c_uint64),
        ("own_place", c_int32),
    )


class CoresSpec(ctypes.Structure):
    """See include/machine_types.hpp."""

    _fields_ = (
        ("n_slices", c_int64),
        ("n_queues", c_int64),
        ("slice_of", _Int32s),
        ("first_queue", _Int64s),
        ("lanes", _Int64s),
        ("source_slice", _Int32s),
        ("base_load", _Doubles),
        ("budget", _Doubles),
        ("least_budget", c_double),
        ("fifo", c_int64),
        ("load_every", c_int64),
        ("delay_shift", c_int64),
        ("colours", c_int64),
        ("slots", _Int64s),
        ("drops_late", c_int32),
        ("skips_late", c_int32),
    )


class MachineSpec(ctypes.Structure):
    """See include/machine_types.hpp."""

    _fields_ = (
        ("n_saturations", c_int32),
        ("n_gates", c_int32),
        ("saturations", POINTER(SaturationSpec)),
        ("gates", POINTER(GateSpec)),
        ("cores", CoresSpec),
        ("learning", POINTER(LearningSpec)),
        ("n_learning", c_int32),
        ("reserved", c_int32),
    )


def machine_spec(
    program: Program, array_index: Callable[[str, str], int], keep: Callable[..., Any]
) -> MachineSpec:
    """Return the limits of a Program's machine as the runtime reads them.

    Parameters
    ----------
    program : Program
    array_index : callable
        From population and variable to where the variable is stored.
    keep : callable
        Makes an array of a type, keeps it alive and returns the pointer to it.
    """
    machine = program.machine or MachineProgram("")
    names = [p.name for p in program.populations]
    spec = MachineSpec(len(machine.saturations), len(machine.gates))
    saturations = [
        SaturationSpec(names.index(s.population), array_index(s.population, s.variable), s.limit)
        for s in machine.saturations
    ]
    spec.saturations = (SaturationSpec * len(saturations))(*saturations)
    gates = [_gate(gate, keep) for gate in machine.gates]
    spec.gates = (GateSpec * len(gates))(*gates)
    learning = [learning_spec(program, one, array_index, keep) for one in machine.learning]
    spec.learning, spec.n_learning = (LearningSpec * len(learning))(*learning), len(learning)
    if machine.cores is not None:
        spec.cores = _cores(machine.cores, program, keep)
    return spec


def _gate(gate: Gate, keep: Callable[..., Any]) -> GateSpec:
    return GateSpec(
        group=keep(gate.group, np.int32, _Int32s),
        per_step=gate.per_step,
        loss=gate.loss,
        depth=gate.depth,
        n_groups=int(gate.group.max(initial=-1)) + 1,
        seed=gate.seed,
        own_place=int(gate.own_place),
    )


def _cores(cores: Cores, program: Program, keep: Callable[..., Any]) -> CoresSpec:
    first_ids = {p.name: p.first_id for p in program.populations}
    slice_of = np.full(program.n_ids, -1, np.int32)
    for k, part in enumerate(cores.slices):
        first = first_ids[part.population] + part.first
        slice_of[first : first + part.size] = k
    ends = np.cumsum(cores.lanes)
    budget = np.broadcast_to(np.asarray(cores.budget, np.float64), len(cores.slices))
    return CoresSpec(
        n_slices=len(cores.slices),
        n_queues=int(ends[-1]),
        slice_of=keep(slice_of, np.int32, _Int32s),
        first_queue=keep(ends - cores.lanes, np.int64, _Int64s),
        lanes=keep(cores.lanes, np.int64, _Int64s),
        source_slice=keep(cores.source_slice, np.int32, _Int32s),
        base_load=keep(cores.base_load, np.float64, _Doubles),
        budget=keep(budget, np.float64, _Doubles),
        least_budget=float(budget.min()),
        fifo=cores.fifo,
        load_every=cores.load_every,
        delay_shift=cores.delay_shift,
        colours=cores.colours,
        slots=None if cores.slots is None else keep(cores.slots, np.int64, _Int64s),
        drops_late=int(cores.drops_late),
        skips_late=int(cores.skips_late),
    )


def share_rows(library: Any, network: int, program: Program, communicator: Communicator) -> None:
    """Let every rank know the number of each source's synapses onto each slice; all together."""
    machine = program.machine
    if machine is None or machine.cores is None or program.share.whole:
        return
    size = program.n_ids * len(machine.cores.slices)
    rows = np.ctypeslib.as_array(library.neurosim_machine_rows(network), (size,))
    for first in range(0, size, _ROWS_AT_ONCE):
        part = rows[first : first + _ROWS_AT_ONCE]
        total = communicator.sum(part.astype(np.int64))
        part[:] = np.minimum(total, np.iinfo(np.uint16).max)


def machine_counts(library: Any, network: int, program: Program) -> MachineCounts:
    """Return what the limits of a Program's machine did since the network was built."""
    machine = program.machine
    if machine is None:
        raise UnsupportedError("the network runs as no machine, so nothing is counted.")
    n_queues = 0 if machine.cores is None else int(machine.cores.lanes.sum())
    cut = np.zeros(len(machine.saturations), np.int64)
    gates = np.zeros((len(machine.gates), _PER_GATE), np.int64)
    queues = np.zeros((n_queues, _PER_QUEUE), np.int64)
    others = np.zeros(3, np.int64)
    pointers = [a.ctypes.data_as(_Int64s) for a in (cut, gates, queues, others)]
    busiest = library.neurosim_machine_counts(network, *pointers)
    passed, lost, unlucky, waited, most_waiting = gates.T
    events, spikes, late, core_lost, fill, lateness = queues.T
    return MachineCounts(
        cut,
        passed,
        lost,
        unlucky,
        waited,
        most_waiting,
        events,
        spikes,
        late,
        core_lost,
        fill,
        lateness,
        skipped=int(others[0]),
        dropped=int(others[1]),
        overrun=int(others[2]),
        busiest=float(busiest),
        load=_load(library, network, n_queues),
        learning=learning_counts(library, network, len(machine.learning)),
    )


def _load(library: Any, network: int, n_queues: int) -> NDArray[np.float32]:
    found = np.zeros(library.neurosim_machine_load(network, None), np.float32)
    library.neurosim_machine_load(network, found.ctypes.data_as(POINTER(c_float)))
    return found.reshape(-1, max(n_queues, 1))

"""The C structs of include/input_types.hpp, mirrored for ctypes, and what fills them."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from ctypes import POINTER, c_double, c_int32, c_int64
from typing import Any

import numpy as np

from ...lowering.input_program import CurrentInput, CurrentNoise, OperationProgram
from ...lowering.program import PoissonProgram, Program
from ..courses import Courses

_Doubles, _Int64s = POINTER(c_double), POINTER(c_int64)
_NEVER = 2**62


class WaveRows(ctypes.Structure):
    """See include/input_types.hpp."""

    _fields_ = (("rows", _Doubles), ("row_of_step", _Int64s), ("width", c_int64))


class CurrentSpec(ctypes.Structure):
    """See include/input_types.hpp."""

    _fields_ = (
        ("population", c_int32),
        ("array", c_int32),
        ("first_of_array", c_int32),
        ("wave", c_int32),
        ("start", c_int64),
        ("size", c_int64),
        ("members", _Int64s),
        ("process", c_int32),
        ("site", c_int32),
        ("mean", c_double),
        ("sd", c_double),
        ("rho", c_double),
        ("sigma", c_double),
        ("every", c_int64),
        ("first_step", c_int64),
        ("stop_step", c_int64),
    )


class OperationSpec(ctypes.Structure):
    """See include/input_types.hpp."""

    _fields_ = (
        ("population", c_int32),
        ("at_end", c_int32),
        ("every", c_int64),
        ("first_step", c_int64),
        ("start", c_int64),
        ("size", c_int64),
        ("members", _Int64s),
    )


class InputsSpec(ctypes.Structure):
    """See include/input_types.hpp."""

    _fields_ = (
        ("currents", POINTER(CurrentSpec)),
        ("operations", POINTER(OperationSpec)),
        ("kernels", ctypes.c_void_p),
        ("n_currents", c_int32),
        ("n_operations", c_int32),
    )


class InputsBuilder:
    """Fills the structs for a Program and keeps alive what they point to.

    Parameters
    ----------
    program : Program
    array_index : callable
        From (population, variable) to the position of the variable's array.
    """

    def __init__(self, program: Program, array_index: Callable[[str, str], int]) -> None:
        self._index = {p.name: i for i, p in enumerate(program.populations)}
        self._array_index = array_index
        self._alive: list[Any] = []
        self._waves = Courses(program)
        self._started: set[tuple[str, str]] = set()
        self.spec = self._inputs(program)

    def _inputs(self, program: Program) -> InputsSpec:
        currents = [self._current(c) for c in program.currents]
        operations = [self._operation(o) for o in program.operations]
        return InputsSpec(
            currents=self._table(CurrentSpec, currents),
            operations=self._table(OperationSpec, operations),
            n_currents=len(currents),
            n_operations=len(operations),
        )

    def pointer(self, kernels: int | None) -> int:
        """Return the address of the spec, with the generated table of operations."""
        self.spec.kernels = kernels
        return ctypes.addressof(self.spec)

    def wave_of(self, poisson: PoissonProgram) -> int:
        """Return the number of a Poisson input's wave; -1 if it has none."""
        return -1 if poisson.wave is None else self._waves.index(poisson.name)

    def _current(self, current: CurrentInput) -> CurrentSpec:
        place = (current.span.population, current.variable)
        spec = CurrentSpec(
            population=self._index[current.span.population],
            array=self._array_index(*place),
            first_of_array=int(place not in self._started),
            wave=-1 if current.wave is None else self._waves.index(current.name),
            start=current.span.start,
            size=current.span.size,
            members=self._members(current.span.members),
        )
        self._started.add(place)
        if current.noise is not None:
            self._fill_noise(spec, current.noise)
        return spec

    def _fill_noise(self, spec: CurrentSpec, noise: CurrentNoise) -> None:
        for name in ("mean", "sd", "rho", "sigma", "every", "site"):
            setattr(spec, name, getattr(noise, name))
        spec.process = int(noise.process)
        spec.first_step = noise.start
        spec.stop_step = _NEVER if noise.stop is None else noise.stop

    def _operation(self, operation: OperationProgram) -> OperationSpec:
        return OperationSpec(
            population=self._index[operation.span.population],
            at_end=int(operation.when == "end"),
            every=operation.every,
            first_step=operation.start,
            start=operation.span.start,
            size=operation.span.size,
            members=self._members(operation.span.members),
        )

    def _members(self, members: Any) -> Any:
        if members is None:
            return None
        array = np.ascontiguousarray(members, np.int64)
        self._alive.append(array)
        return array.ctypes.data_as(_Int64s)

    def _table(self, kind: Any, rows: list[Any]) -> Any:
        table = (kind * max(1, len(rows)))(*rows)
        self._alive.append(table)
        return table


class WaveFeeder:
    """Gives the runtime the values of changing inputs, stretch by stretch."""

    def __init__(self, program: Program, library: Any) -> None:
        self._courses = Courses(program)
        self._library = library
        self._alive: list[Any] = []

    def reset(self) -> None:
        """Return to what was declared."""
        self._courses.reset()

    def set(self, name: str, values: Any) -> None:
        """Let an input give ``values`` from now on."""
        self._courses.set(name, values)

    def feed(self, network: int, first_step: int, n_steps: int) -> None:
        """Hand over the values of the steps about to be simulated."""
        if not len(self._courses):
            return
        table = (WaveRows * len(self._courses))()
        kept: list[Any] = [table]
        for k in range(len(self._courses)):
            rows, row_of_step = self._courses.rows(k, first_step, n_steps)
            rows = np.ascontiguousarray(rows, np.float64)
            row_of_step = np.ascontiguousarray(row_of_step, np.int64)
            kept += [rows, row_of_step]
            table[k].rows = rows.ctypes.data_as(_Doubles)
            table[k].row_of_step = row_of_step.ctypes.data_as(_Int64s)
            table[k].width = rows.shape[1]
        self._alive = kept
        self._library.neurosim_waves(network, first_step, table)

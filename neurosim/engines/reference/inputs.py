"""Injected currents, Poisson input of changing rate, and operations, with Brian2's objects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import brian2
import numpy as np
from brian2.codegen.runtime.numpy_rt import NumpyCodeObject
from brian2.core.functions import Function
from brian2.utils.stringtools import word_substitute
from numpy.typing import NDArray

from ... import streams
from ...elementary import exp
from ...lowering.input_program import CurrentInput, CurrentNoise, OperationProgram
from ...lowering.program import PoissonProgram, Program
from ..courses import CachedCourse, Courses
from .objects import Neurons

_DRAW = {"uniform": streams.noise_rand, "normal": streams.noise_randn}
_PICK = "pick_member"


class CurrentDrive:
    """Sets one variable of a population to its base and all that is injected into it."""

    def __init__(self, seed: int, neurons: Neurons, variable: str) -> None:
        self._seed, self._neurons, self._variable = seed, neurons, variable
        self._array = neurons.array(variable)
        self._base = self._array.copy()
        self._parts: list[Callable[[int, NDArray[np.float64]], None]] = []

    def is_of(self, population: str, variable: str) -> bool:
        """Return whether it drives that variable."""
        return (population, variable) == (self._neurons.name, self._variable)

    def rebase(self) -> None:
        """Take the values at hand as the new base."""
        self._base[:] = self._array

    def add(self, current: CurrentInput, course: CachedCourse | None) -> None:
        """Add one more input."""
        ids = current.span.local_ids()
        if course is not None:
            self._parts.append(lambda step, out: _add(out, ids, course.at(step)))
        elif current.noise is not None:
            drawn = NoisyValues(self._seed, current.noise, current.span.global_ids())
            self._parts.append(lambda step, out: _add(out, ids, drawn.at(step)))

    def apply(self, step: int) -> None:
        """Set the variable for ``step``."""
        values = self._base.copy()
        for part in self._parts:
            part(step, values)
        self._array[:] = values


def _add(out: NDArray[np.float64], ids: NDArray[np.int64], values: NDArray[np.float64]) -> None:
    out[ids] += values


class NoisyValues:
    """A random current of some neurons, step after step."""

    def __init__(self, seed: int, noise: CurrentNoise, ids: NDArray[np.int64]) -> None:
        self._seed, self._noise, self._ids = seed, noise, ids
        self._values = np.zeros(ids.size)

    def at(self, step: int) -> NDArray[np.float64]:
        """Return the values of ``step``, (n,); steps are asked for one after another."""
        noise = self._noise
        if step % noise.every == 0:
            z = streams.noise_randn(self._seed, self._ids, step, noise.site)
            if noise.process and step > 0:
                away = self._values - noise.mean
                self._values = (noise.mean + noise.rho * away) + noise.sigma * z
            else:
                self._values = noise.mean + noise.sd * z
        inside = step >= noise.start and (noise.stop is None or step < noise.stop)
        return self._values if inside else np.zeros(self._ids.size)


class WavePoissonDrive:
    """Adds the kicks of one Poisson input whose rate changes."""

    def __init__(
        self, seed: int, poisson: PoissonProgram, neurons: Neurons, course: CachedCourse
    ) -> None:
        self._seed, self._poisson, self._course = seed, poisson, course
        self._locals = poisson.post.local_ids()
        self._ids = poisson.post.global_ids()
        self._target = neurons.array(poisson.variable)
        guarded = poisson.variable in neurons.guarded
        self._writable = neurons.not_refractory() if guarded else None

    def apply(self, step: int) -> None:
        """Add the kicks of ``step``, except to refractory neurons of a guarded variable."""
        ids = self._locals
        kicks = self._poisson.weight * self.counts(step)
        if self._writable is not None:
            open_ = self._writable[ids]
            ids, kicks = ids[open_], kicks[open_]
        self._target[ids] += kicks

    def counts(self, step: int) -> NDArray[np.int64]:
        """Return the counts of a step, (n,)."""
        index = self._poisson.index
        drawn = streams.words(self._seed, streams.Purpose.POISSON, index, self._ids, step // 4)
        return poisson_counts(self._course.at(step), drawn[:, step % 4])


def poisson_counts(mean: NDArray[np.float64], words: NDArray[np.uint32]) -> NDArray[np.int64]:
    """Return Poisson counts by inversion: how many k have 2^32 P(count <= k) below word + 1.

    Parameters
    ----------
    mean : (1,) or (n,) float64, at most 700
    words : (n,) uint32
    """
    limit = words.astype(np.float64) + 1.0
    mass = np.broadcast_to(exp(-mean), limit.shape).copy()
    mean = np.broadcast_to(mean, limit.shape)
    below, counts = mass.copy(), np.zeros(limit.size, np.int64)
    going = below * 2.0**32 < limit
    k = 0
    while going.any():
        k += 1
        mass *= mean / k
        following = below + mass
        counts[going] = k
        going &= (following != below) & (following * 2.0**32 < limit)
        below = following
    return counts


class OperationRunner:
    """One operation: Brian2's own ``run_regularly`` on the group, at the steps that are due."""

    def __init__(
        self, seed: int, operation: OperationProgram, neurons: Neurons, number: int
    ) -> None:
        self._seed, self._operation, self._neurons = seed, operation, neurons
        group, span = neurons.group, operation.span
        self._ids = np.arange(neurons.first_id, neurons.first_id + neurons.size)
        names = {old: new for old, new in neurons.names.items() if old != new}
        names |= {unit: unit.removeprefix("unit_") for unit in operation.constants}
        self._drawn = []
        for noise in operation.noise:
            values = self._variable(noise.name, np.zeros(neurons.size))
            self._drawn.append((_DRAW[noise.kind], noise.site, values))
        code = operation.code
        if span.size != neurons.size:
            place = np.zeros(neurons.size)
            place[span.local_ids()] = np.arange(span.size)
            chosen = np.zeros(neurons.size, bool)
            chosen[span.local_ids()] = True
            self._variable(f"place_{number}", place)
            self._variable(f"chosen_{number}", chosen)
            names |= {"i": f"place_{number}", "N": f"{float(span.size)!r}"}
            group.namespace[_PICK] = _pick_function()
            code = _only_members(code, f"chosen_{number}", set(neurons.names))
        self.runner = group.run_regularly(
            word_substitute(code, names),
            when=operation.when,
            order=10 + number,
            name=f"operation_{number}",
            codeobj_class=NumpyCodeObject,
        )

    def _variable(self, name: str, values: NDArray[Any]) -> NDArray[Any]:
        variables = self._neurons.group.variables
        variables.add_array(name, size=values.size, values=values, dtype=values.dtype)
        return variables[name].get_value()

    def run(self, step: int) -> None:
        """Run it if ``step`` is due."""
        operation = self._operation
        if step >= operation.start and (step - operation.start) % operation.every == 0:
            for draw, site, values in self._drawn:
                values[:] = draw(self._seed, self._ids, step, site)
            self.runner.run()


def _only_members(code: str, chosen: str, variables: set[str]) -> str:
    """Return code in which neurons that are not chosen keep their values."""
    lines = []
    for line in code.split("\n"):
        target, _, expression = line.partition(" = ")
        if target in variables:
            expression = f"{_PICK}({chosen}, {expression}, {target})"
        lines.append(f"{target} = {expression}")
    return "\n".join(lines)


def _pick_function() -> Function:
    function = Function(
        np.where,
        arg_names=["chosen", "a", "b"],
        arg_units=[None, None, "a"],
        return_unit=lambda chosen, a, b: a,
    )
    function.implementations.add_implementation("numpy", np.where)
    return function


class Inputs:
    """All inputs of a network that have no Brian2 object of their own."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._courses = Courses(program)
        self._cached: list[CachedCourse] = []
        self._drives: list[CurrentDrive] = []
        self._runners: dict[str, OperationRunner] = {}
        self._step: NDArray[np.int64] = np.zeros(1, np.int64)

    def prepare(self, neurons: dict[str, Neurons], clock: brian2.Clock) -> None:
        """Make drives and operations for the groups of a network about to be built."""
        program = self._program
        self._step = clock.variables["timestep"].get_value()
        self._courses.reset()
        self._cached = [CachedCourse(self._courses, k) for k in range(len(self._courses))]
        self._drives = []
        for current in program.currents:
            name = current.span.population
            drive = next((d for d in self._drives if d.is_of(name, current.variable)), None)
            if drive is None:
                drive = CurrentDrive(program.seed, neurons[name], current.variable)
                self._drives.append(drive)
            drive.add(current, None if current.wave is None else self._course(current.name))
        self._runners = {}
        for number, operation in enumerate(program.operations):
            group = neurons[operation.span.population]
            made = OperationRunner(program.seed, operation, group, number)
            self._runners[made.runner.name] = made

    def _course(self, name: str) -> CachedCourse:
        return self._cached[self._courses.index(name)]

    def poisson(self, poisson: PoissonProgram, neurons: Neurons) -> WavePoissonDrive | None:
        """Return the drive of a Poisson input if its rate changes."""
        if poisson.wave is None:
            return None
        return WavePoissonDrive(self._program.seed, poisson, neurons, self._course(poisson.name))

    def runner(self, entry: Any) -> Callable[[], Any]:
        """Return how one of Brian2's objects is run in a step."""
        made = self._runners.get(entry.name)
        return entry.run if made is None else lambda: made.run(int(self._step[0]))

    def inject(self) -> None:
        """Inject all currents of the step."""
        for drive in self._drives:
            drive.apply(int(self._step[0]))

    def written(self, population: str, variable: str) -> None:
        """Take values written from outside as the base of an injected variable."""
        for drive in self._drives:
            if drive.is_of(population, variable):
                drive.rebase()

    def set(self, name: str, values: NDArray[np.float64]) -> None:
        """Let an input give ``values`` from now on."""
        self._cached[self._courses.set(name, values)].forget()

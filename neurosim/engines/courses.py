"""The inputs that change over time: their values for a stretch of steps, for every engine."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ..errors import DescriptionError, UnknownNameError
from ..lowering.input_program import WaveInput, wave_inputs
from ..lowering.program import Program
from ..lowering.waveforms import Rows, StepWave, Wave


class Courses:
    """What every changing input of a network gives, as declared or as set since.

    They are numbered: injected currents first, then Poisson inputs, in order of declaration.
    """

    def __init__(self, program: Program) -> None:
        self._inputs = wave_inputs(program.currents, program.poisson)
        self._share = program.share
        self._waves: list[Wave] = [i.wave for i in self._inputs]

    def __len__(self) -> int:
        return len(self._waves)

    def __iter__(self) -> Iterator[WaveInput]:
        return iter(self._inputs)

    def index(self, name: str) -> int:
        """Return the number of the input of that name; UnknownNameError if there is none."""
        names = [i.name for i in self._inputs]
        if name not in names:
            raise UnknownNameError("input that changes over time", name, names)
        return names.index(name)

    def reset(self) -> None:
        """Return to what was declared."""
        self._waves = [i.wave for i in self._inputs]

    def rows(self, index: int, first_step: int, n_steps: int) -> Rows:
        """Return an input's values of steps; see :meth:`StepWave.rows`."""
        return self._waves[index].rows(first_step, n_steps)

    def set(self, name: str, values: NDArray[np.float64]) -> int:
        """Let an input give ``values`` from now on: one, or one per neuron; return its number.

        The values are those of the whole network; of one per neuron, the rank's own are kept.

        Raises
        ------
        UnknownNameError
            There is no such input, or it does not change over time.
        DescriptionError
            Values that are not allowed, or not one per neuron.
        """
        index = self.index(name)
        given = self._inputs[index]
        row = np.atleast_1d(np.asarray(values, np.float64)) * given.scale
        if row.ndim != 1 or row.size not in (1, given.width):
            raise DescriptionError(
                f"input {name!r}: values have shape {np.shape(values)}; give one, or one for each "
                f"of its {given.width} neurons."
            )
        low = 0.0 if np.isfinite(given.largest) else -np.inf
        if not (np.isfinite(row) & (row >= low) & (row <= given.largest)).all():
            raise DescriptionError(
                f"input {name!r}: values must be finite, and rates from 0 to "
                f"{given.largest / given.scale:.6g} {given.dimension}."
            )
        if row.size > 1:
            row = row[given.span.own(self._share)]
        self._waves[index] = StepWave(np.zeros(1, np.int64), row.reshape(1, -1))
        return index


class CachedCourse:
    """One input's values, step by step, asked for in blocks."""

    _BLOCK = 512

    def __init__(self, courses: Courses, index: int) -> None:
        self._courses, self._index = courses, index
        self.forget()

    def forget(self) -> None:
        """Ask anew from now on."""
        self._first, self._rows = -1, (np.empty((0, 1)), np.empty(0, np.int64))

    def at(self, step: int) -> NDArray[np.float64]:
        """Return the values of a step, (1,) or (n,)."""
        if not self._first <= step < self._first + self._BLOCK or self._first < 0:
            self._first = step
            self._rows = self._courses.rows(self._index, step, self._BLOCK)
        table, row = self._rows
        found = int(row[step - self._first])
        return np.zeros(1) if found < 0 else table[found]

"""What state recorders sample in a stretch of steps: the memory that the runtime fills."""

from __future__ import annotations

from ctypes import POINTER, c_double
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...lowering.program import Program
from ...parallel.exact_sums import WORDS

_Doubles = POINTER(c_double)


class Samples:
    """The samples of one stretch.

    Attributes
    ----------
    pointers : ctypes array
        Where each recorder's samples go, as the runtime expects it.

    Parameters
    ----------
    program : Program
    first_step, n_steps : int
    """

    def __init__(self, program: Program, first_step: int, n_steps: int) -> None:
        self._recorders, self._first = program.state_recorders, first_step
        self._arrays: list[NDArray] = []
        for recorder in self._recorders:
            n_samples = recorder.n_samples(first_step, n_steps)
            if recorder.reduce == "sum":
                self._arrays.append(np.empty((n_samples, WORDS + 1), np.int64))
            else:
                width = int(program.share.mine(recorder.ids).sum())
                self._arrays.append(np.empty((n_samples, width)))
        self.pointers = (_Doubles * max(len(self._arrays), 1))(
            *(array.ctypes.data_as(_Doubles) for array in self._arrays)
        )

    def states(self, n_steps: int) -> list[NDArray[np.float64]]:
        """Return each recorder's samples of the first ``n_steps``; of sums the rank's part."""
        return [
            self._taken(r, n_steps)[:, WORDS:].view(np.float64).copy()
            if recorder.reduce == "sum"
            else self._taken(r, n_steps)
            for r, recorder in enumerate(self._recorders)
        ]

    def sums(self, n_steps: int) -> dict[int, NDArray[np.int64]]:
        """Return the words of the sums, (n_samples, 3), by recorder."""
        return {
            r: self._taken(r, n_steps)[:, :WORDS].copy()
            for r, recorder in enumerate(self._recorders)
            if recorder.reduce == "sum"
        }

    def _taken(self, recorder: int, n_steps: int) -> NDArray:
        n_samples = self._recorders[recorder].n_samples(self._first, n_steps)
        return self._arrays[recorder][:n_samples]


def copied(pointer: Any, n: int) -> NDArray[np.int64]:
    """Return a copy of ``n`` integers that the runtime keeps."""
    return np.ctypeslib.as_array(pointer, (n,)).copy() if n else np.empty(0, np.int64)

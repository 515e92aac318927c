"""Reading and writing the variables of synapses that follow a model, on the native engine."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...lowering.program import Program, ProjectionProgram
from .. import checks
from ..base import SYNAPSE
from .synapse_key import SynapseKernelKey

_Doubles, _Int64s = ctypes.POINTER(ctypes.c_double), ctypes.POINTER(ctypes.c_int64)


class SynapseAccess:
    """The synapses of a built network.

    Parameters
    ----------
    library, network
        The compiled runtime, and its network.
    program : Program
    keys : dict of str to SynapseKernelKey
        The kernel of every projection with a synapse model.
    """

    def __init__(
        self, library: Any, network: int, program: Program, keys: dict[str, SynapseKernelKey]
    ) -> None:
        self._library, self._network = library, network
        self._program, self._keys = program, keys
        self._general = [p.name for p in program.projections if p.synapse is not None]
        self._orders: dict[str, NDArray[np.int64]] = {}
        self._counts: dict[str, NDArray[np.int64]] = {}
        self._written: set[tuple[str, str]] = set()

    def size(self, projection: str) -> int:
        """Return the number of synapses."""
        n: int = self._library.neurosim_general_size(self._network, self._general.index(projection))
        return n

    def bytes(self) -> int:
        """Return the memory of all synapses that follow models."""
        return sum(
            self._library.neurosim_general_bytes(self._network, i)
            for i, _ in enumerate(self._general)
        )

    def table(self, projection: str) -> NDArray[np.void]:
        """Return every synapse, target-major; see ``Executable.synapse_table``."""
        given = checks.with_model(self._program, projection)
        columns = [np.empty(self.size(projection), np.int64) for _ in range(4)]
        pointers = [column.ctypes.data_as(_Int64s) for column in columns]
        general = self._general.index(projection)
        self._library.neurosim_general_list(self._network, general, *pointers)
        source, target, number, delay = columns
        order = np.lexsort((number, target))
        self._orders[projection] = order
        out = np.empty(order.size, SYNAPSE)
        out["source"] = given.pre.local_ids_at(source[order])
        out["target"] = target[order] - given.post.first_id + given.post.start
        out["delay"] = delay[order]
        return out

    def _order(self, projection: str) -> NDArray[np.int64]:
        if projection not in self._orders:
            self.table(projection)
        return self._orders[projection]

    def read(self, projection: str, variable: str) -> NDArray[np.float64]:
        """Return a variable's values, target-major, (n_synapses,)."""
        given = checks.synaptic(self._program, projection, variable, ("state", "parameter"))
        value = _shared(given, variable)
        if value is not None:
            return np.full(self.size(projection), value)
        out = np.empty(self.size(projection))
        self._library.neurosim_general_read(
            self._network, *self._place(projection, variable), out.ctypes.data_as(_Doubles)
        )
        return out[self._order(projection)]

    def write(self, projection: str, variable: str, values: NDArray[np.float64]) -> None:
        """Replace a variable's values, given target-major, (n_synapses,)."""
        checks.writable_synapses(self._program, projection, variable, values, self.size(projection))
        stored = np.empty(self.size(projection))
        stored[self._order(projection)] = values
        self._library.neurosim_general_write(
            self._network, *self._place(projection, variable), stored.ctypes.data_as(_Doubles)
        )
        self._written.add((projection, variable))

    def was_written(self, projection: str, variable: str) -> bool:
        """Return whether a variable was given values since the network was built."""
        return (projection, variable) in self._written

    def counts(self, projection: str, size: int) -> NDArray[np.int64]:
        """Return the number of synapses of each of the rank's neurons among ``size``, (n_own,)."""
        if projection not in self._counts:
            share = self._program.share
            targets = share.position(self.table(projection)["target"])
            self._counts[projection] = np.bincount(targets, minlength=share.count(size))
        return self._counts[projection]

    def last_events(self, projection: str) -> NDArray[np.int64]:
        """Return the step of each synapse's last event, target-major, (n_synapses,)."""
        out = np.empty(self.size(projection), np.int64)
        general = self._general.index(projection)
        self._library.neurosim_updated(self._network, 1, general, out.ctypes.data_as(_Int64s))
        return out[self._order(projection)]

    def set_last_events(self, projection: str, steps: NDArray[np.int64]) -> None:
        """Replace the step of each synapse's last event, given target-major, (n_synapses,)."""
        stored = np.empty(self.size(projection), np.int64)
        stored[self._order(projection)] = steps
        general = self._general.index(projection)
        self._library.neurosim_updated(self._network, 0, general, stored.ctypes.data_as(_Int64s))

    def _place(self, projection: str, variable: str) -> tuple[int, int]:
        return self._general.index(projection), self._keys[projection].arrays.index(variable)

    def find_nan(self) -> tuple[str, str, int] | None:
        """Return (projection, variable, synapse, target-major) of a NaN, or None."""
        for i, projection in enumerate(self._general):
            value = ctypes.c_int32()
            found = self._library.neurosim_general_nan(self._network, i, ctypes.byref(value))
            if found >= 0:
                index = int(np.flatnonzero(self._order(projection) == found)[0])
                return projection, self._keys[projection].arrays[value.value], index
        return None


def _shared(projection: ProjectionProgram, variable: str) -> float | None:
    value = None if projection.synapse is None else projection.synapse.values.get(variable)
    return value if isinstance(value, float) else None

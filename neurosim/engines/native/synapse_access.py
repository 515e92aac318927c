"""Reading and writing the variables of synapses that follow a model, on the native engine."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import UnsupportedError
from ...lowering.program import Program, ProjectionProgram
from ...lowering.settled import settled_values
from ...lowering.synapse_program import SynapseCode
from .. import checks
from ..base import SYNAPSE
from .shared_values import SharedValues
from .synapse_key import SynapseKernelKey

_WORD = re.compile(r"[A-Za-z_]\w*")
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
    now : callable
        Returns the step that comes next.
    shared : SharedValues
    neurons : callable
        From population and variable to the values of the rank's neurons, (n_own,).
    """

    def __init__(
        self,
        library: Any,
        network: int,
        program: Program,
        keys: dict[str, SynapseKernelKey],
        now: Callable[[], int],
        shared: SharedValues,
        neurons: Callable[[str, str], NDArray[np.float64]],
    ) -> None:
        self._library, self._network = library, network
        self._program, self._keys, self._now = program, keys, now
        self._general = [p.name for p in program.projections if p.synapse is not None]
        self.shared, self.neurons = shared, neurons
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

    def forget(self, projection: str) -> None:
        """Look up anew which synapses a projection has, as it has others now."""
        self._orders.pop(projection, None)
        self._counts.pop(projection, None)

    def catch_up(self, projection: str) -> None:
        """Let synapses learn of spikes of their targets that wait for the source's next one."""
        general = self._general.index(projection)
        self._library.neurosim_catch_up(self._network, general, self._now())

    def order(self, projection: str) -> NDArray[np.int64]:
        """Return where synapses are among those of all threads, target-major, (n_synapses,)."""
        if projection not in self._orders:
            self.table(projection)
        return self._orders[projection]

    def read(self, projection: str, variable: str) -> NDArray[np.float64]:
        """Return a variable's values, target-major, (n_synapses,); event-driven ones as of now."""
        given = checks.synaptic(self._program, projection, variable, ("state", "parameter"))
        of = _settled_with(given, variable)
        if of < 0:
            return self.stored(projection, variable)
        return self._settled(given, of)[variable]

    def stored(self, projection: str, variable: str) -> NDArray[np.float64]:
        """Return a variable's values, target-major; event-driven ones as of their last event."""
        given = checks.synaptic(self._program, projection, variable, ("state", "parameter"))
        value = self._shared_value(given, variable)
        if value is not None:
            return np.full(self.size(projection), value)
        self.catch_up(projection)
        out = np.empty(self.size(projection))
        self._library.neurosim_general_read(
            self._network, *self._place(projection, variable), out.ctypes.data_as(_Doubles)
        )
        return out[self.order(projection)]

    def _settled(self, given: ProjectionProgram, of: int) -> dict[str, NDArray[np.float64]]:
        """Return all variables that are brought up to date with one, as of now."""

        def value(name: str) -> float | NDArray[np.float64]:
            shared = self._shared_value(given, name)
            if shared is not None:
                return shared
            own = any(v.name == name for v in _code(given).variables)
            return self.stored(given.name, name) if own else self._of_neurons(given, name)

        settling = _code(given).settlings[of]
        steps = self._now() - self.last_events(given.name, of)
        where = f"projection {given.name!r}"
        elapsed = np.asarray(steps * self._program.dt, np.float64)
        return settled_values(settling, value, elapsed, where)

    def _of_neurons(self, given: ProjectionProgram, name: str) -> NDArray[np.float64]:
        """Return each synapse's value of a variable of its source or target, ``tau_post``."""
        variable, _, side = name.rpartition("_")
        span = given.pre if side == "pre" else given.post
        share, table = self._program.share, self.table(given.name)
        if self._program.population(span.population).code.variable(variable).shared:
            return np.full(table.size, self.shared.value(span.population, variable))
        if side == "post":
            return self.neurons(span.population, variable)[share.position(table["target"])]
        if not share.whole:
            raise UnsupportedError(
                f"projection {given.name!r}: the event-driven equations use {name!r}, which is on "
                "other ranks: the synapses' values as of now cannot be read or written on several "
                "ranks. Let the parameter belong to the synapses, or run on one rank."
            )
        return self.neurons(span.population, variable)[table["source"]]

    def write(self, projection: str, variable: str, values: NDArray[np.float64]) -> None:
        """Replace a variable's values, given target-major, (n_synapses,); all as of now."""
        checks.writable_synapses(self._program, projection, variable, values, self.size(projection))
        given = checks.with_model(self._program, projection)
        of = _settled_with(given, variable)
        if of >= 0:
            if of > 0:
                self._check_common(given, variable, values, of)
            self._settle(given, of)
        self.store(projection, variable, values)

    def _shared_value(self, given: ProjectionProgram, name: str) -> float | None:
        """Return the current value of what all synapses share; None if they do not."""
        value = None if given.synapse is None else given.synapse.values.get(name)
        if not isinstance(value, float):
            return None
        return self.shared.written.get((given.name, name), value)

    def settle(self, changing: str, variable: str) -> None:
        """Bring up to date what depends on a shared parameter that is about to change.

        ``changing`` is the projection, or the population, whose parameter it is.
        """
        for given in self._program.projections:
            if given.synapse is None:
                continue
            self.catch_up(given.name)
            names = {variable} if given.name == changing else set()
            sides = (("pre", given.pre), ("post", given.post))
            names |= {f"{variable}_{side}" for side, s in sides if s.population == changing}
            for of, settling in enumerate(given.synapse.code.settlings):
                if names & names_in_code(settling.code):
                    self._settle(given, of)

    def _settle(self, given: ProjectionProgram, of: int) -> None:
        for name, current in self._settled(given, of).items():
            self.store(given.name, name, current)
        now = np.full(self.size(given.name), self._now())
        self.set_last_events(given.name, now, of)

    def _check_common(
        self, given: ProjectionProgram, variable: str, values: NDArray[np.float64], of: int
    ) -> None:
        """Refuse values that differ among synapses which have a variable in common."""
        before = self.stored(given.name, variable)
        self.store(given.name, variable, values)
        same = np.array_equal(self.stored(given.name, variable), values, equal_nan=True)
        self.store(given.name, variable, before)
        if not same:
            whose = "source and delay" if of == 1 else "target"
            raise UnsupportedError(
                f"projection {given.name!r}: {variable!r} is the same in all synapses of one "
                f"{whose} and is kept once for them, so they cannot be given different values. "
                f"Give the same value to all synapses of a {whose}, or other initial values "
                f"(initial={{{variable!r}: ns.Uniform(...)}}), which keeps one per synapse."
            )

    def store(self, projection: str, variable: str, values: NDArray[np.float64]) -> None:
        """Replace a variable's values, target-major; event-driven ones as of their last event."""
        self.catch_up(projection)
        stored = np.empty(self.size(projection))
        stored[self.order(projection)] = values
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

    def last_events(self, projection: str, of: int = 0) -> NDArray[np.int64]:
        """Return the step of each synapse's last event, target-major, (n_synapses,).

        ``of`` is the position in ``SynapseCode.settlings`` of the variables concerned.
        """
        self.catch_up(projection)
        out = np.empty(self.size(projection), np.int64)
        place = (self._general.index(projection), of)
        self._library.neurosim_updated(self._network, 1, *place, out.ctypes.data_as(_Int64s))
        return out[self.order(projection)]

    def set_last_events(self, projection: str, steps: NDArray[np.int64], of: int = 0) -> None:
        """Replace the step of each synapse's last event, given target-major, (n_synapses,)."""
        self.catch_up(projection)
        stored = np.empty(self.size(projection), np.int64)
        stored[self.order(projection)] = steps
        place = (self._general.index(projection), of)
        self._library.neurosim_updated(self._network, 0, *place, stored.ctypes.data_as(_Int64s))

    def _place(self, projection: str, variable: str) -> tuple[int, int]:
        return self._general.index(projection), self._keys[projection].stored.index(variable)

    def general(self, projection: str) -> int:
        """Return the place of a projection among those with a synapse model."""
        return self._general.index(projection)

    def code(self, projection: str) -> SynapseCode:
        """Return the code of a projection's synapses."""
        return _code(checks.with_model(self._program, projection))

    def stored_names(self, projection: str) -> tuple[str, ...]:
        """Return the variables that are kept by synapse, source or target, by their index."""
        return self._keys[projection].stored

    def settled_with(self, projection: str, variable: str) -> int:
        """Return the position in ``settlings`` of an event-driven variable; -1 for others."""
        given = checks.synaptic(self._program, projection, variable, ("state", "parameter"))
        return _settled_with(given, variable)

    def other_value(
        self, projection: str, name: str, synapses: NDArray[np.int64]
    ) -> float | NDArray[np.float64]:
        """Return what all synapses share, or a neuron's parameter for some of them."""
        given = checks.with_model(self._program, projection)
        value = self._shared_value(given, name)
        return self._of_neurons(given, name)[synapses] if value is None else value

    def find_nan(self) -> tuple[str, str, int] | None:
        """Return (projection, variable, synapse, target-major) of a NaN, or None."""
        for i, projection in enumerate(self._general):
            value = ctypes.c_int32()
            found = self._library.neurosim_general_nan(self._network, i, ctypes.byref(value))
            if found >= 0:
                index = int(np.flatnonzero(self.order(projection) == found)[0])
                return projection, self._keys[projection].stored[value.value], index
        return None


def names_in_code(code: str) -> set[str]:
    """Return every word of statements."""
    return set(_WORD.findall(code))


def _code(projection: ProjectionProgram) -> SynapseCode:
    return projection.synapse.code  # type: ignore[union-attr]


def _settled_with(projection: ProjectionProgram, variable: str) -> int:
    """Return the position of the settling of an event-driven variable; -1 for others."""
    for of, settling in enumerate(_code(projection).settlings):
        if variable in settling.variables:
            return of
    return -1

"""The C structs of include/learning_types.hpp, mirrored for ctypes, and the learnt weights."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from ctypes import POINTER, c_double, c_int16, c_int32, c_int64
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import DescriptionError, UnknownNameError
from ...lowering.learning_program import DeferredStdp
from ...lowering.program import ListedEdges, Program
from ..base import SYNAPSE

_Doubles, _Int64s, _Int16s = POINTER(c_double), POINTER(c_int64), POINTER(c_int16)
_TIMINGS = ("pair", "nearest", "triplet")
WEIGHT = "w"


class DecayTableSpec(ctypes.Structure):
    """See include/learning_types.hpp."""

    _fields_ = (("values", _Int16s), ("size", c_int64))


class LearningSpec(ctypes.Structure):
    """See include/learning_types.hpp."""

    _fields_ = (
        ("projection", c_int32),
        ("population", c_int32),
        ("array", c_int32),
        ("timing", c_int32),
        ("multiplicative", c_int32),
        ("backprop_delay", c_int32),
        ("shift", c_int32),
        ("low", c_int32),
        ("high", c_int32),
        ("a_plus", c_int32),
        ("a_minus", c_int32),
        ("a3_plus", c_int32),
        ("a3_minus", c_int32),
        ("reserved", c_int32),
        ("unit", c_double),
        ("limit", c_double),
        ("plus", DecayTableSpec),
        ("minus", DecayTableSpec),
        ("x", DecayTableSpec),
        ("y", DecayTableSpec),
        ("n_edges", c_int64),
        ("sources", _Int64s),
        ("targets", _Int64s),
        ("delays", _Int64s),
        ("fields", _Int64s),
        ("stages", _Int64s),
        ("weights", _Int64s),
    )


def learning_spec(
    program: Program,
    learning: DeferredStdp,
    array_index: Callable[[str, str], int],
    keep: Callable[..., Any],
) -> LearningSpec:
    """Return a learning projection as the runtime reads it.

    Parameters
    ----------
    program : Program
    learning : DeferredStdp
    array_index : callable
        From population and variable to where the variable is stored.
    keep : callable
        Makes an array of a type, keeps it alive and returns the pointer to it.
    """
    names = [p.name for p in program.projections]
    index = names.index(learning.projection)
    projection = program.projections[index]
    post, rule = projection.post, projection.rule
    if not isinstance(rule, ListedEdges) or projection.delay.values is None:
        raise DescriptionError(
            f"projection {learning.projection!r} learns in integers but does not list its edges "
            "and delays; list them with lowering.edges.instantiate."
        )

    def table(values: NDArray[np.int16]) -> DecayTableSpec:
        return DecayTableSpec(keep(values, np.int16, _Int16s), values.size)

    def whole(values: NDArray[np.int64]) -> Any:
        return keep(values, np.int64, _Int64s)

    return LearningSpec(
        projection=index,
        population=[p.name for p in program.populations].index(post.population),
        array=array_index(post.population, learning.variable),
        timing=_TIMINGS.index(learning.timing),
        multiplicative=int(learning.multiplicative),
        backprop_delay=int(learning.backprop_delay),
        shift=learning.shift,
        low=learning.low,
        high=learning.high,
        a_plus=learning.a_plus,
        a_minus=learning.a_minus,
        a3_plus=learning.a3_plus,
        a3_minus=learning.a3_minus,
        unit=learning.unit,
        limit=learning.limit,
        plus=table(learning.plus),
        minus=table(learning.minus),
        x=table(learning.x),
        y=table(learning.y),
        n_edges=rule.pre.size,
        sources=whole(rule.pre),
        targets=whole(post.local_ids_at(rule.post)),
        delays=whole(projection.delay.values),
        fields=whole(learning.fields),
        stages=whole(learning.stages),
        weights=whole(learning.weights),
    )


class LearntWeights:
    """The synapses of a built network that learn in integers.

    Parameters
    ----------
    library, network
        The compiled runtime, and its network.
    program : Program
    """

    def __init__(self, library: Any, network: int, program: Program) -> None:
        self._library, self._network, self._program = library, network, program
        learning = () if program.machine is None else program.machine.learning
        self._names = [one.projection for one in learning]

    def __contains__(self, projection: str) -> bool:
        return projection in self._names

    def table(self, projection: str) -> NDArray[np.void]:
        """Return every synapse, target-major; see ``Executable.synapse_table``."""
        given = next(p for p in self._program.projections if p.name == projection)
        rule = given.rule
        out = np.empty(rule.pre.size, SYNAPSE)  # type: ignore[union-attr]
        out["source"] = given.pre.local_ids_at(rule.pre)  # type: ignore[union-attr]
        out["target"] = given.post.local_ids_at(rule.post)  # type: ignore[union-attr]
        out["delay"] = given.delay.values
        return out

    def read(self, projection: str, variable: str) -> NDArray[np.float64]:
        """Return the weights as integers, in the order of ``table``."""
        index, out = self._place(projection, variable)
        self._library.neurosim_learning_weights(
            self._network, index, 1, out.ctypes.data_as(_Doubles)
        )
        return out

    def write(self, projection: str, variable: str, values: NDArray[np.float64]) -> None:
        """Replace the weights by integers, given in the order of ``table``.

        Raises
        ------
        DescriptionError
            Not one per synapse, or not whole numbers of 16 bits.
        """
        index, given = self._place(projection, variable)
        whole = np.asarray(values, np.float64)
        if whole.shape != given.shape or np.any(whole != np.clip(np.rint(whole), 0, 65535)):
            raise DescriptionError(
                f"weights of projection {projection!r} of shape {np.shape(values)} are not "
                f"allowed; give {given.size} whole numbers from 0 to 65535."
            )
        given[:] = whole
        self._library.neurosim_learning_weights(
            self._network, index, 0, given.ctypes.data_as(_Doubles)
        )

    def _place(self, projection: str, variable: str) -> tuple[int, NDArray[np.float64]]:
        if variable != WEIGHT:
            raise UnknownNameError(
                "synaptic variable", variable, [WEIGHT], f"projection {projection!r}"
            )
        return self._names.index(projection), np.empty(self.table(projection).size)


def learning_counts(library: Any, network: int, n: int) -> NDArray[np.int64]:
    """Return (n_learning, 4): additions cut, synapses fetched, left out as late, lost."""
    out = np.zeros((n, 4), np.int64)
    library.neurosim_learning_counts(network, out.ctypes.data_as(_Int64s))
    return out

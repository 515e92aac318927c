"""The C structs of include/synapse_operation_types.hpp for ctypes, and what fills them."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Callable, Sequence
from ctypes import POINTER, c_int32, c_int64
from typing import Any

import numpy as np

from ...lowering.synapse_program import OperationTimes, SynapseOperationCode
from .synapse_key import SynapseKernelKey
from .synapse_operation_kernel import stage_by_source, sums_of

_Int32s = POINTER(c_int32)
_WORD = re.compile(r"\b[A-Za-z_]\w*\b")


class SynapseSumSpec(ctypes.Structure):
    """See include/synapse_operation_types.hpp."""

    _fields_ = (("call", c_int32), ("of_source", c_int32))


class OperationStageSpec(ctypes.Structure):
    """See include/synapse_operation_types.hpp."""

    _fields_ = (
        ("call", c_int32),
        ("by_source", c_int32),
        ("first_sum", c_int32),
        ("n_sums", c_int32),
    )


class SynapseOperationSpec(ctypes.Structure):
    """See include/synapse_operation_types.hpp."""

    _fields_ = (
        ("every", c_int64),
        ("first_step", c_int64),
        ("at_end", c_int32),
        ("gathers", c_int32),
        ("meets", c_int32),
        ("n_stages", c_int32),
        ("n_sums", c_int32),
        ("n_shares", c_int32),
        ("stages", POINTER(OperationStageSpec)),
        ("sums", POINTER(SynapseSumSpec)),
        ("shares", _Int32s),
    )


def operation_specs(
    key: SynapseKernelKey,
    times: Sequence[OperationTimes],
    shares: Sequence[int],
    table: Callable[[Any, list[Any]], Any],
    keep: Callable[[Any, type, Any], Any],
) -> list[SynapseOperationSpec]:
    """Return the structs of a projection's operations.

    Parameters
    ----------
    key : SynapseKernelKey
    times : sequence of OperationTimes
    shares : sequence of int
        Which of the reads of sources' variables may be changed by others; see ``phases``.
    table, keep : callable
        See ``GeneralBuilder``.
    """
    call = 0
    found = []
    for operation, when in zip(key.code.operations, times, strict=True):
        sums = [
            SynapseSumSpec(call + n, int(s.side == "pre")) for n, s in enumerate(sums_of(operation))
        ]
        stages = _stages(key, operation, call + len(sums))
        gathers = _reads_sources(key, operation)
        found.append(
            SynapseOperationSpec(
                every=when.every,
                first_step=when.start,
                at_end=int(when.when == "end"),
                gathers=int(gathers),
                meets=int(gathers and bool(shares)),
                n_stages=len(stages),
                n_sums=len(sums),
                n_shares=len(shares),
                stages=table(OperationStageSpec, stages),
                sums=table(SynapseSumSpec, sums),
                shares=keep(list(shares), np.int32, _Int32s),
            )
        )
        call += len(sums) + len(stages)
    return found


def _stages(
    key: SynapseKernelKey, operation: SynapseOperationCode, first_call: int
) -> list[OperationStageSpec]:
    found, first_sum = [], 0
    for n, stage in enumerate(operation.stages):
        by_source = int(stage_by_source(key, operation, n))
        found.append(OperationStageSpec(first_call + n, by_source, first_sum, len(stage.sums)))
        first_sum += len(stage.sums)
    return found


def _reads_sources(key: SynapseKernelKey, operation: SynapseOperationCode) -> bool:
    words = set(_WORD.findall("\n".join(operation.texts)))
    return any(f"{name}_pre" in words for name in key.pre_arrays)

"""Operations on synapses as C++: what a sum adds up, and the statements that follow.

Functions go along the synapses of the sources; a sum that is done is ``view_.sums[n]``, by own
target or by stretch.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from brian2.core.variables import Variable as BrianVariable
from brian2.units.fundamentalunits import DIMENSIONLESS

from ...lowering.synapse_program import SynapseOperationCode, SynapseSum
from .render import identifier
from .synapse_function import SUMMAND, SynapseFunction
from .synapse_key import SynapseKernelKey


def operation_functions(key: SynapseKernelKey) -> Iterator[tuple[str, str]]:
    """Return (name, C++) of all functions of a model's operations, in order of the table."""
    for o, operation in enumerate(key.code.operations):
        for n, summed in enumerate(sums_of(operation)):
            name = f"operation_{o}_sum_{n}"
            yield name, _Summand(key, operation, summed).text(name)
        for n in range(len(operation.stages)):
            name = f"operation_{o}_stage_{n}"
            yield name, _Stage(key, operation, n).text(name)


def sums_of(operation: SynapseOperationCode) -> list[SynapseSum]:
    """Return all sums of an operation, in order."""
    return [summed for stage in operation.stages for summed in stage.sums]


class _OperationFunction(SynapseFunction):
    def __init__(self, key: SynapseKernelKey, operation: SynapseOperationCode, code: str) -> None:
        self.sums = sums_of(operation)
        super().__init__(key, code, "operation")
        self.guarded = set()  # the neurons' variables are only read

    def _known(self) -> dict:
        totals = {
            s.name: BrianVariable(s.name, dimensions=DIMENSIONLESS, dtype=np.float64)
            for s in self.sums
        }
        return super()._known() | totals

    def _used_sums(self, side: str) -> list[str]:
        """Return the declarations of the sums that the code uses."""
        place = "e_" if side == "pre" else "j_"
        return [
            f"const real {identifier(s.name)} = view_.sums[{n}][{place}];"
            for n, s in enumerate(self.sums)
            if s.side == side and self._uses(s.name)
        ]

    def by_source(self) -> bool:
        """Whether synapses need what they have in common with others of their source."""
        reads = any(self._uses(f"{name}_pre") for name in self.key.pre_arrays)
        return reads or bool(self._used_sums("pre"))

    def _needs_target(self) -> bool:
        return super()._needs_target() or bool(self._used_sums("post"))

    def _of_stretch(self) -> list[str]:
        return [*super()._of_stretch(), *self._used_sums("pre")]

    def _body(self) -> list[str]:
        lines = super()._body()
        if self._needs_target():
            at = next(n for n, line in enumerate(lines) if line.startswith("const int64_t j_"))
            lines[at + 1 : at + 1] = self._used_sums("post")
        return lines


class _Summand(_OperationFunction):
    """What a sum adds up: a value for each synapse of the stretches."""

    def __init__(
        self, key: SynapseKernelKey, operation: SynapseOperationCode, summed: SynapseSum
    ) -> None:
        super().__init__(key, operation, f"{SUMMAND} = {summed.code}")

    def _stores(self) -> list[str]:
        return [f"out_[i_ - list_[0].begin] = {SUMMAND};"]


class _Stage(_OperationFunction):
    """The statements of a stage."""

    def __init__(self, key: SynapseKernelKey, operation: SynapseOperationCode, n: int) -> None:
        stage = operation.stages[n]
        settling = key.code.settling.code if stage.advances else ""
        super().__init__(key, operation, "\n".join(c for c in (settling, stage.code) if c))
        self.settles = bool(settling)


def stage_by_source(key: SynapseKernelKey, operation: SynapseOperationCode, n: int) -> bool:
    """Return whether a stage must go source by source."""
    return _Stage(key, operation, n).by_source()

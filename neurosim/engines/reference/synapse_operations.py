"""Operations on synapses with Brian2's objects: sums by NumPy, statements by Brian2's own code."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import brian2
import numpy as np
from brian2.codegen.runtime.numpy_rt import NumpyCodeObject
from brian2.groups.group import CodeRunner
from numpy.typing import NDArray

from ...lowering.synapse_edges import SynapseArrays
from ...lowering.synapse_program import (
    OperationStage,
    OperationTimes,
    SynapseCode,
    SynapseOperationCode,
    SynapseSum,
)

Values = NDArray[np.float64]
_WORD = re.compile(r"(?<![\w.])[A-Za-z_]\w*")
_OPERAND = "operand"
_TOTAL = "{}_sum"
_LOCAL = "{}_own"
_FIRST_ORDER = 100_000  # after the operations on neurons


def operation_variables(code: SynapseCode) -> list[str]:
    """Return the declarations that a model's operations need besides its own."""
    totals = {x.name for o in code.operations for s in o.stages for x in s.sums}
    names = [_OPERAND, *(_TOTAL.format(name) for name in sorted(totals))] if totals else []
    # units were checked in the description, and nothing checks them again
    return [f"{name} : 1" for name in names]


@dataclass
class Rewriter:
    """How code of a model becomes Brian2's: plain statements, and those that settle first.

    ``variables`` are the model's, by the Program's names.
    """

    variables: Iterable[str]
    plain: Callable[[str], str]
    settling: Callable[[str], str]


class OperationRunner:
    """One operation of one projection.

    Parameters
    ----------
    code : SynapseOperationCode
    times : OperationTimes
    synapses : brian2.Synapses
    arrays : SynapseArrays
    rewriter : Rewriter
    draw : callable
        Fills the random numbers that the operation uses, given the step.
    name : str
    """

    def __init__(
        self,
        code: SynapseOperationCode,
        times: OperationTimes,
        synapses: brian2.Synapses,
        arrays: SynapseArrays,
        rewriter: Rewriter,
        draw: Callable[[int], None],
        name: str,
    ) -> None:
        self._times, self._draw, self._name = times, draw, name
        self._synapses, self._arrays = synapses, arrays
        self._rewriter = rewriter
        self._own = _own_renamed(code, rewriter.variables)
        self.hidden: list[str] = []  # Brian2's objects that run only when this one lets them
        self._stages = [self._stage(stage) for stage in code.stages]

    def operation(self, clock: brian2.Clock, number: int) -> brian2.NetworkOperation:
        """Return what runs it in the steps that are due."""
        step = clock.variables["timestep"].get_value()

        def run() -> None:
            now = int(step[0])
            if self._times.due(now):
                self._draw(now)
                for stage in self._stages:
                    stage()

        order = _FIRST_ORDER + number
        when = self._times.when
        return brian2.NetworkOperation(run, clock=clock, when=when, order=order, name=self._name)

    def _stage(self, stage: OperationStage) -> Callable[[], None]:
        sums = [self._sum(summed) for summed in stage.sums]
        rewrite = self._rewriter.settling if stage.advances else self._rewriter.plain
        statements = self._runner(rewrite(self._own(stage.code)))

        def run() -> None:
            for one in sums:
                one()
            statements.run()

        return run

    def _sum(self, summed: SynapseSum) -> Callable[[], None]:
        code = self._rewriter.plain(f"{_OPERAND} = {self._own(summed.code)}")
        summands = self._runner(code)
        values = self._synapses.variables[_OPERAND].get_value()
        totals = self._synapses.variables[_TOTAL.format(summed.name)].get_value()
        places = self._arrays.pre if summed.side == "pre" else self._arrays.post
        add_up = _exact_sums if summed.side == "pre" else _ordered_sums

        def run() -> None:
            summands.run()
            totals[:] = add_up(places, values)[places]

        return run

    def _runner(self, code: str) -> Any:
        made = CodeRunner(
            self._synapses,
            "stateupdate",
            code=code,
            clock=self._synapses.clock,
            when=self._times.when,
            order=_FIRST_ORDER,
            name=f"{self._name}_{len(self.hidden)}",
            check_units=False,
            codeobj_class=NumpyCodeObject,
        )
        self._synapses.contained_objects.append(made)
        self.hidden.append(made.name)
        return made


def _own_renamed(code: SynapseOperationCode, variables: Iterable[str]) -> Callable[[str], str]:
    """Return what gives sums and own names such names that they are no variable of Brian2's."""
    names = {x.name: _TOTAL.format(x.name) for s in code.stages for x in s.sums}
    lines = [line for stage in code.stages for line in stage.code.splitlines()]
    assigned = {line.partition(" = ")[0] for line in lines}
    names |= {name: _LOCAL.format(name) for name in assigned - set(variables)}
    return lambda text: _WORD.sub(lambda match: names.get(match[0], match[0]), text)


def _ordered_sums(places: NDArray[np.int64], values: Values) -> Values:
    """Add up in order of storage, as a thread that owns the targets does."""
    return np.bincount(places, weights=values).astype(np.float64, copy=False)


def _exact_sums(places: NDArray[np.int64], values: Values) -> Values:
    """Add up as if without rounding, then round: the order does not count. Places ascend."""
    first = np.flatnonzero(np.diff(places, prepend=-1))
    out = np.zeros(int(places[-1]) + 1)
    for begin, end in zip(first, [*first[1:], places.size], strict=True):
        out[places[begin]] = math.fsum(values[begin:end])
    return out

"""Operations on synapses to stages: what must be summed before which statements run.

All synapses finish a statement before the next one starts, as if each variable were a vector. A
stage joins statements that one pass over the synapses can run: a sum is taken before its stage, so
a new stage begins where a sum needs what the stage at hand has changed.
"""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import dataclass, field
from typing import Literal

from ..description import syntax
from ..description.synapse_operations import OperationStatement, SumOver, SynapseOperation
from ..errors import DescriptionError, EquationError
from .draws import on_grid
from .expressions import names_in
from .synapse_program import (
    OperationStage,
    OperationTimes,
    SynapseOperationCode,
    SynapseSum,
)


def words_of(operations: tuple[SynapseOperation, ...], inlined: Callable[[str], str]) -> set[str]:
    """Return every name that operations use or write, subexpressions written out."""
    found: set[str] = set()
    for operation in operations:
        for statement in operation.statements:
            found.add(statement.target)
            for code in (statement.code, *(x.code for x in statement.sums)):
                found |= names_in(inlined(code))
    return found


def lower_operation(
    operation: SynapseOperation,
    inlined: Callable[[str], str],
    drawn: Callable[[str], str],
    event_driven: Set[str],
    where: str,
) -> SynapseOperationCode:
    """Return an operation as stages.

    Parameters
    ----------
    operation : SynapseOperation
    inlined : callable
        Returns code with subexpressions written out.
    drawn : callable
        Returns code with its random calls replaced by names.
    event_driven : set of str
        Variables that are brought up to date first where the operation uses any.
    where : str
        The projection and its synapse model, for messages.
    """
    planner = _Planner(where)
    for statement in operation.statements:
        for summed in statement.sums:
            planner.sum(summed, drawn(inlined(summed.code)))
        planner.statement(statement, drawn(inlined(statement.code)))
    stages = [stage.lowered() for stage in planner.stages]
    if words_of((operation,), inlined) & event_driven:
        if stages[0].sums:
            stages.insert(0, OperationStage((), "", advances=True))
        else:
            stages[0] = OperationStage((), stages[0].code, advances=True)
    return SynapseOperationCode(operation.name, tuple(stages))


def operation_times(
    every: float | None, start: float, when: Literal["start", "end"], dt: float, where: str
) -> OperationTimes:
    """Return when an operation runs on the grid of steps.

    Parameters
    ----------
    every : float or None
        Seconds; None: every step.
    start : float
        Seconds.
    when : {"start", "end"}
    dt : float
        Seconds.
    where : str
        The operation, for messages.

    Raises
    ------
    DescriptionError
        An interval that is no multiple of dt, or shorter.
    """
    steps = 1 if every is None else on_grid(every, dt, f"{where}: every")
    if steps < 1:
        raise DescriptionError(f"{where}: every is shorter than dt = {dt * 1e3:g} ms.")
    return OperationTimes(steps, on_grid(start, dt, f"{where}: start"), when)


@dataclass
class _Stage:
    sums: list[SynapseSum] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    written: set[str] = field(default_factory=set)
    locals: set[str] = field(default_factory=set)

    def lowered(self) -> OperationStage:
        return OperationStage(tuple(self.sums), "\n".join(self.lines))


class _Planner:
    """Puts sums and statements into stages."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.stages = [_Stage()]
        self._meaning: dict[str, str] = {}  # of own names, in terms of variables and sums
        self._stale: dict[str, str] = {}  # own names whose meaning has changed, and by what

    def sum(self, summed: SumOver, code: str) -> None:
        """Take a sum before the stage at hand, or before a new one if it needs its results."""
        code = self._expanded(code, set())
        words = names_in(code)
        now = self.stages[-1]
        if words & (now.written | {s.name for s in now.sums}):
            now = self._next()
        now.sums.append(SynapseSum(summed.name, summed.side, code))

    def statement(self, statement: OperationStatement, code: str) -> None:
        """Add a statement to the stage at hand."""
        now = self.stages[-1]
        line = self._expanded(code, now.locals)
        now.lines.append(f"{statement.target} = {line}")
        if statement.local:
            now.locals.add(statement.target)
            self._meaning[statement.target] = f"({self._expanded(code, self._stale.keys())})"
            self._mark(statement.target, code)
            return
        now.written.add(statement.target)
        for name, meaning in self._meaning.items():
            if statement.target in names_in(meaning):
                self._stale.setdefault(name, statement.target)

    def _mark(self, name: str, code: str) -> None:
        """An own name made of one whose meaning has changed has no other meaning either."""
        for other in names_in(code) & self._stale.keys():
            self._stale.setdefault(name, self._stale[other])

    def _next(self) -> _Stage:
        self.stages.append(_Stage())
        return self.stages[-1]

    def _expanded(self, code: str, at_hand: Set[str]) -> str:
        """Return code with own names written out, but for those ``at_hand``."""
        names = (names_in(code) & self._meaning.keys()) - at_hand
        for name in sorted(names & self._stale.keys()):
            raise EquationError(
                f"{self.where}: {name!r} is worked out before {self._stale[name]!r} changes, and "
                "used after a sum that needs the change. Work it out again after that under "
                f"another name, or make {name!r} a variable of the synapse model."
            )
        return syntax.rename(code, {name: self._meaning[name] for name in names})

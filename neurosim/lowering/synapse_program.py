"""Synapses with code of their own, as plain data: the part of the Program that describes them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

from ..description.bounds import Limit
from .program import Draw, Noise, Variable

_WORD = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True)
class PathwayCode:
    """Statements run for the synapses that a spike (or another event) of one side reaches.

    Before them the event-driven variables are brought up to date, see ``Settling``.
    """

    name: str
    side: Literal["pre", "post"]
    event: str
    code: str


@dataclass(frozen=True)
class SummedCode:
    """``variable`` of the target is the sum of ``code`` over its synapses, in every step."""

    variable: str
    code: str


@dataclass(frozen=True)
class SynapseSum:
    """``name`` is, at each synapse, the sum of ``code`` over those with its source or target."""

    name: str
    side: Literal["pre", "post"]
    code: str


@dataclass(frozen=True)
class OperationStage:
    """Part of an operation: its sums, of what is there before it, then statements.

    With ``advances`` the synapses' own event-driven variables are brought up to date before the
    statements, as before those of a pathway.
    """

    sums: tuple[SynapseSum, ...]
    code: str
    advances: bool = False


@dataclass(frozen=True)
class SynapseOperationCode:
    """Statements run for all synapses in some steps, stage after stage."""

    name: str
    stages: tuple[OperationStage, ...]

    @property
    def texts(self) -> tuple[str, ...]:
        """All its code: of the sums and of the statements."""
        return tuple(t for s in self.stages for t in (*(x.code for x in s.sums), s.code))


@dataclass(frozen=True)
class Settling:
    """Event-driven variables that are brought up to date together.

    Attributes
    ----------
    code : str
        Statements that advance them over ``since_update``, the time since the last event of what
        they belong to; the engine keeps that time.
    variables : tuple of str
        The variables.
    """

    code: str = ""
    variables: tuple[str, ...] = ()


@dataclass(frozen=True)
class SynapseCode:
    """One synapse model after its state updater, as abstract code in Brian2's syntax.

    Variables of the neurons end in ``_pre`` and ``_post``.

    Attributes
    ----------
    name : str
    variables : tuple of Variable
        Those of the synapses; ``shared`` have one value per projection.
    declarations : str
        Brian2 equations that declare them.
    pathways : tuple of PathwayCode
        Presynaptic ones first; each group in the order in which they run.
    update : str
        Statements that advance clock-driven variables by one step.
    method : str
        The state updater that made ``update``.
    summed : tuple of SummedCode
    settling : Settling
        Event-driven variables that each synapse keeps for itself.
    of_sources, of_targets : Settling
        Variables that all synapses of a source with one delay, or all synapses of a target, have
        in common: written at events of that side only, from the same values.
    noise : tuple of Noise
        Names that hold another random number for every synapse in every step.
    reads_pre, reads_post, writes_pre, writes_post : tuple of str
        Variables of the neurons, without suffix.
    operations : tuple of SynapseOperationCode
        In order of declaration; they write synaptic variables only, and use no variables that
        several synapses have in common.
    """

    name: str
    variables: tuple[Variable, ...]
    declarations: str
    pathways: tuple[PathwayCode, ...]
    update: str
    method: str
    summed: tuple[SummedCode, ...]
    settling: Settling
    of_sources: Settling
    of_targets: Settling
    noise: tuple[Noise, ...]
    reads_pre: tuple[str, ...]
    reads_post: tuple[str, ...]
    writes_pre: tuple[str, ...]
    writes_post: tuple[str, ...]
    operations: tuple[SynapseOperationCode, ...] = ()

    @property
    def keeps_update(self) -> bool:
        """Whether each synapse must know the time of its last event."""
        return bool(self.settling.variables)

    @property
    def settlings(self) -> tuple[Settling, Settling, Settling]:
        """Of single synapses, of sources and of targets."""
        return self.settling, self.of_sources, self.of_targets

    @property
    def lifted(self) -> tuple[str, ...]:
        """Variables that several synapses have in common."""
        return (*self.of_sources.variables, *self.of_targets.variables)

    @property
    def event_driven(self) -> tuple[str, ...]:
        """Variables that change between events by their equation."""
        return tuple(name for settling in self.settlings for name in settling.variables)

    @property
    def steadily_read(self) -> frozenset[str]:
        """Variables of the source, without suffix, that more than operations read."""
        texts = [self.update, *(p.code for p in self.pathways), *(s.code for s in self.summed)]
        words = _WORD.findall("\n".join([*texts, *(s.code for s in self.settlings)]))
        return frozenset(name for name in self.reads_pre if f"{name}_pre" in words)

    def variable(self, name: str) -> Variable:
        """Return the variable of that name; KeyError if there is none."""
        for variable in self.variables:
            if variable.name == name:
                return variable
        raise KeyError(name)


@dataclass(frozen=True)
class OperationTimes:
    """An operation runs in the steps ``start + k every``, k = 0, 1, ...

    ``when`` is "start", before the sums and the neurons' update, or "end", after the resets; in
    both cases after the operations on neurons.
    """

    every: int
    start: int
    when: Literal["start", "end"]

    def due(self, step: int) -> bool:
        """Return whether it runs in a step."""
        return step >= self.start and (step - self.start) % self.every == 0


@dataclass(frozen=True)
class SynapseProgram:
    """The synapse model of one projection, with its numbers.

    Attributes
    ----------
    code : SynapseCode
    values : dict of str to float or Draw
        A number for shared variables, a Draw for the others, keyed by the variable's name
        (:func:`neurosim.streams.synaptic_values`); the weight ``w``, unless shared, is drawn
        by the projection.
    delays : tuple of int or None
        Of each pathway in steps; None: the synapse's own delay, drawn by the projection.
    limits : dict of str to Limit
        Of bounded variables; the code keeps them.
    times : tuple of OperationTimes
        Of each operation.
    """

    code: SynapseCode
    values: dict[str, float | Draw] = field(default_factory=dict)
    delays: tuple[int | None, ...] = ()
    limits: dict[str, Limit] = field(default_factory=dict)
    times: tuple[OperationTimes, ...] = ()

    def pathways(self, side: str) -> list[tuple[int, PathwayCode]]:
        """Return (position, pathway) of those on one side, in order."""
        return [(i, p) for i, p in enumerate(self.code.pathways) if p.side == side]

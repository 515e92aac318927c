"""A network on its way to a machine: what the passes of a mapping work on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ..lowering.machine_program import MachineProgram
from ..lowering.program import PopulationProgram, Program, ProjectionProgram
from ..parallel.communicator import Communicator
from .report import MappingReport

if TYPE_CHECKING:
    from .platform import Machine


@dataclass(frozen=True)
class Reading:
    """What a variable's value on the machine means: ``offset + scale * value`` in SI units.

    ``write`` turns a value in the machine's units into one that it can hold; None: any.
    """

    scale: float = 1.0
    offset: float = 0.0
    write: Callable[[Any], Any] | None = None

    @property
    def in_si(self) -> bool:
        """Whether the value on the machine is the SI value."""
        return self.scale == 1.0 and not self.offset


@dataclass
class Draft:
    """The Program as it is by now, and what was found out about it.

    Attributes
    ----------
    machine : Machine
        The platform with its settings.
    program : Program
        Passes put a changed one in its place.
    original : Program
        As it was lowered.
    ranks : Communicator
    report : MappingReport
    readings : dict of (population or projection, variable) to Reading
        For variables that are not in SI units any more.
    facts : dict
        What passes leave for later ones and for the account of the run: placement, numbers of
        cores, ... Keys are documented where they are set.
    """

    machine: Machine
    program: Program
    original: Program
    ranks: Communicator
    report: MappingReport
    readings: dict[tuple[str, str], Reading] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)

    def populations(self, change: Callable[[PopulationProgram], PopulationProgram]) -> None:
        """Replace every population by what ``change`` returns."""
        changed = tuple(change(p) for p in self.program.populations)
        self.program = replace(self.program, populations=changed)

    def projections(self, change: Callable[[ProjectionProgram], ProjectionProgram]) -> None:
        """Replace every projection by what ``change`` returns."""
        changed = tuple(change(p) for p in self.program.projections)
        self.program = replace(self.program, projections=changed)

    def limits(self, **changes: Any) -> None:
        """Add to how spikes travel and sums end on the machine (see MachineProgram)."""
        now = self.program.machine or MachineProgram(self.machine.name)
        joined = {
            name: (*getattr(now, name), *value) if isinstance(value, tuple) else value
            for name, value in changes.items()
        }
        self.program = replace(self.program, machine=replace(now, **joined))

    def allowed(self, name: str, where: str, text: str) -> bool:
        """Return whether the user allows an approximation by name, and note it if so."""
        if name in self.machine.allow or "all" in self.machine.allow:
            self.report.approximated.append((name, where, text))
            return True
        return False

"""What a network became on a machine: told before it runs, and kept in the recording."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from ..errors import MappingError

_SHOWN = 8  # places that an obstacle names


@dataclass(frozen=True)
class Rounded:
    """How values of one kind changed on their way to the machine.

    Attributes
    ----------
    where : str
        Projection or population.
    what : str
        ``"weights"``, ``"delays"`` or a parameter's name.
    unit : str
    count : int
        Values looked at.
    of : int
        Values there are; more than ``count`` where a sample was looked at.
    changed, clipped : int
        Values that differ at all from those asked for; brought into the machine's range.
    worst : float
        Largest difference, in ``unit``.
    worst_given, worst_became : float
        The value that changed most.
    mean_relative : float
        Mean of ``|difference| / |given|`` where the given value is not 0.
    edges, histogram : tuple
        Counts of the relative differences between the edges.
    """

    where: str
    what: str
    unit: str
    count: int
    of: int
    changed: int
    clipped: int
    worst: float
    worst_given: float
    worst_became: float
    mean_relative: float
    edges: tuple[float, ...] = ()
    histogram: tuple[int, ...] = ()


@dataclass(frozen=True)
class Lost:
    """Synapses that the machine has no place for."""

    where: str
    requested: int
    realised: int
    why: str


@dataclass(frozen=True)
class Shared:
    """A parameter that several neurons or synapses must have in common on the machine."""

    where: str
    what: str
    groups: int
    text: str


@dataclass
class MappingReport:
    """Gathers what the passes of a mapping find.

    Attributes
    ----------
    platform : str
    settings : dict
    resources : dict of str to number or str
        What is used, in the machine's words: cores, chips, boards, ...; in the order added.
    memory : dict of str to float
        Bytes, by what they hold.
    rounded, lost, shared : list
    approximated : list of (name, where, text)
        What the machine does otherwise and the user allowed by name.
    notes : list of str
        Worth knowing, and neither wrong nor lost.
    obstacles : list of str
        What stands in the way: with any, the network is refused.
    details : dict
        Further JSON-able data of the platform, such as placement tables.
    """

    platform: str
    settings: dict[str, Any] = field(default_factory=dict)
    resources: dict[str, Any] = field(default_factory=dict)
    memory: dict[str, float] = field(default_factory=dict)
    rounded: list[Rounded] = field(default_factory=list)
    lost: list[Lost] = field(default_factory=list)
    shared: list[Shared] = field(default_factory=list)
    approximated: list[tuple[str, str, str]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    obstacles: list[str] = field(default_factory=list)
    details: dict[str, Any] = field(default_factory=dict)
    _alike: dict[str, list[str]] = field(default_factory=dict, repr=False)

    def obstacle(self, where: str, given: str, allowed: str, remedy: str) -> None:
        """Note something in the way: where, what was given, what is allowed, what to do.

        What is in the way at several places is one entry that names them.
        """
        text = f"{given}; {allowed}. {remedy}"
        before = f"{_places(self._alike.get(text, []))}: {text}"
        places = self._alike.setdefault(text, [])
        if where in places:
            return
        places.append(where)
        now = f"{_places(places)}: {text}"
        if before in self.obstacles:
            self.obstacles[self.obstacles.index(before)] = now
        else:
            self.obstacles.append(now)

    def note(self, text: str) -> None:
        """Note something worth knowing, once."""
        if text not in self.notes:
            self.notes.append(text)

    def refuse_if_obstructed(self) -> None:
        """Raise MappingError with all obstacles, if there is one."""
        if self.obstacles:
            raise MappingError(self.platform, self.obstacles)

    def as_dict(self) -> dict[str, Any]:
        """Return the report as JSON-able data; obstacles are never in one that is kept."""
        found = asdict(self)
        del found["obstacles"], found["_alike"]
        return found


def _places(places: list[str]) -> str:
    """Return places as a list, with their number; those beyond the first ones are counted."""
    if len(places) < 2:
        return "".join(places)
    more = f", and {len(places) - _SHOWN} more" if len(places) > _SHOWN else ""
    return f"{', '.join(places[:_SHOWN])}{more} ({len(places)})"

"""The experiments of the gallery, and how the figure of each is made."""

from dataclasses import dataclass, field
from importlib.metadata import entry_points
from typing import Any


@dataclass(frozen=True)
class Shown:
    """An experiment of the gallery."""

    name: str
    options: dict[str, Any] = field(default_factory=lambda: {"quick": True})

    @property
    def command(self) -> str:
        """What a user types to make the figure."""
        words = ["neurosim run", self.name]
        words += [f"--{k}" if v is True else f"--{k} {v}" for k, v in self.options.items()]
        return " ".join(words)


# those whose published size takes seconds only are shown in full
_IN_FULL = {"catalogue", "hodgkin_huxley", "izhikevich_2003", "lif_fi", "psp"}
_IN_FULL |= {"adex_patterns", "izhikevich_patterns"}
# a minute or less, and their small versions show too little
_IN_FULL |= {"brunel", "clustered", "decision", "synfire", "vogels_abbott", "working_memory"}

EXPERIMENTS = tuple(
    Shown(name, {} if name in _IN_FULL else {"quick": True})
    for name in sorted(point.name for point in entry_points(group="neurosim.experiments"))
)

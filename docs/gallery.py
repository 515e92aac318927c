"""The experiments of the gallery, and how the figure of each is made."""

from dataclasses import dataclass, field
from importlib.metadata import entry_points
from typing import Any


@dataclass(frozen=True)
class Shown:
    """An experiment of the gallery."""

    name: str
    options: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def command(self) -> str:
        """What a user types to make the figure."""
        words = ["neurosim run", self.name]
        words += [f"--{k}" if v is True else f"--{k} {v}" for k, v in self.options.items()]
        words += [f"--set {k}={v}" for k, v in self.settings.items()]
        return " ".join(words)


# their published size takes minutes
_FEWER = {"distal_reward": {"networks": 3}}
_SIZE = {"spinnaker_microcircuit": {"scale": 1}}
_QUICK = {"clustered", "decision", "synfire", "working_memory"}

EXPERIMENTS = tuple(
    Shown(name, {"quick": True} if name in _QUICK else _SIZE.get(name, {}), _FEWER.get(name, {}))
    for name in sorted(point.name for point in entry_points(group="neurosim.experiments"))
)

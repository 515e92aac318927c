"""What is installed: experiments, plasticity rules and platforms, found by entry point.

The core never imports the packages that stand on it. They, and any third party's package,
announce themselves in their metadata; nothing is imported before it is asked for.
"""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import Any

from .errors import UnknownNameError

EXPERIMENTS = "neurosim.experiments"
REGISTRIES = "neurosim.registries"


def _found(group: str) -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=group)}


def names(group: str) -> list[str]:
    """Return the names announced in an entry-point group, sorted."""
    return sorted(_found(group))


def load(group: str, name: str, kind: str) -> Any:
    """Import and return what ``name`` stands for.

    Raises
    ------
    UnknownNameError
        The name is not announced; the message lists those that are.
    """
    found = _found(group)
    if name not in found:
        raise UnknownNameError(kind, name, found)
    return found[name].load()

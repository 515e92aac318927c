"""Engines run a Program; they are found by the entry points of the group ``neurosim.engines``."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points

from ..errors import UnknownNameError, UnsupportedError
from .base import Engine

ENTRY_POINTS = "neurosim.engines"


def _registered() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=ENTRY_POINTS)}


def engine_names() -> list[str]:
    """Return the names of the installed engines, sorted; none of them is imported."""
    return sorted(_registered())


def get_engine(name: str) -> Engine:
    """Import an engine and return an instance of it.

    Raises
    ------
    UnknownNameError
        If no installed package registers an engine of that name.
    UnsupportedError
        If the engine is registered and a module it needs cannot be imported.
    """
    registered = _registered()
    if name not in registered:
        raise UnknownNameError("engine", name, registered)
    try:
        engine: Engine = registered[name].load()()
    except ImportError as error:
        others = ", ".join(other for other in sorted(registered) if other != name) or "none"
        raise UnsupportedError(
            f"engine {name!r} ({registered[name].value}) cannot be imported: {error}. Install what "
            f"it needs, or choose another engine: {others}."
        ) from error
    return engine

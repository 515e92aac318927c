"""Neuromorphic machines: their number formats, order, limits and costs, over the native engine.

A platform is a class with settings, given to ``neurosim.simulate(platform=...)``; the base that
all of them stand on, and that others can build on, is here as well. Everything is imported when
it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_PUBLIC = {
    "Assumption": "knobs",
    "BrainScaleS1": "brainscales1",
    "BrainScaleS2": "brainscales2",
    "Draft": "draft",
    "Loihi": "loihi",
    "Loihi2": "loihi",
    "Lost": "report",
    "Machine": "platform",
    "MappingReport": "report",
    "OneAtATime": "one_at_a_time",
    "Reading": "draft",
    "Rounded": "report",
    "RunFacts": "engine",
    "Shared": "report",
    "SpiNNaker": "spinnaker",
    "SpiNNaker2": "spinnaker2",
    "Tianjic": "tianjic",
    "TrueNorth": "truenorth",
    "UnitSystem": "units",
    "imperfections": "one_at_a_time",
    "knob": "knobs",
    "loihi_lif": "loihi",
    "loihi_weight": "loihi",
    "truenorth_neuron": "truenorth",
}

__all__ = sorted(_PUBLIC)  # noqa: PLE0605 (one list of names)


def __getattr__(name: str) -> Any:
    """Import a public name on first use."""
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_PUBLIC[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return list(__all__)

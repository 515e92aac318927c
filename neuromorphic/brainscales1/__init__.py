"""BrainScaleS-1: analog AdEx circuits on a wafer, thousands of times faster than biology."""

from __future__ import annotations

from importlib import import_module
from typing import Any

_PUBLIC = {
    "AS_BUILT": "plasticity",
    "BrainScaleS1": "platform",
    "hardware_stdp": "plasticity",
    "hardware_stp": "plasticity",
    "stdp_controller": "plasticity",
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

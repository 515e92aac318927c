"""SpiNNaker: 32-bit fixed point in ticks, on cores that share a network's synaptic events."""

from __future__ import annotations

from typing import Any

__all__ = ["SpiNNaker"]


def __getattr__(name: str) -> Any:
    """Import the platform on first use: its numbers and rules stand alone."""
    if name != "SpiNNaker":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .machine import SpiNNaker  # noqa: PLC0415

    return SpiNNaker

"""The ranks that this process runs among."""

from __future__ import annotations

from functools import cache

from .communicator import Communicator, Serial


@cache
def world() -> Communicator:
    """Return the communicator of all ranks that were launched together."""
    return Serial()

"""The reference engine: a Program as Brian2's own objects, on Brian2's NumPy target."""

from ... import _brian2  # noqa: F401
from .engine import Brian2Engine

__all__ = ["Brian2Engine"]

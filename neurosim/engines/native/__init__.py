"""The native engine: generated C++, compiled at first use, run by threads."""

from .engine import NativeEngine

__all__ = ["NativeEngine"]

"""The native engine: generated C++, compiled at first use, run by threads."""

from typing import Any

__all__ = ["NativeEngine"]


def __getattr__(name: str) -> Any:
    # The compiler and the cache are used without Brian2, which the engine imports.
    if name in __all__:
        from .engine import NativeEngine  # noqa: PLC0415

        return NativeEngine
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

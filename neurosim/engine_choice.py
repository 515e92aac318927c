"""Which engine runs a network when the user names none, and whether the options make sense."""

from __future__ import annotations

from .engines import get_engine
from .engines.base import Engine
from .errors import CompilerNotFoundError, DescriptionError, UnknownNameError
from .progress import Progress


def choose_engine(name: str | None, progress: Progress) -> Engine:
    """Return the engine of that name; without one, the fastest that works here.

    That is ``native`` where a C++ compiler is found, otherwise ``brian2``, and then the user
    is told so and how to get the fast one.
    """
    if name is not None:
        return get_engine(name)
    from .engines.native.compiler import find_compiler  # noqa: PLC0415 - only when asked

    try:
        find_compiler()
    except CompilerNotFoundError as error:
        progress.note(f"engine: brian2, which is slow. {error}")
        return get_engine("brian2")
    return get_engine("native")


def check_options(threads: int, precision: str, exchange: str = "auto") -> None:
    """Raise DescriptionError unless threads, precision and exchange are allowed."""
    if isinstance(threads, bool) or not isinstance(threads, int) or threads < 0:
        raise DescriptionError(
            f"threads={threads!r} is not allowed; give 1 or more, or 0 for as many as there are."
        )
    if precision not in ("double", "single"):
        raise UnknownNameError("precision", precision, ("double", "single"))
    if exchange not in ("auto", "allgather", "targeted"):
        raise UnknownNameError("exchange", exchange, ("auto", "allgather", "targeted"))

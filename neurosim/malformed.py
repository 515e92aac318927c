"""What reading a malformed file raises, turned into one typed error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from .errors import NeurosimError

# What h5py and NumPy raise when a file lies about its own structure.
MALFORMED = (
    OSError,
    RuntimeError,
    LookupError,
    ValueError,
    TypeError,
    AttributeError,
    OverflowError,
    MemoryError,
    BufferError,
)


@contextmanager
def explained(error: type[NeurosimError], name: str, what: str, needed: str) -> Iterator[None]:
    """Raise ``error`` for whatever reading the file ``name`` as ``what`` provokes."""
    try:
        yield
    except NeurosimError:
        raise
    except MALFORMED as cause:
        text = " ".join(str(cause).split())[:200]
        raise error(
            f"{name!r} cannot be read as {what} ({type(cause).__name__}: {text}). {needed}"
        ) from cause

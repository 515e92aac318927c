"""Text in attributes: of fixed width, so that HDF5 keeps it where it belongs."""

from __future__ import annotations

from typing import Any

import h5py
import numpy as np


def fixed_text(text: str, width: int) -> np.ndarray:
    """Return a scalar of fixed-width UTF-8 bytes, cut at ``width``."""
    cut = text.encode()[:width].decode(errors="ignore")
    return np.array(cut.encode(), dtype=h5py.string_dtype("utf-8", width))


def stored(value: Any) -> Any:
    """Return a value as attributes keep it: text of fixed width, everything else as it is.

    Text of variable length would go to HDF5's global heap, in which a single damaged byte can
    make the library search without end.
    """
    return fixed_text(value, max(1, len(value.encode()))) if isinstance(value, str) else value

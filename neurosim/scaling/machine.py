"""What was measured on this machine before, kept beside the compiled code."""

from __future__ import annotations

import json

from ..store import cache_dir, write_atomically
from .model import Coefficients

_FILE = "costs.json"


def stored() -> tuple[Coefficients, bool]:
    """Return the coefficients that ``neurosim scaling`` left here, and whether there are any."""
    try:
        values = json.loads((cache_dir() / _FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return Coefficients(), False
    return (
        (Coefficients().updated(values), True)
        if isinstance(values, dict)
        else (Coefficients(), False)
    )


def store(coefficients: Coefficients) -> None:
    """Keep coefficients of this machine for later estimates."""
    text = json.dumps(coefficients.as_dict(), indent=1)
    write_atomically(cache_dir() / _FILE, text.encode())

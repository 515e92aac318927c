"""Brian2's units under the package's own name: ``from neurosim.units import ms, mV``.

Names are looked up on first use, so importing this module does not import Brian2.
"""

from __future__ import annotations

import difflib
from typing import Any


def __getattr__(name: str) -> Any:
    """Return Brian2's unit of that name (or ``Quantity``); AttributeError if there is none."""
    if name.startswith("__"):
        raise AttributeError(name)
    from brian2.core.namespace import DEFAULT_UNITS  # noqa: PLC0415 (imported on first use)
    from brian2.units.fundamentalunits import Quantity  # noqa: PLC0415

    if name == "Quantity":
        return Quantity
    if name not in DEFAULT_UNITS:
        close = difflib.get_close_matches(name, DEFAULT_UNITS, n=3)
        hint = f" Did you mean one of {', '.join(close)}?" if close else ""
        raise AttributeError(f"there is no unit {name!r}.{hint}")
    value = globals()[name] = DEFAULT_UNITS[name]
    return value

"""Brian2's units under the package's own name: ``from neurosim.units import ms, mV``.

``from neurosim.units import *`` brings all of them, as ``from brian2 import *`` does. Names are
looked up on first use, so importing this module does not import Brian2.
"""

from __future__ import annotations

import difflib
from typing import Any


def __getattr__(name: str) -> Any:
    """Return Brian2's unit of that name (or ``Quantity``); AttributeError if there is none."""
    if name.startswith("__") and name != "__all__":
        raise AttributeError(name)
    from . import _brian2  # noqa: F401, PLC0415, I001
    from brian2.core.namespace import DEFAULT_UNITS  # noqa: PLC0415 (imported on first use)
    from brian2.units.fundamentalunits import Quantity  # noqa: PLC0415

    if name == "__all__":
        return sorted(DEFAULT_UNITS)
    if name == "Quantity":
        return Quantity
    if name not in DEFAULT_UNITS:
        close = difflib.get_close_matches(name, DEFAULT_UNITS, n=3)
        hint = f" Did you mean one of {', '.join(close)}?" if close else ""
        raise AttributeError(f"there is no unit {name!r}.{hint}")
    value = globals()[name] = DEFAULT_UNITS[name]
    return value

"""Brian2's global settings, held at known values only while the engine needs them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import brian2
import numpy as np
from brian2.core.functions import Function
from brian2.devices import RuntimeDevice, get_device
from brian2.units.unitsafefunctions import exprel

from ...errors import UnsupportedError

# What the engine's results may depend on; every other preference concerns compiled targets.
_PREFERENCES: dict[str, Any] = {
    "codegen.target": "numpy",
    "codegen.loop_invariant_optimisations": True,
    "core.default_float_dtype": brian2.float64,
    "legacy.refractory_timing": False,
}


def require_runtime_device() -> None:
    """Raise UnsupportedError unless Brian2's runtime device is active."""
    device = get_device()
    if not isinstance(device, RuntimeDevice):
        raise UnsupportedError(
            f"engine 'brian2' runs on Brian2's runtime device, and {type(device).__name__} is "
            "active. Call brian2.set_device('runtime') first, or use engine 'native'."
        )


@contextmanager
def numpy_target() -> Iterator[None]:
    """Select the NumPy target and the standard preferences; restore the user's on leaving."""
    known = {name: value for name, value in _PREFERENCES.items() if name in brian2.prefs}
    before = {name: brian2.prefs[name] for name in known}
    try:
        for name, value in known.items():
            brian2.prefs[name] = value
        yield
    finally:
        for name, value in before.items():
            brian2.prefs[name] = value


# Brian2's NumPy target wraps these three in a check of units that prints every result into a
# message nobody reads: for exprel of 200 numbers 2 ms a call. The inner functions are the same.
_PLAIN_FUNCTIONS = {"exprel": exprel._orig_func, "expm1": np.expm1, "log1p": np.log1p}


def use_plain_functions(network: brian2.Network) -> None:
    """Let the code objects of a prepared network call functions without Brian2's unit checks."""
    for entry in network.sorted_objects:
        for code in entry.code_objects:
            for name, function in _PLAIN_FUNCTIONS.items():
                if isinstance(code.variables.get(name), Function):
                    code.namespace[name] = function

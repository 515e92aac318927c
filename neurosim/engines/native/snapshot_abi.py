"""The functions of include/snapshot.hpp, as ctypes calls them."""

from __future__ import annotations

import ctypes
from typing import Any

_Doubles, _Int64s = ctypes.POINTER(ctypes.c_double), ctypes.POINTER(ctypes.c_int64)


def declare(library: Any) -> None:
    """Tell ctypes the arguments of the functions of include/snapshot.hpp."""
    network, i32, i64 = ctypes.c_void_p, ctypes.c_int32, ctypes.c_int64
    signatures: dict[str, tuple[Any, list[Any]]] = {
        "neurosim_origin": (i64, [network]),
        "neurosim_go_on": (None, [network, i64, i64]),
        "neurosim_last_spikes": (None, [network, i32, i32, _Int64s]),
        "neurosim_ready": (i32, [network, i32, i32, _Int64s]),
        "neurosim_current": (i32, [network, i32, i32, i32, _Doubles]),
        "neurosim_catch_up": (None, [network, i32, i64]),
        "neurosim_updated": (i32, [network, i32, i32, i32, _Int64s]),
        "neurosim_pending": (i64, [network, i32, i32, i64, _Int64s]),
        "neurosim_set_pending": (None, [network, i32, i32, i64, i64, _Int64s]),
        "neurosim_happened": (i64, [network, i32, i64, i64, _Int64s]),
        "neurosim_set_happened": (None, [network, i32, i64, i64, _Int64s]),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments

"""The compiled libraries, with the types of their functions declared."""

from __future__ import annotations

import ctypes
from ctypes import POINTER, c_double, c_float, c_int32, c_int64, c_uint16, c_uint32
from typing import Any

from .abi import ChunkResult, NetworkSpec
from .input_abi import WaveRows
from .snapshot_abi import declare
from .synapse_probes import declare_probes

_Doubles, _Int64s, _Words = POINTER(c_double), POINTER(c_int64), POINTER(c_uint32)


def load_kernels(path: str) -> tuple[ctypes.CDLL, int]:
    """Load the compiled kernels; return the library and the address of their table."""
    library = ctypes.CDLL(path)
    library.neurosim_kernels.restype = ctypes.c_void_p
    library.neurosim_synapse_kernels.restype = ctypes.c_void_p
    library.neurosim_operations.restype = ctypes.c_void_p
    return library, library.neurosim_kernels()


def load_runtime(path: str) -> ctypes.CDLL:
    """Load the compiled runtime and declare its functions."""
    library = ctypes.CDLL(path)
    network = ctypes.c_void_p
    signatures: dict[str, tuple[Any, list[Any]]] = {
        "neurosim_error": (ctypes.c_char_p, []),
        "neurosim_create": (network, [POINTER(NetworkSpec)]),
        "neurosim_destroy": (None, [network]),
        "neurosim_build": (ctypes.c_int, [network]),
        "neurosim_advance": (
            ctypes.c_int,
            [network, c_int64, POINTER(_Doubles), POINTER(ChunkResult)],
        ),
        "neurosim_outdegrees": (None, [network, c_int32, _Words]),
        "neurosim_synapses": (c_int64, [network]),
        "neurosim_list_synapses": (
            None,
            [network, _Int64s, _Int64s, POINTER(c_int32), _Doubles, POINTER(c_int32)],
        ),
        "neurosim_synapses_of": (c_int64, [network, c_int32]),
        "neurosim_memory": (c_int64, [network, c_int32]),
        "neurosim_general_size": (c_int64, [network, c_int32]),
        "neurosim_general_bytes": (c_int64, [network, c_int32]),
        "neurosim_general_list": (
            None,
            [network, c_int32, _Int64s, _Int64s, _Int64s, _Int64s],
        ),
        "neurosim_general_read": (None, [network, c_int32, c_int32, _Doubles]),
        "neurosim_general_write": (None, [network, c_int32, c_int32, _Doubles]),
        "neurosim_general_nan": (c_int64, [network, c_int32, POINTER(c_int32)]),
        "neurosim_replace": (ctypes.c_int, [network, c_int32, c_int64, _Int64s, _Int64s, _Int64s]),
        "neurosim_reconnect": (ctypes.c_int, [network, c_int64, c_int64, _Int64s, _Int64s]),
        "neurosim_recall": (ctypes.c_int, [network, c_int64, c_int64, _Int64s, _Int64s]),
        "neurosim_waves": (None, [network, c_int64, POINTER(WaveRows)]),
        "neurosim_read": (None, [network, c_int32, c_int32, _Doubles]),
        "neurosim_write": (None, [network, c_int32, c_int32, _Doubles]),
    }
    if hasattr(library, "neurosim_machine_counts"):  # of a network that runs as a machine
        signatures |= {
            "neurosim_machine_counts": (c_double, [network, _Int64s, _Int64s, _Int64s, _Int64s]),
            "neurosim_machine_load": (c_int64, [network, POINTER(c_float)]),
            "neurosim_machine_rows": (POINTER(c_uint16), [network]),
            "neurosim_learning_counts": (None, [network, _Int64s]),
            "neurosim_learning_weights": (None, [network, c_int32, c_int32, _Doubles]),
        }
    for name, (result, arguments) in signatures.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    declare(library)
    declare_probes(library)
    return library

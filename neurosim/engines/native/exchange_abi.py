"""The C struct of include/exchange_types.hpp, mirrored for ctypes, and what fills it."""

from __future__ import annotations

import ctypes
from ctypes import c_double, c_int32, c_uint64

from ...parallel.communicator import Messages
from ..base import Exchange

_KINDS = ("none", "mpi", "pretend")
_CHOICES: tuple[Exchange, ...] = ("auto", "allgather", "targeted")
_FUNCTIONS = {
    "all_gather": "MPI_Iallgather",
    "all_to_all": "MPI_Ialltoall",
    "test": "MPI_Test",
    "idle": "idle",
}


class MessengerSpec(ctypes.Structure):
    """See include/exchange_types.hpp."""

    _fields_ = (
        ("kind", c_int32),
        ("choice", c_int32),
        ("rate", c_double),
        ("communicator", c_uint64),
        ("byte", c_uint64),
        ("all_gather", ctypes.c_void_p),
        ("all_to_all", ctypes.c_void_p),
        ("test", ctypes.c_void_p),
        ("idle", ctypes.c_void_p),
    )


def messenger_spec(messages: Messages, exchange: Exchange) -> MessengerSpec:
    """Return how the runtime reaches the other ranks."""
    spec = MessengerSpec(
        kind=_KINDS.index(messages.kind), choice=_CHOICES.index(exchange), rate=messages.rate
    )
    if messages.handles is not None:
        spec.communicator, spec.byte = messages.handles["comm"], messages.handles["byte"]
        for field, name in _FUNCTIONS.items():
            setattr(spec, field, messages.handles.get(name, 0))
    return spec

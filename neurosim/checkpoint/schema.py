"""What a checkpoint says of itself, as JSON in the file, and its check."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, get_args

import numpy as np

from ..engines.base import StateKind

FORMAT = "neurosim checkpoint"
SCHEMA_VERSION = 1
MOST_STEPS = 1 << 53
HEARD = "callbacks"
"""Name of the array of spikes that callbacks have yet to be told of."""

HEADER_LIMIT = 64 << 20
_DTYPES = ("<f8", "<f4", "<i8", "<u1")


@dataclass(frozen=True)
class Header:
    """What a simulation is and how far it has come.

    Attributes
    ----------
    step : int
        The step that comes next.
    dt : float
        Seconds.
    seed : int
    precision : {"double", "single"}
    engine : str
    digest : str
        Of the network (``lowering.digest.network_digest``).
    version : str
        Of neurosim, which made it.
    warmup_end, end : int
        The steps where the warm-up and all that is planned so far end.
    n_spikes : int
        Emitted so far, of the whole network.
    called : bool
        Whether the callbacks due at ``step`` have been called already.
    recording : str
        Path of the recording, from the checkpoint's folder if that holds it; empty: none.
    recipe : mapping
        How the network can be made again, see :mod:`neurosim.recipes`; empty: by the user's
        script only.
    platform : str
        Name and settings of the neuromorphic machine it was run as, as JSON; empty: none.
    """

    step: int
    dt: float
    seed: int
    precision: str
    engine: str
    digest: str
    version: str
    warmup_end: int = 0
    end: int = 0
    n_spikes: int = 0
    called: bool = False
    recording: str = ""
    recipe: Mapping[str, Any] = field(default_factory=dict)
    platform: str = ""


@dataclass(frozen=True)
class Stored:
    """One array in the file: its name, what it is, its shape and the CRC-32 of its bytes."""

    name: str
    kind: StateKind
    dtype: str
    shape: tuple[int, ...]
    size: int
    counts: str
    crc: int


def header_text(header: Header, arrays: list[Stored]) -> bytes:
    """Return the JSON of a checkpoint's header and of the list of its arrays."""
    return json.dumps(
        {
            "format": FORMAT,
            "schema_version": SCHEMA_VERSION,
            "header": asdict(header),
            "arrays": [asdict(array) for array in arrays],
        }
    ).encode()


def parse(text: bytes) -> tuple[Header, list[Stored]]:
    """Return the header and the list of arrays.

    Raises
    ------
    ValueError, TypeError, LookupError
        It is not what :func:`header_text` makes.
    """
    whole = json.loads(text)
    header = {"platform": "", **whole["header"]}  # earlier versions ran on none
    for entry in fields(Header):
        _require(type(header[entry.name]), entry.type, entry.name)  # type: ignore[arg-type]
    made = Header(**{entry.name: header[entry.name] for entry in fields(Header)})
    for name in ("step", "warmup_end", "end", "n_spikes"):
        if not 0 <= getattr(made, name) <= MOST_STEPS:
            raise ValueError(f"{name} is {getattr(made, name)}")
    if not (0 < made.dt < 1e9 and 0 <= made.seed < 1 << 64):
        raise ValueError(f"dt is {made.dt}, the seed {made.seed}")
    if not isinstance(whole["arrays"], list):
        raise TypeError("the arrays are not listed")
    arrays = [_stored(entry) for entry in whole["arrays"]]
    if len({array.name for array in arrays}) != len(arrays):
        raise ValueError("an array is listed twice")
    return made, arrays


_TYPES = {
    "int": (int,),
    "float": (float, int),
    "str": (str,),
    "bool": (bool,),
    "Mapping[str, Any]": (dict,),
}


def _require(given: type, wanted: str, name: str) -> None:
    if given not in _TYPES[wanted]:
        raise TypeError(f"{name} is of type {given.__name__}, not {wanted}")


def _stored(entry: dict[str, Any]) -> Stored:
    for name in ("name", "kind", "dtype", "counts"):
        _require(type(entry[name]), "str", name)
    for number in (entry["size"], entry["crc"], *entry["shape"]):
        _require(type(number), "int", "a number of an array")
        if not 0 <= number <= 1 << 60:
            raise ValueError(f"an array's number is {number}")
    shape = tuple(entry["shape"])
    if entry["kind"] not in get_args(StateKind) or entry["dtype"] not in _DTYPES:
        raise ValueError(f"array {entry['name']!r} is of kind {entry['kind']!r}")
    if len(shape) != (2 if entry["kind"] == "events" else 1) or np.prod(shape, dtype=float) > 2**60:
        raise ValueError(f"array {entry['name']!r} has the shape {shape}")
    return Stored(**{**entry, "shape": shape})

"""Reading a checkpoint, which is not trusted: checked bytes, typed errors, bounded memory."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from ..engines.base import Snapshot, StateArray
from ..errors import CheckpointError
from ..malformed import MALFORMED, explained
from ..parallel.share import Share
from ..recording.guard import scalar, table, text
from .blocks import BLOCK
from .files import previous_of
from .schema import FORMAT, HEADER_LIMIT, HEARD, SCHEMA_VERSION, Stored, parse
from .writer import HEADER, STATE

_NAMES = {
    "digest": "the network",
    "seed": "the seed",
    "dt": "the time step (s)",
    "precision": "the precision",
    "engine": "the engine",
    "platform": "the platform",
}


class Saved:
    """An open checkpoint.

    Attributes
    ----------
    path : str
    header : Header
    """

    def __init__(self, path: str, file: h5py.File) -> None:
        self.path, self._file = path, file
        if text(file.attrs, "format") != FORMAT:
            raise ValueError("it is not a checkpoint of neurosim")
        version = scalar(file.attrs, "schema_version", "iu")
        if version != SCHEMA_VERSION:
            raise CheckpointError(
                f"the checkpoint {path!r} is of version {version} of the format; this neurosim "
                f"reads version {SCHEMA_VERSION}. Use the version of neurosim that made it."
            )
        data = self._dataset(HEADER, "u1", 1)
        if data.size > HEADER_LIMIT:
            raise ValueError(f"the header has {data.size} bytes")
        content = data[()].tobytes()
        if zlib.crc32(content) != scalar(file.attrs, "crc", "iu"):
            raise ValueError("the header's checksum is wrong")
        self.header, arrays = parse(content)
        self._arrays = {array.name: array for array in arrays}

    def _dataset(self, name: str, dtype: str, ndim: int) -> h5py.Dataset:
        """Return a dataset of this file itself, stored in one stretch."""
        place = ""
        for part in name.split("/"):
            place = f"{place}/{part}"
            if not isinstance(self._file.get(place, getlink=True), h5py.HardLink):
                raise TypeError(f"{place} is not in the file itself")
        data = table(self._file, name, "uif", ndim)
        if data.dtype != np.dtype(dtype) or data.chunks or data.compression:
            raise TypeError(f"{name} is {data!r}")
        if data.size and data.id.get_storage_size() != data.nbytes:
            raise ValueError(f"{name} claims more data than the file holds")
        if data.size and data.nbytes > os.path.getsize(self.path):
            raise ValueError(f"{name} is larger than the file")
        return data

    @property
    def recording(self) -> Path | None:
        """Where the recording is that the simulation went on writing; None: nowhere."""
        kept = self.header.recording
        return Path(self.path).resolve().parent / kept if kept else None

    def require(self, **given: object) -> None:
        """Check that a simulation is the one that was stopped.

        Parameters
        ----------
        **given
            ``digest``, ``seed``, ``dt``, ``precision``, ``engine``, ``platform``.

        Raises
        ------
        CheckpointError
            Naming all that differs.
        """
        wrong = [name for name, value in given.items() if getattr(self.header, name) != value]
        if not wrong:
            return
        told = "; ".join(
            f"{_NAMES[name]} is {_short(given[name])} and was {_short(getattr(self.header, name))}"
            for name in wrong
        )
        raise CheckpointError(
            f"the checkpoint {self.path!r} is of another simulation: {told}. Resume with the same "
            "network, seed, dt, precision, engine and platform; threads and ranks may differ. (It "
            f"was made by neurosim {self.header.version}.)"
        )

    def snapshot(self, share: Share) -> Snapshot:
        """Return the state; its arrays give the rank's part, while the file is open."""
        arrays = {
            name: StateArray(
                stored.kind,
                stored.dtype,
                partial(self._read, name, share),
                stored.size,
                stored.counts,
            )
            for name, stored in self._arrays.items()
            if name != HEARD
        }
        return Snapshot(self.header.step, arrays)

    def heard(self) -> NDArray[np.int64]:
        """Return step and id of all spikes that callbacks have yet to be told of, (n, 2)."""
        if HEARD not in self._arrays:
            return np.empty((0, 2), np.int64)
        found = self._read(HEARD, Share())
        if found.dtype != np.int64 or found.ndim != 2 or found.shape[1] != 2:
            raise CheckpointError(f"{self.path!r}: the spikes for callbacks are not (step, id).")
        return found

    def _read(self, name: str, share: Share) -> NDArray:
        stored = self._arrays[name]
        with explained(CheckpointError, self.path, "a checkpoint", _next_step(self.path)):
            data = self._dataset(f"{STATE}/{name}", stored.dtype, len(stored.shape))
            if data.shape != stored.shape:
                raise ValueError(f"{name} has the shape {data.shape}, not {stored.shape}")
            if stored.kind == "neurons":
                return self._neurons(data, stored, share)
            if stored.kind == "synapses":
                return self._synapses(data, stored, share)
            whole = data[()]
            _check(zlib.crc32(np.ascontiguousarray(whole).data), stored)
            return whole

    def _neurons(self, data: h5py.Dataset, stored: Stored, share: Share) -> NDArray:
        if data.shape != (stored.size,):
            raise ValueError(f"{stored.name} has the shape {data.shape}")
        block = max(1, BLOCK // share.n_ranks) * share.n_ranks
        parts, crc = [np.empty(0, stored.dtype)], 0
        for first in range(0, stored.size, block):
            values = data[first : first + block]
            crc = zlib.crc32(values.data, crc)
            parts.append(share.part(values).copy())
        _check(crc, stored)
        return np.concatenate(parts)

    def _synapses(self, data: h5py.Dataset, stored: Stored, share: Share) -> NDArray:
        parts, crc, at = [np.empty(0, stored.dtype)], 0, 0
        for counts, target in self._counts(stored):
            values = data[at : at + int(counts.sum())]
            if len(values) != counts.sum():
                raise ValueError(f"{stored.name} has fewer synapses than {stored.counts}")
            crc, at = zlib.crc32(values.data, crc), at + len(values)
            mine = share.mine(np.arange(target, target + len(counts)))
            parts.append(values[np.repeat(mine, counts)])
        if at != len(data):
            raise ValueError(f"{stored.name} has more synapses than {stored.counts}")
        _check(crc, stored)
        return np.concatenate(parts)

    def _counts(self, stored: Stored) -> Iterator[tuple[NDArray[np.int64], int]]:
        """Yield (synapses of each target, first target) of blocks that are not too large."""
        listed = self._arrays[stored.counts]
        data = self._dataset(f"{STATE}/{listed.name}", "<i8", 1)
        for first in range(0, len(data), BLOCK):
            counts = data[first : first + BLOCK]
            if counts.size and (counts.min() < 0 or counts.max() > 1 << 40):
                raise ValueError(f"{listed.name} has impossible numbers")
            ends = np.cumsum(counts)
            begin = 0
            while begin < len(counts):
                before = ends[begin - 1] if begin else 0
                end = max(begin + 1, int(np.searchsorted(ends, before + BLOCK, "right")))
                yield counts[begin:end], first + begin
                begin = end


def _check(crc: int, stored: Stored) -> None:
    if crc != stored.crc:
        raise ValueError(f"the checksum of {stored.name} is wrong")


def _short(value: object) -> str:
    shown = str(value)
    return f"{shown[:12]}..." if len(shown) == 64 else shown or "none"


def _next_step(path: str) -> str:
    previous = previous_of(Path(path))
    if str(previous) != path and previous.exists():
        return f"The one before it is there: resume {str(previous)!r}."
    return "Resume from another checkpoint, or start the simulation anew."


@contextmanager
def opened(path: str | os.PathLike[str]) -> Iterator[Saved]:
    """Open a checkpoint for reading.

    Raises
    ------
    CheckpointError
        It is not there, damaged, or none.
    """
    name = os.fspath(path)
    if not os.path.isfile(name):
        raise CheckpointError(f"there is no checkpoint {name!r}. {_next_step(name)}")
    with explained(CheckpointError, name, "a checkpoint", _next_step(name)):
        file = h5py.File(name, "r", locking="best-effort")
    with file:
        with explained(CheckpointError, name, "a checkpoint", _next_step(name)):
            saved = Saved(name, file)
        yield saved


def is_checkpoint(path: str | os.PathLike[str]) -> bool:
    """Return whether a file says that it is a checkpoint; it may be damaged nevertheless."""
    try:
        with h5py.File(os.fspath(path), "r", locking="best-effort") as file:
            return bool(text(file.attrs, "format") == FORMAT)
    except MALFORMED:
        return False

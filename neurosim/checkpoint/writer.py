"""Writing a checkpoint: every rank hands its part over in blocks, rank 0 writes the file."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from ..engines.base import Snapshot, StateArray
from ..errors import CheckpointError
from ..parallel.communicator import Communicator
from ..parallel.outcome import together
from .blocks import all_events, neuron_blocks, synapse_blocks
from .files import NewFile
from .schema import FORMAT, SCHEMA_VERSION, Header, Stored, header_text

HEADER = "header"
STATE = "state"
_H5PY_ERRORS = (OSError, RuntimeError, ValueError)


def write(
    path: str | os.PathLike[str], header: Header, snapshot: Snapshot, communicator: Communicator
) -> None:
    """Write a checkpoint; collective.

    The file replaces the one at ``path`` when it is complete and on the device; that one is kept
    as ``NAME.previous.h5``.

    Raises
    ------
    CheckpointError
        It cannot be written; the earlier files are as they were.
    """
    first = communicator.share.rank == 0
    made: list[_NewCheckpoint] = []

    def start() -> None:
        if first:
            made.append(_NewCheckpoint(Path(path)))

    def finish() -> None:
        for new in made:
            new.finish(header)

    together(communicator, start)
    try:
        for name, array in snapshot.arrays.items():
            shape, blocks = _whole(array, snapshot, communicator)
            for new in made:
                new.start(name, array, shape)
            for block in blocks:
                for new in made:
                    new.add(block)
        together(communicator, finish)
    finally:
        for new in made:
            new.close()


def _whole(
    array: StateArray, snapshot: Snapshot, communicator: Communicator
) -> tuple[tuple[int, ...], Iterator[NDArray]]:
    """Return shape and blocks of an array of all ranks."""
    own = np.ascontiguousarray(array.read(), array.dtype)
    if array.kind == "neurons":
        return (array.size,), neuron_blocks(own, array.size, communicator)
    if array.kind == "synapses":
        counts = snapshot.arrays[array.counts]
        total = int(communicator.sum([len(own)])[0])
        numbers = np.asarray(counts.read(), np.int64)
        return (total,), synapse_blocks(own, numbers, counts.size, communicator)
    whole = all_events(own, communicator) if array.kind == "events" else own
    return whole.shape, iter([whole])


class _NewCheckpoint:
    """The file that rank 0 writes."""

    def __init__(self, path: Path) -> None:
        self._file = NewFile(path)
        self._arrays: list[Stored] = []
        self._open: tuple[str, StateArray, h5py.Dataset] | None = None
        self._done = self._crc = 0
        self._hdf5 = h5py.File(self._file, "w", libver=("earliest", "v110"))

    def start(self, name: str, array: StateArray, shape: tuple[int, ...]) -> None:
        """Begin with an array."""
        self._end_array()
        data = self._hdf5.create_dataset(f"{STATE}/{name}", shape, array.dtype)
        self._open, self._done, self._crc = (name, array, data), 0, 0

    def add(self, block: NDArray) -> None:
        """Write the rows that come next."""
        if self._open is None or not len(block):
            return
        _, array, data = self._open
        rows = np.ascontiguousarray(block, array.dtype)
        self._crc = zlib.crc32(rows.view(np.uint8).data, self._crc)
        if self._file.error is None:
            data[self._done : self._done + len(rows)] = rows
        self._done += len(rows)

    def _end_array(self) -> None:
        if self._open is None:
            return
        name, array, data = self._open
        if self._done != len(data):
            raise CheckpointError(
                f"{self._done} of {len(data)} entries of {name!r} came; the checkpoint is not kept."
            )
        self._arrays.append(
            Stored(name, array.kind, array.dtype, data.shape, array.size, array.counts, self._crc)
        )
        self._open = None

    def finish(self, header: Header) -> None:
        """Complete the file and let it appear."""
        self._end_array()
        text = np.frombuffer(header_text(header, self._arrays), np.uint8)
        self._hdf5[HEADER] = text
        self._hdf5.attrs["format"] = np.bytes_(FORMAT)
        self._hdf5.attrs["schema_version"] = np.int64(SCHEMA_VERSION)
        self._hdf5.attrs["crc"] = np.int64(zlib.crc32(text.data))
        self._close_hdf5()
        self._file.appear()

    def _close_hdf5(self) -> None:
        try:
            self._hdf5.close()
        except _H5PY_ERRORS as cause:
            if self._file.error is None:
                self._file.error = OSError(str(cause))

    def close(self) -> None:
        """Close; what is not complete is removed."""
        with suppress(*_H5PY_ERRORS):
            self._hdf5.close()
        self._file.close()

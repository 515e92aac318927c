"""What the ranks built for each projection, added up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import h5py
import numpy as np
from numpy.typing import NDArray

from . import guard
from .shards import Piece
from .writer import RecordingWriter

_SOURCES = 1 << 22
"""Sources whose synapses are counted at once."""


def add_synapses(writer: RecordingWriter, piece: Piece) -> None:
    """Store the numbers of synapses, of all and of each source, of every projection.

    Raises
    ------
    RecordingError
        A file is damaged; the message names it.
    """
    sizes = {name: p.n_pre for name, p in piece.header.projections.items()}
    counts = _counts(piece, list(sizes))
    built = [name for name in sizes if all(of_file[name] >= 0 for of_file in counts)]
    for names in _groups(built, sizes):
        total = {name: sum(of_file[name] for of_file in counts) for name in names}
        if sizes[names[0]] > _SOURCES:  # then it is alone
            blocks = _blocks(piece, names[0], sizes[names[0]], [c[names[0]] for c in counts])
            writer.set_synapse_blocks(names[0], total[names[0]], blocks)
            continue
        sums = {name: np.zeros(sizes[name], np.uint32) for name in names}
        for shard, of_file in zip(piece.files, counts, strict=True):
            with guard.opened(shard.path) as file:
                for name in names:
                    degrees = _degrees(file, name, sizes[name])[()].astype(np.uint32)
                    _check_sum(name, int(degrees.sum(dtype=np.int64)), of_file[name])
                    sums[name] += degrees
        for name in names:
            writer.set_synapses(name, total[name], sums[name])


def _counts(piece: Piece, names: Sequence[str]) -> list[dict[str, int]]:
    """Return each file's number of synapses per projection, -1 where it was not built."""
    found = []
    for shard in piece.files:
        with guard.opened(shard.path) as file:
            parent = file["neurosim/projections"]
            found.append({n: guard.scalar(parent[n].attrs, "n_synapses", "iu") for n in names})
    return found


def _groups(names: Sequence[str], sizes: dict[str, int]) -> Iterator[list[str]]:
    """Yield projections whose sources can be counted together."""
    group: list[str] = []
    for name in names:
        if group and sum(sizes[n] for n in group) + sizes[name] > _SOURCES:
            yield group
            group = []
        group.append(name)
    if group:
        yield group


def _blocks(
    piece: Piece, projection: str, n_pre: int, counts: Sequence[int]
) -> Iterator[NDArray[np.uint32]]:
    """Yield the sums over ranks of many sources' numbers of synapses, block by block."""
    counted = [0] * len(counts)
    for low in range(0, n_pre, _SOURCES):
        high = min(low + _SOURCES, n_pre)
        total = np.zeros(high - low, np.uint32)
        for index, shard in enumerate(piece.files):
            with guard.opened(shard.path) as file:
                degrees = _degrees(file, projection, n_pre)[low:high].astype(np.uint32)
                counted[index] += int(degrees.sum(dtype=np.int64))
                if high == n_pre:
                    _check_sum(projection, counted[index], counts[index])
            total += degrees
        yield total


def _degrees(file: h5py.File, projection: str, n_pre: int) -> h5py.Dataset:
    table = guard.table(file, f"neurosim/projections/{projection}/outdegree", "u")
    if len(table) != n_pre:
        raise ValueError(f"projection {projection!r} has {len(table)} sources, not {n_pre}")
    return table


def _check_sum(projection: str, found: int, count: int) -> None:
    if found != count:
        raise ValueError(f"the out-degrees of {projection!r} add up to {found}, not to {count}")

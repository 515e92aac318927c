"""What ranks, and the pieces of a resumed run, did to the synapses, put together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..errors import RecordingError
from . import guard
from .shards import Piece
from .structure_store import rows
from .writer import RecordingWriter


def add_structure(writer: RecordingWriter, pieces: Sequence[Piece], stop: int) -> None:
    """Store what all ranks did to each projection, of every piece up to where the next starts.

    Raises
    ------
    RecordingError
        A file is damaged; the message names it.
    """
    ends = [*(piece.first_step for piece in pieces[1:]), stop]
    for name in writer.layout.structures:
        for piece, end in zip(pieces, ends, strict=True):
            parts = []
            for shard in piece.files:
                with guard.opened(shard.path) as file:
                    parts.append(rows(file, name))
            writer.structure.extend(name, added_up(parts, piece.first_step, end))


def added_up(parts: Sequence[NDArray[np.int64]], first: int, stop: int) -> NDArray[np.int64]:
    """Return the rows of all ranks, for the steps in [first, stop) that every rank has.

    Raises
    ------
    RecordingError
        The ranks changed synapses at different steps.
    """
    parts = [part[(part[:, 0] >= first) & (part[:, 0] < stop)] for part in parts]
    n = min(map(len, parts))
    parts = [part[:n] for part in parts]
    if any((part[:, 0] != parts[0][:, 0]).any() for part in parts):
        raise RecordingError(
            "the files of the ranks tell of changes of synapses at different steps: they are not "
            "of one run. Put back the files of that run."
        )
    total = np.sum(parts, axis=0)
    total[:, 0] = parts[0][:, 0]
    return total

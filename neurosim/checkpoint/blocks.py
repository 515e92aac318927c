"""Arrays of which every rank has a part, put together block by block in the order of the whole."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ..parallel.communicator import Communicator
from ..parallel.share import Share

BLOCK = 1 << 20
"""Numbers per block: what a rank holds of the others at a time."""


def neuron_blocks(
    own: NDArray, size: int, communicator: Communicator, block: int = BLOCK
) -> Iterator[NDArray]:
    """Yield the values of all ``size`` neurons, of which ``own`` are this rank's.

    Collective; the blocks are empty on all ranks but the first.
    """
    share = communicator.share
    per_rank = max(1, block // share.n_ranks)
    for first in range(0, -(-size // share.n_ranks), per_rank):
        # blocks start with a neuron of rank 0, so that within a block ranks take turns as well
        parts = communicator.gather(own[first : first + per_rank], root=0)
        yield share.assemble(parts) if share.rank == 0 else own[:0]


def synapse_blocks(
    own: NDArray,
    counts: NDArray[np.int64],
    size: int,
    communicator: Communicator,
    block: int = BLOCK,
) -> Iterator[NDArray]:
    """Yield the values of all synapses, by target, on the first rank; collective.

    Parameters
    ----------
    own : (n_own_synapses,) array
        Onto the rank's neurons, by target.
    counts : (n_own_neurons,) int64
        Synapses of each of them.
    size : int
        Neurons of the target population, of all ranks.
    """
    share = communicator.share
    total = int(communicator.sum([len(own)])[0])
    per_rank = max(1, int(block / max(total / max(size, 1), 1) / share.n_ranks))
    starts = np.concatenate([[0], np.cumsum(counts)])
    for first in range(0, -(-size // share.n_ranks), per_rank):
        last = min(first + per_rank, len(counts))
        these = slice(starts[min(first, last)], starts[last])
        parts = communicator.gather(own[these], root=0)
        numbers = communicator.gather(counts[first:last], root=0)
        yield _interleave(parts, numbers, share) if share.rank == 0 else own[:0]


def _interleave(parts: list[NDArray], counts: list[NDArray], share: Share) -> NDArray:
    """Return the synapses of all ranks by target; ``counts`` are those of each rank's targets."""
    if share.whole:
        return parts[0]
    whole = share.assemble(counts)
    starts = np.concatenate([[0], np.cumsum(whole)])
    out = np.empty(int(starts[-1]), parts[0].dtype)
    for rank, (part, number) in enumerate(zip(parts, counts, strict=True)):
        before = np.cumsum(number) - number
        shift = np.repeat(starts[:-1][rank :: share.n_ranks] - before, number)
        out[shift + np.arange(len(part))] = part
    return out


def all_events(own: NDArray[np.int64], communicator: Communicator) -> NDArray[np.int64]:
    """Return the rows of all ranks, sorted, none twice, on the first rank; collective."""
    parts = communicator.gather(np.ascontiguousarray(own), root=0)
    return np.unique(np.concatenate(parts), axis=0) if sum(map(len, parts)) else parts[0][:0]

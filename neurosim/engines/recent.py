"""The spikes of the last few steps, which have yet to act."""

from __future__ import annotations

from collections import deque

import numpy as np
from numpy.typing import NDArray

from ..lowering.program import Program
from .base import Chunk


def own_spikes(program: Program, spikes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return those of the whole network's spikes, (n, 2) of step and id, that this rank tells of.

    A rank tells of its own neurons and of the events that sources stand for, and the first one of
    spike sources.
    """
    share, ids = program.share, spikes[:, 1]
    own = np.zeros(len(ids), bool)
    for emitter in program.emitters():
        local = ids - emitter.first_id
        inside = (local >= 0) & (local < emitter.size)
        if getattr(emitter, "event", "") is None:
            own |= inside & (share.rank == 0)
        else:
            own |= inside & share.mine(local)
    return np.ascontiguousarray(spikes[own])


class RecentSpikes:
    """The spikes of the last ``depth`` steps, kept from chunk to chunk.

    Parameters
    ----------
    depth : int
        Steps after which a spike has reached all its targets.
    """

    def __init__(self, depth: int) -> None:
        self._depth = depth
        self._kept: deque[tuple[int, NDArray[np.int64], NDArray[np.int64]]] = deque()

    def note(self, chunk: Chunk) -> None:
        """Keep a chunk's spikes, and let go of those that are older than needed."""
        stop = chunk.first_step + chunk.n_steps
        self._kept.append((stop, chunk.spike_steps, chunk.spike_ids))
        while self._kept and self._kept[0][0] <= stop - self._depth:
            self._kept.popleft()

    def clear(self) -> None:
        """Forget all."""
        self._kept.clear()

    def before(self, step: int) -> NDArray[np.int64]:
        """Return (step, id) of the spikes of the last steps before ``step``, (n, 2), in order."""
        none = np.empty(0, np.int64)
        steps = np.concatenate([none, *(steps for _, steps, _ in self._kept)])
        ids = np.concatenate([none, *(ids for _, _, ids in self._kept)])
        recent = (steps >= step - self._depth) & (steps < step)
        return np.stack([steps[recent], ids[recent]], axis=1)

    def restore(self, step: int, spikes: NDArray[np.int64]) -> None:
        """Start with the (step, id) of spikes before ``step``."""
        self._kept.clear()
        self._kept.append((step, spikes[:, 0].copy(), spikes[:, 1].copy()))

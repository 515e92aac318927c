"""One rank of many, alone: to measure what a rank needs without the others."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import ParallelError
from .communicator import Messages, Serial
from .share import Share

_RATE = 5.0  # Hz


class DryRun(Serial):
    """Pretends to be one rank of many: nobody else is there, and what they send is drawn.

    The rank owns, builds and updates exactly what it would among the others. The spikes of their
    neurons are drawn at a constant rate, so memory and work are those of the real rank, the
    activity is not. What the ranks would agree upon is taken from this one alone.

    Parameters
    ----------
    share : Share
        Which rank, of how many.
    rate : float
        Spikes of each neuron of the others, Hz.
    """

    def __init__(self, share: Share, rate: float = _RATE) -> None:
        if not 0 <= share.rank < share.n_ranks:
            raise ParallelError(
                f"rank {share.rank} of {share.n_ranks}: ranks are numbered from 0 to "
                f"{share.n_ranks - 1}. Give one of those, or more ranks."
            )
        if not 0 <= rate < float("inf"):
            raise ParallelError(f"a rate of {rate:g} Hz; give a finite rate of 0 Hz or more.")
        self.share = share
        self.messages = Messages() if share.whole else Messages(kind="pretend", rate=rate)

    def gather(self, values: NDArray, root: int | None = None) -> list[NDArray]:
        """Return this rank's array at its place, and none of the others' rows."""
        own = np.asarray(values)
        return [own if rank == self.share.rank else own[:0] for rank in range(self.share.n_ranks)]

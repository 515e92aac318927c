"""Spikes of the same neurons in two recordings, one to one.

Times are in ms and ascending, ids are local to a population of ``n`` neurons; both arrays have
shape (n_spikes,).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Times = NDArray[np.float64]
Ids = NDArray[np.int64]
Spikes = tuple[Times, Ids]
_SLACK_MS = 1e-6
"""What rounding may add to a difference of times."""


def partners(
    first: Spikes, second: Spikes, n: int, window_ms: float
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return which spikes have a partner: one of the same neuron, at most ``window_ms`` away.

    Each spike has one partner at most, and there are as many pairs as there can be: of each
    neuron the earliest spikes that are near enough are paired first.

    Returns
    -------
    (n_first,) bool, (n_second,) bool
    """
    (times_a, order_a, i, ends_a), (times_b, order_b, j, ends_b) = (
        _by_neuron(train, n) for train in (first, second)
    )
    paired_a, paired_b = np.zeros(times_a.size, bool), np.zeros(times_b.size, bool)
    window = window_ms + _SLACK_MS
    # All neurons go through their spikes at once; a round takes a spike or two of each.
    active = np.flatnonzero((i < ends_a) & (j < ends_b))
    while active.size:
        at, bt = i[active], j[active]
        later = times_b[bt] - times_a[at]
        near = np.abs(later) <= window
        paired_a[at[near]] = True
        paired_b[bt[near]] = True
        i[active] = at + (near | (later > 0))
        j[active] = bt + (near | (later <= 0))
        active = active[(i[active] < ends_a[active]) & (j[active] < ends_b[active])]
    found_a, found_b = np.empty_like(paired_a), np.empty_like(paired_b)
    found_a[order_a], found_b[order_b] = paired_a, paired_b
    return found_a, found_b


def _by_neuron(train: Spikes, n: int) -> tuple[Times, Ids, Ids, Ids]:
    """Return times neuron by neuron, the order that makes them so, and where each begins, ends."""
    times, ids = train
    order = np.argsort(ids, kind="stable")
    ends = np.cumsum(np.bincount(ids, minlength=n))
    return times[order], order, np.concatenate([[0], ends[:-1]]), ends.copy()


def coincidence_factor(
    n_pairs: int, counts_a: NDArray[np.int64], counts_b: NDArray[np.int64], share: float
) -> float:
    """Return how far spikes coincide beyond chance: 1 all, 0 as many as Poisson trains would.

    (pairs - expected) / (mean number of spikes - expected), where neurons of a and b spikes are
    expected to have 2 a b window / duration pairs by chance; NaN without spikes. As a spike has
    one partner at most, chance gives a few less where windows hold several spikes.

    Parameters
    ----------
    n_pairs : int
    counts_a, counts_b : (n,) int
        Spikes of each neuron.
    share : float
        The window as a part of the duration.

    Source: Kistler, Gerstner & van Hemmen 1997, Neural Comput. 9:1015, eq. 2.13; here for all
    neurons of a population together.
    """
    expected = 2.0 * share * float(np.dot(counts_a.astype(float), counts_b.astype(float)))
    most = 0.5 * float(counts_a.sum() + counts_b.sum()) - expected
    return (n_pairs - expected) / most if most > 0 else float("nan")


def trains_of(spikes: Spikes, wanted: NDArray[np.int64]) -> list[Times]:
    """Return the times of each wanted neuron, in the order wanted."""
    times, ids = spikes
    order = np.argsort(ids, kind="stable")
    ordered = ids[order]
    lows, highs = (np.searchsorted(ordered, wanted, side=side) for side in ("left", "right"))
    return [times[order[low:high]] for low, high in zip(lows, highs, strict=True)]

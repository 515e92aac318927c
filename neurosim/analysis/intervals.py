"""Inter-spike intervals: their distribution and how irregular they are, neuron by neuron.

Times are in ms and ascending, ids are local to a population of ``n`` neurons; both arrays have
shape (n_spikes,). A neuron with fewer spikes than ``min_spikes`` has no value and is left out.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Times = NDArray[np.float64]
Ids = NDArray[np.int64]


def sort_by_neuron(times_ms: Times, ids: Ids, n: int) -> tuple[Times, Ids]:
    """Return the spikes sorted by neuron, then time: (times, ids)."""
    # A stable sort of 16-bit keys is a radix sort, several times faster than the general one.
    keys = ids.astype(np.uint16) if n <= 1 << 16 else ids
    order = np.argsort(keys, kind="stable")
    return times_ms[order], ids[order]


def trains(times_ms: Times, ids: Ids, n: int) -> list[Times]:
    """Return the spike times of each neuron, a list of ``n`` ascending arrays in ms."""
    ordered, owner = sort_by_neuron(times_ms, ids, n)
    return np.split(ordered, np.searchsorted(owner, np.arange(1, n)))


def intervals(times_ms: Times, ids: Ids, n: int) -> tuple[Times, Ids]:
    """Return every inter-spike interval and its neuron.

    Returns
    -------
    intervals_ms : (n_intervals,) ms
        By neuron, then time.
    owner : (n_intervals,) int64
        Local id of the neuron.
    """
    ordered, owner = sort_by_neuron(times_ms, ids, n)
    same = owner[1:] == owner[:-1]
    return np.diff(ordered)[same], owner[1:][same]


def isi_histogram(
    times_ms: Times, ids: Ids, n: int, *, bin_ms: float = 2.0, max_ms: float = 200.0
) -> tuple[Times, Times]:
    """Return the density of the inter-spike intervals of all neurons together.

    Returns
    -------
    edges_ms : (n_bins + 1,) ms
    density : (n_bins,) 1/ms
        Integrates to the share of the intervals below ``max_ms``; zeros where there are none.
        A Poisson process of rate r has r exp(-r t).
    """
    found, _ = intervals(times_ms, ids, n)
    edges = np.arange(round(max_ms / bin_ms) + 1) * np.float64(bin_ms)
    # An interval that rounding puts just below an edge is on it.
    index = np.floor(found / bin_ms + 1e-7).astype(np.int64)
    counts = np.bincount(index[index < edges.size - 1], minlength=edges.size - 1)
    return edges, counts / (max(found.size, 1) * bin_ms)


def cv2(times_ms: Times, ids: Ids, n: int, min_spikes: int = 5) -> Times:
    """Return the local variability CV2 of each neuron with enough spikes.

    CV2 = mean of 2 |I(k+1) - I(k)| / (I(k+1) + I(k)) over successive intervals I; slow changes
    of the rate do not raise it as they raise the CV. Poisson: 1; clock: 0; gamma of order k:
    2 / (k 2^(2k-1) B(k, k)), B the beta function.

    Source: Holt, Softky, Koch & Douglas 1996, J. Neurophysiol. 75:1806, eq. 2.
    """
    return _successive(times_ms, ids, n, min_spikes, lambda a, b: 2.0 * np.abs(b - a) / (a + b))


def lv(times_ms: Times, ids: Ids, n: int, min_spikes: int = 5) -> Times:
    """Return the local variation LV of each neuron with enough spikes.

    LV = mean of 3 (I(k) - I(k+1))^2 / (I(k) + I(k+1))^2. Poisson: 1; clock: 0; gamma of order
    k: 3 / (2k + 1).

    Source: Shinomoto, Shima & Tanji 2003, Neural Comput. 15:2823, eq. 2.2.
    """
    return _successive(
        times_ms, ids, n, min_spikes, lambda a, b: 3.0 * ((a - b) / (a + b)) ** 2
    )  # fmt: skip


def lvr(
    times_ms: Times, ids: Ids, n: int, min_spikes: int = 5, *, refractoriness_ms: float = 5.0
) -> Times:
    """Return the revised local variation LvR of each neuron with enough spikes.

    LvR = mean of 3 (1 - 4 I(k) I(k+1) / S^2) (1 + 4 R / S) with S = I(k) + I(k+1), which takes
    out the regularity that a refractory period R causes. R = 0 gives LV.

    Source: Shinomoto et al. 2009, PLoS Comput. Biol. 5:e1000433, eq. 3 (R = 5 ms).
    """

    def term(a: Times, b: Times) -> Times:
        total = a + b
        return 3.0 * (1.0 - 4.0 * a * b / total**2) * (1.0 + 4.0 * refractoriness_ms / total)

    return _successive(times_ms, ids, n, min_spikes, term)


def _successive(
    times_ms: Times,
    ids: Ids,
    n: int,
    min_spikes: int,
    term: Callable[[Times, Times], Times],
) -> Times:
    """Return each neuron's mean of a function of successive intervals."""
    found, owner = intervals(times_ms, ids, n)
    same = owner[1:] == owner[:-1]
    values, owner = term(found[:-1][same], found[1:][same]), owner[1:][same]
    counts = np.bincount(owner, minlength=n)
    enough = counts >= max(min_spikes - 2, 1)
    return np.bincount(owner, values, minlength=n)[enough] / counts[enough]

"""Ten patterns told apart by spiking neurons: a task that is small enough for every machine.

Sources are pixels; each pattern is shown for a while, active pixels fire at a high rate, the
others at a low one. Every class has a few output neurons; each sees a random half of the pixels,
excited by those of its pattern and inhibited by the others. The class whose neurons fire most is
the answer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..description.network import Network
from ..description.rules import Edges
from ..encoders import rate
from ..errors import DescriptionError
from ..models import lif_curr_exp  # type: ignore[attr-defined]
from ..units import ms, mV, pA, pF  # type: ignore[attr-defined]

N_CLASSES, N_PIXELS, N_ACTIVE = 10, 100, 30
PER_CLASS = 4
SHOWN, PAUSE = 50, 50  # ms
P_ACTIVE, P_OTHER = 0.05, 0.02  # spikes per ms: so alike that some answers are wrong
WEIGHT = 360.0  # pA


@dataclass(frozen=True, eq=False)
class Task:
    """The network, and which pattern is shown when.

    Attributes
    ----------
    network : Network
        Source ``pixels``, population ``classes`` with ``PER_CLASS`` neurons for each class in turn.
    labels : (n_shown,) int64
        Class of each pattern shown; the k-th from ``k * (SHOWN + PAUSE)`` ms on.
    """

    network: Network
    labels: NDArray[np.int64]

    def answers(self, times_ms: NDArray[np.float64], ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the class whose neurons fired most for each pattern, (n_shown,); -1: none did.

        Parameters
        ----------
        times_ms, ids : (n_spikes,) arrays
            Spikes of ``classes``, from the first pattern on.
        """
        shown = (times_ms // (SHOWN + PAUSE)).astype(np.int64)
        counts = np.zeros((self.labels.size, N_CLASSES), np.int64)
        inside = shown < self.labels.size
        np.add.at(counts, (shown[inside], ids[inside] // PER_CLASS), 1)
        return np.where(counts.any(axis=1), counts.argmax(axis=1), -1)


def pattern_task(n_shown: int, seed: int = 1) -> Task:
    """Build the network and its input.

    Parameters
    ----------
    n_shown : int
        Patterns shown, one after the other.
    seed : int
        Of the patterns, their order, which pixels a neuron sees, and the input's spikes.

    Raises
    ------
    DescriptionError
        Fewer than one pattern is shown.
    """
    if n_shown < 1:
        raise DescriptionError(f"pattern_task: n_shown={n_shown} is not allowed; it must be > 0.")
    random = np.random.default_rng(seed)
    patterns = np.zeros((N_CLASSES, N_PIXELS), bool)
    for pattern in patterns:
        pattern[random.permutation(N_PIXELS)[:N_ACTIVE]] = True
    labels = random.permutation(np.arange(n_shown) % N_CLASSES)
    intensities = np.zeros((n_shown, SHOWN + PAUSE, N_PIXELS))
    intensities[:, :SHOWN] = np.where(patterns[labels], P_ACTIVE, P_OTHER)[:, None]
    trains = rate(intensities.reshape(-1, N_PIXELS), 1 * ms, seed=seed)
    net = Network(seed=seed, name="patterns")
    pixels = net.spike_source("pixels", *trains, size=N_PIXELS)
    model = lif_curr_exp(C_m=250 * pF, tau_m=20 * ms, tau_syn=5 * ms, E_L=-65 * mV, V_r=-65 * mV,
                         V_th=-50 * mV, t_ref=2 * ms)  # fmt: skip
    classes = net.population("classes", N_CLASSES * PER_CLASS, model)
    seen = [random.permutation(N_PIXELS)[: N_PIXELS // 2] for _ in range(classes.size)]
    pre = np.concatenate(seen)
    post = np.repeat(np.arange(classes.size), N_PIXELS // 2)
    own = patterns[post // PER_CLASS, pre]
    for name, chosen, weight in (
        ("own", own, WEIGHT),
        ("others", ~own, -WEIGHT * N_ACTIVE / (N_PIXELS - N_ACTIVE)),
    ):
        rule = Edges(pre[chosen], post[chosen])
        net.project(pixels, classes, rule, "I_syn", weight=weight * pA, delay=1 * ms, name=name)
    return Task(net, labels)

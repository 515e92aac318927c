"""A network that decides between two noisy stimuli (Wang 2002).

Two groups of pyramidal cells with strong recurrent excitation, mostly through slow NMDA
receptors, compete through shared inhibition: one wins, and keeps firing after the stimulus.

Reference
---------
Wang XJ (2002) Neuron 36:955, doi:10.1016/S0896-6273(02)01092-9. Conductances and input as in
Brian2's example Wang_2002 [recalled, not compared with the original text].
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ..description.network import Network
from ..description.rules import AllToAll
from ..errors import DescriptionError
from ..units import Hz, ms, nS  # type: ignore[attr-defined]
from .nmda import add_pool, neurons

N_EXC, N_INH = 1600, 400
SHARE = 0.15  # of the pyramidal cells in each selective group
W_PLUS = 1.7  # strength within a selective group
TAU_GABA, DELAY = 5.0, 0.5  # ms
G_NMDA = 0.165, 0.13  # nS, onto pyramidal cells and interneurons
G_AMPA = 0.05, 0.04
G_GABA = 1.3, 1.0
G_EXTERNAL = 2.1, 1.62
RATE_EXTERNAL = 2400.0  # Hz per neuron
STIMULUS_RATE = 40.0  # Hz, mean of the two stimuli


def decision(
    rate_a: Any,
    rate_b: Any,
    scale: float = 1.0,
    seed: int = 1,
    *,
    w_plus: float = W_PLUS,
) -> Network:
    """Build the network.

    Parameters
    ----------
    rate_a, rate_b : Quantity of rate, StepRate or ArrayRate
        The stimulus: Poisson spikes to every cell of group A, and of group B.
    scale : float
        1: 1,600 pyramidal cells and 400 interneurons. Conductances grow as 1/scale.
    seed : int
    w_plus : float
        Strength of synapses within a selective group, relative to the mean.

    Returns
    -------
    Network
        Populations ``E``, of which the first :func:`group_size` cells are group A and as many
        after them group B, ``I``, and ``NMDA``, which holds the summed gating.
    """
    if not 0.05 <= scale <= 10 or not 1 <= w_plus < 1 / SHARE:
        raise DescriptionError(
            f"decision: scale is {scale} and w_plus {w_plus}; allowed are scales from 0.05 to 10 "
            "and w_plus from 1 to 6."
        )
    network = Network(seed=seed, name="decision")
    n_exc, n_inh = round(N_EXC * scale), round(N_INH * scale)
    nmda = tuple(g / scale for g in G_NMDA)
    pyramidal, interneuron = neurons(TAU_GABA, (nmda[0], nmda[1]))
    start = {"v": "E_L + rand()*(V_th - E_L)"}
    exc = network.population("E", n_exc, pyramidal, initial=start)
    inh = network.population("I", n_inh, interneuron, initial=start)
    group = _groups(n_exc)
    strength = _strength(w_plus)
    gather = (group == np.arange(3)[:, None]).astype(np.float64)
    add_pool(network, exc, [exc, inh], gather, [strength[group], np.ones((n_inh, 3))])
    size = group_size(scale)
    parts = exc[:size], exc[size : 2 * size], exc[2 * size :]
    delay = DELAY * ms
    for target, post in enumerate(parts):
        for source, pre in enumerate(parts):
            weight = strength[target, source] * G_AMPA[0] / scale * nS
            network.project(pre, post, AllToAll(), "g_AMPA", weight=weight, delay=delay)
    network.project(exc, inh, AllToAll(), "g_AMPA", weight=G_AMPA[1] / scale * nS, delay=delay)
    for post, g, external in zip((exc[:], inh[:]), G_GABA, G_EXTERNAL, strict=True):
        network.project(inh, post, AllToAll(), "g_GABA", weight=g / scale * nS, delay=delay)
        network.poisson(post, "g_AMPA", rate=RATE_EXTERNAL * Hz, weight=external * nS)
    for part, rate in ((parts[0], rate_a), (parts[1], rate_b)):
        network.poisson(part, "g_AMPA", rate=rate, weight=G_EXTERNAL[0] * nS)
    return network


def group_size(scale: float) -> int:
    """Return the number of cells of each selective group."""
    return round(SHARE * round(N_EXC * scale))


def _groups(n_exc: int) -> Any:
    """Return the group of each pyramidal cell: 0, 1, or 2 for those that are not selective."""
    size = round(SHARE * n_exc)
    return np.minimum(np.arange(n_exc) // size, 2)


def _strength(w_plus: float) -> Any:
    """Return the relative strength of synapses, target group by source group.

    That of other synapses onto selective cells falls so that the mean over sources stays 1.
    """
    w_minus = 1 - SHARE * (w_plus - 1) / (1 - SHARE)
    matrix = np.ones((3, 3))
    matrix[:2] = w_minus
    matrix[0, 0] = matrix[1, 1] = w_plus
    return matrix

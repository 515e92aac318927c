"""A ring of neurons that remembers a direction (Compte et al. 2000).

Pyramidal cells prefer directions around a circle and excite each other, the more the closer
these are, through slow NMDA receptors; interneurons inhibit all. A brief cue leaves a bump of
activity that stays at its place for seconds.

Reference
---------
Compte A, Brunel N, Goldman-Rakic PS, Wang XJ (2000) Cereb. Cortex 10:910,
doi:10.1093/cercor/10.9.910. Parameters of its control network [recalled, not compared with the
original text].
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..description.network import Network
from ..description.rules import AllToAll
from ..description.waveforms import ConstantCurrent
from ..errors import DescriptionError
from ..units import Hz, ms, nS, pA  # type: ignore[attr-defined]
from .nmda import add_pool, neurons

N_EXC, N_INH = 2048, 512
TAU_GABA, DELAY = 10.0, 0.5  # ms
G_NMDA = 0.381, 0.292  # nS, onto pyramidal cells and interneurons
G_GABA = 1.336, 1.024
G_EXTERNAL = 3.1, 2.38
RATE_EXTERNAL = 1800.0  # Hz per neuron
J_PLUS, SIGMA = 1.62, 18.0  # strength at distance 0 relative to the mean; width in degrees
CUE_CURRENT, CUE_WIDTH = 200.0, 18.0  # pA, degrees to either side
N_MODES = 15
"""Fourier components of the connectivity; those left out are below 1e-4 of the first."""


def working_memory(
    scale: float = 0.25,
    seed: int = 1,
    *,
    cue: float | None = 180.0,
    cue_start: Any = 500 * ms,
    cue_stop: Any = 750 * ms,
    j_plus: float = J_PLUS,
    sigma: float = SIGMA,
) -> Network:
    """Build the network.

    Parameters
    ----------
    scale : float
        1: 2,048 pyramidal cells and 512 interneurons. Conductances grow as 1/scale.
    seed : int
    cue : float or None
        Direction in degrees that is shown; None: nothing is.
    cue_start, cue_stop : Quantity of time
    j_plus : float
        Strength of synapses between cells of equal preference, relative to the mean.
    sigma : float
        Width of the connectivity in degrees.

    Returns
    -------
    Network
        Populations ``E``, in order of their preferred direction (:func:`directions`), ``I``, and
        ``NMDA``, which holds Fourier components of the summed gating.
    """
    if not 0.05 <= scale <= 10 or not 5 <= sigma <= 60:
        raise DescriptionError(
            f"working_memory: scale is {scale} and sigma {sigma}; allowed are scales from 0.05 to "
            "10 and sigma from 5 to 60 degrees."
        )
    network = Network(seed=seed, name="working_memory")
    n_exc, n_inh = round(N_EXC * scale), round(N_INH * scale)
    nmda = tuple(g / scale for g in G_NMDA)
    pyramidal, interneuron = neurons(TAU_GABA, (nmda[0], nmda[1]))
    start = {"v": "E_L + rand()*(V_th - E_L)"}
    exc = network.population("E", n_exc, pyramidal, initial=start)
    inh = network.population("I", n_inh, interneuron, initial=start)
    angles = np.deg2rad(directions(n_exc))
    waves, strengths = _waves(angles), _components(j_plus, sigma)
    onto_inh = np.zeros((n_inh, waves.shape[0]))
    onto_inh[:, 0] = 1.0  # the first component is the sum over all
    add_pool(network, exc, [exc, inh], waves, [waves.T * strengths, onto_inh])
    for post, g, external in zip((exc, inh), G_GABA, G_EXTERNAL, strict=True):
        network.project(inh, post, AllToAll(), "g_GABA", weight=g / scale * nS, delay=DELAY * ms)
        network.poisson(post, "g_AMPA", rate=RATE_EXTERNAL * Hz, weight=external * nS)
    if cue is not None:
        near = np.abs(distance(directions(n_exc), cue)) <= CUE_WIDTH
        network.inject(
            exc, "I_e", ConstantCurrent(CUE_CURRENT * near * pA, start=cue_start, stop=cue_stop)
        )
    return network


def directions(n_exc: int) -> NDArray[np.float64]:
    """Return the preferred directions in degrees, evenly around the circle."""
    return 360.0 * np.arange(n_exc) / n_exc


def distance(first: Any, second: Any) -> Any:
    """Return how far directions are apart, from -180 to 180 degrees."""
    return (np.asarray(first) - second + 180.0) % 360.0 - 180.0


def connectivity(difference: Any, j_plus: float = J_PLUS, sigma: float = SIGMA) -> Any:
    """Return the strength of a synapse between directions so many degrees apart; the mean is 1."""
    share = sigma * math.sqrt(2 * math.pi) / 360.0 * math.erf(180.0 / (sigma * math.sqrt(2)))
    j_minus = (1 - j_plus * share) / (1 - share)
    return j_minus + (j_plus - j_minus) * np.exp(-(distance(difference, 0.0) ** 2) / (2 * sigma**2))


def _waves(angles: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 1, cos(kx) and sin(kx), (1 + 2 modes, n)."""
    k = np.arange(1, N_MODES + 1)[:, None]
    return np.vstack([np.ones_like(angles), np.cos(k * angles), np.sin(k * angles)])


def _components(j_plus: float, sigma: float) -> NDArray[np.float64]:
    """Return the Fourier coefficients of :func:`connectivity`, of 1, cos(kx) and sin(kx)."""
    grid = np.arange(3600) / 10.0
    spectrum = np.fft.rfft(connectivity(grid, j_plus, sigma)).real / grid.size
    waves = 2.0 * spectrum[1 : N_MODES + 1]
    return np.concatenate([[spectrum[0]], waves, waves])

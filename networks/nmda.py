"""NMDA synapses from all to all at the cost of a few: the gating summed in a pool.

The gating of an NMDA synapse depends on its source alone, so the sum over sources that a target
feels is a sum of a few totals: one for each group of sources, or, where strength is a function
of the distance on a ring, one for each Fourier component of that function. Totals are kept by
the neurons of a pool: sources -> pool -> targets, both sums in every step.

References
----------
Compte A, Brunel N, Goldman-Rakic PS, Wang XJ (2000) Cereb. Cortex 10:910.
Wang XJ (2002) Neuron 36:955, doi:10.1016/S0896-6273(02)01092-9.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..description.models import NeuronModel
from ..description.network import Network
from ..description.population import Population
from ..description.rules import Edges
from ..description.synapses import SynapseModel
from ..models import lif_nmda, nmda_gating  # type: ignore[attr-defined]
from ..units import ms, mV, nS, pF  # type: ignore[attr-defined]

_POOL = NeuronModel("s : 1", name="nmda_pool")
_INTO_POOL = SynapseModel(
    """
    w : 1
    s_post = w*s_pre : 1 (summed)
    """,
    name="nmda_total",
)


def neurons(tau_gaba: float, g_nmda: tuple[float, float]) -> tuple[NeuronModel, NeuronModel]:
    """Return pyramidal cells and interneurons [Wang 2002; Compte et al. 2000].

    Parameters
    ----------
    tau_gaba : float, ms
    g_nmda : tuple of float, nS
        Of a synapse onto either.
    """
    pyramidal: Any = lif_nmda(tau_GABA=tau_gaba * ms, g_NMDA=g_nmda[0] * nS)
    interneuron: Any = lif_nmda(
        C_m=200 * pF,
        g_L=20 * nS,
        t_ref=1 * ms,
        tau_GABA=tau_gaba * ms,
        g_NMDA=g_nmda[1] * nS,
    )
    return pyramidal, interneuron


def add_pool(
    network: Network,
    sources: Population,
    targets: list[Population],
    gather: ArrayLike,
    spread: list[NDArray[np.float64]],
) -> Population:
    """Connect ``sources`` to ``targets`` through totals of their gating.

    A target ``j`` gets ``sum over k of spread[j, k] * sum over i of gather[k, i] * s[i]``;
    coefficients of 0 need no synapse.

    Parameters
    ----------
    network : Network
    sources : Population
        With the variable ``s``.
    targets : list of Population
        With the variable ``s_NMDA``.
    gather : (n_totals, n_sources)
    spread : list of (n_targets, n_totals)
        One for each of ``targets``.
    """
    into = np.asarray(gather, dtype=np.float64)
    pool = network.population("NMDA", into.shape[0], _POOL)
    _sum(network, sources, pool, into, _INTO_POOL)
    for target, coefficients in zip(targets, spread, strict=True):
        _sum(network, pool, target, coefficients, nmda_gating())
    return pool


def _sum(
    network: Network,
    pre: Population,
    post: Population,
    coefficients: NDArray[np.float64],
    synapse: Any,
) -> None:
    """Project with a weight for each pair; ``coefficients`` is target by source."""
    target, source = np.nonzero(coefficients)
    network.project(
        pre, post, Edges(source, target), synapse=synapse, weight=coefficients[target, source]
    )


REST, THRESHOLD = -70 * mV, -50 * mV

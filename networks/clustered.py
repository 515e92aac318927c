"""A balanced network with clusters of excitatory neurons (Litwin-Kumar & Doiron 2012).

Excitatory neurons of the same cluster are connected more often and more strongly. Clusters then
switch between states of low and high rate, slowly and at random, which makes spike counts vary
from trial to trial; without clusters they hardly do.

Reference
---------
Litwin-Kumar A, Doiron B (2012) Nat. Neurosci. 15:1498, doi:10.1038/nn.3220. Parameters as in its
Methods; weights written with the mean in-degree K = 800 as in the authors' code [recalled, not
compared with the original text].
"""

from __future__ import annotations

import math

from ..description.models import NeuronModel
from ..description.network import Network
from ..description.population import Population, PopulationView
from ..description.rules import Bernoulli
from ..errors import DescriptionError
from ..units import Hz, ms  # type: ignore[attr-defined]

N_EXC, N_INH = 4000, 1000
N_CLUSTERS = 50
PROBABILITY_EE, PROBABILITY = 0.2, 0.5  # E to E on average; all others
RATIO_PROBABILITY, RATIO_WEIGHT = 2.5, 1.9  # within a cluster, relative to between clusters
TAU_EXC, TAU_INH, T_REF = 15.0, 10.0, 5.0  # ms
TAU_RISE, TAU_DECAY_EXC, TAU_DECAY_INH = 1.0, 3.0, 2.0  # ms
STIMULUS = 0.07  # added to mu, relative to the threshold

_Neurons = Population | PopulationView
_EQUATIONS = """
    dv/dt = (mu + stimulus - v)/tau_m + I_exc + I_inh : 1 (unless refractory)
    dI_exc/dt = (X_exc - I_exc)/tau_decay_exc : hertz
    dX_exc/dt = -X_exc/tau_rise : hertz
    dI_inh/dt = (X_inh - I_inh)/tau_decay_inh : hertz
    dX_inh/dt = -X_inh/tau_rise : hertz
    mu : 1 (constant)
    stimulus : 1
"""
NEURON = NeuronModel(
    _EQUATIONS,
    threshold="v > 1",
    reset="v = 0",
    refractory="t_ref",
    parameters={
        "tau_m": TAU_EXC * ms,
        "tau_rise": TAU_RISE * ms,
        "tau_decay_exc": TAU_DECAY_EXC * ms,
        "tau_decay_inh": TAU_DECAY_INH * ms,
        "t_ref": T_REF * ms,
        "mu": 1.0,
    },
    name="lif_double_exponential",
)
"""Threshold 1, reset 0. A synapse adds ``J/tau_rise`` to X; its current then integrates to J."""


def clustered(
    scale: float = 1.0,
    seed: int = 1,
    *,
    clusters: int = N_CLUSTERS,
    ratio: float = RATIO_PROBABILITY,
    ratio_weight: float = RATIO_WEIGHT,
) -> Network:
    """Build the network.

    Parameters
    ----------
    scale : float
        1: 4,000 excitatory and 1,000 inhibitory neurons. Weights grow with 1/sqrt(scale).
    seed : int
    clusters : int
        Of equal size; 1 makes the network uniform.
    ratio : float
        Probability of a connection within a cluster over that between clusters; the mean
        stays 0.2.
    ratio_weight : float
        Likewise for the weight, which between clusters stays the same.

    Returns
    -------
    Network
        Populations ``E``, cluster after cluster, and ``I``. The variable ``stimulus`` of E adds
        to the drive ``mu`` and may be written while the network runs.
    """
    n_exc, n_inh = round(N_EXC * scale), round(N_INH * scale)
    if n_exc < clusters or clusters < 1 or n_exc % clusters or ratio < 1:
        raise DescriptionError(
            f"clustered: {n_exc} excitatory neurons cannot form {clusters} equal clusters with a "
            f"ratio of {ratio}; choose a divisor of {n_exc}, and a ratio of at least 1."
        )
    network = Network(seed=seed, name="clustered")
    exc = network.population(
        "E", n_exc, NEURON(mu="1.1 + 0.1*rand()", tau_m=TAU_EXC * ms), initial={"v": "rand()"}
    )
    inh = network.population(
        "I", n_inh, NEURON(mu="1 + 0.05*rand()", tau_m=TAU_INH * ms), initial={"v": "rand()"}
    )
    network.writable(exc, "stimulus")
    root = math.sqrt(PROBABILITY_EE * n_exc)
    _project(network, inh, exc, PROBABILITY, -19.2 / (TAU_EXC * root), "X_inh")
    _project(network, inh, inh, PROBABILITY, -16.0 / (TAU_INH * root), "X_inh")
    _project(network, exc, inh, PROBABILITY, 4.0 / (TAU_INH * root), "X_exc")
    jump = 10.0 / (TAU_EXC * root)
    if clusters == 1:
        _project(network, exc, exc, PROBABILITY_EE, jump, "X_exc")
        return network
    size = n_exc // clusters
    between = PROBABILITY_EE * n_exc / (size * (ratio - 1) + n_exc)
    for first in range(0, n_exc, size):
        own = exc[first : first + size]
        _project(network, own, own, ratio * between, ratio_weight * jump, "X_exc")
        if first:
            _project(network, exc[:first], own, between, jump, "X_exc")
        if first + size < n_exc:
            _project(network, exc[first + size :], own, between, jump, "X_exc")
    return network


def _project(
    network: Network, pre: _Neurons, post: _Neurons, p: float, jump: float, variable: str
) -> None:
    weight = jump / TAU_RISE * 1e3 * Hz
    network.project(pre, post, Bernoulli(p), variable, weight=weight, delay=0.1 * ms)

"""NEST's hpc_benchmark: a balanced random network whose excitatory synapses learn.

11,250 neurons with 9,000 excitatory and 2,250 inhibitory synapses each. Synapses from excitatory
to excitatory neurons follow STDP with a power law of potentiation and multiplicative depression,
for which activity at low rate and a unimodal distribution of weights hold each other up.

References
----------
Morrison A, Aertsen A, Diesmann M (2007) Neural Comput. 19:1437, doi:10.1162/neco.2007.19.6.1437.
Kunkel S et al. (2014) Front. Neuroinform. 8:78, doi:10.3389/fninf.2014.00078.
Parameters: NEST's example ``hpc_benchmark.py``.
"""

from __future__ import annotations

import math
from typing import Any

from .. import plasticity
from ..description.network import Network
from ..description.population import Population
from ..description.rules import FixedInDegree
from ..errors import DescriptionError
from ..models import lif_curr_alpha
from ..units import Hz, ms, mV, pA, pF

N_EXC, N_INH = 9_000, 2_250
C_M, TAU_M, T_REF, V_TH = 250.0, 10.0, 0.5, 20.0  # pF, ms, ms, mV above rest
TAU_SYN = 0.32582722403722841  # ms: a response rises for 1.700759 ms
V0_MEAN, V0_SD = 5.7, 7.2  # mV
DELAY = 1.5  # ms
PSP, G, ETA = 0.14, 5.0, 1.685  # mV; inhibition and external rate, relative
LAMBDA, ALPHA, MU = 0.1, 0.0513, 0.4
TAU_PLUS, TAU_MINUS = 15.0, 30.0  # ms
STEP = 0.1  # ms, the script's time step
W_0 = 1.0  # pA, to which the changes refer
LEARNT = "E-E"
"""The projection that learns."""


def jump() -> float:
    """Return the peak of the current (pA) whose response has a peak of ``PSP``."""
    rate = 1.0 / TAU_SYN - 1.0 / TAU_M

    def response(time: float) -> float:
        decays = (math.exp(-time / TAU_M) - math.exp(-time / TAU_SYN)) / rate
        return math.e / (TAU_SYN * C_M * rate) * (decays - time * math.exp(-time / TAU_SYN))

    low, high = 0.0, 20.0  # the response rises and then falls: golden section
    shrink = (math.sqrt(5) - 1) / 2
    while high - low > 1e-9:
        first, second = high - shrink * (high - low), low + shrink * (high - low)
        low, high = (low, second) if response(first) > response(second) else (first, high)
    return PSP / response(low)


def equilibrium() -> float:
    """Return the weight (pA) that uncorrelated spikes neither raise nor lower on average.

    Potentiation w_0 (w/w_0)^mu tau_+ equals depression alpha w tau_- [Morrison et al. 2007].
    """
    return float(W_0 * (TAU_PLUS / (ALPHA * TAU_MINUS)) ** (1 / (1 - MU)))


def hpc_benchmark(
    scale: float = 1.0, seed: int = 1, *, indegree_scale: float | None = None, learning: bool = True
) -> Network:
    """Build the network.

    Parameters
    ----------
    scale : float
        1: 11,250 neurons.
    seed : int
    indegree_scale : float, optional
        Share of the 11,250 synapses of a neuron; by default the scale, at most 1. Weights grow
        with its inverse root, and the scale of the rule with them.
    learning : bool
        Whether E to E synapses change.

    Returns
    -------
    Network
        Populations ``E`` and ``I``. Weights are the peak of a current times e.

    Raises
    ------
    DescriptionError
        Too small or too large.

    Notes
    -----
    Three things are as in NEST, and the rates show each. NEST takes delays as dendritic: a spike
    of the source meets those of the target that are back at the synapse. Later by one delay on
    both sides that is what ``delay`` and twice as much for spikes of the target say. A spike
    transmits the weight after its own change. And spikes that meet in the same step are no pair in
    NEST, but potentiate here: ``A_plus`` is lowered by STEP/TAU_PLUS, so that the area of the
    window is the same for that time step.
    """
    share = min(scale, 1.0) if indegree_scale is None else indegree_scale
    if not (0.005 <= scale <= 1000 and 0.005 <= share <= 1):
        raise DescriptionError(
            f"hpc_benchmark: scale is {scale}, indegree_scale {share}; allowed are 0.005 to 1000 "
            "and 0.005 to 1."
        )
    network = Network(seed=seed, name="hpc_benchmark")
    exc, inh = _populations(network, scale)
    weight = math.e * jump() / math.sqrt(share) * pA
    rule = plasticity.pair_stdp(
        dependence="morrison",
        delays="axonal_and_dendritic",
        w_0=math.e * W_0 / math.sqrt(share) * pA,
        mu_plus=MU,
        A_plus=LAMBDA * (1 - STEP / TAU_PLUS),
        A_minus=LAMBDA * ALPHA,
        tau_plus=TAU_PLUS * ms,
        tau_minus=TAU_MINUS * ms,
    )
    from_exc = FixedInDegree(round(N_EXC * share), autapses=False)
    from_inh = FixedInDegree(round(N_INH * share), autapses=False)
    others: Any = {"weight": weight, "delay": DELAY * ms}
    at_once = {"pre": DELAY * ms, "transmit": DELAY * ms}
    network.project(
        exc, exc, from_exc, "J_syn", synapse=rule, delay_post=2 * DELAY * ms, learning=learning,
        name=LEARNT, weight=weight, delay=at_once,
    )  # fmt: skip
    network.project(exc, inh, from_exc, "J_syn", **others)
    for post in (exc, inh):
        network.project(inh, post, from_inh, "J_syn", weight=-G * weight, delay=DELAY * ms)
    # the rate of an external synapse that alone brings the mean potential to threshold
    threshold = V_TH * C_M / (from_exc.k * TAU_M * float(weight / pA) * TAU_SYN) * 1e3
    network.poisson(
        [exc, inh], "J_syn", rate=ETA * threshold * Hz, indegree=from_exc.k, weight=weight
    )
    return network


def _populations(network: Network, scale: float) -> tuple[Population, Population]:
    model: Any = lif_curr_alpha(
        C_m=C_M * pF,
        tau_m=TAU_M * ms,
        tau_syn=TAU_SYN * ms,
        t_ref=T_REF * ms,
        E_L=0 * mV,
        V_th=V_TH * mV,
        V_r=0 * mV,
    )
    start = {"v": f"{V0_MEAN}*mV + {V0_SD}*mV*randn()"}
    return (
        network.population("E", round(N_EXC * scale), model, initial=start),
        network.population("I", round(N_INH * scale), model, initial=start),
    )

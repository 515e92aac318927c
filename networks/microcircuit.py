"""The cortical microcircuit of Potjans & Diesmann (2014) at any scale.

A column below 1 mm2 of early sensory cortex: 77,169 leaky integrate-and-fire neurons in eight
populations, 299 million synapses drawn with fixed total numbers. Smaller scales keep the mean
and the variance of each neuron's input: in-degrees shrink with the scale, weights grow with
1/sqrt(scale), and a constant current makes up for the lost mean (van Albada et al. 2015).

References
----------
Potjans TC, Diesmann M (2014) Cereb. Cortex 24:785, doi:10.1093/cercor/bhs358.
van Albada SJ, Helias M, Diesmann M (2015) PLoS Comput. Biol. 11:e1004490.
Numbers that the papers do not print (optimised initial potentials, full-scale mean rates) are
those of the authors' PyNEST implementation, github.com/INM-6/microcircuit-PD14-model.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..description.distributions import Normal
from ..description.network import Network
from ..description.rules import FixedTotalNumber
from ..errors import DescriptionError
from ..models import lif_curr_exp  # type: ignore[attr-defined]
from ..plasticity import pair_stdp
from ..units import Hz, ms, mV, pA, pF  # type: ignore[attr-defined]

POPULATIONS = ("L23E", "L23I", "L4E", "L4I", "L5E", "L5I", "L6E", "L6I")

# Table 5 of the paper: sizes, external in-degrees, connection probabilities (target by source).
SIZES = (20683, 5834, 21915, 5479, 4850, 1065, 14395, 2948)
K_EXTERNAL = (1600, 1500, 2100, 1900, 2000, 1900, 2900, 2100)
PROBABILITIES = (
    (0.1009, 0.1689, 0.0437, 0.0818, 0.0323, 0.0, 0.0076, 0.0),
    (0.1346, 0.1371, 0.0316, 0.0515, 0.0755, 0.0, 0.0042, 0.0),
    (0.0077, 0.0059, 0.0497, 0.135, 0.0067, 0.0003, 0.0453, 0.0),
    (0.0691, 0.0029, 0.0794, 0.1597, 0.0033, 0.0, 0.1057, 0.0),
    (0.1004, 0.0622, 0.0505, 0.0057, 0.0831, 0.3726, 0.0204, 0.0),
    (0.0548, 0.0269, 0.0257, 0.0022, 0.06, 0.3158, 0.0086, 0.0),
    (0.0156, 0.0066, 0.0211, 0.0166, 0.0572, 0.0197, 0.0396, 0.2252),
    (0.0364, 0.001, 0.0034, 0.0005, 0.0277, 0.008, 0.0658, 0.1443),
)

# Table 4 of the paper: neuron and synapse parameters.
C_M, TAU_M, TAU_SYN, T_REF = 250.0, 10.0, 0.5, 2.0  # pF, ms, ms, ms
E_L, V_TH, V_RESET = -65.0, -50.0, -65.0  # mV
PSP = 0.15  # mV, peak of an excitatory postsynaptic potential
PSP_L4E_TO_L23E = 0.3  # mV
G = -4.0  # inhibitory weight relative to the excitatory
WEIGHT_SD = 0.1  # relative to the mean
DELAY_EXC, DELAY_INH = 1.5, 0.75  # ms
DELAY_SD = 0.5  # relative to the mean
RATE_EXTERNAL = 8.0  # Hz per external synapse
# The current that makes up for lost synapses is inhibitory. Without noise from outside, and
# below 0.14, it alone keeps every neuron below threshold: silence is then a stable state.
LEAST_DC_INDEGREE_SCALE = 0.25
LARGEST_SCALE = 1000

# PyNEST implementation: initial potentials near the stationary state, mV; full-scale rates, Hz.
V0_MEAN = (-68.28, -63.16, -63.33, -63.45, -63.11, -61.66, -66.72, -61.43)
V0_SD = (5.36, 4.57, 4.74, 4.94, 4.94, 4.55, 5.46, 4.48)
# Thalamic neurons, one volley: Table 5 and Fig. 10 of the paper.
N_THALAMUS, RATE_THALAMUS, PULSE_START, PULSE_MS = 902, 120.0, 700.0, 10.0  # Hz, ms, ms
PROBABILITIES_THALAMUS = (0.0, 0.0, 0.0983, 0.0619, 0.0, 0.0, 0.0512, 0.0196)

# Synapses that learn: NEST's hpc_benchmark.py.
STDP_LAMBDA, STDP_ALPHA, STDP_MU = 0.1, 0.0513, 0.4
STDP_TAU_PLUS, STDP_TAU_MINUS = 15.0, 30.0  # ms

FULL_MEAN_RATES = (0.903, 2.965, 4.414, 5.876, 7.569, 8.633, 1.105, 7.829)
# NEST 3.10 at scale 0.1, Poisson drive, 10 s, mean of four seeds, Hz.
TENTH_MEAN_RATES = (0.468, 2.079, 3.940, 4.985, 6.506, 7.801, 0.830, 7.003)


@dataclass(frozen=True)
class Scaled:
    """The network's numbers at one scale; matrices are target by source.

    Attributes
    ----------
    sizes, k_external : (8,) int
    synapses : (8, 8) int
    weights : (8, 8) pA, mean
    weight_external : float, pA
    current : (8,) pA, constant current per neuron
    """

    sizes: NDArray[np.int64]
    synapses: NDArray[np.int64]
    k_external: NDArray[np.int64]
    weights: NDArray[np.float64]
    weight_external: float
    current: NDArray[np.float64]


def psc_over_psp() -> float:
    """Return the current that raises a potential of peak 1 mV, pA/mV.

    From the closed form of the potential after an exponential current [Potjans & Diesmann 2014,
    supplement]; its peak is at the zero of the derivative.
    """
    sub = 1.0 / (TAU_SYN - TAU_M)
    pre = TAU_M * TAU_SYN / C_M * sub
    fraction = (TAU_M / TAU_SYN) ** sub
    return 1.0 / (pre * (fraction**TAU_M - fraction**TAU_SYN))


def full_synapses() -> NDArray[np.float64]:
    """Return synapse numbers at full scale, (8, 8), not yet rounded [eq. 1 of the paper]."""
    sizes = np.array(SIZES, dtype=np.float64)
    pairs = np.outer(sizes, sizes)
    return np.log(1.0 - np.array(PROBABILITIES)) / np.log((pairs - 1.0) / pairs)


def scaled_numbers(
    scale: float,
    drive: Literal["poisson", "dc"] = "poisson",
    indegree_scale: float | None = None,
) -> Scaled:
    """Return the network's numbers at a scale of neurons and one of in-degrees."""
    k_scale = default_indegree_scale(scale, drive) if indegree_scale is None else indegree_scale
    sizes = np.array(SIZES)
    psp = np.full((8, 8), PSP)
    psp[:, 1::2] *= G
    psp[0, 2] = PSP_L4E_TO_L23E
    weights = psp * psc_over_psp()
    external = PSP * psc_over_psp()
    synapses = full_synapses()
    # 1e-3: ms times 1/s
    unit_dc = 0.001 * TAU_SYN * np.array(K_EXTERNAL) * RATE_EXTERNAL * external
    lost = 1.0 - np.sqrt(k_scale)
    recurrent = np.sum(weights * (synapses / sizes[:, None]) * np.array(FULL_MEAN_RATES), axis=1)
    current = 0.001 * TAU_SYN * lost * recurrent
    current = current + (unit_dc * lost if drive == "poisson" else unit_dc)
    return Scaled(
        sizes=np.round(sizes * scale).astype(np.int64),
        synapses=np.round(synapses * scale * k_scale).astype(np.int64),
        k_external=np.round(np.array(K_EXTERNAL) * k_scale).astype(np.int64),
        weights=weights / np.sqrt(k_scale),
        weight_external=float(external / np.sqrt(k_scale)),
        current=current,
    )


def default_indegree_scale(scale: float, drive: Literal["poisson", "dc"]) -> float:
    """Return the scale of the in-degrees unless another is asked for.

    That of the neurons, at most 1; with a constant drive at least
    :data:`LEAST_DC_INDEGREE_SCALE`.
    """
    own = min(scale, 1.0)
    return max(own, LEAST_DC_INDEGREE_SCALE) if drive == "dc" else own


def microcircuit(
    scale: float = 0.1,
    seed: int = 1,
    *,
    drive: Literal["poisson", "dc"] = "poisson",
    indegree_scale: float | None = None,
    thalamus: bool = False,
    plastic: bool = False,
) -> Network:
    """Build the microcircuit.

    Parameters
    ----------
    scale : float
        Neurons relative to the column, in [0.005, 1000]; above 1 every neuron keeps its in-degree.
    seed : int
    drive : {"poisson", "dc"}
        Background: Poisson trains (the paper's reference), or the constant current of the same
        mean.
    indegree_scale : float, optional
        Share of synapses per neuron, in [0.005, 1]. By default the scale, at most 1 and with a
        constant drive at least 0.25: below 0.14 nothing would keep the network from silence.
    thalamus : bool
        Add thalamic neurons (a source, ``TC``) that fire one volley at 700 ms, 10 ms long.
    plastic : bool
        Let synapses between excitatory neurons learn, by the rule of :func:`excitatory_stdp`.

    Returns
    -------
    Network
        Populations ``L23E`` ... ``L6I``; projections ``"L23E->L4I"``, those of probability 0
        left out.
    """
    _check_options(scale, drive, indegree_scale, thalamus)
    k_scale = default_indegree_scale(scale, drive) if indegree_scale is None else indegree_scale
    numbers = scaled_numbers(float(scale), drive, float(k_scale))
    network = Network(seed=seed, name="microcircuit")
    _add_neurons(network, numbers)
    _connect(network, numbers, plastic)
    if thalamus:
        _add_thalamus(network, float(scale), float(k_scale))
    if drive == "poisson":
        for index, name in enumerate(POPULATIONS):
            network.poisson(
                network.populations[name],
                "I_syn",
                rate=RATE_EXTERNAL * Hz,
                indegree=int(numbers.k_external[index]),
                weight=numbers.weight_external * pA,
            )
    return network


def _check_options(scale: object, drive: object, indegree_scale: object, thalamus: object) -> None:
    for name, value, most in (
        ("scale", scale, LARGEST_SCALE),
        ("indegree_scale", indegree_scale, 1),
    ):
        if value is None and name != "scale":
            continue
        if (
            isinstance(value, bool)
            or not isinstance(value, (int, float))
            or not 0.005 <= value <= most
        ):
            raise DescriptionError(
                f"microcircuit: {name} is {value!r}; it must be a number from 0.005 to {most}."
            )
    if drive not in ("poisson", "dc"):
        raise DescriptionError(f"microcircuit: drive is {drive!r}; it must be 'poisson' or 'dc'.")
    if not isinstance(thalamus, bool):
        raise DescriptionError(f"microcircuit: thalamus is {thalamus!r}; it must be True or False.")


def _add_neurons(network: Network, numbers: Scaled) -> None:
    model: Any = lif_curr_exp(
        C_m=C_M * pF,
        tau_m=TAU_M * ms,
        tau_syn=TAU_SYN * ms,
        t_ref=T_REF * ms,
        E_L=E_L * mV,
        V_th=V_TH * mV,
        V_r=V_RESET * mV,
    )
    for index, name in enumerate(POPULATIONS):
        network.population(
            name,
            int(numbers.sizes[index]),
            model(I_e=float(numbers.current[index]) * pA),
            initial={"v": Normal(V0_MEAN[index] * mV, V0_SD[index] * mV)},
        )


def excitatory_stdp(weight: Any) -> Any:
    """Return STDP under which synapses of a mean weight stay there, for uncorrelated spikes.

    Potentiation with a power of the weight and depression in proportion to it [Morrison, Aertsen
    & Diesmann 2007, doi:10.1162/neco.2007.19.6.1437], with the numbers of NEST's hpc_benchmark.
    The weight that changes refer to is chosen such that w_0 (w/w_0)^mu tau_+ equals alpha w tau_-
    at the mean weight.
    """
    return pair_stdp(
        dependence="morrison",
        w_0=weight * (STDP_ALPHA * STDP_TAU_MINUS / STDP_TAU_PLUS) ** (1 / (1 - STDP_MU)),
        mu_plus=STDP_MU,
        A_plus=STDP_LAMBDA,
        A_minus=STDP_LAMBDA * STDP_ALPHA,
        tau_plus=STDP_TAU_PLUS * ms,
        tau_minus=STDP_TAU_MINUS * ms,
    )


def _connect(network: Network, numbers: Scaled, plastic: bool) -> None:
    for target, post in enumerate(POPULATIONS):
        for source, pre in enumerate(POPULATIONS):
            if PROBABILITIES[target][source] == 0:
                continue
            mean = float(numbers.weights[target, source]) * pA
            excitatory = pre.endswith("E")
            delay = (DELAY_EXC if excitatory else DELAY_INH) * ms
            learns = plastic and excitatory and post.endswith("E")
            network.project(
                network.populations[pre],
                network.populations[post],
                FixedTotalNumber(int(numbers.synapses[target, source])),
                "I_syn",
                weight=Normal(
                    mean,
                    abs(mean) * WEIGHT_SD,
                    low=0 * pA if excitatory else None,
                    high=None if excitatory else 0 * pA,
                ),
                delay=Normal(delay, delay * DELAY_SD),
                synapse=excitatory_stdp(mean) if learns else None,
            )


def _add_thalamus(network: Network, scale: float, k_scale: float) -> None:
    """Add the thalamic neurons: in each step of the pulse each one may fire."""
    size = max(1, round(N_THALAMUS * scale))
    rng = np.random.default_rng(network.seed)
    steps, ids = np.nonzero(rng.random((round(PULSE_MS / 0.1), size)) < RATE_THALAMUS * 1e-4)
    source = network.spike_source("TC", (PULSE_START + 0.1 * steps) * ms, ids, size=size)
    weight = float(PSP * psc_over_psp() / np.sqrt(k_scale)) * pA
    for index, post in enumerate(POPULATIONS):
        probability = PROBABILITIES_THALAMUS[index]
        if probability == 0:
            continue
        pairs = float(N_THALAMUS * SIZES[index])
        full = np.log(1.0 - probability) / np.log((pairs - 1.0) / pairs)
        network.project(
            source,
            network.populations[post],
            FixedTotalNumber(round(full * scale * k_scale)),
            "I_syn",
            weight=Normal(weight, weight * WEIGHT_SD, low=0 * pA),
            delay=Normal(DELAY_EXC * ms, DELAY_EXC * DELAY_SD * ms),
        )

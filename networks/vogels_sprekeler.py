"""Excitation balanced by inhibitory synapses that learn, after Vogels, Sprekeler et al. (2011).

Leaky neurons with conductance-based synapses, driven by a constant current. Inhibitory synapses
onto excitatory neurons begin at zero and learn by the order-independent rule of the paper until
the excitatory neurons fire at its target rate.

Reference
---------
Vogels TP, Sprekeler H, Zenke F, Clopath C, Gerstner W (2011) Science 334:1569,
doi:10.1126/science.1211095. Parameters as in the authors' Brian script (ModelDB 143751, and
Brian2's example Vogels_et_al_2011).
"""

from __future__ import annotations

from typing import Any

from .. import plasticity
from ..description.models import NeuronModel
from ..description.network import Network
from ..description.rules import Bernoulli
from ..errors import DescriptionError
from ..units import Hz, ms, mV, nS, pA, pF  # type: ignore[attr-defined]

N_EXC, N_INH = 8_000, 2_000
PROBABILITY = 0.02
W_EXC, W_INH, W_MAX = 0.3, 3.0, 100.0  # nS; W_MAX bounds what is learnt
W_START = 1e-10  # nS
DELAY = 0.1  # ms
PLASTIC = "I-E"
"""The projection that learns."""

_EQUATIONS = """
dv/dt = (g_L*(E_L - v) - g_exc*v + g_inh*(E_inh - v) + I_e)/C_m : volt (unless refractory)
dg_exc/dt = -g_exc/tau_exc : siemens
dg_inh/dt = -g_inh/tau_inh : siemens
"""


def neuron() -> NeuronModel:
    """Return the model of every neuron; the reversal potential of excitation is 0 mV."""
    return NeuronModel(
        _EQUATIONS,
        threshold="v > V_th",
        reset="v = E_L",
        refractory=5 * ms,
        parameters={
            "g_L": 10 * nS,
            "E_L": -60 * mV,
            "E_inh": -80 * mV,
            "V_th": -50 * mV,
            "C_m": 200 * pF,
            "I_e": 200 * pA,
            "tau_exc": 5 * ms,
            "tau_inh": 10 * ms,
        },
        method="euler",
        name="vogels_sprekeler",
    )


def vogels_sprekeler(
    scale: float = 1.0,
    seed: int = 1,
    *,
    target: Any = 3 * Hz,
    eta: float = 1e-4,
    learning: bool = True,
) -> Network:
    """Build the network.

    Parameters
    ----------
    scale : float
        1: 10,000 neurons. The in-degrees (160 and 40) do not depend on it.
    seed : int
    target : Quantity of frequency
        The rate that the excitatory neurons are to reach.
    eta : float
        What a pair of simultaneous spikes adds to a weight, of ``W_MAX``. With the authors' 1e-4
        the rate is still 9 Hz after 10 s and falls slowly.
    learning : bool
        Whether weights change from the start.

    Returns
    -------
    Network
        Populations ``E`` and ``I``; the projection ``I-E`` learns.

    Raises
    ------
    DescriptionError
        The network would be too small for its in-degrees.
    """
    if not 0.05 <= scale <= 100:
        raise DescriptionError(f"vogels_sprekeler: scale is {scale}; it must be from 0.05 to 100.")
    network = Network(seed=seed, name="vogels_sprekeler")
    model, start = neuron(), {"v": "-60*mV + 10*mV*rand()"}
    exc = network.population("E", round(N_EXC * scale), model, initial=start)
    inh = network.population("I", round(N_INH * scale), model, initial=start)
    rule, delay = Bernoulli(PROBABILITY / scale), DELAY * ms
    network.project(exc, [exc, inh], rule, "g_exc", weight=W_EXC * nS, delay=delay)
    network.project(inh, inh, rule, "g_inh", weight=W_INH * nS, delay=delay)
    network.project(
        inh,
        exc,
        rule,
        "g_inh",
        synapse=plasticity.vogels_sprekeler(w_max=W_MAX * nS, rho_0=target, eta=eta),
        weight=W_START * nS,
        delay=delay,
        learning=learning,
        name=PLASTIC,
    )
    return network

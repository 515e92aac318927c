"""A neuron whose thousand excitatory synapses compete by STDP (Song, Miller and Abbott 2000).

A leaky neuron with conductances receives 1,000 excitatory Poisson inputs through synapses that
learn by additive pair-based STDP, and 200 inhibitory ones at 10 Hz. Here many such neurons stand
side by side, each with inputs of its own and at a rate of its own.

Reference
---------
Song S, Miller KD, Abbott LF (2000) Nat. Neurosci. 3:919, doi:10.1038/78829.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from .. import plasticity
from ..description.models import NeuronModel
from ..description.network import Network
from ..description.rules import Edges
from ..errors import DescriptionError
from ..units import Hz, ms, mV

N_EXC, N_INH, RATE_INH = 1000, 200, 10.0  # inputs of a neuron; Hz
G_MAX, G_INH = 0.015, 0.05  # of the leak conductance
TAU_STDP, A_PLUS, RATIO = 20.0, 0.005, 1.05  # ms; relative to G_MAX; A_minus / A_plus
LEARNT = "inputs-cells"
"""The projection that learns."""


def song_abbott(
    rates_hz: Sequence[float],
    seed: int = 1,
    *,
    weights: ArrayLike | None = None,
    learning: bool = True,
) -> Network:
    """Build neurons with 1,000 inputs each.

    Parameters
    ----------
    rates_hz : sequence of float
        Rate of the excitatory inputs of each neuron.
    seed : int
    weights : number or array (n_neurons * 1000,), optional
        At t = 0, relative to the bound ``G_MAX``, in [0, 1], neuron by neuron; by default 1.
    learning : bool
        Whether the synapses change from the start.

    Returns
    -------
    Network
        Populations ``inputs`` and ``cells``; inputs of neuron i are those from 1000*i on.

    Raises
    ------
    DescriptionError
        A rate is not above 0.
    """
    rates = np.asarray(rates_hz, dtype=float)
    if not rates.size or not (rates > 0).all():
        raise DescriptionError(f"song_abbott: rates_hz is {rates_hz}; give rates above 0.")
    network = Network(seed=seed, name="song_abbott", weight_bits=64)
    source = NeuronModel("rate : hertz", threshold="rand() < rate*dt", name="poisson_input")
    inputs = network.population(
        "inputs", rates.size * N_EXC, source(rate=np.repeat(rates, N_EXC) * Hz)
    )
    cells = network.population("cells", rates.size, cell(), initial={"v": "V_r + rand()*5*mV"})
    ids = np.arange(rates.size * N_EXC)
    start = np.broadcast_to(1.0 if weights is None else np.asarray(weights, dtype=float), ids.shape)
    rule = plasticity.pair_stdp(
        w_max=G_MAX,
        A_plus=A_PLUS,
        A_minus=A_PLUS * RATIO,
        tau_plus=TAU_STDP * ms,
        tau_minus=TAU_STDP * ms,
    )
    network.project(
        inputs,
        cells,
        Edges(ids, ids // N_EXC),
        "g_exc",
        synapse=rule,
        weight=G_MAX * start,
        delay=0 * ms,
        learning=learning,
        name=LEARNT,
    )
    network.poisson(cells, "g_inh", rate=RATE_INH * Hz, indegree=N_INH, weight=G_INH)
    network.record_spikes([cells])
    return network


def cell() -> NeuronModel:
    """Return the neuron: conductances relative to the leak's; inhibition reverses at rest."""
    return NeuronModel(
        """
        dv/dt = (V_rest - v + g_exc*(E_exc - v) + g_inh*(V_rest - v))/tau_m : volt
        dg_exc/dt = -g_exc/tau_syn : 1
        dg_inh/dt = -g_inh/tau_syn : 1
        """,
        threshold="v > V_th",
        reset="v = V_r",
        parameters={
            "V_rest": -70 * mV,
            "E_exc": 0 * mV,
            "V_th": -54 * mV,
            "V_r": -60 * mV,
            "tau_m": 20 * ms,
            "tau_syn": 5 * ms,
        },
        method="exponential_euler",
        name="song_abbott",
    )

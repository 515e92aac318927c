"""Cortical neurons whose excitatory synapses learn with dopamine (Izhikevich 2007).

800 regular-spiking and 200 fast-spiking neurons with 100 synapses each fire about once a second,
driven by noise. All excitatory synapses learn by STDP with an eligibility trace and dopamine. The
author's program is reproduced step by step: once a millisecond the neurons get their noise and
the spikes of the millisecond before, the potential advances by two half steps and the recovery by
one. Weights change continuously instead of every 10 ms.

Reference
---------
Izhikevich EM (2007) Cereb. Cortex 17:2443, doi:10.1093/cercor/bhl152; parameters of the author's
program daspnet.m (ModelDB 84167).
"""

from __future__ import annotations

from .. import plasticity
from ..description.models import NeuronModel
from ..description.network import Network
from ..description.rules import FixedOutDegree
from ..errors import DescriptionError
from ..units import ms  # type: ignore[attr-defined]

N_EXC, N_INH, OUTDEGREE = 800, 200, 100
W_START, W_MAX = 1.0, 4.0
RELEASE = 0.5
"""What a reward adds to the concentration of dopamine, in uM."""
STEP = 1 * ms
"""The time step the network is made for."""

_HALF_STEP = "v += 0.5*(0.04*v**2 + 5*v + 140 - u + drive)"
_MILLISECOND = (
    f"drive = I + 13*(rand() - 0.5); I = 0; {_HALF_STEP}; {_HALF_STEP}; u += a*(0.2*v - u)"
)
_NEURON = NeuronModel(
    """
    v : 1
    u : 1
    I : 1
    a : 1
    jump : 1
    """,
    threshold="v >= 30",
    reset="v = -65; u += jump",
    initial={"v": -65.0, "u": -13.0},
    parameters={"a": 0.02, "jump": 8.0},
    name="izhikevich_ms",
)


def distal_reward(scale: float = 1.0, seed: int = 1) -> Network:
    """Build the network; to be run with ``dt = 1 ms``. Potentials and weights are in mV.

    Parameters
    ----------
    scale : float
        1: 1,000 neurons with 100 synapses each. Out-degrees do not depend on it.
    seed : int

    Returns
    -------
    Network
        Populations ``E`` and ``I``, with the dopamine ``d``; projections ``E-E`` and ``E-I`` learn.
    """
    if not 0.2 <= scale <= 100:
        raise DescriptionError(f"distal_reward: scale is {scale}; it must be from 0.2 to 100.")
    network = Network(seed=seed, name="distal_reward")
    model = plasticity.with_dopamine(_NEURON)
    exc = network.population("E", round(N_EXC * scale), model)
    inh = network.population("I", round(N_INH * scale), model(a=0.1, jump=2.0))
    rule = plasticity.dopamine_stdp(w_max=W_MAX)
    onto_exc = round(OUTDEGREE * N_EXC / (N_EXC + N_INH))
    for target, degree in ((exc, onto_exc), (inh, OUTDEGREE - onto_exc)):
        network.project(
            exc,
            target,
            FixedOutDegree(degree),
            "I",
            synapse=rule,
            weight=W_START,
            delay=STEP,
            name=f"E-{target.name}",
        )
    network.project(inh, exc, FixedOutDegree(OUTDEGREE), "I", weight=-W_START, delay=STEP)
    for group in (exc, inh):
        network.run_regularly(group, _MILLISECOND, every=STEP)
    return network

"""Pulse-coupled cortical neurons with thalamic noise (Izhikevich 2003).

800 regular-spiking to chattering and 200 inhibitory neurons, all connected to all. The paper's
program is reproduced step by step: once a millisecond the neurons get their noise and the spikes
of the millisecond before, the potential advances by two half steps and the recovery by one.

Reference
---------
Izhikevich EM (2003) IEEE Trans. Neural Netw. 14:1569, doi:10.1109/TNN.2003.820440.
"""

from __future__ import annotations

from ..description.distributions import Uniform
from ..description.models import NeuronModel
from ..description.network import Network
from ..description.rules import AllToAll
from ..errors import DescriptionError
from ..units import ms  # type: ignore[attr-defined]

N_EXC, N_INH = 800, 200
NOISE_EXC, NOISE_INH = 5.0, 2.0
STEP = 1 * ms
"""The time step the network is made for."""

_HALF_STEP = "v += 0.5*(0.04*v**2 + 5*v + 140 - u + drive)"
_MILLISECOND = f"drive = I + noise*randn(); I = 0; {_HALF_STEP}; {_HALF_STEP}; u += a*(b*v - u)"
NEURON = NeuronModel(
    """
    v : 1
    u : 1
    I : 1
    """,
    threshold="v >= 30",
    reset="v = c; u += d",
    parameters={"c": "-65 + 15*r**2", "d": "8 - 6*r**2", "r": "rand()"},
    name="izhikevich_ms",
)
"""v in mV, time in ms, written as numbers, as in the paper."""


def izhikevich_2003(scale: float = 1.0, seed: int = 1) -> Network:
    """Build the network; to be run with ``dt = 1 ms``.

    Parameters
    ----------
    scale : float
        1: 1,000 neurons with 1,000 synapses each. Weights grow as 1/scale.
    seed : int

    Returns
    -------
    Network
        Populations ``E`` and ``I``.
    """
    if not 0.05 <= scale <= 100:
        raise DescriptionError(f"izhikevich_2003: scale is {scale}; it must be from 0.05 to 100.")
    network = Network(seed=seed, name="izhikevich_2003")
    exc = network.population(
        "E", round(N_EXC * scale), NEURON, initial={"v": "-65", "u": "-65*0.2"}
    )
    inhibitory = NEURON(c=-65.0, d=2.0)
    inh = network.population(
        "I", round(N_INH * scale), inhibitory, initial={"v": "-65", "u": "-65*(0.25 - 0.05*r)"}
    )
    everyone = [exc, inh]
    for source, low, high in ((exc, 0.0, 0.5 / scale), (inh, -1.0 / scale, 0.0)):
        network.project(source, everyone, AllToAll(), "I", weight=Uniform(low, high), delay=0 * ms)
    for group, noise, a, b in (
        (exc, NOISE_EXC, "0.02", "0.2"),
        (inh, NOISE_INH, "(0.02 + 0.08*r)", "(0.25 - 0.05*r)"),
    ):
        code = _MILLISECOND.replace("noise", str(noise)).replace("a*(b*", f"{a}*({b}*")
        network.run_regularly(group, code, every=STEP)
    return network

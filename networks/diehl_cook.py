"""Winner-take-all learning of images with adaptive thresholds, after Diehl & Cook (2015).

Every input excites every excitatory neuron by synapses that learn when that neuron fires: weights
of inputs that fired shortly before grow, others shrink, and their sum is kept. Each excitatory
neuron drives one inhibitory neuron, which silences all others. Thresholds rise with every spike,
so that no neuron can win always.

Reference
---------
Diehl PU, Cook M (2015) Front. Comput. Neurosci. 9:99, doi:10.3389/fncom.2015.00099; parameters of
neurons and of the synapses between them as in the authors' code. What depends on the size of the
images and on how many there are differs: the sum of the weights, the learning rate and the rise
of the threshold.
"""

from __future__ import annotations

from typing import Any

from .. import plasticity
from ..description.distributions import Uniform
from ..description.models import NeuronModel
from ..description.network import Network
from ..description.plasticity_rule import PlasticityRule
from ..description.rules import AllToAll, OneToOne
from ..errors import DescriptionError
from ..units import Hz, ms, mV  # type: ignore[attr-defined]

STEP_MS = 0.5
TOTAL_PER_INPUT = 0.1875
"""What the weights onto a neuron are on average; 12 for 64 inputs."""
LEARNT = "X-E"
"""The projection that learns."""

_W_START, _W_EI, _W_IE = 0.3, 10.4, 17.0
_RULE = PlasticityRule(
    "dx/dt = -x/tau_x : 1 (event-driven)",
    on_pre="target_post += w; x = 1",
    on_post="w += eta*(x - x_tar)*(w_max - w)**mu",
    parameters={"tau_x": 20 * ms, "eta": 0.05, "x_tar": 0.2, "mu": 0.2, "w_max": 1.0},
    bounds={"w": ("0*w_max", "w_max")},
    sign="excitatory",
    source="Diehl & Cook 2015, second equation",
    name="diehl_cook",
)
_EXCITATORY = NeuronModel(
    """
    dv/dt = (E_L - v - g_exc*v + g_inh*(-100*mV - v))/tau_m : volt (unless refractory)
    dg_exc/dt = -g_exc/(1*ms) : 1
    dg_inh/dt = -g_inh/(2*ms) : 1
    """,
    threshold="v > V_th",
    reset="v = E_L",
    refractory=5 * ms,
    parameters={"tau_m": 100 * ms, "E_L": -65 * mV, "V_th": -52 * mV},
    initial={"v": -105 * mV},
    method="euler",
    name="diehl_cook_exc",
)
_INHIBITORY = NeuronModel(
    """
    dv/dt = (E_L - v - g_exc*v)/tau_m : volt (unless refractory)
    dg_exc/dt = -g_exc/(1*ms) : 1
    """,
    threshold="v > V_th",
    reset="v = -45*mV",
    refractory=2 * ms,
    parameters={"tau_m": 10 * ms, "E_L": -60 * mV, "V_th": -40 * mV},
    initial={"v": -60 * mV},
    method="euler",
    name="diehl_cook_inh",
)


def diehl_cook(
    inputs: int,
    neurons: int = 100,
    seed: int = 1,
    *,
    jump: Any = 0.15 * mV,
    every: Any = 500 * ms,
) -> Network:
    """Build the network; to be run with ``dt = 0.5 ms``. Conductances are relative to the leak.

    Parameters
    ----------
    inputs : int
        Sources of Poisson spikes, whose ``rate`` is 0 until it is written.
    neurons : int
        Excitatory ones, and as many inhibitory.
    seed : int
    jump : Quantity of potential
        What a spike adds to the threshold; 0 mV: thresholds are fixed.
    every : Quantity of time
        Interval at which the weights onto each neuron are brought to their sum.

    Returns
    -------
    Network
        Populations ``X``, ``E`` and ``I``; the projection ``X-E`` learns.
    """
    if inputs < 1 or neurons < 2:
        raise DescriptionError(
            f"diehl_cook: {inputs} inputs and {neurons} neurons; give at least 1 and 2."
        )
    network = Network(seed=seed, name="diehl_cook")
    source = network.poisson_population("X", inputs, rate=0 * Hz)
    model = plasticity.adaptive_threshold(_EXCITATORY, jump=jump, rest=-20 * mV)
    exc = network.population("E", neurons, model)
    inh = network.population("I", neurons, _INHIBITORY)
    network.project(
        source,
        exc,
        AllToAll(),
        "g_exc",
        synapse=_RULE,
        weight=Uniform(0.0, _W_START),
        delay=Uniform(STEP_MS * ms, 10 * ms),
        name=LEARNT,
    )
    delay = STEP_MS * ms
    network.project(exc, inh, OneToOne(), "g_exc", weight=_W_EI, delay=delay)
    network.project(inh, exc, AllToAll(autapses=False), "g_inh", weight=_W_IE, delay=delay)
    plasticity.normalise(network, LEARNT, TOTAL_PER_INPUT * inputs, every=every)
    return network

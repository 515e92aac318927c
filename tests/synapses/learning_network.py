"""A small network that learns, and changes of shared values, bounds and learning while it runs."""

import hashlib

import numpy as np

import neurosim as ns
from neurosim.units import Hz, ms, mV

SIZE = 14
STOPS = (40, 80, 120, 160)  # ms


def rule(**changes):
    given = {
        "equations": """
        dx/dt = -x/tau : 1 (event-driven)
        dy/dt = -y/tau : 1 (event-driven)
        dg/dt = learning*(1 - g)/(50*ms) : 1 (event-driven)
        dk/dt = (2 - k)/(20*ms) : 1 (clock-driven)
        """,
        "on_pre": "target_post += w*g\nx += 1\nw -= eta*w_max*y",
        "on_post": "y += 1\nw += eta*w_max*x*k",
        "parameters": {"tau": 20 * ms, "eta": 0.05, "w_max": 1 * mV},
        "bounds": {"w": (0 * mV, "w_max"), "k": (0, 1.5)},
        "learns": ["w", "k"],
        "name": "rule",
    }
    return ns.PlasticityRule(**{**given, **changes})


def network(learner=None):
    net = ns.Network(seed=2)
    model = ns.NeuronModel(
        "dv/dt = (I*(1 + gain*ms) - v)/(10*ms) : volt\nI : volt (constant)\ngain : Hz",
        threshold="v > 10*mV",
        reset="v = 0*mV",
        parameters={"I": np.linspace(9, 14, SIZE) * mV, "gain": 0 * Hz},
        method="euler",
    )
    e = net.population("E", SIZE, model, initial={"v": "10*mV*rand()"})
    net.project(
        e,
        e,
        ns.Bernoulli(0.6),
        "v",
        synapse=learner or rule(),
        weight=ns.Uniform(0.4 * mV, 0.6 * mV),
        delay=ns.Uniform(0.5 * ms, 2 * ms),
        name="plastic",
    )
    return net


def change(sim, stop):
    """What is changed at a stop."""
    if stop == STOPS[0]:
        sim.learning("plastic", False)
        sim.write("plastic", "tau", 10 * ms)
    elif stop == STOPS[1]:
        sim.learning("plastic", True)
        sim.write("plastic", "w_max", 0.5 * mV)
        sim.write("E", "gain", 200 * Hz)
    elif stop == STOPS[2]:
        sim.write("plastic", "eta", 0.2)
        sim.write("plastic", "w_low", 0.25 * mV)


def found(sim):
    """What the network is like: values by name."""
    values = {name: sim.read("plastic", name) for name in ("w", "x", "y", "g", "k")}
    values |= {
        name: sim.read("plastic", name)[:1] for name in ("learning", "w_max", "eta", "w_low")
    }
    return values | {"v": sim.read("E", "v"), "gain": sim.read("E", "gain")[:1]}


def digest(sim):
    """A fingerprint of :func:`found`."""
    whole = hashlib.sha256()
    for name, values in found(sim).items():
        whole.update(f"{name} {values.shape}".encode() + values.tobytes())
    return whole.hexdigest()

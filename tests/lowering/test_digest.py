"""The digest of a network changes with everything that is given, and with nothing else."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import neurosim as ns
from neurosim.errors import DescriptionError
from neurosim.lowering.digest import network_digest
from neurosim.units import Hz, mm, ms, mV, nA, second

GIVEN = {
    "seed": 3,
    "bits": 32,
    "name": "A",
    "size": 6,
    "tau": 10 * ms,
    "capacity": np.arange(1.0, 7),
    "initial": "0*mV + 1*mV*rand()",
    "equations": "dv/dt = (I_inj/C + f(v/mV)*mV - v)/tau : volt (unless refractory)\n",
    "threshold": "v > 10*mV",
    "reset": "v = 0*mV",
    "refractory": 2 * ms,
    "method": "euler",
    "event": "v > 9*mV",
    "cpp": "x*x",
    "function": "square",
    "table": np.array([0.0, 1.0]),
    "table_dt": 10 * ms,
    "positions": ns.UniformBox([1, 1] * mm),
    "times": [1, 2] * ms,
    "ids": [0, 1],
    "period": 1 * second,
    "edge_pre": [0, 1, 2],
    "edge_post": [0, 1, 3],
    "weight": np.array([1.0, 2, 3]),
    "delay": np.array([1.0, 2, 3]),
    "rule": ns.FixedInDegree(2),
    "view": np.s_[1:4],
    "drawn": ns.Normal(1 * mV, 0.1 * mV, low=0 * mV),
    "expression": "1*mV + v_pre",
    "pairwise": "0.5*exp(-distance/mm)",
    "on_pre": "v_post += w*p",
    "synaptic": "p : 1\n",
    "p": 0.5,
    "path_delay": 1 * ms,
    "rate": 8 * Hz,
    "poisson_weight": 1 * mV,
    "wave": [1, 2] * nA,
    "wave_at": [0, 5] * ms,
    "statement": "v += 1*mV*rand()",
    "every": 1 * ms,
    "operation": "w *= goal/sum_post(w)",
    "goal": 2 * mV,
    "begun": 0 * ms,
    "recorded": "v",
    "writable": "C",
}

CHANGED = {
    "seed": 4,
    "bits": 64,
    "name": "B",
    "size": 7,
    "tau": np.nextafter(0.01, 1) * second,
    "capacity": np.array([1.0, 2, 3, 4, 5, np.nextafter(6, 7)]),
    "initial": ns.Uniform(0 * mV, 1 * mV),
    "equations": "dv/dt = (I_inj/C + f(v/mV)*mV - 2*v)/tau : volt (unless refractory)\n",
    "threshold": "v > 10.5*mV",
    "reset": "v = 1*mV",
    "refractory": 2.1 * ms,
    "method": "heun",
    "event": "v > 8*mV",
    "cpp": "x*x*1.0",
    "function": "cube",
    "table": np.array([0.0, 1.5]),
    "table_dt": 5 * ms,
    "positions": ns.UniformBox([1, 1] * mm, periodic=True),
    "times": [1, 3] * ms,
    "ids": [1, 0],
    "period": None,
    "edge_pre": [0, 2, 1],
    "edge_post": [0, 3, 1],
    "weight": np.array([1.0, 2, -3]),
    "delay": np.array([1.0, 2, 4]),
    "rule": ns.FixedInDegree(2, autapses=False),
    "view": np.s_[[1, 2, 4]],
    "drawn": ns.Normal(1 * mV, 0.1 * mV, low=0 * mV, bounds="clip"),
    "expression": "1*mV + 2*v_pre",
    "pairwise": "0.5*exp(-distance/mm)*rand()",
    "on_pre": "v_post += w*p; p *= 0.5",
    "synaptic": "p : 1 (constant)\n",
    "p": ns.Uniform(0, 1),
    "path_delay": 2 * ms,
    "rate": ns.SineRate(8 * Hz, 1 * Hz, 1 * Hz),
    "poisson_weight": -1 * mV,
    "wave": [1, 3] * nA,
    "wave_at": [0, 6] * ms,
    "statement": "v += 2*mV*rand()",
    "every": 2 * ms,
    "operation": "w *= goal/sum_pre(w)",
    "goal": 3 * mV,
    "begun": 1 * ms,
    "recorded": "2*v",
    "writable": "tau",
}


def square(x):
    return x * x


def cube(x):
    return x * x * x


def made(**changes):
    g = {**GIVEN, **changes}
    net = ns.Network(seed=g["seed"], weight_bits=g["bits"])
    python = {"square": square, "cube": cube}[g["function"]]
    model = ns.NeuronModel(
        g["equations"] + "I_inj : amp\nI_t = I(t) : amp",
        threshold=g["threshold"],
        reset=g["reset"],
        refractory=g["refractory"],
        method=g["method"],
        events={"close": g["event"]},
        parameters={
            "tau": g["tau"],
            "C": np.resize(g["capacity"], g["size"]) * nA / mV,
            "f": ns.Function(python, cpp=g["cpp"], arg_units=[1], return_unit=1),
            "I": ns.TimedArray(g["table"] * nA, dt=g["table_dt"]),
        },
    )
    a = net.population(g["name"], g["size"], model, {"v": g["initial"]}, positions=g["positions"])
    s = net.spike_source("S", times=g["times"], ids=g["ids"], period=g["period"])
    edges = ns.Edges(g["edge_pre"], g["edge_post"])
    net.project(a, a, edges, "v", weight=g["weight"] * mV, delay=g["delay"] * ms)
    net.project(a, a[g["view"]], g["rule"], "v", weight=g["drawn"], delay=1 * ms)
    net.project(s, a, ns.AllToAll(), "v", weight=1 * mV, delay=1 * ms)
    near = ns.Pairwise(g["pairwise"])
    net.project(a, a, near, "v", weight=g["expression"], delay=1 * ms)
    model = ns.SynapseModel(g["synaptic"], on_pre=g["on_pre"], initial={"p": g["p"]})
    learnt = net.project(
        a, a, ns.OneToOne(), "v", synapse=model, weight=1 * mV, delay=g["path_delay"]
    )
    net.run_regularly(learnt, g["operation"], start=g["begun"], parameters={"goal": g["goal"]})
    net.poisson(a, "v", rate=g["rate"], weight=g["poisson_weight"])
    net.inject(a, "I_inj", ns.StepCurrent(g["wave_at"], g["wave"]))
    net.run_regularly(a, g["statement"], every=g["every"])
    net.record(a, g["recorded"])
    net.writable(a, g["writable"])
    return net


def test_nothing_changes_the_digest_of_the_same_network():
    net = made()
    first = network_digest(net)
    assert len(first) == 64
    assert network_digest(made()) == first
    ns.lower(net, 0.1 * ms)
    assert net.populations["A"].positions.shape == (6, 2)
    assert network_digest(net) == first


def test_everything_that_is_given_changes_the_digest():
    assert CHANGED.keys() == GIVEN.keys()
    digests = {"": network_digest(made())}
    for key, value in CHANGED.items():
        digests[key] = network_digest(made(**{key: value}))
    assert len(set(digests.values())) == len(digests), digests


def test_order_of_populations_counts_and_names_of_networks_do_not():
    def of(names, name="network"):
        net = ns.Network(name=name)
        for each in names:
            net.population(each, 2, ns.models.lif_curr_exp())
        return network_digest(net)

    assert of("AB") != of("BA")
    assert of("AB", "one") == of("AB", "two")


def test_arrays_count_by_content():
    def of(values):
        net = ns.Network()
        net.population("A", 6, ns.models.lif_curr_exp(), {"v": values * mV})
        return network_digest(net)

    values = np.arange(12.0)
    assert of(values[::2]) == of(values[::2].copy())
    assert of(values[:6]) != of(values[:6][::-1])


def test_other_processes_find_the_same_digest():
    code = "import test_digest as t; print(t.network_digest(t.made()))"
    run = subprocess.run(
        [sys.executable, "-c", code],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONHASHSEED": "7", "PYTHONPATH": str(Path(__file__).parent)},
    )
    assert run.stdout.strip() == network_digest(made())


def test_what_cannot_be_compared_is_named():
    net = ns.Network()
    net.population("A", 2, ns.models.lif_curr_exp())
    net.writables["A"] = object()
    with pytest.raises(DescriptionError, match=r"object.*cannot be compared"):
        network_digest(net)

"""A network with every kind of state, and running it with stops in between."""

import numpy as np

import neurosim as ns
from neurosim.checkpoint import Header, opened
from neurosim.checkpoint.writer import write
from neurosim.engines.base import EngineOptions
from neurosim.engines.native import NativeEngine
from neurosim.parallel.communicator import Serial
from neurosim.parallel.share import Share
from neurosim.units import Hz, ms, mV

CELL = """
    dv/dt = (mu + I + g + I_gap - v)/tau + noise*xi*tau**-0.5 : volt (unless refractory)
    dg/dt = -g/(5*ms) : volt (unless refractory)
    I : volt
    I_gap : volt
    mu : volt
    n : integer
    """


def cell(refractory, **changes):
    values = {"tau": 10 * ms, "noise": 1 * mV, "mu": "(9 + 4*rand())*mV"} | changes
    return ns.NeuronModel(
        CELL,
        threshold="v > 10*mV",
        reset="v = 2*mV*rand()",
        refractory=refractory,
        events={"high": "v > 9.6*mV", "low": "v < 1*mV"},
        on_event={"high": "n += 1"},
        parameters=values,
    )


STDP = {
    "equations": """
        dApre/dt = -Apre/taupre : 1 (event-driven)
        dApost/dt = -Apost/taupost : 1 (event-driven)
        dc/dt = -c/(15*ms) : 1 (clock-driven)
        w : volt
        """,
    "on_pre": {
        "hit": "g_post += w*rand(); Apre += 0.1; w = clip(w + Apost*mV, 0*mV, 2*mV); c += 1",
        "burst": "c += 0.3",
    },
    "on_post": {"back": "Apost += -0.1; w = clip(w + Apre*mV, 0*mV, 2*mV)", "calm": "c -= 0.1"},
    "events": {"burst": "high", "calm": "low"},
    "parameters": {"taupre": 20 * ms, "taupost": ns.Normal(20 * ms, 2 * ms)},
}

TRACES = {  # kept once per source and per target
    "equations": """
        dr/dt = -r/(20*ms) : 1 (event-driven)
        do/dt = -o/(30*ms) : 1 (event-driven)
        w : volt
        """,
    "on_pre": "g_post += w; r += 1; w = clip(w - 0.01*o*mV, 0*mV, 1*mV)",
    "on_post": "o = 1; w = clip(w + 0.01*r*mV, 0*mV, 1*mV)",
}


def everything(size=70):
    """Return a network: every kind of state that is carried from one step to the next."""
    net = ns.Network(seed=5)
    a = net.population("A", size, cell(2 * ms), initial={"v": "9*mV*rand()"})
    b = net.population("B", size // 2, cell("v > -3*mV and t < lastspike + 4*ms"))
    delays = ns.Uniform(0.2 * ms, 4.7 * ms)
    net.project(a, b, ns.Bernoulli(0.2), "g", weight=ns.Normal(0.5 * mV, 0.2 * mV), delay=delays)
    net.project(b, a, ns.FixedTotalNumber(300), "v", weight=-0.4 * mV, delay=0.4 * ms)
    net.project(
        b,
        a,
        ns.Edges([0, 3, 3, 9], [1, 0, 5, 5]),
        "g",
        weight=[1, 2, 1, 1] * mV,
        delay=[0.2, 9.1, 3, 1] * ms,
    )
    stdp = ns.SynapseModel(**STDP)
    delay = {"hit": ns.Uniform(0.3 * ms, 3 * ms), "burst": 2.5 * ms}
    post = {"back": 1.1 * ms, "calm": 0.7 * ms}
    net.project(
        a, a[::2], ns.Bernoulli(0.1), synapse=stdp, weight=1 * mV, delay=delay, delay_post=post
    )
    traces = ns.SynapseModel(**TRACES)
    net.project(
        a, b, ns.Bernoulli(0.3), synapse=traces, weight=0.3 * mV, delay=2 * ms, name="traces"
    )
    gap = ns.SynapseModel("w : 1\nI_gap_post = w*(v_pre - v_post) : volt (summed)")
    net.project(a, b, ns.Bernoulli(0.1), synapse=gap, weight=ns.Uniform(0.01, 0.05))
    source = net.spike_source("given", [0, 0.1, 7, 7, 12] * ms, [0, 1, 1, 0, 2], period=13 * ms)
    net.project(source, a, ns.AllToAll(), "g", weight=1 * mV, delay=1.5 * ms)
    bursts = net.event_source(a, "high", "bursts")
    net.project(bursts, b, ns.Bernoulli(0.3), "g", weight=0.3 * mV, delay=3.3 * ms)
    net.poisson(a[3:], "g", rate=400 * Hz, weight=0.2 * mV)
    net.poisson(b, "g", rate=ns.SineRate(300 * Hz, 200 * Hz, 30 * Hz), weight=0.3 * mV)
    ou = ns.NoisyCurrent(0.5 * mV, 0.5 * mV, tau=8 * ms)
    net.inject(a, "I", ou)
    net.inject(a[::3], "I", ns.NoisyCurrent(0 * mV, 1 * mV, every=2.5 * ms))
    net.inject(b, "I", ns.StepCurrent([5, 40] * ms, [1, 2] * mV))
    net.run_regularly(a[::2], "g = g + 0.1*mV*rand()", every=1.3 * ms)
    net.run_regularly(b, "v = clip(v, -9*mV, 30*mV)", when="end")
    net.record(a[:9], ["v", "g"], every=0.3 * ms)
    return net


def executable(program, threads, precision="double"):
    made = NativeEngine().compile(program, EngineOptions(threads=threads, precision=precision))
    made.build()
    return made


def state(made):
    """All state, by name."""
    return {name: array.read() for name, array in made.snapshot().arrays.items()}


def header(program, step, precision="double"):
    return Header(
        step=step,
        dt=program.dt,
        seed=program.seed,
        precision=precision,
        engine="native",
        digest="",
        version="test",
    )


def save(path, program, made, step, precision="double"):
    write(path, header(program, step, precision), made.snapshot(), Serial())


def load(path, made):
    with opened(path) as saved:
        made.restore(saved.snapshot(Share()))


def spikes(chunks):
    return np.concatenate([np.stack([c.spike_steps, c.spike_ids], axis=1) for c in chunks])


def rounds(path, program, stops, threads, precision="double", between=None):
    """Run to each of ``stops``, each time in a new network made from the last checkpoint.

    ``between`` is called with (executable, step) at each stop after the first; returns spikes,
    samples and the final state.
    """
    chunks, at = [], 0
    for k, stop in enumerate(stops):
        with executable(program, threads[k % len(threads)], precision) as made:
            if at:
                load(path, made)
                if between is not None:
                    between(made, at)
            chunks.append(made.advance(stop - at))
            at = stop
            save(path, program, made, at, precision)
            final = state(made)
    samples = [
        np.concatenate([chunk.states[r] for chunk in chunks])
        for r, _ in enumerate(program.state_recorders)
    ]
    return spikes(chunks), samples, final


def differences(one, other):
    """The names of what differs between two results of ``rounds``."""
    found = [] if np.array_equal(one[0], other[0]) else ["spikes"]
    found += [
        f"samples {r}"
        for r, (a, b) in enumerate(zip(one[1], other[1], strict=True))
        if not np.array_equal(a, b)
    ]
    names = one[2].keys() | other[2].keys()
    return found + [
        n for n in sorted(names) if not np.array_equal(one[2].get(n, "-"), other[2].get(n, "-"))
    ]

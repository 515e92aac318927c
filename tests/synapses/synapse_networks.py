"""Small recurrent networks, one for every kind of synapse model."""

import numpy as np
from brian2 import ms, mV, second

import neurosim as ns

LIF = """
    dv/dt = (I - v + I_gap + g)/tau : volt (unless refractory)
    I : volt (constant)
    I_gap : volt
    s_tot : 1
    dg/dt = -g/(5*ms) : volt
    ds/dt = -s/(20*ms) : 1
    level = v/mV : 1
    """
SIZE = 20
TRACED = ("v", "g", "s_tot", "I_gap", "x")


def neurons(seed=1, size=SIZE):
    net = ns.Network(seed=seed)
    model = ns.NeuronModel(
        LIF,
        threshold="v > 10*mV",
        reset="v = 0*mV; s += 0.5*(1 - s)",
        refractory=2 * ms,
        parameters={"tau": 10 * ms, "I": np.linspace(8, 14, size) * mV},
        name="lif",
    )
    return net, net.population("E", size, model, initial={"v": "10*mV*rand()"})


def facilitation():
    """State per synapse, changed by each presynaptic spike; heterogeneous delays."""
    net, e = neurons()
    model = ns.SynapseModel(
        "x : 1\nw : volt",
        on_pre="v_post += w*x; x = clip(x - 0.2, 0, 1)",
        initial={"x": ns.Uniform(0.5, 1.0)},
    )
    delay = ns.Uniform(0.5 * ms, 3 * ms)
    rule = ns.Bernoulli(0.3)
    net.project(e, e, rule, synapse=model, weight=ns.Normal(1 * mV, 0.5 * mV), delay=delay)
    return net


def gap_junctions():
    """A sum over differences of the voltages of both sides."""
    net, e = neurons()
    model = ns.SynapseModel("w : 1\nI_gap_post = w*(v_pre - v_post) : volt (summed)")
    net.project(e, e, ns.Bernoulli(0.3), synapse=model, weight=ns.Uniform(0.01, 0.05))
    return net


def gating():
    """Sums through a pool, and a sum that depends on the target's voltage."""
    net, e = neurons()
    pool_model = ns.NeuronModel("total : 1\ndx/dt = -x*total/second : 1", name="pool")
    pool = net.population("pool", 1, pool_model, initial={"x": 1.0})
    every = ns.AllToAll()
    net.project(e, pool, every, synapse=ns.SynapseModel("total_post = s_pre : 1 (summed)"))
    back = ns.SynapseModel("w : 1\ns_tot_post = w*total_pre : 1 (summed)")
    net.project(pool, e, every, synapse=back, weight=0.01)
    block = ns.SynapseModel(
        "w : volt\nI_gap_post = w*s_pre*open : volt (summed)\nopen = 1/(1 + exp(-level_post/5)) : 1"
    )
    weight = ns.Normal(0.3 * mV, 0.1 * mV)
    net.project(e, e, ns.Bernoulli(0.2), synapse=block, weight=weight)
    return net


def pair_stdp():
    """Event-driven traces, both sides' spikes, delays of both pathways, multapses."""
    net, e = neurons()
    model = ns.SynapseModel(
        """
        dApre/dt = -Apre/taupre : 1 (event-driven)
        dApost/dt = -Apost/taupost : 1 (event-driven)
        w : volt
        """,
        on_pre="v_post += w; Apre += 0.1; w = clip(w + Apost*mV, 0*mV, 2*mV)",
        on_post="Apost += -0.1; w = clip(w + Apre*mV, 0*mV, 2*mV)",
        parameters={"taupre": 20 * ms, "taupost": ns.Normal(20 * ms, 2 * ms)},
    )
    delay = ns.Uniform(0.5 * ms, 3 * ms)
    weight = ns.Uniform(0 * mV, 1 * mV)
    rule = ns.FixedTotalNumber(100)
    net.project(e, e, rule, synapse=model, weight=weight, delay=delay, delay_post=0.5 * ms)
    return net


def calcium():
    """Clock-driven equations, nonlinear, that read the target."""
    net, e = neurons()
    model = ns.SynapseModel(
        """
        dc/dt = -c/(15*ms) : 1 (clock-driven)
        drho/dt = (-rho*(1 - rho)*(0.5 - rho) + 0.5*(1 - rho)*int(c > 0.8) + 0.01*level_post)
                  /(50*ms) : 1 (clock-driven)
        w : volt
        """,
        on_pre="v_post += w*rho; c += 0.4",
        on_post="c += 0.5",
        initial={"rho": ns.Uniform(0.2, 0.8)},
    )
    net.project(e, e, ns.Bernoulli(0.3), synapse=model, weight=1 * mV, delay=1 * ms)
    return net


def release():
    """Random transmission: rand() in a pathway."""
    net, e = neurons()
    model = ns.SynapseModel(on_pre="target_post += w*int(rand() < p)", parameters={"p": 0.3})
    weight = ns.Normal(4 * mV, 0.5 * mV)
    net.project(e, e, ns.Bernoulli(0.3), "g", synapse=model, weight=weight, delay=1.5 * ms)
    return net


def noisy_weights():
    """Noise per synapse in clock-driven equations, and a formula of both sides."""
    net, e = neurons()
    model = ns.SynapseModel(
        "dw/dt = (w0 - w)/(20*ms) + sigma*xi*second**-0.5 : volt (clock-driven)",
        on_pre="v_post += w",
        parameters={"w0": "1*mV*exp(-(I_pre - I_post)**2/(2*mV)**2)", "sigma": 2 * mV},
        method="euler",
    )
    net.project(e, e, ns.Bernoulli(0.3), synapse=model, weight=1 * mV, delay=1 * ms)
    return net


def several_pathways():
    """Pathways with delays of their own; postsynaptic code that reads the source."""
    net, e = neurons()
    model = ns.SynapseModel(
        "a : 1\nw : volt",
        on_pre={"up": "a += 1; v_post += w", "down": "a = 0; g_post += w*a"},
        on_post={
            "back": "a -= 0.25*int(v_pre > 5*mV)",
            "own": "g_post += 0.1*mV*exp(-v_post/(5*mV))",
            "pair": "g_post += 0.2*mV*exp(-v_pre/(9*mV))*rand(); a = a*exp(-0.1*a**2)",
        },
    )
    delay = {"up": 1 * ms, "down": ns.Uniform(2 * ms, 4 * ms)}
    net.project(e, e, ns.Bernoulli(0.3), synapse=model, weight=1 * mV, delay=delay)
    return net


def several_sums():
    """Projections that sum into the same variable of overlapping targets."""
    net, e = neurons()
    model = ns.SynapseModel("w : 1\nI_gap_post = w*(v_pre - v_post) : volt (summed)")
    weight = ns.Uniform(0.01, 0.05)
    net.project(e[:10], e[5:15], ns.Bernoulli(0.5), synapse=model, weight=weight)
    net.project(e[::2], e[1::2], ns.Bernoulli(0.5), synapse=model, weight=weight)
    net.project(e[15:], e[[0, 3, 12]], ns.AllToAll(), synapse=model, weight=weight)
    return net


def from_a_source():
    """Spikes of a source, a weight that depends on nothing, and plain synapses beside."""
    net, e = neurons()
    rng = np.random.default_rng(3)
    times, ids = np.unique(np.stack([rng.integers(0, 1000, 400), rng.integers(0, 30, 400)]), axis=1)
    source = net.spike_source("source", times * 0.1 * ms, ids, size=30)
    model = ns.SynapseModel("n : 1", on_pre="n += 1; g_post += w*exp(-n/4)")
    net.project(source, e, ns.Bernoulli(0.5), "g", synapse=model, weight=3 * mV, delay=0.2 * ms)
    net.project(e, e, ns.Bernoulli(0.2), "g", weight=1 * mV, delay=1 * ms)
    net.poisson(e, "v", rate=200 * second**-1, weight=0.5 * mV)
    return net


def bursts():
    """Pathways that listen to events besides spikes, of source and target."""
    net = ns.Network(seed=1)
    model = ns.NeuronModel(
        "dv/dt = (I - v)/(10*ms) : volt\nI : volt (constant)\ndg/dt = -g/(5*ms) : 1",
        threshold="v > 10*mV",
        reset="v = 0*mV; g += 1",
        events={"burst": "g > 1.5", "low": "g < 0.1"},
        on_event={"burst": "g = 0"},
        parameters={"I": np.linspace(9, 60, SIZE) * mV},
    )
    e = net.population("E", SIZE, model, initial={"v": "10*mV*rand()"})
    rule = ns.SynapseModel(
        "w : volt\nn : 1",
        on_pre={"single": "v_post += w", "burst": "v_post += 3*w; n += 1"},
        on_post={"quiet": "n -= 0.01"},
        events={"burst": "burst", "quiet": "low"},
    )
    delay = {"single": ns.Uniform(0.5 * ms, 2 * ms), "burst": 1 * ms}
    net.project(e, e, ns.Bernoulli(0.3), synapse=rule, weight=0.3 * mV, delay=delay)
    counting = ns.SynapseModel("m : 1", on_pre="m += 1; g_post += 0.01*m")
    net.project(net.event_source(e, "low"), e, ns.OneToOne(), synapse=counting, delay=0.3 * ms)
    return net


def statements():
    """Operations on synapses: sums of both sides, sources' variables, chance, plain synapses."""
    net, e = neurons()
    model = ns.SynapseModel(
        """
        dApre/dt = -Apre/(20*ms) : 1 (event-driven)
        dApost/dt = -Apost/(20*ms) : 1 (event-driven)
        w : volt
        x : 1
        """,
        on_pre="v_post += w; Apre += 0.1; w = w - Apost*mV",
        on_post="Apost += 0.1; w = w + Apre*mV",
        initial={"x": 0.0},
        bounds={"w": (0 * mV, 2 * mV)},
    )
    delay = ns.Uniform(0.5 * ms, 3 * ms)
    weight = ns.Uniform(0 * mV, 1 * mV)
    rule = ns.Bernoulli(0.3)
    learnt = net.project(e, e, rule, synapse=model, weight=weight, delay=delay)
    net.run_regularly(learnt, "w *= goal/sum_post(w)", 5 * ms, parameters={"goal": 3 * mV})
    net.run_regularly(
        learnt,
        """
        near = exp(-(v_pre - v_post)**2/(8*mV)**2)
        x = x + near*(Apre - Apost) + 0.1*rand() - 0.01*sum_pre(near*x)
        x = x - sum_pre(x*sum_post(1))/sum_pre(sum_post(1))
        """,
        0.7 * ms,
        "end",
        start=0.4 * ms,
    )
    plain = net.project(e[3:17], e[::2], rule, "g", weight=0.2 * mV, delay=1 * ms, name="plain")
    net.run_regularly(plain, "w = 0.5*w + 0.5*mV*(0.2 + 0.1*randn())/sum_pre(1)", every=9 * ms)
    return net


def normalised():
    """Pairs learn from traces that are kept once per source and target; weights are normalised."""
    net, e = neurons()
    model = ns.SynapseModel(
        """
        dr/dt = -r/(20*ms) : 1 (event-driven)
        do/dt = -o/(20*ms) : 1 (event-driven)
        w : volt
        """,
        on_pre="v_post += w; r += 0.1; w = w - o*mV",
        on_post="o += 0.1; w = w + r*mV",
        bounds={"w": (0 * mV, 2 * mV)},
    )
    weight = ns.Uniform(0 * mV, 1 * mV)
    learnt = net.project(
        e, e, ns.Bernoulli(0.5), synapse=model, weight=weight, delay=1 * ms, delay_post=0.3 * ms
    )
    net.run_regularly(learnt, "w *= 3*mV/sum_post(w)", 7 * ms)
    net.run_regularly(learnt, "w *= 2*mV/(1*uvolt + sum_pre(w))", 0.7 * ms, "end")
    return net


KINDS = {
    f.__name__: f
    for f in (
        facilitation,
        gap_junctions,
        gating,
        pair_stdp,
        calcium,
        release,
        noisy_weights,
        several_pathways,
        several_sums,
        from_a_source,
        bursts,
        statements,
        normalised,
    )
}


def run(net, engine, duration=100 * ms, *, threads=1, precision="double", cuts=1):
    """Return (spikes, traces, synaptic values) of a run, by name."""
    changing = {}
    with ns.Simulation(net, engine=engine, threads=threads, precision=precision) as sim:
        for _ in range(cuts):
            sim.run(duration / cuts)
        for projection in sim.program.projections:
            if projection.synapse is None:
                continue
            for variable in projection.synapse.code.variables:
                if variable.role != "coefficient":
                    values = sim.read(projection.name, variable.name)
                    changing[projection.name, variable.name] = values
    recording = sim.recording
    spikes = {name: recording.spikes(name) for name in net.populations}
    traces = {
        (r.neurons.name, r.variable): recording.state(r.neurons.name, r.variable)
        for r in net.recorders
    }
    return spikes, traces, changing


def traced(net):
    """Record every traced variable that changes."""
    written = ns.lower(net, 0.1 * ms)
    for population in written.populations:
        names = [v.name for v in population.code.variables if v.role == "state"]
        chosen = [name for name in TRACED if name in names]
        net.record(net.populations[population.name], chosen)
    return net

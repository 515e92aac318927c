"""Run one network of every kind on the ranks at hand; rank 0 writes a digest of everything of each.

Arguments: the output (JSON), threads of each rank, and the networks (all by default).
"""

import hashlib
import json
import sys
from pathlib import Path

import numpy as np

import neurosim as ns
from neurosim.engines import get_engine
from neurosim.engines.base import EngineOptions
from neurosim.lowering.agreement import agree_on_delays
from neurosim.parallel.exact_sums import add_words, exact_total
from neurosim.parallel.world import world
from neurosim.units import Hz, kHz, ms, mV, second

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "synapses"))
from synapse_networks import KINDS, neurons

CHUNKS = (77, 1, 122)


def inputs():
    """Changing currents and rates of views, rates per neuron, operations, a writable parameter."""
    net = ns.Network(seed=7)
    model = ns.NeuronModel(
        "dv/dt = (I + J - v)/(10*ms) : volt (unless refractory)\nI : volt\nJ : volt\nk : 1",
        threshold="v > 5*mV",
        reset="v = 0*mV",
        refractory=1 * ms,
    )
    p = net.population("p", 23, model, initial={"v": "4*mV*rand()"})
    rng = np.random.default_rng(5)
    table = rng.uniform(0, 4, (9, 7)) * mV
    net.inject(p[[1, 2, 3, 5, 8, 13, 21]], "I", ns.RecordedCurrent(table, 1 * ms), name="seven")
    net.inject(p[4:19], "I", ns.ConstantCurrent(np.linspace(0, 6, 15) * mV, start=2 * ms))
    net.inject(p, "I", ns.NoisyCurrent(0 * mV, 4 * mV, tau=2 * ms))
    net.inject(p[6:], "I", ns.NoisyCurrent(1 * mV, 4 * mV, every=0.5 * ms))
    net.poisson(
        p[1::2], "v", rate=ns.ArrayRate(rng.uniform(0, 9e3, (4, 11)) * Hz, 5 * ms), weight=0.2 * mV
    )
    net.poisson(p[3:9], "v", rate=ns.StepRate([3, 11] * ms, [2, 20] * kHz), weight=0.1 * mV)
    net.poisson(p, "v", rate=rng.uniform(0, 2e3, 23) * Hz, weight=0.3 * mV)
    net.poisson(p[[2, 3, 17]], "v", rate=np.array([1, 2, 4]) * kHz, weight=0.1 * mV)
    net.run_regularly(p[5:18], "J = 0.1*mV*i + 0.2*mV*rand() + 0.01*mV*N", 3 * ms)
    net.run_regularly(p[[0, 4, 5, 9, 22]], "k = k + i + randn()", 1 * ms, "end")
    return net


def pool():
    """A pool on one rank that all others read, and sums into some of the neurons only."""
    net, e = neurons()
    model = ns.NeuronModel("total : 1\ndx/dt = (total - x)/(10*ms) : 1", name="pool")
    one = net.population("pool", 1, model)
    net.project(e, one, ns.AllToAll(), synapse=ns.SynapseModel("total_post = s_pre : 1 (summed)"))
    back = ns.SynapseModel("w : volt\nI_gap_post = w*x_pre : volt (summed)")
    net.project(one, e[[1, 2, 3, 7, 19]], ns.AllToAll(), synapse=back, weight=0.4 * mV)
    gap = ns.SynapseModel("w : 1\nI_gap_post = w*(v_pre - v_post)*level_pre : volt (summed)")
    net.project(e[4:13], e[3:17], ns.Bernoulli(0.5), synapse=gap, weight=ns.Uniform(0.01, 0.02))
    net.poisson(e, "v", rate=200 * second**-1, weight=0.5 * mV)
    return net


def few_sources():
    """Few of the neurons are read by others, so that only those are sent."""
    net, e = neurons(size=41)
    gap = ns.SynapseModel("w : 1\nI_gap_post = w*(v_pre - v_post) : volt (summed)")
    net.project(e[[0, 3, 8, 21]], e, ns.Bernoulli(0.6), synapse=gap, weight=0.04)
    late = ns.SynapseModel(
        "w : volt",
        on_pre="g_post += w*s_pre",
        on_post="w = clip(w - 0.1*mV*s_pre, 0*mV, 3*mV)",
    )
    net.project(e[:3], e[1::2], ns.Bernoulli(0.5), synapse=late, weight=2 * mV, delay=0.4 * ms)
    return net


def listed():
    """Edges that were listed, with everything given for each: weights, delays, variables."""
    net, e = neurons()
    rng = np.random.default_rng(11)
    n = 90
    pairs = rng.integers(0, 20, n), rng.integers(0, 20, n)
    model = ns.SynapseModel(
        "dA/dt = (x - A)/(10*ms) : 1 (event-driven)\nx : 1\nw : volt",
        on_pre="g_post += w*(1 + A); A += 0.2",
        on_post="x = clip(x + 0.1*rand() - 0.01*int(v_pre > 4*mV), -2, 2)",
        initial={"x": rng.uniform(-1, 1, n)},
    )
    net.project(
        e,
        e,
        ns.Edges(*pairs),
        synapse=model,
        weight=rng.uniform(0, 2, n) * mV,
        delay=0.1 * rng.integers(2, 30, n) * ms,
        delay_post=0.7 * ms,
    )
    return net


def failing():
    """A neuron that becomes NaN, on one rank, where all wait for each other in every step."""
    net = ns.Network(seed=3)
    model = ns.NeuronModel(
        "dx/dt = -sqrt(x)/(10*ms) : 1\ny : 1", method="euler", threshold="x > 10", name="draining"
    )
    p = net.population("p", 11, model, initial={"x": "1 + 0.3*(i - 7)**2"})
    gap = ns.SynapseModel("y_post = x_pre - x_post : 1 (summed)")
    net.project(p, p, ns.Bernoulli(0.5), synapse=gap)
    net.record(p, "y")
    return net


NETWORKS = KINDS | {f.__name__: f for f in (inputs, pool, few_sources, listed, failing)}


class Digest:
    """Bytes of all ranks, added up in the order of the whole network."""

    def __init__(self, ranks, program):
        self.ranks, self.program, self.found = ranks, program, {}

    def add(self, name, values):
        data = hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest()[:16]
        self.found[name] = f"{data} {np.shape(values)}"

    def neurons(self, executable):
        for population in self.program.populations:
            for variable in population.code.variables:
                if variable.role == "coefficient" or variable.shared:
                    continue
                own = executable.read(population.name, variable.name)
                whole = self.ranks.share.assemble(self.ranks.gather(own))
                self.add(f"{population.name}.{variable.name}", whole)

    def synapses(self, executable):
        for projection in self.program.projections:
            if projection.synapse is None:
                continue
            name = projection.name
            tables = np.concatenate(self.ranks.gather(executable.synapse_table(name)))
            order = np.argsort(tables["target"], kind="stable")
            self.add(name, tables[order])
            for variable in projection.synapse.code.variables:
                if variable.role != "coefficient":
                    own = executable.read_synapses(name, variable.name)
                    whole = np.concatenate(self.ranks.gather(own))[order]
                    self.add(f"{name}.{variable.name}", whole)

    def failure(self, chunk):
        own = [] if chunk.failure is None else [[chunk.failure.neuron, chunk.failure.step]]
        self.add("steps", self.ranks.largest([chunk.n_steps, -chunk.n_steps]))
        self.add("failures", np.concatenate(self.ranks.gather(np.array(own, int).reshape(-1, 2))))

    def chunks(self, chunks):
        spikes = np.concatenate([np.stack([c.spike_steps, c.spike_ids], 1) for c in chunks])
        spikes = np.concatenate(self.ranks.gather(spikes))
        self.add("spikes", spikes[np.lexsort((spikes[:, 1], spikes[:, 0]))])
        for r, recorder in enumerate(self.program.state_recorders):
            if recorder.reduce == "sum":
                words = self.ranks.gather(np.concatenate([c.sums[r] for c in chunks]))
                total = words[0]
                for part in words[1:]:
                    total = add_words(total, part)
                self.add(f"sum {recorder.variable}", exact_total(total))
                continue
            own = np.concatenate([c.states[r] for c in chunks]).T.copy()
            columns = np.concatenate(self.ranks.gather(own))
            ids = np.concatenate(
                [
                    recorder.ids[recorder.ids % self.ranks.share.n_ranks == k]
                    for k in range(self.ranks.share.n_ranks)
                ]
            )
            self.add(f"trace {recorder.variable}", columns[np.argsort(ids)])


def digest(name, threads, ranks):
    net = NETWORKS[name]()
    population = next(iter(net.populations.values()))
    variable = "x" if name == "failing" else "v"
    net.record(population[2:10], variable, every=0.3 * ms)
    net.record(population[[0, 3, 7, 8]], variable)
    net.record_sum(population, variable)
    net.record_sum(population[1], variable, every=0.7 * ms)
    program = agree_on_delays(ns.lower(net, 0.1 * ms, share=ranks.share), ranks)
    engine = get_engine("native")
    result = Digest(ranks, program)
    with engine.compile(program, EngineOptions(threads=threads, communicator=ranks)) as executable:
        executable.build()
        chunks = []
        for n_steps in CHUNKS:
            chunks.append(executable.advance(n_steps))
            if chunks[-1].n_steps < n_steps:
                break
            if name == "inputs" and len(chunks) == 1:
                executable.set_input("seven", np.arange(7) * 1e-3)
        result.failure(chunks[-1])
        result.chunks(chunks)
        if name != "failing":  # what others do in the step of a NaN is left open
            result.neurons(executable)
            result.synapses(executable)
    return result.found


def main():
    output, threads, *names = sys.argv[1:]
    ranks = world()
    found = {name: digest(name, int(threads), ranks) for name in names or NETWORKS}
    if ranks.share.rank == 0:
        Path(output).write_text(json.dumps(found))


if __name__ == "__main__":
    main()

"""What the native engine holds in memory, against the NumPy twin of its draws."""

import numpy as np
import pytest
from neurosim.networks.microcircuit import microcircuit

import neurosim as ns
from neurosim.engines.base import EngineOptions
from neurosim.engines.native import NativeEngine
from neurosim.lowering.edges import instantiate
from neurosim.lowering.lower import lower
from neurosim.units import ms, mV, nA, pA

RULES = {
    "total": ns.FixedTotalNumber(5000),
    "bernoulli": ns.Bernoulli(0.13),
    "bernoulli without autapses": ns.Bernoulli(0.13, autapses=False),
    "certain": ns.Bernoulli(1.0),
    "impossible": ns.Bernoulli(0.0),
    "all": ns.AllToAll(),
    "all without autapses": ns.AllToAll(autapses=False),
    "one": ns.OneToOne(),
    "listed": ns.Edges([3, 0, 3, 3, 70], [1, 1, 0, 1, 69]),
    "indegree": ns.FixedInDegree(20, autapses=False),
    "different sources": ns.FixedInDegree(20, multapses=False),
    "most sources": ns.FixedInDegree(60, autapses=False, multapses=False),
    "outdegree": ns.FixedOutDegree(20),
    "most targets": ns.FixedOutDegree(60, autapses=False, multapses=False),
    "different pairs": ns.FixedTotalNumber(1500, autapses=False, multapses=False),
    "pairwise": ns.Pairwise("0.5*exp(-abs(i - j)/10.0)"),
}
WEIGHTS = {
    "constant": 20 * pA,
    "normal": ns.Normal(20 * pA, 4 * pA),
    "positive": ns.Normal(2 * pA, 4 * pA, low=0 * pA),
    "uniform": ns.Uniform(-3 * pA, 8 * pA),
    "lognormal": ns.LogNormal(20 * pA, 0.5),
    "exponential": ns.Exponential(7 * pA),
}
DELAYS = {
    "constant": 1.5 * ms,
    "none": 0 * ms,
    "normal": ns.Normal(1.5 * ms, 0.75 * ms),
    "uniform": ns.Uniform(0.1 * ms, 40 * ms),
    "exponential": ns.Exponential(3 * ms),
}


def executable(net, threads, precision="double"):
    program = lower(net, 0.1 * ms)
    made = NativeEngine().compile(program, EngineOptions(threads, precision))
    made.build()
    return made


def twin(program):
    """All edges by the NumPy twin, sorted like ``NativeExecutable.synapses``."""
    parts = []
    for projection in program.projections:
        edges = instantiate(program, projection)
        code = program.population(projection.post.population).code
        arrays = [v.name for v in code.variables if not v.shared]
        part = np.empty(
            edges.pre.size,
            [
                ("source", "i8"),
                ("target", "i8"),
                ("variable", "i4"),
                ("weight", "f8"),
                ("delay", "i4"),
            ],
        )
        part["source"] = edges.pre + projection.pre.first_id
        part["target"] = edges.post + projection.post.first_id
        part["variable"] = arrays.index(projection.variable)
        part["weight"] = edges.weight
        part["delay"] = edges.delay
        parts.append(part)
    whole = np.concatenate(parts)
    return whole[np.lexsort([whole[name] for name in reversed(whole.dtype.names)])]


def small_network(rule, weight, delay, seed=11):
    net = ns.Network(seed=seed)
    model = ns.models.lif_curr_exp()
    first, second = net.population("a", 71, model), net.population("b", 71, model)
    net.project(first, [first, second], rule, "I_syn", weight=weight, delay=delay)
    return net


def assert_same_synapses(net, threads):
    with executable(net, threads) as made:
        expected = twin(made.program)
        held = made.synapses()
        assert np.array_equal(held, expected)
        for projection in made.program.projections:
            size = instantiate(made.program, projection).pre.size
            assert made.synapse_count(projection.name) == size
    return held


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("threads", [1, 3])
def test_rules_connect_the_same_neurons_as_the_twin(rule, threads):
    held = assert_same_synapses(small_network(RULES[rule], 20 * pA, 1.5 * ms), threads)
    assert (held.size == 0) == (rule == "impossible")


@pytest.mark.parametrize("weight", WEIGHTS)
def test_weights_have_the_bits_of_the_twin(weight):
    net = small_network(ns.FixedTotalNumber(30_000), WEIGHTS[weight], 1.5 * ms)
    held = assert_same_synapses(net, 2)
    assert (np.unique(held["weight"]).size == 1) == (weight == "constant")


@pytest.mark.parametrize("delay", DELAYS)
def test_delays_are_those_of_the_twin(delay):
    net = small_network(ns.FixedTotalNumber(30_000), 1 * pA, DELAYS[delay])
    held = assert_same_synapses(net, 2)
    assert (np.unique(held["delay"]).size == 1) == (delay in ("constant", "none"))


def test_weights_can_be_kept_in_64_bits():
    net = ns.Network(seed=1, weight_bits=64)
    model = ns.models.lif_curr_exp()
    population = net.population("a", 50, model)
    net.project(
        population,
        population,
        ns.Bernoulli(0.5),
        "I_syn",
        weight=ns.Normal(20 * pA, 2 * pA),
        delay=1 * ms,
    )
    weights = assert_same_synapses(net, 2)["weight"]
    assert np.any(weights != weights.astype(np.float32))


def test_the_network_is_the_same_on_any_number_of_threads():
    net = microcircuit(scale=0.02, seed=5)
    whole = None
    for threads in (1, 2, 3, 4, 7):
        with executable(net, threads) as made:
            held = made.synapses()
        whole = held if whole is None else whole
        assert np.array_equal(held, whole)


@pytest.mark.parametrize("records", [1, 300, 20_000])
def test_no_seam_where_sources_are_taken_in_chunks(monkeypatch, records):
    # both the sources and the delays of a chunk's first and last rows would show a seam
    monkeypatch.setenv("NEUROSIM_CXXFLAGS", f"-DNEUROSIM_CHUNK_RECORDS={records}.0 -O1")
    net = small_network(ns.FixedTotalNumber(30_000), WEIGHTS["normal"], DELAYS["normal"])
    assert_same_synapses(net, 2)


def test_the_seed_is_what_the_network_depends_on():
    def first(seed):
        with executable(small_network(RULES["total"], 1 * pA, 1 * ms, seed), 1) as made:
            return made.synapses()

    assert np.array_equal(first(3), first(3))
    assert not np.array_equal(first(3)["source"], first(4)["source"])


def test_weights_that_are_shared_by_some_projections_and_not_by_others():
    # one source has, at one delay, segments that share a weight beside segments that do not
    net = ns.Network(seed=3)
    model = ns.models.lif_curr_exp()
    a, b = net.population("a", 40, model), net.population("b", 50, model)
    for weight in (5 * pA, 5 * pA, WEIGHTS["normal"], -3 * pA, 0 * pA, WEIGHTS["uniform"], 5 * pA):
        net.project(a, [a, b], ns.Bernoulli(0.3), "I_syn", weight=weight, delay=DELAYS["normal"])
    for threads in (1, 3):
        assert_same_synapses(net, threads)


def test_shared_weights_with_too_many_delays_to_tell_them_apart():
    # 60,000 delays times two classes do not fit the 16 bits of a key: weights are stored one by one
    net = ns.Network(seed=3)
    model = ns.models.lif_curr_exp()
    a, b = net.population("a", 30, model), net.population("b", 30, model)
    net.project(a, b, ns.AllToAll(), "I_syn", weight=1 * pA, delay=5999.9 * ms)
    net.project(a, b, ns.AllToAll(), "I_syn", weight=2 * pA, delay=5999.9 * ms)
    assert_same_synapses(net, 2)


def test_many_synapses_of_one_source_and_delay_are_all_kept():
    # 200,000 synapses share a source and a delay: more than one segment of 32,767 holds
    net = ns.Network(seed=2)
    model = ns.models.lif_curr_exp()
    one, many = net.population("one", 1, model), net.population("many", 10, model)
    net.project(one, many, ns.FixedTotalNumber(200_000), "I_syn", weight=1 * pA, delay=2 * ms)
    held = assert_same_synapses(net, 1)
    assert held.size == 200_000


def test_more_than_65536_targets_take_wide_slots():
    net = ns.Network(seed=2)
    model = ns.models.lif_curr_exp()
    few, many = net.population("few", 3, model), net.population("many", 70_000, model)
    net.project(few, many, ns.FixedTotalNumber(90_000), "I_syn", weight=1 * pA, delay=2 * ms)
    assert_same_synapses(net, 1)


@pytest.mark.parametrize("precision", ["double", "single"])
def test_spikes_do_not_depend_on_threads(precision):
    digests = set()
    for threads in (1, 2, 3, 4):
        run = ns.simulate(
            microcircuit(scale=0.02, seed=5), 300 * ms, threads=threads, precision=precision
        )
        assert sum(run.n_spikes(name) for name in run.populations) > 200
        digests.add(run.spikes_sha256())
    assert len(digests) == 1


@pytest.mark.parametrize("precision", ["double", "single"])
def test_a_step_counter_that_moves_its_origin_changes_nothing(monkeypatch, precision):
    # in single precision the steps since a spike are counted in 32 bits, from a moving origin
    def digest():
        with ns.Simulation(microcircuit(scale=0.02, seed=5), precision=precision) as simulation:
            for _ in range(30):
                simulation.run(10 * ms)
        return simulation.recording.spikes_sha256()

    plain = digest()
    monkeypatch.setenv("NEUROSIM_CXXFLAGS", "-DNEUROSIM_ORIGIN_STEPS=37 -O1")  # O1 compiles faster
    assert digest() == plain


@pytest.mark.parametrize("p", [0.02, 0.5])
def test_guarded_variables_with_few_and_with_many_synapses_a_step(p):
    # few are checked one by one; many are added and the refractory neurons' values put back
    def run(engine):
        net = ns.Network(seed=8)
        model = ns.models.lif_delta(I_e=0.4 * nA)
        e = net.population("e", 200, model, initial={"v": ns.Uniform(-70 * mV, -50 * mV)})
        net.project(e, e, ns.Bernoulli(p), "v", weight=ns.Normal(0.1 * mV, 1 * mV), delay=1 * ms)
        net.project(e, e, ns.Bernoulli(p), "v", weight=0.05 * mV, delay=1 * ms)
        return ns.simulate(net, 200 * ms, engine=engine, threads=1)

    native, brian2 = run("native"), run("brian2")
    assert native.n_spikes("e") > 1000
    assert native.spikes_sha256() == brian2.spikes_sha256()


def test_guarded_delta_synapses_do_not_depend_on_threads():
    digests = set()
    for threads in (1, 2, 3, 4):
        net = ns.Network(seed=8)
        population = net.population(
            "a",
            500,
            ns.models.lif_delta(I_e=0.4 * nA),
            initial={"v": ns.Uniform(-70 * mV, -50 * mV)},
        )
        net.project(
            population,
            population,
            ns.Bernoulli(0.1),
            "v",
            weight=ns.Normal(0.3 * mV, 0.1 * mV),
            delay=ns.Uniform(0 * ms, 3 * ms),
        )
        run = ns.simulate(net, 300 * ms, threads=threads)
        assert sum(run.n_spikes(name) for name in run.populations) > 100
        digests.add(run.spikes_sha256())
    assert len(digests) == 1

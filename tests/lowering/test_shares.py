"""What ranks lower, each its share, is together exactly what one process lowers."""

import dataclasses
import tracemalloc
from functools import cache

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import neurosim as ns
from neurosim.description import edge_files
from neurosim.errors import EdgeFileError
from neurosim.lowering import degrees, pairs, sources
from neurosim.lowering import listed as listed_edges
from neurosim.lowering import program as p
from neurosim.lowering.agreement import agree_on_delays
from neurosim.lowering.digest import network_digest
from neurosim.lowering.edges import instantiate
from neurosim.lowering.waveforms import StepWave
from neurosim.parallel.share import Share
from neurosim.units import Hz, amp, mm, ms, mV, pA, second, um

DT = 0.1 * ms
SHARES = [Share(rank, n) for n in (2, 3, 4) for rank in range(n)]
FLAGS = [(a, m) for a in (True, False) for m in (True, False)]
WEIGHT = {"weight": ns.Normal(20 * pA, 2 * pA, low=0 * pA), "delay": ns.Uniform(0.1 * ms, 3 * ms)}


def rng():
    return np.random.default_rng(5)


def values_network():
    net = ns.Network(seed=4)
    model = ns.models.lif_curr_exp(tau_m=ns.Normal(10 * ms, 1 * ms), C_m="(250 + 0.1*i)*pF")
    initial = {"v": "E_L + 5*mV*randn() + i*mV/N", "I_syn": rng().normal(size=50) * pA}
    net.population("A", 50, model, initial=initial)
    net.population("same", 9, ns.models.lif_curr_exp())
    kinds = {
        "uniform": ns.Uniform(-70 * mV, -60 * mV),
        "normal": ns.Normal(-65 * mV, 2 * mV, low=-66 * mV),
        "clipped": ns.Normal(-65 * mV, 2 * mV, high=-64 * mV, bounds="clip"),
    }
    for name, kind in kinds.items():
        net.population(name, 2, ns.models.lif_curr_exp(), initial={"v": kind})  # ranks without
    lasting = ns.models.lif_curr_exp(tau_m=ns.LogNormal(10 * ms, 0.2), V_th="E_L + i*mV + 1*mV")
    net.population("B", 31, lasting, initial={"I_syn": ns.Exponential(3 * pA)})
    return net


def inputs_network():
    net = ns.Network(seed=5)
    a = net.population("A", 40, ns.models.lif_curr_exp(), initial={"v": "E_L + 5*mV*randn()"})
    net.poisson(a, "I_syn", rate=8 * Hz, weight=2 * pA)
    net.poisson(a[3:30], "I_syn", rate="(5 + int(3*rand()) + i)*Hz", weight=2 * pA)
    net.poisson(a[2::3], "I_syn", rate=rng().integers(1, 4, 13) * Hz, weight=2 * pA)
    net.poisson(a[[3, 11]], "I_syn", rate="5*Hz + (v < E_L)*i*Hz", weight=2 * pA)
    rates = rng().uniform(1, 5, (3, 13)) * Hz
    steps = ns.StepRate([0, 10, 20] * ms, rates)
    net.poisson(a[2::3], "I_syn", rate=steps, weight=1 * pA)
    net.poisson(a[::2], "I_syn", rate=ns.SineRate(5 * Hz, 1 * Hz, 10 * Hz), weight=1 * pA)
    net.record(a[4:9], "v", every=1 * ms)
    net.record_mean(a, "v", every=1 * ms)
    return net


def rules_network():
    net = ns.Network(seed=6)
    a = net.population("A", 61, ns.models.lif_curr_exp())
    b = net.population("B", 40, ns.models.lif_curr_exp())
    for autapses, multapses in FLAGS:
        flags = {"autapses": autapses, "multapses": multapses}
        for pre, post in ((a, a), (a, b), (a[::3], a[5:40]), (a[5:40], a[1::4]), (b, a[:3])):
            for rule in (ns.FixedTotalNumber, ns.FixedInDegree, ns.FixedOutDegree):
                n = 70 if rule is ns.FixedTotalNumber else 2
                net.project(pre, post, rule(n, **flags), "I_syn", **WEIGHT)
    net.project(a, a, ns.FixedTotalNumber(2000, multapses=False), "I_syn", **WEIGHT)
    net.project(a, a[7::5], ns.Bernoulli(0.2, autapses=False), "I_syn", **WEIGHT)
    net.project(a[3:], b, ns.AllToAll(), "I_syn", **WEIGHT)
    net.project(a[:40], b, ns.OneToOne(), "I_syn", **WEIGHT)
    return net


def amounts_network():
    net = ns.Network(seed=7)
    a = net.population("A", 30, ns.models.lif_curr_exp())
    kinds = [
        ns.Uniform(1 * pA, 2 * pA),
        ns.LogNormal(3 * pA, 0.3, high=9 * pA),
        ns.Exponential(2 * pA, high=5 * pA, bounds="clip"),
        3 * pA,
    ]
    delays = [
        ns.Normal(1 * ms, 0.3 * ms),
        ns.LogNormal(1 * ms, 0.3),
        ns.Exponential(1 * ms, high=4 * ms, bounds="clip"),
        2 * ms,
    ]
    for weight, delay in zip(kinds, delays, strict=True):
        net.project(a, a[1::2], ns.FixedInDegree(5), "I_syn", weight=weight, delay=delay)
    return net


def listed_network(post=None):
    net = ns.Network(seed=8)
    a = net.population("A", 30, ns.models.lif_curr_exp())
    b = net.population("B", 20, ns.models.lif_curr_exp())
    n = 400
    for pre, target in ((a, b), (a[1::3], b[5:12]), (b, a[[2, 3, 9, 28]])):
        rule = ns.Edges(rng().integers(0, pre.size, n), rng().integers(0, target.size, n))
        weight = rng().normal(size=n) * pA
        delay = rng().integers(1, 40, n) * 0.1 * ms
        net.project(pre, target, rule, "I_syn", weight=weight, delay=delay)
        net.project(pre, target, rule, "I_syn", weight=WEIGHT["weight"], delay=delay)
    net.project(a, b, ns.Edges([], []), "I_syn", weight=[] * pA, delay=[] * ms)
    net.project(a, b, ns.Edges([3], [7]), "I_syn", weight=[1] * pA, delay=[9] * ms)
    return net


def space_network():
    net = ns.Network(seed=9)
    model = ns.models.lif_curr_exp()
    side = ns.UniformBox([1, 1] * mm, periodic=True)
    a = net.population("A", 60, model, {"v": "E_L + 5*mV*randn()"}, positions=side)
    b = net.population("B", 25, model, positions=ns.Grid((5, 5), extent=1 * mm, periodic=True))
    c = net.population("C", 25, model, positions=ns.UniformDisc(1 * mm))
    d = net.population("D", 13, model, positions=rng().normal(size=(13, 2)) * mm)
    near = ns.Pairwise(ns.gaussian(0.9, 200 * um), autapses=False)
    net.project(a, a, near, "I_syn", weight="(1*mV + v_pre - v_post)/mV*pA", delay=1 * ms)
    net.project(
        a, b[::2], near, "I_syn", weight=2 * pA, delay="0.1*ms + distance/(0.3*meter/second)"
    )
    net.project(d, c[3:], ns.Pairwise("int(distance < 0.5*mm)*rand()"), "I_syn", weight=1 * pA,
                delay=ns.Uniform(1 * ms, 2 * ms))  # fmt: skip
    few = ns.Pairwise(condition="i == 1 and j == 2")
    net.project(a, a, few, "I_syn", weight=1 * pA, delay="(i + j + 1)*ms*rand()")
    for rule in (ns.FixedTotalNumber(90), ns.FixedOutDegree(2), ns.Bernoulli(0.1), ns.OneToOne()):
        weight = "x_pre/mm*pA + v_post*pA/mV*randn()"
        net.project(a[:25], b, rule, "I_syn", weight=weight, delay=1 * ms)
    return net


def synapses_network():
    net = ns.Network(seed=10)
    a = net.population("A", 30, ns.models.lif_curr_exp(), {"v": "E_L + 5*mV*randn()"})
    model = ns.SynapseModel(
        """p : 1
        u : 1
        dx/dt = -x/tau : 1 (event-driven)
        tau : second""",
        on_pre="target_post += w*p*u*x; x += 1",
        name="gated",
    )
    n = 100
    rule = ns.Edges(rng().integers(0, 30, n), rng().integers(0, 30, n))
    listed = {"p": rng().uniform(size=n), "tau": ns.Normal(20 * ms, 2 * ms), "u": "i + j + rand()"}
    net.project(a, a, rule, "I_syn", synapse=model(**listed), weight=rng().normal(size=n) * pA,
                delay=rng().integers(1, 9, n) * ms)  # fmt: skip
    drawn = {"p": ns.Uniform(0, 1), "tau": 20 * ms, "u": 0.5}
    net.project(a, a[::4], ns.FixedTotalNumber(90), "I_syn", synapse=model(**drawn), **WEIGHT)
    formula = {"p": "v_pre/mV", "tau": "(20 + j)*ms", "u": "1.0*i"}
    net.project(a[::2], a, ns.Bernoulli(0.2), "I_syn", synapse=model(**formula), **WEIGHT)
    return net


def currents_network():
    net = ns.Network(seed=11)
    model = ns.NeuronModel(
        "dv/dt = (I_inj - v/R)/C : volt\nI_inj : amp",
        threshold="v > 10*mV",
        reset="v = 0*mV",
        parameters={"R": 1 * mV / (1 * pA), "C": 10 * pA * ms / mV},
        name="fed",
    )
    a = net.population("A", 21, model)
    net.inject(a[1::2], "I_inj", ns.StepCurrent([0, 5] * ms, rng().normal(size=(2, 10)) * pA))
    net.inject(a, "I_inj", ns.NoisyCurrent(0 * amp, 1 * pA, every=1 * ms))
    net.run_regularly(a[2:9], "v += i*mV*rand()", every=2 * ms)
    source = net.spike_source("S", times=[1, 2, 3] * ms, ids=[0, 1, 0], period=1 * second)
    return net if source.size else None


NETWORKS = {
    made.__name__.removesuffix("_network"): cache(made)
    for made in (
        values_network, inputs_network, rules_network, amounts_network, listed_network,
        space_network, synapses_network, currents_network,
    )
}  # fmt: skip


@cache
def lowered(name, share=None):
    return ns.lower(NETWORKS[name](), DT, share)


def different(a, b, path=""):
    """Return where two trees of dataclasses, containers and arrays differ; None if nowhere."""
    if type(a) is not type(b):
        return f"{path}: {type(a).__name__} and {type(b).__name__}"
    if isinstance(a, np.ndarray):
        return None if np.array_equal(a, b) and a.dtype == b.dtype else f"{path}: {a} and {b}"
    if dataclasses.is_dataclass(a):
        pairs = [(f.name, getattr(a, f.name), getattr(b, f.name)) for f in dataclasses.fields(a)]
    elif isinstance(a, dict):
        if a.keys() != b.keys():
            return f"{path}: {a.keys()} and {b.keys()}"
        pairs = [(k, a[k], b[k]) for k in a]
    elif isinstance(a, (tuple, list)):
        if len(a) != len(b):
            return f"{path}: {len(a)} and {len(b)} items"
        pairs = [(str(k), x, y) for k, (x, y) in enumerate(zip(a, b, strict=True))]
    else:
        return None if a == b else f"{path}: {a!r} and {b!r}"
    found = (different(x, y, f"{path}.{name}") for name, x, y in pairs)
    return next((place for place in found if place), None)


def part_of(whole, share):
    """Return what a share of a lowered network must be, by taking its rows from the whole."""
    return dataclasses.replace(
        whole,
        share=share,
        populations=tuple(
            dataclasses.replace(q, values=rows(q.values, share)) for q in whole.populations
        ),
        projections=tuple(projection_part(whole, q, share) for q in whole.projections),
        poisson=tuple(
            dataclasses.replace(q, wave=wave_part(q.wave, q.post, share)) for q in whole.poisson
        ),
        currents=tuple(
            dataclasses.replace(q, wave=wave_part(q.wave, q.span, share)) for q in whole.currents
        ),
    )


def rows(values, share):
    return {n: v[share.rank :: share.n_ranks] if isinstance(v, np.ndarray) else v
            for n, v in values.items()}  # fmt: skip


def wave_part(wave, span, share):
    if not isinstance(wave, StepWave) or wave.width == 1:
        return wave
    return dataclasses.replace(wave, values=wave.values[:, owned(span, share)])


def owned(span, share):
    return np.flatnonzero(span.local_ids() % share.n_ranks == share.rank)


def projection_part(whole, projection, share):
    rule, weight, delay = projection.rule, projection.weight, projection.delay
    if isinstance(rule, p.RandomSources) and rule.indegree.size > 1:
        own = rule.indegree[owned(projection.post, share)]
        rule = dataclasses.replace(rule, indegree=own)
    if isinstance(rule, p.ListedEdges):
        mine = np.isin(rule.post, owned(projection.post, share))
        rule = p.ListedEdges(rule.pre[mine], rule.post[mine])
        weight, delay = listed(weight, mine), listed(delay, mine)
    synapse = projection.synapse
    if synapse is not None:
        values = {n: listed(v, mine) if isinstance(v, p.Draw) and v.values is not None else v
                  for n, v in synapse.values.items()}  # fmt: skip
        synapse = dataclasses.replace(synapse, values=values)
    return dataclasses.replace(
        projection, rule=rule, weight=weight, delay=delay, synapse=synapse, share=share
    )


def listed(draw, mine):
    return draw if draw.values is None else dataclasses.replace(draw, values=draw.values[mine])


def comparable(program, share):
    """Replace what shares number in their own way: tables of Poisson counts, a list's first."""
    poisson = tuple(
        q if q.wave is not None else dataclasses.replace(
            q, mean=per_neuron(q, owned(q.post, share).size), first=None, thresholds=(), table=None
        )
        for q in program.poisson
    )  # fmt: skip
    projections = tuple(
        dataclasses.replace(q, delay=dataclasses.replace(q.delay, first=0))
        if q.delay.values is not None else q
        for q in program.projections
    )  # fmt: skip
    populations = tuple(
        dataclasses.replace(q, values={
            n: np.broadcast_to(v, share.count(q.size)).copy() if not q.code.variable(n).shared
            else v for n, v in q.values.items()
        })
        for q in program.populations
    )  # fmt: skip
    return dataclasses.replace(
        program, poisson=poisson, projections=projections, populations=populations
    )


def per_neuron(poisson, n):
    tables = [(m, f, *t) for m, f, t in
              zip(poisson.mean, poisson.first, poisson.thresholds, strict=True)]  # fmt: skip
    picked = np.zeros(n, int) if poisson.table is None else poisson.table
    return [tables[k] for k in picked]


def whole_poisson(whole, share):
    """Return the program with the tables of a share's neurons only."""
    made = (
        q if q.table is None else dataclasses.replace(q, table=q.table[owned(q.post, share)])
        for q in whole.poisson
    )
    return dataclasses.replace(whole, poisson=tuple(made))


@pytest.mark.parametrize("name", NETWORKS)
def test_a_share_is_its_part_of_the_whole(name):
    whole = lowered(name)
    for share in SHARES:
        expected = comparable(part_of(whole_poisson(whole, share), share), share)
        place = different(comparable(lowered(name, share), share), expected)
        assert place is None, (share, place)


@pytest.mark.parametrize("name", ["rules", "amounts", "listed", "space", "synapses"])
def test_the_synapses_of_all_shares_are_those_of_the_whole(name):
    whole = lowered(name)
    for k, projection in enumerate(whole.projections):
        edges = instantiate(whole, projection)
        assert projection.total in (None, edges.pre.size)
        for n in (2, 3, 4):
            for share in (s for s in SHARES if s.n_ranks == n):
                part = lowered(name, share)
                found = instantiate(part, part.projections[k])
                mine = np.isin(edges.post, owned(projection.post, share))
                for field in ("pre", "post", "weight", "delay"):
                    own = getattr(edges, field)[mine]
                    assert np.array_equal(getattr(found, field), own), (projection.name, share)


@pytest.mark.parametrize("name", ["rules", "listed", "space"])
def test_sizes_of_blocks_do_not_matter(name, monkeypatch):
    share = Share(1, 3)
    expected = lowered(name, share)
    for module, block, size in (
        (degrees, "_BLOCK", 7),
        (degrees, "_DRAWS", 5),
        (listed_edges, "_BLOCK", 11),
        (pairs, "_SOURCES", 9),
        (pairs, "_BLOCK", 40),
        (sources, "_BLOCK", 30),
    ):
        monkeypatch.setattr(module, block, size)
    found = ns.lower(NETWORKS[name](), DT, share)
    assert different(found, expected) is None
    for one, other in zip(found.projections, expected.projections, strict=True):
        monkeypatch.undo()
        edges = instantiate(expected, other)
        monkeypatch.setattr(sources, "_BLOCK", 30)
        again = instantiate(found, one)
        assert np.array_equal(edges.pre, again.pre)
        assert np.array_equal(edges.weight, again.weight)


class OneOf:
    """Stands for the communicator of one of several ranks."""

    def __init__(self, others):
        self.others = others

    def largest(self, values):
        return np.max([values, *self.others], axis=0)


@pytest.mark.parametrize("name", ["listed", "space", "amounts", "currents"])
def test_ranks_agree_on_the_delays_of_the_whole(name):
    whole = lowered(name)
    parts = [lowered(name, s) for s in SHARES if s.n_ranks == 4]
    told = [(-p.own_delays[0], p.own_delays[1]) for p in parts]
    for part in parts:
        agreed = agree_on_delays(part, OneOf(told))
        assert agreed.smallest_delay == whole.smallest_delay
        assert agreed.largest_delay == whole.largest_delay


def test_memory_is_that_of_the_own_neurons():
    """A share of 2,000 of 2,000,000 neurons is lowered in less than 16 MB, of which most is one
    block of targets at a time; an array of all neurons would be 16 MB already."""

    def large(n):
        net = ns.Network(seed=1)
        initial = {"v": "E_L + 5*mV*randn()"}
        place = ns.UniformBox([1, 1] * mm)
        e = net.population("E", n, ns.models.lif_curr_exp(), initial, positions=place)
        i = net.population("I", n // 4, ns.models.lif_curr_exp(tau_m=ns.Uniform(9 * ms, 11 * ms)))
        net.project(e, e, ns.FixedTotalNumber(1000 * n), "I_syn", **WEIGHT)
        few = ns.FixedTotalNumber(9 * n, autapses=False, multapses=False)
        net.project(i, i, few, "I_syn", **WEIGHT)
        for rule in (ns.FixedInDegree(9, autapses=False), ns.FixedOutDegree(9), ns.Bernoulli(0.1)):
            net.project(e, i, rule, "I_syn", **WEIGHT)
        net.project(e, e, ns.OneToOne(), "I_syn", weight="i*pA/N_pre", delay=1 * ms)
        net.poisson(e, "I_syn", rate="8*Hz*(1 + int(i > 5))", weight=1 * pA)
        net.record(e[:5], "v")
        return net

    ns.lower(large(4000), DT, Share(5, 1000))
    tracemalloc.start()
    program = ns.lower(large(2_000_000), DT, Share(5, 1000))
    held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 16e6
    assert held < 2e6
    assert sum(q.own_synapses for q in program.projections) > 2e6


@pytest.fixture(scope="module")
def edge_file(tmp_path_factory):
    """300 edges whose attributes are in two groups, in another order than the edges."""
    path = tmp_path_factory.mktemp("edges") / "edges.h5"
    n, order = 300, rng().permutation(300)
    with h5py.File(path, "w") as file:
        own = file.create_group("edges/A_to_A")
        own["source_node_id"] = rng().integers(0, 30, n)
        own["target_node_id"] = rng().integers(0, 30, n)
        own["edge_group_id"] = np.where(order < 200, 0, 4)
        own["edge_group_index"] = np.where(order < 200, order, order - 200)
        for group, size in (("0", 200), ("4", 100)):
            own[f"{group}/syn_weight"] = rng().normal(size=size)
            own[f"{group}/delay"] = 0.1 * rng().integers(1, 30, size)
    return path


def file_network(path, post=np.s_[:]):
    net = ns.Network(seed=12)
    a = net.population("A", 30, ns.models.lif_curr_exp())
    net.project(a, a[post], ns.Edges.from_sonata(path, unit=pA), "I_syn")
    return net


def test_shares_read_their_edges_of_a_file(edge_file, monkeypatch):
    net = file_network(edge_file)
    whole = ns.lower(net, DT)
    given = ns.Edges.from_sonata(edge_file, unit=pA)
    direct = ns.Network(seed=12)
    a = direct.population("A", 30, ns.models.lif_curr_exp())
    listed = ns.Edges(given.pre, given.post)
    direct.project(a, a, listed, "I_syn", weight=given.weight, delay=given.delay)
    assert different(whole.projections, ns.lower(direct, DT).projections) is None
    monkeypatch.setattr(edge_files, "_BLOCK", 64)
    for share in SHARES:
        part = ns.lower(net, DT, share)
        assert different(part, part_of(whole, share)) is None
        assert part.projections[0].delay.bounds == whole.own_delays
    assert network_digest(net) == network_digest(file_network(edge_file))


def test_the_digest_knows_what_is_in_a_file(edge_file, tmp_path):
    path = tmp_path / "other.h5"
    path.write_bytes(edge_file.read_bytes())
    assert network_digest(file_network(path)) == network_digest(file_network(edge_file))
    with h5py.File(path, "a") as file:
        file["edges/A_to_A/4/syn_weight"][7] *= 1 + 1e-15
    assert network_digest(file_network(path)) != network_digest(file_network(edge_file))


def test_files_that_change_after_they_were_given_are_refused(edge_file, tmp_path):
    path = tmp_path / "other.h5"
    path.write_bytes(edge_file.read_bytes())
    net = file_network(path)
    with h5py.File(path, "a") as file:
        file["edges/A_to_A/target_node_id"][7] = 1000
    with pytest.raises(EdgeFileError, match="has changed since"):
        ns.lower(net, DT, Share(0, 2))
    path.unlink()
    with pytest.raises(EdgeFileError, match=r"other\.h5"):
        ns.lower(net, DT)


@given(st.integers(1, 5), st.integers(0, 9), st.integers(1, 30), st.data())
def test_own_members_of_a_span(n_ranks, start, size, data):
    chosen = data.draw(st.none() | st.sets(st.integers(0, 40), min_size=1))
    if chosen is None:
        span = p.Span("A", start, size, 100 + start)
    else:
        members = np.array(sorted(chosen))
        span = p.Span("A", int(members[0]), members.size, 100 + int(members[0]), members)
    everything = []
    for rank in range(n_ranks):
        share = Share(rank, n_ranks)
        own = span.own(share)
        assert own.size == span.own_count(share)
        assert (span.local_ids_at(own) % n_ranks == rank).all()
        assert np.array_equal(span.own_place(share, own), np.arange(own.size))
        assert np.array_equal(span.global_ids_at(own), span.global_ids()[own])
        everything.append(own)
    assert np.array_equal(np.sort(np.concatenate(everything)), np.arange(span.size))

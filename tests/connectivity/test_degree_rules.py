"""Rules that fix numbers of synapses: exact counts, uniform partners, the same for any threads.

Statistical tests use fixed seeds and reject the stated null at p < 1e-4.
"""

from itertools import combinations, pairwise, product

import numpy as np
import pytest
from connectivity_tables import compare_engines
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import neurosim as ns
from neurosim.errors import DescriptionError
from neurosim.lowering.degrees import Targets, binomial_cdf, hypergeometric_indegrees
from neurosim.lowering.edges import instantiate
from neurosim.lowering.program import Span
from neurosim.units import ms, pA

LEVEL = 1e-4
DRAWN = {"weight": ns.Normal(200 * pA, 20 * pA), "delay": ns.Normal(1.5 * ms, 0.5 * ms)}
FLAGS = list(product([False, True], repeat=2))


def rules(k):
    for autapses, multapses in FLAGS:
        yield ns.FixedInDegree(k, autapses=autapses, multapses=multapses)
        yield ns.FixedOutDegree(k, autapses=autapses, multapses=multapses)
        yield ns.FixedTotalNumber(10 * k, autapses=autapses, multapses=multapses)


def within(rule, n, seed=1, pre=slice(None), post=slice(None)):
    """Synapses of a rule inside one population of n neurons: ids in it."""
    net = ns.Network(seed=seed)
    e = net.population("E", n, ns.models.lif_curr_exp())
    net.project(e[pre], e[post], rule, "I_syn", **DRAWN)
    program = ns.lower(net, 0.1 * ms)
    projection = program.projections[0]
    edges = instantiate(program, projection)
    return (
        projection,
        projection.pre.local_ids()[edges.pre],
        projection.post.local_ids()[edges.post],
    )


def test_every_rule_makes_the_same_edges_for_any_threads(same_edges):
    net = ns.Network(seed=9)
    e = net.population("E", 60, ns.models.lif_curr_exp())
    i = net.population("I", 41, ns.models.lif_curr_exp())
    s = net.spike_source("S", times=[1] * ms, ids=[0], size=20)
    sides = [(e, i), (e, e), (e[::2], e[10:40]), (e[::3], e[::2]), (s, e), (s, i)]
    for k in (0, 4, 15):
        for rule in rules(k):
            for pre, post in sides:
                net.project(pre, post, rule, "I_syn", **DRAWN)
    program, _ = same_edges(net)
    for projection in program.projections:
        edges = instantiate(program, projection)
        assert edges.pre.size == projection.expected_synapses


def test_no_seam_where_sources_are_taken_in_chunks(monkeypatch, same_edges):
    monkeypatch.setenv("NEUROSIM_CXXFLAGS", "-DNEUROSIM_CHUNK_RECORDS=300.0")
    net = ns.Network(seed=6)
    e = net.population("E", 50, ns.models.lif_curr_exp())
    i = net.population("I", 31, ns.models.lif_curr_exp())
    for k in (9, 24):
        for rule in rules(k):
            net.project(e, i, rule, "I_syn", **DRAWN)
            net.project(i[::2], e[3:40], ns.FixedOutDegree(k), "I_syn", **DRAWN)
            net.project(e[::3], i, ns.FixedInDegree(k), "I_syn", **DRAWN)
    same_edges(net, threads=(1, 3))


RULES = {
    "indegree": ns.FixedInDegree,
    "outdegree": ns.FixedOutDegree,
    "total": lambda k, *flags: ns.FixedTotalNumber(5 * k, *flags),
    "bernoulli": lambda k, autapses, _: ns.Bernoulli(k / 12, autapses),
    "all": lambda _, autapses, __: ns.AllToAll(autapses),
    "pairwise": lambda _, autapses, __: ns.Pairwise("1/(1 + abs(i - j))", autapses=autapses),
}
SIDES = st.sampled_from(["whole", "even", "some", "tail"])


def chosen(population, side):
    return {
        "whole": population,
        "even": population[::2],
        "some": population[np.arange(population.size) % 3 != 1],
        "tail": population[population.size // 2 :],
    }[side]


@settings(max_examples=40, deadline=None)
@given(
    sizes=st.tuples(st.integers(2, 40), st.integers(2, 40)),
    parts=st.lists(
        st.tuples(
            st.sampled_from(sorted(RULES)),
            st.integers(0, 12),
            st.sampled_from(FLAGS),
            st.tuples(st.booleans(), st.booleans()),
            st.tuples(SIDES, SIDES),
        ),
        min_size=1,
        max_size=5,
    ),
    seed=st.integers(0, 2**64 - 1),
)
def test_any_small_network_is_the_same_in_both_engines(sizes, parts, seed):
    net = ns.Network(seed=seed)
    model = ns.models.lif_curr_exp()
    both = net.population("E", sizes[0], model), net.population("I", sizes[1], model)
    for kind, k, (autapses, multapses), ends, sides in parts:
        rule = RULES[kind](k, autapses, multapses)
        pre, post = (chosen(both[end], side) for end, side in zip(ends, sides, strict=True))
        try:
            net.project(pre, post, rule, "I_syn", **DRAWN)
        except DescriptionError as error:
            assert "needs" in str(error)  # noqa: PT017 (more partners than there are)
    if net.projections:
        compare_engines(net, (1, 3))


@settings(max_examples=150, deadline=None)
@given(
    n=st.integers(1, 25),
    k=st.integers(0, 30),
    autapses=st.booleans(),
    multapses=st.booleans(),
    kind=st.sampled_from([ns.FixedInDegree, ns.FixedOutDegree, ns.FixedTotalNumber]),
    steps=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    seed=st.integers(0, 2**64 - 1),
)
def test_counts_are_exact_and_flags_hold(n, k, autapses, multapses, kind, steps, seed):
    pre, post = np.arange(n)[:: steps[0]], np.arange(n)[:: steps[1]]
    own = 0 if autapses else np.intersect1d(pre, post).size
    if kind is ns.FixedTotalNumber:
        room = pre.size * post.size - own
        k *= 7
    else:
        room = (pre if kind is ns.FixedInDegree else post).size - (1 if own else 0)
    rule = kind(k, autapses=autapses, multapses=multapses)
    views = {"seed": seed, "pre": slice(None, None, steps[0]), "post": slice(None, None, steps[1])}
    if k and (k > room if not multapses else room == 0):
        with pytest.raises(DescriptionError, match=kind.__name__):
            within(rule, n, **views)
        return
    _, sources, targets = within(rule, n, **views)
    if kind is ns.FixedTotalNumber:
        assert sources.size == k
    elif kind is ns.FixedInDegree:
        assert (np.bincount(targets, minlength=n)[post] == k).all()
    else:
        assert (np.bincount(sources, minlength=n)[pre] == k).all()
    assert set(sources) <= set(pre)
    assert set(targets) <= set(post)
    if not autapses:
        assert (sources != targets).all()
    if not multapses:
        assert len(set(zip(sources, targets, strict=True))) == sources.size


@pytest.mark.parametrize("kind", [ns.FixedInDegree, ns.FixedOutDegree])
@pytest.mark.parametrize("k", [4, 60])
@pytest.mark.parametrize(("autapses", "multapses"), FLAGS)
def test_partners_are_uniform(kind, k, autapses, multapses):
    """Null: every allowed pair is equally likely; chi-square over the pairs."""
    n = 80
    counts = np.zeros((n, n))
    for seed in range(12):
        _, pre, post = within(kind(k, autapses=autapses, multapses=multapses), n, seed)
        np.add.at(counts, (pre, post), 1)
    allowed = np.ones((n, n), bool) if autapses else ~np.eye(n, dtype=bool)
    observed = counts[allowed]
    expected = observed.mean()
    # without multapses a pair's count is binomial over the seeds, with less variance
    variance = expected if multapses else expected * (1 - k / (n - (not autapses)))
    statistic = ((observed - expected) ** 2 / variance).sum()
    assert LEVEL < stats.chi2(observed.size - 1).sf(statistic) < 1 - LEVEL


@pytest.mark.parametrize("kind", [ns.FixedInDegree, ns.FixedOutDegree])
@pytest.mark.parametrize("k", [2, 4])
def test_sets_without_multapses_are_equally_likely(kind, k):
    """Null: all sets of k out of 6 partners are equally likely; 2 is drawn, 4 left out."""
    rule = kind(k, multapses=False)
    net = ns.Network(seed=5)
    many = net.population("E", 6000, ns.models.lif_delta())
    few = net.population("I", 6, ns.models.lif_delta())
    pre, post = (few, many) if kind is ns.FixedInDegree else (many, few)
    net.project(pre, post, rule, "v", weight=1 * ns.units.mV, delay=1 * ms)
    program = ns.lower(net, 0.1 * ms)
    edges = instantiate(program, program.projections[0])
    few_ids, many_ids = (edges.pre, edges.post)[:: 1 if kind is ns.FixedInDegree else -1]
    order = np.lexsort((few_ids, many_ids))
    sets = few_ids[order].reshape(6000, k)
    code = (sets * 6 ** np.arange(k)).sum(axis=1)
    known = [sum(x * 6**p for p, x in enumerate(c)) for c in combinations(range(6), k)]
    counts = [(code == c).sum() for c in known]
    assert sum(counts) == 6000
    assert stats.chisquare(counts).pvalue > LEVEL


@pytest.mark.parametrize("multapses", [False, True])
def test_outdegrees_give_binomial_indegrees(multapses):
    """Null: the in-degree is a sum of independent draws of the sources: binomial."""
    n, m, k = 300, 500, 20
    net = ns.Network(seed=3)
    e = net.population("E", n, ns.models.lif_delta())
    i = net.population("I", m, ns.models.lif_delta())
    net.project(
        e, i, ns.FixedOutDegree(k, multapses=multapses), "v", weight=1 * ns.units.mV, delay=1 * ms
    )
    program = ns.lower(net, 0.1 * ms)
    degrees = np.bincount(instantiate(program, program.projections[0]).post, minlength=m)
    reference = stats.binom(n, k / m) if not multapses else stats.binom(n * k, 1 / m)
    cuts = np.unique(reference.ppf(np.linspace(0.1, 0.9, 7)))
    expected = np.diff(np.concatenate([[0], reference.cdf(cuts), [1]])) * m
    counts = np.diff(np.concatenate([[0], [(degrees <= c).sum() for c in cuts], [m]]))
    assert stats.chisquare(counts, expected).pvalue > LEVEL


def test_any_partition_of_the_targets_gives_the_same_synapses():
    for rule in rules(7):
        net = ns.Network(seed=8)
        e = net.population("E", 40, ns.models.lif_curr_exp())
        net.project(e[::2], e[5:], rule, "I_syn", **DRAWN)
        program = ns.lower(net, 0.1 * ms)
        projection = program.projections[0]
        whole = instantiate(program, projection)
        for part in range(3):
            targets = np.arange(part, projection.post.size, 3)
            found = instantiate(program, projection, targets)
            mine = np.isin(whole.post, targets)
            for name in ("pre", "post", "weight", "delay"):
                assert np.array_equal(getattr(found, name), getattr(whole, name)[mine])


@pytest.mark.parametrize("n", [3, 40, 200, 380])
def test_total_number_without_multapses_is_hypergeometric(n):
    """Null: a target's number of synapses is hypergeometric; chi-square over 2000 seeds."""
    candidates = np.array([20] * 10 + [19] * 10)
    sources, among = Span("E", 10, 20, 110), Span("E", 0, 20, 100)
    targets = Targets(among, sources.size, less=sources)
    drawn = np.array([hypergeometric_indegrees(s, 0, n, targets) for s in range(2000)])
    assert (drawn.sum(axis=1) == n).all()
    assert (drawn <= candidates).all()
    for target in (0, 19):
        reference = stats.hypergeom(390, candidates[target], n)
        values = np.arange(21)
        likely = reference.pmf(values) * 2000 > 8
        bounds = np.flatnonzero(likely)
        cuts = values[bounds[0] : bounds[-1]]
        if cuts.size:
            expected = np.diff(np.concatenate([[0], reference.cdf(cuts), [1]])) * 2000
            below = [(drawn[:, target] <= c).sum() for c in cuts]
            counts = np.diff(np.concatenate([[0], below, [2000]]))
            assert stats.chisquare(counts, expected).pvalue > LEVEL
    pairs = np.corrcoef(drawn[:, 0], drawn[:, 1])[0, 1]
    assert abs(pairs + 1 / 19) < 4.5 / np.sqrt(2000)


def test_total_number_without_autapses_weighs_targets():
    """Null: targets that have one source less get synapses in proportion; binomial."""
    rule = ns.FixedTotalNumber(90000, autapses=False)
    _, _, targets = within(rule, 30, pre=slice(0, 10), post=slice(5, 25))
    counts = np.bincount(targets, minlength=30)
    assert counts[5:10].sum() + counts[10:25].sum() == 90000
    share = 5 * 9 / (5 * 9 + 15 * 10)
    assert stats.binomtest(int(counts[5:10].sum()), 90000, share).pvalue > LEVEL
    assert stats.chisquare(counts[10:25]).pvalue > LEVEL


@pytest.mark.parametrize(("n", "p"), [(1, 0.5), (20, 0.3), (500, 0.01), (4000, 0.49)])
def test_binomial_table(n, p):
    table, low = binomial_cdf(n, p)
    assert table == pytest.approx(stats.binom(n, p).cdf(low + np.arange(table.size)), abs=1e-12)
    assert all(a <= b for a, b in pairwise(table))


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: ns.FixedInDegree(-1), ["FixedInDegree: k", "-1"]),
        (lambda: ns.FixedInDegree(2.5), ["whole number", "2.5"]),
        (lambda: ns.FixedOutDegree("3"), ["FixedOutDegree: k"]),
        (lambda: ns.FixedInDegree(3, multapses=1), ["multapses", "True or False"]),
        (lambda: ns.FixedTotalNumber(3, autapses="no"), ["autapses", "'no'"]),
        (lambda: within(ns.FixedInDegree(9, multapses=False), 8), ["'E->E'", "offers 8", "9"]),
        (
            lambda: within(ns.FixedOutDegree(8, autapses=False, multapses=False), 8),
            ["offers 7 of 8", "not oneself", "multapses"],
        ),
        (lambda: within(ns.FixedInDegree(1, autapses=False), 1), ["offers 0", "allow autapses"]),
        (lambda: within(ns.FixedTotalNumber(57, False, False), 8), ["56", "multapses"]),
        (lambda: within("all", 8), ["FixedInDegree", "FixedOutDegree", "Bernoulli"]),
    ],
)
def test_what_cannot_be_connected_is_named(make, words):
    with pytest.raises(DescriptionError) as caught:
        make()
    for word in words:
        assert word in str(caught.value)

"""Synapses: exact counts, degrees and values in distribution, the same for any partition.

Statistical tests use a fixed seed and reject at p < 1e-4 under the stated null.
"""

import numpy as np
import pytest
from scipy import stats

import neurosim as ns
from neurosim.lowering import sources as module
from neurosim.lowering.edges import instantiate
from neurosim.units import ms, mV, pA

LEVEL = 1e-4
WEIGHT = ns.Normal(20 * pA, 5 * pA, low=0 * pA)
DELAY = ns.Normal(1.5 * ms, 0.75 * ms)
RULES = {
    "total": ns.FixedTotalNumber(5000),
    "bernoulli": ns.Bernoulli(0.1),
    "sparse": ns.Bernoulli(0.002),
    "no autapses": ns.Bernoulli(0.3, autapses=False),
    "all": ns.AllToAll(),
    "all others": ns.AllToAll(autapses=False),
    "none": ns.Bernoulli(0),
}


def program(rule, *, seed=11, weight=WEIGHT, delay=DELAY, n=200, m=100, within=False):
    net = ns.Network(seed=seed)
    e = net.population("E", n, ns.models.lif_curr_exp())
    i = net.population("I", m, ns.models.lif_curr_exp())
    net.project(e, e if within else i, rule, "I_syn", weight=weight, delay=delay)
    return ns.lower(net, 0.1 * ms)


def made(rule, targets=None, **options):
    lowered = program(rule, **options)
    return instantiate(lowered, lowered.projections[0], targets)


def same(a, b):
    return all(
        np.array_equal(getattr(a, x), getattr(b, x)) for x in ("pre", "post", "weight", "delay")
    )


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
@pytest.mark.parametrize("within", [False, True])
def test_any_partition_gives_the_same_synapses(rule, within):
    lowered = program(rule, within=within)
    projection = lowered.projections[0]
    whole = instantiate(lowered, projection)
    assert (np.diff(whole.post) >= 0).all()
    for part in range(3):
        targets = np.arange(part, projection.post.size, 3)
        found = instantiate(lowered, projection, targets)
        chosen = np.isin(whole.post, targets)
        for name in ("pre", "post", "weight", "delay"):
            assert np.array_equal(getattr(found, name), getattr(whole, name)[chosen])


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_no_seams_between_blocks(rule, monkeypatch):
    whole = made(rule)
    monkeypatch.setattr(module, "_BLOCK", 37)
    assert same(made(rule), whole)


def test_seed_decides():
    assert same(made(RULES["total"]), made(RULES["total"]))
    assert not np.array_equal(made(RULES["total"]).pre, made(RULES["total"], seed=12).pre[:5000])


def test_fixed_total_number_is_exact_and_uniform():
    """Null: sources and targets are uniform and independent (multapses included)."""
    found = made(ns.FixedTotalNumber(200000), n=50, m=40)
    assert found.pre.size == 200000
    for indices, size in ((found.pre, 50), (found.post, 40), (found.pre * 40 + found.post, 2000)):
        assert stats.chisquare(np.bincount(indices, minlength=size)).pvalue > LEVEL


@pytest.mark.parametrize("p", [0.003, 0.1, 0.5, 0.95])
def test_bernoulli_pairs_are_independent(p):
    """Null: in-degrees are binomial(n, p), and so are out-degrees."""
    found = made(ns.Bernoulli(p), n=300, m=1000)
    assert len(np.unique(found.pre * 1000 + found.post)) == found.pre.size
    for indices, size, trials in ((found.post, 1000, 300), (found.pre, 300, 1000)):
        degrees = np.bincount(indices, minlength=size)
        reference = stats.binom(trials, p)
        cuts = np.unique(reference.ppf(np.linspace(0.1, 0.9, 6)))
        bins = np.concatenate([[-1], cuts, [trials]])
        expected = np.diff(reference.cdf(bins)) * size
        counts = np.histogram(degrees, bins + 0.5)[0]
        assert stats.chisquare(counts, expected * size / expected.sum()).pvalue > LEVEL


def test_gaps_between_bernoulli_sources_are_geometric():
    """Null: the first source is geometric; the sequence within a target has no memory."""
    found = made(ns.Bernoulli(0.2), n=500, m=4000)
    order = np.lexsort((found.pre, found.post))
    assert np.array_equal(order, np.arange(found.pre.size))
    first = found.pre[np.flatnonzero(np.diff(found.post, prepend=-1))]
    counts = np.bincount(np.minimum(first, 20), minlength=21)
    mass = 0.2 * 0.8 ** np.arange(20)
    expected = np.append(mass, 1 - mass.sum()) * first.size
    assert stats.chisquare(counts, expected).pvalue > LEVEL


def test_autapses_are_left_out_where_asked():
    for rule in (ns.Bernoulli(0.4, autapses=False), ns.AllToAll(autapses=False)):
        found = made(rule, within=True)
        assert (found.pre != found.post).all()
        assert set(np.unique(found.pre)) == set(range(200))
    found = made(ns.AllToAll(autapses=False), within=True)
    assert found.pre.size == 200 * 199
    assert made(ns.AllToAll(autapses=False)).pre.size == 200 * 100
    assert (np.bincount(made(ns.Bernoulli(1), within=True).post) == 200).all()


def test_bernoulli_without_autapses_keeps_its_probability():
    """Null: every pair but the diagonal connects with p; binomial over the pairs."""
    found = made(ns.Bernoulli(0.3, autapses=False), within=True)
    assert stats.binomtest(found.pre.size, 200 * 199, 0.3).pvalue > LEVEL
    later = (found.pre > found.post).sum()
    assert stats.binomtest(int(later), found.pre.size, 0.5).pvalue > LEVEL


def test_autapses_of_overlapping_slices():
    net = ns.Network(seed=4)
    e = net.population("E", 30, ns.models.lif_curr_exp())
    net.project(
        e[5:20], e[10:30], ns.AllToAll(autapses=False), "I_syn", weight=1 * pA, delay=1 * ms
    )
    lowered = ns.lower(net, 0.1 * ms)
    found = instantiate(lowered, lowered.projections[0])
    assert ((found.pre + 5) != (found.post + 10)).all()
    assert found.pre.size == 15 * 20 - 10 == lowered.projections[0].expected_synapses
    assert lowered.projections[0].pre.first_id == 5


def test_weights_and_delays_follow_their_distributions():
    found = made(ns.FixedTotalNumber(40000))
    assert found.weight.dtype == np.float32
    reference = stats.truncnorm(-4, np.inf, 20e-12, 5e-12)
    assert stats.kstest(found.weight.astype(np.float64), reference.cdf).pvalue > LEVEL
    assert found.delay.min() >= 1
    reference = stats.truncnorm(-1.45 / 0.75, np.inf, 1.5e-3, 0.75e-3)
    edges = np.concatenate([[0.0], (np.arange(1, 36) + 0.5) * 1e-4, [1.0]])
    counts = np.bincount(np.minimum(found.delay, 36), minlength=37)[1:]
    expected = np.diff(reference.cdf(edges)) * found.delay.size
    assert stats.chisquare(counts, expected * counts.sum() / expected.sum()).pvalue > LEVEL
    assert abs(np.corrcoef(found.weight, found.delay)[0, 1]) < 4 / np.sqrt(found.delay.size)
    assert abs(np.corrcoef(found.pre, found.weight)[0, 1]) < 4 / np.sqrt(found.delay.size)


def test_one_to_one():
    found = made(ns.OneToOne(), n=100)
    assert np.array_equal(found.pre, np.arange(100))
    assert np.array_equal(found.post, np.arange(100))


def test_listed_edges_keep_their_values():
    pre, post = [3, 1, 2, 1], [7, 0, 7, 0]
    weight, delay = [1, 2, 3, 4] * pA, [0.1, 0.2, 0.0, 0.4] * ms
    found = made(ns.Edges(pre, post), weight=weight, delay=delay)
    assert found.post.tolist() == [0, 0, 7, 7]
    assert found.pre.tolist() == [1, 1, 3, 2]
    assert found.weight == pytest.approx(np.array([2, 4, 1, 3]) * 1e-12)
    assert found.delay.tolist() == [2, 4, 1, 0]
    part = made(ns.Edges(pre, post), np.array([7]), weight=weight, delay=delay)
    assert part.pre.tolist() == [3, 2]
    assert part.delay.tolist() == [1, 0]
    assert made(ns.Edges([], []), weight=1 * pA, delay=1 * ms).pre.size == 0


def test_sixty_four_bit_weights():
    for bits, dtype in ((32, np.float32), (64, np.float64)):
        net = ns.Network(weight_bits=bits)
        e = net.population("E", 2, ns.models.lif_delta())
        net.project(e, e, ns.AllToAll(), "v", weight=0.1 * mV, delay=0 * ms)
        lowered = ns.lower(net, 0.1 * ms)
        found = instantiate(lowered, lowered.projections[0])
        assert found.weight.dtype == dtype
        assert found.weight[0] == dtype(1e-4)
        assert found.delay.tolist() == [0, 0, 0, 0]


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_expected_counts(rule):
    lowered = program(rule)
    expected = lowered.projections[0].expected_synapses
    assert instantiate(lowered, lowered.projections[0]).pre.size == pytest.approx(
        expected, abs=4 * np.sqrt(expected) if isinstance(rule, ns.Bernoulli) else 0
    )

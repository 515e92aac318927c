"""Poisson background counts: their distribution, their independence, and native equals NumPy.

Counts come in two ways: from the random words and the lowered table (``by_table``), and from the
native engine (``by_engine``), where a neuron that only adds up its kicks is read back.

All chi-square tests here: null as named in the test, level 1e-4 each, fixed seed, cells merged
until each expects at least 20. Tried against faulty counts: another Poisson mean by 2 %, a word
used for two steps, for two neurons or for two inputs each make at least one test fail.
"""

import numpy as np
import pytest
from scipy import stats

import neurosim as ns
from neurosim.errors import CompilerNotFoundError
from neurosim.streams import Purpose, words
from neurosim.units import Hz, ms

SEED = 20_240_101
LEVEL = 1e-4
N, STEPS = 300, 2_000
RATE_HZ = 8.0
# The microcircuit's L23E at full scale, a large mean (the table starts above zero), a rare event.
INDEGREES = {"usual": 1_600, "large": 500_000, "rare": 25}


def network(seed=SEED):
    """Three populations that add up their counts, and one whose two halves differ in rate."""
    counter = ns.NeuronModel("dx/dt = 0/second : 1", name="counter")
    net = ns.Network(seed=seed)
    for name, indegree in INDEGREES.items():
        net.population(name, N, counter)
        net.poisson(net.populations[name], "x", rate=RATE_HZ * Hz, indegree=indegree, weight=1)
    net.population("mixed", N, counter)
    rates = np.where(np.arange(N) % 2, RATE_HZ, 3 * RATE_HZ) * Hz
    net.poisson(net.populations["mixed"], "x", rate=rates, indegree=1_600, weight=1)
    for population in net.populations.values():
        net.record(population, "x")
    return net


def by_table(program, name):
    """Counts of a Poisson input, (steps, neurons), as the Program defines them."""
    poisson = next(p for p in program.poisson if p.post.population == name)
    ids = poisson.post.first_id + np.arange(poisson.post.size)
    quads = np.arange(STEPS // 4)[:, None]
    word = words(program.seed, Purpose.POISSON, poisson.index, ids, quads)
    word = np.moveaxis(word, 2, 1).reshape(STEPS, ids.size)
    table = np.zeros(ids.size, int) if poisson.table is None else poisson.table
    counts = np.empty(word.shape, np.int64)
    for k in np.unique(table):
        own = table == k
        passed = np.searchsorted(poisson.thresholds[k], word[:, own], side="right")
        counts[:, own] = poisson.first[k] + passed
    return counts


@pytest.fixture(scope="module")
def program():
    return ns.lower(network(), 0.1 * ms)


@pytest.fixture(scope="module")
def drawn(program):
    """Name of the population to its counts by table."""
    return {name: by_table(program, name) for name in (*INDEGREES, "mixed")}


def mean_of(name):
    return RATE_HZ * INDEGREES[name] * 1e-4


def chi_square(observed, expected):
    """Return the p-value after merging neighbouring cells until each expects 20 or more."""
    starts, total = [0], 0.0
    for cell, size in enumerate(expected):
        if total >= 20:
            starts.append(cell)
            total = 0.0
        total += size
    if total < 20:
        starts.pop()
    assert len(starts) > 1
    seen, wanted = np.add.reduceat(observed, starts), np.add.reduceat(expected, starts)
    return stats.chisquare(seen, wanted * (seen.sum() / wanted.sum())).pvalue


def poisson_p_value(counts, mean):
    """Null: counts are independent Poisson numbers of this mean."""
    top = max(int(counts.max()), int(stats.poisson.isf(1e-12, mean))) + 1
    expected = stats.poisson.pmf(np.arange(top + 1), mean)
    expected[-1] += stats.poisson.sf(top, mean)
    return chi_square(np.bincount(counts.ravel(), minlength=top + 1), expected * counts.size)


@pytest.mark.parametrize("name", INDEGREES)
def test_counts_are_poisson(drawn, name):
    assert poisson_p_value(drawn[name], mean_of(name)) > LEVEL


def test_neurons_of_other_rates_have_their_own_distribution(drawn):
    mean = mean_of("usual")
    assert poisson_p_value(drawn["mixed"][:, 1::2], mean) > LEVEL
    assert poisson_p_value(drawn["mixed"][:, ::2], 3 * mean) > LEVEL


@pytest.mark.parametrize("name", INDEGREES)
@pytest.mark.parametrize("axis", [0, 1], ids=["over_steps", "over_neurons"])
def test_sums_are_poisson_too(drawn, name, axis):
    # Null: counts are independent, so a sum s of m expected events has E[(s - m)^2 / m] = 1 with
    # variance 2 + 1/m; dependence of either sign between the terms moves the mean away from 1.
    sums = drawn[name].sum(axis=axis)
    m = mean_of(name) * drawn[name].shape[axis]
    dispersion = ((sums - m) ** 2 / m).mean()
    z = (dispersion - 1) / np.sqrt((2 + 1 / m) / sums.size)
    assert 2 * stats.norm.sf(abs(z)) > LEVEL
    assert 2 * stats.norm.sf(abs(sums.sum() - m * sums.size) / np.sqrt(m * sums.size)) > LEVEL


def classes(values):
    """Return each value's class: up to four of similar size."""
    return np.searchsorted(np.unique(np.quantile(values, [0.25, 0.5, 0.75])), values, "left")


def pairs_p_value(first, second):
    """Null: two counts are independent (contingency table of classes)."""
    table = np.bincount((4 * classes(first) + classes(second)).ravel(), minlength=16).reshape(4, 4)
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    assert min(table.shape) > 1
    return stats.chi2_contingency(table, correction=False).pvalue


@pytest.mark.parametrize("lag", [1, 2, 3, 4, 8, 64])
@pytest.mark.parametrize("name", ["usual", "large"])
def test_steps_are_independent(drawn, name, lag):
    counts = drawn[name]  # four steps share a counter: lags 1 to 3 cross the words of one call
    assert pairs_p_value(counts[:-lag], counts[lag:]) > LEVEL


@pytest.mark.parametrize("lag", [1, 2, 16, 64])
@pytest.mark.parametrize("name", ["usual", "large"])
def test_neurons_are_independent(drawn, name, lag):
    counts = drawn[name]
    assert pairs_p_value(counts[:, :-lag], counts[:, lag:]) > LEVEL


def test_two_inputs_of_one_neuron_are_independent():
    net = ns.Network(seed=SEED)
    twice = net.population("twice", N, ns.NeuronModel("dx/dt = 0/second : 1", name="counter"))
    for _ in range(2):
        net.poisson(twice, "x", rate=RATE_HZ * Hz, indegree=1_600, weight=1)
    first, second = ns.lower(net, 0.1 * ms).poisson
    ids, quads = np.arange(N), np.arange(STEPS // 4)[:, None]
    a, b = (words(SEED, Purpose.POISSON, p.index, ids, quads).ravel() for p in (first, second))
    assert pairs_p_value(a.astype(float), b.astype(float)) > LEVEL


def test_another_seed_draws_other_counts(drawn):
    other = by_table(ns.lower(network(SEED + 1), 0.1 * ms), "usual")
    assert pairs_p_value(drawn["usual"], other) > LEVEL


@pytest.fixture(scope="module", params=[1, 2], ids=["1_thread", "2_threads"])
def by_engine(request):
    """Name of the population to its counts by the native engine, (steps, neurons)."""
    try:
        run = ns.simulate(network(), STEPS * 0.1 * ms, engine="native", threads=request.param)
    except CompilerNotFoundError as error:
        pytest.skip(str(error))
    counts = {}
    for name in (*INDEGREES, "mixed"):
        # A step's kicks come after its record, so they show in the next one.
        values = run.state(name, "x").values
        assert values.shape == (STEPS, N)
        assert not values[0].any()
        counts[name] = np.diff(values, axis=0)
    return counts


@pytest.mark.parametrize("name", [*INDEGREES, "mixed"])
def test_native_counts_are_those_of_the_table(drawn, by_engine, name):
    np.testing.assert_array_equal(by_engine[name], drawn[name][:-1])


@pytest.mark.parametrize("name", INDEGREES)
def test_native_counts_are_poisson(by_engine, name):
    assert poisson_p_value(by_engine[name].astype(np.int64), mean_of(name)) > LEVEL

"""Weights and delays from distributions: values as stated, the same in both engines.

Statistical tests use fixed seeds and reject the stated null at p < 1e-4.
"""

import numpy as np
import pytest
from scipy import stats

import neurosim as ns
from neurosim.errors import DescriptionError
from neurosim.lowering.edges import instantiate
from neurosim.units import ms, pA, pF

LEVEL = 1e-4
N = 150  # 22500 synapses

NORMAL = stats.norm(20, 5)
# distribution, its frozen scipy twin without bounds, bounds, clipped?
CASES = {
    "normal": (ns.Normal(20 * pA, 5 * pA), NORMAL, (-np.inf, np.inf), False),
    "redrawn": (ns.Normal(20 * pA, 5 * pA, low=18 * pA, high=26 * pA), NORMAL, (18, 26), False),
    "clipped": (
        ns.Normal(20 * pA, 5 * pA, low=18 * pA, high=26 * pA, bounds="clip"),
        NORMAL,
        (18, 26),
        True,
    ),
    "clipped above": (
        ns.Normal(20 * pA, 5 * pA, high=22 * pA, bounds="clip"),
        NORMAL,
        (-np.inf, 22),
        True,
    ),
    "uniform": (ns.Uniform(-3 * pA, 7 * pA), stats.uniform(-3, 10), (-3, 7), False),
    "lognormal": (
        ns.LogNormal(20 * pA, 0.5),
        stats.lognorm(0.5, scale=20),
        (0, np.inf),
        False,
    ),
    "lognormal clipped": (
        ns.LogNormal(20 * pA, 0.5, low=15 * pA, bounds="clip"),
        stats.lognorm(0.5, scale=20),
        (15, np.inf),
        True,
    ),
    "exponential": (ns.Exponential(20 * pA), stats.expon(scale=20), (0, np.inf), False),
    "exponential redrawn": (
        ns.Exponential(20 * pA, low=5 * pA, high=60 * pA),
        stats.expon(scale=20),
        (5, 60),
        False,
    ),
    "exponential clipped": (
        ns.Exponential(20 * pA, low=5 * pA, high=60 * pA, bounds="clip"),
        stats.expon(scale=20),
        (5, 60),
        True,
    ),
}


def network(*amounts, seed=5):
    net = ns.Network(seed=seed, weight_bits=64)
    e = net.population("E", N, ns.models.lif_curr_exp())
    for weight, delay in amounts:
        net.project(e, e, ns.AllToAll(), "I_syn", weight=weight, delay=delay)
    return net


def made(net, k=0):
    program = ns.lower(net, 0.1 * ms)
    return instantiate(program, program.projections[k])


def cdf(case):
    """Distribution function of the bounded values."""
    _, plain, (low, high), clipped = case
    if clipped:
        return lambda x: np.where(x < low, 0.0, np.where(x >= high, 1.0, plain.cdf(x)))
    a, b = plain.cdf(low), plain.cdf(high)
    return lambda x: np.clip((plain.cdf(x) - a) / (b - a), 0, 1)


@pytest.mark.parametrize("name", CASES)
def test_weights_follow_their_distribution(name):
    """Null: the values inside the bounds have the stated law; KS. At bounds: binomial."""
    case = CASES[name]
    drawn, plain, (low, high), clipped = case
    values = made(network((drawn, 1 * ms))).weight * 1e12
    slack = 1e-9
    assert values.min() >= low - slack
    assert values.max() <= high + slack
    inside = values[(values > low + slack) & (values < high - slack)]
    if clipped:
        for bound, share in ((low, plain.cdf(low)), (high, plain.sf(high))):
            if np.isfinite(bound):
                at = int((np.abs(values - bound) < slack).sum())
                assert stats.binomtest(at, values.size, share).pvalue > LEVEL
    else:
        assert inside.size > values.size - 3
    a, b = plain.cdf(low), plain.cdf(high)
    assert stats.kstest(inside, lambda x: (plain.cdf(x) - a) / (b - a)).pvalue > LEVEL


def in_time(distribution):
    """The same numbers as milliseconds, a tenth of the size."""
    scale = (0.1 * ms) / (1 * pA)
    options = {"bounds": distribution.bounds} if distribution.kind != "uniform" else {}
    quantity = lambda x: None if x is None else x * 1e12 * pA * scale  # noqa: E731
    if distribution.kind == "uniform":
        return ns.Uniform(quantity(max(distribution.a, 0.0)), quantity(distribution.b))
    options |= {"low": quantity(distribution.low), "high": quantity(distribution.high)}
    if distribution.kind == "normal":
        return ns.Normal(quantity(distribution.a), quantity(distribution.b), **options)
    if distribution.kind == "lognormal":
        return ns.LogNormal(quantity(distribution.a), distribution.b, **options)
    return ns.Exponential(quantity(distribution.a), **options)


@pytest.mark.parametrize("name", CASES)
def test_delays_are_rounded_to_the_nearest_step(name):
    """Null: a step has the probability of the interval of half a step around it; chi-square."""
    drawn, plain, (low, high), clipped = CASES[name]
    if name == "uniform":
        plain, low = stats.uniform(0, 7), 0
    steps = made(network((1 * pA, in_time(drawn)))).delay
    assert steps.min() >= 1
    law = cdf((drawn, plain, (max(low, 0.5), high), clipped))
    edges = np.arange(1, 120) + 0.5
    reached = np.concatenate([[0.0], law(edges), [1.0]])
    expected = np.diff(reached) * steps.size
    counts = np.bincount(np.minimum(steps, 120), minlength=121)[1:]
    assert counts[expected == 0].sum() == 0
    kept = expected > 8
    rest = [counts[~kept].sum()], [expected[~kept].sum()]
    observed = np.append(counts[kept], rest[0])
    wanted = np.append(expected[kept], rest[1])
    if wanted[-1] < 1:
        observed, wanted = observed[:-1], wanted[:-1] * observed[:-1].sum() / wanted[:-1].sum()
    assert stats.chisquare(observed, wanted).pvalue > LEVEL


def test_engines_draw_the_same_values(same_edges):
    amounts = [(drawn, in_time(drawn)) for drawn, *_ in CASES.values()]
    same_edges(network(*amounts), threads=(1, 3))


def test_weight_and_delay_of_a_synapse_are_independent():
    """Null: no correlation between weight, delay and source."""
    found = made(network((CASES["normal"][0], in_time(CASES["normal"][0]))))
    rows = np.stack([found.weight, found.delay, found.pre])
    assert (np.abs(np.corrcoef(rows) - np.eye(3)) < 4.5 / np.sqrt(found.pre.size)).all()


def test_clipping_works_for_parameters_too():
    net = ns.Network(seed=2)
    drawn = ns.Normal(250 * pF, 50 * pF, low=220 * pF, bounds="clip")
    net.population("E", 2000, ns.models.lif_curr_exp(C_m=drawn))
    values = ns.lower(net, 0.1 * ms).populations[0].values["C_m"]
    share = stats.norm.cdf(-0.6)
    assert stats.binomtest(int((values == 220e-12).sum()), 2000, share).pvalue > LEVEL


def test_bounds_are_redraw_or_clip():
    for kind in (ns.Normal, ns.LogNormal, ns.Exponential):
        arguments = (1 * pA,) if kind is ns.Exponential else (1 * pA, 0.5)
        arguments = (1 * pA, 1 * pA) if kind is ns.Normal else arguments
        with pytest.raises(DescriptionError, match=r"'redraw'.*'clip'"):
            kind(*arguments, bounds="reflect")
        described = kind(*arguments, low=0.1 * pA, bounds="clip").describe()
        assert described["bounds"] == "clip"
        assert "bounds" not in kind(*arguments, low=0.1 * pA).describe()
    short = ns.Normal(1 * ms, 1 * ms, high=0.01 * ms, bounds="clip")
    with pytest.raises(DescriptionError, match="dt / 2"):
        ns.lower(network((1 * pA, short)), 0.1 * ms)

"""Positions, and connections, weights and delays that depend on the pair.

Statistical tests use fixed seeds and reject the stated null at p < 1e-4.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

import neurosim as ns
from neurosim.errors import DescriptionError, DimensionError, ExpressionError, UnknownNameError
from neurosim.lowering import pairs
from neurosim.lowering.edges import instantiate
from neurosim.units import metre, mm, ms, mV, pA, second, um

LEVEL = 1e-4
FIXED = {"weight": 1 * pA, "delay": 1 * ms}


def network(seed=1):
    return ns.Network(seed=seed, weight_bits=64)


def placed(positions, n, name="E", seed=1):
    return network(seed).population(name, n, ns.models.lif_curr_exp(), positions=positions)


def made(net, k=0):
    program = ns.lower(net, 0.1 * ms)
    return instantiate(program, program.projections[k])


def within(positions, n, rule, seed=1, **options):
    net = network(seed)
    e = net.population("E", n, ns.models.lif_curr_exp(), positions=positions)
    net.project(e, e, rule, "I_syn", **{**FIXED, **options})
    return e, made(net)


def test_grid_is_centred_and_its_last_axis_runs_fastest():
    e = placed(ns.Grid((2, 3), 10 * um), 6)
    expected = [[-5, -10], [-5, 0], [-5, 10], [5, -10], [5, 0], [5, 10]]
    assert e.positions / um == pytest.approx(np.array(expected, float))
    wide = placed(ns.Grid((2, 2), extent=[4, 2] * mm, centre=[1, 1] * mm, z=3 * mm), 4)
    assert wide.positions[0] / mm == pytest.approx([0, 0.5, 3])
    assert wide.placed.axes == "xyz"
    assert placed(ns.Grid(4, 1 * mm), 4).positions.shape == (4, 1)
    assert e[[1, 4]].positions / um == pytest.approx(np.array([[-5, 0], [5, 0]], float))
    assert network().population("N", 3, ns.models.lif_delta()).positions is None


def test_periods_are_shape_times_spacing():
    assert placed(
        ns.Grid((2, 3), 10 * um, periodic=(True, False)), 6
    ).placed.periods == pytest.approx((2e-5, 0))
    box = placed(ns.UniformBox([1, 2] * mm, z=1 * mm, periodic=True), 6)
    assert box.placed.periods == pytest.approx((1e-3, 2e-3, 0))
    given_points = ns.Positions(np.zeros((3, 2)) * mm, periodic=(1 * mm, None))
    assert placed(given_points, 3).placed.periods == (1e-3, 0)
    assert placed([1, 2, 3] * mm, 3).placed.periods == (0,)


def test_random_positions_are_uniform():
    """Null: each coordinate of the box, and (r/R)^2 and angle of the disc, are uniform."""
    points = placed(ns.UniformBox([1, 2, 3] * mm, centre=[5, 0, 0] * mm), 5000).positions / mm
    for axis, (low, length) in enumerate([(4.5, 1), (-1, 2), (-1.5, 3)]):
        assert stats.kstest(points[:, axis], stats.uniform(low, length).cdf).pvalue > LEVEL
    assert (np.abs(np.corrcoef(points.T) - np.eye(3)) < 4.5 / np.sqrt(5000)).all()
    x, y = (placed(ns.UniformDisc(2 * mm), 5000).positions / (2 * mm)).T
    assert stats.kstest(x**2 + y**2, "uniform").pvalue > LEVEL
    assert stats.kstest(np.arctan2(y, x), stats.uniform(-np.pi, 2 * np.pi).cdf).pvalue > LEVEL


def test_random_positions_depend_on_seed_and_name_only():
    box = ns.UniformBox([1, 1] * mm)
    one = placed(box, 50).positions
    assert np.array_equal(one, placed(box, 80).positions[:50])
    assert not np.array_equal(one, placed(box, 50, seed=2).positions)
    assert not np.array_equal(one, placed(box, 50, name="I").positions)


@pytest.mark.parametrize("periodic", [False, True])
def test_distances_are_euclidean_and_the_shorter_way_round(periodic):
    box = ns.UniformBox([1, 1] * mm, periodic=periodic)
    e, found = within(box, 60, ns.AllToAll(), delay="distance/(1*meter/second) + 1*ms",
                      weight="dx*pA/metre")  # fmt: skip
    points = e.positions / metre
    step = points[found.post] - points[found.pre]
    if periodic:
        step = (step + 0.5e-3) % 1e-3 - 0.5e-3
        assert np.abs(step).max() > 0.45e-3
    assert found.weight * 1e12 == pytest.approx(step[:, 0], abs=1e-15)
    exact = np.sqrt((step**2).sum(axis=1)) + 1e-3
    assert np.abs(found.delay * 1e-4 - exact).max() <= 0.5e-4 * (1 + 1e-9)


PROFILES = {
    "exponential": (ns.exponential(0.8, 0.2 * mm), lambda r: 0.8 * np.exp(-r / 0.2)),
    "gaussian": (ns.gaussian(0.5, 0.3 * mm), lambda r: 0.5 * np.exp(-(r**2) / 0.18)),
    "box": (ns.box(0.25, 0.41 * mm), lambda r: 0.25 * (r <= 0.41)),
    "text": ("0.5*(distance < 0.31*mm) + 0.1", lambda r: 0.5 * (r < 0.31) + 0.1),
    "certain": ("1.0*int(distance < 0.31*mm)", lambda r: 1.0 * (r < 0.31)),
}


@pytest.mark.parametrize("name", PROFILES)
def test_probability_follows_the_distance(name):
    """Null: pairs at a distance connect independently with the profile's probability."""
    rule, profile = PROFILES[name]
    e, found = within(ns.Grid((30, 30), extent=1 * mm, periodic=True), 900, ns.Pairwise(rule))
    assert np.unique(found.pre * 900 + found.post).size == found.pre.size
    points = e.positions / mm
    step = points[:, None] - points[None]
    step -= np.rint(step)
    distance = np.sqrt((step**2).sum(axis=2))
    p = profile(distance)
    connected = np.zeros((900, 900), bool)
    connected[found.pre, found.post] = True
    assert not connected[p == 0].any()
    assert connected[p == 1].all()
    rings = np.digitize(distance, [0.05, 0.15, 0.25, 0.35, 0.45, 0.55])
    statistic, n = 0.0, 0
    for ring in range(7):
        mine = (rings == ring) & (p > 0) & (p < 1)
        if mine.any():
            variance = (p * (1 - p))[mine].sum()
            statistic += (connected[mine].sum() - p[mine].sum()) ** 2 / variance
            n += 1
    assert not n or stats.chi2(n).sf(statistic) > LEVEL
    if n:
        degrees = connected.sum(axis=0)
        variance = (p * (1 - p)).sum(axis=0).mean()
        assert stats.chi2(899).sf(((degrees - degrees.mean()) ** 2).sum() / variance) > LEVEL


def test_conditions_choose_pairs():
    net = network()
    e = net.population("E", 40, ns.models.lif_curr_exp(tau_m="(10 + i)*ms"))
    s = net.spike_source("S", times=[1] * ms, ids=[0], size=10)
    for rule in (
        ns.Pairwise(condition="i != j and abs(i - j) <= 2"),
        ns.Pairwise(condition="tau_m_pre < tau_m_post"),
        ns.Pairwise(0.3, condition="i < N_pre/2", autapses=False),
        ns.Pairwise("0.5", condition="not (i == j)"),
    ):
        net.project(e, e, rule, "I_syn", **FIXED)
    net.project(s, e, ns.Pairwise(condition="(j % N_pre) == i"), "I_syn", **FIXED)
    near, later, half, others, comb = (made(net, k) for k in range(5))
    assert near.pre.size == 2 * 39 + 2 * 38
    assert (np.abs(near.pre - near.post) <= 2).all()
    assert later.pre.size == 40 * 39 / 2
    assert (later.pre < later.post).all()
    assert half.pre.max() < 20
    assert (half.pre != half.post).all()
    assert stats.binomtest(half.pre.size, 20 * 39, 0.3).pvalue > LEVEL
    assert stats.binomtest(others.pre.size, 40 * 39, 0.5).pvalue > LEVEL
    assert np.array_equal(comb.pre, np.arange(40) % 10)


def test_weights_of_the_pair_and_random_ones():
    """Null: rand() and randn() of a weight are uniform and normal, edge by edge."""
    _, found = within(None, 150, ns.AllToAll(), weight="(1 + 2*i + 0.001*j)*pA")
    assert found.weight * 1e12 == pytest.approx(1 + 2 * found.pre + 0.001 * found.post)
    _, uniform = within(None, 150, ns.FixedInDegree(100), weight="rand()*pA")
    assert stats.kstest(uniform.weight * 1e12, "uniform").pvalue > LEVEL
    _, two = within(None, 150, ns.Bernoulli(0.5), weight="(randn() + 10*(randn() > 0))*pA")
    values = two.weight * 1e12
    low = values[values < 5]
    assert stats.kstest(low, "norm").pvalue > LEVEL
    assert stats.binomtest(low.size, values.size, 0.5).pvalue > LEVEL
    assert np.unique(uniform.weight).size == uniform.weight.size


def test_rules_keep_their_edges_when_weights_are_expressions():
    for rule in (ns.FixedInDegree(5), ns.Bernoulli(0.2), ns.FixedOutDegree(3), ns.OneToOne()):
        _, plain = within(None, 30, rule)
        _, other = within(None, 30, rule, weight="i*pA", delay="(1 + j/N_post)*ms")
        assert np.array_equal(plain.pre, other.pre)
        assert np.array_equal(plain.post, other.post)
        assert np.array_equal(other.delay, np.floor(10 * (1 + other.post / 30) + 0.5))


def test_arrays_and_expressions_together():
    edges = ns.Edges([3, 1, 2], [7, 0, 7], weight=[1, 2, 3] * pA)
    _, found = within(None, 8, edges, weight=None, delay="(i + 1)*ms")
    assert found.pre.tolist() == [1, 3, 2]
    assert found.weight * 1e12 == pytest.approx([2, 1, 3])
    assert found.delay.tolist() == [20, 40, 30]


def test_delays_are_rounded_to_the_nearest_step_and_at_least_one():
    _, found = within(None, 30, ns.OneToOne(), delay="i*0.031*ms")
    exact = np.arange(30) * 0.31
    expected = np.maximum(np.floor(exact + 0.5), 1)
    assert np.array_equal(found.delay, expected)
    net = network()
    e = net.population("E", 30, ns.models.lif_curr_exp())
    net.project(e, e, ns.OneToOne(), "I_syn", weight=1 * pA, delay="(10 + i)*ms")
    assert ns.lower(net, 0.1 * ms).smallest_delay == 100
    assert ns.lower(net, 0.1 * ms).largest_delay == 390


def test_threads_and_engines_make_the_same_edges(same_edges):
    net = ns.Network(seed=9)
    grid = ns.Grid((20, 15), extent=[2, 1.5] * mm, periodic=True)
    e = net.population("E", 300, ns.models.lif_curr_exp(tau_m="(10 + i/N)*ms"), positions=grid)
    box = ns.UniformBox([2, 1.5] * mm, periodic=True)
    i = net.population("I", 101, ns.models.lif_curr_exp(), positions=box)
    local = ns.Pairwise(ns.exponential(0.9, 300 * um), autapses=False)
    options = {
        "weight": ns.gaussian(20 * pA, 200 * um),
        "delay": "0.5*ms + distance/(0.3*metre/second)",
    }
    net.project([e, i], [e, i], local, "I_syn", **options)
    net.project(e[::2], i[1::3], ns.Pairwise("rand()*(x_pre > x_post)"), "I_syn", **options)
    net.project(
        i, e[::7], ns.FixedInDegree(9), "I_syn", weight="tau_m_post/ms*pA*rand()", delay=1 * ms
    )
    program, synapses = same_edges(net)
    assert len(synapses) > 1000
    assert program.smallest_delay >= 5


def test_no_seams_between_blocks(monkeypatch):
    box = ns.UniformBox([1, 1] * mm)
    options = {"weight": "rand()*pA", "delay": "0.1*ms*(1 + 5*rand())"}
    _, whole = within(box, 90, ns.Pairwise("exp(-distance/mm)*rand()"), **options)
    monkeypatch.setattr(pairs, "_BLOCK", 100)
    _, parts = within(box, 90, ns.Pairwise("exp(-distance/mm)*rand()"), **options)
    for name in ("pre", "post", "weight", "delay"):
        assert np.array_equal(getattr(parts, name), getattr(whole, name))


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_pairwise_equals_the_matrix(data):
    n, m = data.draw(st.integers(1, 12)), data.draw(st.integers(1, 12))
    scale = data.draw(st.floats(0.1, 3))
    period = data.draw(st.sampled_from([None, 2.0]))
    numbers = st.floats(-1, 1)
    a = np.array(data.draw(st.lists(numbers, min_size=2 * n, max_size=2 * n))).reshape(n, 2)
    b = np.array(data.draw(st.lists(numbers, min_size=2 * m, max_size=2 * m))).reshape(m, 2)
    net = network(data.draw(st.integers(0, 2**32)))
    closed = None if period is None else period * mm
    e = net.population("E", n, ns.models.lif_delta(), positions=ns.Positions(a * mm, closed))
    i = net.population("I", m, ns.models.lif_delta(), positions=ns.Positions(b * mm, closed))
    rule = ns.Pairwise(condition=f"distance < {scale!r}*mm")
    net.project(e, i, rule, "v", weight=1 * mV, delay=1 * ms)
    found = made(net)
    step = (b[None] - a[:, None]) * 1e-3
    if period is not None:
        step -= period * 1e-3 * np.rint(step / (period * 1e-3))
    near = np.sqrt(step[..., 0] ** 2 + step[..., 1] ** 2) < scale * 1e-3
    clear = np.abs(np.sqrt((step**2).sum(axis=2)) - scale * 1e-3) > 1e-15
    got = np.zeros((n, m), bool)
    got[found.pre, found.post] = True
    assert (got == near)[clear].all()


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: ns.Grid((2, 3)), DescriptionError, ["spacing or extent"]),
        (lambda: ns.Grid((2, 3), 1 * mm, extent=1 * mm), DescriptionError, ["either"]),
        (lambda: ns.Grid((2, 0), 1 * mm), DescriptionError, ["shape", "0"]),
        (lambda: ns.Grid((1, 1, 1, 1), 1 * mm), DescriptionError, ["4 axes"]),
        (lambda: ns.Grid((2, 3), 1 * ms), DimensionError, ["spacing", "metre"]),
        (lambda: ns.Grid((2, 3), -1 * mm), DescriptionError, ["positive"]),
        (lambda: ns.Grid((2, 3), 1 * mm, periodic=(True,) * 3), DescriptionError, ["periodic"]),
        (lambda: ns.Grid((2, 3), 1 * mm, periodic=1), DescriptionError, ["periodic"]),
        (lambda: ns.Grid(3, 1 * mm, z=1 * mm), DescriptionError, ["two axes"]),
        (lambda: placed(ns.Grid((2, 3), 1 * mm), 7), DescriptionError, ["'E'", "2 x 3", "7"]),
        (lambda: placed([[1, 2]] * mm, 2), DescriptionError, ["1 positions for 2"]),
        (lambda: placed(np.zeros((2, 4)) * mm, 2), DescriptionError, ["(2, 4)"]),
        (lambda: placed([1, np.nan] * mm, 2), DescriptionError, ["nan", "index 1"]),
        (lambda: placed([1, 2], 2), DimensionError, ["Positions"]),
        (lambda: ns.UniformBox([0, 1] * mm), DescriptionError, ["extent", "positive"]),
        (lambda: ns.UniformDisc(-1 * mm), DescriptionError, ["radius"]),
        (lambda: ns.exponential(0.1, 0 * mm), DescriptionError, ["scale", "positive"]),
        (lambda: ns.box(0.1, 1 * ms), DimensionError, ["radius"]),
        (lambda: ns.Pairwise(1.5), DescriptionError, ["[0, 1]"]),
        (lambda: ns.Pairwise(condition=True), DescriptionError, ["condition"]),
        (lambda: ns.Pairwise(autapses=1), DescriptionError, ["autapses"]),
        (
            lambda: within(None, 3, ns.Pairwise("distance/mm")),
            DescriptionError,
            ["'E->E'", "positions"],
        ),
        (
            lambda: within([1, 2] * mm, 2, ns.Pairwise("dy/mm")),
            UnknownNameError,
            ["dy", "dx"],
        ),
        (lambda: within(None, 3, ns.Pairwise("q_pre")), UnknownNameError, ["q_pre", "tau_m_pre"]),
        (lambda: within(None, 3, ns.Pairwise("N")), DescriptionError, ["N_pre"]),
        (lambda: within(None, 3, ns.Pairwise("tau_m_pre")), DimensionError, ["'E->E'", "p "]),
        (
            lambda: within(None, 3, ns.Pairwise(condition="i + 1")),
            DescriptionError,
            ["not a comparison"],
        ),
        (lambda: within(None, 3, ns.Pairwise("__import__('os')")), ExpressionError, ["__import__"]),
        (
            lambda: within(None, 3, ns.Pairwise("0.6*i")),
            DescriptionError,
            ["'E->E'", "1.2", "source 2", "target 0", "clip"],
        ),
        (lambda: within(None, 3, ns.Pairwise("-0.1")), DescriptionError, ["-0.1", "clip"]),
        (
            lambda: within(None, 3, ns.Pairwise("log(i - 1.0)")),
            DescriptionError,
            ["nan", "source 0", "finite"],
        ),
        (
            lambda: within(None, 3, ns.OneToOne(), weight="pA/i"),
            DescriptionError,
            ["'E->E'", "weight", "inf"],
        ),
        (
            lambda: within(None, 3, ns.OneToOne(), weight="1*mV"),
            DimensionError,
            ["'E->E'", "weight"],
        ),
        (lambda: within(None, 3, ns.OneToOne(), weight="x_pre*pA/mm"), UnknownNameError, ["x_pre"]),
        (
            lambda: within(None, 3, ns.OneToOne(), delay="(1.5 - i)*ms"),
            DescriptionError,
            ["'E->E'", "delay", "-0.0005", "source 2", "negative"],
        ),
        (
            lambda: within(None, 3, ns.OneToOne(), delay="1000*second*i"),
            DescriptionError,
            ["1000000 steps"],
        ),
        (
            lambda: within(None, 3, ns.OneToOne(), delay=0.14 * ms),
            DescriptionError,
            ["'E->E'", "0.1", "0.2"],
        ),
        (
            lambda: within(None, 3, ns.OneToOne(), delay=-1 * ms),
            DescriptionError,
            ["'E->E'", "negative"],
        ),
        (
            lambda: within(None, 3, ns.OneToOne(), delay=1000 * second),
            DescriptionError,
            ["'E->E'", "too long"],
        ),
        (
            lambda: within(None, 3, ns.OneToOne(), delay=np.nan * ms),
            DescriptionError,
            ["'E->E'", "nan"],
        ),
        (
            lambda: within(None, 3, ns.OneToOne(), weight=np.inf * pA),
            DescriptionError,
            ["'E->E'", "inf"],
        ),
        (
            lambda: within(None, 3, ns.Edges([0], [1]), delay=[1e300] * ms),
            DescriptionError,
            ["'E->E'", "too long"],
        ),
    ],
)
def test_mistakes_are_named(make, error, words):
    with pytest.raises(error) as caught:
        make()
    for word in words:
        assert word in str(caught.value)


def test_two_spaces_that_differ_have_no_distance():
    net = network()
    e = net.population("E", 4, ns.models.lif_curr_exp(), positions=ns.Grid((2, 2), 1 * mm))
    other = ns.Grid((2, 2), 1 * mm, periodic=True)
    i = net.population("I", 4, ns.models.lif_curr_exp(), positions=other)
    flat = net.population(
        "L", 4, ns.models.lif_curr_exp(), positions=ns.Grid((2, 2), 1 * mm, z=0 * mm)
    )
    for pre, post in ((e, i), (e, flat)):
        with pytest.raises(DescriptionError, match="must be alike"):
            net.project(pre, post, ns.Pairwise("exp(-distance/mm)"), "I_syn", **FIXED)
    net.project(e, i, ns.Pairwise(condition="x_pre < x_post"), "I_syn", **FIXED)
    own = ns.NeuronModel("dv/dt = -v/(10*ms) : volt\nx : 1", threshold="v > 1*mV", reset="v = 0*mV")
    twice = net.population("X", 4, own, positions=ns.Grid((2, 2), 1 * mm))
    with pytest.raises(DescriptionError, match="Rename"):
        net.project(twice, e, ns.Pairwise(condition="x_pre > 0*mm"), "I_syn", **FIXED)
    free = net.population("Y", 4, own, initial={"x": "i"})
    net.project(free, e, ns.Pairwise(condition="x_pre > 1"), "I_syn", **FIXED)
    assert made(net, 1).pre.size == 2 * 4


def test_parameters_of_synapses_may_depend_on_the_pair():
    net = network()
    grid = ns.Grid((4, 5), 100 * um)
    e = net.population("E", 20, ns.models.lif_curr_exp(), positions=grid)
    model = ns.SynapseModel(
        "q : 1",
        on_pre="I_syn_post += w0*q",
        parameters={"w0": 1 * pA},
        initial={"q": "exp(-distance/(200*um))*(1 + i + j/N_post)"},
    )
    net.project(e, e[::2], ns.Bernoulli(0.5), synapse=model, delay="1*ms + dx/(1*metre/second)")
    program = ns.lower(net, 0.1 * ms)
    projection = program.projections[0]
    edges = instantiate(program, projection)
    points = e.positions / um
    step = points[::2][edges.post] - points[edges.pre]
    expected = np.exp(-np.sqrt((step**2).sum(axis=1)) / 200) * (1 + edges.pre + edges.post / 10)
    assert projection.synapse.values["q"].values == pytest.approx(expected)
    assert np.array_equal(edges.delay, np.floor(10 * (1 + step[:, 0] * 1e-3) + 0.5))


def test_both_engines_run_a_network_in_space_alike():
    def run(engine, threads):
        net = ns.Network(seed=12)
        grid = ns.Grid((10, 10), extent=[1, 1] * mm, periodic=True)
        model = ns.models.lif_curr_exp()
        e = net.population("E", 100, model, initial={"v": "-62*mV + 16*mV*rand()"}, positions=grid)
        drawn = {
            "weight": ns.gaussian(900 * pA, 200 * um),
            "delay": "0.5*ms + distance/(0.5*metre/second)",
        }
        local = ns.Pairwise(ns.exponential(0.8, 200 * um), autapses=False)
        net.project(e, e, local, "I_syn", **drawn)
        rule = ns.FixedOutDegree(7, autapses=False, multapses=False)
        net.project(e[::3], e[1::2], rule, "I_syn", weight="-(1 + rand())*200*pA", delay=1 * ms)
        net.poisson(e, "I_syn", rate=20 / ms, weight=100 * pA)
        return ns.simulate(net, 40 * ms, dt=0.1 * ms, engine=engine, threads=threads)

    reference = run("brian2", 1).spikes("E")
    assert reference[0].size > 100
    for threads in (1, 3):
        for ours, other in zip(run("native", threads).spikes("E"), reference, strict=True):
            assert np.array_equal(ours, other)

"""Views that are not contiguous: what they choose, and that everything works with them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import neurosim as ns
from neurosim.errors import DescriptionError
from neurosim.units import kHz, ms, pA


def population(n=20):
    net = ns.Network()
    return net.population("E", n, ns.models.lif_curr_exp())


def chosen(view):
    return view.indices.tolist()


def test_slices_masks_and_lists():
    e = population()
    assert chosen(e[::5]) == [0, 5, 10, 15]
    assert chosen(e[np.arange(20) % 7 == 1]) == [1, 8, 15]
    assert chosen(e[[1, 5, 7]]) == [1, 5, 7] == chosen(e[np.array([1, 5, 7], np.uint8)])
    assert chosen(e[[-2, -1]]) == [18, 19]
    assert chosen(e[[True] * 20]) == list(range(20))
    assert e[[3, 4, 5]].members is None
    assert (e[[3, 4, 5]].start, e[[3, 4, 5]].size) == (3, 3)


def test_views_of_views():
    e = population()
    assert chosen(e[::2][1:4]) == [2, 4, 6]
    assert chosen(e[5:][::5]) == [5, 10, 15]
    assert chosen(e[::2][::3]) == [0, 6, 12, 18]
    assert chosen(e[[2, 4, 9, 11]][[True, False, True, False]]) == [2, 9]
    assert chosen(e[1::2][-1]) == [19]
    assert e[::2][0].members is None


def test_labels_say_what_was_chosen():
    e = population()
    assert e[::5].label == "E[0:16:5]"
    assert e[[1, 5, 7]].label == "E[3 of 1:8]"
    assert e[2:4].label == "E[2:4]"
    assert e[:].label == "E"
    assert "E[0:16:5], 4 neurons" in repr(e[::5])


def test_assemblies_share_neurons_out():
    e = population()
    groups = e.assemblies(4)
    assert [chosen(g) for g in groups] == np.arange(20).reshape(4, 5).tolist()
    assert [chosen(g) for g in e[::2].assemblies(5)][1] == [4, 6]
    with pytest.raises(DescriptionError, match="20 neurons cannot be shared equally among 3"):
        e.assemblies(3)
    with pytest.raises(DescriptionError):
        e.assemblies(0)


@pytest.mark.parametrize(
    ("item", "words"),
    [
        ([1, 1], "twice"),
        ([3, -17], "twice"),
        ([1, 5, 1], "neuron 1 is chosen twice"),
        ([5, 1], "ascending"),
        ([1, 20], "no neuron 20"),
        ([-21], "no neuron -21"),
        ([], "at least one"),
        (np.zeros(20, bool), "at least one"),
        (np.ones(19, bool), "19 values for 20"),
        ([[1, 2]], "shape"),
        ([1.0, 2.0], "float64"),
        ([[1], [2, 3]], "cannot be chosen"),
        ("a", "str"),
        (None, "NoneType"),
        (slice(None, None, -1), "backwards"),
        (slice(0, 3, 0), "slice"),
        (slice(0.5, 3), "slice"),
        (slice(5, 5), "empty"),
        (20, "no neuron 20"),
        (1.5, "float"),
        ([10**30], "object"),
    ],
)
def test_what_chooses_no_neurons_is_refused(item, words):
    e = population()
    for whole in (e, e[:]):
        with pytest.raises(DescriptionError, match=words) as caught:
            whole[item]
        assert "'E'" in str(caught.value)


@settings(max_examples=50, deadline=None)
@given(st.data())
def test_views_select_as_arrays_do(data):
    mask = data.draw(st.lists(st.booleans(), min_size=30, max_size=30).filter(any))
    view = population(30)[np.array(mask)]
    whole = np.flatnonzero(mask)
    start = data.draw(st.integers(-view.size - 2, view.size + 2))
    step = data.draw(st.integers(1, 4))
    expected = whole[start::step]
    if expected.size:
        assert chosen(view[start::step]) == expected.tolist()
    else:
        with pytest.raises(DescriptionError):
            view[start::step]


def network():
    net = ns.Network(seed=3)
    e = net.population("E", 60, ns.models.lif_curr_exp(), initial={"v": "E_L + 10*mV*rand()"})
    i = net.population("I", 40, ns.models.lif_curr_exp())
    given_spikes = np.arange(40)
    s = net.spike_source("S", times=given_spikes * 0.5 * ms, ids=given_spikes % 20, size=20)
    drawn = {"weight": ns.Normal(200 * pA, 20 * pA), "delay": ns.Normal(1.5 * ms, 0.5 * ms)}
    third = np.arange(60) % 3 == 0
    net.project(e[::2], i[[1, 5, 7, 20]], ns.Bernoulli(0.4), "I_syn", **drawn)
    net.project(e[third], e[1::3], ns.AllToAll(), "I_syn", **drawn)
    net.project(e[::3][2:10], e[::2], ns.AllToAll(autapses=False), "I_syn", **drawn)
    net.project(e[::3], e[::3], ns.Bernoulli(0.3, autapses=False), "I_syn", **drawn)
    net.project(s[::2], e[1:60:6], ns.OneToOne(), "I_syn", **drawn)
    net.project(s, e[1::6], ns.FixedTotalNumber(300), "I_syn", **drawn)
    listed = ns.Edges([0, 4, 2, 2], [7, 0, 3, 3])
    net.project(s[5:10], i[::5], listed, "I_syn", weight=[1, 2, 3, 4] * pA, delay=1 * ms)
    net.poisson(e[::2], "I_syn", rate=25 * kHz, weight=60 * pA)
    net.poisson(i[3::4], "I_syn", rate="(1 + i)*1*kHz", weight=40 * pA)
    net.poisson(i[3:9], "I_syn", rate=5 * kHz, weight=40 * pA)
    net.record(e[::7], "v", every=0.5 * ms)
    net.record(i[[0, 3, 39]], "I_syn")
    return net


def test_projections_between_views(same_edges):
    program, _ = same_edges(network())
    by_name = {p.name: p for p in program.projections}
    assert by_name["E->E:2"].expected_synapses == 8 * 30 - 4
    assert by_name["E->E:3"].expected_synapses == pytest.approx(0.3 * 20 * 19)
    for p in program.projections:
        assert np.array_equal(p.pre.positions_of(p.pre.global_ids()), np.arange(p.pre.size))


def test_both_engines_run_views_alike():
    runs = [
        ns.simulate(network(), 50 * ms, dt=0.1 * ms, engine=engine, threads=threads)
        for engine, threads in (("brian2", 1), ("native", 1), ("native", 3))
    ]
    for run in runs[1:]:
        for name in ("E", "I"):
            for a, b in zip(run.spikes(name), runs[0].spikes(name), strict=True):
                assert np.array_equal(a, b)
        for name, variable in (("E", "v"), ("I", "I_syn")):
            ours, other = run.state(name, variable), runs[0].state(name, variable)
            assert np.array_equal(ours.ids, other.ids)
            assert np.array_equal(ours.values, other.values)
    assert runs[0].spikes("E")[0].size > 10


def test_spikes_are_recorded_of_whole_populations():
    net = ns.Network()
    e = net.population("E", 20, ns.models.lif_curr_exp())
    with pytest.raises(DescriptionError, match="is a slice"):
        net.record(e[::2], "spikes")
    with pytest.raises(DescriptionError, match=r"E\[0:19:2\]"):
        net.record_spikes([e[::2]])
    net.record(e[:], "spikes")
    assert e[0].label == "E[0:1]"
    assert net.record(e[[0, 2]], "v", every=1 * ms) is None

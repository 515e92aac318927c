"""Rewiring: in-degrees stay, the right synapses go, sources are uniform, partitions do not show."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from wirings import gone, on_ranks, pairs_after, random_wiring, wiring

import neurosim as ns
from neurosim.errors import DescriptionError
from neurosim.units import mV


@settings(max_examples=40, deadline=None)
@given(
    n_pre=st.integers(2, 12),
    n_post=st.integers(1, 9),
    indegree=st.integers(0, 11),
    weak=st.one_of(st.integers(1, 4), st.floats(0.05, 0.95)),
    multapses=st.booleans(),
    autapses=st.booleans(),
    seed=st.integers(0, 2**31),
)
def test_invariants(n_pre, n_post, indegree, weak, multapses, autapses, seed):
    """In-degree, autapses and multapses hold for every network; only weak synapses go."""
    if not multapses:
        indegree = min(indegree, n_pre - 1)
    now = random_wiring(n_pre, n_post, indegree, seed, multapses=multapses, autapses=autapses)
    change = ns.plasticity.rewire(weakest=weak).change(now)
    lost = gone(now, change)
    number = min(weak, indegree) if isinstance(weak, int) else int(np.floor(weak * indegree))
    assert (np.bincount(now.target[lost], minlength=n_post) == number).all()
    w = now.values("w")
    for t in range(n_post):
        own = now.target == t
        if lost[own].any() and not lost[own].all():
            assert w[own & lost].max() <= w[own & ~lost].min()
    after = pairs_after(now, change)
    assert (np.bincount(after[:, 0], minlength=n_post) == indegree).all()
    if not autapses:
        assert (after[:, 0] != after[:, 1]).all()
    if not multapses:
        assert len(np.unique(after, axis=0)) == len(after)


def test_below_and_probability():
    """Those nearer to 0 than the threshold go, with the probability (null: 0.3; level 1e-4)."""
    now = random_wiring(50, 400, 20, 3)
    w = now.values("w") - 0.5
    shifted = wiring(now.source, now.target, 50, 400, values={"w": w * 1e-3})
    lost = gone(shifted, ns.plasticity.rewire(below=0.1 * mV).change(shifted))
    np.testing.assert_array_equal(lost, np.abs(w) < 0.1)
    some = ns.plasticity.rewire(below=0.1 * mV, probability=0.3).change(shifted)
    some = gone(shifted, some)
    assert not (some & ~lost).any()
    assert stats.binomtest(int(some.sum()), int(lost.sum()), 0.3).pvalue > 1e-4


@pytest.mark.parametrize("multapses", [True, False])
@pytest.mark.parametrize("n_pre", [8, 64])
def test_sources_are_uniform(multapses, n_pre):
    """Null: every allowed source is equally likely; chi-square over sources, level 1e-4.

    Without multapses the sources of what stays are not allowed: each target keeps source 0, the
    others are equally likely. Of 8 sources, 5 taken, few are free: they are drawn from a list.
    """
    kept, n_post = (5 if n_pre == 8 else 1), 6000
    source = np.tile(np.arange(kept + 1), n_post)
    target = np.repeat(np.arange(n_post), kept + 1)
    w = np.tile(np.r_[np.ones(kept), 0.0], n_post)
    now = wiring(source, target, n_pre, n_post, values={"w": w}, multapses=multapses)
    change = ns.plasticity.rewire(weakest=1).change(now)
    counts = np.bincount(change.source, minlength=n_pre)
    if not multapses:
        assert (counts[:kept] == 0).all()
        counts = counts[kept:]
    assert stats.chisquare(counts).pvalue > 1e-4


@pytest.mark.parametrize("n_ranks", [2, 3, 5])
@pytest.mark.parametrize("multapses", [True, False])
def test_ranks_together_are_one(n_ranks, multapses):
    whole = random_wiring(30, 40, 12, 7, multapses=multapses, autapses=False)
    rule = ns.plasticity.rewire(weakest=0.4, below=0.2, probability=0.8)
    expected = pairs_after(whole, rule.change(whole))
    found = np.concatenate([pairs_after(*answer) for answer in on_ranks(rule, whole, n_ranks)])
    np.testing.assert_array_equal(found[np.lexsort(found.T[::-1])], expected)


def test_steps_and_seeds_draw_others():
    keys: tuple[dict, ...] = ({}, {"step": 1001}, {"seed": 5}, {"index": 1})
    changes = [ns.plasticity.rewire(weakest=0.5).change(_keyed(**key)) for key in keys]
    sources = [tuple(change.source) for change in changes]
    assert len(set(sources)) == 4
    assert tuple(ns.plasticity.rewire(weakest=0.5).change(_keyed()).source) == sources[0]


def _keyed(**key):
    rng = np.random.default_rng(1)
    target = np.repeat(np.arange(50), 10)
    return wiring(rng.integers(0, 100, 500), target, 100, 50, values={"w": rng.random(500)}, **key)


def test_no_source_is_left():
    now = wiring([0, 1, 2], [0, 0, 0], 3, 1, values={"w": [1, 2, 3]}, multapses=False)
    change = ns.plasticity.rewire(weakest=2).change(now)
    assert set(change.source) == {0, 1}  # they are free once they went
    alone = wiring([0], [0], 1, 1, values={"w": [1]}, autapses=False)
    with pytest.raises(DescriptionError, match="neuron 0 shall have 1 new synapses, but 0 of 1"):
        ns.plasticity.rewire(weakest=1).change(alone)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({}, "nothing says which synapses are weak"),
        ({"weakest": 0}, "weakest is 0"),
        ({"weakest": 1.5}, "weakest is 1.5"),
        ({"weakest": True}, "weakest is True"),
        ({"below": "x"}, "below must be a number"),
        ({"weakest": 1, "probability": 2}, "probability is 2"),
    ],
)
def test_bad_rules_are_refused(arguments, words):
    with pytest.raises(DescriptionError, match=words):
        ns.plasticity.rewire(**arguments)

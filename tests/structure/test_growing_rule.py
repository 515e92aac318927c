"""Creation and deletion by elements: nobody has more synapses than elements, all that can meets."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from wirings import gone, on_ranks, pairs_after, random_wiring, wiring

import neurosim as ns
from neurosim.errors import DescriptionError

RULE = ns.plasticity.grow_and_prune("axon", "dendrite")


def _drawn(n_pre, n_post, indegree, seed, **given):
    rng = np.random.default_rng(seed + 1)
    elements = {
        "pre": {"axon": rng.uniform(-1, 2 * indegree * n_post / n_pre + 1, n_pre)},
        "post": {"dendrite": rng.uniform(-1, 2 * indegree + 1, n_post)},
    }
    return random_wiring(n_pre, n_post, indegree, seed, **elements, **given)


def _whole(values):
    return np.floor(np.maximum(values, 0)).astype(int)


@settings(max_examples=40, deadline=None)
@given(
    n_pre=st.integers(1, 12),
    n_post=st.integers(1, 12),
    indegree=st.integers(0, 6),
    autapses=st.booleans(),
    seed=st.integers(0, 2**31),
)
def test_invariants(n_pre, n_post, indegree, autapses, seed):
    if not autapses and n_pre == 1:
        indegree = 0
    now = _drawn(n_pre, n_post, indegree, seed, autapses=autapses)
    axons, dendrites = _whole(now.pre("axon")), _whole(now.post("dendrite"))
    change = RULE.change(now)
    lost = gone(now, change)
    after = pairs_after(now, change)
    out, into = (np.bincount(after[:, k], minlength=n) for k, n in ((1, n_pre), (0, n_post)))
    assert (out <= axons).all()
    assert (into <= dendrites).all()
    assert autapses or (after[:, 0] != after[:, 1]).all()
    if autapses:  # whatever can meet does
        assert min((axons - out).sum(), (dendrites - into).sum()) == 0
    # sources lose exactly what they have too much; then targets
    surplus = np.maximum(now.outdegree() - axons, 0)
    lost_out = np.bincount(now.source[lost], minlength=n_pre)
    assert (lost_out >= surplus).all()
    short = (now.indegree() > dendrites)[now.target]
    assert not (lost & ~short & (surplus[now.source] == 0)).any()
    for side, connected in (("pre", out), ("post", into)):
        name = {"pre": "axon", "post": "dendrite"}[side]
        had = np.maximum(getattr(now, side)(name), 0)
        vacant = np.maximum(np.floor(had) - connected, 0)
        np.testing.assert_allclose(getattr(change, side)[name], had - 0.1 * vacant, rtol=1e-15)


@pytest.mark.parametrize("n_ranks", [2, 3, 5])
@pytest.mark.parametrize("multapses", [True, False])
def test_ranks_together_are_one(n_ranks, multapses):
    whole = _drawn(25, 40, 8, 11, multapses=multapses, autapses=False)
    one = RULE.change(whole)
    assert gone(whole, one).sum() > 50
    assert np.size(one.source) > 50
    answers = on_ranks(RULE, whole, n_ranks)
    found = np.concatenate([pairs_after(*answer) for answer in answers])
    np.testing.assert_array_equal(found[np.lexsort(found.T[::-1])], pairs_after(whole, one))
    dendrites = np.empty(40)
    for rank, (_, change) in enumerate(answers):
        np.testing.assert_array_equal(change.pre["axon"], one.pre["axon"])
        dendrites[rank::n_ranks] = change.post["dendrite"]
    np.testing.assert_array_equal(dendrites, one.post["dendrite"])


def test_synapses_of_a_source_go_alike():
    """Null: which 3 of a source's 12 synapses go is uniform; chi-square over 12, level 1e-4."""
    n = 3000
    now = wiring(
        np.repeat(np.arange(n), 12),
        np.tile(np.arange(12), n),
        n,
        12,
        pre={"axon": np.full(n, 9.5)},
        post={"dendrite": np.full(12, 1e6)},
    )
    lost = gone(now, RULE.change(now))
    assert (np.bincount(now.source[lost]) == 3).all()
    assert stats.chisquare(np.bincount(now.target[lost], minlength=12)).pvalue > 1e-4


def test_elements_meet_at_random():
    """Null: 4000 axons of 20 sources meet 4000 dendrites of 20 targets independently.

    Chi-square of the 20 x 20 table of pairs, level 1e-4. With half as many dendrites, every
    axon is as likely to be left.
    """
    many, none = np.full(20, 200.0), np.empty(0, int)
    now = wiring(none, none, 20, 20, pre={"axon": many}, post={"dendrite": many})
    change = RULE.change(now)
    table = np.zeros((20, 20))
    np.add.at(table, (change.source, change.target), 1)
    assert (table.sum(0) == 200).all()
    assert (table.sum(1) == 200).all()
    assert stats.chi2_contingency(table, correction=False).pvalue > 1e-4
    fewer = wiring(none, none, 20, 20, pre={"axon": many}, post={"dendrite": many / 2})
    left = 200 - np.bincount(RULE.change(fewer).source, minlength=20)
    assert stats.chisquare(left).pvalue > 1e-4


def test_bad_rules_are_refused():
    with pytest.raises(DescriptionError, match="vacant_loss is 2"):
        ns.plasticity.grow_and_prune("axon", "dendrite", vacant_loss=2)

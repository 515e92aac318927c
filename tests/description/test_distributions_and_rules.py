"""Distributions and rules refuse what they cannot mean."""

import pytest

import neurosim as ns
from neurosim.errors import DescriptionError, DimensionError
from neurosim.units import ms, mV, pA


@pytest.mark.parametrize(
    ("make", "error", "words"),
    [
        (lambda: ns.Normal(1 * pA, -1 * pA), DescriptionError, ["sd", "negative"]),
        (lambda: ns.Normal(1 * pA, 1 * mV), DimensionError, ["sd", "amp"]),
        (lambda: ns.Normal(1 * pA, 1), DimensionError, ["sd"]),
        (lambda: ns.Normal(float("nan") * pA, 1 * pA), DescriptionError, ["mean", "nan"]),
        (lambda: ns.Normal(1 * pA, 1 * pA, low=2 * pA, high=1 * pA), DescriptionError, ["low"]),
        (lambda: ns.Normal(1 * pA, 1 * pA, low=1 * mV), DimensionError, ["low"]),
        (lambda: ns.Normal(1 * pA, 0 * pA, low=2 * pA), DescriptionError, ["sd 0"]),
        (lambda: ns.Normal([1, 2] * pA, 1 * pA), DescriptionError, ["one value"]),
        (lambda: ns.Uniform(2 * pA, 1 * pA), DescriptionError, ["low", "high"]),
        (lambda: ns.Uniform(1 * pA, 1 * pA), DescriptionError, ["low", "high"]),
        (lambda: ns.Uniform(1 * pA, 1 * ms), DimensionError, ["high"]),
        (lambda: ns.LogNormal(-1 * pA, 0.5), DescriptionError, ["positive"]),
        (lambda: ns.LogNormal(1 * pA, 0.5 * pA), DimensionError, ["sigma"]),
        (lambda: ns.LogNormal(1 * pA, 0.5, high=0 * pA), DescriptionError, ["high"]),
        (lambda: ns.Exponential(0 * pA), DescriptionError, ["positive"]),
        (lambda: ns.Exponential(1 * pA, high=-1 * pA), DescriptionError, ["high"]),
        (lambda: ns.Bernoulli(1.1), DescriptionError, ["1.1", "[0, 1]"]),
        (lambda: ns.Bernoulli(-0.1), DescriptionError, ["-0.1"]),
        (lambda: ns.Bernoulli(float("nan")), DescriptionError, ["nan"]),
        (lambda: ns.Bernoulli(0.5, autapses="no"), DescriptionError, ["autapses"]),
        (lambda: ns.FixedTotalNumber(-1), DescriptionError, ["-1"]),
        (lambda: ns.FixedTotalNumber(2.5), DescriptionError, ["2.5"]),
        (lambda: ns.FixedTotalNumber(2**50), DescriptionError, ["at most"]),
        (lambda: ns.Edges([0, 1], [0]), DescriptionError, ["2", "1"]),
        (lambda: ns.Edges([0.5], [0]), DescriptionError, ["whole numbers"]),
        (lambda: ns.Edges([[0]], [[0]]), DescriptionError, ["one-dimensional"]),
        (lambda: ns.Edges([-1], [0]), DescriptionError, ["negative"]),
    ],
)
def test_mistakes_are_named(make, error, words):
    with pytest.raises(error) as caught:
        make()
    for word in words:
        assert word in str(caught.value)


def test_what_is_allowed():
    assert ns.Bernoulli(0).p == 0
    assert ns.Bernoulli(1).p == 1
    assert ns.FixedTotalNumber(0).n == 0
    assert ns.Edges([], []).pre.size == 0
    assert ns.Normal(1 * pA, 0 * pA).b == 0
    assert "mean" in repr(ns.Exponential(1 * pA))

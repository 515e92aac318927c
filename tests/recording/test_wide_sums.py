"""Sums of any doubles: rounded once, whatever part of them each rank adds."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurosim.parallel.wide_sums import WORDS, row_sums, row_words, totals

numbers = st.floats(allow_nan=False, allow_infinity=False, width=64)


@given(st.lists(numbers, min_size=0, max_size=40), st.integers(1, 5))
def test_a_sum_is_rounded_once_however_it_is_split(values, n_ranks):
    row = np.array(values, np.float64)[None, :]
    try:
        expected = math.fsum(values)
    except OverflowError:  # in between, or at the end
        expected = row_sums(row)[0]
    assert row_sums(row)[0] == expected
    assert totals([row_words(row[:, r::n_ranks]) for r in range(n_ranks)])[0] == expected


@pytest.mark.parametrize("scale", [1e-300, 1e-12, 1.0, 1e200])
def test_many_rows_of_many_values(scale):
    values = np.random.default_rng(3).normal(size=(4, 5000)) * scale
    expected = [math.fsum(row) for row in values]
    assert row_sums(values).tolist() == expected
    words = [row_words(values[:, r::3]) for r in range(3)]
    assert words[0].shape == (4, WORDS)
    assert totals(words).tolist() == expected


def test_what_is_not_finite_stays_so():
    inf, nan = np.inf, np.nan
    rows = np.array([[1, inf], [nan, 1], [inf, -inf], [-inf, 3], [1e308, 1e308], [-1e308, -1e308]])
    expected = np.array([inf, nan, nan, -inf, inf, -inf])
    assert np.array_equal(row_sums(rows), expected, equal_nan=True)
    halves = [row_words(rows[:, :1]), row_words(rows[:, 1:])]
    assert np.array_equal(totals(halves), expected, equal_nan=True)

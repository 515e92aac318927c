"""SpiNNaker's numbers to the integer: sheet, sections 1.4 and 1.8."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from neurosim.neuromorphic.spinnaker import fixed, scaling

from neurosim.errors import DescriptionError

WORDS = st.integers(-(2**31), 2**31 - 1)


def test_host_rounds_half_to_even_and_cores_cut():
    assert (fixed.encode(0.1), fixed.literal(0.1)) == (3277, 3276)
    assert (fixed.encode(0.04), fixed.literal(0.04)) == (1311, 1310)
    assert fixed.literal(0.040008544921875) == 1311
    assert [fixed.encode(x) for x in (-65, -50, 20)] == [-2129920, -1638400, 655360]
    assert [fixed.encode(x / 2**16) for x in (1, 3, 5, -1, -3)] == [0, 2, 2, 0, -2]
    assert fixed.encode(65536 - 2**-15) == fixed.LARGEST == 2147483647
    assert fixed.encode(-65536) == -(2**31)


@pytest.mark.parametrize("value", [65536.0, -65536.1, math.inf, math.nan])
def test_out_of_range_is_an_error(value):
    with pytest.raises(DescriptionError, match=r"does not fit s16\.15"):
        fixed.encode(value)


@given(WORDS, WORDS)
def test_products_are_rounded_down(a, b):
    exact = math.floor(Fraction(a * b, 2**15))
    assert fixed.multiply(a, b) == (exact + 2**31) % 2**32 - 2**31


@given(st.integers(0, 2**31 - 1), st.integers(1, 2**31 - 1))
def test_quotients_are_rounded_down(a, b):
    exact = math.floor(Fraction(a * 2**15, b))
    assert fixed.divide(a, b) == (exact + 2**31) % 2**32 - 2**31


@given(WORDS, st.integers(0, 2**32 - 1))
def test_factors_of_32_bits_round_down(a, f):
    assert fixed.decayed(a, f) == math.floor(Fraction(a * f, 2**32))


@pytest.mark.parametrize(
    ("tau", "dt", "factor"),
    [(20, 1, 31170), (20, 0.1, 32605), (10, 1, 29650), (10, 0.1, 32442)],
)
def test_membrane_factors(tau, dt, factor):
    assert fixed.membrane_factor(fixed.encode(dt), fixed.encode(tau)) == factor


@pytest.mark.parametrize(
    ("tau", "dt", "decay", "init"),
    [
        (5, 1, 3516490311, 3892384925),
        (5, 0.1, 4209972212, 4249494815),
        (0.5, 0.1, 3516383004, 3892683854),
    ],
)
def test_synapse_factors(tau, dt, decay, init):
    assert fixed.decay_and_init(fixed.encode(dt), fixed.encode(tau)) == (decay, init)


def test_exponential_against_the_function():
    n = range(-119999, 0)
    off = np.array([fixed.expk(k) - math.floor(2**15 * math.exp(k / 2**15)) for k in n])
    assert set(np.unique(np.abs(off))) == {0, 1}
    assert round((off == 0).mean(), 3) == 0.993
    worst = max(abs(fixed.expulr(k) - 2**32 * math.exp(k / 2**15)) for k in n)
    assert 5294 < worst < 5295.01


def test_exponential_saturates():
    assert fixed.expk(363408) < fixed.LARGEST == fixed.expk(363409)
    assert fixed.expk(-340695) == 1
    assert fixed.expk(-340696) == fixed.expulr(-340696) == 0
    assert fixed.expk(0) == 32768


@pytest.mark.parametrize(
    ("t_ref", "dt", "ticks"), [(2, 0.1, 20), (0.1, 1, 1), (2, 1, 2), (0, 1, 0), (0.1, 0.1, 1)]
)
def test_refractory_ticks(t_ref, dt, ticks):
    assert fixed.refractory_ticks(fixed.encode(t_ref), fixed.encode(dt)) == ticks


@pytest.mark.parametrize(
    ("largest", "shift", "scale"),
    [(0.5, 0, 32768), (1.0, 1, 16384), (1.5, 1, 16384), (2.0, 2, 8192), (5.7386, 3, 4096),
     (50, 6, 512), (51.2, 6, 512), (0.0, 0, 32768)],
)  # fmt: skip
def test_shifts(largest, shift, scale):
    assert scaling.shift_for(largest) == shift
    assert scaling.weight_scale(shift) == scale


@pytest.mark.parametrize(
    ("weight", "shift", "scale", "integer", "read"),
    [(0.5, 0, 1, 16384, 0.5), (0.5, 6, 1, 256, 0.5), (0.1, 3, 1, 410, 0.10009765625),
     (0.1, 0, 1, 3277, 3277 / 32768), (0.05, 6, 1024, 26214, 51.19921875),
     (-0.5, 0, 1, 16384, 0.5)],
)  # fmt: skip
def test_integer_weights(weight, shift, scale, integer, read):
    assert scaling.weight_to_integer(weight, shift, scale) == integer
    assert fixed.decode(scaling.integer_to_input(integer, shift)) == read


def test_upper_bits_of_a_weight_are_lost():
    assert scaling.weight_to_integer(2.0, 0) == 65536 & 0xFFFF == 0


def test_conductance_shift():
    one = scaling.Incoming(1000.0, scale=1024.0)
    one.add(mean=0.05, variance=0.0, largest=0.05, connections=1)
    assert (one.expected, one.shift) == (51.2, 6)
    assert scaling.weight_scale(6, 1024) == 524288


def test_equal_delays_take_the_whole_sum():
    """The sum of all weights is not multiplied by the global scale, a quirk of the tools."""
    one = scaling.Incoming(1000.0, scale=1024.0)
    one.add(mean=0.05, variance=0.0, largest=0.05, connections=2000)
    assert one.expected == max(100.0, 51.2)
    fast = scaling.Incoming(10.0)
    fast.add(mean=1.0, variance=0.0, largest=1.0, connections=7)
    assert fast.expected == 3 * 7  # 30 Hz at 10 ticks a second: 3 spikes in a tick


def test_varied_delays_take_mean_and_deviations():
    one = scaling.Incoming(1000.0)
    one.add(mean=0.1, variance=0.0, largest=0.1, connections=100, delay_variance=1.0)
    a = 100 * 30 / 1000
    assert one.expected == pytest.approx(a * 0.1 + 5 * math.sqrt(a * 0.1**2))
    spread = scaling.Incoming(1000.0)
    spread.add(mean=0.1, variance=0.04, largest=0.9, connections=100, delay_variance=1.0)
    k = round(a + 3 * math.sqrt(a))
    below = sum(math.exp(-a) * a**i / math.factorial(i) for i in range(k))
    assert spread.expected == pytest.approx(a * 0.1 + 5 * math.sqrt(a * 0.1**2 + a * 0.04 * below))


def test_two_projections_share_a_type():
    one = scaling.Incoming(10000.0)
    one.add(mean=0.1, variance=0.01, largest=0.4, connections=1000, delay_variance=2.0)
    one.add(mean=0.3, variance=0.0, largest=0.3, connections=500, rate=80.0, per_tick=2.0)
    values = [(0.1, 0.01, 1000), (0.3, 0.0, 500)]
    mean = sum(m * n for m, _, n in values) / 1500
    squares = sum(v * (n - 1) for _, v, n in values) + 0.2**2 * 1000 * 500 / 1500
    assert one.weights.mean == pytest.approx(mean)
    assert one.weights.variance == pytest.approx(squares / 1499)
    assert one.rates.mean == pytest.approx((30 * 1000 + 80 * 500) / 1500)
    assert one.total == pytest.approx(0.4 * 1000 + 2 * 0.3 * 500)


def test_one_delayed_synapse_has_no_variance():
    one = scaling.Incoming(1000.0)
    one.add(mean=0.1, variance=0.0, largest=0.1, connections=1, delay_variance=3.0)
    assert one.delays.variance == 0.0

"""Loihi's integers against a literal model in Python's integers, and the fact sheet's values."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from neurosim.neuromorphic.loihi import arithmetic as a

from neurosim.errors import DescriptionError


def literal_decay(x: int, by: int) -> int:
    """The fact sheet's sentence: sign(x) * ((|x| * (4096 - D)) >> 12)."""
    size = (abs(x) * (4096 - by)) >> 12
    return -size if x < 0 else size


def literal_step(u: int, v: int, arrived: int, du: int, dv: int, bias: int, vth: int):
    """Lava's registers: du raised by one, dv as it is."""
    u = literal_decay(u, du + 1) + arrived
    if u > 2**23:
        u -= 2**24
    elif u <= -(2**23):
        u += 2**24
    v = literal_decay(v, dv) + u + bias
    v = max(-(2**23) + 1, min(2**23 - 1, v))
    return (u, 0, True) if v > vth * 64 else (u, v, False)


state = st.integers(-(2**23) + 1, 2**23 - 1)


@given(
    u=state,
    v=state,
    arrived=st.integers(-(2**17), 2**17).map(lambda n: 64 * n),
    du=st.integers(0, 4095),
    dv=st.integers(0, 4095),
    mantissa=st.integers(-4096, 4095),
    exponent=st.integers(0, 7),
    vth=st.integers(0, 131071),
)
@settings(max_examples=400, deadline=None)
def test_a_step_is_the_literal_one(u, v, arrived, du, dv, mantissa, exponent, vth) -> None:
    bias = int(a.bias(mantissa, exponent))
    assert bias == mantissa * 2**exponent
    found = a.step(u, v, arrived, decay_u=du + 1, decay_v=dv, bias=bias, vth=vth)
    assert tuple(int(x) for x in found) == literal_step(u, v, arrived, du, dv, bias, vth)


def test_decay_truncates_towards_zero() -> None:
    assert a.decay([5, -5, 1, -1], 1).tolist() == [4, -4, 0, 0]
    assert a.decay([1000, -1000], 4096).tolist() == [0, 0]
    assert a.decay([1000, -1000], 0).tolist() == [1000, -1000]


@pytest.mark.parametrize(
    ("given", "held"),
    [
        (2**23, 2**23),  # only a result above 2^23 wraps
        (2**23 + 1, -(2**23) + 1),
        (-(2**23), 2**23),  # and one at -2^23
        (-(2**23) + 1, -(2**23) + 1),
        (-(2**23) - 5, 2**23 - 5),
    ],
)
def test_u_wraps_by_the_codes_rule(given: int, held: int) -> None:
    assert int(a.wrap(given)) == held


def test_v_is_clipped() -> None:
    assert a.saturate([2**23, -(2**23), 7]).tolist() == [2**23 - 1, -(2**23) + 1, 7]


def test_spikes_need_more_than_the_threshold() -> None:
    at = a.step(0, 0, 6400, decay_u=4096, decay_v=0, vth=100)
    above = a.step(0, 0, 6464, decay_u=4096, decay_v=0, vth=100)
    assert (int(at[1]), bool(at[2])) == (6400, False)
    assert (int(above[1]), bool(above[2])) == (0, True)


def test_mantissas_have_the_range_of_their_sign_mode() -> None:
    wide = [-300, -256, -255, -3, 3, 254, 255, 300]
    assert a.mantissas(wide, "excitatory").tolist() == [0, 0, 0, 0, 3, 254, 255, 255]
    assert a.mantissas(wide, "inhibitory").tolist() == [-255, -255, -255, -3, 0, 0, 0, 0]
    assert a.mantissas(wide, "mixed", rule="each").tolist() == [
        *(-256, -256, -254, -2), *(2, 254, 254, 254),
    ]  # fmt: skip
    assert a.mantissas([-3, 3], "mixed", rule="sum").tolist() == [-4, 2]


@pytest.mark.parametrize("bits", range(1, 9))
def test_fewer_bits_are_coarser(bits: int) -> None:
    assert a.weight_step("excitatory", bits) == a.weight_step("inhibitory", bits) == 2 ** (8 - bits)
    assert a.weight_step("mixed", bits) == 2 ** (9 - bits)
    assert set(a.mantissas(np.arange(256), "excitatory", bits) % 2 ** (8 - bits)) == {0}


def test_the_two_references_differ_where_the_exponent_is_negative() -> None:
    assert int(a.activation(3 + 3, -2)) == 64
    assert int(a.effect(3, -2, "excitatory")) * 2 == 0


@given(st.lists(st.integers(0, 255), max_size=20), st.integers(0, 7))
def test_they_agree_where_it_is_not(weights: list[int], exponent: int) -> None:
    each = a.effect(weights, exponent, "excitatory").sum()
    assert int(a.activation(sum(weights), exponent)) == int(each) == 64 * sum(weights) << exponent


@given(st.integers(-255, 0), st.integers(-8, 7))
def test_an_effect_is_rounded_down_and_limited(weight: int, exponent: int) -> None:
    scaled = weight * 2 ** (6 + exponent) if exponent >= -6 else weight / 2 ** -(6 + exponent)
    literal = max(-(2**21) + 64, int(scaled // 64) * 64)
    assert int(a.effect(weight, exponent, "inhibitory")) == literal


def test_weights_have_one_to_eight_bits() -> None:
    with pytest.raises(DescriptionError, match="1 to 8"):
        a.weight_step("mixed", 9)


def test_traces_are_rounded_at_random_without_bias() -> None:
    """Null: the mean of 20 000 rounded values is the exact one; normal, level 1e-4, seed 6."""
    uniform = np.random.default_rng(6).random(20_000)
    for value, tau in ((127, 10.0), (5, 3.0), (1, 8.0), (64, 2.0)):
        held = a.trace(np.full(uniform.size, value), tau, uniform)
        exact = value * (1 - 1 / tau)
        low = int(exact)
        assert set(held.tolist()) <= {low, low + 1}
        spread = np.sqrt((exact - low) * (1 - (exact - low)) / uniform.size)
        assert abs(held.mean() - exact) <= 3.9 * spread + 1e-12
    assert a.trace(100, 1.0, 0.0).tolist() == 0


def test_traces_have_7_bits() -> None:
    assert a.impulse([0, 100, 127], 50).tolist() == [50, 127, 127]

"""BrainScaleS-1: every confirmed number of the fact sheet, and the arithmetic behind it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from neurosim.neuromorphic.brainscales1 import BrainScaleS1, plasticity, weights
from neurosim.neuromorphic.brainscales1 import circuits as c
from neurosim.neuromorphic.brainscales1.lines import input_capacity
from neurosim.neuromorphic.brainscales1.membrane import RAILS, substeps
from neurosim.neuromorphic.brainscales1.places import Places, fan_in, neurons_per_encoder
from neurosim.neuromorphic.brainscales1.synapses import delay_steps
from neurosim.neuromorphic.brainscales1.variation import deviation, normal

from neurosim.errors import DescriptionError

NS = 1e-9


def test_time():
    """100 ms are 10 us on the wafer and 30 us with the offset; 10^4 is the usual speed-up."""
    assert BrainScaleS1().speedup == 1e4
    assert c.wall_time(0.1, 1e4) - c.OFFSET_S == pytest.approx(10e-6)
    assert c.wall_time(0.1, 1e4) == pytest.approx(30e-6)
    assert c.biological_time(30e-6, 1e4) == pytest.approx(0.1)
    for speedup in (1e3, 1e5):
        BrainScaleS1(speedup=speedup)
    for speedup in (999, 1.001e5):
        with pytest.raises(DescriptionError, match="speedup"):
            BrainScaleS1(speedup=speedup)


def test_delays():
    """80 ns on layer 1 are 0.8 ms, 500 ns on layer 2 are 5 ms; they scale with the speed-up."""
    machine = BrainScaleS1()
    assert (machine.l1_delay_ns, machine.l2_delay_ns) == (80, 500)
    assert delay_steps(machine, 1e-4, external=False) == 8
    assert delay_steps(machine, 1e-4, external=True) == 50
    assert c.LEGS_S == (60e-9, 60e-9)
    both = machine.but(l1_delay_ns=sum(c.LEGS_S) * 1e9)
    assert delay_steps(both, 1e-4, external=False) == 12
    assert delay_steps(machine.but(speedup=1e5), 1e-4, external=False) == 80


def test_bandwidth():
    """An encoder: a spike per 10 ns; an FPGA: one per 8 ns; 1,780 and 12,500 biological Hz."""
    assert c.ENCODER_S == 10e-9
    assert pytest.approx(8e-9) == c.FPGA_SLOT_S == pytest.approx(1 / c.FPGA_INPUT_HZ)
    assert c.HICANN_INPUT_HZ / 1e4 == 1780
    assert c.FPGA_INPUT_HZ / 1e4 == 12500
    assert c.ENCODER_INPUTS == 64
    assert input_capacity(1, 1e4) == min(384 * 1780, 48 * 12500) == 600_000


def test_capacity():
    """Sizes of a chip and a wafer."""
    assert c.HICANNS == 48 * 8 == 384
    assert c.HICANNS * c.DENMEMS == 196_608
    assert c.FPGAS == 48 == c.HICANNS // 8
    assert c.ROWS_PER_HALF == 224
    assert c.SYNAPSES == 256 * 224 * 2 == 114_688
    assert pytest.approx(44e6, rel=1e-2) == c.SYNAPSES * c.HICANNS
    assert (c.HORIZONTAL_LINES, c.VERTICAL_LINES) == (64, 256)
    assert c.USABLE_ADDRESSES == 2**6 - 1
    assert [c.decoded(address) for address in (0, 17, 63)] == [(0, 0), (1, 1), (3, 15)]
    assert c.STDP_COLUMN_SETS * c.STDP_SET_SYNAPSES == c.COLUMNS == 256
    assert fan_in(1) == 224
    assert fan_in(4) == 896
    assert BrainScaleS1().denmems == 4
    assert fan_in(64) == 14_336
    none = np.empty(0, np.int64)
    for denmems, drivers, portion in ((1, 112, 2), (2, 224, 2), (4, 224, 4), (16, 224, 16)):
        places = Places(denmems, none, none, 0, 0)
        assert places.fan_in == fan_in(denmems)
        assert (places.drivers, places.per_driver) == (drivers, portion)
        assert drivers * portion == fan_in(denmems)
    assert neurons_per_encoder(4) == 16
    assert neurons_per_encoder(1) == 63
    with pytest.raises(DescriptionError, match="wafers"):
        BrainScaleS1(wafers=21)


def test_conductance_of_digital_weights():
    """g(w) = 93.94... + 81.34... w - 1.597... w^2 nS; nothing at 0."""
    w = np.arange(16)
    expected = 93.9406513768 + 81.3443474483 * w - 1.59734048208 * w**2
    np.testing.assert_allclose(weights.characteristic(w), expected, rtol=1e-15)
    assert weights.conductance(0) == 0.0
    np.testing.assert_array_equal(weights.conductance(w[1:]), weights.characteristic(w[1:]))
    np.testing.assert_allclose(weights.digital(expected), w, atol=1e-9)


def test_gains_of_rows():
    """(550, 1), (650, 4), (200, 15) relative to (500, 11)."""
    found = {(g.v_gmax, g.divisor): g.factor for g in weights.GAINS}
    assert found[550, 1] == pytest.approx(12.1, rel=1e-12)
    assert found[650, 4] == pytest.approx(3.575, rel=1e-12)
    assert found[200, 15] == pytest.approx(0.29333, abs=5e-6)
    assert found[500, 11] == 1.0
    assert weights.synaptic_current(15, 500, 11) == pytest.approx(15 * 500 / 11)
    for v_gmax, divisor in ((1024, 11), (500, 0), (500, 31)):
        with pytest.raises(DescriptionError, match="row"):
            weights.RowGain(v_gmax, divisor)


def test_scale_of_conductances():
    """0.2 nF: 108.228 with one circuit, 432.912 with four, which cover 0.217 to 2.205 nS."""
    assert weights.conductance_scale(1e4, 1, 0.2e-9) == pytest.approx(108.228, rel=1e-12)
    four = float(weights.conductance_scale(1e4, 4, 0.2e-9))
    assert four == pytest.approx(432.912, rel=1e-12)
    assert float(weights.characteristic(0)) / four == pytest.approx(0.217, abs=5e-4)
    assert float(weights.characteristic(15)) / four == pytest.approx(2.205, abs=5e-4)
    wanted = 3.0 * four
    assert wanted == pytest.approx(1298.7, abs=0.05)
    assert weights.round_digital(weights.digital(wanted), None) == 15
    small = weights.conductance_scale(1e4, 1, 0.2e-9, "small")
    assert small == pytest.approx(1e4 * 164.2e-15 / 0.2e-9)


@pytest.mark.parametrize(
    ("wanted", "gain"),
    [(1.0, 2200 / 7500), (280.1, 1.0), (954.7, 1.0), (954.8, 3.575), (1e6, 12.1)],
)
def test_gain_is_the_smallest_that_reaches(wanted, gain):
    """Else the closest, which is the largest."""
    factors = [g.factor for g in weights.GAINS]
    assert weights.choose_gain(wanted, factors) == pytest.approx(gain)


@given(st.floats(-5, 40), st.floats(0.001, 0.999))
def test_stochastic_rounding_is_between_neighbours(value, u):
    """Up with the probability of the fraction, never further; clipped to 4 bits."""
    found = int(weights.round_digital(value, u))
    below = np.floor(value)
    expected = below + (u < value - below)
    assert found == min(max(expected, 0), 15)


def test_stochastic_rounding_keeps_the_mean():
    """Null: the mean of 100,000 rounded weights is the weight; 4 standard errors."""
    u = (np.arange(100_000) + 0.5) / 100_000
    rng = np.random.default_rng(1)
    for value in (3.2, 7.5, 11.99):
        found = weights.round_digital(np.full(u.size, value), rng.random(u.size))
        error = np.sqrt((value % 1) * (1 - value % 1) / u.size)
        assert abs(found.mean() - value) < 4 * error


def test_floating_gates():
    """10 bits of 1.8 V and 2500 nA; V_hw = 10 V_bio + 1.2 V; E_syn = 614 V - 16."""
    volt = c.hardware_volt(np.array([-65, -70, -50, 0]) * 1e-3)
    np.testing.assert_allclose(volt, [0.55, 0.5, 0.7, 1.2], rtol=1e-12)
    codes = c.voltage_code(volt)
    np.testing.assert_allclose(codes, [312.58, 284.17, 397.83, 682.0], atol=0.005)
    assert c.current_code(1000) == pytest.approx(409.2)
    assert c.current_code(2500) == 1023
    assert c.voltage_code(1.8) == pytest.approx(1023, rel=1e-15)
    assert c.reversal_code(1.2) == pytest.approx(614 * 1.2 - 16)
    assert c.reversal_volt(c.reversal_code(0.4)) == pytest.approx(0.4)
    np.testing.assert_allclose(RAILS, (-0.12, 0.06), rtol=1e-12)


def test_setting_a_potential():
    """To the nearest of the 1,024 values; beyond the span it ends and is counted."""
    found = c.set_potential(np.array([-65e-3, -0.13, 0.07]))
    assert found.values[0] == pytest.approx((313 * 1.8 / 1023 - 1.2) / 10)
    np.testing.assert_array_equal(found.clipped, [False, True, True])
    np.testing.assert_allclose(found.values[1:], (-0.12, 0.06))
    exact = c.set_potential(np.array([-65.0123e-3]), digital=False)
    assert exact.values[0] == -65.0123e-3
    syn = c.set_reversal(np.array([0.0]))
    assert syn.values[0] == pytest.approx((737 / 614 - 1.2) / 10)


@pytest.mark.parametrize(
    ("limits", "inside", "outside"),
    [
        (c.TAU_M["big"], (5.41e-3, 20e-3, 482e-3), (5.3e-3, 490e-3)),
        (c.TAU_M["small"], (1.083e-3, 10e-3, 96.3e-3), (1.0e-3, 97e-3)),
        (c.TAU_W, (29.3e-3, 144e-3, 354e-3), (29e-3, 360e-3)),
        ((0.1e-3, c.TAU_REFRAC_MAX), (1e-3, 17.3e-3), (17.4e-3,)),
        ((0.5e-3, c.TAU_SYN_MAX), (5e-3, 15.1e-3), (15.2e-3,)),
    ],
)
def test_ranges_of_times(limits, inside, outside):
    """The ranges at 10^4, and 10 bits of a current within them."""
    found = c.set_time(np.array(inside), *limits)
    assert not found.clipped.any()
    code = c.CODES * limits[0] / found.values
    np.testing.assert_allclose(code, np.rint(code), atol=1e-9)
    assert (found.values <= limits[1] * (1 + 1e-9)).all()
    assert c.set_time(np.array(outside), *limits).clipped.all()
    inexact = c.set_time(np.array([*inside, *outside]), *limits, digital=False).values
    np.testing.assert_array_equal(inexact[: len(inside)], inside)
    assert set(inexact[len(inside) :]) <= set(limits)


def test_geometric_law():
    """Equal steps of the logarithm, both ends of the range among them."""
    taus = np.array([5.41e-3, 20e-3, 482e-3])
    found = c.set_time(taus, *c.TAU_M["big"], law="geometric").values
    np.testing.assert_allclose(found[[0, 2]], taus[[0, 2]], rtol=1e-12)
    assert found[1] == pytest.approx(20e-3, rel=np.log(482 / 5.41) / 1023)
    assert found[1] != 20e-3


def test_range_of_the_slope():
    """12 to 135 mV on the chip."""
    assert c.DELTA_T == (1.2e-3, 13.5e-3)
    np.testing.assert_array_equal(
        c.set_linear(np.array([1e-3, 2e-3, 14e-3]), *c.DELTA_T).clipped, [True, False, True]
    )


def test_utilisation():
    """U of settings 0 to 7: an even grid from 0.25 to 0.4, to 4 digits."""
    assert plasticity.UTILISATION == (0.25, 0.2714, 0.2929, 0.3143, 0.3357, 0.3571, 0.3786, 0.4)
    np.testing.assert_allclose(plasticity.UTILISATION, np.linspace(0.25, 0.4, 8), atol=5e-5)
    with pytest.raises(DescriptionError, match="cap"):
        plasticity.hardware_stp(cap=8)
    with pytest.raises(DescriptionError, match="mode"):
        plasticity.hardware_stp("both")


def test_default_spreads_are_the_table():
    """Sigma over mean, and the half-width of the cut: twice or once the spread."""
    machine = BrainScaleS1()
    found = (machine.cv_threshold, machine.cv_reset, machine.cv_leak, machine.cv_refractory,
             machine.cv_tau_syn, machine.cv_capacitance)  # fmt: skip
    assert found == (0.05, 0.1, 0.5, 0.5, 0.25, 0.1)
    kinds = ("threshold", "reset", "leak", "refractory", "tau_syn", "capacitance")
    assert tuple(c.FACETS[kind][0] for kind in kinds) == found
    assert [c.FACETS[kind][1] for kind in kinds] == [0.1, 0.2, 0.5, 0.5, 0.5, 0.2]
    others = {kind: c.FACETS[kind] for kind in ("weight", "stp_strength", "stp_tau")}
    assert others == {"weight": (0.6, 0.7), "stp_strength": (0.1, 0.2), "stp_tau": (0.2, 0.4)}
    ids = np.arange(20_000)
    drawn = deviation(3, "leak", ids, 0.5, 0.5)
    assert np.abs(drawn).max() == 0.5
    np.testing.assert_array_equal(drawn, np.clip(0.5 * normal(3, "leak", ids), -0.5, 0.5))
    # null: standard normal, 4 standard errors of mean and sd
    z = normal(3, "leak", ids)
    assert abs(z.mean()) < 4 / np.sqrt(z.size)
    assert abs(z.std() - 1) < 4 / np.sqrt(2 * z.size)


def test_unverified_values_are_listed_as_assumptions():
    """What the sheet marks [U] or [2] is a knob, or named as fixed."""
    names = {a.name for a in BrainScaleS1().assumptions()}
    assert {
        "weight_noise", "synapse_loss", "l1_loss", "trial_potential_mv", "trial_cv",
        "membrane_noise_mv", "rails", "residual", "current_law", "cut_spreads", "stimulus_queue",
        "largest_a_ns", "costs: wafers",
    } <= names  # fmt: skip
    assert not {"speedup", "l1_delay_ns", "denmems", "digital_weights"} & names


def test_energy_of_a_second():
    """2 kW for 100 us: 0.2 J a wafer for a biological second at 10^4, without the offset."""
    model = BrainScaleS1().cost_model()
    (part,) = model.parts
    assert part.watts.value * (c.wall_time(1.0, 1e4) - c.OFFSET_S) == pytest.approx(0.2)
    assert part.watts.fact == "2"


def test_substeps():
    """No part longer than asked for."""
    assert [substeps(1e-4, x) for x in (1e-5, 3e-5, 1e-4, 1e-3)] == [10, 4, 1, 1]

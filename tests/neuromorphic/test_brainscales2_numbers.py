"""BrainScaleS-2's numbers and arithmetic, as its sources give them."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from neurosim.neuromorphic.brainscales2 import BrainScaleS2, facts
from neurosim.neuromorphic.costs import price
from neurosim.neuromorphic.workload import Connection, Emitter, Workload

from neurosim.errors import DescriptionError, UnknownNameError


def test_chip_is_as_large_as_it_is():
    assert (facts.NEURONS, facts.QUADRANTS, facts.NEURONS // facts.QUADRANTS) == (512, 4, 128)
    assert (facts.ARRAYS, facts.ROWS, facts.COLUMNS) == (2, 256, 256)
    assert facts.SYNAPSES == 131_072
    assert facts.DRIVERS * 2 == facts.ROWS
    assert facts.PADI_BUSES == 4
    assert (facts.WEIGHT_MAX + 1, facts.LABELS) == (2**6, 2**6)
    assert (facts.CAPMEM_VOLTAGES, facts.CAPMEM_CURRENTS, facts.CAPMEM_CELLS) == (8, 16, 24)
    assert facts.CAPMEM_MAX == 1022
    assert (facts.CADC_CHANNELS, facts.CADC_MAX + 1, facts.CADC_RATE) == (1024, 2**8, 1.85e6)
    assert (facts.GENERATORS, facts.GENERATOR_RATE) == (8, 125e6)
    assert facts.PROCESSORS == 2
    assert facts.VECTOR_BYTES == 128 == 64 * 2


def test_usual_settings_are_the_sources():
    chip = BrainScaleS2()
    assert (chip.leak_target, chip.reset_target, chip.threshold_target) == (80, 70, 125)
    assert (facts.TAU_M, facts.T_REF, facts.SENSOR_TAU) == (10e-6, 2e-6, 5e-6)
    assert facts.SENSOR_AMPLITUDE == 0.5
    assert (chip.readout_noise, chip.capmem_dither) == (1.2, 5)
    assert facts.CADC_SPREAD_WARNING == 3.0
    assert chip.spread("time_spread") == pytest.approx(0.3 * chip.time_spread)
    assert chip.but(calibrated=False).spread("time_spread") == chip.time_spread
    bounds = {name: (r.low, r.high) for name, r in facts.RANGES.items()}
    assert bounds == {
        "leak": (50, 160),
        "reset": (50, 160),
        "threshold": (50, 220),
        "tau_m": (0.5e-6, 60e-6),
        "tau_syn": (0.3e-6, 30e-6),
        "t_ref": (0.04e-6, 32e-6),
        "capacitance": (0, 63),
    }


def test_a_hardware_microsecond_is_a_biological_millisecond():
    assert facts.SPEEDUP == 1000
    assert facts.hardware_seconds(1e-3) == pytest.approx(1e-6)
    assert facts.hardware_seconds(0.2) == pytest.approx(200e-6)


@given(st.integers(-5000, 5000))
def test_a_weight_is_split_over_synapses_of_at_most_63(weight):
    parts = facts.split(weight)
    assert len(parts) == math.ceil(abs(weight) / 63) == facts.synapses_needed(weight)
    assert sum(parts) == weight
    assert all(0 < abs(p) <= 63 and p * weight > 0 for p in parts)


def test_split_at_the_edges():
    assert facts.split(63) == [63]
    assert facts.split(64) == [63, 1]
    assert facts.split(-127) == [-63, -63, -1]
    assert facts.synapses_needed([0, 1, 63, 64, 126, 127]).tolist() == [0, 1, 1, 2, 2, 3]


def test_readings_are_eight_bits_and_trusted_from_30_to_210():
    readings = facts.digitise([-3.0, 0.4, 0.5, 1.5, 254.6, 300.0])
    assert readings.tolist() == [0, 0, 0, 2, 255, 255]
    assert facts.trusted([29, 30, 210, 211]).tolist() == [False, True, True, False]


@pytest.mark.parametrize("codes", ["geometric", "inverse"])
@pytest.mark.parametrize("name", ["tau_m", "tau_syn"])
def test_time_constants_are_in_range_and_of_ten_bits(name, codes):
    span = facts.RANGES[name]
    wanted = np.geomspace(span.low / 2, span.high * 2, 5000)
    have = facts.realised_time(wanted, name, codes)
    assert have.min() == pytest.approx(span.low)
    # 1022 / 8.5 codes: the inverse law's last step below the longest is long
    assert have.max() == pytest.approx(span.high, rel=0.1 if codes == "inverse" else 1e-9)
    assert np.unique(np.round(have / span.low, 9)).size <= 1023
    inside = (wanted > span.low) & (wanted < span.high)
    step = (span.high / span.low) ** (1 / 1022) if codes == "geometric" else 1.13
    assert (np.abs(np.log(have / wanted))[inside] <= 0.5 * np.log(step) * 1.001).all()
    assert (np.diff(have) >= 0).all()


def test_a_code_more_is_a_longer_time():
    times = facts.realised_time(10e-6, "tau_m", shift=np.array([-5, 0, 5]))
    assert times[2] / times[1] == pytest.approx(120 ** (5 / 1022))
    assert times[0] / times[1] == pytest.approx(120 ** (-5 / 1022))


def test_layers_take_5_bits_times_6_bits_and_give_8():
    inputs, weights = np.array([31, 31, 1]), np.array([[63, -63], [63, -63], [2, 1]])
    assert facts.multiply(inputs, weights).tolist() == [127, -128]
    assert facts.multiply([1, 2, 3], weights, gain=0.5).tolist() == [98, -93]
    with pytest.raises(DescriptionError, match="inputs are 0 to 32"):
        facts.multiply([0, 32], np.ones((2, 1), int))
    with pytest.raises(DescriptionError, match="weights are -64"):
        facts.multiply([0, 3], np.array([[-64], [1]]))


def test_energy_and_time_of_a_run():
    eyes = Connection("ball", "motor", 32, 32, 1024, 640)
    work = Workload(1000, 2e-4, {"motor": Emitter(32, 100)}, {"eyes": eyes})
    chip = BrainScaleS2(power_w=facts.PONG_POWER)
    found = price(chip.cost_model(), work)
    assert found.t_run == pytest.approx(200e-6)
    assert found.E_run == pytest.approx(0.057 * 200e-6)
    assert found.mean_power == pytest.approx(0.057)
    usual = price(BrainScaleS2().cost_model(), work)
    assert usual.mean_power == pytest.approx(0.175)
    others = {name.split(":")[0]: joules for name, (joules, _) in usual.alternatives.items()}
    assert others["Pong"] == pytest.approx(found.E_run)
    assert others["Cramer 2022"] == pytest.approx(0.2 * 200e-6)
    assert pytest.approx(2.353e-6, rel=1e-3) == facts.CHIP_POWER / 85e3
    assert pytest.approx(0.175) == facts.MNIST_ENERGY / facts.MNIST_TIME


def test_settings_are_checked_and_assumptions_listed():
    assumed = {a.name for a in BrainScaleS2().assumptions()}
    spreads = {n for n in BrainScaleS2.imperfections() if n.endswith("_spread")}
    assert spreads | {"membrane_noise", "event_delay_us", "codes"} <= assumed
    assert not {"speedup", "quantise_weights", "readout_noise", "delays"} & assumed
    with pytest.raises(DescriptionError, match="leak_target=49"):
        BrainScaleS2(leak_target=49)
    with pytest.raises(UnknownNameError, match="approximation"):
        BrainScaleS2(allow="delay")
    assert BrainScaleS2(allow="delays+learning").permits("learning")

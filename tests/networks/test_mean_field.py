"""The mean-field rates against limits with closed forms, and Brunel's regimes."""

import math

import numpy as np
import pytest
from neurosim.networks.brunel import REGIMES, brunel, mean_field_rate, sizes, threshold_rate
from neurosim.networks.mean_field import highest_fixed_point, siegert, siegert_si

from neurosim.errors import DescriptionError
from neurosim.lowering.lower import lower
from neurosim.units import Hz, ms, mV

NEURON = {"tau_m": 20 * ms, "V_th": 20 * mV, "V_r": 10 * mV, "t_ref": 2 * ms}


def test_little_noise_gives_the_rate_without_noise():
    for mean in (21.0, 30.0, 60.0):
        expected = 1 / (0.002 + 0.02 * math.log((mean - 10) / (mean - 20)))
        assert siegert(mean * mV, 1e-3 * mV, **NEURON) / Hz == pytest.approx(expected, rel=1e-4)
        assert siegert_si(mean, 0.0, 20.0, 10.0, 0.02, 0.002) == pytest.approx(expected)
    assert siegert_si(19.0, 0.0, 20.0, 10.0, 0.02, 0.002) == 0.0


def test_far_below_threshold_nothing_happens():
    assert siegert(0 * mV, 0.5 * mV, **NEURON) / Hz == 0.0
    assert 0 < siegert(10 * mV, 4 * mV, **NEURON) / Hz < 1.0


def test_rate_against_a_simulated_diffusion():
    """Euler-Maruyama of 1000 neurons for 0.4 s, about 9000 spikes, seed 1: 4 % allowed."""
    rng, dt, n, steps = np.random.default_rng(1), 1e-5, 1000, 40_000
    mean, sd, v = 18e-3, 5e-3, 1e-3 * np.random.default_rng(2).uniform(10, 20, 1000)
    free, count = np.zeros(n, np.int64), 0
    noise = sd * math.sqrt(dt / 20e-3)
    for step in range(steps):
        moving = free <= step
        v += np.where(moving, dt / 20e-3 * (mean - v) + noise * rng.standard_normal(n), 0.0)
        spiking = v > 20e-3
        count += np.count_nonzero(spiking)
        v[spiking], free[spiking] = 10e-3, step + 200
    rate = float(siegert(18 * mV, 5 * mV, **NEURON) / Hz)
    # a grid of time misses crossings within a step: rate of threshold 0.5826 sd sqrt(dt) higher
    shifted = NEURON | {"V_th": (20 + 0.5826 * noise * 1e3) * mV, "V_r": 10 * mV}
    lower_rate = float(siegert(18 * mV, 5 * mV, **shifted) / Hz)
    found = count / (n * steps * dt)
    assert lower_rate < rate
    assert found == pytest.approx(lower_rate, rel=0.04)


def test_wrong_numbers_are_refused():
    with pytest.raises(DescriptionError, match="positive"):
        siegert(20 * mV, 0 * mV, **NEURON)
    with pytest.raises(DescriptionError, match="above"):
        siegert(20 * mV, 1 * mV, **NEURON | {"V_th": 5 * mV})


def test_highest_fixed_point():
    assert highest_fixed_point(lambda r: 5.0, 100.0) == pytest.approx(5.0)
    assert highest_fixed_point(lambda r: 0.0, 100.0) == 0.0
    # r = 0, 2 and 10 are fixed points of r + r (r - 2) (10 - r)
    found = highest_fixed_point(lambda r: r + r * (r - 2) * (10 - r), 100.0)
    assert found == pytest.approx(10.0)


@pytest.mark.parametrize(("name", "rate"), [("A", 327), ("B", 55.8), ("C", 37.95), ("D", 6.5)])
def test_rates_of_the_regimes(name, rate):
    """Solved by other code beforehand; A to 1 Hz, the others to the last digit."""
    point = REGIMES[name]
    digits = {"A": 1.0, "B": 0.1, "C": 0.01, "D": 0.1}[name]
    assert mean_field_rate(point.g, point.eta) == pytest.approx(rate, abs=digits)


def test_network_has_fixed_in_degrees():
    program = lower(brunel(0.08, regime="B"), 0.1 * ms)
    assert {p.name: p.size for p in program.populations} == {"E": 800, "I": 200}
    assert sizes(0.08) == (800, 200, 80, 20)
    assert sum(p.expected_synapses for p in program.projections) == 1000 * 100
    assert threshold_rate(1000) == pytest.approx(10.0)


@pytest.mark.parametrize("wrong", [{"regime": "E"}, {"scale": 0.001}])
def test_wrong_settings_are_refused(wrong):
    with pytest.raises(DescriptionError, match="brunel"):
        brunel(**wrong)

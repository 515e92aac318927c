"""The microcircuit's constant drive at small scales, and its thalamic volley."""

import numpy as np
import pytest
from neurosim.networks.microcircuit import (
    C_M,
    E_L,
    FULL_MEAN_RATES,
    POPULATIONS,
    TAU_M,
    V_TH,
    default_indegree_scale,
    microcircuit,
    scaled_numbers,
)

import neurosim as ns
from neurosim.errors import DescriptionError
from neurosim.lowering.lower import lower
from neurosim.units import ms

# NEST 3.10 with the same sizes, synapse numbers, weights and currents, one seed, 1.5 s
NEST_DC = (0.72, 2.57, 3.92, 5.21, 8.05, 8.13, 0.96, 7.13)


def test_neurons_and_synapses_scale_apart():
    numbers, full = scaled_numbers(0.1, "poisson", 0.4), scaled_numbers(1.0)
    assert numbers.sizes[0] == 2068
    assert numbers.synapses[0, 0] == pytest.approx(full.synapses[0, 0] * 0.04, rel=1e-5)
    assert numbers.weights[0, 0] == pytest.approx(full.weights[0, 0] / np.sqrt(0.4))
    assert default_indegree_scale(0.1, "poisson") == 0.1
    assert default_indegree_scale(0.1, "dc") == 0.25
    assert default_indegree_scale(0.5, "dc") == 0.5
    assert default_indegree_scale(100.0, "poisson") == 1


def test_constant_drive_alone_keeps_neurons_above_threshold():
    """Why the in-degrees are not scaled below 0.25: silence must not be a stable state."""

    def silent(indegree_scale):
        current = scaled_numbers(0.1, "dc", indegree_scale).current
        return bool(np.all(E_L + current * TAU_M / C_M < V_TH))

    assert silent(0.05)
    assert not silent(0.25)


def test_constant_drive_keeps_the_rates():
    """2 s at scale 0.1: near NEST's (one seed each: 30 %), and the published of full scale."""
    run = ns.simulate(microcircuit(0.1, drive="dc"), 2000 * ms, warmup=500 * ms, threads=2)
    rates = [run.rates()[name] for name in POPULATIONS]
    assert rates == pytest.approx(NEST_DC, rel=0.3)
    assert rates == pytest.approx(FULL_MEAN_RATES, rel=0.35)


def test_thalamic_volley():
    network = microcircuit(0.1, thalamus=True)
    program = lower(network, 0.1 * ms)
    synapses = {p.name: p.expected_synapses for p in program.projections if "TC" in p.name}
    assert list(synapses) == ["TC->L4E", "TC->L4I", "TC->L6E", "TC->L6I"]
    # probability 0.0983 with multapses: -ln(1 - p) per pair
    assert synapses["TC->L4E"] == pytest.approx(-np.log(1 - 0.0983) * 902 * 21915 / 100, rel=1e-3)
    source = network.sources["TC"]
    assert source.size == 90
    # binomial of 100 steps x 90 neurons with p = 0.012: mean 108, 5 sd = 52
    assert abs(source.times.size - 108) < 52
    assert source.times.min() >= 0.7
    assert source.times.max() < 0.71


@pytest.mark.parametrize(
    "wrong", [{"indegree_scale": 2.0}, {"thalamus": 1}, {"drive": "ac"}, {"scale": True}]
)
def test_wrong_options_are_refused(wrong):
    with pytest.raises(DescriptionError, match=next(iter(wrong))):
        microcircuit(**wrong)

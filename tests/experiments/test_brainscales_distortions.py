"""An irregular network on BrainScaleS-1: the small version, the network, and the checks."""

import numpy as np
import pytest
from neurosim.networks.adex_irregular import C_EXC, C_INH, adex_irregular

import neurosim as ns
from neurosim.errors import DescriptionError
from neurosim.lowering.lower import lower
from neurosim.units import ms


def test_network():
    program = lower(adex_irregular(0.2, seed=4), 0.1 * ms)
    assert [p.size for p in program.populations] == [400, 100]
    assert sum(p.expected_synapses for p in program.projections) == 500 * (C_EXC + C_INH)
    assert program.population("I").values["b"] == 0
    with pytest.raises(DescriptionError, match="scale"):
        adex_irregular(0.05)


@pytest.mark.slow
def test_small_version(tmp_path):
    """All checks of the small version hold; the machine and its account are in the recordings."""
    _, experiment = ns.load_experiment("brainscales_distortions")
    results = experiment.run(
        quick=True, output=tmp_path / "out", name="brainscales_distortions", threads=1
    )
    assert all(check.passed for check in results.checks)
    assert (tmp_path / "out" / "figure.png").exists()
    everything = results.recordings["all"].platform
    assert everything.name == "brainscales1"
    assert everything.execution["time"]["hardware_s"] == pytest.approx(0.6e-4)
    loss = results.metrics["synapse_loss"]
    assert loss["0.5"]["spread"] > loss["0"]["spread"]
    native = results.recordings["native"].spikes("E")
    for name in ("weight_noise", "fixed_delays", "digital_weights", "uncalibrated"):
        assert not np.array_equal(native[0], results.recordings[name].spikes("E")[0])


@pytest.mark.slow
def test_full_version():
    """Spreads grow with noise and loss, the state stays irregular, a chip stays the same chip."""
    _, experiment = ns.load_experiment("brainscales_distortions")
    results = experiment.run(name="brainscales_distortions")
    assert [check.name for check in results.checks if not check.passed] == []

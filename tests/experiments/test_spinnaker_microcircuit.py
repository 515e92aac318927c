"""The microcircuit on SpiNNaker: the small version, and what stands beside published numbers."""

import pytest
from neurosim.experiments import spinnaker_microcircuit as own
from neurosim.experiments.spinnaker_microcircuit import experiment
from neurosim.networks.microcircuit import FULL_MEAN_RATES, POPULATIONS, SIZES
from neurosim.neuromorphic.workload import Connection, Emitter, Workload

from neurosim.runs import Runs
from neurosim.units import ms

EVENTS = 958_000_000  # a second, of the network's own synapses


@pytest.mark.slow
def test_small_version_is_run_and_kept(tmp_path):
    out = tmp_path / "out"
    results = experiment.run(quick=True, output=out, name="spinnaker_microcircuit", threads=1)
    assert list(results.recordings) == [
        "native", "other_seed", "spinnaker", "native_1ms", "spinnaker_1ms"
    ]  # fmt: skip
    for name in ("spinnaker", "spinnaker_1ms"):
        metrics = results.metrics[name]
        assert metrics["placed"]["boards"] == 1
        assert metrics["placed"]["microjoules"] > 1  # a board for 1,500 neurons
        assert metrics["counters"]["Number_of_late_spikes"] == 0
        assert abs(metrics["against_native"]["rate_change"]) < 0.2
    assert results.recordings["spinnaker_1ms"].dt_ms == 1.0
    assert set(results.metrics["planned"]) == set(own.PLANNED)
    assert (out / "figure.png").exists()
    assert any("published: Rhodes" in line for line in results.lines)


@pytest.mark.slow
def test_boards_and_energy_at_full_scale_are_the_published_ones():
    """Placed, not run; what is priced is the activity of the full network, as published."""
    runs = Runs(scale=1.0, seed=1, dt=0.1 * ms)
    sizes, rates = SIZES, FULL_MEAN_RATES
    populations = {
        n: Emitter(k, round(k * r)) for n, k, r in zip(POPULATIONS, sizes, rates, strict=True)
    }
    spikes = sum(p.spikes for p in populations.values())
    events = Connection("L23E", "L23E", sizes[0], sizes[0], 299_000_000, EVENTS)
    done = Workload(10_000, 1e-4, populations, {"all": events}, input_events=1.26e9)
    assert spikes == pytest.approx(EVENTS / 3875, rel=0.1)  # synapses of a neuron
    fast = own.plan(runs, done, {"neurons_per_core": 64})
    slow = own.plan(runs, done, own.PLANNED[own.SLOW])
    assert abs(fast.boards - 12) <= 2
    assert fast.microjoules == pytest.approx(0.63, rel=0.2)
    assert abs(slow.boards - 6) <= 2
    assert 0.8 * 4.4 <= slow.microjoules <= 1.2 * own.LARGEST_ALBADA

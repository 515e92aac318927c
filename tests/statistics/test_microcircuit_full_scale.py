"""The whole microcircuit, 77,169 neurons and 299 million synapses, through the command line.

Marked slow: some minutes on two cores, and 3.5 GB of memory.
"""

import json
import subprocess
import sys

import pytest
from neurosim.networks.microcircuit import FULL_MEAN_RATES, POPULATIONS

import neurosim as ns

SEED = 1
# Share of the published rate; L23E and L6E fire least and vary most from seed to seed.
TOLERANCE = dict.fromkeys(POPULATIONS, 0.05) | {"L23E": 0.10, "L6E": 0.10}
LARGEST_MEMORY = 3.5e9


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """The JSON object and the recording of a run of 10 s."""
    output = tmp_path_factory.mktemp("full") / "full.h5"
    command = f"run microcircuit --scale 1 --duration 10s --warmup 500ms --seed {SEED} --json"
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "neurosim",
            *command.split(),
            "--engine",
            "native",
            "--output",
            output,
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1]), ns.read(output)


@pytest.mark.slow
def test_network_is_whole(finished):
    result, recording = finished
    assert result["n_neurons"] == recording.n_neurons == 77_169
    assert result["n_synapses"] == recording.n_synapses == 298_880_968
    assert result["spikes_sha256"] == recording.spikes_sha256()


@pytest.mark.slow
@pytest.mark.parametrize(("name", "published"), zip(POPULATIONS, FULL_MEAN_RATES, strict=True))
def test_mean_rates_are_the_published_ones(finished, name, published):
    _, recording = finished
    assert recording.rates()[name] == pytest.approx(published, rel=TOLERANCE[name])


@pytest.mark.slow
def test_memory_is_bounded(finished):
    result, _ = finished
    assert result["peak_rss_bytes"] < LARGEST_MEMORY

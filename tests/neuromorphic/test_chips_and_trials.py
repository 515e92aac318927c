"""What differs between chips, and what between trials; from seeds, on any threads and ranks."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from noisy_networks import (
    BETWEEN_TRIALS,
    DT,
    MACHINES,
    conductances,
    digest,
    digests,
    simulated,
)

from neurosim import neuromorphic as machines

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "parallel"))
from launch import launch

SCRIPT = Path(__file__).with_name("noisy_networks.py")
FIXED = [  # what differs between synapses compiles nothing new
    pytest.param("BrainScaleS1", {"weight_noise": 0.2}),
    pytest.param("BrainScaleS1", {"fixed_pattern": True}, marks=pytest.mark.slow),
    pytest.param("BrainScaleS2", {"weight_spread": 0.1}),
    pytest.param("BrainScaleS2", {"potential_spread": 5.0}, marks=pytest.mark.slow),
]
TEMPORAL = [
    pytest.param("BrainScaleS1", BETWEEN_TRIALS),
    pytest.param("BrainScaleS1", {"membrane_noise_mv": 0.2}, marks=pytest.mark.slow),
    pytest.param(
        "BrainScaleS2", {"capmem_dither": 5, "membrane_noise": 0.5}, marks=pytest.mark.slow
    ),
]


def run(name, chip, trial, switches, threads=1):
    """Digest of a machine with nothing but some imperfections."""
    made = getattr(machines, name).transparent(**switches, chip_seed=chip, trial_seed=trial)
    return digest(conductances, DT, made, threads)


@pytest.fixture(scope="module")
def native():
    return digest(conductances, DT)


@pytest.mark.parametrize(("name", "switches"), FIXED)
def test_a_chip_is_the_same_in_every_trial_and_no_other_is(name, switches, native):
    first = run(name, 1, 1, switches)
    assert first == run(name, 1, 2, switches, threads=3)
    assert len({native, first, run(name, 2, 1, switches)}) == 3


@pytest.mark.parametrize(("name", "switches"), TEMPORAL)
def test_trials_differ_and_can_be_had_again(name, switches, native):
    first = run(name, 1, 1, switches)
    assert first == run(name, 1, 1, switches, threads=3)
    assert len({native, first, run(name, 1, 2, switches)}) == 3


@pytest.mark.parametrize("name", ["BrainScaleS1", "BrainScaleS2"])
def test_with_nothing_switched_on_seeds_change_nothing(name, native):
    assert run(name, 1, 1, {}) == run(name, 2, 2, {}) == native


def test_ranks_and_threads_change_nothing_of_a_chip(tmp_path):
    alone = run("BrainScaleS1", 1, 1, BETWEEN_TRIALS)
    launch([SCRIPT, tmp_path / "found.json", 2, "chip"], 2, timeout=300, check=True)
    assert json.loads((tmp_path / "found.json").read_text()) == {"chip": alone}


@pytest.mark.slow
def test_ranks_and_threads_change_nothing_of_any_machine(tmp_path):
    alone = digests(1)
    assert list(alone) == list(MACHINES)
    assert digests(3) == alone
    launch([SCRIPT, tmp_path / "found.json", 2], 2, timeout=600, check=True)
    assert json.loads((tmp_path / "found.json").read_text()) == alone


@pytest.mark.parametrize(("name", "knob"), [("BrainScaleS1", "weight_noise"),
                                            ("BrainScaleS2", "weight_spread")])  # fmt: skip
def test_more_weight_noise_makes_rates_differ_more(name, knob):
    # Null: the variance over neurons of the rates does not depend on the noise. With chips of
    # five seeds each, means of the variances rise from step to step: 1/24 by chance.
    variances = []
    for noise in (0.0, 0.3, 0.6, 1.2):
        found = []
        for chip in range(5):
            made = getattr(machines, name).transparent(**{knob: noise}, chip_seed=chip)
            _, ids = simulated(conductances, DT, made).spikes("E")
            found.append(np.bincount(ids, minlength=40).var())
        variances.append(sum(found))
    assert variances == sorted(variances)

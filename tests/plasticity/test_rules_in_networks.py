"""Every rule of the catalogue in a recurrent network: engines, threads, ranks, stop and go on."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from rule_networks import cases, digests, final_values, learnt, network

import neurosim as ns
from neurosim.units import ms

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "parallel"))
from launch import launch

DURATION = 60 * ms
SCRIPT = Path(__file__).with_name("rules_on_ranks.py")


def run(net, engine="native", threads=1):
    """(spikes, values at the end, values at the start)."""
    with ns.Simulation(net, engine=engine, threads=threads) as sim:
        start = final_values(sim)
        sim.run(DURATION)
        values = final_values(sim)
    return sim.recording.spikes("E"), values, start


@pytest.fixture(scope="module")
def alone():
    return run(network())


def assert_close(chosen, native, reference):
    for ours, theirs in zip(native[0], reference[0], strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert reference[0][0].size > 200
    for key in learnt(chosen):
        values = reference[1][key]
        scale = np.abs(values).max()
        np.testing.assert_allclose(native[1][key], values, rtol=1e-9, atol=1e-9 * scale)


def assert_learnt(chosen, result):
    """What is learnt differs from the start in at least a tenth of the synapses."""
    _, values, start = result
    for key in learnt(chosen):
        assert np.mean(start[key] != values[key]) > 0.1, key


def test_native_equals_brian2(alone):
    assert_close(cases(), alone, run(network(), "brian2"))
    assert_learnt(cases(), alone)


@pytest.mark.parametrize("threads", [2, 3, 4])
def test_the_same_bits_on_any_number_of_threads(alone, threads):
    spikes, values, _ = run(network(), threads=threads)
    for ours, theirs in zip(spikes, alone[0], strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert digests(values) == digests(alone[1])


def test_the_same_bits_after_stop_and_resume(alone, tmp_path):
    path = tmp_path / "run.ckpt.h5"
    with ns.Simulation(network(), threads=1, record=False) as sim:
        sim.run(27.3 * ms)
        sim.checkpoint(path)
    with ns.Simulation(network(), threads=3, record=False, resume=path) as sim:
        sim.run(DURATION - 27.3 * ms)
        assert digests(final_values(sim)) == digests(alone[1])


def on_ranks(folder, ranks):
    output = folder / "found.json"
    launch([SCRIPT, output], ranks, timeout=300, check=True)
    return json.loads(output.read_text())


def test_the_same_bits_on_two_ranks(alone, tmp_path):
    assert on_ranks(tmp_path, 2) == {"2": digests(alone[1])}


@pytest.mark.slow
def test_the_same_bits_on_one_to_four_ranks(alone, tmp_path):
    expected = digests(alone[1])
    assert on_ranks(tmp_path, 4) == dict.fromkeys(["4", "3", "2", "1"], expected)


@pytest.mark.slow
def test_every_form_of_every_rule_native_equals_brian2():
    every = list(cases(every_variant=True).items())
    for start in range(0, len(every), 10):
        chosen = dict(every[start : start + 10])
        native = run(network(chosen), threads=2)
        assert_close(chosen, native, run(network(chosen), "brian2"))
        assert_learnt(chosen, native)

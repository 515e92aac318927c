"""A run that went on from checkpoints is the run that never stopped, bit for bit."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from checkpoint_rounds import differences, executable, load, rounds, save, spikes, state

import neurosim as ns
from neurosim.checkpoint import opened
from neurosim.engines.base import Snapshot, StateArray
from neurosim.errors import CheckpointError, NeurosimError, UnsupportedError
from neurosim.parallel.share import Share
from neurosim.units import ms

ROOT = Path(__file__).resolve().parents[2]
STOP = 801


def test_the_network_has_every_kind_of_state(uninterrupted):
    emitted, _, final = uninterrupted
    assert len(emitted) > 1000
    for name in (
        "populations/A/last_spike",
        "populations/B/ready",
        "currents/0/base",
        "currents/0/noise",
        "currents/1/noise",
        "currents/2/base",
        "projections/A->A/variables/w",
        "projections/A->A/updated/synapses",
        *(f"projections/traces/updated/{of}" for of in ("sources", "targets")),
        "channels/0",
        "spikes",
        *(f"projections/A->A/pending/{path}" for path in range(4)),
    ):
        assert final[name].size, name
    assert (final["populations/A/last_spike"] > 0).any()
    assert not final["populations/B/ready"].all()


@pytest.mark.parametrize(
    ("stops", "threads"),
    [((230, 402, STOP), (1, 3, 2)), ((1, 2, 799, STOP), (2, 1, 4, 1)), ((400, STOP), (3, 1))],
)
def test_resumed_is_uninterrupted(program, uninterrupted, tmp_path, stops, threads):
    found = rounds(tmp_path / "run.ckpt.h5", program, list(stops), threads)
    assert differences(uninterrupted, found) == []


def test_values_written_while_running_are_kept(program, tmp_path):
    """Inputs that were set, and variables that were written: also those of synapses."""
    names = [c.name for c in program.currents if c.wave is not None]
    size = program.population("A").size

    def change(made, at):
        if at == 200:
            made.set_input(names[0], np.array([3e-3]))
            made.write("A", "I", np.linspace(0, 1e-3, size))
            projection = next(p for p in program.projections if p.name == "A->A")
            n = len(made.synapse_table(projection.name))
            made.write_synapses(projection.name, "taupost", np.linspace(0.01, 0.02, n))

    def whole():
        with executable(program, 1) as made:
            chunks = [made.advance(200)]
            change(made, 200)
            chunks += [made.advance(203)]
            return spikes(chunks), [], state(made)

    stops = [200, 301, 403]
    emitted, _, final = rounds(tmp_path / "run.ckpt.h5", program, stops, (1, 2, 3), between=change)
    assert differences(whole(), (emitted, [], final)) == []
    assert any(name.startswith("inputs/") for name in final)
    assert "projections/A->A/variables/taupost" in final


def test_taking_a_snapshot_changes_nothing(program, uninterrupted, tmp_path):
    with executable(program, 2) as made:
        chunks = []
        for _ in range(3):
            chunks.append(made.advance(267))
            save(tmp_path / "run.ckpt.h5", program, made, 267)
        np.testing.assert_array_equal(spikes(chunks), uninterrupted[0])


def test_an_executable_that_has_run_can_go_back(program, uninterrupted, checkpoint):
    with executable(program, 1) as made:
        made.advance(500)
        load(checkpoint, made)
        chunk = made.advance(STOP - 230)
    emitted = uninterrupted[0]
    expected = emitted[emitted[:, 0] >= 230]
    np.testing.assert_array_equal(np.stack([chunk.spike_steps, chunk.spike_ids], 1), expected)


@pytest.mark.parametrize(
    "name",
    [
        "populations/A/variables/v",
        "populations/A/last_spike",
        "populations/B/ready",
        "currents/0/noise",
        "projections/A->A/updated/synapses",
        "projections/traces/updated/sources",
        "projections/traces/updated/targets",
        "projections/traces/variables/r",
        "projections/A->A/pending/0",
        "projections/A->A/pending/2",
        "channels/0",
        "spikes",
    ],
)
def test_every_kind_of_state_counts(program, uninterrupted, checkpoint, name):
    """Without one of them the run goes another way: the tests above would see it."""
    with executable(program, 1) as made, opened(checkpoint) as saved:
        taken = saved.snapshot(Share())
        array = taken.arrays[name]
        values = array.read()
        blank = values[:0] if array.kind == "events" else np.zeros_like(values)
        if values.dtype == np.uint8:
            blank = 1 - values
        lost = replace(array, read=lambda: blank)
        made.restore(Snapshot(taken.step, {**taken.arrays, name: lost}))
        chunk = made.advance(STOP - 230)
        final = state(made)
    emitted = uninterrupted[0]
    found = np.stack([chunk.spike_steps, chunk.spike_ids], axis=1)
    same = np.array_equal(found, emitted[emitted[:, 0] >= 230])
    assert not same or differences(uninterrupted, (emitted, uninterrupted[1], final))


def test_state_of_another_network_is_refused(program, checkpoint):
    other = ns.Network(seed=5)
    model = ns.NeuronModel("dv/dt = -v/(10*ms) : 1", name="decay")
    other.population("A", 70, model)
    refused = pytest.raises(CheckpointError, match="other state")
    with executable(ns.lower(other, 0.1 * ms), 1) as made, refused:
        load(checkpoint, made)


def _with(taken, name, values, **changes):
    array = taken.arrays[name]
    return Snapshot(
        taken.step, {**taken.arrays, name: replace(array, read=lambda: values, **changes)}
    )


@pytest.mark.parametrize(
    ("name", "values", "changes"),
    [
        ("populations/A/variables/v", np.zeros(69), {}),
        ("populations/A/variables/v", np.zeros(70), {"size": 71}),
        ("populations/A/last_spike", np.full(70, 2**63 - 1), {}),
        ("origin", np.array([-1]), {}),
        ("origin", np.array([10**12]), {}),
        ("projections/A->A/counts", np.zeros(70, np.int64), {}),
        ("projections/A->A/pending/0", np.array([[220, 70]]), {}),
        ("projections/A->A/pending/0", np.array([[220, -1]]), {}),
        ("projections/A->A/pending/2", np.array([[-(2**60), 3]]), {}),
        ("projections/A->A/pending/3", np.array([[228, 10**9]]), {}),
        ("channels/0", np.array([[229, 70]]), {}),
        ("channels/0", np.array([[230, 3]]), {}),
        ("spikes", np.array([[200, 2**40]]), {}),
        ("spikes", np.array([[200, 5], [199, 5]]), {}),
        ("spikes", np.array([[200, 5], [200, 5]]), {}),
    ],
)
def test_state_that_cannot_be_is_refused(program, checkpoint, name, values, changes):
    refused = pytest.raises(CheckpointError, match="does not fit this network")
    with executable(program, 1) as made, opened(checkpoint) as saved, refused:
        made.restore(_with(saved.snapshot(Share()), name, values, **changes))


def test_brian2_refuses(program):
    from neurosim.engines.reference.executable import Brian2Executable

    with pytest.raises(UnsupportedError, match="native"):
        Brian2Executable(program).snapshot()
    with pytest.raises(UnsupportedError, match="native"):
        Brian2Executable(program).restore(Snapshot(3, {}))


def test_no_snapshot_after_a_nan():
    net = ns.Network(seed=1)
    model = ns.NeuronModel("dv/dt = log(v)/second : 1", method="euler", name="explodes")
    net.population("A", 3, model, initial={"v": -1.0})
    with executable(ns.lower(net, 0.1 * ms), 1) as made:
        assert made.advance(50).failure is not None
        with pytest.raises(NeurosimError, match="NaN"):
            made.snapshot()


def test_a_state_array_is_read_when_needed():
    calls = []
    array = StateArray("same", "<f8", lambda: calls.append(1) or np.zeros(1))
    assert not calls
    array.read()
    assert calls


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["double", "single"])
def test_all_features(tmp_path, precision):
    """Every model, rule, synapse and input of tools/small_networks.py."""
    sys.path.insert(0, str(ROOT / "tools"))
    import small_networks

    for name, net, dt in small_networks.networks():
        program = ns.lower(net, dt * ms)
        path = tmp_path / f"{name}.h5"
        whole = rounds(path, program, [403], [1], precision)
        stopped = rounds(path, program, [102, 230, 403], [1, 3, 2], precision)
        assert differences(whole, stopped) == [], name


@pytest.mark.slow
def test_single_precision_and_a_moving_origin(program, tmp_path, monkeypatch):
    """Steps are counted from an origin that moves; here every 150 steps."""
    whole = rounds(tmp_path / "a.h5", program, [STOP], [1], "single")
    monkeypatch.setenv("NEUROSIM_CXXFLAGS", "-DNEUROSIM_ORIGIN_STEPS=150")
    stopped = rounds(tmp_path / "b.h5", program, [230, 402, STOP], [1, 3, 2], "single")
    whole[2].pop("origin")
    stopped[2].pop("origin")
    assert differences(whole, stopped) == []

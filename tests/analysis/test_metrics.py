"""The survey's metrics, by hand, from files."""

import json
import math
import subprocess
import sys
import time
from types import SimpleNamespace

import numpy as np
import pytest
from spike_samples import renewal

from neurosim.analysis import counts, intervals
from neurosim.analysis.metrics import format_table, metrics
from neurosim.analysis.population_metrics import population_metrics
from neurosim.errors import AnalysisError, RecordingError
from neurosim.recording import Layout, PopulationLayout, ProjectionLayout, RecordingWriter, read


def write(path, spikes, *, finish=True, recorded=("E", "I", "gen"), stop=4000, simulate_s=0.5):
    """4 E and 2 I neurons and a generator of 3; ``spikes``: (step, network-wide id)."""
    layout = Layout(
        (
            PopulationLayout("E", 0, 4, spikes="E" in recorded),
            PopulationLayout("I", 4, 2, spikes="I" in recorded),
            PopulationLayout("gen", 6, 3, kind="source", spikes="gen" in recorded),
        ),
        (
            ProjectionLayout("E_I", "E", "I", 4, 2, "I_syn"),
            ProjectionLayout("gen_E", "gen", "E", 3, 4, "I_syn"),
        ),
    )
    with RecordingWriter(path, layout, 0.1, warmup_ms=100.0, seed=1) as writer:
        writer.set_synapses("E_I", 12, np.full(4, 3))
        writer.set_synapses("gen_E", 6, np.full(3, 2))
        ordered = np.array(sorted(spikes), dtype=np.int64).reshape(-1, 2)
        writer.append(
            SimpleNamespace(
                first_step=0,
                n_steps=stop,
                spike_steps=ordered[:, 0],
                spike_ids=ordered[:, 1],
                states=[],
            )
        )
        if finish:
            writer.finish({"timings": {"simulate_s": simulate_s}, "bytes_per_synapse": 8.0})


# Steps of 0.1 ms; warm-up to step 1000, end at step 4000: windows 1000-, 2000-, 3000-.
SPIKES = [
    (10, 0), (999, 5),  # warm-up
    *((1000 + 100 * k, 0) for k in range(6)),  # neuron 0 is a clock: CV 0
    (1999, 1), (2000, 1), (2500, 4), (2500, 5), (3999, 4),
    (1500, 6), (2500, 7),  # generator
]  # fmt: skip


@pytest.fixture
def path(tmp_path):
    write(tmp_path / "run.h5", SPIKES)
    return tmp_path / "run.h5"


def test_metrics_by_hand(path):
    found = metrics(path)
    assert (found.from_ms, found.to_ms) == (100.0, 400.0)
    assert (found.n_neurons, found.n_synapses) == (6, 18)
    assert found.C_eff == 18 / 36
    assert found.projections["E_I"].n_synapses == 12
    assert found.projections["E_I"].C_eff == 12 / 8
    assert found.projections["gen_E"].C_eff == 6 / 12
    assert found.n_spikes == 11  # of neurons, after the warm-up; the generator's do not count
    # Active: 2 of 6 (0, 1), 3 of 6 (1, 4, 5), 1 of 6 (4).
    assert pytest.approx(1 - (2 + 3 + 1) / 18) == found.S
    assert found.S_window_ms == 100.0
    assert found.M_syn_bytes == 18 * 8
    assert found.spikes_per_wall_second == 11 / 0.5
    assert found.T_s == pytest.approx((11 / 0.5) / (0.5 / 11))
    assert found.real_time_factor == pytest.approx(0.5 / 0.3)
    assert list(found.populations) == ["E", "I"]
    assert found.populations["E"].n == 4
    assert found.populations["E"].rate_hz == pytest.approx(8 / 4 / 0.3)
    assert found.populations["I"].rate_hz == pytest.approx(3 / 2 / 0.3)
    assert found.populations["E"].cv_isi == pytest.approx(0.0, abs=1e-12)
    assert math.isnan(found.populations["I"].cv_isi)


def test_another_stretch_and_window(path):
    found = metrics(read(path), 0.0, 200.0, window_ms=50.0)
    assert (found.from_ms, found.to_ms) == (0.0, 200.0)
    assert found.n_spikes == 9
    # Windows of 50 ms: {0}, {5}, {0}, {0, 1}: neuron 0 at 100-140 and 150; neuron 1 at 199.9.
    assert pytest.approx(1 - (1 + 1 + 1 + 2) / 24) == found.S
    # Throughput belongs to the run, not to the stretch.
    assert found.spikes_per_wall_second == 22.0


def test_json_has_the_agreed_words(path):
    text = metrics(path).to_json()
    assert "NaN" not in text
    found = json.loads(text)
    assert set(found) >= {
        "n_neurons", "n_synapses", "C_eff", "S", "S_window_ms", "M_syn_bytes", "T_s", "n_spikes",
        "populations", "projections",
    }  # fmt: skip
    assert set(found["populations"]["E"]) == {
        "n", "rate_hz", "cv_isi", "correlation", "cv2", "lv", "lvr", "fano", "synchrony",
        "peak_hz", "treves_rolls", "population_sparseness", "lifetime_sparseness",
    }  # fmt: skip
    assert found["populations"]["I"]["cv_isi"] is None
    assert found["projections"]["E_I"] == {"n_synapses": 12, "C_eff": 1.5}


def test_killed_run_has_what_can_be_known(tmp_path):
    write(tmp_path / "run.h5", SPIKES, finish=False)
    found = metrics(tmp_path / "run.h5")
    assert found.n_spikes == 11
    assert found.C_eff == 0.5
    assert json.loads(found.to_json())["T_s"] is None
    assert json.loads(found.to_json())["M_syn_bytes"] is None


def test_populations_not_recorded_are_left_out_of_rates_and_sparsity(tmp_path):
    write(tmp_path / "run.h5", SPIKES, recorded=("I",))
    found = metrics(tmp_path / "run.h5")
    assert found.n_neurons == 6
    assert found.n_spikes == 3
    assert math.isnan(found.populations["E"].rate_hz)
    assert pytest.approx(1 - (0 + 2 + 1) / 6) == found.S
    assert read(tmp_path / "run.h5").rates() == {"I": pytest.approx(5.0)}


def test_stretch_shorter_than_the_window_has_no_sparsity(path):
    assert math.isnan(metrics(path, 100.0, 150.0).S)


def test_silent_network(tmp_path):
    write(tmp_path / "run.h5", [])
    found = metrics(tmp_path / "run.h5")
    assert (found.S, found.n_spikes, found.populations["E"].rate_hz) == (1.0, 0, 0.0)
    assert found.T_s == 0.0
    format_table(found)


@pytest.mark.parametrize(("start", "stop"), [(400.0, None), (200.0, 100.0), (-1.0, None)])
def test_empty_stretch_is_refused(path, start, stop):
    with pytest.raises(AnalysisError, match="it holds 0 to 400 ms"):
        metrics(path, start, stop)


@pytest.mark.parametrize("window", [0.0, -1.0, math.nan, math.inf])
def test_impossible_window_is_refused(path, window):
    with pytest.raises(AnalysisError, match="window"):
        metrics(path, window_ms=window)


def test_foreign_file_is_refused(tmp_path):
    (tmp_path / "x.h5").write_text("x")
    with pytest.raises(RecordingError):
        metrics(tmp_path / "x.h5")


def test_table_shows_every_number(path):
    table = format_table(metrics(path))
    for text in ("E ", "I ", "6.667", "18", "0.50000", "100 ms", "spikes/s^2", "144 B", "1.667"):
        assert text in table, text
    assert "nan" not in table


def test_recording_has_the_metrics_at_hand(path):
    recording = read(path)
    assert recording.metrics().C_eff == 0.5
    assert recording.rates()["E"] == pytest.approx(8 / 4 / 0.3)


def test_metrics_import_neither_scipy_nor_matplotlib_nor_brian2():
    code = (
        "import sys, neurosim.analysis.metrics, neurosim.recording.reader\n"
        "print([m for m in ('scipy', 'matplotlib', 'brian2', 'sympy', 'neo') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_statistics_of_a_population_are_those_of_its_functions():
    times, ids = renewal(40, 15.0, 2, seed=1, duration_ms=4000.0)
    found = population_metrics(times, ids, 50, 0.0, 4000.0, window_ms=200.0)
    windows = (times, ids, 50, 0.0, 4000.0)
    assert found.cv2 == intervals.cv2(times, ids, 50).mean()
    assert found.lv == intervals.lv(times, ids, 50).mean()
    assert found.lvr == intervals.lvr(times, ids, 50).mean()
    assert found.fano == counts.fano_factors(*windows, window_ms=200.0).mean()
    assert found.synchrony == counts.count_synchrony(times, 0.0, 4000.0)
    assert found.treves_rolls == counts.treves_rolls(np.bincount(ids, minlength=50))
    population = counts.population_sparseness(*windows, window_ms=200.0)
    assert found.population_sparseness == population.mean()
    assert found.lifetime_sparseness == counts.lifetime_sparseness(*windows, window_ms=200.0).mean()
    assert 5.0 <= found.peak_hz <= 500.0
    assert np.isnan(population_metrics(*windows[:3], 0.0, 300.0, window_ms=100.0).peak_hz)


def test_a_million_spikes_are_measured_in_seconds():
    # Not a benchmark: a loop in Python over spikes or neurons would take minutes.
    rng = np.random.default_rng(0)
    times, ids = np.sort(rng.uniform(0, 1e4, 1_000_000)), rng.integers(0, 20_000, 1_000_000)
    began = time.perf_counter()
    population_metrics(times, ids, 20_000, 0.0, 1e4, window_ms=100.0)
    assert time.perf_counter() - began < 10.0

"""The cost model gets back what its numbers were made of, and the command reports it."""

import json
import sys

import numpy as np
import pytest

from neurosim.errors import DescriptionError, ParallelError
from neurosim.scaling import report, runs
from neurosim.scaling.model import Coefficients, nonnegative
from neurosim.scaling.runs import Variant

TRUE = report.Fit(neuron_s=5e-9, team_s=2e-7, hop_s=4e-6, byte_s=3e-9)


def row(ranks, threads, kind="strong", neurons=80_000):
    """A run on ranks and threads that takes what the true model says."""
    made = {
        "kind": kind,
        "ranks": ranks,
        "threads": threads,
        "cores": ranks * threads,
        "n_neurons": neurons * (ranks * threads if kind == "weak" else 1),
        "n_synapses": 10 * neurons,
        "n_spikes": 3 * neurons,
        "duration_ms": 1000.0,
        "dt_ms": 0.1,
        "exchanges": 10_000 if ranks > 1 else 0,
        "exchange_bytes": 10_000 * ranks * (ranks - 1) * (100 + 4 * neurons // 3000),
        "build_s": 1.0,
        "peak_rss_bytes": 10**9,
    }
    seconds = TRUE.seconds(made)
    parts = TRUE.parts(made)
    made |= {"real_time_factor": seconds, "simulate_s": seconds}
    made["exchange_s"] = parts["latency"] + parts["bandwidth"]
    return runs.row(Variant(ranks, threads, kind=kind), made)


ROWS = [row(r, t) for r, t in ((1, 1), (2, 1), (1, 2), (4, 1), (1, 4), (8, 1), (2, 4), (16, 1))]


def test_the_fit_finds_the_coefficients():
    found = report.fit(ROWS)
    assert vars(found) == pytest.approx(vars(TRUE), rel=0.02)
    for made in ROWS:
        assert found.seconds(made) == pytest.approx(made["real_time_factor"], rel=0.01)
    costs = report.exchange_costs(ROWS, Coefficients())
    assert (costs.hop_s, costs.byte_s) == pytest.approx((4e-6, 3e-9), rel=0.02)


def test_no_coefficient_is_negative():
    counts = np.array([[1.0, 1.0], [1.0, 2.0], [1.0, 4.0]])
    assert nonnegative(counts, [4.0, 2.0, 1.0]).min() >= 0
    assert nonnegative(counts, [0.0, 0.0, 0.0]).tolist() == [0.0, 0.0]


def test_what_runs_leave_open_goes_where_it_is_expected():
    same = np.array([[1.0, 10.0], [2.0, 20.0]])
    found = nonnegative(same, [4.0, 8.0], expected=[2.0, 0.2], trust=0.1)
    assert found == pytest.approx([2.0, 0.2], rel=1e-6)


def test_efficiency_is_against_the_fastest_run_on_one_core():
    rows = report.with_efficiency([*ROWS, row(1, 1, "weak"), row(4, 1, "weak")])
    slower = {**rows[0], "real_time_factor": 2 * rows[0]["real_time_factor"]}
    assert report.with_efficiency([rows[0], slower])[1]["efficiency"] == pytest.approx(0.5)
    by = {(r["kind"], r["ranks"], r["threads"]): r for r in rows}
    one, four = by["strong", 1, 1], by["strong", 4, 1]
    speedup = one["real_time_factor"] / four["real_time_factor"]
    assert four["efficiency"] == pytest.approx(speedup / 4)
    one, four = by["weak", 1, 1], by["weak", 4, 1]
    assert four["efficiency"] == pytest.approx(one["real_time_factor"] / four["real_time_factor"])
    assert four["speedup"] == pytest.approx(4 * four["efficiency"])


def test_the_figure_shows_ranks_threads_and_both():
    rows = report.with_efficiency([*ROWS, row(1, 1, "weak"), row(2, 1, "weak"), row(1, 2, "weak")])
    drawn = report.draw(rows, report.fit(rows), "made")
    labels = [t.get_text() for t in drawn.axes[0].get_legend().get_texts()]
    assert labels == ["ranks", "threads", "both", "ideal"]
    assert len(drawn.axes) == 3


def test_ranks_are_launched_and_one_rank_is_not():
    base = runs.neurosim_run("x")
    line = runs.command(Variant(4, 2, ("--scale", "1")), base, "mpiexec")
    assert line[:3] == ["mpiexec", "-n", "4"]
    assert line[-4:] == ["--scale", "1", "--threads", "2"]
    assert runs.command(Variant(1, 2), base, None) == [*base, "--threads", "2"]
    with pytest.raises(ParallelError, match="neurosim\\[mpi\\]"):
        runs.command(Variant(2, 1), base, None)


SLEEP = "import time; time.sleep(9)"


def test_experiments_of_several_networks_are_refused():
    script = ["-c", "print('{\"metrics\": {}}')"]
    with pytest.raises(DescriptionError, match="several networks"):
        runs.run_once(Variant(1, 1), [sys.executable, *script], None)
    with pytest.raises(ParallelError, match="longer than"):
        runs.run_once(Variant(1, 1), [sys.executable, "-c", SLEEP], None, limit_s=0.05)
    with pytest.raises(ParallelError, match="code 3"):
        runs.run_once(Variant(1, 1), [sys.executable, "-c", "raise SystemExit(3)"], None)


def test_the_command_measures_tells_and_keeps(invoke, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NEUROSIM_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(runs, "require_launcher", lambda: "mpiexec")
    seen = []

    def pretend(variant, base, mpiexec, limit_s=None):
        seen.append((variant, base))
        return row(variant.ranks, variant.threads, variant.kind)

    monkeypatch.setattr(runs, "run_once", pretend)
    done = invoke("scaling", "--cores", "2,4", "--runs", 2, "--set", "drive=dc", "--json")
    assert done.code == 0, done.err
    assert len(seen) == 2 * 2 * 5
    weak = [v for v, _ in seen if v.kind == "weak" and v.cores == 4]
    assert weak[0].words == ("--scale", "0.4", "--set", "indegree_scale=0.1")
    assert "drive=dc" in seen[0][1]
    written = json.loads((tmp_path / "scaling.json").read_text())
    assert done.json["model"] == pytest.approx(written["model"])
    assert (tmp_path / "scaling.png").read_bytes()[:4] == b"\x89PNG"
    kept = json.loads((tmp_path / "cache" / "costs.json").read_text())
    assert kept["hop_s"] == pytest.approx(4e-6, rel=0.3)


@pytest.mark.parametrize("output", ["nowhere/scaling.json", "scaling.png"])
def test_an_output_that_cannot_be_is_refused_before_anything_runs(invoke, output):
    done = invoke("scaling", "--output", output)
    assert done.code == 1
    assert "error: --output" in done.err


@pytest.mark.parametrize("cores", ["", "2,x", "0", "-1"])
def test_wrong_numbers_of_cores_are_usage_errors(invoke, cores):
    assert invoke("scaling", "--cores", cores).code == 2

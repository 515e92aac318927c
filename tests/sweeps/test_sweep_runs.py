"""Sweeps: what they run, measure, keep, note and go on with, in one process and in several."""

import json
import math
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

import neurosim as ns
from neurosim.cli.main import main
from neurosim.errors import (
    AnalysisError,
    DescriptionError,
    NumericalError,
    SweepError,
    UnknownNameError,
    UnsupportedError,
)
from neurosim.sweeps import course, workers
from neurosim.units import ms

sys.path.insert(0, str(Path(__file__).parent))
import swept_models as models

SHORT = {"duration": 30 * ms, "engine": "brian2"}


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    """A sweep by two processes: two parameters, two seeds, its folder."""
    folder = tmp_path_factory.mktemp("swept") / "sweep"
    over = {"g": [0.5, 1.0], "tau": [10 * ms, 20 * ms]}
    return ns.sweep(models.build, over, seeds=2, output=folder, workers=2, duration=30 * ms)


def index_of(results):
    return json.loads((results.folder / "index.json").read_text())


def test_every_run_is_what_it_is_alone(swept):
    assert [run.number for run in swept.runs] == list(range(1, 9))
    for run in swept.runs[1::3]:
        alone = ns.simulate(models.build(seed=run.seed, **run.parameters), 30 * ms)
        assert run.recording().spikes_sha256() == alone.spikes_sha256()
        assert run.spikes == {f"run-{run.number:04d}": alone.spikes_sha256()}
        metrics = alone.metrics()
        assert run.measures["E.rate_hz"] == metrics.populations["E"].rate_hz
        assert run.measures["n_spikes"] == metrics.n_spikes


def test_the_parameters_are_values_of_one_compiled_program(swept, monkeypatch, tmp_path):
    from neurosim.engines.native import engine

    compiled = []
    real = engine.compile_cached

    def noted(source, *rest, **options):
        compiled.append(source)
        return real(source, *rest, **options)

    monkeypatch.setattr(engine, "compile_cached", noted)
    ns.sweep(models.build, {"g": [1, 2], "tau": [5 * ms]}, seeds=2, duration=5 * ms, keep=False)
    assert len(compiled) == 4 * len(set(compiled))


def test_the_table(swept):
    rows = swept.table()
    assert swept.parameters == ("g", "tau")
    assert swept.units["tau"].text == "ms"
    assert [(row["g"], row["tau"], row["seed"]) for row in rows[:3]] == [
        (0.5, 10.0, 1), (0.5, 10.0, 2), (0.5, 20.0, 1),
    ]  # fmt: skip
    array = swept.array()
    assert array.shape == (8,)
    assert array["E.rate_hz"].dtype == np.float64
    faster, slower = array["E.rate_hz"][array["g"] == 0.5], array["E.rate_hz"][array["g"] == 1]
    assert faster.mean() > slower.mean() > 0
    with pytest.raises(AnalysisError, match="there is no column 'rate'; there are: g, tau, seed"):
        swept.column("rate")


def test_a_frame_needs_pandas(swept, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(UnsupportedError, match="pip install pandas"):
        swept.frame()


def test_the_folder_is_read_as_it_was_returned(swept):
    again = ns.read_sweep(swept.folder)
    assert str(again.table()) == str(swept.table())
    content = index_of(swept)
    assert content["status"] == "complete"
    assert content["runs"][0]["recording"] == "runs/run-0001.h5"
    kept = sorted(path.name for path in (swept.folder / "runs").iterdir())
    assert kept == [f"run-{number:04d}.h5" for number in range(1, 9)]


def test_other_measures_of_the_same_recordings(swept):
    counted = swept.measure(models.count)
    assert counted.measures == ("count", "first")
    assert counted.column("count") == swept.column("n_spikes")


def test_figures(swept, tmp_path):
    figure = swept.plot("g", "E.rate_hz", path=tmp_path / "lines.png")
    (axes,) = figure.axes
    assert [line.get_label() for line in axes.lines] == ["tau = 10 ms", "tau = 20 ms"]
    array = swept.array()
    chosen = (array["g"] == 0.5) & (array["tau"] == 10)
    assert axes.lines[0].get_ydata()[0] == pytest.approx(array["E.rate_hz"][chosen].mean())
    plane = swept.plot("g", "tau", "E.rate_hz")
    assert plane.axes[0].get_ylabel() == "tau (ms)"
    shown = plane.axes[0].collections[0].get_array()
    assert shown.ravel()[0] == pytest.approx(array["E.rate_hz"][chosen].mean())
    assert (tmp_path / "lines.png").stat().st_size > 1000
    with pytest.raises(AnalysisError, match="no column"):
        swept.plot("g", "nothing")


def test_more_points_are_added_to_what_is_there(tmp_path, monkeypatch):
    run = []
    real = course.work

    def noted(target, todo, *rest):
        run.append([number for number, _ in todo])
        real(target, todo, *rest)

    monkeypatch.setattr(course, "work", noted)
    folder = tmp_path / "sweep"
    first = ns.sweep(models.build, {"g": [1, 2]}, output=folder, measure=models.count, **SHORT)
    same = ns.sweep(models.build, {"g": [2, 1]}, output=folder, measure=models.count, **SHORT)
    more = ns.sweep(
        models.build, {"g": [3, 1]}, seeds=[1], output=folder, measure=models.count, **SHORT
    )
    assert run == [[1, 2], [3]]
    assert same.column("count") == first.column("count")[::-1]
    assert [r.number for r in more.runs] == [3, 1]
    assert len(ns.read_sweep(folder)) == 3


def test_another_sweep_in_the_folder_is_refused(tmp_path, monkeypatch):
    folder = tmp_path / "sweep"
    ns.sweep(models.build, {"g": [1]}, output=folder, **SHORT)
    with pytest.raises(SweepError, match=r"duration_s 0.03, not 0.04"):
        ns.sweep(models.build, {"g": [1]}, output=folder, duration=40 * ms, engine="brian2")
    with pytest.raises(SweepError, match=r"experiment .build., not .seedless."):
        ns.sweep(models.seedless, {"g": [1]}, output=folder, **SHORT)

    def build(g=1.0, seed=1):
        return models.build(g, seed=seed, n=21)

    with pytest.raises(SweepError, match=r"another build.*at g=1, seed 1"):
        ns.sweep(build, {"g": [1, 2]}, output=folder, **SHORT)
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.tex").write_text("years of work")
    with pytest.raises(SweepError, match=r"not empty .thesis.tex."):
        ns.sweep(models.build, {"g": [1]}, output=other, **SHORT)
    (folder / "index.json").write_text("{}")
    with pytest.raises(SweepError, match="not the index of a sweep"):
        ns.read_sweep(folder)


def test_failed_points_are_noted_and_do_not_end_the_sweep(tmp_path):
    folder = tmp_path / "sweep"
    over = {"g": [1.0, 2.0, 0.5]}
    results = ns.sweep(models.becomes_nan, over, output=folder, duration=5 * ms)
    assert [run.status for run in results.runs] == ["complete", "failed", "complete"]
    (failed,) = results.failed
    assert failed.message.startswith(f"{NumericalError.__name__}: variable 'v' of neuron 0")
    assert math.isnan(results.column("E.rate_hz")[1])
    again = ns.sweep(models.becomes_nan, over, output=folder, duration=5 * ms)
    assert again.runs[1].wall_s == failed.wall_s
    again = ns.sweep(models.becomes_nan, over, output=folder, duration=5 * ms, retry=True)
    assert again.runs[1].wall_s != failed.wall_s
    assert again.runs[0].wall_s == results.runs[0].wall_s


@pytest.fixture
def forked(monkeypatch):
    """Worker processes that need not import everything again, for a quicker test."""
    monkeypatch.setattr(workers, "_START", "fork")


@pytest.mark.usefixtures("forked")
def test_a_process_that_is_killed_costs_its_point(tmp_path):
    over = {"g": [1, 2, 3]}
    results = ns.sweep(models.killed, over, output=tmp_path / "s", workers=2, **SHORT)
    assert [run.status for run in results.runs] == ["complete", "failed", "complete"]
    assert "signal 9" in results.failed[0].message


@pytest.mark.usefixtures("forked")
def test_a_mistake_ends_the_sweep_and_is_told(tmp_path):
    with pytest.raises(TypeError, match="sede"):
        ns.sweep(models.wrong, {"g": [1, 2]}, **SHORT)
    with pytest.raises(SweepError, match=r"TypeError: build\(\).*sede.*(?s:.)*Traceback"):
        ns.sweep(models.wrong, {"g": [1, 2]}, workers=2, output=tmp_path / "s", **SHORT)
    assert not list((tmp_path / "s" / "runs").iterdir())
    with pytest.raises(SweepError, match=r"not_numbers\(\) returned list"):
        ns.sweep(models.build, {"g": [1]}, measure=models.not_numbers, **SHORT)


def test_an_experiment_its_name_and_a_function_of_any_parameters(tmp_path):
    by_object = ns.sweep(models.experiment, {"g": [1.0]}, keep=False, engine="brian2")
    assert by_object.runs[0].path is None
    path = Path(models.__file__)
    by_file = ns.sweep(str(path), {"n": [20]}, settings={"g": 1.0}, engine="brian2")

    def anything(seed=1, **parameters):
        return models.build(seed=seed, **parameters)

    free = ns.sweep(anything, {"g": [1.0]}, duration=20 * ms, warmup=10 * ms, engine="brian2")
    assert not [*by_object.failed, *by_file.failed, *free.failed]
    rates = {r.column("E.rate_hz")[0] for r in (by_object, by_file, free)}
    assert len(rates) == 1
    assert by_file.runs[0].recording().warmup_ms == 10
    with pytest.raises(AnalysisError, match="kept no recording"):
        by_object.runs[0].recording()


def test_an_experiment_that_performs_gives_its_own_metrics(tmp_path):
    over = {"which": ["both", "one"]}
    results = ns.sweep(models.performed, over, seeds=[4], output=tmp_path / "s", engine="brian2")
    assert results.measures == ("one.rate_hz", "two.rate_hz", "g")
    both, one = results.runs
    assert (
        both.measures["one.rate_hz"] == both.measures["two.rate_hz"] == one.measures["one.rate_hz"]
    )
    assert sorted(path.name for path in both.path.iterdir()) == ["one.h5", "results.json", "two.h5"]
    assert set(both.spikes) == {"one", "two"}
    with pytest.raises(AnalysisError, match="several recordings"):
        both.recording()
    counted = ns.sweep(models.performed, over, measure=models.count, engine="brian2")
    assert counted.measures == (
        "one.count",
        "one.first",
        "two.count",
        "two.first",
        "count",
        "first",
    )


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ({"over": {"h": [1]}}, UnknownNameError, "unknown parameter 'h' in the sweep of build"),
        ({"duration": None}, DescriptionError, "how long is build"),
        ({"what": 3}, DescriptionError, "not 3"),
        ({"what": models.seedless, "seeds": 2}, DescriptionError, "takes no seed"),
        ({"what": lambda g: g, "over": {}}, DescriptionError, "needs g"),
        ({"settings": {"g": 2}}, DescriptionError, "g is varied"),
        ({"workers": -1}, DescriptionError, "workers=-1"),
        ({"what": lambda g, seed: g, "workers": 2}, DescriptionError, "<lambda>: worker processes"),
        ({"measure": lambda r: {}, "workers": 2}, DescriptionError, "measure=.*top level"),
    ],
)
def test_what_cannot_be_swept_is_refused_before_anything_is_run(change, error, says):
    given = {"what": models.build, "over": {"g": [1, 2]}, **SHORT, **change}
    with pytest.raises(error, match=says):
        ns.sweep(given.pop("what"), given.pop("over"), **given)


SCRIPT = """
import sys
import neurosim as ns
from neurosim.units import ms
sys.path.insert(0, {folder!r})
from swept_models import slow
{guard}ns.sweep(slow, {{"g": [1, 2, 3, 4, 5, 6]}}, duration=10*ms, output="sweep",
         workers={workers}, keep=False, engine="brian2")
"""


def script(tmp_path, count, guard="if __name__ == '__main__': "):
    path = tmp_path / "script.py"
    folder = str(Path(models.__file__).parent)
    path.write_text(SCRIPT.format(folder=folder, workers=count, guard=guard))
    return subprocess.Popen(
        [sys.executable, path.name], cwd=tmp_path, stderr=subprocess.PIPE, text=True,
        start_new_session=True,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("count", "number"),
    [
        (1, signal.SIGINT),
        pytest.param(2, signal.SIGINT, marks=pytest.mark.slow),
        (2, signal.SIGTERM),
        pytest.param(2, signal.SIGKILL, marks=pytest.mark.slow),
    ],
)
def test_a_sweep_that_is_stopped_goes_on(tmp_path, count, number):
    process = script(tmp_path, count)
    folder = tmp_path / "sweep"
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if (folder / "index.json").exists():
            done = [r for r in ns.read_sweep(folder).runs if r.status == "complete"]
            if done:
                break
        time.sleep(0.05)
    if number == signal.SIGINT:
        os.killpg(process.pid, number)
    else:
        process.send_signal(number)
    _, told = process.communicate(timeout=60)
    assert process.returncode != 0
    before = [r for r in ns.read_sweep(folder).runs if r.status == "complete"]
    assert 0 < len(before) < 6
    if number != signal.SIGKILL:
        assert f"interrupted after {len(before)} of 6 runs" in told
        assert index_of(ns.read_sweep(folder))["status"] == "interrupted"
        assert not list((folder / "runs").glob("*.claim"))
    else:
        time.sleep(1.5)  # the workers notice that they are alone
    results = ns.sweep(
        models.slow, {"g": [1, 2, 3, 4, 5, 6]}, duration=10 * ms, output=folder, keep=False,
        engine="brian2",
    )  # fmt: skip
    assert [run.status for run in results.runs] == ["complete"] * 6
    walls = {run.number: run.wall_s for run in results.runs}
    assert all(walls[run.number] == run.wall_s for run in before)


def test_a_sweep_within_a_worker_is_refused(monkeypatch):
    monkeypatch.setattr(multiprocessing.current_process(), "name", "neurosim-sweep-1")
    with pytest.raises(DescriptionError, match="if __name__"):
        ns.sweep(models.build, {"g": [1, 2]}, workers=2, **SHORT)


@pytest.mark.slow
def test_a_script_without_a_guard_is_told_of_it(tmp_path):
    process = script(tmp_path, 2, guard="")
    _, told = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "if __name__ ==" in told


def test_two_sweeps_do_not_share_a_folder(tmp_path):
    from neurosim.locks import held

    folder = tmp_path / "sweep"
    ns.sweep(models.build, {"g": [1]}, output=folder, **SHORT)
    with held(folder / ".lock", 0.0), pytest.raises(SweepError, match="another sweep is running"):
        ns.sweep(models.build, {"g": [1]}, output=folder, **SHORT)


def test_a_temporary_folder_lasts_as_long_as_the_results():
    results = ns.sweep(models.build, {"g": [1]}, **SHORT)
    folder = results.folder
    assert results.runs[0].recording().complete
    del results
    assert not folder.exists()


def test_the_command_line(tmp_path, capsys, monkeypatch):
    def run(*arguments):
        with pytest.raises(SystemExit) as stop:
            main(["sweep", *arguments])
        return (stop.value.code or 0, *capsys.readouterr())

    monkeypatch.chdir(tmp_path)
    fixed = (models.__file__, "--workers", "1", "--engine", "brian2", "--quiet")
    over = ("--over", "g=1:2:2", "--over", "tau=5ms,10ms", "--seeds", "3,", "--set", "n=5")
    code, out, _ = run(*fixed, *over, "--output", "found")
    assert code == 0
    lines = [line.split() for line in out.splitlines()]
    assert lines[0][:5] == ["g", "tau", "(ms)", "seed", "E.rate_hz"]
    assert [line[:3] for line in lines[1:5]] == [
        ["1", "5", "3"], ["1", "10", "3"], ["2", "5", "3"], ["2", "10", "3"],
    ]  # fmt: skip
    code, out, err = run(*fixed, *over, "--output", "found", "--json", "--show", "n_spikes")
    values = json.loads(out)
    assert values["units"] == {"g": "", "tau": "ms"}
    counts = [int(line.split()[3]) for line in err.splitlines()[1:5]]
    assert [row["n_spikes"] for row in values["runs"]] == counts
    assert ns.read_sweep("found").column("n_spikes") == counts
    code, _, err = run(*fixed, "--over", "h=1")
    assert (code, "unknown parameter 'h'" in err) == (1, True)
    code, _, err = run(*fixed)
    assert (code, "say what varies" in err) == (2, True)
    code, out, _ = run(*fixed, "--over", "n=-1", "--no-recordings", "--output", "none")
    assert code == 1
    assert "run 1 failed: DescriptionError" in out

"""One network priced on every platform: the table beside the published one, and the task itself."""

import json
import math

import numpy as np
import pytest
from neurosim.experiments import platform_costs
from neurosim.networks.patterns import N_CLASSES, PAUSE, PER_CLASS, SHOWN, pattern_task

import neurosim as ns
from neurosim.errors import DescriptionError
from neurosim.platforms import platform_names


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = tmp_path_factory.mktemp("costs") / "out"
    _, experiment = ns.load_experiment("platform_costs")
    return experiment.run(quick=True, output=folder, name="platform_costs", threads=1), folder


def test_small_version_is_run_and_kept(results):
    found, folder = results
    assert list(found.recordings) == ["patterns"]
    kept = json.loads((folder / "results.json").read_text())["metrics"]
    assert kept["inferences"] == 5
    assert (folder / "figure.png").read_bytes()[:4] == b"\x89PNG"
    assert found.passed, found.table()


def test_every_platform_that_has_a_price_is_in_the_table(results):
    found, _ = results
    priced = set(found.metrics["per_inference"])
    assert priced <= set(platform_names())
    assert priced == set(ns.price(found.recordings["patterns"]))
    table = "\n".join(found.lines)
    for name in [*priced, *found.metrics["published"]]:
        assert name in table


def test_an_inference_is_its_share_of_the_run(results):
    found, _ = results
    for name, one in found.metrics["per_inference"].items():
        run = found.metrics["runs"][name]
        assert one["seconds"] * 5 == pytest.approx(run["t_run"])
        assert one["joules"] * 5 == pytest.approx(run["E_run"])
        assert one["edp_J_s"] == pytest.approx(one["seconds"] * one["joules"])


def test_recorded_events_are_pixels_times_their_fan_outs(results):
    found, _ = results
    recording = found.recordings["patterns"]
    _, ids = recording.spikes("pixels")
    degrees = recording.outdegree("own") + recording.outdegree("others")
    expected = int(degrees.astype(int) @ np.bincount(ids, minlength=100))
    for run in found.metrics["runs"].values():
        for item in run["items"]:
            if item["what"] == "synaptic_events":
                assert item["count"] == expected


def test_what_stands_in_the_way_is_told():
    lines = platform_costs._table_of_runs(
        {
            "here": platform_costs.Executed(0.5, 1e-3, 2e-6),
            "there": platform_costs.Executed(math.nan, why="no such model"),
        }
    )
    assert any("here" in line and "50 %" in line and "2 uJ" in line for line in lines)
    assert any("there" in line and "no such model" in line for line in lines)


def test_task_repeats_and_differs_by_seed():
    first, again, other = pattern_task(7, 1), pattern_task(7, 1), pattern_task(7, 2)
    assert (first.labels == again.labels).all()
    assert first.network.sources["pixels"].size == 100
    trains = [t.network.sources["pixels"] for t in (first, again, other)]
    assert np.array_equal(trains[0].times, trains[1].times)
    assert not np.array_equal(trains[0].times, trains[2].times)


def test_answers_are_the_classes_that_fire_most():
    task = pattern_task(3, 1)
    every = SHOWN + PAUSE
    times = np.array([1, 2, 3, every + 1, 10 * every], float)
    ids = np.array([0, PER_CLASS * 4, PER_CLASS * 4 + 1, PER_CLASS * (N_CLASSES - 1), 0])
    assert task.answers(times, ids).tolist() == [4, N_CLASSES - 1, -1]


def test_a_task_without_patterns_is_refused():
    with pytest.raises(DescriptionError, match="n_shown"):
        pattern_task(0)


@pytest.mark.slow
def test_full_version_passes_its_checks():
    _, experiment = ns.load_experiment("platform_costs")
    found = experiment.run(name="platform_costs")
    assert found.passed, found.table()
    assert set(found.metrics["executed"]) == set(platform_names())

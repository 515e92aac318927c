"""A sweep whose runs are shared by ranks, each of which simulates by itself."""

import json
from pathlib import Path

from launch import launch

import neurosim as ns

MODELS = Path(__file__).parents[1] / "sweeps" / "swept_models.py"


def test_ranks_share_the_runs_of_a_sweep(tmp_path):
    arguments = ["sweep", MODELS, "--over", "g=1,2,3", "--seeds", "2", "--quiet"]
    folder = tmp_path / "sweep"
    done = launch(
        ["-m", "neurosim", *arguments, "--engine", "brian2", "--output", folder, "--json"],
        2,
        check=True,
        timeout=120,
    )
    found = ns.read_sweep(folder)
    assert [run.status for run in found.runs] == ["complete"] * 6
    printed = [line for line in done.stdout.splitlines() if line.startswith("{")]
    assert len(printed) == 1
    values = json.loads(printed[0])
    assert [row["n_spikes"] for row in values["runs"]] == found.column("n_spikes")
    for run in found.runs[::3]:
        recording = run.recording()
        assert recording.complete
        alone = ns.sweep(str(MODELS), {"g": [run.parameters["g"]]}, seeds=[run.seed])
        assert list(alone.runs[0].spikes.values()) == list(run.spikes.values())

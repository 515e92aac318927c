"""``neurosim resume``: what the network is made of again, and what is refused."""

import json
import os
import signal
from pathlib import Path

import numpy as np
import pytest

from neurosim.checkpoint import Checkpoints, opened
from neurosim.cli.main import main
from neurosim.engines.native.compiler import find_compiler
from neurosim.errors import CheckpointError, CompilerNotFoundError
from neurosim.experiment import load_experiment
from neurosim.recipes import read_recipe, recipe_of

YAML = """\
neurosim: 1
name: small
settings:
  drive: 12 mV
models:
  lif:
    equations: |
      dv/dt = (mu - v)/(10*ms) : volt (unless refractory)
    threshold: v > 10*mV
    reset: v = 0*mV
    refractory: 2 ms
    parameters: {mu: drive}
populations:
  E: {size: 20, model: lif, initial: {v: 10*mV*rand()}}
projections:
  - {pre: E, post: E, rule: Bernoulli(0.2), variable: v, weight: 0.3 mV, delay: 1.5 ms}
simulation: {duration: 40 ms, warmup: 10 ms}
"""
PYTHON = """\
import neurosim as ns
from neurosim.units import ms, mV


def build(seed=1, drive=12.0):
    model = ns.NeuronModel(
        "dv/dt = (drive*mV - v)/(10*ms) : volt (unless refractory)",
        threshold="v > 10*mV",
        reset="v = 0*mV",
        refractory=2 * ms,
        parameters={"drive": drive},
    )
    net = ns.Network(seed=seed)
    cells = net.population("E", 20, model, initial={"v": "10*mV*rand()"})
    net.project(cells, cells, ns.Bernoulli(0.2), "v", weight=0.3 * mV, delay=1.5 * ms)
    return net


experiment = ns.Experiment(build=build, duration=40 * ms, warmup=10 * ms, figures=())
"""


def run(capsys, *arguments):
    """Run the command; return (exit code, JSON on stdout or None, stderr)."""
    before = signal.getsignal(signal.SIGINT)
    try:
        with pytest.raises(SystemExit) as end:
            main([str(argument) for argument in arguments])
    finally:
        signal.signal(signal.SIGINT, before)  # the command ignores it once it was interrupted
    said = capsys.readouterr()
    lines = [line for line in said.out.splitlines() if line.startswith("{")]
    return end.value.code, json.loads(lines[-1]) if lines else None, said.err


@pytest.fixture
def _here(tmp_path, monkeypatch):
    try:
        find_compiler()
    except CompilerNotFoundError as error:
        pytest.skip(str(error))
    monkeypatch.chdir(tmp_path)
    Path("small.yaml").write_text(YAML)
    Path("mine.py").write_text(PYTHON)


def stopped(capsys, monkeypatch, *arguments):
    """Run with checkpoints until SIGTERM comes, when the third one is written."""
    count = [0]
    real = Checkpoints.write

    def write(self, *given, **named):
        real(self, *given, **named)
        count[0] += 1
        if count[0] == 3:
            os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(Checkpoints, "write", write)
    code, _, told = run(capsys, "run", *arguments, "--json", "--checkpoint-every-bio", "3.7ms")
    monkeypatch.setattr(Checkpoints, "write", real)
    assert code == 130
    return told


@pytest.mark.usefixtures("_here")
@pytest.mark.parametrize(
    ("experiment", "again"), [("small.yaml", ()), ("mine.py", ("--experiment", "mine.py"))]
)
def test_a_stopped_file_goes_on(capsys, monkeypatch, experiment, again):
    options = (experiment, "--set", "drive=13*mV" if "yaml" in experiment else "drive=13.0")
    code, whole, _ = run(capsys, "run", *options, "--output", "whole.h5", "--json")
    assert code == 0
    told = stopped(capsys, monkeypatch, *options, "--output", "run.h5", "--threads", "2")
    assert "resume with: neurosim resume run.ckpt.h5" in told
    Path("small.yaml").unlink()  # its text is in the checkpoint
    code, resumed, _ = run(capsys, "resume", "run.ckpt.h5", *again, "--json")
    assert code == 0
    for name in ("spikes_sha256", "n_spikes", "duration_ms", "warmup_ms", "status", "seed"):
        assert resumed[name] == whole[name], name
    code, _, told = run(capsys, "resume", "run.ckpt.h5", *again)
    assert code == 0  # the last checkpoint is the one of the stop: the rest is simulated again


@pytest.mark.usefixtures("_here")
def test_more_than_was_planned(capsys, monkeypatch):
    stopped(capsys, monkeypatch, "small.yaml", "--output", "run.h5", "--warmup", "0ms")
    with opened("run.ckpt.h5") as saved:
        before = saved.header.step
    code, resumed, _ = run(capsys, "resume", "run.ckpt.h5", "--duration", "50ms", "--json")
    assert code == 0
    assert resumed["duration_ms"] == pytest.approx(before * 0.1 + 50)
    code, whole, _ = run(
        capsys, "run", "small.yaml", "--warmup", "0ms", "--duration",
        f"{before * 0.1 + 50:.1f}ms", "--output", "whole.h5", "--json",
    )  # fmt: skip
    assert whole["spikes_sha256"] == resumed["spikes_sha256"]


@pytest.mark.usefixtures("_here")
def test_a_python_file_is_not_executed_unless_it_is_named(capsys, monkeypatch):
    stopped(capsys, monkeypatch, "mine.py", "--output", "run.h5")
    Path("mine.py").write_text(PYTHON + "\nopen('executed', 'w')\n")
    code, _, told = run(capsys, "resume", "run.ckpt.h5")
    assert code == 1
    assert "add --experiment FILE.py" in told
    code, _, told = run(capsys, "resume", "run.ckpt.h5", "--experiment", "mine.py")
    assert code == 1
    assert "it was changed since" in told
    assert not Path("executed").exists()
    code, _, told = run(capsys, "resume", "run.ckpt.h5", "--experiment", "small.yaml")
    assert code == 1
    assert "Python file" in told


@pytest.mark.usefixtures("_here")
def test_a_finished_run_and_a_missing_file_are_named(capsys):
    code, _, _ = run(
        capsys, "run", "small.yaml", "--output", "run.h5", "--checkpoint-every-bio", "50ms"
    )
    assert code == 0
    code, _, told = run(capsys, "resume", "run.ckpt.h5")
    assert code == 1
    assert "Give --duration" in told
    code, told, _ = run(capsys, "info", "run.ckpt.h5", "--json")
    assert code == 0
    assert (told["reached_ms"], told["planned_ms"], told["warmup_ms"]) == (50.0, 50.0, 10.0)
    assert told["recording"] == str(Path("run.h5").resolve())
    code, _, told = run(capsys, "resume", "nothing.h5")
    assert code == 1
    assert "there is no checkpoint" in told


@pytest.mark.usefixtures("_here")
def test_the_checkpoint_of_a_script_names_the_python_way(capsys):
    import neurosim as ns
    from neurosim.units import ms

    net = load_experiment("mine.py")[1].network()
    with ns.Simulation(net, dt=0.1 * ms, engine="native", record=False) as sim:
        sim.run(1 * ms)
        sim.checkpoint("run.ckpt.h5")
    code, _, told = run(capsys, "resume", "run.ckpt.h5")
    assert code == 1
    assert "ns.Simulation(network, resume=...)" in told


# -- recipes ---------------------------------------------------------------------------------------


def test_an_installed_experiment_is_found_by_name():
    made = recipe_of("microcircuit", scale=0.02, seed=3, settings=["K_scale=0.1"], quick=True)
    recipe = read_recipe(made, "run.ckpt.h5")
    assert recipe.name == "microcircuit"
    assert recipe.make() is load_experiment("microcircuit")[1]
    assert recipe.make("microcircuit") is load_experiment("microcircuit")[1]
    assert (recipe.scale, recipe.seed, recipe.settings, recipe.quick) == (
        0.02, 3, ("K_scale=0.1",), True,
    )  # fmt: skip
    with pytest.raises(CheckpointError, match="Leave --experiment out"):
        recipe.make("brunel")


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "pickle"},
        {"kind": None},
        {"experiment": 3},
        {"scale": "big"},
        {"scale": float("nan")},
        {"scale": -1},
        {"seed": 1.5},
        {"seed": 2**64},
        {"settings": "a=b"},
        {"settings": [1]},
        {"quick": 1},
        {"more": 1},
    ],
)
def test_recipes_that_cannot_be_are_refused(change):
    with pytest.raises(CheckpointError, match="damaged"):
        read_recipe(recipe_of("microcircuit") | change, "run.ckpt.h5")


def test_no_recipe_names_a_file_to_be_executed(tmp_path):
    file = tmp_path / "mine.py"
    file.write_text("raise SystemExit(7)")
    forged = recipe_of("microcircuit") | {"experiment": str(file)}
    with pytest.raises(CheckpointError, match="not the name of an experiment"):
        read_recipe(forged, "run.ckpt.h5").make()


def test_digests_of_files_are_of_their_bytes(tmp_path):
    file = tmp_path / "small.yaml"
    file.write_text(YAML)
    recipe = read_recipe(recipe_of(str(file)), "run.ckpt.h5")
    assert recipe.text == YAML
    assert recipe.make().network().seed == recipe.make(str(file)).network().seed
    file.write_text(YAML.replace("12 mV", "13 mV"))
    with pytest.raises(CheckpointError, match="Leave --experiment out"):
        recipe.make(str(file))
    assert np.isclose(float(recipe.make().settings["drive"]), 0.012)

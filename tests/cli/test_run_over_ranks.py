"""The command line among ranks: one voice, one exit code, the results of one process."""

import json
import sys
from pathlib import Path

import pytest

import neurosim as ns

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "parallel"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "neuromorphic"))
import outside
from launch import launch

PERFORMED = '''
"""Two small networks, and a check that fails."""
import neurosim as ns
from neurosim.units import mV, ms


def perform(runs):
    equations = "dv/dt = (25*mV - v)/(10*ms) : volt"
    lif = ns.NeuronModel(equations, threshold="v > 20*mV", reset="v = 0*mV")
    rates = []
    for name in ("one", "two"):
        net = ns.Network(seed=runs.seed)
        net.population("E", 5, lif, initial={"v": "20*mV*rand()"})
        rates.append(runs.simulate(name, net, 100 * ms).rates()["E"])
    checks = [ns.Check.near("rate (Hz)", rates[0], 1.0, absolute=0.1, source="none")]
    return ns.Results(metrics={"rate": rates[0]}, checks=checks, lines=["told once"])


experiment = ns.Experiment(perform=perform, description="two")
'''


@pytest.fixture
def on_ranks(tmp_path):
    """Run ``neurosim`` on two ranks in the folder of the test."""
    return lambda *words: launch(["-m", "neurosim", *words], 2, cwd=tmp_path, timeout=90)


def test_ranks_speak_once_and_give_the_results_of_one_process(tiny, invoke, on_ranks, tmp_path):
    words = ["run", tiny.name, "--duration", "100ms", "--warmup", "50ms", "--threads", 1, "--json"]
    alone = invoke(*words, "--output", "alone.h5")
    done = on_ranks(*words, "--output", "ranks.h5", "--exchange", "targeted")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1
    values = json.loads(done.stdout)
    assert values["ranks"] == 2
    assert values["exchanges"] > 0
    assert values["total_rss_bytes"] > values["peak_rss_bytes"]
    same = ("spikes_sha256", "n_spikes", "n_neurons", "n_synapses", "duration_ms")
    assert {k: values[k] for k in same} == {k: alone.json[k] for k in same}
    for line in ("recording: ranks.h5", "figure: ranks.png", "simulate: built", "real-time factor"):
        assert done.stderr.count(line) == 1, done.stderr
    assert "2 ranks of 1 threads" in done.stderr
    left = {path.name for path in tmp_path.iterdir()}
    assert left >= {"ranks.h5", "ranks.png"}
    assert not [name for name in left if "part" in name or "merging" in name]


def test_experiments_of_several_simulations_run_on_ranks(on_ranks, tmp_path):
    (tmp_path / "two.py").write_text(PERFORMED)
    done = on_ranks("run", "two.py", "--check", "--threads", 1)
    assert done.returncode == 3, done.stderr
    assert done.stdout.count("told once") == 1
    assert done.stdout.count("2 simulations") == 1
    files = {path.name for path in (tmp_path / "two").iterdir()}
    assert files == {"one.h5", "two.h5", "results.json"}


def test_what_one_process_can_do_is_done_once(on_ranks):
    done = on_ranks("info", "nothing.h5")
    assert done.returncode == 1
    assert done.stderr.count("there is no recording") == 1
    assert "rank" not in done.stderr


def test_scaling_inside_a_launcher_is_refused_once(on_ranks):
    done = on_ranks("scaling", "--quick")
    assert done.returncode == 1
    assert done.stderr.count("starts the ranks itself") == 1


def test_a_machine_on_ranks_reports_as_one_process_does(tiny, invoke, on_ranks, monkeypatch):
    site = outside.put_in_place(tiny.parent / "site")
    monkeypatch.syspath_prepend(site)
    monkeypatch.setenv("PYTHONPATH", str(site))
    words = ["run", tiny.name, "--duration", "50ms", "--warmup", "0ms", "--threads", 1]
    words += ["--platform", "bytebox", "--set", "drive=x", "--json"]
    alone = invoke(*words, "--output", "alone.h5").json
    done = on_ranks(*words, "--output", "ranks.h5")
    assert done.returncode == 0, done.stderr
    values = json.loads(done.stdout)
    same = ("spikes_sha256", "platform", "platform_settings", "mapping", "execution")
    assert {key: values[key] for key in same} == {key: alone[key] for key in same}
    one, several = ns.read("alone.h5").platform, ns.read("ranks.h5").platform
    assert several.mapping == one.mapping
    assert several.execution == one.execution
    assert done.stderr.count("mapping on bytebox") == 1
    refused = on_ranks(*words, "--platform-set", "neurons_per_chip=2")
    assert refused.returncode == 1
    assert refused.stderr.count("100 neurons need 50 chips") == 1, refused.stderr

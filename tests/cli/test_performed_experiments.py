"""Experiments that simulate several networks, and checks, through Python and the command line."""

import json
import signal
import time

import pytest

import neurosim as ns
from neurosim.errors import DescriptionError, DimensionError, UnknownNameError
from neurosim.units import ms, mV

TWO = '''
"""Two networks of different drive."""
import neurosim as ns
from neurosim.analysis import canvas
from neurosim.units import Hz, ms, mV


def network(seed, n, kick):
    net = ns.Network(seed=seed)
    cells = net.population("E", n, ns.models.lif_delta())
    net.poisson(cells, "v", rate=2000 * Hz, weight=kick)
    return net


def perform(runs, n=20, kick=1 * mV, drawn=True):
    weak = runs.simulate("weak", network(runs.seed, n, kick / 10))
    strong = runs.simulate("strong", network(runs.seed, n, kick))
    with canvas.style():
        figure = canvas.figure(2.0)
        figure.add_subplot().bar([0, 1], [weak.rates()["E"], strong.rates()["E"]])
    return ns.Results(
        metrics={"weak_hz": weak.rates()["E"], "strong_hz": strong.rates()["E"]},
        checks=[
            ns.Check.near("weak (Hz)", weak.rates()["E"], 0.0),
            ns.Check.between("strong (Hz)", strong.rates()["E"], low=5.0),
        ],
        figure=figure if drawn else None,
        lines=["two networks"],
    )


experiment = ns.Experiment(
    perform=perform,
    duration=100 * ms,
    warmup=0 * ms,
    quick={"duration": 50 * ms, "n": 5},
    parameters=(
        ns.Setting("n", 20, "neurons", low=1),
        ns.Setting("kick", 1 * mV, "of a spike"),
        ns.Setting("drawn", True),
    ),
)
'''
ONE = """
import neurosim as ns
from neurosim.units import Hz, ms, mV


def build(seed=1, n=5):
    net = ns.Network(seed=seed)
    net.poisson(net.population("E", n, ns.models.lif_delta()), "v", rate=2000 * Hz, weight=1 * mV)
    return net


experiment = ns.Experiment(
    build=build,
    duration=100 * ms,
    warmup=0 * ms,
    checks=lambda run: [ns.Check.near("rate (Hz)", run.rates()["E"], 0.0, absolute=1.0)],
    quick={"duration": 20 * ms, "n": 2},
)
"""


@pytest.fixture
def two(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "two.py").write_text(TWO)
    (tmp_path / "one.py").write_text(ONE)
    return tmp_path


def test_every_simulation_has_its_recording(two, invoke):
    done = invoke("run", "two.py", "--quiet", "--json")
    assert done.code == 0
    assert {p.name for p in (two / "two").iterdir()} == {
        "weak.h5",
        "strong.h5",
        "results.json",
        "figure.png",
    }
    assert done.json["passed"]
    assert done.json["simulations"]["strong"]["n_neurons"] == 20
    kept = json.loads((two / "two" / "results.json").read_text())
    assert kept["metrics"] == done.json["metrics"]
    assert kept["checks"][1]["low"] == 5.0
    run = ns.read(two / "two" / "strong.h5")
    assert run.description["run"]["simulation"] == "strong"
    assert run.rates()["E"] == pytest.approx(kept["metrics"]["strong_hz"])
    assert "strong (Hz)" in done.err
    assert "two networks" in done.err


def test_failed_checks_are_told(two, invoke):
    weak = ("run", "two.py", "--quiet", "--set", "kick=0.1 mV")
    done = invoke(*weak)
    assert done.code == 0
    assert "FAILED" in done.out
    assert invoke(*weak, "--check").code == 3
    assert invoke("run", "two.py", "--quiet", "--check").code == 0


def test_quick_and_settings(two, invoke):
    done = invoke("run", "two.py", "--quick", "--no-record", "--json", "--set", "drawn=False").json
    assert done["simulations"]["weak"]["n_neurons"] == 5
    assert done["simulations"]["weak"]["duration_ms"] == 50
    assert not (two / "two").exists()
    typed = invoke("run", "two.py", "--quick", "--set", "n=7", "--duration", "10ms", "--json").json
    assert typed["simulations"]["weak"]["n_neurons"] == 7
    assert typed["simulations"]["weak"]["duration_ms"] == 10


@pytest.mark.parametrize(
    ("setting", "word"),
    [("n=0", "at least 1"), ("n=1.5", "whole"), ("kick=1*ms", "kick"), ("drawn=3", "True")],
)
def test_settings_are_checked(two, invoke, setting, word):
    done = invoke("run", "two.py", "--set", setting)
    assert done.code == 1
    assert word in done.err.splitlines()[-1]
    assert not (two / "two").exists()


def test_one_network_with_checks(two, invoke):
    done = invoke("run", "one.py", "--quiet", "--json", "--check")
    assert done.code == 3
    assert not done.json["passed"]
    assert json.loads((two / "one.json").read_text())["checks"][0]["passed"] is False
    quick = invoke("run", "one.py", "--quick", "--json").json
    assert (quick["n_neurons"], quick["duration_ms"]) == (2, 20)
    assert invoke("run", "one.py", "--quick", "--duration", "30ms", "--json").json[
        "duration_ms"
    ] == pytest.approx(30)


def test_output_is_a_folder(two, invoke):
    assert invoke("run", "two.py", "--quick", "--output", "mine").code == 0
    assert (two / "mine" / "results.json").exists()
    for wrong, word in (("x.h5", "folder"), ("no/such", "folder"), ("two.py", "folder")):
        done = invoke("run", "two.py", "--quick", "--output", wrong)
        assert done.code == 1
        assert word in done.err.splitlines()[-1]
    assert not (two / "x.h5").exists()


def test_interrupt_keeps_what_was_recorded(two, start):
    process = start("run", "two.py", "--duration", "10000s", "--threads", "1")
    until = time.monotonic() + 60
    while time.monotonic() < until and not (two / "two" / "weak.h5").exists():
        time.sleep(0.05)
    time.sleep(1.0)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "Traceback" not in err
    assert ns.read(two / "two" / "weak.h5").status == "interrupted"
    assert not (two / "two" / "results.json").exists()


def test_dry_run_and_list(two, invoke):
    assert "several" in invoke("run", "two.py", "--dry-run").err
    told = invoke("list", "two.py").out
    assert "neurons" in told
    assert "1. mV" in told


def test_from_python(two):
    _, experiment = ns.load_experiment("two.py")
    results = experiment.run(quick=True, settings={"n": 3}, threads=1)
    assert list(results.recordings) == ["weak", "strong"]
    assert results.recordings["weak"].populations["E"].size == 3
    assert results.check("weak (Hz)").passed
    with pytest.raises(DescriptionError, match="weak"):
        results.check("nothing")
    with pytest.raises(UnknownNameError):
        experiment.run(settings={"m": 3})
    with pytest.raises(DescriptionError, match="several"):
        experiment.network()
    _, single = ns.load_experiment("one.py")
    assert not single.run(seed=2).passed
    assert list(single.run(quick=True, name="x").recordings) == ["x"]


def test_wrong_declarations():
    with pytest.raises(DescriptionError, match="either build"):
        ns.Experiment()
    with pytest.raises(UnknownNameError):
        ns.Experiment(build=lambda: None, quick={"n": 1})
    experiment = ns.Experiment(perform=lambda runs: None)
    with pytest.raises(DescriptionError, match="Results"):
        experiment.run()
    setting = ns.Setting("kick", 1 * mV, low=0 * mV)
    with pytest.raises(DescriptionError):
        setting.check(-1 * mV)
    with pytest.raises(DimensionError):
        setting.check(1 * ms)
    with pytest.raises(DescriptionError, match="AI"):
        ns.Setting("regime", "AI", choices=("AI", "SR")).check("XX")


def test_checks():
    near = ns.Check.near("rate", 38.0, 37.95, relative=0.05)
    assert near.passed
    assert near.tolerance == pytest.approx(0.05 * 37.95)
    assert not ns.Check.near("rate", 41.0, 37.95, relative=0.05).passed
    assert not ns.Check.near("rate", float("nan"), 37.95, relative=0.05).passed
    assert ns.Check.holds("ends", True).passed
    assert not ns.Check.holds("ends", False).passed
    table = ns.Results(checks=[near, ns.Check.between("cv", 0.5, low=0.8)]).table()
    assert [line.split()[-1] for line in table.splitlines()[1:]] == ["ok", "FAILED"]
    assert json.loads(json.dumps(near.as_dict()))["passed"] is True

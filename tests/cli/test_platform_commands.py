"""Machines on the command line: what is listed, run, reported, kept and refused."""

import json
import sys
from pathlib import Path

import pytest
from neurosim.neuromorphic import MappingReport

import neurosim as ns
from neurosim.analysis.machine_text import execution_lines, mapping_lines
from neurosim.errors import CheckpointError, DescriptionError, UnknownNameError, UnsupportedError
from neurosim.platforms import get_platform, platform_names, usual_step
from neurosim.units import ms

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "neuromorphic"))
import outside

SHIPPED = {"brainscales1", "brainscales2", "loihi", "loihi2", "spinnaker", "spinnaker2"}
SHIPPED |= {"tianjic", "truenorth"}
WORDS = ("--duration", "40ms", "--warmup", "0ms", "--threads", 1)
TWO = """
import neurosim as ns
from neurosim.units import mV, ms


def perform(runs, free=True):
    lif = ns.NeuronModel("dv/dt = (25*mV - v)/(10*ms) : volt", threshold="v > 20*mV",
                         reset="v = 0*mV")
    net = ns.Network(seed=runs.seed)
    cells = net.population("E", 5, lif, initial={"v": "20*mV*rand()"})
    net.project(cells, cells, ns.AllToAll(), "v", weight=0.1*mV, delay=1*ms)
    own = {} if free else {"platform": None}
    for name in ("one", "two"):
        runs.simulate(name, net, 20*ms, warmup=0*ms, **own)
    return ns.Results(metrics={"dt": float(runs.dt)})


experiment = ns.Experiment(perform=perform, description="two")
"""


@pytest.fixture
def bytebox(tmp_path, monkeypatch):
    """The machine of the documentation, announced; and one that cannot be loaded."""
    site = outside.put_in_place(tmp_path / "site", "absent = not_installed_anywhere:Machine\n")
    monkeypatch.syspath_prepend(site)
    monkeypatch.delitem(sys.modules, "bytebox", raising=False)
    monkeypatch.setenv("PYTHONPATH", str(site))


def test_machines_are_listed_and_one_that_cannot_be_loaded_is_told(bytebox, invoke):
    for words in (("list",), ("platforms",)):
        told = invoke(*words)
        assert told.code == 0
        assert "weights of 8 bits and a sign" in told.out
        assert "No module named 'not_installed_anywhere'" in told.out
    values = invoke("platforms", "--json").json
    assert "absent" in values["cannot be loaded"]
    settings = {own["name"]: own for own in values["platforms"]["bytebox"]["settings"]}
    assert settings["byte_weights"]["imperfection"]
    assert settings["neurons_per_chip"]["allowed"] == "1 or more"
    with pytest.raises(UnsupportedError, match="Install that package again"):
        get_platform("absent")


def test_one_machine_and_what_is_assumed_of_it(bytebox, invoke):
    told = invoke("platforms", "bytebox").out
    assert invoke("list", "bytebox").out == told
    for words in ("neurons of a chip", "confirmed (data sheet)", "static_synapses", "--allow"):
        assert words in told
    assumed = invoke("platforms", "bytebox", "--assumptions").out
    assert "event_energy" in assumed
    assert "chips" not in assumed
    assert invoke("platforms", "byteboks").code == 1


def test_every_shipped_machine_says_what_it_assumes(invoke):
    values = invoke("platforms", "--assumptions", "--json").json
    assert not values["cannot be loaded"]
    assert set(values["platforms"]) >= SHIPPED
    for name, told in values["platforms"].items():
        assert told["summary"], name
        assert told["assumptions"], name
        assert all(one["meaning"] and one["fact"] in "2U" for one in told["assumptions"]), name


def test_what_would_become_of_a_network_is_told_before_anything_is_built(tiny, bytebox, invoke):
    words = ("run", tiny, "--platform", "bytebox")
    told = invoke(*words, "--dry-run", "--json")
    assert told.json["mapping"]["resources"] == {"neurons": 100, "chips": 1}
    assert "mapping on bytebox" in told.err
    small = (*words, "--platform-set", "neurons_per_chip=3", "--platform-set", "chips=2")
    refused = invoke(*small, "--dry-run")
    assert refused.code == 1
    assert "100 neurons need 34 chips; the board has 2" in refused.err
    assert "leave --platform out" in invoke(*words, "--dry-run", "--ranks", 2).err


def test_a_run_tells_and_records_what_the_machine_did(tiny, bytebox, invoke, tmp_path):
    native = invoke("run", tiny, *WORDS, "--output", "native.h5", "--json").json
    words = ("run", tiny, *WORDS, "--platform", "bytebox", "--output", "run.h5")
    done = invoke(*words, "--json")
    assert done.code == 0
    assert done.json["platform"] == "bytebox"
    assert done.json["spikes_sha256"] == native["spikes_sha256"]  # its one weight is the largest
    run = ns.read("run.h5")
    recorded = run.platform
    assert recorded.mapping == done.json["mapping"]
    assert recorded.execution == done.json["execution"]
    assert recorded.settings["neurons_per_chip"] == 1000
    assert recorded.load.shape == (0, 0)
    assert recorded.execution["simulated"] == {"from_ms": 0.0, "to_ms": 40.0}
    delivered = int(run.outdegree("E->E")[run.spikes("E")[1]].sum())
    assert recorded.execution["energy"]["synaptic events"] == delivered
    told = invoke("info", "run.h5").out
    for words in ("platform bytebox", "mapping on bytebox", "execution", "synaptic events"):
        assert words in told
    assert invoke("info", "run.h5", "--json").json["platform"]["name"] == "bytebox"
    assert invoke("info", "native.h5", "--json").json["platform"] is None
    assert ns.read("native.h5").platform is None


def test_a_stopped_run_goes_on_as_the_same_machine(tiny, bytebox, invoke):
    typed = ("--platform", "bytebox", "--platform-set", "byte_weights=no", "--quiet")
    whole = invoke("run", tiny, *WORDS, *typed, "--output", "whole.h5", "--json").json
    saved = (*WORDS[2:], "--duration", "20ms", "--checkpoint", "run.ckpt.h5")
    invoke("run", tiny, *saved, "--checkpoint-every-bio", "20ms", *typed, "--output", "run.h5")
    on = invoke("resume", "run.ckpt.h5", "--experiment", tiny, "--duration", "20ms", "--json")
    assert on.json["spikes_sha256"] == whole["spikes_sha256"]
    assert on.json["platform_settings"] == whole["platform_settings"]
    recorded = ns.read("run.h5").platform
    assert recorded.mapping == whole["mapping"]
    assert recorded.execution["simulated"] == {"from_ms": 20.0, "to_ms": 40.0}
    network = ns.load_experiment(str(tiny))[1].network()
    for other in (None, get_platform("bytebox")):
        with pytest.raises(CheckpointError, match="the platform is"):
            ns.Simulation(network, resume="run.ckpt.h5", platform=other, record=False)


def test_every_experiment_runs_as_a_machine(bytebox, invoke, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "two.py").write_text(TWO)
    done = invoke("run", "two.py", "--platform", "bytebox", "--output", "out", "--json")
    assert done.code == 0, done.err
    assert "one on bytebox: neurons 5, chips 1" in done.err
    for name in ("one", "two"):
        assert done.json["simulations"][name]["mapping"]["resources"]["chips"] == 1
        assert ns.read(f"out/{name}.h5").platform.name == "bytebox"
    assert json.loads((tmp_path / "out" / "results.json").read_text())["platform"] == "bytebox"
    refused = invoke("run", "two.py", "--platform", "bytebox", "--set", "free=False")
    assert "chooses the machine of each of its simulations" in refused.err


def test_the_machines_time_step_is_used_unless_one_is_typed(bytebox, invoke, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "two.py").write_text(TWO)
    from bytebox import Bytebox

    monkeypatch.setattr(Bytebox, "timestep", property(lambda self: 1 * ms))
    words = ("run", "two.py", "--platform", "bytebox", "--no-record", "--json")
    assert invoke(*words).json["metrics"]["dt"] == 1e-3
    assert invoke(*words, "--dt", "0.5ms").json["metrics"]["dt"] == 5e-4
    assert usual_step(None, None, 0.1 * ms) == 0.1 * ms
    assert usual_step("bytebox", None, 0.1 * ms) == 1 * ms


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("--platform", "byteboks"), 1, "Did you mean 'bytebox'?"),
        (("--platform", "bytebox", "--platform-set", "colour=1"), 1, "unknown setting 'colour'"),
        (("--platform", "bytebox", "--platform-set", "chips=0"), 1, "it must be 1 to inf"),
        (("--platform", "bytebox", "--platform-set", "chips"), 1, "not of the form name=value"),
        (("--platform", "bytebox", "--platform-set", "byte_weights=2"), 1, "True or False"),
        (("--platform", "bytebox", "--allow", "magic"), 1, "unknown approximation 'magic'"),
        (("--platform", "bytebox", "--precision", "single"), 1, "its own number format"),
        (("--platform-set", "chips=1"), 2, "needs --platform"),
        (("--allow", "all"), 2, "needs --platform"),
    ],
)
def test_what_is_typed_wrongly_is_told(tiny, bytebox, invoke, words, code, told):
    done = invoke("run", tiny, *WORDS, "--no-record", *words)
    assert done.code == code
    assert told in done.err


def test_a_class_or_anything_else_is_no_platform(bytebox):
    from bytebox import Bytebox

    with pytest.raises(DescriptionError, match="Bytebox itself is not a platform"):
        get_platform(Bytebox)
    with pytest.raises(DescriptionError, match="is not a platform"):
        get_platform(7)
    with pytest.raises(UnknownNameError, match="unknown setting"):
        get_platform("bytebox", {"colour": 1})
    assert "bytebox" in platform_names()
    assert get_platform("bytebox", {"chips": 2}) == Bytebox(chips=2)


def test_reports_as_text_name_what_changed_and_count_what_is_left_out():
    one = {
        "where": "a->b", "what": "weights", "unit": "V", "count": 10, "of": 20, "changed": 4,
        "clipped": 1, "worst": 0.5, "worst_given": 1.0, "worst_became": 1.5,
        "mean_relative": 0.1, "edges": [0.0, 0.1, 1.0, None], "histogram": [6, 4, 0],
    }  # fmt: skip
    report = {
        "platform": "box",
        "resources": {"chips": 2},
        "memory": {"synapses": 4e6},
        "rounded": [one] * 30 + [{**one, "changed": 0, "clipped": 0}],
        "lost": [{"where": "a->b", "requested": 20, "realised": 15, "why": "no row"}],
        "shared": [{"where": "b", "what": "v_r", "groups": 2, "text": "128 neurons each"}],
        "approximated": [["slow", name, "less often"] for name in "bcdef"],
        "notes": ["mind the gap"],
    }
    text = "\n".join(mapping_lines(report))
    for words in ("4 MB", "10 (of 20)", "... and 10 more", "25 %", "128 neurons each", "< 10 %"):
        assert words in text
    for words in ("1 more were looked at", "< 100 %"):
        assert words in text
    assert "slow: b, c, d, ... (5): less often" in text
    assert "more" not in text.splitlines()[-1]
    execution = {
        "energy": {"J": 1.5e-9, "parts": [{"what": "core", "J": 1.0}]},
        "late": 3,
        "fill": list(range(12)),
    }
    text = "\n".join(execution_lines(execution))
    for words in ("late  3", "1.5e-09", "what  J", "core  1", "(4 more)"):
        assert words in text


def test_what_is_in_the_way_at_several_places_is_one_entry():
    report = MappingReport("box")
    for name in ("a", "b", "a"):
        report.obstacle(f"population {name!r}", "no such model", "only LIF", "Use LIF.")
    report.obstacle("projection", "no such rule", "none", "Leave it out.")
    assert report.obstacles == [
        "population 'a', population 'b' (2): no such model; only LIF. Use LIF.",
        "projection: no such rule; none. Leave it out.",
    ]
    assert "_alike" not in report.as_dict()


def test_a_machines_settings_are_swept_over(tiny, bytebox, invoke):
    words = ("sweep", tiny, *WORDS, "--platform", "bytebox", "--output", "swept")
    over = ("--over", "platform.event_energy=0,1e-12", "--over", "weight=0.1mV,0.3mV")
    done = invoke(*words, *over, "--json")
    assert done.code == 0, done.err
    runs = done.json["runs"]
    assert [run["platform.event_energy"] for run in runs] == [0, 0, 1e-12, 1e-12]
    energies = [
        ns.read(f"swept/runs/run-{number:04d}.h5").platform.execution["energy"]["J"]
        for number in (1, 2, 3, 4)
    ]
    assert energies[:2] == [0, 0]
    assert 0 < energies[2] < energies[3]
    other = (*words, *over, "--platform-set", "chips=3")
    assert "holds a sweep with platform" in invoke(*other).err
    assert "unknown parameter" in invoke(*words, "--over", "platform.colour=1,2").err
    results = invoke(*words[:-2], "--over", "platform.chips=0,1", "--json").json["runs"]
    assert [run["status"] for run in results] == ["failed", "complete"]

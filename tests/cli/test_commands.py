"""The words of the command line, its JSON, and how errors end it."""

import hashlib
import json
import shutil
import subprocess
import sys

import h5py
import numpy as np
import pytest

import neurosim as ns

RUN_KEYS = {
    "recording",
    "engine",
    "threads",
    "precision",
    "seed",
    "n_neurons",
    "n_synapses",
    "duration_ms",
    "compile_s",
    "build_s",
    "simulate_s",
    "real_time_factor",
    "peak_rss_bytes",
    "spikes_sha256",
}
METRICS_KEYS = {
    "n_neurons",
    "n_synapses",
    "C_eff",
    "S",
    "S_window_ms",
    "M_syn_bytes",
    "T_s",
    "n_spikes",
    "populations",
    "projections",
}


@pytest.fixture
def recorded(tiny, invoke):
    """A finished run of the small experiment."""
    done = invoke("run", tiny, "--duration", "200ms", "--warmup", "100ms", "--json")
    assert done.code == 0, done.err
    return done


def test_run_json_has_the_keys_and_true_values(recorded, tiny):
    values = recorded.json
    assert set(values) >= RUN_KEYS
    assert values["recording"] == "tiny.h5"
    assert values["n_neurons"] == 100
    assert values["n_synapses"] == 1000
    assert values["duration_ms"] == pytest.approx(200)
    assert values["real_time_factor"] == pytest.approx(values["simulate_s"] / 0.2)
    assert values["peak_rss_bytes"] > 10**7
    assert (tiny.parent / "tiny.png").read_bytes()[:4] == b"\x89PNG"


def test_run_json_is_all_that_is_on_stdout(recorded):
    assert recorded.out.count("\n") == 1
    assert "rate (Hz)" in recorded.err


def test_digest_is_that_of_sorted_little_endian_pairs(recorded):
    run = ns.read("tiny.h5")
    times, ids = run.spikes("E")
    steps = np.rint(times / run.dt_ms).astype("<i8")
    order = np.lexsort((ids, steps))
    pairs = np.column_stack([steps[order], ids[order].astype("<i8")])
    assert len(pairs) > 20
    assert recorded.json["spikes_sha256"] == hashlib.sha256(pairs.tobytes()).hexdigest()


def test_warmup_is_recorded_and_left_out_of_metrics(recorded, invoke):
    run = ns.read("tiny.h5")
    assert (run.warmup_ms, run.stop_ms) == (100.0, 300.0)
    times, _ = run.spikes("E")
    assert times.min() < 100
    whole = invoke("metrics", "tiny.h5", "--from", "0ms", "--json").json
    counted = invoke("metrics", "tiny.h5", "--json").json
    assert whole["n_spikes"] == times.size
    assert counted["n_spikes"] == (times >= 100).sum()


def test_metrics_json_has_the_keys(recorded, invoke):
    values = invoke("metrics", "tiny.h5", "--window", "50ms", "--json").json
    assert set(values) >= METRICS_KEYS
    assert values["C_eff"] == pytest.approx(1000 / 100**2)
    assert values["S_window_ms"] == 50
    assert set(values["populations"]["E"]) >= {"n", "rate_hz", "cv_isi", "correlation", "fano"}
    assert values["projections"]["E->E"] == {"n_synapses": 1000, "C_eff": 0.1}


def test_metrics_and_info_for_people(recorded, invoke):
    assert "C_eff" in invoke("metrics", "tiny.h5").out
    told = invoke("info", "tiny.h5")
    assert "E->E" in told.out
    assert "complete" in told.out
    assert invoke("info", "tiny.h5", "--json").json["description"]["run"]["experiment"] == "tiny"


def test_plot(recorded, invoke, tmp_path):
    for kind in ("raster", "rates"):
        assert invoke("plot", "tiny.h5", "--kind", kind, "-o", f"{kind}.png").code == 0
        assert (tmp_path / f"{kind}.png").read_bytes()[:4] == b"\x89PNG"
    assert invoke("plot", "tiny.h5", "-o", "nowhere/x.png").code == 1
    assert invoke("plot", "tiny.h5", "-o", "tiny.h5").code == 1
    assert ns.read("tiny.h5").complete


def test_seed_and_settings_reach_the_network(recorded, tiny, invoke):
    short = ("run", tiny, "--duration", "200ms", "--warmup", "100ms", "--json", "--quiet")
    assert invoke(*short).json["spikes_sha256"] == recorded.json["spikes_sha256"]
    other = invoke(*short, "--seed", "2").json
    assert other["seed"] == 2
    assert other["spikes_sha256"] != recorded.json["spikes_sha256"]
    stronger = invoke(*short, "--set", "weight=0.3 mV").json
    assert stronger["n_spikes"] > recorded.json["n_spikes"]
    assert invoke(*short, "--set", "n=50").json["n_neurons"] == 50
    assert invoke(*short, "--scale", "0.5").json["n_neurons"] == 50


def test_no_record(recorded, tiny, invoke, tmp_path):
    (tmp_path / "tiny.h5").unlink()
    values = invoke("run", tiny, "--duration", "100ms", "--no-record", "--json").json
    assert values["spikes_sha256"] is None
    assert values["recording"] is None
    assert not (tmp_path / "tiny.h5").exists()
    assert invoke("run", tiny, "--no-record", "--output", "x.h5").code == 2


def test_dry_run_builds_nothing(tiny, invoke, tmp_path):
    values = invoke("run", "microcircuit", "--scale", "1", "--dry-run", "--json").json
    assert values["n_neurons"] == 77169
    assert values["n_synapses"] == pytest.approx(299e6, rel=0.01)
    assert 1e9 < values["estimated_bytes"] < 2e10
    assert set(values) >= {"available_bytes", "fits"}
    assert not list(tmp_path.glob("*.h5"))


def test_list(invoke):
    told = invoke("list").out
    for word in ("microcircuit", "lif_curr_exp", "FixedTotalNumber", "native", "brian2"):
        assert word in told
    assert "pair_stdp" in told
    assert "\nplatforms:\n" in told


def test_list_tells_what_an_experiment_a_model_or_a_rule_has(invoke):
    for name, word in (("brunel", "--set"), ("lif_delta", "tau_m"), ("triplet_stdp", "A3_plus")):
        assert word in invoke("list", name).out


def test_doctor(invoke, monkeypatch):
    assert "compiler" in invoke("doctor").out
    monkeypatch.setenv("NEUROSIM_NO_COMPILER", "1")
    found = invoke("doctor", "--json").json
    assert not found["compiler"]["ok"]
    assert found["compiler"]["advice"]


def test_without_compiler_the_reference_runs_and_says_so(tiny, invoke, monkeypatch):
    monkeypatch.setenv("NEUROSIM_NO_COMPILER", "1")
    done = invoke("run", tiny, "--duration", "20ms", "--warmup", "0ms", "--json")
    assert done.code == 0
    assert done.json["engine"] == "brian2"
    assert "engine: brian2" in done.err
    assert invoke("run", tiny, "--engine", "native").code == 1


USAGE = [
    ("run", "{tiny}", "--duration", "-1s"),
    ("run", "{tiny}", "--duration", "0s"),
    ("run", "{tiny}", "--duration", "5"),
    ("run", "{tiny}", "--duration", "infs"),
    ("run", "{tiny}", "--dt", "0ms"),
    ("run", "{tiny}", "--seed", "-1"),
    ("run", "{tiny}", "--threads", "-2"),
    ("run", "{tiny}", "--precision", "half"),
    ("run",),
    ("nonsense",),
    ("metrics", "x.h5", "--window", "0ms"),
]
REFUSED = [
    (("run", "nope"), "microcircuit"),
    (("run", "nope.py"), "nope.py"),
    (("run", "{tiny}", "--set", "wieght=1*mV"), "weight"),
    (("run", "{tiny}", "--set", "weight"), "name=value"),
    (("run", "{tiny}", "--set", "n=10", "--set", "n=20"), "twice"),
    (("run", "{tiny}", "--engine", "cuda"), "native"),
    (("run", "{tiny}", "--duration", "0.15ms"), "multiple of dt"),
    (("run", "{tiny}", "--scale", "nan"), "scale"),
    (("run", "{tiny}", "--scale", "-1"), "scale"),
    (("run", "{tiny}", "--set", "n=0"), "E"),
    (("run", "{tiny}", "--set", "weight=1*pA"), "weight"),
    (("run", "{tiny}", "--set", "weight=1e999*mV"), "weight"),
    (("run", "{tiny}", "--engine", "brian2", "--precision", "single"), "double"),
    (("run", "{tiny}", "--output", "no/such/folder/x.h5"), "folder"),
    (("run", "{tiny}", "--output", "{tiny}"), "not replaced"),
    (("run", "{tiny}", "--output", "x.png"), "HDF5"),
    (("metrics", "missing.h5"), "missing.h5"),
    (("metrics", "{tiny}"), "HDF5"),
    (("info", "{tiny}"), "HDF5"),
    (("plot", "missing.h5"), "missing.h5"),
]


@pytest.mark.parametrize("arguments", USAGE, ids=lambda a: " ".join(a[-2:]))
def test_wrong_usage_is_2(tiny, invoke, arguments):
    done = invoke(*(a.format(tiny=tiny) for a in arguments))
    assert done.code == 2
    assert "Error" in done.err


@pytest.mark.parametrize(("arguments", "word"), REFUSED, ids=lambda a: str(a)[-40:])
def test_errors_are_one_clear_message(tiny, invoke, tmp_path, arguments, word):
    before = tiny.read_bytes()
    done = invoke(*(a.format(tiny=tiny) for a in arguments))
    assert done.code == 1
    line = done.err.strip().splitlines()[-1]
    assert line.startswith("error: ")
    assert word in line
    assert "Traceback" not in done.err
    assert tiny.read_bytes() == before
    assert {p.name for p in tmp_path.iterdir()} <= {"tiny.py"}


def test_foreign_files_are_refused_and_kept(tiny, invoke, tmp_path):
    foreign = tmp_path / "foreign.h5"
    with h5py.File(foreign, "w") as file:
        file["data"] = np.arange(5)
    before = foreign.read_bytes()
    assert invoke("metrics", foreign).code == 1
    done = invoke("run", tiny, "--output", foreign)
    assert done.code == 1
    assert "not replaced" in done.err
    assert foreign.read_bytes() == before


def test_damaged_recordings_are_refused(recorded, invoke, tmp_path):
    whole = (tmp_path / "tiny.h5").read_bytes()
    for name, data in (("short.h5", whole[: len(whole) // 2]), ("empty.h5", b"")):
        (tmp_path / name).write_bytes(data)
        done = invoke("metrics", name)
        assert done.code == 1
        assert done.err.startswith("error: ")


def test_failed_build_keeps_the_recording_that_was_there(recorded, tiny, invoke):
    before = ns.read("tiny.h5").spikes_sha256()
    assert invoke("run", tiny, "--set", "weight=1*pA").code == 1
    assert ns.read("tiny.h5").spikes_sha256() == before


def test_experiment_files_that_are_none(tmp_path, invoke):
    cases = {
        "syntax.py": "def build(:",
        "nothing.py": "x = 1",
        "wrong.py": "experiment = 3",
        "bytes.py": "\x00",
    }
    for name, text in cases.items():
        (tmp_path / name).write_text(text)
        done = invoke("run", tmp_path / name)
        assert done.code == 1, name
        assert done.err.startswith("error: "), name
    (tmp_path / "unbuilt.py").write_text(
        "import neurosim as ns\nexperiment = ns.Experiment(build=lambda: None)"
    )
    assert "Network" in invoke("run", tmp_path / "unbuilt.py").err
    assert "scale" in invoke("run", tmp_path / "unbuilt.py", "--scale", "1").err


def test_start_up_is_quick_and_without_brian2(recorded, tmp_path):
    code = (
        "import sys\nfrom neurosim.cli.main import main\n"
        "try: main(sys.argv[1:])\nexcept SystemExit as e: assert not e.code\n"
        "print([m for m in ('brian2', 'sympy', 'scipy', 'matplotlib') if m in sys.modules])"
    )
    for arguments in (["--help"], ["metrics", "tiny.h5", "--json"], ["run", "--help"]):
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True
        )
        assert done.stdout.splitlines()[-1] == "[]", arguments


def test_installed_command_is_the_module(tiny):
    command = shutil.which("neurosim", path=str(shutil.os.path.dirname(sys.executable)))
    if command is None:
        pytest.skip("the console script is not installed beside this Python")
    done = subprocess.run([command, "--version"], capture_output=True, text=True, check=True)
    other = subprocess.run(
        [sys.executable, "-m", "neurosim", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout == other.stdout
    assert json.dumps(done.stdout).startswith('"neurosim')

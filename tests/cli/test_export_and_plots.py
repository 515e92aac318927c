"""``neurosim export``, ``plot``, ``metrics`` and ``info`` of a recording, as a user types them."""

import csv

import pytest

import neurosim as ns
from neurosim.cli.plot import KINDS


@pytest.fixture
def recorded(tiny, invoke):
    arguments = ("--duration", "600ms", "--output", "tiny.h5", "--quiet", "--threads", "1")
    assert invoke("run", tiny, *arguments).code == 0
    return ns.read("tiny.h5")


def test_export_csv(recorded, invoke, tmp_path):
    done = invoke("export", "tiny.h5", "--to", "500ms")
    assert done.code == 0
    assert done.out.split() == ["tiny.csv", "tiny.E.v.csv"]
    with open(tmp_path / "tiny.csv", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["time_ms", "population", "id"]
    assert len(rows) == 1 + recorded["E"].n_spikes(stop=500)
    with open(tmp_path / "tiny.E.v.csv", newline="") as file:
        assert next(csv.reader(file)) == ["time_ms", "v[0] (mV)", "v[1] (mV)", "v[2] (mV)"]


def test_export_nix_or_say_what_is_missing(recorded, invoke, tmp_path):
    done = invoke("export", "tiny.h5", "--format", "nix", "-o", "out.nix")
    try:
        import nixio  # noqa: F401
    except ImportError:
        assert done.code == 1
        assert "pip install neo nixio" in done.err
    else:
        assert done.code == 0
        assert (tmp_path / "out.nix").stat().st_size > 1000


def test_export_refuses_what_would_do_harm(recorded, invoke):
    assert invoke("export", "tiny.h5", "-o", "tiny.h5").code == 1
    assert invoke("export", "tiny.h5", "-o", "nowhere/x.csv").code == 1
    assert invoke("export", "missing.h5").code == 1
    assert invoke("export", "tiny.h5", "--format", "pickle").code == 2
    assert ns.read("tiny.h5").complete


def test_plots_of_a_run(recorded, invoke, tmp_path):
    for kind in ("isi", "spectrum", "trace"):
        assert invoke("plot", "tiny.h5", "--kind", kind, "-o", f"{kind}.pdf").code == 0
        assert (tmp_path / f"{kind}.pdf").read_bytes()[:4] == b"%PDF"
    failed = invoke("plot", "tiny.h5", "--kind", "lfp")
    assert failed.code == 1
    assert "record_lfp" in failed.err
    assert all(kind in invoke("plot", "--help").out for kind in KINDS)
    assert invoke("plot", "tiny.h5", "-o", "x.docx").code == 1


def test_metrics_in_groups(recorded, invoke):
    told = invoke("metrics", "tiny.h5").out
    for word in ("rate and irregularity", "LvR", "coordination and sparseness", "Treves-Rolls"):
        assert word in told
    found = invoke("metrics", "tiny.h5", "--json", "--window", "50ms").json
    assert 0 < found["populations"]["E"]["population_sparseness"] < 1
    assert found["S_window_ms"] == 50.0
    assert "Fano" in invoke("metrics", "--help").out


def test_info_lists_what_was_recorded(recorded, invoke):
    assert "E.v" in invoke("info", "tiny.h5").out

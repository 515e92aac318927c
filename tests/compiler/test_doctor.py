"""The diagnosis: complete, honest about what is missing, and light."""

import subprocess
import sys

import pytest

from neurosim import cores, doctor
from neurosim.doctor import diagnose


@pytest.fixture(autouse=True)
def _own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("NEUROSIM_CACHE_DIR", str(tmp_path / "cache"))


def by_name():
    return {check.name: check for check in diagnose()}


def test_everything_is_looked_at(tmp_path):
    checks = by_name()
    wanted = {"python", "brian2", "numpy", "h5py", "compiler", "cpu", "threads", "memory", "cache"}
    assert wanted | {"ziglang", "libsonata", "neo", "mpi4py"} <= set(checks)
    assert all(check.advice for check in checks.values() if not check.ok)
    assert str(tmp_path) in checks["cache"].detail
    assert all(checks[name].ok for name in ("python", "brian2", "numpy", "h5py"))


def test_no_compiler_is_said_with_advice(monkeypatch):
    monkeypatch.setenv("NEUROSIM_NO_COMPILER", "1")
    check = by_name()["compiler"]
    assert not check.ok
    assert "brian2" in check.detail
    assert "NEUROSIM_NO_COMPILER" in check.advice


def test_a_missing_package_is_said_with_advice(monkeypatch):
    monkeypatch.setattr(doctor, "_version", lambda name: None if name == "h5py" else "3.0")
    check = by_name()["h5py"]
    assert (check.ok, check.required, check.advice) == (False, True, "pip install h5py")


def test_a_cache_that_cannot_be_written_is_said(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("NEUROSIM_CACHE_DIR", str(tmp_path / "file" / "x"))
    with pytest.warns(UserWarning, match="cannot be written"):
        check = by_name()["cache"]
    assert not check.ok
    assert "NEUROSIM_CACHE_DIR" in check.advice


@pytest.mark.parametrize(
    ("text", "expected"),
    [("max 100000\n", None), ("150000 100000\n", 1.5), ("-1 100000", None), ("x", None)],
)
def test_cpu_quota(monkeypatch, tmp_path, text, expected):
    path = tmp_path / "cpu.max"
    path.write_text(text)
    monkeypatch.setattr(cores, "_QUOTA", path)
    monkeypatch.setattr(cores, "_QUOTA_V1", (tmp_path / "none", tmp_path / "none"))
    assert cores.cpu_quota() == expected


@pytest.mark.parametrize(("quota", "expected"), [(None, 8), (2.5, 2), (0.5, 1), (99.0, 8)])
def test_threads_keep_within_cores_and_quota(monkeypatch, quota, expected):
    monkeypatch.setattr(cores, "usable_cores", lambda: 8)
    monkeypatch.setattr(cores, "cpu_quota", lambda: quota)
    assert cores.sensible_threads() == expected


def test_a_quota_below_the_cores_is_said(monkeypatch):
    monkeypatch.setattr(doctor, "usable_cores", lambda: 8)
    monkeypatch.setattr(doctor, "cpu_quota", lambda: 2.5)
    check = by_name()["threads"]
    assert not check.ok
    assert "--threads 2" in check.advice


def test_starting_imports_nothing_heavy():
    code = (
        "import sys, neurosim.doctor; print([n for n in ('brian2', 'scipy') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

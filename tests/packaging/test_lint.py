"""ruff and mypy are clean, as configured in pyproject.toml."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    "arguments",
    [["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy", "neurosim"]],
    ids=" ".join,
)
def test_clean(arguments):
    pytest.importorskip(arguments[0])
    if arguments[0] == "mypy" and sys.version_info >= (3, 12):
        pytest.skip("NumPy is bounded on Python 3.11 only, and newer stubs judge differently")
    done = subprocess.run(
        [sys.executable, "-m", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr

"""A few cases of tools/fuzz.py; the full number is run by hand (see docs/robustness.md)."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

FUZZ = Path(__file__).resolve().parents[2] / "tools" / "fuzz.py"


def run(tmp_path, *arguments):
    report = tmp_path / "report.json"
    words = [sys.executable, FUZZ, *arguments, "--json", report, "--keep", tmp_path]
    done = subprocess.run(
        list(map(str, words)), capture_output=True, text=True, check=False, timeout=900
    )
    return done, json.loads(report.read_text())


def test_random_and_mutated_input_gives_typed_errors_or_results(tmp_path):
    done, report = run(tmp_path, "--count", 200, "--seed", 5)
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-5000:]
    for name, outcomes in report["outcomes"].items():
        assert outcomes.get("valid", 0) > 0, name
        assert sum(outcomes.values()) > outcomes["valid"], name


@pytest.mark.slow
def test_ten_thousand_cases(tmp_path):
    done, _ = run(tmp_path, "--count", 10_000, "--seed", 1)
    assert done.returncode == 0, done.stdout[-5000:]

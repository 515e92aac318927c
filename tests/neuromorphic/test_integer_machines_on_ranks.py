"""Loihi, TrueNorth and Tianjic do the same on any ranks and threads, and say the same."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from integer_machines import digests

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "parallel"))
from launch import launch

SCRIPT = Path(__file__).with_name("integer_machines.py")


@pytest.mark.slow
def test_ranks_and_threads_change_nothing(tmp_path):
    alone = digests()
    assert digests(threads=3) == alone
    launch([SCRIPT, tmp_path / "found.json"], 3, timeout=300, check=True)
    assert json.loads((tmp_path / "found.json").read_text()) == alone

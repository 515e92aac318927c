"""SpiNNaker does the same on any ranks and threads, and says the same."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from spinnaker_on_ranks import told

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "parallel"))
from launch import launch

SCRIPT = Path(__file__).with_name("spinnaker_on_ranks.py")


@pytest.mark.slow
def test_ranks_and_threads_change_nothing(tmp_path):
    alone = json.loads(json.dumps(told(tmp_path / "alone.h5", threads=2)))
    assert alone["execution"]["counters"]["Number_of_late_spikes"] > 0
    launch([SCRIPT, tmp_path / "found.json", tmp_path / "ranks.h5"], 3, timeout=300, check=True)
    found = json.loads((tmp_path / "found.json").read_text())
    for part, value in alone.items():
        assert found[part] == value, part

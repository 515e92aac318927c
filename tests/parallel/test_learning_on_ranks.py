"""Learning switched and shared values written on three ranks: the same bits, and resumed."""

import json
from pathlib import Path

import pytest
from launch import launch
from learning_on_ranks import course

SCRIPT = Path(__file__).with_name("learning_on_ranks.py")


@pytest.fixture(scope="module")
def spread(tmp_path_factory):
    output = tmp_path_factory.mktemp("learning") / "found.json"
    launch([SCRIPT, output, 2], 3, timeout=300, check=True)
    return json.loads(output.read_text())


def test_ranks_and_threads_find_what_one_thread_does(spread):
    assert spread["whole"] == course(1)


@pytest.mark.parametrize("stop", [40, 80, 120])
def test_going_on_from_a_checkpoint_changes_nothing(spread, stop):
    left = len(spread[str(stop)])
    assert left == 4 - stop // 40
    assert spread[str(stop)] == spread["whole"][-left:]

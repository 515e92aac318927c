"""A model is shipped by changing two files: the page that says so, carried out on a copy."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
MODULE = "neurosim/models/nonlinear.py"
TEST = "tests/models/test_catalogue_numbers.py"
CHECKS = "tests/models/test_catalogue.py"


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    """The package and its catalogue's tests, with the page's model and the page's test added."""
    folder = tmp_path_factory.mktemp("copy")
    ignored = shutil.ignore_patterns("__pycache__", "networks", "experiments")
    shutil.copytree(ROOT / "neurosim", folder / "neurosim", ignore=ignored)
    (folder / "tests/models").mkdir(parents=True)
    for name in (TEST, CHECKS):
        shutil.copy(ROOT / name, folder / name)
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs/add-a-model.md").read_text(), re.S)
    declared = next(block for block in blocks if "entry = Entry(" in block)
    tested = next(block for block in blocks if "def test_" in block)
    entry = declared[declared.index("entry = Entry(") + len("entry = ") :].rstrip()
    module = folder / MODULE
    assert module.read_text().rstrip().endswith(")")
    module.write_text(module.read_text().rstrip()[:-1] + entry + ",\n)\n")
    # the page calls its test at the end, which a test file does not
    function = tested[: tested.rindex("\n\n\ntest_")]
    with (folder / TEST).open("a") as file:
        file.write('\n\nentry = ns.models.entry("quadratic_leak")\n\n\n' + function + "\n")
    return folder


def run(copy, *command):
    environment = {**os.environ, "PYTHONPATH": str(copy)}
    return subprocess.run(
        [sys.executable, *command],
        cwd=copy, env=environment, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


def test_two_files_changed(copy):
    changed = [
        path.relative_to(copy).as_posix()
        for path in sorted(copy.rglob("*.py"))
        if path.read_bytes() != (ROOT / path.relative_to(copy)).read_bytes()
    ]
    assert changed == [MODULE, TEST]


def test_the_model_is_there_documented_and_tested(copy):
    shown = run(copy, "-c", "import neurosim as ns; print(ns.models.quadratic_leak.__doc__)")
    assert "strength of the leak" in shown.stdout, shown.stderr
    done = run(copy, "-m", "pytest", "-q", "-p", "no:cacheprovider", TEST, CHECKS,
               "-k", "quadratic_leak")  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:]
    # the page's own test, and the checks that every entry passes
    passed = re.findall(r"\b(\d+) passed", done.stdout)
    assert sum(map(int, passed)) > 3, done.stdout[-500:]

"""The wheel holds every file of the five folders, and what it installs works by itself."""

import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = {
    "neurosim": "neurosim",
    "networks": "neurosim/networks",
    "plasticity": "neurosim/plasticity",
    "neuromorphic": "neurosim/neuromorphic",
    "experiments": "neurosim/experiments",
}
SUFFIXES = {".py", ".hpp", ".cpp", ".typed"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    copy = tmp_path_factory.mktemp("source") / "neurosim"
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode:
        pytest.skip("needs a git checkout")
    for name in filter(None, listed.stdout.split("\0")):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            (copy / name).write_bytes((ROOT / name).read_bytes())
    target = copy.parent / "dist"
    code = (
        "import sys; from setuptools import build_meta; "
        f"print(build_meta.build_wheel({str(target)!r}))"
    )
    target.mkdir()
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=copy, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return next(target.glob("*.whl"))


def expected_files():
    for folder, installed in FOLDERS.items():
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in SUFFIXES and "__pycache__" not in path.parts:
                yield f"{installed}/{path.relative_to(ROOT / folder)}"


def test_wheel_has_every_file_of_the_folders(wheel):
    packed = {n for n in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in n}
    assert packed == set(expected_files())


def test_wheel_installs_alone_and_runs(wheel, tmp_path):
    home = tmp_path / "venv"
    venv.create(home, with_pip=True)
    python = home / "bin" / "python"
    install = [python, "-m", "pip", "install", "-q", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(install, check=True, cwd=tmp_path)
    code = (
        "import neurosim, neurosim.errors, neurosim.plasticity, neurosim.neuromorphic;"
        "from importlib.metadata import entry_points as e;"
        "print(neurosim.__version__, sorted(p.name for p in e(group='neurosim.engines')))"
    )
    done = subprocess.run(
        [python, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.split(maxsplit=1)[1].strip() == "['brian2', 'native']"


def test_readme_commands_are_those_of_ci():
    readme = (ROOT / "README.md").read_text()
    commands = [line for line in (ROOT / ".ci" / "run").read_text().splitlines() if "venv" in line]
    assert len(commands) == 1
    assert commands[0] in readme

"""The Sphinx site builds without a warning, with a page and a picture for every model."""

import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from neurosim.models.catalogue import ENTRIES

pytest.importorskip("sphinx")
DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_the_site_builds_without_a_warning(tmp_path):
    command = [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", "html"]
    places = ["-d", str(tmp_path / "trees"), str(DOCS), str(tmp_path / "site")]
    done = subprocess.run(
        [*command, *places], capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr[-5000:]
    for name in ENTRIES:
        assert (tmp_path / "site" / "generated" / f"model-{name}.html").exists()

    assert "Bernoulli" in (tmp_path / "site" / "api.html").read_text()


def test_there_is_a_small_picture_of_every_model_and_experiment():
    wanted = {f"model-{name}" for name in ENTRIES}
    wanted |= {f"experiment-{point.name}" for point in entry_points(group="neurosim.experiments")}
    pictures = list((DOCS / "figures").glob("*.png"))
    missing = wanted - {path.stem for path in pictures}
    assert not missing, "draw them: python docs/make_figures.py NAME"
    for path in pictures:
        assert path.stat().st_size <= 100_000, path.name
    assert sum(path.stat().st_size for path in pictures) < 20_000_000

"""The machine of docs/own-platform.md, as files: what a third party installs."""

import re
from pathlib import Path

PAGE = Path(__file__).resolve().parents[2] / "docs" / "own-platform.md"


def blocks(language):
    """The page's blocks of one language, in order."""
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(), re.DOTALL)


def write_package(folder):
    """Write the package's two files, to be installed."""
    folder.mkdir()
    (folder / "pyproject.toml").write_text(blocks("toml")[0])
    (folder / "bytebox.py").write_text(blocks("python")[0])
    return folder


def put_in_place(site, more=""):
    """Write what installing the package leaves in a folder, and further entry points."""
    site.mkdir(exist_ok=True)
    (site / "bytebox.py").write_text(blocks("python")[0])
    facts = site / "bytebox-1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: bytebox\nVersion: 1.0\n")
    points = f"[neurosim.platforms]\nbytebox = bytebox:Bytebox\n{more}"
    (facts / "entry_points.txt").write_text(points)
    return site

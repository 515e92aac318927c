"""The Python of the documentation: pages marked as executed run, everything else is Python."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "docs").glob("*.md"))
MARK = "<!-- executed -->"
SLOW_MARK = "<!-- executed by slow tests -->"  # what compiles a network for several machines


def blocks(page):
    return re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL)


def table_snippets(text):
    """The code in the last column of tables whose header ends in "neurosim"."""
    found, inside = [], False
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
        if not line.startswith("|"):
            inside = False
        elif cells[-1] == "neurosim":
            inside = True
        elif inside and not set(line) <= set("|- "):
            found.append(re.fullmatch(r"`([^`]+)`", cells[-1])[1])
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_blocks_are_python(page):
    for block in blocks(page):
        ast.parse(block)


def executed():
    """The pages whose code runs, those that take long as slow tests."""
    for page in PAGES:
        if MARK in page.read_text():
            yield page
        elif SLOW_MARK in page.read_text():
            yield pytest.param(page, marks=pytest.mark.slow)


@pytest.mark.parametrize("page", list(executed()), ids=lambda p: p.name)
def test_executed_pages_run(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    namespace = {}
    for number, block in enumerate(blocks(page), 1):
        exec(compile(block, f"{page.name}, block {number}", "exec"), namespace)
    for snippet in table_snippets(page.read_text()):
        exec(compile(snippet, f"{page.name}: {snippet}", "exec"), namespace)


def test_the_pages_that_teach_are_executed():
    marked = {p.stem for p in PAGES if MARK in p.read_text()}
    assert {
        "tutorial",
        "coming-from",
        "add-a-model",
        "own-rule",
        "plasticity",
        "platforms",
    } <= marked
    assert len(table_snippets((ROOT / "docs" / "coming-from.md").read_text())) > 50

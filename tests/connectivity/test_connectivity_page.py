"""docs/connectivity.md tells of every rule (its examples are run in tests/docs)."""

from pathlib import Path

import neurosim as ns
from neurosim.description.rules import ConnectionRule

PAGE = Path(__file__).resolve().parents[2] / "docs" / "connectivity.md"


def test_the_page_names_every_rule():
    text = PAGE.read_text()
    assert "<!-- executed -->" in text
    for rule in ConnectionRule.__subclasses__():
        assert f"`{rule.__name__}(" in text
        assert f"ns.{rule.__name__}(" in text
        assert getattr(ns, rule.__name__) is rule

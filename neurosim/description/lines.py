"""Lines of a user's text, as messages name them."""

from __future__ import annotations

from brian2.equations.equations import EquationError as BrianEquationError
from brian2.equations.equations import Equations

PARSING = (BrianEquationError, SyntaxError, ValueError, TypeError)  # what Brian2's parser raises


def numbered(lines: str, number: int) -> str:
    """Return which line of a text is meant: its number, from 1, and what it says."""
    return f"line {number} ({short(lines.splitlines()[number - 1])})"


def short(line: str) -> str:
    """Return a line in quotes, cut if it is long."""
    text = " ".join(line.split())
    return repr(text if len(text) <= 60 else text[:57] + "...")


def wrong_line(text: str) -> int | None:
    """Return the number of the line that is no equation by itself; None if all are."""
    for number, line in enumerate(text.splitlines(), 1):
        try:
            Equations(line)
        except PARSING:
            return number
    return None

"""How commands print: tables for people, one line of JSON for programs; once for all ranks."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import click

from ..parallel.leaving import is_first


def say(text: str, to_stderr: bool = False) -> None:
    """Print a text, if this is the rank that speaks for all."""
    if is_first():
        click.echo(text, err=to_stderr)


def print_table(rows: Sequence[Sequence[str]], to_stderr: bool = False) -> None:
    """Print rows in columns; the first column to the left, the others to the right."""
    if not rows:
        return
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    for row in rows:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
        say("  ".join(cells).rstrip(), to_stderr)


def print_lines(lines: Iterable[str], to_stderr: bool = False) -> None:
    """Print lines."""
    for line in lines:
        say(line, to_stderr)


def print_json(values: dict[str, Any]) -> None:
    """Print one JSON object on one line of stdout; what is not a finite number becomes null."""
    sys.stderr.flush()
    say(json.dumps(_plain(values), allow_nan=False))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def number(value: float | None, digits: int = 3) -> str:
    """Return a number for a table; a dash where there is none."""
    if value is None or not math.isfinite(value):
        return "-"
    return f"{value:.{digits}f}"

"""TOML as a tree of values. The lines are found by their keys, as far as that is possible."""

from __future__ import annotations

import re
import tomllib
from typing import Any

from ..errors import ConfigError
from .tree import MAX_DEPTH, MAX_TEXT, MAX_VALUES, Node, child

MAX_LINE = 1000
_HEADER = re.compile(r"\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?\Z")
_ASSIGNMENT = re.compile(r"\s*([A-Za-z0-9_\-]+|\"[^\"\\]*\"|'[^']*')\s*=")
_PART = re.compile(r"\s*([A-Za-z0-9_\-]+|\"[^\"\\]*\"|'[^']*')\s*(?:\.|\Z)")


def toml_tree(text: str, name: str) -> Node:
    """Return the tree of a TOML text.

    Raises
    ------
    ConfigError
        Not TOML, with a date, too long a line, too deep or too much.
    """
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        # the standard parser's time for a dotted key grows with the square of its length
        if len(line) > MAX_LINE:
            raise ConfigError(f"{name}:{number}: a line of more than {MAX_LINE} characters.")
    try:
        plain = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(
            f"{name}: not valid TOML: {str(error)[:300] or 'nested too deeply'}."
        ) from error
    return _Tree(name, _lines(lines)).node(plain, "", 0)


class _Tree:
    """Turns what the parser returned into nodes, counting."""

    def __init__(self, name: str, lines: dict[str, int]) -> None:
        self.name, self.lines, self.n_values = name, lines, 0

    def node(self, value: Any, path: str, depth: int) -> Node:
        """Return a value as a Node; ConfigError if it may not stand in a network file."""
        self.n_values += 1
        content, line = value, self.lines.get(path)
        here = Node(None, self.name, path, line)
        if depth > MAX_DEPTH:
            here.fail(f"nested more than {MAX_DEPTH} levels deep.")
        if self.n_values > MAX_VALUES:
            here.fail(f"more than {MAX_VALUES:,} values.")
        if isinstance(value, dict):
            content = {k: self.node(v, child(path, k), depth + 1) for k, v in value.items()}
        elif isinstance(value, list):
            content = [self.node(v, child(path, i), depth + 1) for i, v in enumerate(value)]
        elif not isinstance(value, (bool, int, float, str)):
            here.fail(f"a value of type {type(value).__name__}; write it as text.")
        elif isinstance(value, str) and len(value) > MAX_TEXT:
            here.fail(f"a text of more than {MAX_TEXT:,} characters.")
        return Node(content, self.name, path, line)


def _lines(lines: list[str]) -> dict[str, int]:
    """Return the line of each place that a header or a key at a line's start names."""
    found: dict[str, int] = {}
    counts: dict[str, int] = {}
    table = ""
    for number, line in enumerate(lines, 1):
        if header := _HEADER.match(line):
            parts = [part.strip("\"'") for part in _PART.findall(header[2])]
            table = ""
            for part in parts[:-1]:
                table = child(table, part)
                table = child(table, counts[table] - 1) if table in counts else table
            table = child(table, parts[-1]) if parts else table
            if header[1] == "[[":
                counts[table] = counts.get(table, 0) + 1
                table = child(table, counts[table] - 1)
            found.setdefault(table, number)
        elif key := _ASSIGNMENT.match(line):
            found.setdefault(child(table, key[1].strip("\"'")), number)
    return found

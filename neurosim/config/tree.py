"""A network file as a tree of plain values, each of which knows where it stands.

Nothing of the file is evaluated or constructed: YAML is read from its stream of events, TOML by
the standard library, and both become the same few kinds of values.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from ..errors import ConfigError, UnknownNameError

MAX_BYTES = 1_000_000
MAX_DEPTH = 16
MAX_VALUES = 100_000
MAX_TEXT = 20_000
_PLAIN_KEY = re.compile(r"[A-Za-z0-9_\-]+\Z")


@dataclass(frozen=True, eq=False)
class Node:
    """A value of a file.

    Attributes
    ----------
    content : None, bool, int, float, str, list of Node or dict of str to Node
    file : str
    path : str
        Place inside the file, such as ``projections[0].weight``; empty for the whole.
    line : int or None
        Counted from 1; None where the format does not tell.
    """

    content: Any
    file: str
    path: str = ""
    line: int | None = None

    @property
    def where(self) -> str:
        """File, line and place: the start of every message."""
        line = "" if self.line is None else f":{self.line}"
        return f"{self.file}{line}: {self.path}" if self.path else f"{self.file}{line}"

    @property
    def kind(self) -> str:
        """What the value is, in words."""
        names = {dict: "a mapping", list: "a list", str: "text", bool: "true or false"}
        names |= {int: "a number", float: "a number", type(None): "nothing"}
        return names[type(self.content)]

    def fail(self, problem: str) -> NoReturn:
        """Raise ConfigError about this value."""
        raise ConfigError(f"{self.where}: {problem}")

    def unknown(self, kind: str, name: object, known: Iterable[str]) -> NoReturn:
        """Raise ConfigError about a name that is not known; the message lists those that are."""
        self.fail(str(UnknownNameError(kind, name, known)))

    def mapping(self) -> dict[str, Node]:
        """Return the entries of a mapping; ConfigError if it is none."""
        if self.content is None:
            return {}
        if not isinstance(self.content, dict):
            self.fail(f"must be a mapping of names to values, not {self.kind}.")
        return self.content

    def items(self) -> list[Node]:
        """Return the entries of a list; a single value stands for a list of one."""
        if self.content is None:
            return []
        return self.content if isinstance(self.content, list) else [self]

    def text(self) -> str:
        """Return a text; ConfigError if it is none."""
        if not isinstance(self.content, str):
            self.fail(f"must be text, not {self.kind}. Put it in quotes.")
        return self.content

    def plain(self) -> Any:
        """Return the value with all nodes replaced by what they hold."""
        if isinstance(self.content, dict):
            return {key: node.plain() for key, node in self.content.items()}
        if isinstance(self.content, list):
            return [node.plain() for node in self.content]
        return self.content

    def only(self, known: Any) -> dict[str, Node]:
        """Return the entries of a mapping that may have the keys ``known`` and no others."""
        entries = self.mapping()
        for key, node in entries.items():
            if key not in known:
                node.unknown("key", key, known)
        return entries


def child(path: str, key: str | int) -> str:
    """Return the path of an entry of a mapping or list."""
    if isinstance(key, int):
        return f"{path}[{key}]"
    shown = key if _PLAIN_KEY.match(key) else repr(key[:60])
    return f"{path}.{shown}" if path else shown


def read_tree(path: Path) -> Node:
    """Read a YAML or TOML file.

    Raises
    ------
    ConfigError
        The file cannot be read, is too large, is not valid, nests too deeply or has a key twice.
    """
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror or error}.") from error
    return parse_tree(data, str(path))


def parse_tree(data: bytes, name: str) -> Node:
    """Return the tree of a file's bytes; ``name`` tells YAML from TOML by its ending."""
    if len(data) > MAX_BYTES:
        raise ConfigError(
            f"{name} has more than {MAX_BYTES:,} bytes. Put long lists of edges or spikes in a "
            "data file, or describe the network in Python."
        )
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{name} is not UTF-8 text: {error}.") from error
    if name.lower().endswith(".toml"):
        from .toml_file import toml_tree  # noqa: PLC0415 - one of two formats

        return toml_tree(text, name)
    from .yaml_file import yaml_tree  # noqa: PLC0415 - one of two formats

    return yaml_tree(text, name)

"""YAML as a tree of values with line numbers, by the rules of YAML 1.2's core schema.

The events of PyYAML's safe loader are read one by one, so that no object is ever constructed,
nesting costs no recursion, and the work an alias stands for is counted before it is done.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from ..errors import ConfigError
from .tree import MAX_DEPTH, MAX_TEXT, MAX_VALUES, Node, child

_INTEGER = re.compile(r"[-+]?[0-9]{1,4000}\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_WORDS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_PLAIN_TAGS = frozenset({None, "!"})


class _Open:
    """A mapping or list whose end has not come yet."""

    def __init__(self, content: Any, path: str, line: int, anchor: str | None) -> None:
        self.content, self.path, self.line, self.anchor = content, path, line, anchor
        self.key: str | None = None
        self.key_line = line
        self.size = 1


class _Builder:
    """Builds the tree from events."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.open: list[_Open] = []
        self.anchors: dict[str, tuple[Node, int]] = {}
        self.root: Node | None = None
        self.n_values = self.n_documents = 0

    def take(self, event: Any) -> None:
        """Use one event."""
        if isinstance(event, yaml.DocumentStartEvent):
            self.n_documents += 1
            if self.n_documents > 1:
                self._fail(event, "there is a second document ('---'); a file describes one.")
        elif isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event)
        elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
            self._start(event)
        elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
            done = self.open.pop()
            node = Node(done.content, self.name, done.path, done.line)
            self._place(node, done.anchor, done.size, event)

    def _start(self, event: Any) -> None:
        self._check_tag(event)
        if self.open and isinstance(self.open[-1].content, dict) and self.open[-1].key is None:
            self._fail(event, "a key must be a word, not a mapping or list.")
        if len(self.open) >= MAX_DEPTH:
            self._fail(event, f"nested more than {MAX_DEPTH} levels deep.")
        content: Any = {} if isinstance(event, yaml.MappingStartEvent) else []
        # a mapping is found at its name, which may stand on the line before
        named = self.open and isinstance(self.open[-1].content, dict)
        line = self.open[-1].key_line if named else _line(event)
        self.open.append(_Open(content, self._path(), line, event.anchor))

    def _scalar(self, event: Any) -> None:
        self._check_tag(event)
        if len(event.value) > MAX_TEXT:
            self._fail(event, f"a text of more than {MAX_TEXT:,} characters.")
        holder = self.open[-1] if self.open else None
        if holder is not None and isinstance(holder.content, dict) and holder.key is None:
            if event.value in holder.content:
                self._fail(event, f"the key {event.value!r} is given twice; give it once.")
            if event.value == "<<":
                self._fail(event, "merge keys ('<<') are not supported; write the entries out.")
            holder.key, holder.key_line = event.value, _line(event)
            return
        plain = event.style is None and event.implicit[0]
        value = self._resolve(event) if plain else event.value
        self._place(Node(value, self.name, self._path(), _line(event)), event.anchor, 1, event)

    def _resolve(self, event: Any) -> Any:
        text = event.value
        if text in _WORDS:
            return _WORDS[text]
        if _INTEGER.match(text):
            return int(text)
        if _FLOAT.match(text):
            return float(text)
        return text

    def _alias(self, event: Any) -> None:
        if self.open and isinstance(self.open[-1].content, dict) and self.open[-1].key is None:
            self._fail(event, "a key must be a word, not an alias.")
        if event.anchor not in self.anchors:
            self._fail(event, f"the alias *{event.anchor} has no anchor &{event.anchor} before it.")
        found, size = self.anchors[event.anchor]
        self._place(found, None, size, event)

    def _place(self, node: Node, anchor: str | None, size: int, event: Any) -> None:
        self.n_values += size
        if self.n_values > MAX_VALUES:
            self._fail(event, f"more than {MAX_VALUES:,} values, counting what aliases repeat.")
        if anchor is not None:
            self.anchors[anchor] = (node, size)
        if not self.open:
            self.root = node
            return
        holder = self.open[-1]
        holder.size += size
        if isinstance(holder.content, list):
            holder.content.append(node)
        else:
            holder.content[holder.key] = node
            holder.key = None

    def _path(self) -> str:
        if not self.open:
            return ""
        holder = self.open[-1]
        if isinstance(holder.content, list):
            return child(holder.path, len(holder.content))
        return child(holder.path, holder.key or "")

    def _check_tag(self, event: Any) -> None:
        if event.tag not in _PLAIN_TAGS:
            self._fail(event, f"the tag {event.tag!r} is not supported; write plain values.")

    def _fail(self, event: Any, problem: str) -> None:
        path = self._path()
        place = f"{self.name}:{_line(event)}: "
        raise ConfigError(place + (f"{path}: " if path else "") + problem)


def yaml_tree(text: str, name: str) -> Node:
    """Return the tree of a YAML text.

    Raises
    ------
    ConfigError
        Not YAML; tags, merge keys, several documents, a key twice; too deep or too much.
    """
    builder = _Builder(name)
    try:
        for event in yaml.parse(text, Loader=yaml.SafeLoader):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        line = "" if mark is None else f":{mark.line + 1}"
        raise ConfigError(f"{name}{line}: not valid YAML: {error.problem}.") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ConfigError(f"{name}: not valid YAML: {str(error)[:300]}") from error
    return builder.root or Node(None, name, "", 1)


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1

"""The values of a network file: numbers with units, expressions, distributions, rules."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from brian2.units.fundamentalunits import Quantity

from ..description.distributions import Distribution
from ..description.functions import TimedArray
from ..description.names import check_count
from ..description.pairwise import box, exponential, gaussian
from ..description.quantities import declaration, dimensions
from ..description.rules import ConnectionRule, Edges
from ..description.space import Space
from ..description.syntax import RANDOM_FUNCTIONS, rename
from ..description.waveforms import Waveform
from ..errors import ConfigError, DescriptionError, NeurosimError, UnknownNameError
from .literals import Maker, parse_value, spelled_out, unit
from .schema import Key
from .tree import Node

_NEURONS = re.compile(r"\s*([A-Za-z0-9][\w\-]*)\s*(?:\[([0-9:,\s\-]*)\])?\s*\Z", re.ASCII)
_NOTHING = (None, "none")  # TOML has no null
_IDENTIFIER = re.compile(r"[A-Za-z]\w*\Z", re.ASCII)


def read_section(node: Node, keys: Mapping[str, Key], values: Values) -> dict[str, Any]:
    """Return the values of a section by its table of keys; sections inside are left out."""
    entries = node.only(keys)
    for name, key in keys.items():
        if key.required and name not in entries:
            node.fail(f"{name!r} is missing ({key.meaning}).")
    return {
        name: values.read(entry, keys[name].kind)
        for name, entry in entries.items()
        if keys[name].kind != "section"
    }


@contextmanager
def blamed(node: Node) -> Iterator[None]:
    """Tell where in the file an error of the description comes from."""
    try:
        yield
    except ConfigError:
        raise
    except NeurosimError as error:
        raise ConfigError(f"{node.where}: {error}") from error


class Values:
    """Reads values by their kind.

    Parameters
    ----------
    settings : mapping
        Values that may be used by name.
    folder : path
        From which the paths of data files count.
    """

    def __init__(self, settings: Mapping[str, Any], folder: Path = Path()) -> None:
        self.settings = settings
        self.makers = {
            name: maker
            for base in (ConnectionRule, Distribution, Waveform, Space)
            for name, maker in _makers(base).items()
        }
        self.makers |= {f.__name__: _checked(f) for f in (exponential, gaussian, box, TimedArray)}
        from_sonata = _checked(Edges.from_sonata)
        self.makers["from_sonata"] = lambda path, **rest: from_sonata(folder / path, **rest)

    def read(self, node: Node, kind: str) -> Any:
        """Return the value of a node; ConfigError if it is not of that kind."""
        with blamed(node):
            found = getattr(self, f"_read_{kind}")(node)
        return found

    def _read_text(self, node: Node) -> str:
        return node.text()

    _read_code = _read_name = _read_model = _read_plasticity = _read_text

    def _read_synapse(self, node: Node) -> Any:
        """Return the name of a synapse model, or the section that describes one."""
        return node if isinstance(node.content, dict) else node.text()

    def _read_bounds(self, node: Node) -> dict[str, Any]:
        return {key: self._pair(entry) for key, entry in node.mapping().items()}

    def _pair(self, node: Node) -> Any:
        if node.content in _NOTHING:
            return None
        if not isinstance(node.content, list) or len(node.content) != 2:
            node.fail("must be [low, high], such as [0 nS, w_max], or 'none'.")
        sides = node.content
        return tuple(None if s.content in _NOTHING else self._read_value(s) for s in sides)

    def _read_bins(self, node: Node) -> Any:
        if not isinstance(node.content, list) or len(node.content) != 3:
            node.fail("must be [low, high, number], such as [0 nS, 1 nS, 50].")
        low, high, number = node.content
        return self._read_quantity(low), self._read_quantity(high), self._read_count(number)

    def _read_codes(self, node: Node) -> Any:
        if not isinstance(node.content, dict):
            return node.text()
        return self._read_texts(node)

    def _read_texts(self, node: Node) -> dict[str, str]:
        return {key: entry.text() for key, entry in node.mapping().items()}

    def _read_object(self, node: Node) -> Any:
        made = self._made(node) if isinstance(node.content, dict) else self._plain(node)
        if not isinstance(made, (Waveform, Space)):
            node.fail("must be one of its kinds with arguments, such as SineCurrent(50*pA, 8*Hz).")
        return made

    def _read_names(self, node: Node) -> list[str]:
        return [item.text() for item in node.items()]

    def _read_flag(self, node: Node) -> bool:
        if not isinstance(node.content, bool):
            node.fail(f"must be true or false, not {node.kind}.")
        return node.content

    def _read_count(self, node: Node) -> int:
        value = self._plain(node)
        if isinstance(value, Quantity) and value.ndim == 0 and value.is_dimensionless:
            value = float(value)
        return check_count(value, "the number", smallest=0, largest=2**64 - 1)

    def _read_indices(self, node: Node) -> list[int]:
        return [self._read_count(item) for item in node.items()]

    def _read_quantity(self, node: Node) -> Any:
        value = self._plain(node)
        if isinstance(value, (str, bool, list, tuple, dict)) or value is None:
            node.fail(f"{value!r} is not a quantity; write a number and a unit, such as 20 ms.")
        return value

    def _read_quantities(self, node: Node) -> Any:
        return self._stacked(node) if isinstance(node.content, list) else self._plain(node)

    def _read_refractory(self, node: Node) -> Any:
        return self._read_value(node)

    def _read_value(self, node: Node) -> Any:
        if isinstance(node.content, list):
            return self._stacked(node)
        if isinstance(node.content, dict):
            return self._made(node)
        if isinstance(node.content, str) and (code := self._expression(node.content)) is not None:
            return code
        value = self._plain(node)
        if isinstance(value, (bool, list, tuple, dict)) or value is None:
            node.fail(f"{node.kind} stands where a value is needed, such as 20 ms.")
        return value

    def _read_either(self, node: Node) -> Any:
        content = node.content
        if isinstance(content, dict) and not (
            len(content) == 1 and set(content) & set(self.makers)
        ):
            return self._read_values(node)
        return self._read_value(node)

    def _read_values(self, node: Node) -> dict[str, Any]:
        return {key: self.read(entry, "value") for key, entry in node.mapping().items()}

    def _read_rule(self, node: Node) -> Any:
        rule = self._made(node) if isinstance(node.content, dict) else self._plain(node)
        if not isinstance(rule, ConnectionRule):
            known = sorted(_makers(ConnectionRule))
            if isinstance(rule, str):
                raise UnknownNameError("rule", rule[:60], known)
            node.fail(f"is not a connection rule. Rules: {', '.join(known)}.")
        return rule

    def _read_neurons(self, node: Node) -> tuple[str, Any]:
        """Return a population's name and the index of its neurons (None: all)."""
        match = _NEURONS.match(node.text()[:10_000])
        if match is None:
            node.fail(
                f"{node.text()[:60]!r} names no neurons; write E, E[:10], E[3], E[::2] or E[1, 5]."
            )
        return match[1], None if match[2] is None else _index(match[2], node)

    def _read_target(self, node: Node) -> tuple[str, Any]:
        """Return what names neurons, or (text, None) of what may be a projection's name."""
        match = _NEURONS.match(node.text()[:10_000])
        return (node.text(), None) if match is None else self._read_neurons(node)

    def _read_many(self, node: Node) -> list[tuple[str, Any]]:
        return [self._read_neurons(item) for item in node.items()]

    def _plain(self, node: Node) -> Any:
        """Return what a scalar stands for: as it is, or its text parsed."""
        if isinstance(node.content, (list, dict)):
            node.fail(f"must be a single value, not {node.kind}.")
        if not isinstance(node.content, str):
            return node.content
        text = " ".join(node.content.split())
        return parse_value(text, "the value", self.settings, self.makers)

    def _stacked(self, node: Node) -> Any:
        """Return a list of values of one dimension as an array with that dimension."""
        items = [self._read_quantity(item) for item in node.content]
        if not items:
            return []
        dims = [dimensions(item) for item in items]
        for item, dim in zip(node.content, dims, strict=True):
            if dim != dims[0]:
                item.fail("has another unit than the values before it.")
        arrays = [np.asarray(item, dtype=np.float64) for item in items]
        if any(array.ndim for array in arrays):
            node.fail("a list of lists stands where a list of numbers is needed.")
        return Quantity(np.array(arrays, dtype=np.float64), dim=dims[0])

    def _made(self, node: Node) -> Any:
        """Return what ``{Normal: {mean: 20 pA, sd: 2 pA}}`` stands for."""
        entries = node.mapping()
        if len(entries) != 1:
            node.fail("must be one kind with its arguments, such as {Normal: {mean: 1 mV, ...}}.")
        ((name, arguments),) = entries.items()
        if name not in self.makers:
            raise UnknownNameError("kind of value", name, self.makers)
        return self.makers[name](
            **{
                key: value.text() if key == "path" else self._argument(value)
                for key, value in arguments.mapping().items()
            }
        )

    def _argument(self, node: Node) -> Any:
        if isinstance(node.content, list):
            plain = node.plain()
            return plain if all(type(x) in (int, float) for x in plain) else self._stacked(node)
        return self._read_value(node)

    def _expression(self, text: str) -> str | None:
        """Return text that depends on a neuron, with the settings filled in; None otherwise."""
        try:
            tree = ast.parse(spelled_out(" ".join(text.split())), mode="eval")
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return None
        functions = [n.func for n in ast.walk(tree) if isinstance(n, ast.Call)]
        calls = {n.id for n in functions if isinstance(n, ast.Name)}
        used = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)} - calls
        if calls & self.makers.keys() or (used & self.makers.keys()):
            return None
        if not calls and all(name in self.settings or unit(name) is not None for name in used):
            return None
        return rename(text, {k: _spelled(self.settings[k]) for k in used & self.settings.keys()})


def check_setting(name: str, node: Node) -> None:
    """Refuse names of settings that would hide a unit or a function."""
    if not _IDENTIFIER.match(name):
        node.fail("the name of a setting has letters, digits and '_' and starts with a letter.")
    if unit(name) is not None or name in RANDOM_FUNCTIONS or name in ("seed", "i", "N", "dt", "t"):
        node.fail(f"{name!r} has a meaning of its own; choose another name for the setting.")


def _makers(base: type) -> dict[str, Maker]:
    """Return the kinds below a base class that have none below themselves, by name."""
    kinds: list[type] = base.__subclasses__()
    if not kinds:
        return {base.__name__: _checked(base)}
    return {name: maker for kind in kinds for name, maker in _makers(kind).items()}


def _checked(kind: Callable[..., Any]) -> Maker:
    signature = inspect.signature(kind)

    def make(*args: Any, **keywords: Any) -> Any:
        for key in keywords:
            if key not in signature.parameters:
                raise UnknownNameError("argument", key, signature.parameters, kind.__name__)
        try:
            signature.bind(*args, **keywords)
        except TypeError as error:
            raise DescriptionError(f"{kind.__name__}: {error}; it takes {signature}.") from error
        return kind(*args, **keywords)

    return make


def _spelled(value: Any) -> str:
    """Return a setting as an expression in base units."""
    return f"({float(value)!r}*{declaration(dimensions(value))})"


def _index(text: str, node: Node) -> Any:
    """Return the index that the text in brackets stands for."""
    try:
        if ":" in text:
            return slice(*(int(part) if part.strip() else None for part in text.split(":")))
        numbers = [int(part) for part in text.split(",") if part.strip()]
    except (ValueError, TypeError):
        numbers = []
    if not numbers:
        node.fail(f"[{text[:60]}] chooses no neurons; write [3], [:10], [10:20:2] or [1, 5, 7].")
    return numbers[0] if len(numbers) == 1 and "," not in text else numbers

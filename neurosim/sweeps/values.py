"""The values a parameter takes in a sweep: as the user gives them, in the index, in tables."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..errors import DescriptionError

_PLAIN = (bool, int, float, str)
_PREFIXES = {-15: "f", -12: "p", -9: "n", -6: "u", -3: "m", 0: "", 3: "k", 6: "M", 9: "G"}


def checked(value: Any, where: str) -> Any:
    """Return a value that an index can hold, NumPy's scalars as Python's.

    Raises
    ------
    DescriptionError
        It is not a number, quantity, word, truth value, None or list of these.
    """
    if value is None or isinstance(value, _PLAIN):
        return value
    if hasattr(value, "dim") and np.ndim(value) == 0:
        return value
    if isinstance(value, np.generic):
        return checked(value.item(), where)
    if isinstance(value, list | tuple):
        return [checked(item, where) for item in value]
    if isinstance(value, np.ndarray) and not hasattr(value, "dim"):
        return checked(value.tolist(), where)
    if isinstance(value, np.ndarray):
        return [value[k] for k in range(value.size)]
    raise DescriptionError(
        f"{where} is a {type(value).__name__}; a sweep's parameters are numbers, quantities such "
        "as 20*ms, words, True, False, None and lists of these, because its index keeps them. "
        "Choose by a word or number, and make the object in build()."
    )


def stored(value: Any) -> Any:
    """Return a value as JSON holds it; a quantity as its number in SI and its unit."""
    if isinstance(value, list):
        return [stored(item) for item in value]
    if hasattr(value, "dim"):
        from ..description.quantities import declaration  # noqa: PLC0415 - needs Brian2

        return {"si": float(value), "unit": declaration(value.dim) or "1"}
    return value


def restored(value: Any) -> Any:
    """Return what ``stored`` was given.

    Raises
    ------
    DescriptionError
        The unit is not one.
    """
    if isinstance(value, list):
        return [restored(item) for item in value]
    if isinstance(value, Mapping):
        from ..config.literals import parse_value  # noqa: PLC0415 - needs Brian2

        return parse_value(f"1.0*{value['unit']}", "a unit of the index") * float(value["si"])
    return value


def identity(parameters: Mapping[str, Any], seed: int | None) -> str:
    """Return one text for parameters and seed, the same for equal values in any order."""
    values = {name: _comparable(stored(value)) for name, value in parameters.items()}
    return json.dumps([values, seed], sort_keys=True)


def _comparable(value: Any) -> Any:
    """Return 4.0 as 4, since both are one point."""
    if isinstance(value, list):
        return [_comparable(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def shown(value: Any) -> str:
    """Return a value as people write it."""
    if isinstance(value, list):
        return "[" + ", ".join(shown(item) for item in value) + "]"
    if hasattr(value, "dim"):
        unit = common_unit([value])
        return f"{unit.number(value):g} {unit.text}".rstrip()
    return f"{value:g}" if isinstance(value, float) else str(value)


@dataclass(frozen=True)
class Unit:
    """A unit in which a column of quantities is written: its text and size in SI."""

    text: str = ""
    size: float = 1.0

    def number(self, value: Any) -> Any:
        """Return a quantity as a number in the unit; anything else as it is."""
        if not hasattr(value, "dim"):
            return value
        return float(f"{float(value) / self.size:.15g}")


def common_unit(values: Sequence[Any]) -> Unit:
    """Return the unit that suits all values, that of the largest; none for plain values."""
    quantities = [value for value in values if hasattr(value, "dim")]
    if not quantities:
        return Unit()
    from ..description.quantities import symbol  # noqa: PLC0415 - needs Brian2

    base = symbol(quantities[0].dim)
    largest = max(abs(float(value)) for value in quantities)
    if base == "1":
        return Unit()
    if not base.isalpha() or base == "kg" or not 0 < largest < math.inf:
        return Unit(base)
    power = 3 * math.floor(math.log10(largest * (1 + 1e-12)) / 3)
    prefix = _PREFIXES.get(power)
    return Unit(base) if prefix is None else Unit(prefix + base, 10.0**power)

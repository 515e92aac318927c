"""Values to sweep over, typed as ``g=3,4,5``, ``eta=0.9:2.1:5`` or ``tau=Uniform(5*ms, 20*ms)``."""

from __future__ import annotations

import math
from typing import Any

from ..config.literals import parse_value
from ..errors import DescriptionError, DimensionError

_MOST = 100_000
_OPENING, _CLOSING = "([{", ")]}"
_FORMS = "NAME=1,2,3 or NAME=FIRST:LAST:COUNT or NAME=Uniform(LOW, HIGH)"


def parse_over(assignments: tuple[str, ...]) -> dict[str, Any]:
    """Return the values of ``name=values`` texts: lists, or distributions.

    ``FIRST:LAST:COUNT`` stands for equally spaced values, both ends included, and with ``:log``
    after it for equal ratios.

    Raises
    ------
    DescriptionError
        A text is not of that form, names something twice, or a value is not allowed.
    """
    found: dict[str, Any] = {}
    for text in assignments:
        name, equals, values = text.partition("=")
        name = name.strip()
        if not equals or not name.removeprefix("platform.").isidentifier():
            raise DescriptionError(f"--over {text!r} is not of the form {_FORMS}.")
        if name in found:
            raise DescriptionError(f"--over {name}=... is given twice; give all values at once.")
        if name == "seed":
            raise DescriptionError("--over seed=...: seeds have an option of their own, --seeds.")
        found[name] = _values(values.strip(), f"--over {name}")
    return found


def _values(text: str, where: str) -> Any:
    parts = _split(text, ":")
    if len(parts) > 1:
        return _spaced(parts, where)
    items = _split(text, ",")
    if len(items) == 1:
        return _value(items[0], where)
    return [_value(item, where) for item in items]


def _value(text: str, where: str) -> Any:
    return parse_value(text.strip(), where, makers=_makers())


def _makers() -> dict[str, Any]:
    from ..description import distributions  # noqa: PLC0415 - imports Brian2

    kinds = ("Normal", "Uniform", "LogNormal", "Exponential")
    return {name: getattr(distributions, name) for name in kinds}


def _spaced(parts: list[str], where: str) -> list[Any]:
    """Return equally spaced values from the first part to the second."""
    logarithmic = len(parts) == 4 and parts[3].strip() == "log"
    if len(parts) != (4 if logarithmic else 3):
        raise DescriptionError(
            f"{where}={':'.join(parts)} is not of the form FIRST:LAST:COUNT or "
            "FIRST:LAST:COUNT:log."
        )
    first, last, count = (parse_value(part.strip(), where) for part in parts[:3])
    if isinstance(count, bool) or not isinstance(count, int) or not 2 <= count <= _MOST:
        raise DescriptionError(f"{where}: the count {parts[2]} must be from 2 to {_MOST}.")
    from ..description.quantities import dimensions, quantity, symbol  # noqa: PLC0415 - Brian2

    for value in (first, last):
        if isinstance(value, bool | str | list | tuple | dict) or value is None:
            raise DescriptionError(f"{where}: {value!r} is not a number that a range may end with.")
    if dimensions(first) != dimensions(last):
        raise DimensionError(
            f"{where}: the ends have the units {symbol(dimensions(first))} and "
            f"{symbol(dimensions(last))}; they must have the same."
        )
    low, high = float(first), float(last)
    if logarithmic and not low * high > 0:
        raise DescriptionError(f"{where}: the ends of a range of ratios must both be above 0.")
    numbers = [_between(low, high, k / (count - 1), logarithmic) for k in range(count)]
    if not hasattr(first, "dim"):
        return numbers
    return [quantity(number, dimensions(first)) for number in numbers]


def _between(low: float, high: float, share: float, logarithmic: bool) -> float:
    """Return a value of a range, without the dirt of its last digits."""
    if share in (0.0, 1.0):
        return high if share else low
    value = low * (high / low) ** share if logarithmic else low + (high - low) * share
    return float(f"{value:.14g}") if math.isfinite(value) else value


def _split(text: str, sign: str) -> list[str]:
    """Return the parts of a text between signs outside brackets and quotes."""
    parts, depth, quote = [""], 0, ""
    for character in text:
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        depth += (not quote) * ((character in _OPENING) - (character in _CLOSING))
        if character == sign and depth == 0 and not quote:
            parts.append("")
        else:
            parts[-1] += character
    return parts

"""Numbers with units: checked where users give them, plain SI floats afterwards."""

from __future__ import annotations

from typing import Any

import numpy as np
from brian2.core.namespace import DEFAULT_UNITS
from brian2.units.fundamentalunits import (
    DIMENSIONLESS,
    Dimension,
    Quantity,
    get_dimensions,
)
from numpy.typing import NDArray

from ..errors import DescriptionError, DimensionError

_BASE = ("metre", "kilogram", "second", "amp", "kelvin", "mole", "candela")
_SYMBOLS = {
    "second": "s",
    "volt": "V",
    "amp": "A",
    "ohm": "ohm",
    "siemens": "S",
    "farad": "F",
    "hertz": "Hz",
    "metre": "m",
    "coulomb": "C",
    "joule": "J",
}
# Dimensions by name and symbol: "volt/second" and "V/s", then "volt" and "V".
_KNOWN = {
    (DEFAULT_UNITS[name] * factor).dim._dims: (name + suffix, short + ending)
    for suffix, ending, factor in (("/second", "/s", 1 / DEFAULT_UNITS["second"]), ("", "", 1))
    for name, short in reversed(_SYMBOLS.items())
}
_KNOWN[DIMENSIONLESS._dims] = ("1", "1")
SECOND: Dimension = DEFAULT_UNITS["second"].dim
HERTZ: Dimension = DEFAULT_UNITS["hertz"].dim


def dimensions(value: Any) -> Dimension:
    """Return the physical dimensions of a number, array or quantity."""
    return get_dimensions(value)


def symbol(dim: Dimension) -> str:
    """Return the base unit of a dimension as Brian2 prints it (``"V"``, ``"1"``)."""
    # Brian2's own display depends on which units a process happens to have made.
    known = _KNOWN.get(dim._dims)
    return known[1] if known is not None else str(dim)


def declaration(dim: Dimension) -> str:
    """Return a dimension as an equation may declare it (``"volt"``, ``"volt/second"``...)."""
    known = _KNOWN.get(dim._dims)
    if known is not None:
        return known[0]
    factors = []
    for name, exponent in zip(_BASE, dim._dims, strict=True):
        if exponent == 1:
            factors.append(name)
        elif exponent:
            power = int(exponent) if float(exponent).is_integer() else float(exponent)
            factors.append(f"{name}**{power}")
    return "*".join(factors)


def require_dimensions(dim: Dimension, expected: Dimension, what: str) -> None:
    """Raise DimensionError unless both dimensions agree.

    Parameters
    ----------
    dim, expected : Dimension
    what : str
        What was given and where, the start of the message.
    """
    if dim is not expected and dim != expected:
        raise DimensionError(
            f"{what} has the unit {symbol(dim)}, but {symbol(expected)} is needed. "
            f"Give it in units of {declaration(expected)}."
        )


def to_si(value: Any, expected: Dimension | None, what: str) -> NDArray[np.float64]:
    """Return a number, array or quantity as finite float64 in SI units.

    Parameters
    ----------
    value : number, array or Quantity
    expected : Dimension or None
        None accepts any.
    what : str
        What it is and where, the start of every message.

    Raises
    ------
    DescriptionError
        Not numeric, NaN or infinite.
    DimensionError
    """
    if isinstance(value, (str, bytes, bool, dict)) or value is None:
        raise DescriptionError(f"{what} must be a number with a unit, not {value!r}.")
    try:
        array = np.array(value, dtype=np.float64, copy=True)
    except OverflowError as error:
        raise DescriptionError(f"{what} is too large a number.") from error
    except (TypeError, ValueError) as error:
        raise DescriptionError(
            f"{what} must be a number or an array with a unit, not {type(value).__name__}."
        ) from error
    if expected is not None:
        require_dimensions(dimensions(value), expected, what)
    bad = ~np.isfinite(array)
    if bad.any():
        place = f" at index {int(np.flatnonzero(bad)[0])}" if array.ndim else ""
        raise DescriptionError(
            f"{what} is {array[bad].flat[0]}{place}; every value must be finite."
        )
    return array


def scalar(value: Any, expected: Dimension | None, what: str) -> float:
    """Return one number in SI units; see :func:`to_si`."""
    array = to_si(value, expected, what)
    if array.ndim:
        raise DescriptionError(f"{what} must be one value, not an array of shape {array.shape}.")
    return float(array)


def show(value: float, dim: Dimension) -> str:
    """Return a value in SI units as text with its unit, for messages and descriptions."""
    return f"{value!r}" if dim is DIMENSIONLESS else f"{value!r} {symbol(dim)}"


def quantity(value: float | NDArray[np.float64], dim: Dimension) -> Quantity:
    """Return a plain SI value as a Brian2 quantity."""
    return Quantity(value, dim=dim)


def named_unit(name: str) -> Any:
    """Return Brian2's unit of that name (``"mV"``, ``"nS/ms"``...); 1 for ``"1"``."""
    if name == "1":
        return 1.0
    numerator, *denominators = name.split("/")
    unit = 1.0 if numerator == "1" else DEFAULT_UNITS[numerator]
    for denominator in denominators:
        unit = unit / DEFAULT_UNITS[denominator]
    return unit


def unit_of_symbol(symbol: str) -> Any:
    """Return Brian2's unit of a name, or of a symbol as :func:`symbol` gives it.

    Raises
    ------
    DescriptionError
        It is neither.
    """
    known = {short: name for name, short in _KNOWN.values()}
    try:
        return named_unit(known.get(symbol, symbol))
    except KeyError:
        raise DescriptionError(
            f"the unit {symbol!r} has no name; say what its numbers are multiplied with: unit=..."
        ) from None

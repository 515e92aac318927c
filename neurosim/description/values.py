"""What may be given for a parameter or initial value: number, array, expression, distribution."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from brian2.units.fundamentalunits import Dimension
from numpy.typing import NDArray

from ..errors import DescriptionError
from .distributions import Distribution
from .equations import expression_dimensions
from .quantities import dimensions, require_dimensions, symbol, to_si


@dataclass(frozen=True, eq=False)
class Given:
    """A value as the user gave it, checked.

    ``content`` is a float or (n,) float64 array in SI units, an expression string, or a
    Distribution; ``dim`` its dimensions.
    """

    content: float | NDArray[np.float64] | str | Distribution
    dim: Dimension

    @property
    def per_neuron(self) -> bool:
        """Whether neurons may differ in it."""
        return not isinstance(self.content, float)

    def describe(self) -> Any:
        """Return a JSON-able account; arrays by size, mean and range."""
        content = self.content
        if isinstance(content, Distribution):
            return content.describe()
        if isinstance(content, str):
            return {"expression": content}
        if isinstance(content, float):
            return {"value": content, "unit": symbol(self.dim)}
        return {
            "array": int(content.size),
            "mean": float(content.mean()),
            "min": float(content.min()),
            "max": float(content.max()),
            "unit": symbol(self.dim),
        }


def give(
    value: Any,
    what: str,
    *,
    known: dict[str, Dimension],
    expected: Dimension | None = None,
    size: int | None = None,
) -> Given:
    """Check a value that a user gave for a parameter or variable.

    Parameters
    ----------
    value : number, array, Quantity, str or Distribution
    what : str
        What it is and where, the start of every message.
    known : dict of str to Dimension
        Names that an expression may use.
    expected : Dimension, optional
    size : int, optional
        Length that an array must have; None accepts any.
    """
    if isinstance(value, Given):
        value = value.content if isinstance(value.content, (str, Distribution)) else value
    if isinstance(value, str):
        dim = expression_dimensions(value, known, what)
        content: Any = " ".join(value.split())
    elif isinstance(value, Distribution):
        dim, content = value.dim, value
    elif isinstance(value, Given):
        dim, content = value.dim, value.content
    else:
        dim, content = dimensions(value), to_si(value, None, what)
        content = float(content) if content.ndim == 0 else content
    if expected is not None:
        require_dimensions(dim, expected, what)
    if isinstance(content, np.ndarray):
        _check_shape(content, what, size)
    return Given(content, dim)


def _check_shape(array: NDArray[np.float64], what: str, size: int | None) -> None:
    if array.ndim != 1 or array.size == 0:
        raise DescriptionError(f"{what} must be one value or a vector, not shape {array.shape}.")
    if size is not None and array.size != size:
        raise DescriptionError(
            f"{what} has {array.size} values for {size} neurons; give one per neuron, or one for "
            "all."
        )
    array.flags.writeable = False

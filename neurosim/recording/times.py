"""Times as users give them: numbers in ms, or quantities of time."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import DescriptionError


def milliseconds(value: Any, what: str) -> float | None:
    """Return a time in ms: a plain number is in ms, a Brian2 quantity of time is converted.

    Raises
    ------
    DescriptionError
        It is not one finite number, or a quantity of something else.
    """
    if value is None:
        return None
    dimension = getattr(value, "dim", None)
    if dimension is not None and repr(dimension) != "second":
        raise DescriptionError(
            f"{what} is {value!r}; give a time, such as 500*ms or 500 (a plain number is in ms)."
        )
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        array = np.empty(0)
    if array.size != 1 or not np.isfinite(array).all():
        raise DescriptionError(
            f"{what} is {value!r}; give one time, such as 500*ms or 500 (in ms)."
        )
    number = float(array.reshape(()))
    # 0.3 s is 300 ms, not 299.99999999999994
    return number if dimension is None else round(number * 1e3, 9)

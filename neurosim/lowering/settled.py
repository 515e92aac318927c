"""Event-driven variables as they are now, from what they were at the last event."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from .expressions import Value, evaluate, names_in
from .synapse_program import Settling

_TEMPORARY = re.compile(r"\b_(\w+)")


def settled_values(
    settling: Settling,
    read: Callable[[str], Value],
    elapsed: NDArray[np.float64],
    where: str,
) -> dict[str, NDArray[np.float64]]:
    """Return variables as they are some time after their last event.

    Parameters
    ----------
    settling : Settling
    read : callable
        From the name of a variable or parameter to its value, or values (n,), as of the last event.
    elapsed : (n,) array
        Seconds since then.
    where : str
        For messages.

    Returns
    -------
    dict of str to (n,) float64 array
    """
    known: dict[str, Value] = {"since_update": elapsed}
    with np.errstate(all="ignore"):
        # a solution's own names start with '_', which those of users cannot
        for line in _TEMPORARY.sub(r"next__\1", settling.code).splitlines():
            name, _, code = line.partition(" = ")
            for other in names_in(code) - known.keys():
                known[other] = read(other)
            known[name] = evaluate(code, known, where)
    return {
        name: np.array(np.broadcast_to(known[name], elapsed.shape), np.float64)
        for name in settling.variables
    }

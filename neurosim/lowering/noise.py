"""Random numbers in running code: every call of rand() and randn() becomes a name of its own.

A name holds one number per neuron and step, whatever reads it and how often. So nothing that
rearranges expressions can merge two calls or split one, and engines draw the same numbers.
"""

from __future__ import annotations

import re
from collections.abc import Set

from ..errors import UnsupportedError
from ..streams import NOISE_SITES
from .program import Noise

CALL = re.compile(r"(?<![\w.])(randn|rand)\s*\(\s*\)")
_FIRST_OPERATION = 1024  # sites from here on belong to operations


class NoiseSites:
    """Gives names and sites to the random calls of one population's code, in order.

    Parameters
    ----------
    taken : set of str
        Names that the code uses already.
    where : str
        The model, for messages.
    """

    def __init__(self, taken: Set[str], where: str) -> None:
        self._prefix = "noise"
        while any(name.startswith(f"{self._prefix}_") for name in taken):
            self._prefix += "x"
        self._where = where
        self._found: list[Noise] = []

    @property
    def found(self) -> tuple[Noise, ...]:
        """All names given so far."""
        return tuple(self._found)

    def name(self, function: str) -> str:
        """Return a new name for one call of ``"rand"`` or ``"randn"``."""
        site = len(self._found)
        if site >= min(_FIRST_OPERATION, NOISE_SITES):
            raise UnsupportedError(
                f"{self._where} calls rand() and randn() more than {_FIRST_OPERATION} times. "
                "Draw once in a subexpression marked '(constant over dt)' and use that."
            )
        kind = "normal" if function == "randn" else "uniform"
        noise = Noise(f"{self._prefix}_{site}", kind, site)  # type: ignore[arg-type]
        self._found.append(noise)
        return noise.name

    def replace(self, code: str) -> str:
        """Return code with every random call replaced by a name."""
        return CALL.sub(lambda match: self.name(match[1]), code)


def set_apart(codes: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Replace random calls by placeholders that symbolic algebra cannot confuse.

    Parameters
    ----------
    codes : dict of str to str
        Right-hand side of each equation.

    Returns
    -------
    codes, placeholders : dict of str to str
        The second gives each placeholder's function, "rand" or "randn".
    """
    placeholders: dict[str, str] = {}

    def stand_in(match: re.Match[str]) -> str:
        name = f"drawn_{len(placeholders)}_"
        placeholders[name] = match[1]
        return name

    return {key: CALL.sub(stand_in, code) for key, code in codes.items()}, placeholders

"""What populations, projections and sizes may be called and be."""

from __future__ import annotations

import operator
import re
from typing import Any

from ..errors import DescriptionError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_\-]*\Z")
_PROJECTION = re.compile(r"[A-Za-z0-9][A-Za-z0-9_\-<>:+ ]*\Z")
MAX_NAME = 120
MAX_SIZE = 2**31 - 1


def check_name(name: Any, kind: str, *, projection: bool = False) -> str:
    """Return a name that is safe in files and messages; DescriptionError otherwise.

    Letters, digits, ``_`` and ``-``; projections may also have ``>``, ``<``, ``:``, ``+`` and
    spaces (``"E->I"``). Names become group names in the recording, so ``/`` and ``.`` are out.
    """
    pattern = _PROJECTION if projection else _NAME
    if not isinstance(name, str) or not pattern.match(name) or len(name) > MAX_NAME:
        extra = " and '->', ':', '+', ' '" if projection else ""
        raise DescriptionError(
            f"{name!r} is not a valid name for a {kind}. Use letters, digits, '_', '-'{extra}, "
            f"starting with a letter or digit, at most {MAX_NAME} characters."
        )
    return name


def check_count(value: Any, what: str, *, smallest: int = 1, largest: int = MAX_SIZE) -> int:
    """Return a whole number in [smallest, largest]; DescriptionError otherwise."""
    try:
        if isinstance(value, bool):
            raise TypeError
        count = operator.index(value)
    except TypeError:
        if not (isinstance(value, float) and value.is_integer()):
            raise DescriptionError(f"{what} must be a whole number, not {value!r}.") from None
        count = int(value)
    if not smallest <= count <= largest:
        raise DescriptionError(
            f"{what} is {count}; it must be at least {smallest} and at most {largest}."
        )
    return count

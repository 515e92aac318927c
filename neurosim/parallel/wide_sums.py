"""Exact sums of any numbers: rounded once, or as words that add up over ranks in any order.

Sums of what an expression makes of recorded variables can have any size, so their words cover
every double: an integer that counts multiples of 2^-1074, in two's complement.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

WORDS = 35
"""34 words of 64 bits, the lowest first, and one that flags what is not finite."""

_BYTES = 8 * (WORDS - 1)
_UNIT = 1074
_NAN, _PLUS, _MINUS = 1, 2, 4
_LARGEST = 900  # exponents beyond leave no room for the rounding below


def row_sums(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sum of each row, rounded once: (n,) of (n, m)."""
    finite, flags = _without_what_is_not_finite(values)
    parts = _parts(finite)
    if parts is None:
        return totals([row_words(values)])
    if len(parts) < 2:
        sums = parts[0] if parts else np.zeros(len(values))
    else:
        sums = np.fromiter(map(math.fsum, zip(*parts, strict=True)), np.float64, len(values))
    return _flagged(sums, flags)


def row_words(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the sum of each row exactly, (n, WORDS) of (n, m); m may be 0."""
    finite, flags = _without_what_is_not_finite(values)
    parts = _parts(finite)
    words = np.empty((len(values), WORDS), np.int64)
    terms = finite.T if parts is None else np.array(parts).reshape(len(parts), len(values))
    for row in range(len(values)):
        total = sum(map(_integer, terms[:, row].tolist()))
        words[row, :-1] = np.frombuffer(total.to_bytes(_BYTES, "little", signed=True), "<i8")
    words[:, -1] = flags
    return words


def totals(of_ranks: Sequence[NDArray[np.int64]]) -> NDArray[np.float64]:
    """Return the sums over ranks of words, each (n, WORDS), rounded once, (n,)."""
    n = len(of_ranks[0])
    sums = np.empty(n)
    for row in range(n):
        total = 0
        for words in of_ranks:
            content = words[row, :-1].astype("<i8").tobytes()
            total += int.from_bytes(content, "little", signed=True)
        sums[row] = _rounded(total)
    flags = np.zeros(n, np.int64)
    for words in of_ranks:
        flags |= words[:, -1]
    return _flagged(sums, flags)


def _without_what_is_not_finite(
    values: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return the rows with zeros in place of what is not finite, and flags that tell what was."""
    flags = np.zeros(len(values), np.int64)
    if np.isfinite(values).all():
        return values, flags
    flags |= np.where(np.isnan(values).any(axis=1), _NAN, 0)
    flags |= np.where(np.isposinf(values).any(axis=1), _PLUS, 0)
    flags |= np.where(np.isneginf(values).any(axis=1), _MINUS, 0)
    return np.where(np.isfinite(values), values, 0.0), flags


def _parts(values: NDArray[np.float64]) -> list[NDArray[np.float64]] | None:
    """Return doubles per row, each (n,), that add up exactly to the row's sum.

    What all values of a row have above some bit adds up without rounding; then comes the rest
    (the extraction of Rump, Ogita and Oishi 2008). None if values are too large for that.
    """
    rest = np.array(values, np.float64)
    room = (rest.shape[1] + 2).bit_length()
    parts: list[NDArray[np.float64]] = []
    while rest.size:
        largest = np.abs(rest).max(axis=1)
        if not largest.any():
            break
        exponents = np.frexp(largest)[1]
        if exponents.max() > _LARGEST:
            return None
        shift = np.ldexp(1.0, exponents + room)[:, None]
        high = (rest + shift) - shift
        parts.append(high.sum(axis=1))
        rest -= high
    return parts


def _integer(value: float) -> int:
    numerator, denominator = value.as_integer_ratio()
    return numerator << (_UNIT - denominator.bit_length() + 1)


def _rounded(total: int) -> float:
    try:
        return total / (1 << _UNIT)  # rounds once, as Python's division of integers does
    except OverflowError:
        return math.inf if total > 0 else -math.inf


def _flagged(sums: NDArray[np.float64], flags: NDArray[np.int64]) -> NDArray[np.float64]:
    if not flags.any():
        return sums
    both = _PLUS | _MINUS
    sums = np.where(flags & _PLUS, np.inf, sums)
    sums = np.where(flags & _MINUS, -np.inf, sums)
    return np.where((flags & _NAN > 0) | (flags & both == both), np.nan, sums)

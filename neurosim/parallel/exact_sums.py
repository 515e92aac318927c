"""Exact sums as the native engine keeps them: three words each, whatever rank they are from.

A sum is an integer of 128 bits that counts multiples of 2^-90. Its words are the low 63 bits,
the bits above them (with the sign), and 1 where a value was not a number, or too large to be
counted. Integers add up to the same in any order.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

WORDS = 3
_BITS = 63
_LOW = np.int64(2**63 - 1)
_UNIT = -90
_MOST = np.int64(2 ** (125 - _BITS))  # 2^125 in the upper word, as ExactSum of include/sampler.hpp


def add_words(one: NDArray[np.int64], other: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the sums of two ranks' sums, (n_samples, 3)."""
    low = one[:, 0].view(np.uint64) + other[:, 0].view(np.uint64)
    carry = (low >> np.uint64(_BITS)).astype(np.int64)
    out = np.empty_like(one)
    out[:, 0] = low.view(np.int64) & _LOW
    out[:, 2] = one[:, 2] | other[:, 2]
    bounded = out[:, 2] == 0
    out[:, 1] = np.where(bounded, one[:, 1], 0) + np.where(bounded, other[:, 1], 0) + carry
    high = out[:, 1]
    out[:, 2] |= (high > _MOST) | (high == _MOST) & (out[:, 0] > 0) | (high < -_MOST)
    return out


def exact_total(words: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return what words (n_samples, 3) stand for, rounded once, (n_samples,); NaN if flagged."""
    values = (
        math.nan if flag else math.ldexp(float((high << _BITS) + low), _UNIT)
        for low, high, flag in words.tolist()
    )
    return np.fromiter(values, np.float64, len(words))


def transformed(
    words: NDArray[np.int64], scale: float, offset: float, count: int
) -> NDArray[np.int64]:
    """Return the words of sums of ``offset + scale x`` from those of sums of ``count`` x.

    Exactly, up to half a unit of 2^-90: so the sums of ranks stay the same however many there are.
    """
    numerator, denominator = scale.as_integer_ratio()
    moved, unit = offset.as_integer_ratio()
    shift = (2 * count * moved << -_UNIT) // unit
    out = np.array(words)
    for row, (low, high, flag) in zip(out, words.tolist(), strict=True):
        whole = ((high << _BITS) + low) * numerator
        total = (2 * whole // denominator + shift + 1) >> 1
        if flag or abs(total) > int(_MOST) << _BITS:
            row[:] = (0, 0, 1)
        else:
            row[:] = (total & int(_LOW), total >> _BITS, 0)
    return out

"""Counter-based random streams: every number is a pure function of what it is for.

The generator is Philox4x32-10 (Salmon, Moraes, Dror & Shaw, "Parallel random numbers: as easy
as 1, 2, 3", SC11): ten rounds that turn a counter of four 32-bit words and a key of two into
four random words. The key is the user's seed; the counter names what the words are for::

    c0 = index (a synapse of its target, step // 4, ...)   c1 = network-wide neuron id
    c2 = object (projection, Poisson input, crc32 of a name)   c3 = purpose

so no number depends on threads, ranks, chunks or the order of calls. The native engine's twin
is ``engines/native/include/philox.hpp``.
"""

from __future__ import annotations

import zlib
from enum import IntEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .elementary import ndtri
from .errors import DescriptionError

_MULTIPLIER_0 = np.uint64(0xD2511F53)
_MULTIPLIER_1 = np.uint64(0xCD9E8D57)
_WEYL_0, _WEYL_1 = 0x9E3779B9, 0xBB67AE85
_ROUNDS = 10
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_LARGEST = 0xFFFFFFFF
NOISE_SITES = 4096  # calls of rand() and randn() that one population's running code can have
_BLOCK = 8192  # six uint64 arrays of this length stay in the second-level cache


class Purpose(IntEnum):
    """What a random word is for; the last word of the counter."""

    EDGES = 1
    POISSON = 2
    INITIAL = 3
    PARAMETER = 4
    INDEGREE = 5
    REMAINDER = 6
    NOISE = 7
    SYNAPSE = 8
    ENCODING = 9
    SYNAPTIC_VALUE = 20
    TARGETS = 21
    EDGE_VALUE = 22
    POSITION = 23
    STRUCTURE = 24
    CHOSEN = 40
    SPIKE_LOSS = 41
    CHIP = 50
    TRIAL = 51


def name_id(name: str) -> int:
    """Return the 32-bit number that stands for a name in a counter: the CRC-32 of its UTF-8."""
    return zlib.crc32(name.encode())


def words(
    seed: int, purpose: int, object_id: int, ids: ArrayLike, index: ArrayLike
) -> NDArray[np.uint32]:
    """Draw four random words for every (id, index).

    Parameters
    ----------
    seed : int
        In [0, 2**64).
    purpose : Purpose
    object_id : int
        In [0, 2**32).
    ids, index : array_like of int
        In [0, 2**32); broadcast against each other.

    Returns
    -------
    (..., 4) uint32 array
        With the broadcast shape of ``ids`` and ``index`` in front.

    Raises
    ------
    DescriptionError
        If a number does not fit its place in the key or the counter.
    """
    key = _within("seed", seed, 2**64 - 1)
    c2, c3 = _within("object_id", object_id, _LARGEST), _within("purpose", purpose, _LARGEST)
    index_words, id_words = np.broadcast_arrays(_counter("index", index), _counter("ids", ids))
    shape = index_words.shape
    c0, c1 = index_words.reshape(-1), id_words.reshape(-1)
    out = np.empty((c0.size, 4), np.uint32)
    philox4x32(c0, c1, (c2, c3), (key & _LARGEST, key >> 32), out)
    return out.reshape((*shape, 4))


def philox4x32(
    c0: NDArray[np.uint32],
    c1: NDArray[np.uint32],
    c2_c3: tuple[int, int],
    key: tuple[int, int],
    out: NDArray[np.uint32],
) -> None:
    """Write Philox4x32-10 of the counters (c0[i], c1[i], c2, c3) to ``out``.

    Parameters
    ----------
    c0, c1 : (n,) uint32 arrays
    c2_c3, key : pairs of int
        In [0, 2**32).
    out : (n, 4) uint32 array
        Overwritten.
    """
    keys = [
        (np.uint64((key[0] + r * _WEYL_0) & _LARGEST), np.uint64((key[1] + r * _WEYL_1) & _LARGEST))
        for r in range(_ROUNDS)
    ]
    scratch = np.empty((6, min(_BLOCK, c0.size)), np.uint64)
    for start in range(0, c0.size, _BLOCK):
        stop = min(start + _BLOCK, c0.size)
        x0, x1, x2, x3, product0, product1 = scratch[:, : stop - start]
        x0[:], x1[:] = c0[start:stop], c1[start:stop]
        x2[:], x3[:] = c2_c3
        for key0, key1 in keys:
            np.multiply(x0, _MULTIPLIER_0, out=product0)
            np.multiply(x2, _MULTIPLIER_1, out=product1)
            # x1 and x3 are kept with their high halves, which the mask below drops.
            _mix(product1, x1, key0, x0)
            _mix(product0, x3, key1, x2)
            x1, product1 = product1, x1
            x3, product0 = product0, x3
        block = out[start:stop]
        for word, x in enumerate((x0, x1, x2, x3)):
            np.copyto(block[:, word], x, casting="unsafe")  # keeps the low half


def _mix(
    product: NDArray[np.uint64],
    other: NDArray[np.uint64],
    key: np.uint64,
    out: NDArray[np.uint64],
) -> None:
    """Set out = (high half of product) ^ (low half of other) ^ key."""
    np.right_shift(product, _HALF, out=out)
    np.bitwise_xor(out, other, out=out)
    np.bitwise_xor(out, key, out=out)
    np.bitwise_and(out, _LOW, out=out)


def uniform32(word: ArrayLike) -> NDArray[np.float64]:
    """Return (word + 0.5) 2**-32: uniform in (0, 1), never 0 or 1."""
    return (np.asarray(word, np.uint32).astype(np.float64) + 0.5) * 2.0**-32


def uniform53(w0: ArrayLike, w1: ArrayLike) -> NDArray[np.float64]:
    """Return a uniform number in (0, 1) from two words: (top 53 bits of w0:w1, + 0.5) 2**-53.

    The sum rounds to even in its last bit, so 1 itself can occur, once in 2**54.
    """
    high = np.asarray(w0, np.uint32).astype(np.uint64)
    joined = (high << _HALF) | np.asarray(w1, np.uint32)
    return ((joined >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53


def noise_rand(seed: int, ids: ArrayLike, step: int, site: int) -> NDArray[np.float64]:
    """Return the numbers that one rand() of a model's running code has in a step.

    Parameters
    ----------
    seed : int
    ids : array_like of int
        Network-wide neuron ids.
    step : int
        In [0, 2**52).
    site : int
        In [0, 4096): which call of the population's code.

    Returns
    -------
    float64 array
        Uniform in (0, 1), in the shape of ``ids``: the words of the counter (low half of step,
        id, site + 4096 * high half of step, NOISE). The one pair of words in 2**54 that would
        round to 1 gives the number before it.
    """
    site = _within("site", site, NOISE_SITES - 1)
    drawn = words(seed, Purpose.NOISE, site | (step >> 32) << 12, ids, step & _LARGEST)
    return np.minimum(uniform53(drawn[..., 0], drawn[..., 1]), 1.0 - 2.0**-53)


def noise_randn(seed: int, ids: ArrayLike, step: int, site: int) -> NDArray[np.float64]:
    """Return what randn() has in a step: normal quantiles of :func:`noise_rand`'s numbers."""
    return ndtri(noise_rand(seed, ids, step, site))


def _within(name: str, value: int, largest: int) -> int:
    number = int(value)
    if not 0 <= number <= largest:
        raise DescriptionError(
            f"{name} = {value} does not fit the random streams: it must be an integer "
            f"from 0 to {largest}."
        )
    return number


def _counter(name: str, values: ArrayLike) -> NDArray[np.uint32]:
    array = np.asarray(values)
    if array.dtype == np.uint32 or array.size == 0:
        return array.astype(np.uint32, copy=False)
    if array.dtype.kind not in "iu":
        raise DescriptionError(f"{name} must be integers, not {array.dtype}.")
    _within(f"smallest of {name}", int(array.min()), _LARGEST)
    _within(f"largest of {name}", int(array.max()), _LARGEST)
    return array.astype(np.uint32)


def synaptic_words(
    seed: int, purpose: Purpose, named: tuple[int, int, int], ids: ArrayLike, index: ArrayLike
) -> NDArray[np.uint32]:
    """Draw four random words for every synapse.

    Parameters
    ----------
    seed : int
    purpose : Purpose
        SYNAPSE: rand() and randn() in running code, SYNAPTIC_VALUE: a variable at t = 0.
    named : (int, int, int)
        What the words are for. SYNAPSE: low and high half of the step, projection * 256 + site;
        SYNAPTIC_VALUE: :func:`name_id` of the variable, 0, projection.
    ids : array_like of int
        Network-wide ids of the targets.
    index : array_like of int
        Of the synapse among those of its target and projection.

    Returns
    -------
    (..., 4) uint32 array
        Philox of (index, id, 0, 0), keyed by the first two words of Philox of (*named, purpose).
    """
    key = words(seed, purpose, named[2], named[1], named[0])
    return words(int(key[0]) | int(key[1]) << 32, 0, 0, ids, index)

"""Elementary functions with the same bits in NumPy and in the native engine.

``np.exp`` and ``np.log`` differ between machines and from any C++ library in the last bit,
and one bit moves an edge or a delay. These use IEEE additions, multiplications, divisions and
square roots only, in the order of ``engines/native/include/elementary.hpp``, their twin.

Errors in units in the last place: exp 1.0, expm1 1.7, log 0.9, log1p 0.9. The coefficients
are minimax fits (Remez, 400 bits) and, for :func:`ndtri`, those of AS241 PPND16 (Wichura,
Applied Statistics 37, 1988; relative error about 1e-16).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
_BLOCK = 8192  # a dozen temporaries of this length stay in the second-level cache

_LOG2_E = float.fromhex("0x1.71547652b82fep+0")
_LN2_HIGH = float.fromhex("0x1.62e42fee00000p-1")  # 32 bits: k * _LN2_HIGH is exact
_LN2_LOW = float.fromhex("0x1.a39ef35793c76p-33")


def _numbers(hexadecimal: str) -> list[float]:
    return [float.fromhex(word) for word in hexadecimal.split()]


_EXP = _numbers(
    "0x1p-1 0x1.555555555555bp-3 0x1.55555555534a0p-5 0x1.111111110eab8p-7 "
    "0x1.6c16c17c0a513p-10 0x1.a01a01b4e3c3fp-13 0x1.a019ad38db07ep-16 0x1.71ddeb9d883e1p-19 "
    "0x1.289dad626bf1fp-22 0x1.af74be3f269f6p-26"
)
_LOG = _numbers(
    "0x1.555555555557ep-1 0x1.99999999854e9p-2 0x1.2492493dd42aap-2 0x1.c71c54fe764a0p-3 "
    "0x1.7465b239a125ap-3 0x1.39aec80c0457fp-3 0x1.2e8ae4ee26fedp-3"
)
_SQRT_HALF_BITS = np.int64(0x3FE6A09E667F3BCD)
_ONE_BITS = np.int64(0x3FF0000000000000)


def _blockwise(function: Callable[[Array], Array]) -> Callable[[ArrayLike], Array]:
    """Apply a function of one-dimensional float64 arrays block by block, to any shape."""

    @wraps(function)
    def apply(x: ArrayLike) -> Array:
        values = np.asarray(x, np.float64)
        flat = values.reshape(-1)
        out = np.empty(flat.size)
        with np.errstate(all="ignore"):
            for start in range(0, flat.size, _BLOCK):
                out[start : start + _BLOCK] = function(flat[start : start + _BLOCK])
        return out.reshape(values.shape)

    return apply


def _bound(x: Array, low: float, high: float) -> Array:
    capped = np.where(x > high, high, x)
    return np.where(capped < low, low, capped)


def _expm1_beyond_linear(r: Array) -> Array:
    """Return exp(r) - 1 - r for abs(r) <= log(2) / 2."""
    c = _EXP
    r2 = r * r
    r4 = r2 * r2
    low = (c[0] + r * c[1]) + r2 * (c[2] + r * c[3])
    high = ((c[4] + r * c[5]) + r2 * (c[6] + r * c[7])) + r4 * (c[8] + r * c[9])
    return r2 * (low + r4 * high)


def _reduce(x: Array, bias: int) -> tuple[Array, Array, NDArray[np.int64]]:
    """Return a, b, k + bias with x = k log(2) + a - b; ``bias`` keeps k + bias positive."""
    rounder = 2.0**52 + bias
    shifted = x * _LOG2_E + rounder
    k = shifted - rounder
    return x - k * _LN2_HIGH, k * _LN2_LOW, shifted.view(np.int64) & 0xFFF


@_blockwise
def exp(x: Array) -> Array:
    """Return e**x; overflows to inf, underflows through the subnormals to 0.

    Parameters
    ----------
    x : array_like of float, any shape

    Returns
    -------
    float64 array of the same shape
    """
    high, low, exponents = _reduce(_bound(x, -746.0, 711.0), 2046)
    r = high - low
    y = 1.0 + (r + _expm1_beyond_linear(r))
    first = exponents >> 1
    second = exponents - first
    return y * (first << 52).view(np.float64) * (second << 52).view(np.float64)


@_blockwise
def expm1(x: Array) -> Array:
    """Return e**x - 1, accurate near 0 (array_like of float, any shape)."""
    high, low, exponents = _reduce(_bound(x, -45.0, 710.0), 1022)
    r = high - low
    reduced = r + (_expm1_beyond_linear(r) + ((high - r) - low))
    half = (exponents << 52).view(np.float64)
    y = (half * reduced + (half - 0.5)) * 2.0
    return np.where(np.abs(x) < 2.0**-54, x, y)


def _split(x: Array) -> tuple[Array, Array]:
    """Return k, f with x = 2**k (1 + f) and 1 + f in [sqrt(1/2), sqrt(2)), for 0 < x < inf."""
    subnormal = x < 2.0**-1022
    bits = np.where(subnormal, x * 2.0**54, x).view(np.int64)
    biased = (bits - _SQRT_HALF_BITS + _ONE_BITS) >> 52
    mantissa = (bits - (biased << 52) + _ONE_BITS).view(np.float64)
    exponent = biased - np.where(subnormal, 1023 + 54, 1023)
    return exponent.astype(np.float64), mantissa - 1.0


def _log_of_split(k: Array, f: Array, tail: Array | float) -> Array:
    """Return log(2**k (1 + f)) + tail."""
    c = _LOG
    s = f / (2.0 + f)
    z = s * s
    w = z * z
    even = z * (c[0] + w * (c[2] + w * (c[4] + w * c[6])))
    odd = w * (c[1] + w * (c[3] + w * c[5]))
    half_square = 0.5 * f * f
    small = s * (half_square + (even + odd)) + (k * _LN2_LOW + tail)
    return k * _LN2_HIGH + (f - (half_square - small))


@_blockwise
def log(x: Array) -> Array:
    """Return the natural logarithm; -inf at 0, NaN below (array_like of float, any shape)."""
    y = _log_of_split(*_split(x), 0.0)
    edge = np.where(x > 0.0, x, np.where(x == 0.0, -np.inf, np.nan))
    return np.where((x > 0.0) & (x < np.inf), y, edge)


@_blockwise
def log1p(x: Array) -> Array:
    """Return log(1 + x), accurate near 0; NaN below -1 (array_like of float, any shape)."""
    u = 1.0 + x
    big = u - 1.0
    lost = (1.0 - (u - big)) + (x - big)  # 1 + x = u + lost exactly
    k, f = _split(u)
    near = k == 0.0
    y = _log_of_split(k, np.where(near, x, f), np.where(near, 0.0, lost / u))
    edge = np.where(x > -1.0, x, np.where(x == -1.0, -np.inf, np.nan))
    inside = np.where(np.abs(x) < 2.0**-54, x, y)
    return np.where((x > -1.0) & (x < np.inf), inside, edge)


# AS241 PPND16, from the highest power down: near the median, to about 1e-11, beyond.
_CENTRAL = (
    [2.5090809287301226727e3, 3.3430575583588128105e4, 6.7265770927008700853e4,
     4.5921953931549871457e4, 1.3731693765509461125e4, 1.9715909503065514427e3,
     1.3314166789178437745e2, 3.3871328727963666080],
    [5.2264952788528545610e3, 2.8729085735721942674e4, 3.9307895800092710610e4,
     2.1213794301586595867e4, 5.3941960214247511077e3, 6.8718700749205790830e2,
     4.2313330701600911252e1, 1.0],
)  # fmt: skip
_MIDDLE = (
    [7.74545014278341407640e-4, 2.27238449892691845833e-2, 2.41780725177450611770e-1,
     1.27045825245236838258, 3.64784832476320460504, 5.76949722146069140550,
     4.63033784615654529590, 1.42343711074968357734],
    [1.05075007164441684324e-9, 5.47593808499534494600e-4, 1.51986665636164571966e-2,
     1.48103976427480074590e-1, 6.89767334985100004550e-1, 1.67638483018380384940,
     2.05319162663775882187, 1.0],
)  # fmt: skip
_TAIL = (
    [2.01033439929228813265e-7, 2.71155556874348757815e-5, 1.24266094738807843860e-3,
     2.65321895265761230930e-2, 2.96560571828504891230e-1, 1.78482653991729133580,
     5.46378491116411436990, 6.65790464350110377720],
    [2.04426310338993978564e-15, 1.42151175831644588870e-7, 1.84631831751005468180e-5,
     7.86869131145613259100e-4, 1.48753612908506148525e-2, 1.36929880922735805310e-1,
     5.99832206555887937690e-1, 1.0],
)  # fmt: skip


def _ratio(coefficients: tuple[list[float], list[float]], r: Array) -> Array:
    """Return the quotient of two polynomials, by Horner's rule."""
    top, low = (np.full(r.shape, polynomial[0]) for polynomial in coefficients)
    for a, b in zip(coefficients[0][1:], coefficients[1][1:], strict=True):
        top = top * r + a
        low = low * r + b
    return top / low


@_blockwise
def ndtri(p: Array) -> Array:
    """Return the quantile of the standard normal distribution (AS241 PPND16).

    Parameters
    ----------
    p : array_like of float, any shape
        Probabilities; 0 gives -inf, 1 gives inf, outside [0, 1] gives NaN.

    Returns
    -------
    float64 array of the same shape
    """
    q = p - 0.5
    central = np.abs(q) <= 0.425
    y = np.empty(p.shape)
    y[central] = q[central] * _ratio(_CENTRAL, 0.180625 - q[central] * q[central])
    outer = ~central
    q, p_outer = q[outer], p[outer]
    root = np.sqrt(-log(np.where(q < 0.0, p_outer, 1.0 - p_outer)))
    value = np.empty(root.shape)
    middle = root <= 5.0
    value[middle] = _ratio(_MIDDLE, root[middle] - 1.6)
    value[~middle] = _ratio(_TAIL, root[~middle] - 5.0)
    y[outer] = np.where(q < 0.0, -value, value)
    edge = np.where(p == 0.0, -np.inf, np.where(p == 1.0, np.inf, np.nan))
    return np.where((p > 0.0) & (p < 1.0), y, edge)

"""SpiNNaker's numbers, integer for integer: s16.15, factors of 32 bits, and the exponential.

Sources: sheet, section 1.4; FEC ``data_type.py`` (host), spinn_common ``stdfix-exp.c`` and
``utils.h``, sPyNNaker ``maths-util.h``, ``decay.h`` and ``exp_synapse_utils.h`` (cores).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import DescriptionError

ONE = 1 << 15
LARGEST = 2**31 - 1
_WORD = 1 << 32
_EXP_OVER, _EXP_UNDER = 363408, -340695
_EXP_SERIES = (5294, 4293434720, 2081624032)
# round(2^32 e^k), k = -13 to 12
_EXP_WHOLE = (
    9708, 26389, 71733, 194991, 530041, 1440801, 3916503, 10646160, 28939262, 78665070,
    213833830, 581260615, 1580030169, 4294967296, 11674931555, 31735754293, 86266724208,
    234497268814, 637429664642, 1732713474316, 4710003551159, 12803117065094, 34802480465680,
    94602950235157, 257157480542844, 699026506411923,
)  # fmt: skip
_EXP_PART = tuple(round(_WORD * -math.expm1(-k / 16)) for k in range(16))


def encode(value: float, what: str = "value") -> int:
    """Return a value as the host writes it: times 32768, halves to even.

    Raises
    ------
    DescriptionError
        It is not in [-65536, 65536).
    """
    bits = round(value * ONE) if math.isfinite(value) else LARGEST + 1
    if not -(2**31) <= bits <= LARGEST:
        raise DescriptionError(
            f"{what} of {value:.12g} does not fit s16.15; it must be -65536 to 65535.99997."
        )
    return bits


def literal(value: float) -> int:
    """Return a number written in a core's program: bits after the fifteenth are cut off."""
    return math.trunc(value * ONE)


def decode(bits: Any) -> Any:
    """Return what bits of s16.15 stand for; exact. Takes numbers and arrays."""
    return bits / ONE


def wrapped(bits: int) -> int:
    """Return a whole number as 32 bits hold it, with a sign."""
    return (bits + 2**31) % _WORD - 2**31


def multiply(a: int, b: int) -> int:
    """Return the product of two s16.15 numbers, rounded down."""
    return wrapped((a * b) >> 15)


def divide(a: int, b: int) -> int:
    """Return ``floor((a << 15) / b)`` for a >= 0, b > 0, as the cores divide."""
    return wrapped((a << 15) // b)


def decayed(value: int, factor: int) -> int:
    """Return an s16.15 number times a factor of 32 bits, rounded down."""
    return wrapped((value * factor) >> 32)


def _scaled(x: int, y: int) -> int:
    """Return x y / 2^32, rounded as ``scale64`` does."""
    low = (x % _WORD) * y
    up = low >> 32
    if low % _WORD >= LARGEST:
        up += 1
    return up + (x >> 32) * y


def _exp64(n: int) -> int:
    """Return about 2^32 exp(n / 2^15), for n within the range of the tables."""
    whole, part = n >> 15, n & ONE - 1
    if not part:
        return _EXP_WHOLE[13 + whole]
    part = ONE - part
    value = _EXP_WHOLE[14 + whole]
    value -= _scaled(value, _EXP_PART[part >> 11])
    x = (part & 0x7FF) << 17
    slope = _EXP_SERIES[1] - (_EXP_SERIES[2] * x >> 32)
    return value - _scaled(value, (slope * x >> 32) + _EXP_SERIES[0])


def expk(n: int) -> int:
    """Return exp of an s16.15 number as s16.15: a core's ``expk``."""
    if n > _EXP_OVER:
        return LARGEST
    if n < _EXP_UNDER:
        return 0
    return min(_exp64(n) >> 17, LARGEST)


def expulr(n: int) -> int:
    """Return exp of an s16.15 number, not above 0, as a factor of 32 bits: ``expulr``."""
    if n >= 0:
        return _WORD - 1
    if n < _EXP_UNDER:
        return 0
    return _exp64(n)


def decay_and_init(dt: int, tau: int) -> tuple[int, int]:
    """Return an exponential synapse's decay per tick, and what arriving weights are multiplied by.

    Parameters
    ----------
    dt, tau : int
        In ms, s16.15.

    Returns
    -------
    tuple of int
        ``e^(-dt/tau)`` and ``(tau/dt) (1 - e^(-dt/tau))``, of 32 bits.
    """
    decay = expulr(-divide(dt, tau))
    return decay, (divide(tau, dt) * (_WORD - decay) >> 15) % _WORD


def membrane_factor(dt: int, tau: int) -> int:
    """Return ``e^(-dt/tau)`` of a membrane, s16.15."""
    return expk(-divide(dt, tau))


def refractory_ticks(t_ref: int, dt: int) -> int:
    """Return the ticks that a membrane is held for: the quotient of s16.15 numbers, rounded up."""
    return -(-divide(t_ref, dt) >> 15)


def rounded(values: NDArray[np.float64] | float) -> NDArray[np.float64] | float:
    """Return values as s16.15 has them, as doubles; those out of range become the nearest."""
    bits = np.clip(np.rint(np.asarray(values, np.float64) * ONE), -(2.0**31), LARGEST)
    found = bits / ONE
    return float(found) if found.ndim == 0 else found

"""Loihi's integers: decay, wrap-around, weights and biases, as its published models compute them.

Sources: the bit-accurate LIF and Dense models of lava-nc 0.10 (``lif/models.py``,
``dense/models.py``, ``utils/weightutils.py``) and brian2_loihi 0.5.2 (``loihi_synapses.py``). The
two differ in what a negative weight exponent does; both are here, see :func:`activation`.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...errors import DescriptionError

STATE_LIMIT = 2**23
"""u and v are 24-bit: |v| is below this, u wraps around beyond it."""
DECAY_UNITY = 4096
ALIGNMENT = 64
"""Thresholds and synaptic sums are shifted left by 6 bits."""
EFFECT_LIMIT = 2**21 - 64
"""Largest effect of a weight by brian2_loihi's rule."""
MANTISSAS = {"excitatory": (0, 255), "inhibitory": (-255, 0), "mixed": (-256, 254)}
MAX_THRESHOLD = 2**17 - 1
MAX_BIAS, MAX_BIAS_EXPONENT = 2**12 - 1, 7
EXPONENTS = (-8, 7)
MAX_DELAY = 62
MAX_REFRACTORY = 64
MAX_TRACE = 127

SignMode = Literal["excitatory", "inhibitory", "mixed"]
SynapseRule = Literal["sum", "each"]
Integers = NDArray[np.int64]


def decay(value: ArrayLike, by: ArrayLike) -> Integers:
    """Return values after a step of decay: times (4096 - by) / 4096, truncated towards zero.

    Parameters
    ----------
    value : int array
        24-bit state.
    by : int array
        0 (none) to 4096 (all): ``du + 1`` for the current, ``dv`` for the potential.
    """
    x = np.asarray(value, np.int64)
    return np.sign(x) * ((np.abs(x) * (DECAY_UNITY - np.asarray(by, np.int64))) >> 12)


def wrap(current: ArrayLike) -> Integers:
    """Return currents as 24 bits hold them: 2^24 less above 2^23, 2^24 more from -2^23 down."""
    u = np.asarray(current, np.int64)
    over = np.where(u > STATE_LIMIT, u - 2 * STATE_LIMIT, u)
    return np.where(over <= -STATE_LIMIT, over + 2 * STATE_LIMIT, over)


def saturate(potential: ArrayLike) -> Integers:
    """Return potentials within +-(2^23 - 1)."""
    return np.clip(np.asarray(potential, np.int64), 1 - STATE_LIMIT, STATE_LIMIT - 1)


def bias(mantissa: ArrayLike, exponent: ArrayLike) -> Integers:
    """Return what is added to the potential in every step: ``mantissa << exponent``."""
    return np.left_shift(np.asarray(mantissa, np.int64), np.asarray(exponent, np.int64))


def weight_step(mode: SignMode, bits: int = 8) -> int:
    """Return the distance of neighbouring mantissas: 2^(8 - bits), twice that if mixed."""
    if not 1 <= bits <= 8:
        raise DescriptionError(f"weights of {bits} bits: Loihi's have 1 to 8 bits.")
    return 2 ** (8 - bits) * (2 if mode == "mixed" else 1)


def mantissas(
    weights: ArrayLike, mode: SignMode, bits: int = 8, rule: SynapseRule = "sum"
) -> Integers:
    """Return integer weights as a synapse stores them: in range, low bits cut off.

    Parameters
    ----------
    weights : int array
    mode : {"excitatory", "inhibitory", "mixed"}
    bits : int
        Precision, 1 to 8.
    rule : {"sum", "each"}
        Mixed weights are rounded down by Lava ("sum"), towards zero by brian2_loihi ("each").
    """
    low, high = MANTISSAS[mode]
    step = weight_step(mode, bits)
    kept = np.clip(np.asarray(weights, np.int64), low, high)
    if mode == "mixed" and rule == "sum":
        return (kept // step) * step
    return np.sign(kept) * (np.abs(kept) // step) * step


def effect(weights: ArrayLike, exponent: int, mode: SignMode, bits: int = 8) -> Integers:
    """Return what each spike adds to u by brian2_loihi's rule, for integer weights.

    Cut to the mantissa's precision, times 2^(6 + exponent), rounded down to a multiple of 64,
    within +-(2^21 - 64).
    """
    scaled = mantissas(weights, mode, bits, "each") * 2.0 ** (6 + exponent)
    whole = np.floor(scaled / ALIGNMENT).astype(np.int64) * ALIGNMENT
    return np.clip(whole, -EFFECT_LIMIT, EFFECT_LIMIT)


def activation(summed: ArrayLike, exponent: int) -> Integers:
    """Return what the mantissas of all spikes of a step, summed, add to u by Lava's rule.

    The sum is shifted by the exponent (rounding down if it is negative), then left by 6 bits.
    """
    total = np.asarray(summed, np.int64)
    shifted = total << exponent if exponent >= 0 else total >> -exponent
    return shifted << 6


def step(
    u: ArrayLike,
    v: ArrayLike,
    arrived: ArrayLike,
    *,
    decay_u: ArrayLike,
    decay_v: ArrayLike,
    bias: ArrayLike = 0,
    vth: ArrayLike,
) -> tuple[Integers, Integers, NDArray[np.bool_]]:
    """Return u, v and who spikes after one step of neurons that are not refractory.

    Parameters
    ----------
    u, v : int array
        State before the step.
    arrived : int array
        What synapses add to u in this step (:func:`activation`, or a sum of :func:`effect`).
    decay_u, decay_v : int array
        0 to 4096; Lava's ``du + 1`` and ``dv``.
    bias : int array
        :func:`bias`.
    vth : int array
        Mantissa of the threshold: a neuron spikes when v > 64 vth, and v is then 0.
    """
    new_u = wrap(decay(u, decay_u) + np.asarray(arrived, np.int64))
    new_v = saturate(decay(v, decay_v) + new_u + np.asarray(bias, np.int64))
    spikes = new_v > ALIGNMENT * np.asarray(vth, np.int64)
    return new_u, np.where(spikes, 0, new_v), spikes


def trace(value: ArrayLike, tau: ArrayLike, uniform: ArrayLike) -> Integers:
    """Return synaptic traces (7 bits) after a step: times 1 - 1/tau, rounded at random.

    Parameters
    ----------
    value : int array
        0 to 127.
    tau : float array
        Steps, 1 or more.
    uniform : float array
        A random number in [0, 1) for each: rounded up if it is below the fraction, so that the
        mean is exact [brian2_loihi].
    """
    decayed = np.asarray(value, np.float64) * (1.0 - 1.0 / np.asarray(tau, np.float64))
    whole = np.floor(decayed)
    return (whole + (decayed - whole > np.asarray(uniform))).astype(np.int64)


def impulse(value: ArrayLike, amount: ArrayLike) -> Integers:
    """Return traces after a spike: the impulse, 0 to 127, is added; 127 is the most."""
    return np.clip(np.asarray(value, np.int64) + np.asarray(amount, np.int64), 0, MAX_TRACE)

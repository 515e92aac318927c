"""Stationary rates of integrate-and-fire neurons and networks in the diffusion approximation.

References
----------
Siegert AJF (1951) Phys. Rev. 81:617.
Brunel N (2000) J. Comput. Neurosci. 8:183, doi:10.1023/A:1008925309027.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.integrate import quad
from scipy.optimize import brentq
from scipy.special import erfcx

from ..description.quantities import SECOND, scalar
from ..errors import DescriptionError
from ..units import Hz, Quantity, volt  # type: ignore[attr-defined]

_LARGEST = 26.0
"""exp(u^2) overflows a little above; the rate there is below 1e-280 Hz."""


def siegert(mean: Any, sd: Any, *, tau_m: Any, V_th: Any, V_r: Any, t_ref: Any) -> Quantity:
    """Return the rate of a leaky neuron in white noise [Siegert 1951; Brunel 2000, eq. 21].

    ``1/rate = t_ref + tau_m sqrt(pi) int exp(u^2) (1 + erf(u)) du`` from ``(V_r - mean)/sd`` to
    ``(V_th - mean)/sd``.

    Parameters
    ----------
    mean, sd : Quantity of voltage
        Of ``tau_m dV/dt = -V + mean + sd sqrt(tau_m) eta(t)``; the free potential has the
        standard deviation ``sd / sqrt(2)``.
    tau_m, t_ref : Quantity of time
    V_th, V_r : Quantity of voltage

    Returns
    -------
    Quantity, Hz

    Raises
    ------
    DescriptionError
        ``sd`` is not positive, or the threshold is not above the reset.
    """
    values = [
        scalar(value, volt.dim, f"siegert: {name}")
        for name, value in (("mean", mean), ("sd", sd), ("V_th", V_th), ("V_r", V_r))
    ]
    times = [scalar(value, SECOND, "siegert: a time") for value in (tau_m, t_ref)]
    if values[1] <= 0 or values[2] <= values[3] or times[0] <= 0 or times[1] < 0:
        raise DescriptionError(
            f"siegert: sd is {sd}, V_th {V_th}, V_r {V_r}, tau_m {tau_m}, t_ref {t_ref}; sd and "
            "tau_m must be positive, t_ref 0 or more, and V_th above V_r."
        )
    return siegert_si(*values, *times) * Hz


def siegert_si(
    mean: float, sd: float, v_th: float, v_r: float, tau_m: float, t_ref: float
) -> float:
    """Return :func:`siegert`'s rate in Hz for volts and seconds, unchecked; also without noise."""
    if sd == 0:
        if mean <= v_th:
            return 0.0
        return 1.0 / (t_ref + tau_m * math.log((mean - v_r) / (mean - v_th)))
    low, high = (v_r - mean) / sd, (v_th - mean) / sd
    if high > _LARGEST:
        return 0.0
    # exp(u^2) (1 + erf(u)), without loss for negative u
    integral = quad(lambda u: erfcx(-u), low, high, epsabs=0.0, epsrel=1e-10, limit=200)[0]
    return 1.0 / (t_ref + tau_m * math.sqrt(math.pi) * integral)


def highest_fixed_point(rate: Any, largest: float) -> float:
    """Return the largest r in (0, largest) with ``rate(r) = r``; 0 if there is none.

    Of several self-consistent rates, this is the most active state.
    """
    grid = np.concatenate([[0.0], np.geomspace(1e-3, largest, 400)])
    excess = [rate(r) - r for r in grid]
    for k in range(len(grid) - 2, -1, -1):
        if excess[k] >= 0 > excess[k + 1]:
            return float(brentq(lambda r: rate(r) - r, grid[k], grid[k + 1], xtol=1e-9))
    return 0.0

"""Adaptive exponential neurons in the asynchronous irregular state, of a size that fits a wafer.

Excitatory neurons adapt, inhibitory ones do not; synapses are conductances, and every neuron has
a Poisson train of its own. A network of this kind, with adaptive exponential neurons in the
asynchronous irregular state, is one of the benchmarks for distortions on BrainScaleS.

References
----------
Petrovici MA et al. (2014) PLoS ONE 9:e108590, doi:10.1371/journal.pone.0108590, for the kind of
network and the distortions; Destexhe A (2009) J. Comput. Neurosci. 27:493,
doi:10.1007/s10827-009-0164-4, for the neurons. Sizes, weights and drive are this package's, chosen
for the ranges of the wafer's circuits.
"""

from __future__ import annotations

from typing import Any

from ..description.distributions import Normal
from ..description.network import Network
from ..description.rules import FixedInDegree
from ..errors import DescriptionError
from ..models import adex_cond_exp  # type: ignore[attr-defined]
from ..units import Hz, ms, mV, nS, pA, pF  # type: ignore[attr-defined]

N_EXC, N_INH = 2_000, 500
C_EXC, C_INH = 100, 25
G_EXC, G_INH = 0.8, 12.0  # nS
SPREAD = 0.2  # relative standard deviation of weights
DELAY = 1.5  # ms
DRIVE_HZ, DRIVE_NS = 200.0, 4.0


def adex_irregular(scale: float = 1.0, seed: int = 1, *, drive: Any = DRIVE_HZ * Hz) -> Network:
    """Build the network.

    Parameters
    ----------
    scale : float
        1: 2,500 neurons; in-degrees stay, so it must be 0.1 or more.
    seed : int
    drive : Quantity
        Rate of each neuron's Poisson train.

    Returns
    -------
    Network
        Populations ``E`` and ``I``.
    """
    if not 0.1 <= scale <= 20:
        raise DescriptionError(f"adex_irregular: scale is {scale}; it must be from 0.1 to 20.")
    network = Network(seed=seed, name="adex_irregular")
    cell: Any = adex_cond_exp(
        C_m=200 * pF, g_L=10 * nS, E_L=-65 * mV, V_T=-50 * mV, V_r=-65 * mV, Delta_T=2 * mV,
        V_peak=-30 * mV, t_ref=2.5 * ms, tau_w=200 * ms, a=1 * nS, b=15 * pA, tau_exc=5 * ms,
        tau_inh=5 * ms, E_exc=0 * mV, E_inh=-80 * mV,
    )  # fmt: skip
    start = {"v": "E_L + 10*mV*rand()"}
    exc = network.population("E", round(N_EXC * scale), cell, initial=start)
    inh = network.population("I", round(N_INH * scale), cell(a=0 * nS, b=0 * pA), initial=start)
    for pre, degree, variable, weight in (
        (exc, C_EXC, "g_exc", G_EXC),
        (inh, C_INH, "g_inh", G_INH),
    ):
        strength = Normal(weight * nS, SPREAD * weight * nS, low=0 * nS)
        network.project(
            pre, [exc, inh], FixedInDegree(degree), variable, weight=strength, delay=DELAY * ms
        )
    network.poisson([exc, inh], "g_exc", rate=drive, weight=DRIVE_NS * nS)
    return network

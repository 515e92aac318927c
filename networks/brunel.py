"""The sparsely connected network of Brunel (2000): four regimes of two parameters.

Excitatory and inhibitory leaky neurons with instantaneous synapses (delta pulses) of fixed
in-degree. The relative strength of inhibition ``g`` and the external rate ``eta``, relative to
the rate that brings a neuron to threshold, decide whether spikes are regular or irregular and
whether the population oscillates.

Reference
---------
Brunel N (2000) J. Comput. Neurosci. 8:183, doi:10.1023/A:1008925309027. Regimes: Fig. 8.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..description.network import Network
from ..description.rules import FixedInDegree
from ..errors import DescriptionError
from ..models import lif_delta  # type: ignore[attr-defined]
from ..units import Hz, ms, mV  # type: ignore[attr-defined]
from .mean_field import highest_fixed_point, siegert_si

N_EXC, N_INH = 10_000, 2_500
CONNECTION_PROBABILITY = 0.1
TAU_M, T_REF, DELAY = 20.0, 2.0, 1.5  # ms
V_TH, V_RESET, J = 20.0, 10.0, 0.1  # mV


@dataclass(frozen=True)
class Regime:
    """A point of the diagram of states: inhibition ``g``, external rate ``eta``, its name."""

    g: float
    eta: float
    meaning: str


REGIMES = {
    "A": Regime(3.0, 2.0, "synchronous regular"),
    "B": Regime(6.0, 4.0, "synchronous irregular, fast"),
    "C": Regime(5.0, 2.0, "asynchronous irregular"),
    "D": Regime(4.5, 0.9, "synchronous irregular, slow"),
}


def sizes(scale: float) -> tuple[int, int, int, int]:
    """Return N_E, N_I and the in-degrees C_E, C_I at a scale.

    In-degrees shrink with the network while the synapses keep their strength, so that the
    rates depend on the scale; :func:`mean_field_rate` gives them.
    """
    if not 0.01 <= scale <= 100:
        raise DescriptionError(f"brunel: scale is {scale}; it must be from 0.01 to 100.")
    n_exc, n_inh = round(N_EXC * scale), round(N_INH * scale)
    return (
        n_exc,
        n_inh,
        round(CONNECTION_PROBABILITY * n_exc),
        round(CONNECTION_PROBABILITY * n_inh),
    )


def regime_of(name: str) -> Regime:
    """Return g and eta of regime A, B, C or D."""
    if name not in REGIMES:
        raise DescriptionError(f"brunel: regime is {name!r}; it must be one of A, B, C, D.")
    return REGIMES[name]


def brunel(
    scale: float = 1.0,
    seed: int = 1,
    *,
    regime: str = "C",
    g: float | None = None,
    eta: float | None = None,
) -> Network:
    """Build the network.

    Parameters
    ----------
    scale : float
        1: 12,500 neurons with 1,250 synapses each, and as many external ones as excitatory.
    seed : int
    regime : {"A", "B", "C", "D"}
        Of :data:`REGIMES`.
    g, eta : float, optional
        In place of the regime's.

    Returns
    -------
    Network
        Populations ``E`` and ``I``.
    """
    point = regime_of(regime)
    g = point.g if g is None else g
    eta = point.eta if eta is None else eta
    n_exc, n_inh, c_exc, c_inh = sizes(scale)
    network = Network(seed=seed, name="brunel")
    model: Any = lif_delta(
        tau_m=TAU_M * ms, t_ref=T_REF * ms, E_L=0 * mV, V_th=V_TH * mV, V_r=V_RESET * mV
    )
    start = {"v": f"{V_TH}*mV*rand()"}
    exc = network.population("E", n_exc, model, initial=start)
    inh = network.population("I", n_inh, model, initial=start)
    delay = DELAY * ms
    for post in (exc, inh):
        network.project(exc, post, FixedInDegree(c_exc), "v", weight=J * mV, delay=delay)
        network.project(inh, post, FixedInDegree(c_inh), "v", weight=-g * J * mV, delay=delay)
    rate = eta * threshold_rate(c_exc)
    network.poisson([exc, inh], "v", rate=rate * Hz, indegree=c_exc, weight=J * mV)
    return network


def threshold_rate(c_exc: int) -> float:
    """Return the rate in Hz of each external synapse that alone brings the mean to threshold."""
    return 1e3 * V_TH / (c_exc * J * TAU_M)


def mean_field_rate(g: float, eta: float, scale: float = 1.0) -> float:
    """Return the stationary rate of the network in Hz [Brunel 2000, eqs. 4-5 and 21].

    The self-consistent rate of neurons whose input is white noise with the mean and the
    variance that 1250 Poisson neurons of the same rate, and the external ones, give them.
    """
    _, _, c_exc, c_inh = sizes(scale)
    tau, external = 1e-3 * TAU_M, eta * threshold_rate(c_exc)

    def rate(r: float) -> float:
        mean = tau * J * (c_exc * (external + r) - g * c_inh * r)
        variance = tau * J**2 * (c_exc * (external + r) + g**2 * c_inh * r)
        return siegert_si(mean, variance**0.5, V_TH, V_RESET, tau, 1e-3 * T_REF)

    return highest_fixed_point(rate, 1e3 / T_REF)

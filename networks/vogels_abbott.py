"""Self-sustained irregular activity: the networks of Vogels and Abbott (2005).

Three versions, which Brette et al. (2007) made benchmarks 1 to 3 of simulators: neurons that
integrate conductances (``"coba"``), currents (``"cuba"``), and Hodgkin-Huxley neurons with
conductances (``"cobahh"``). No input is needed once the network is active.

References
----------
Vogels TP, Abbott LF (2005) J. Neurosci. 25:10786, doi:10.1523/JNEUROSCI.3508-05.2005.
Brette R et al. (2007) J. Comput. Neurosci. 23:349, doi:10.1007/s10827-007-0038-6, appendix B.
"""

from __future__ import annotations

from typing import Any

from ..description.distributions import Normal
from ..description.network import Network
from ..description.rules import Bernoulli
from ..errors import DescriptionError
from ..models import (  # type: ignore[attr-defined]
    hodgkin_huxley_traub_miles,
    lif_cond_exp,
    lif_curr_exp2,
)
from ..units import ms, mV, nS, pA, pF  # type: ignore[attr-defined]

KINDS = ("cuba", "coba", "cobahh")
N_NEURONS, SHARE_EXC = 4000, 0.8
CONNECTION_PROBABILITY = 0.02
C_M, G_L, TAU_M = 200.0, 10.0, 20.0  # pF, nS, ms
TAU_EXC, TAU_INH, T_REF = 5.0, 10.0, 5.0  # ms
E_REST, V_TH, V_RESET = -60.0, -50.0, -60.0  # mV
E_REST_CUBA = -49.0  # mV, above threshold: in place of an external drive
JUMP_EXC, JUMP_INH = 1.62, -9.0  # mV; times G_L, the jump of current of "cuba"
G_EXC, G_INH = 6.0, 67.0  # nS, jump of conductance of the others


def vogels_abbott(
    scale: float = 1.0, seed: int = 1, *, kind: str = "coba", delay: Any = 0 * ms
) -> Network:
    """Build the network.

    Parameters
    ----------
    scale : float
        1: 4,000 neurons. The probability of a connection grows as the network shrinks, so that
        a neuron has 80 synapses at any scale from 0.025.
    seed : int
    kind : {"cuba", "coba", "cobahh"}
    delay : Quantity of time
        The benchmarks have none: a spike acts in the step in which it is emitted.

    Returns
    -------
    Network
        Populations ``E`` and ``I``, which start active in place of the stimulus of the benchmarks:
        "cuba" with random potentials, the others with random potentials and excitatory
        conductances. "coba" nearly always goes on from there; from a start with strong
        inhibition it often falls silent.
    """
    if kind not in KINDS:
        raise DescriptionError(
            f"vogels_abbott: kind is {kind!r}; it must be one of {', '.join(KINDS)}."
        )
    if not 0.025 <= scale <= 1000:
        raise DescriptionError(f"vogels_abbott: scale is {scale}; it must be from 0.025 to 1000.")
    n_neurons = round(N_NEURONS * scale)
    n_exc = round(SHARE_EXC * n_neurons)
    network = Network(seed=seed, name=f"vogels_abbott_{kind}")
    model, initial = _neurons(kind)
    exc = network.population("E", n_exc, model, initial=initial)
    inh = network.population("I", n_neurons - n_exc, model, initial=initial)
    rule = Bernoulli(CONNECTION_PROBABILITY / scale)
    if kind == "cuba":
        targets = ("I_exc", JUMP_EXC * mV * G_L * nS), ("I_inh", JUMP_INH * mV * G_L * nS)
    else:
        targets = ("g_exc", G_EXC * nS), ("g_inh", G_INH * nS)
    for source, (variable, weight) in zip((exc, inh), targets, strict=True):
        network.project(source, [exc, inh], rule, variable, weight=weight, delay=delay)
    return network


def _neurons(kind: str) -> tuple[Any, dict[str, Any]]:
    """Return the model and the values at t = 0."""
    if kind == "cuba":
        model = lif_curr_exp2(
            C_m=C_M * pF,
            tau_m=TAU_M * ms,
            tau_exc=TAU_EXC * ms,
            tau_inh=TAU_INH * ms,
            t_ref=T_REF * ms,
            E_L=E_REST_CUBA * mV,
            V_th=V_TH * mV,
            V_r=V_RESET * mV,
            I_e=0 * pA,
        )
        return model, {"v": "V_r + rand()*(V_th - V_r)"}
    initial = {
        "v": Normal((E_REST - 5) * mV, 5 * mV),
        # not below zero: there are no negative conductances
        "g_exc": Normal(0 * nS, 15 * nS, low=0 * nS),
    }
    if kind == "cobahh":
        return hodgkin_huxley_traub_miles(), initial
    return lif_cond_exp(), initial

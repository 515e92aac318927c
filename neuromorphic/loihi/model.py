"""A neuron given by Loihi's own numbers, for networks whose integers are to be exact."""

from __future__ import annotations

from functools import cache
from typing import Any

from ...description.models import NeuronModel
from ...lowering.equations import lower_model
from ...lowering.program import NeuronCode

NAME = "loihi_lif"
_EQUATIONS = """
    dv/dt = (u + bias_mant*2**bias_exp - decay_v*v/4096)/dt : 1 (unless refractory)
    du/dt = -decay_u*u/4096/dt : 1
    """
_WRITTEN = frozenset({"u"})


def loihi_lif(
    *,
    du: Any = None,
    dv: Any = 0,
    vth: Any = 100,
    bias_mant: Any = 0,
    bias_exp: Any = 0,
    refractory: int = 1,
    decay_u: Any = None,
) -> NeuronModel:
    """Return Loihi's leaky integrate-and-fire neuron, given by its registers.

    On ``Loihi`` its numbers are taken as they are and computed in integers. On an ideal computer
    it is the same equation with real numbers, one step of time a tick.

    Parameters
    ----------
    du : int or array, optional
        Decay of the current as Lava counts it, 0 to 4095: (4095 - du) / 4096 remain.
    dv : int or array
        Decay of the potential, 0 to 4096: (4096 - dv) / 4096 remain.
    vth : int or array
        Mantissa of the threshold, 0 to 131071: a spike when v > 64 vth.
    bias_mant, bias_exp : int or array
        Added in every step: ``bias_mant * 2**bias_exp``; -4096 to 4095, and 0 to 7.
    refractory : int
        Steps from a spike to the first in which v moves again, 1 to 64.
    decay_u : int or array, optional
        Instead of ``du``, as brian2_loihi counts it: du + 1, 0 to 4096. By default all decays.

    Notes
    -----
    Synapses act on ``u``; their weights are :func:`loihi_weight` of the integers that Loihi holds.

    Examples
    --------
    >>> net.population("E", 10, loihi_lif(du=400, dv=100, vth=1000))       # doctest: +SKIP
    >>> net.project(a, b, ns.AllToAll(), "u", weight=loihi_weight(12, 2))  # doctest: +SKIP
    """
    if decay_u is None:
        decay_u = 4096 if du is None else du + 1
    return NeuronModel(
        _EQUATIONS,
        threshold="v > 64*vth",
        reset="v = 0",
        refractory="refractory_ticks*dt",
        parameters={
            "decay_u": decay_u,
            "decay_v": dv,
            "vth": vth,
            "bias_mant": bias_mant,
            "bias_exp": bias_exp,
            "refractory_ticks": refractory,
        },
        method="euler",
        name=NAME,
    )


def loihi_weight(mantissa: Any, exponent: int = 0) -> Any:
    """Return the weight of a synapse onto ``u``: mantissa 2^(6 + exponent)."""
    return mantissa * 2.0 ** (6 + exponent)


@cache
def _reference() -> NeuronCode:
    return lower_model(loihi_lif(), frozenset(), _WRITTEN).code


def is_loihi_lif(code: NeuronCode) -> bool:
    """Return whether a population's code is that of :func:`loihi_lif`, unchanged."""
    if code.name != NAME:
        return False
    own = _reference()
    return (code.update, code.threshold, code.reset, code.refractory) == (
        own.update,
        own.threshold,
        own.reset,
        own.refractory,
    )

"""Volts and amperes to Loihi's integers: which unit, decays, thresholds and biases."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ...lowering.program import PopulationProgram, Value
from ..linear import LinearNeuron
from .arithmetic import (
    ALIGNMENT,
    DECAY_UNITY,
    MAX_BIAS,
    MAX_BIAS_EXPONENT,
    MAX_THRESHOLD,
    STATE_LIMIT,
)

LARGEST_WEIGHT = 254 * ALIGNMENT * 2**7
"""Largest effect of a spike on u that weights of every sign mode have."""


_NOTHING = 1e-6  # units of v: what rounding leaves of a bias of 0


@dataclass(frozen=True, eq=False)
class Current:
    """A variable u of a compartment, and the synaptic currents that are summed in it.

    Attributes
    ----------
    name : str
        The first of the members.
    members : tuple of str
    decay : float or array
        Of 4096, per step.
    gain : dict of str to float or array
        Units of u per unit of each member.
    """

    name: str
    members: tuple[str, ...]
    decay: Value
    gain: dict[str, Value]


@dataclass(frozen=True, eq=False)
class Compartments:
    """A population in Loihi's numbers: v = (potential - offset) / unit.

    Attributes
    ----------
    population, potential : str
    unit, offset : float
        SI units of the potential.
    currents : tuple of Current
        One compartment for each.
    decay : float or array
        Of v, of 4096 per step.
    bias, threshold : float or array
        Units of v.
    delta : bool
        Whether synapses act on the potential in the description.
    exact : bool
        Given by Loihi's own integers.
    late : int
        Refractory steps are cut to this number; 0: they are as in the description.
    """

    population: str
    potential: str
    unit: float
    offset: float
    currents: tuple[Current, ...]
    decay: Value
    bias: Value
    threshold: Value
    delta: bool
    exact: bool = False
    late: int = 0

    def current_of(self, variable: str) -> Current:
        """Return the current that synapses onto a variable of the description act on."""
        return next(c for c in self.currents if variable in c.members)

    def gain_of(self, variable: str) -> Value:
        """Return units of u per unit of a variable of the description."""
        return self.current_of(variable).gain[variable]

    def table(self, brief: Callable[[Value], Any]) -> dict[str, Any]:
        """Return what was chosen; ``brief`` makes a value JSON-able."""
        return {
            "unit": self.unit,
            "offset": self.offset,
            "decay_v": brief(self.decay),
            "decay_u": {c.name: brief(c.decay) for c in self.currents},
            "vth": brief(plain(np.asarray(self.threshold) / ALIGNMENT)),
            "bias": brief(self.bias),
        }


def compartments(
    population: str,
    neuron: LinearNeuron,
    unit: float,
    offset: float,
    *,
    before_leak: bool,
    alike: Callable[[Value, Value], bool] = np.array_equal,
) -> Compartments:
    """Return a population in units of ``unit`` volts, nothing rounded yet.

    Parameters
    ----------
    population : str
    neuron : LinearNeuron
    unit : float
        Volts (or what the potential is in) per unit of v.
    offset : float
        The reset potential.
    before_leak : bool
        For synapses that act on the potential: what arrives is added before the leak of the next
        step in the description, and after it on the machine, so weights are reduced by the leak.
    alike : callable
        Whether two decays are the same; on ranks, for all of them.
    """
    keep = np.asarray(neuron.keep, np.float64)
    bias = (np.asarray(neuron.drive) - offset * (1.0 - keep)) / unit
    delta = not neuron.gain
    if delta:
        gain = {neuron.potential: plain(keep / unit) if before_leak else 1 / unit}
        currents = [Current(neuron.potential, (neuron.potential,), float(DECAY_UNITY), gain)]
    else:
        currents = []
        for name, fade in neuron.fade.items():
            gain = {name: plain(np.asarray(neuron.gain[name]) / unit)}
            currents = _join(currents, Current(name, (name,), _decay(fade), gain), alike)
    return Compartments(
        population,
        neuron.potential,
        unit,
        offset,
        tuple(currents),
        decay=_decay(neuron.keep),
        bias=plain(np.where(np.abs(bias) < _NOTHING, 0.0, bias)),
        threshold=plain((np.asarray(neuron.threshold) - offset) / unit),
        delta=delta,
    )


def exact_compartments(population: PopulationProgram) -> Compartments:
    """Return a population of :func:`loihi_lif` in its own numbers."""
    own = population.values
    bias = np.asarray(own["bias_mant"]) * 2.0 ** np.asarray(own["bias_exp"])
    return Compartments(
        population.name,
        "v",
        unit=1.0,
        offset=0.0,
        currents=(Current("u", ("u",), own["decay_u"], {"u": 1.0}),),
        decay=own["decay_v"],
        bias=plain(bias),
        threshold=plain(np.asarray(own["vth"]) * ALIGNMENT),
        delta=False,
        exact=True,
    )


def choose_unit(span: float, bias: float, weight: float, headroom: float) -> float:
    """Return the smallest unit of v in which everything has room, such that vth is whole.

    Parameters
    ----------
    span : float
        Largest threshold above the reset, in volts.
    bias, weight : float
        Largest step of the potential that a bias and that one spike makes, in volts.
    headroom : float
        How many times the span v can hold in each direction.
    """
    least = max(
        span * headroom / (STATE_LIMIT - 1),
        span / (ALIGNMENT * MAX_THRESHOLD),
        bias / (MAX_BIAS * 2**MAX_BIAS_EXPONENT),
        weight / LARGEST_WEIGHT,
    )
    mantissa = max(1, math.floor(span / (ALIGNMENT * least)))
    return span / (ALIGNMENT * mantissa)


def rounded(given: Compartments) -> Compartments:
    """Return a population with decays, threshold and bias as Loihi's registers hold them."""
    if given.exact:
        return given
    currents = tuple(
        replace(c, decay=plain(np.clip(np.rint(c.decay), 1, DECAY_UNITY))) for c in given.currents
    )
    return replace(
        given,
        currents=currents,
        decay=plain(np.clip(np.rint(given.decay), 0, DECAY_UNITY)),
        bias=register_bias(given.bias),
        threshold=plain(
            ALIGNMENT * np.clip(np.rint(given.threshold / ALIGNMENT), 0, MAX_THRESHOLD)
        ),
    )


def register_bias(bias: Value) -> Value:
    """Return the nearest mantissa (13 bits with sign) times a power of 2 up to 2^7."""
    size = np.abs(np.asarray(bias, np.float64))
    with np.errstate(divide="ignore"):
        exponent = np.ceil(np.log2(np.rint(size) / MAX_BIAS))
    power = 2.0 ** np.clip(exponent, 0, MAX_BIAS_EXPONENT)
    return plain(np.clip(np.rint(bias / power), -MAX_BIAS, MAX_BIAS) * power)


def largest(values: Mapping[str, Value]) -> float:
    """Return the largest magnitude among some values; 0 if there are none."""
    found = [np.abs(np.asarray(v)).max() for v in values.values() if np.size(v)]
    return float(max(found, default=0.0))


def _join(
    known: list[Current], new: Current, alike: Callable[[Value, Value], bool]
) -> list[Current]:
    """Sum currents that decay alike in one compartment."""
    for k, current in enumerate(known):
        if alike(current.decay, new.decay):
            joint = replace(
                current, members=(*current.members, *new.members), gain=current.gain | new.gain
            )
            return [*known[:k], joint, *known[k + 1 :]]
    return [*known, new]


def plain(value: Any) -> Value:
    """Return a number as a float, and more of them as an array."""
    array = np.asarray(value, np.float64)
    return array if array.ndim else float(array)


def _decay(keep: Value) -> Value:
    return plain(DECAY_UNITY * (1.0 - np.asarray(keep, np.float64)))

"""The neurons that the membrane circuits are, and their equations by Heun's method."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np

from ... import models
from ...lowering.equations import lower_model
from ...lowering.program import NeuronCode, Noise, PopulationProgram, Variable

RECEPTORS = ("g_exc", "g_inh")
NOISE_SITE = 1000
TRIALS = 3000
"""Trials whose membrane noise is independent: each has a site of its own."""
_FLAGS = re.compile(r"\s*\([^()]*\)\s*$")


@dataclass(frozen=True)
class Circuit:
    """A neuron model that the circuits can be.

    Attributes
    ----------
    model : str
        The catalogue's name.
    potentials, reversals, times : tuple of str
        Parameters, by how they are set; ``times`` without the membrane's.
    threshold : str
        The parameter that decides when it spikes.
    exponential : bool
        Whether it has the upstroke and adaptation.
    """

    model: str
    potentials: tuple[str, ...]
    threshold: str
    exponential: bool
    reversals: tuple[str, ...] = ("E_exc", "E_inh")
    times: tuple[str, ...] = ("tau_exc", "tau_inh", "t_ref")


CIRCUITS = (
    Circuit("lif_cond_exp", ("E_L", "V_th", "V_r"), "V_th", exponential=False),
    Circuit("adex_cond_exp", ("E_L", "V_T", "V_peak", "V_r"), "V_T", exponential=True),
)


@cache
def catalogue_code(name: str) -> NeuronCode:
    """Return a model of the catalogue as lowered, all parameters shared."""
    model = models.entry(name).model()
    return lower_model(model, frozenset(), frozenset()).code


def recognise(code: NeuronCode) -> Circuit | None:
    """Return the circuit whose equations, threshold and reset a model has; None if none."""
    return next((c for c in CIRCUITS if same_model(code, c.model)), None)


def same_model(code: NeuronCode, name: str) -> bool:
    """Return whether a model has equations, threshold and reset of one of the catalogue."""
    return _essence(code) == _essence(catalogue_code(name))


def _essence(code: NeuronCode) -> tuple[object, ...]:
    lines = [line.strip() for line in code.equations.splitlines()]
    dynamics = sorted(_FLAGS.sub("", line) for line in lines if "=" in line.split(":")[0])
    texts = (code.threshold, code.reset, code.refractory, code.start)
    plain = tuple(" ".join(text.split()) for text in texts)
    return tuple(dynamics), plain, code.refractory_kind, code.unless_refractory, code.events


def per_neuron(code: NeuronCode, names: Iterable[str]) -> NeuronCode:
    """Return the code with some shared parameters that may differ from neuron to neuron."""
    wanted = set(names)
    variables = tuple(replace(v, shared=False) if v.name in wanted else v for v in code.variables)
    lines = [
        line.replace("(shared", "(constant") if line.split(":")[0].strip() in wanted else line
        for line in code.equations.splitlines()
    ]
    return replace(code, variables=variables, equations="\n".join(lines))


def with_values(population: PopulationProgram, values: Mapping[str, Any]) -> PopulationProgram:
    """Return a population with other parameter values: numbers, or arrays of owned neurons."""
    differ = [n for n, v in values.items() if np.ndim(v) and population.code.variable(n).shared]
    code = per_neuron(population.code, differ) if differ else population.code
    settled = {
        name: np.ascontiguousarray(v) if np.ndim(v) else float(np.asarray(v))
        for name, v in values.items()
    }
    return replace(population, code=code, values={**population.values, **settled})


def heun(code: NeuronCode, circuit: Circuit, substeps: int) -> NeuronCode:
    """Return the code whose update is Heun's: the mean of the slopes at both ends of a step.

    A potential that has passed V_peak stands still until the reset at the end of the step.

    Parameters
    ----------
    code : NeuronCode
        Of a model that is the circuit.
    circuit : Circuit
    substeps : int
        Equal parts that every step is advanced in.
    """
    states = ("v", "w", *RECEPTORS) if circuit.exponential else ("v", *RECEPTORS)
    # divisions cost most, so inverses are taken once for all parts
    lines = [f"_h = dt/{substeps}", "_per_C = int(not_refractory)/C_m"]
    lines += [f"_per_{x} = 1.0/{time}" for x, time in _TIMES.items() if x in states]
    if circuit.exponential:
        lines.append("_per_Delta = 1.0/Delta_T")
    for part in range(substeps):
        first = {x: f"_{x}_first_{part}" for x in states}
        ahead = {x: f"_{x}_ahead_{part}" for x in states}
        last = {x: f"_{x}_last_{part}" for x in states}
        lines += [f"{first[x]} = {_slope(x, {y: y for y in states}, circuit)}" for x in states]
        lines += [f"{ahead[x]} = {x} + _h*{first[x]}" for x in states]
        lines += [f"{last[x]} = {_slope(x, ahead, circuit)}" for x in states]
        lines += [f"{x} = {x} + 0.5*_h*({first[x]} + {last[x]})" for x in states]
        if circuit.exponential:
            lines.append("v = clip(v, -unit_volt, V_peak + Delta_T)")
    return replace(code, update="\n".join(lines), method="heun")


_TIMES = {"w": "tau_w", "g_exc": "tau_exc", "g_inh": "tau_inh"}


def _slope(state: str, at: dict[str, str], circuit: Circuit) -> str:
    """Return the derivative of a state, where states have other names."""
    if state in RECEPTORS:
        return f"-{at[state]}*_per_{state}"
    if state == "w":
        return f"(a*(clip({at['v']}, -unit_volt, V_peak) - E_L) - {at['w']})*_per_w"
    v = at["v"]
    current = f"g_L*(E_L - {v}) + {at['g_exc']}*(E_exc - {v}) + {at['g_inh']}*(E_inh - {v}) + I_e"
    if circuit.exponential:
        upstroke = f"g_L*Delta_T*exp((clip({v}, -unit_volt, V_peak) - V_T)*_per_Delta)"
        current += f" + {upstroke} - {at['w']}"
    return f"({current})*_per_C"


def with_noise(population: PopulationProgram, sd: np.ndarray, trial: int) -> PopulationProgram:
    """Return a population whose potential has noise added in every step.

    Parameters
    ----------
    population : PopulationProgram
    sd : (n_own,) float64
        Standard deviation of what a step adds, V: uniform numbers, which are cheap to draw and of
        which the membrane's sum over many steps is normal.
    trial : int
        0 to 2999.
    """
    code = population.code
    noise = Noise("noise_u", "uniform", NOISE_SITE + trial)
    changed = replace(
        code,
        variables=(*code.variables, Variable("noise_v", "V", "coefficient", False, 1e-3)),
        equations=f"{code.equations}\nnoise_v : volt (constant)",
        update=f"{code.update}\nv = v + noise_v*(noise_u - 0.5)*int(not_refractory)",
        noise=(*code.noise, noise),
    )
    return replace(population, code=changed, values={**population.values, "noise_v": sd * 12**0.5})


def with_rails(code: NeuronCode, low: float, high: float) -> NeuronCode:
    """Return the code whose potential cannot leave [low, high] volt."""
    return replace(code, update=f"{code.update}\nv = clip(v, {low!r}, {high!r})")

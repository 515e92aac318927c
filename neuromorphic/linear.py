"""Leaky integrate-and-fire neurons as a machine maps them: what a step multiplies and adds."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from ..lowering.expressions import evaluate, names_in
from ..lowering.program import PopulationProgram, Value

_ASSIGNED = re.compile(r"_(\w+) = (.+)")
_PRODUCT = re.compile(r"(\w+)\*(\w+)")
_THRESHOLD = re.compile(r"(\w+) (>=?) (.+)")
_RESET = re.compile(r"(\w+) = ([^\n]+)")


@dataclass(frozen=True, eq=False)
class LinearNeuron:
    """One step of a leaky integrate-and-fire neuron, in SI units.

    ``v' = keep v + sum over currents k of gain[k] I_k + drive`` and ``I_k' = fade[k] I_k``, where
    ``I_k`` is the value before the step; then a spike if v' > threshold (or >=), and v = reset.

    Attributes
    ----------
    potential : str
        Name of v.
    keep, drive : float or array
    gain, fade : dict of str to float or array
        By synaptic current; empty for a neuron whose synapses act on v.
    threshold, reset : float or array
    reaches : bool
        Whether v spikes at the threshold already.
    refractory : float or array
        Steps; 0: none.
    """

    potential: str
    keep: Value
    drive: Value
    gain: dict[str, Value]
    fade: dict[str, Value]
    threshold: Value
    reset: Value
    reaches: bool
    refractory: Value


def linear_neuron(population: PopulationProgram, dt: float) -> LinearNeuron | str:
    """Return a population's neurons as a linear step, or why they are not one.

    Parameters
    ----------
    population : PopulationProgram
        As it was lowered.
    dt : float
        Seconds.
    """
    code, values = population.code, population.values
    threshold, reset = _THRESHOLD.fullmatch(code.threshold), _RESET.fullmatch(code.reset)
    if not threshold or not reset or threshold[1] != reset[1]:
        return f"threshold {code.threshold!r} and reset {code.reset!r} are not of one potential"
    states = {v.name for v in code.variables if v.role == "state"}
    if (names_in(threshold[3]) | names_in(reset[2])) & states:
        return f"threshold {code.threshold!r} or reset {code.reset!r} changes with the state"
    potential, rows = threshold[1], _rows(code.update, values)
    bare = not (code.start or code.noise or code.events or code.functions)
    if code.method != "exact" or not bare or rows is None or potential not in rows:
        return "its equations are not a linear leak that stays the same"
    own = rows.pop(potential)
    for name, row in rows.items():
        if set(row) != {name}:
            return f"{name!r} is more than a current that decays by itself"
    refractory = _refractory(population, dt)
    if refractory is None or (np.any(np.asarray(refractory) > 0) and not code.unless_refractory):
        return "its refractory period is not a time for which the potential stands still"
    return LinearNeuron(
        potential,
        keep=own.get(potential, 0.0),
        drive=own.get("", 0.0),
        gain={name: own.get(name, 0.0) for name in rows},
        fade={name: row[name] for name, row in rows.items()},
        threshold=_value(threshold[3], values),
        reset=_value(reset[2], values),
        reaches=threshold[2] == ">=",
        refractory=refractory,
    )


def _rows(update: str, values: dict[str, Value]) -> dict[str, dict[str, Value]] | None:
    """Return what each variable's new value is made of: factors by name, "" for the constant."""
    rows: dict[str, dict[str, Value]] = {}
    for line in update.splitlines():
        assigned = _ASSIGNED.fullmatch(line)
        if not assigned:
            continue
        row: dict[str, Value] = {}
        for term in assigned[2].split(" + "):
            product = _PRODUCT.fullmatch(term)
            name, factor = (product[2], product[1]) if product else ("", term)
            if factor not in values or (product and name in row):
                return None
            row[name] = values[factor]
        rows[assigned[1]] = row
    return rows


def _refractory(population: PopulationProgram, dt: float) -> Value | None:
    code = population.code
    if code.refractory_kind == "none":
        return 0.0
    if code.refractory_kind != "duration" or code.unless_refractory not in (
        (),
        (_THRESHOLD.fullmatch(code.threshold)[1],),  # type: ignore[index]
    ):
        return None
    duration = _value(code.refractory, population.values | {"dt": dt})
    steps = np.trunc((np.asarray(duration) + 1e-3 * dt) / dt)
    return steps if steps.ndim else float(steps)


def _value(code: str, values: dict[str, Value]) -> Value:
    found = evaluate(code, values, f"expression {code!r}")
    return float(found) if np.ndim(found) == 0 else np.asarray(found, np.float64)

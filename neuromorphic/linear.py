"""Leaky integrate-and-fire neurons as a machine maps them: what a step multiplies and adds."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from ..lowering.expressions import evaluate, names_in
from ..lowering.program import PopulationProgram, Value
from ..models import catalogue
from .draft import Draft

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


def leaky_neuron(draft: Draft, population: PopulationProgram) -> LinearNeuron | str:
    """Return a population's neurons as a linear step, as far as the user allows it.

    With the approximation ``conductance_as_current`` the catalogue's ``lif_cond_exp`` is one too.
    """
    found = linear_neuron(population, draft.program.dt)
    other = conductances_as_currents(population, draft.program.dt)
    if isinstance(found, str) and other is not None:
        name, where = "conductance_as_current", f"population {population.name!r}"
        if draft.allowed(name, where, draft.machine.approximations[name]):
            return other
        return f"its synapses are conductances; allow {name!r} to run it"
    return found


def conductances_as_currents(population: PopulationProgram, dt: float) -> LinearNeuron | None:
    """Return the catalogue's ``lif_cond_exp`` with currents in place of its conductances.

    Each conductance drives as strong a current as half-way between reset and threshold, and the
    membrane keeps its time constant. None for any other model.
    """
    code, p = population.code, population.values
    text = catalogue.ENTRIES["lif_cond_exp"].equations
    if code.name != "lif_cond_exp" or not _rates(text) <= _rates(code.equations):
        return None
    names = {"C_m", "g_L", "E_L", "E_exc", "E_inh", "tau_exc", "tau_inh", "V_th", "V_r", "I_e"}
    refractory = _refractory(population, dt) if _THRESHOLD.fullmatch(code.threshold) else None
    plain = (code.threshold, code.reset) == ("v > V_th", "v = V_r") and not code.events
    if refractory is None or not names <= p.keys() or not plain:
        return None
    value = {name: np.asarray(p[name], np.float64) for name in names}
    half = (value["V_r"] + value["V_th"]) / 2.0
    rate = value["g_L"] / value["C_m"]
    keep = np.exp(-dt * rate)
    gain, fade = {}, {}
    for kind in ("exc", "inh"):
        decay = 1.0 / value[f"tau_{kind}"]
        fade[f"g_{kind}"] = _plain(np.exp(-dt * decay))
        alike = np.isclose(decay, rate)
        apart = np.where(alike, 1.0, decay - rate)
        charge = np.where(alike, dt * keep, (keep - np.exp(-dt * decay)) / apart)
        gain[f"g_{kind}"] = _plain(charge / value["C_m"] * (value[f"E_{kind}"] - half))
    drive = (value["E_L"] + value["I_e"] / value["g_L"]) * (1.0 - keep)
    return LinearNeuron(
        "v", _plain(keep), _plain(drive), gain, fade, p["V_th"], p["V_r"], False, refractory
    )


def mean_of(draft: Draft, values: Value) -> float:
    """Return the mean over a population's neurons of all ranks, to the bit the same on any."""
    if not isinstance(values, np.ndarray):
        return float(values)
    parts = draft.ranks.gather(np.asarray(values, np.float64))
    return float(draft.program.share.assemble(parts).mean())


def _rates(equations: str) -> set[str]:
    """Return the differential equations of a text, without blanks and flags."""
    lines = (line.split(":")[0].replace(" ", "") for line in equations.splitlines())
    return {line for line in lines if re.match(r"d\w+/dt=", line)}


def _plain(value: np.ndarray) -> Value:
    return value if np.ndim(value) else float(value)


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

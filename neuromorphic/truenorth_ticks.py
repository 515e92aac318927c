"""TrueNorth's neuron given by its integers, and the code of a tick of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

import numpy as np

from ..description.models import NeuronModel
from ..errors import UnknownNameError
from ..lowering.program import PopulationProgram, Value, Variable

NAME = "truenorth"
ARRIVED = "arrived"
_LEAKS = {"constant": "leak", "reversing": "leak*sign(v)"}
_RESETS = {"absolute": "v = reset_potential", "linear": "v = v - threshold", "none": "v = v"}
_BELOW = {
    "absolute": "-reset_potential",
    "linear": "v - negative_threshold",
    "none": "v",
    "saturate": "negative_threshold",
}


def truenorth_neuron(
    *,
    threshold: Any,
    leak: Any = 0,
    leak_mode: Literal["constant", "reversing"] = "constant",
    stochastic_leak: bool = False,
    reset: Literal["absolute", "linear", "none"] = "absolute",
    reset_potential: Any = 0,
    negative_threshold: Any = -(2**17),
    saturates: bool = False,
    threshold_mask: int = 0,
) -> NeuronModel:
    """Return TrueNorth's neuron, given by its integers.

    In a tick on ``TrueNorth``: weights of what arrived are added, then the leak; a spike if
    v >= threshold, and the reset; else, below the negative threshold, its reset.

    Parameters
    ----------
    threshold : int or array
        Positive threshold.
    leak : int or array
        Added in every tick.
    leak_mode : {"constant", "reversing"}
        As it is, or times the sign of v. With ``stochastic_leak`` four modes.
    stochastic_leak : bool
        The leak's sign is added, with probability |leak| / 256.
    reset : {"absolute", "linear", "none"}
        v becomes the reset potential, loses the threshold, or stays.
    reset_potential : int or array
    negative_threshold : int or array
        Negative. Below it v becomes -reset_potential (absolute), loses it (linear), stays (none)
        or, with ``saturates``, becomes it: six modes.
    saturates : bool
    threshold_mask : int
        2^k - 1: a random number from 0 to that is added to the threshold in each tick.

    Notes
    -----
    Order, resets and comparisons are those of the RANC simulator; masks and saturation those of
    SANA-FE. Which four leak modes there are is an assumption. Synapses act on ``v``. On an
    ideal computer the negative threshold has no effect.
    """
    _known("leak_mode", leak_mode, _LEAKS)
    _known("reset", reset, _RESETS)
    drift = _LEAKS[leak_mode]
    if stochastic_leak:
        drift = drift.replace("leak", "sign(leak)") + "*int(256*rand() < abs(leak))"
    parameters: dict[str, Any] = {
        "leak": leak,
        "threshold": threshold,
        "negative_threshold": negative_threshold,
        "reset_potential": reset_potential,
    }
    limit = "threshold"
    if threshold_mask:
        limit = "threshold + floor(rand()*(threshold_mask + 1))"
        parameters["threshold_mask"] = threshold_mask
    below = _BELOW["saturate" if saturates else reset]
    equations = f"""
        dv/dt = {drift}/dt : 1
        low = negative_threshold + 0*reset_potential : 1
        below = {below} : 1
        """
    return NeuronModel(
        equations,
        threshold=f"v >= {limit}",
        reset=_RESETS[reset],
        parameters=parameters,
        method="euler",
        name=NAME,
    )


def is_truenorth_neuron(population: PopulationProgram) -> bool:
    """Return whether a population is of :func:`truenorth_neuron`."""
    code = population.code
    known = {v.name for v in code.variables}
    named = {"v", "leak", "threshold", "negative_threshold", "reset_potential"} <= known
    return code.name == NAME and named and "below" in dict(code.subexpressions)


def tick(population: PopulationProgram) -> PopulationProgram:
    """Return a population of :func:`truenorth_neuron` that steps as the machine does."""
    code = population.code
    below = dict(code.subexpressions)["below"]
    update = f"v = v + {ARRIVED}\n{ARRIVED} = 0\n{code.update}\n{floor_code(below)}"
    variables = (*code.variables, Variable(ARRIVED, "1", "state", False))
    changed = replace(code, update=update, variables=variables, method="truenorth")
    return replace(population, code=changed, values=population.values | {ARRIVED: 0.0})


def floor_code(below: str) -> str:
    """Return the statements for potentials below the negative threshold."""
    return f"_low = int(v < negative_threshold)\nv = (1 - _low)*v + _low*({below})"


def leaking(
    population: PopulationProgram,
    potential: str,
    values: dict[str, Value],
    *,
    reversing: bool,
) -> PopulationProgram:
    """Return a leaky integrate-and-fire population as the machine's neuron.

    Parameters
    ----------
    population : PopulationProgram
    potential : str
        Name of v in the description.
    values : dict of str to float or array
        ``v``, ``leak``, ``threshold``, ``negative_threshold`` in integers.
    reversing : bool
        The leak pulls towards 0 from both sides, and never beyond.
    """
    code, v = population.code, potential
    known = code.variable(v)
    kept = [x for x in code.variables if x.role == "parameter"]
    taken = {x.name for x in code.variables}
    names = {k: _fresh(k, taken) for k in (ARRIVED, "leak", "threshold", "negative_threshold")}
    made = [
        replace(known, role="state", shared=False),
        Variable(names[ARRIVED], "1", "state", False),
    ]
    for key in ("leak", "threshold", "negative_threshold"):
        made.append(Variable(names[key], "1", "parameter", not isinstance(values[key], np.ndarray)))
    drift = f"{v} + {names['leak']}"
    if reversing:
        drift = f"sign({v})*clip(abs({v}) + {names['leak']}, 0, abs({v}))"
    floor = names["negative_threshold"]
    update = "\n".join(
        [
            f"{v} = {v} + {names[ARRIVED]}",
            f"{names[ARRIVED]} = 0",
            f"{v} = {drift}",
            f"{v} = clip({v}, {floor}, 1e300)",
        ]
    )
    start = {names[k]: values[k] for k in ("leak", "threshold", "negative_threshold")}
    variables = (*made, *kept)
    changed = replace(
        code, update=update, variables=variables, threshold=f"{v} >= {names['threshold']}",
        reset=f"{v} = 0", refractory_kind="none", refractory="", unless_refractory=(),
        method="truenorth", fixed=tuple(sorted(x.name for x in variables if x.role != "state")),
    )  # fmt: skip
    held = {x.name: population.values[x.name] for x in kept}
    own = held | start | {v: values["v"], names[ARRIVED]: 0.0}
    return replace(population, code=changed, values=own)


def arrival_name(population: PopulationProgram) -> str:
    """Return the hidden variable that synapses onto a population add to, before it is made."""
    return _fresh(ARRIVED, {x.name for x in population.code.variables})


def _fresh(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "x"
    return name


def _known(what: str, given: str, known: dict[str, str]) -> None:
    if given not in known:
        raise UnknownNameError(what, given, known, "truenorth_neuron")

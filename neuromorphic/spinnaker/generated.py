"""A model that SpiNNaker's software lacks, run as it is written in the machine's arithmetic."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ...lowering.expressions import evaluate, names_in
from ...lowering.program import NeuronCode, PopulationProgram
from ..units import MILLI_NANO
from .models import taken
from .numerics import Core, Ideal
from .population import Machined
from .receptors import Receptor

_FUNCTIONS = {"s16.15": {"abs", "ceil", "clip", "exp", "floor", "int", "sign"}}
_FUNCTIONS["float32"] = _FUNCTIONS["s16.15"] | {"log", "sqrt"}


def uncomputable(code: NeuronCode, number_format: str) -> list[str]:
    """Return what a model's code has that a number format cannot compute, in words."""
    found = set()
    allowed = _FUNCTIONS[number_format]
    for text in (code.update, code.start, code.reset, code.threshold):
        lines = "\n".join(line.strip() for line in text.splitlines())
        for node in ast.walk(ast.parse(lines)):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                if node.func.id not in allowed:
                    found.add(f"{node.func.id}()")
            elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
                power = getattr(node.right, "value", None)
                if not isinstance(power, int | float) or power not in range(1, 17):
                    found.add(f"{ast.unparse(node)}: a power that is not 1 to 16")
    known = {v.name for v in code.variables if v.role in ("parameter", "coefficient")}
    if code.refractory_kind == "duration" and not names_in(code.refractory.strip()) <= known:
        found.add(f"a refractory period of {code.refractory}")
    if code.noise:
        found.add("random numbers")
    found |= {f"{f.name}()" for f in code.functions}
    return sorted(found)


def generated_population(
    given: PopulationProgram,
    receptors: Sequence[Receptor],
    core: Core | Ideal,
    *,
    saturates: bool,
) -> tuple[PopulationProgram, Machined]:
    """Return a population whose own code reads ring buffers, in the machine's arithmetic.

    Parameters
    ----------
    given : PopulationProgram
    receptors : sequence of Receptor
    core : Core or Ideal
        With double precision the code stays in SI units.
    saturates : bool
        Whether the ring buffers end at 65535.
    """
    made = Machined(given, core)
    code = given.code
    for variable in code.variables:
        if core.format is None or variable.boolean:
            made.variables.append(variable)
            made.values[variable.name] = given.values[variable.name]
        else:
            made.keep(variable.name)
    start: list[str] = []
    update: list[str] = []
    for receptor in receptors:
        name, target = receptor.suffix, receptor.variable
        unit = 1.0 if core.format is not None else receptor.unit
        made.put(f"shift_{name}", 2.0**receptor.shift * unit * receptor.sign)
        made.put(receptor.ring, 0.0, "state", per_neuron=True)
        lines = [taken(receptor, saturates), f"{target} = {target} + _in_{name}"]
        # while a neuron is refractory its guarded variables are not written, which the start of
        # a step does not know
        (update if target in code.unless_refractory else start).extend(lines)
    changed = replace(
        code,
        start="\n".join([*start, code.start] if code.start else start),
        update="\n".join([*update, code.update]),
    )
    if core.format is not None and code.refractory_kind == "duration":
        changed = replace(changed, refractory=_pause(made))
    if core.format is None:
        lines = [f"{v.name} : 1" for v in made.variables if v.name not in given.values]
        changed = replace(
            changed,
            variables=tuple(made.variables),
            equations="\n".join([code.equations, *lines]),
        )
        return replace(given, code=changed, values=made.values), made
    return made.program(changed), made


def _pause(made: Machined) -> str:
    """Return the name of the refractory period, which becomes a variable if it is worked out."""
    text = made.given.code.refractory.strip()
    if text in made.given.values:
        return text
    seconds = evaluate(text, made.given.values, f"population {made.given.name!r}: refractory")
    array = np.asarray(MILLI_NANO.value(seconds, "s"), np.float64)
    made.put("pause", made.core.host(float(array) if array.ndim == 0 else array))
    return "pause"

"""A model that SpiNNaker's software lacks, run as it is written in the machine's arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ...lowering.program import PopulationProgram
from .models import taken
from .numerics import Core, Ideal
from .population import Machined
from .receptors import Receptor


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
    start, update = [], []
    for receptor in receptors:
        name, variable = receptor.suffix, receptor.variable
        unit = 1.0 if core.format is not None else receptor.unit
        made.put(f"shift_{name}", 2.0**receptor.shift * unit * receptor.sign)
        made.put(receptor.ring, 0.0, "state", per_neuron=True)
        lines = [taken(receptor, saturates), f"{variable} = {variable} + _in_{name}"]
        # while a neuron is refractory its guarded variables are not written, which the start of
        # a step does not know
        (update if variable in code.unless_refractory else start).extend(lines)
    changed = replace(
        code,
        start="\n".join([*start, code.start] if code.start else start),
        update="\n".join([*update, code.update]),
    )
    if core.format is None:
        lines = [f"{v.name} : 1" for v in made.variables if v.name not in given.values]
        changed = replace(
            changed,
            variables=tuple(made.variables),
            equations="\n".join([code.equations, *lines]),
        )
        return replace(given, code=changed, values=made.values), made
    return made.program(changed), made

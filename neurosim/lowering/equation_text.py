"""The Brian2 equations that declare every variable of a lowered model."""

from __future__ import annotations

from brian2.equations.equations import BOOLEAN
from brian2.units.fundamentalunits import Dimension

from ..description.equations import Declared
from ..description.quantities import declaration
from .noise import CALL
from .program import Variable


def equation_text(
    declared: Declared, variables: tuple[Variable, ...], dims: dict[str, Dimension]
) -> str:
    """Return the equations of a model's code.

    Where a right-hand side draws random numbers or calls functions that Brian2 does not have, a
    stand-in of the same unit takes its place: what happens in a step is in the model's code.
    """
    known = {variable.name: variable for variable in variables}
    texts = [e.expr.code for e in declared.equations.values() if e.expr is not None]
    opaque = declared.equations.is_stochastic or bool(declared.callees)
    opaque = opaque or any(CALL.search(text) for text in texts)
    lines = []
    for name, equation in declared.equations.items():
        differential = name in declared.differential
        if (name in known or opaque) and not differential:
            continue
        code = f"{name}/dt" if opaque else " ".join(equation.expr.code.split())
        flags = f" ({', '.join(equation.flags)})" if equation.flags else ""
        unit = "boolean" if equation.var_type == BOOLEAN else declaration(equation.dim)
        lines.append(f"{f'd{name}/dt' if differential else name} = {code} : {unit}{flags}")
    for variable in variables:
        if variable.name in declared.differential:
            continue
        listed = ""
        if variable.role not in ("state", "derived"):
            # Brian2 would write the value of a shared constant into its code, where a run
            # cannot change it
            written = variable.shared and variable.role == "parameter"
            listed = " (shared, constant)" if variable.shared else " (constant)"
            listed = " (shared)" if written else listed
        boolean = variable.name in declared.booleans
        unit = "boolean" if boolean else declaration(dims[variable.name])
        lines.append(f"{variable.name} : {unit}{listed}")
    return "\n".join(lines)

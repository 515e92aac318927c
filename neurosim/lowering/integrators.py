"""From equations to one step: the state updater, ours for linear systems, else Brian2's."""

from __future__ import annotations

import json
from typing import Any

import brian2
import sympy
from brian2.core.functions import DEFAULT_FUNCTIONS
from brian2.core.variables import Variable
from brian2.equations.equations import PARAMETER, Equations, SingleEquation

from .. import _version
from ..description import syntax
from ..description.equations import Declared
from ..errors import EquationError
from ..store import cached_text
from .exact import LinearSystem
from .expressions import names_in

_DEFAULT = ("exact", "euler", "heun")
_FORMAT = 1


def integrate(declared: Declared, method: str | None, fixed: frozenset[str], where: str) -> dict:
    """Return how a model advances by one step; kept in the store, as it is slow to work out.

    Parameters
    ----------
    declared : Declared
    method : str or None
        None chooses as Brian2's NeuronGroup does: exact if linear, else Euler.
    fixed : frozenset of str
        Names that keep their value during a run.
    where : str
        The model, for messages.

    Returns
    -------
    dict
        ``method``, and either ``system`` (a LinearSystem) or ``update`` (statements).
    """
    content = {
        "format": _FORMAT,
        "versions": _versions(),
        "equations": sorted(str(equation) for equation in declared.equations.values()),
        "dimensions": {name: str(dim) for name, dim in sorted(declared.dims.items())},
        "units": sorted(declared.units),
        "refractory": declared.refractory_kind,
        "method": method,
        "fixed": sorted(fixed),
    }
    key = "neurosim.lowering.integrators " + json.dumps(content, sort_keys=True)
    step: dict = json.loads(
        cached_text(key, lambda: json.dumps(_derive(declared, method, fixed, where)))
    )
    return step


def _versions() -> list[str]:
    return [_version.__version__, brian2.__version__, sympy.__version__]


def _derive(declared: Declared, method: str | None, fixed: frozenset[str], where: str) -> dict:
    if not declared.differential:
        return {"method": "none", "update": ""}
    from brian2.stateupdaters.base import UnsupportedEquationsException  # noqa: PLC0415

    reasons = []
    for name in (method,) if method else _DEFAULT:
        try:
            if name in ("exact", "linear"):
                system = _linear_system(declared, fixed)
                if system is not None:
                    return {"method": "exact", "system": system.to_json()}
            return {"method": name, "update": _brian_update(declared, name)}
        except UnsupportedEquationsException as error:
            reasons.append(f"{name}: {' '.join(str(error).split())}")
    raise EquationError(
        f"{where} cannot be integrated with {' or '.join(repr(m) for m in _tried(method))} "
        f"({'; '.join(reasons)}). Choose another method, such as 'euler', 'rk4' or "
        "'exponential_euler'."
    )


def _tried(method: str | None) -> tuple[str, ...]:
    return (method,) if method else _DEFAULT


def _linear_system(declared: Declared, fixed: frozenset[str]) -> LinearSystem | None:
    """Return the equations as a linear system, or None where M changes during a run.

    Raises Brian2's UnsupportedEquationsException if the equations are not linear.
    """
    from brian2.parsing.sympytools import sympy_to_str  # noqa: PLC0415
    from brian2.stateupdaters.base import UnsupportedEquationsException  # noqa: PLC0415
    from brian2.stateupdaters.exact import get_linear_system  # noqa: PLC0415

    variables: dict[str, Any] = {n: Variable(n, dimensions=d) for n, d in declared.dims.items()}
    variables |= {name: DEFAULT_FUNCTIONS[name] for name in syntax.FUNCTIONS}
    names, coefficients, constants = get_linear_system(declared.equations, variables)
    n = len(names)
    matrix = {
        (i, j): sympy_to_str(coefficients[i, j])
        for i in range(n)
        for j in range(n)
        if coefficients[i, j] != 0
    }
    offsets = {i: sympy_to_str(constants[i]) for i in range(n) if constants[i] != 0}
    in_matrix = set().union(*map(names_in, matrix.values()), set())
    in_offsets = set().union(*map(names_in, offsets.values()), set())
    if "t" in in_matrix | in_offsets or (in_matrix | in_offsets) & set(names):
        raise UnsupportedEquationsException("the equations change within a time step.")
    if not in_matrix <= fixed:
        return None
    return LinearSystem(tuple(names), matrix, offsets, declared.unless_refractory, fixed)


def _brian_update(declared: Declared, method: str) -> str:
    """Return the statements of one of Brian2's state updaters."""
    from brian2.groups.neurongroup import NeuronGroup  # noqa: PLC0415
    from brian2.stateupdaters.base import StateUpdateMethod  # noqa: PLC0415

    extra = [name for name in declared.dims if name not in declared.equations]
    parameters = [SingleEquation(PARAMETER, name, declared.dims[name]) for name in extra]
    from brian2.core.namespace import DEFAULT_UNITS  # noqa: PLC0415

    parameters += [
        SingleEquation(PARAMETER, f"unit_{unit}", DEFAULT_UNITS[unit].dim)
        for unit in sorted(declared.units)
    ]
    equations = Equations([*declared.equations.values(), *parameters])
    refractory: Any = "False" if declared.refractory_kind != "none" else False
    group = NeuronGroup(1, equations, method=method, refractory=refractory, namespace={})
    names = group.equations.names | group.equations.identifiers | {"dt"}
    variables = group.resolve_all(names, {}, user_identifiers=set())
    return str(StateUpdateMethod.apply_stateupdater(group.equations, variables, method))

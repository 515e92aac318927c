"""What acts on populations from outside: injected currents and operations run at intervals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from brian2.core.functions import DEFAULT_FUNCTIONS
from brian2.core.namespace import DEFAULT_UNITS
from brian2.core.variables import Variable
from brian2.units.fundamentalunits import Dimension

from ..errors import DescriptionError, EquationError, UnknownNameError, UnsupportedError
from . import syntax
from .brian2_errors import UNIT_PREFIX
from .equation_checks import _dimensions, check_condition
from .equations import Declared, _check_own_name, _rewrite
from .models import NeuronModel
from .population import Population
from .quantities import SECOND, require_dimensions
from .views import PopulationView
from .waveforms import NoisyCurrent, Sine, Steps, Waveform

MAX_PER_POPULATION = 192  # each has 16 of the random sites from 1024 to 4095
MAX_RANDOM_CALLS = 16


@dataclass(frozen=True, eq=False)
class Injection:
    """A course over time that is added to ``variable`` of some neurons."""

    name: str
    neurons: PopulationView
    variable: str
    wave: Waveform

    def describe(self) -> dict[str, Any]:
        """Return a JSON-able account."""
        return {
            "name": self.name,
            "neurons": self.neurons.label,
            "variable": self.variable,
            "wave": self.wave.describe(),
        }


@dataclass(frozen=True, eq=False)
class Operation:
    """Statements run for some neurons every ``every`` seconds (None: every step) from ``start`` on.

    ``statements`` are (variable, expression) with units as names (``unit_mV``); ``writes`` the
    variables of the model they change, ``units`` the units they use; ``code`` is the user's.
    """

    name: str
    neurons: PopulationView
    code: str
    every: float | None
    when: Literal["start", "end"]
    statements: tuple[tuple[str, str], ...]
    writes: frozenset[str]
    units: frozenset[str]
    start: float = 0.0

    def describe(self) -> dict[str, Any]:
        """Return a JSON-able account."""
        return {
            "name": self.name,
            "neurons": self.neurons.label,
            "code": self.code,
            "every": self.every,
            "start": self.start,
            "when": self.when,
        }


def check_changeable(neurons: PopulationView, variable: Any, where: str) -> str:
    """Return a variable that may be changed from outside while a network runs.

    That is a state variable, one that is declared (``I : amp``) or a parameter; not one that is
    constant, shared or computed.
    """
    declared = _model(neurons, where).declared
    computed = {*declared.subexpressions, *declared.held}
    names = [n for n in declared.dims if n not in computed]
    if variable in computed:
        raise DescriptionError(
            f"{where}: {variable!r} is computed by the equations. Change what it is made of."
        )
    if variable not in names:
        raise UnknownNameError("variable", variable, names, f"{where}: {neurons.name!r}")
    for flag, flagged in (("constant", declared.constant), ("shared", declared.shared)):
        if variable in flagged:
            raise DescriptionError(
                f"{where}: {variable!r} is declared '({flag})', so it cannot be changed while the "
                "network runs. Drop the flag."
            )
    return str(variable)


def check_free(neurons: PopulationView, variable: Any, where: str) -> str:
    """Return a variable that a current may be injected into: declared, or a parameter."""
    name = check_changeable(neurons, variable, where)
    if name in neurons.parent.model.declared.differential:
        raise DescriptionError(
            f"{where}: {name!r} has a differential equation of its own. Inject into a variable "
            "that is declared, such as 'I : amp', and occurs in that equation."
        )
    return name


def check_wave(wave: Any, neurons: PopulationView, dim: Dimension, where: str) -> Waveform:
    """Return a course over time that fits the neurons and has dimensions ``dim``."""
    if not isinstance(wave, Waveform):
        raise DescriptionError(
            f"{where}: {type(wave).__name__} is not a course over time. Give StepCurrent, "
            "ConstantCurrent, SineCurrent, NoisyCurrent or RecordedCurrent."
        )
    require_dimensions(wave.dim, dim, f"{where}: {type(wave).__name__}")
    if wave.width not in (1, neurons.size):
        raise DescriptionError(
            f"{where}: {type(wave).__name__} has {wave.width} columns for {neurons.size} neurons; "
            "give one for all, or one per neuron."
        )
    return wave


def check_rate_wave(wave: Waveform, neurons: PopulationView, where: str) -> Waveform:
    """Return a course of rates, as checked when it was made, that fits the neurons."""
    if not isinstance(wave, (Steps, Sine)) or isinstance(wave, NoisyCurrent):
        raise DescriptionError(
            f"{where}: {type(wave).__name__} is not a rate. Give StepRate, SineRate or ArrayRate."
        )
    return check_wave(wave, neurons, DEFAULT_UNITS["hertz"].dim, where)


def read_operation(
    neurons: PopulationView, code: Any, where: str
) -> tuple[tuple[tuple[str, str], ...], frozenset[str], frozenset[str]]:
    """Check an operation's code; return its statements, the variables it writes and its units."""
    if not isinstance(code, str):
        raise EquationError(f"{where}: the code must be a string, not {type(code).__name__}.")
    declared = _model(neurons, where).declared
    units: set[str] = set()
    known = dict(declared.dims) | {"t": SECOND, "dt": SECOND}
    functions = _functions(declared)
    variables = functions | {n: Variable(n, dimensions=dim) for n, dim in known.items()}
    variables |= {n: Variable(n, dtype=bool) for n in declared.booleans}
    variables |= {n: Variable(n) for n in ("i", "N")}
    if declared.refractory_kind != "none":
        variables["not_refractory"] = Variable("not_refractory", dtype=bool)
    found, writes = [], set()
    own = set(variables) - functions.keys()
    callees = frozenset(declared.callees)
    for target, sign, text in syntax.statements(code, where):
        what = f"{where}: {target!r}"
        expression = _rewrite(text, own, units, what, callees=callees, random=True)
        if "not_refractory" in expression and "not_refractory" not in own:
            raise UnknownNameError("name", "not_refractory", own, f"{what} (never refractory)")
        variables |= {UNIT_PREFIX + u: Variable(u, dimensions=DEFAULT_UNITS[u].dim) for u in units}
        full = f"{target} {sign} ({expression})" if sign else expression
        if target in declared.dims:
            check_changeable(neurons, target, where)
            require_dimensions(_dimensions(full, variables, what), declared.dims[target], what)
            if target in declared.booleans:
                check_condition(full, variables, what)
            full = f"int({full})" if target in declared.integers else full
            writes.add(target)
        else:
            _check_local(target, sign, own, what)
            variables[target] = Variable(
                target, dimensions=_dimensions(expression, variables, what)
            )
            own.add(target)
        found.append((target, full))
    if not writes:
        raise EquationError(
            f"{where}: the code changes no variable. Assign one of "
            f"{', '.join(n for n in declared.dims if n not in declared.subexpressions)}."
        )
    _check_random_calls(found, where)
    return tuple(found), frozenset(writes), frozenset(units)


def _check_local(name: str, sign: str | None, own: set[str], what: str) -> None:
    if name in own:
        raise EquationError(
            f"{what} is assigned twice or cannot be assigned. A name of your own gets one value; "
            "use another one."
        )
    if sign:
        raise EquationError(f"{what} is changed by '{sign}=' before it has a value.")
    if name in syntax.UNITS:
        raise EquationError(f"{what} is the name of a unit; call it something else.")
    _check_own_name(name, what)


def _check_random_calls(statements: list[tuple[str, str]], where: str) -> None:
    calls = sum(text.count("rand(") + text.count("randn(") for _, text in statements)
    if calls > MAX_RANDOM_CALLS:
        raise UnsupportedError(
            f"{where}: the code calls rand() and randn() {calls} times; at most "
            f"{MAX_RANDOM_CALLS} are supported. Split it into several operations."
        )


def _functions(declared: Declared) -> dict[str, Any]:
    own = {name: callee.brian2_function() for name, callee in declared.callees.items()}
    return own | {n: DEFAULT_FUNCTIONS[n] for n in syntax.FUNCTIONS | syntax.RANDOM_FUNCTIONS}


def _model(neurons: PopulationView, where: str) -> NeuronModel:
    if not isinstance(neurons.parent, Population):
        raise DescriptionError(f"{where}: {neurons.name!r} is a spike source without variables.")
    return neurons.parent.model


def declared_of(neurons: PopulationView, where: str) -> Declared:
    """Return what the model of some neurons declares; DescriptionError for a spike source."""
    return _model(neurons, where).declared

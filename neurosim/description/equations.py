"""A model's equations, read and unit-checked by Brian2 when the model is declared."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from brian2.core.namespace import DEFAULT_FUNCTIONS, DEFAULT_UNITS
from brian2.core.variables import Variable
from brian2.equations.equations import (
    BOOLEAN,
    DIFFERENTIAL_EQUATION,
    FLOAT,
    INTEGER,
    PARAMETER,
    SUBEXPRESSION,
    Equations,
    SingleEquation,
)
from brian2.equations.equations import EquationError as BrianEquationError
from brian2.units.fundamentalunits import Dimension

from ..errors import EquationError, ExpressionError, UnknownNameError
from . import syntax
from .brian2_errors import UNIT_PREFIX, brian2_message
from .equation_checks import (
    _dimensions,
    check_condition,
    check_equation_units,
    check_kinds,
    check_shared,
    check_statements,
    refractory_kind,
)
from .functions import Callee
from .quantities import SECOND

MAX_EQUATIONS = 20000
_NOISE = SECOND**-0.5  # of xi: its integral over a time has the standard deviation sqrt(time)
_RESERVED = frozenset(
    {"t", "dt", "i", "N", "t_in_timesteps", "not_refractory", "lastspike", "refractory", "spikes"}
)
_UNIT_TEXT = re.compile(r"[A-Za-z0-9_*/().\-+ ]*\Z")
_BUILT_IN = frozenset({"t", "dt", "i", "N", "t_in_timesteps", "not_refractory", "lastspike"})


@dataclass(frozen=True, eq=False)
class Declared:
    """A model's text, understood: which names there are, of which dimension and in which role.

    All code is rewritten so that units are ordinary names (``mV`` becomes ``unit_mV``); ``units``
    lists them. ``held`` are the subexpressions marked "constant over dt": in ``equations`` they
    are parameters, and ``held`` has their expressions, those used by others first. ``events`` are
    (name, condition, statements). ``callees`` are the functions that code may call.
    """

    equations: Equations
    threshold: str
    reset: str
    refractory: str
    refractory_kind: str
    dims: dict[str, Dimension]
    differential: tuple[str, ...]
    declared: tuple[str, ...]
    subexpressions: tuple[str, ...]
    unless_refractory: tuple[str, ...]
    assigned: frozenset[str]
    constant: frozenset[str]
    shared: frozenset[str]
    units: frozenset[str]
    held: dict[str, str] = field(default_factory=dict)
    integers: frozenset[str] = frozenset()
    booleans: frozenset[str] = frozenset()
    events: tuple[tuple[str, str, str], ...] = ()
    callees: dict[str, Callee] = field(default_factory=dict)


@dataclass(frozen=True)
class ModelText:
    """The strings of a model, as the user wrote them; ``events``: (name, condition, code)."""

    name: str
    equations: str
    threshold: str
    reset: str
    refractory: str
    events: tuple[tuple[str, str, str], ...] = ()


def declare(
    text: ModelText,
    parameters: dict[str, Dimension],
    callees: dict[str, Callee] | None = None,
) -> Declared:
    """Read and check a model.

    Parameters
    ----------
    text : ModelText
    parameters : dict of str to Dimension
        The parameters given with the model.
    callees : dict of str to TimedArray or Function, optional
        What the code may call besides Brian2's functions.

    Returns
    -------
    Declared

    Raises
    ------
    EquationError, DimensionError, ExpressionError, UnknownNameError, UnsupportedError
    """
    return _Reader(text, parameters, callees or {}).declared()


class _Reader:
    """Reads one model's text."""

    def __init__(
        self, text: ModelText, parameters: dict[str, Dimension], callees: dict[str, Callee]
    ) -> None:
        self.text, self.callees = text, callees
        self.where = f"model {text.name!r}"
        self.units: set[str] = set()
        self.own = _own_names(text.equations) | set(parameters)
        for name in sorted(callees):
            _check_own_name(name, self.where)
            if name in self.own or name in syntax.UNITS:
                raise EquationError(
                    f"{self.where}: {name!r} is a function and something else as well; rename one."
                )
        parsed = _parse(text.equations, self.own, self.units, self.where, frozenset(callees))
        check_kinds(parsed, parameters, self.where)
        check_shared(parsed, self.where)
        self.parsed = parsed
        self.dims = {name: parsed[name].dim for name in parsed} | parameters

    def code(self, code: str, what: str, more: frozenset[str] = frozenset(), **allow: bool) -> str:
        """Return checked code with units as names."""
        place = f"{self.where}: {what}"
        own = self.own | more
        return _rewrite(code, own, self.units, place, callees=frozenset(self.callees), **allow)

    def statements(self, code: str, what: str) -> list[tuple[str, str | None, str]]:
        """Return (target, operator, expression) of the statements of a reset or event."""
        found = []
        local: frozenset[str] = frozenset()
        for target, sign, expression in syntax.statements(code, f"{self.where}: {what}"):
            found.append((target, sign, self.code(expression, what, local, random=True)))
            if target not in self.own:
                if target in syntax.UNITS:
                    raise EquationError(
                        f"{self.where}: {what} assigns {target!r}, the name of a unit; call it "
                        "something else."
                    )
                _check_own_name(target, f"{self.where}: {what}")
                local |= {target}
        return found

    def declared(self) -> Declared:
        """Return the checked model."""
        text, parsed, where = self.text, self.parsed, self.where
        threshold = self.code(text.threshold, "threshold", random=True)
        refractory = self.code(text.refractory, "refractory")
        reset = self.statements(text.reset, "reset")
        events = [
            (
                n,
                self.code(condition, f"event {n!r}", random=True),
                self.statements(code, f"event {n!r}"),
            )
            for n, condition, code in text.events
        ]
        variables = self._variables(refractory != "")
        noise = {n: Variable(n, dimensions=_NOISE) for n in parsed.stochastic_variables}
        check_equation_units(parsed, variables | noise, where)
        check_condition(threshold, variables, f"{where}: threshold")
        kind = refractory_kind(refractory, variables, f"{where}: refractory")
        flagged = tuple(n for n in parsed if "unless refractory" in parsed[n].flags)
        if flagged and kind == "none":
            raise EquationError(
                f"{where}: {', '.join(flagged)} is marked 'unless refractory' but no refractory "
                "period is given. Add refractory=2*ms (or an expression), or drop the flag."
            )
        for name, condition, _ in events:
            check_condition(condition, variables, f"{where}: event {name!r}")
        self._check_times(events)
        targets = [*reset, *(part for _, _, parts in events for part in parts)]
        return Declared(
            threshold=threshold,
            reset=check_statements(reset, parsed, variables, f"{where}: reset"),
            refractory=refractory,
            refractory_kind=kind,
            dims=self.dims,
            unless_refractory=flagged,
            assigned=frozenset(target for target, _, _ in targets),
            units=frozenset(self.units),
            events=tuple(
                (n, c, check_statements(parts, parsed, variables, f"{where}: event {n!r}"))
                for n, c, parts in events
            ),
            callees=self.callees,
            **_roles(parsed),
        )

    def _check_times(self, events: list[tuple[str, str, list]]) -> None:
        """Refuse what is about to change at the time it would be asked for."""
        asked = [
            (f"{n!r}, which is computed as a step starts,", "not_refractory", e.expr.code)
            for n, e in self.parsed.items()
            if "constant over dt" in e.flags
        ]
        for name, condition, parts in events:
            asked.append((f"the condition of event {name!r}", "lastspike", condition))
            code = " ".join(text for _, _, text in parts)
            asked.append((f"the code of event {name!r}", "not_refractory", code))
        for what, word, code in asked:
            if re.search(rf"\b{word}\b", code):
                raise EquationError(
                    f"{self.where}: {what} uses {word}, which is not known at that time. Let the "
                    "reset set a variable, and use that."
                )

    def _variables(self, refractory: bool) -> dict[str, Any]:
        """Return Brian2's account of every name that code may use."""
        known = self.dims | {UNIT_PREFIX + u: DEFAULT_UNITS[u].dim for u in self.units}
        known |= {"t": SECOND, "dt": SECOND, "lastspike": SECOND}
        variables: dict[str, Any] = {n: Variable(n, dimensions=d) for n, d in known.items()}
        variables |= {n: Variable(n, dtype=np.int64) for n in ("i", "N", "t_in_timesteps")}
        for name, equation in self.parsed.items():
            if equation.var_type != FLOAT:
                dtype = bool if equation.var_type == BOOLEAN else np.int64
                variables[name] = Variable(name, dtype=dtype)
        if refractory:
            variables["not_refractory"] = Variable("not_refractory", dtype=bool)
        functions = syntax.FUNCTIONS | syntax.RANDOM_FUNCTIONS
        variables |= {name: DEFAULT_FUNCTIONS[name] for name in functions}
        return variables | {n: callee.brian2_function() for n, callee in self.callees.items()}


def _roles(parsed: Equations) -> dict[str, Any]:
    """Return which names have which role, and the equations that integrators see."""
    held = {e.varname: e.expr.code for e in parsed.ordered if "constant over dt" in e.flags}
    equations = []
    for name, e in parsed.items():
        if name in held:
            equations.append(SingleEquation(PARAMETER, name, e.dim, e.var_type))
        elif e.expr is not None and "shared" in e.flags:
            flags = [flag for flag in e.flags if flag != "shared"]
            equations.append(SingleEquation(e.type, name, e.dim, e.var_type, e.expr, flags))
        else:
            equations.append(e)

    def named(kind: str) -> tuple[str, ...]:
        return tuple(n for n in parsed if parsed[n].type == kind and n not in held)

    def flagged(flag: str) -> set[str]:
        return {n for n in parsed if flag in parsed[n].flags}

    return {
        "equations": Equations(equations),
        "differential": named(DIFFERENTIAL_EQUATION),
        "declared": (*named(PARAMETER), *held),
        "subexpressions": named(SUBEXPRESSION),
        "constant": frozenset(flagged("constant") | held.keys()),
        "shared": frozenset(flagged("shared")),
        "held": held,
        "integers": frozenset(n for n in parsed if parsed[n].var_type == INTEGER),
        "booleans": frozenset(n for n in parsed if parsed[n].var_type == BOOLEAN),
    }


def expression_dimensions(code: str, known: dict[str, Dimension], where: str) -> Dimension:
    """Return the dimensions of a parameter or initial-value expression, checking all of it.

    ``known`` are the names it may use besides units, ``i``, ``N``, ``pi`` and ``e``.
    """
    tree = syntax.parse(code, where)
    used, called = syntax.names(tree)
    syntax.check_calls(called, where, random=True)
    free = {"i", "N", *syntax.CONSTANTS, "True", "False"}
    for name in sorted(used - known.keys() - free):
        if name not in syntax.UNITS:
            raise UnknownNameError("name", name, [*known, "i", "N"], where)
    variables: dict[str, Any] = {n: Variable(n) for n in free - {"True", "False"}}
    variables |= {u: Variable(u, dimensions=DEFAULT_UNITS[u].dim) for u in used & syntax.UNITS}
    variables |= {n: Variable(n, dimensions=dim) for n, dim in known.items()}
    variables |= {f: DEFAULT_FUNCTIONS[f] for f in syntax.FUNCTIONS | syntax.RANDOM_FUNCTIONS}
    return _dimensions(" ".join(code.split()), variables, where)


def _own_names(equations: str) -> set[str]:
    """Return the names that equations define, before Brian2 has seen them."""
    pattern = r"^\s*(?:d(\w+)\s*/\s*dt\s*=|(\w+)\s*(?:=|:))"
    return {a or b for a, b in re.findall(pattern, equations, re.M)}


def _parse(
    text: str, own: set[str], units: set[str], where: str, callees: frozenset[str]
) -> Equations:
    if not isinstance(text, str) or len(text) > MAX_EQUATIONS:
        raise EquationError(f"{where}: equations must be a string of at most {MAX_EQUATIONS}.")
    lines = re.sub(r"#[^\n]*", "", text)
    for unit_text in re.findall(r":([^(\n]*)", lines):
        digits = re.search(r"\d{3}|\*\*[^*]*\*\*", unit_text)
        if not _UNIT_TEXT.match(unit_text) or digits or len(unit_text) > 100:
            raise EquationError(f"{where}: {unit_text.strip()[:80]!r} is not a unit.")
    clash = own & syntax.UNITS
    if clash:
        name = sorted(clash)[0]
        raise EquationError(f"{where}: {name!r} is the name of a unit; call it something else.")
    for name in sorted(own):
        _check_own_name(name, where)
    unitless = re.compile(r"(=)([^:]*)(:)")

    def rewrite(match: re.Match[str]) -> str:
        code = _rewrite(match[2], own, units, where, callees=callees, random=True, noise=True)
        return f"{match[1]} {code} {match[3]}"

    renamed = unitless.sub(rewrite, lines)
    try:
        return Equations(renamed)
    except (BrianEquationError, SyntaxError, ValueError, TypeError) as error:
        raise EquationError(f"{where}: {brian2_message(error)}") from error


def _check_own_name(name: str, where: str) -> None:
    if name.startswith("_"):
        raise ExpressionError(f"{where}: the name {name!r} must not start with '_'.")
    if name in _RESERVED or name.startswith(UNIT_PREFIX) or name.startswith("xi"):
        raise EquationError(f"{where}: the name {name!r} is reserved; call it something else.")
    if name in syntax.CONSTANTS or name in DEFAULT_FUNCTIONS:
        raise EquationError(
            f"{where}: {name!r} is a function or constant of the language; call it something else."
        )


def _rewrite(
    code: str,
    own: set[str],
    units: set[str],
    where: str,
    *,
    callees: frozenset[str] = frozenset(),
    random: bool = False,
    noise: bool = False,
) -> str:
    """Check an expression's syntax and names, and turn units and constants into plain names.

    ``callees`` may be called, ``random`` allows rand() and randn(), ``noise`` allows xi.
    """
    if not code.strip():
        return ""
    tree = syntax.parse(code, where)
    used, called = syntax.names(tree)
    white = {name for name in used if name == "xi" or name.startswith("xi_")}
    if white and not noise:
        raise EquationError(
            f"{where} uses {sorted(white)[0]!r}, which stands in differential equations only. "
            "Use randn() here."
        )
    syntax.check_calls(called - callees, where, random=random)
    replacements = {}
    for name in sorted(used - own - white - _BUILT_IN - {"True", "False"}):
        if name in syntax.UNITS:
            units.add(name)
            replacements[name] = UNIT_PREFIX + name
        elif name in syntax.CONSTANTS:
            replacements[name] = repr(syntax.CONSTANTS[name])
        elif name in callees:
            raise ExpressionError(f"{where} uses {name!r}, which is a function: write {name}(...).")
        else:
            raise UnknownNameError("name", name, own, where)
    return syntax.rename(" ".join(code.split()), replacements)

"""A synapse model's text, read when it is declared: names, roles and syntax, not yet units.

Units of variables of source and target are known only when a projection is made; they are
checked then (:mod:`.synapse_binding`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from brian2.core.namespace import DEFAULT_FUNCTIONS
from brian2.equations.equations import (
    DIFFERENTIAL_EQUATION,
    FLOAT,
    PARAMETER,
    SUBEXPRESSION,
    Equations,
)
from brian2.units.fundamentalunits import Dimension

from ..errors import (
    DescriptionError,
    EquationError,
    ExpressionError,
    UnknownNameError,
    UnsupportedError,
)
from . import syntax
from .bounds import LEARNING, Bound
from .brian2_errors import UNIT_PREFIX, brian2_message
from .lines import PARSING, numbered, short, wrong_line

SINCE_UPDATE = "since_update"  # time since a synapse's event-driven variables were up to date
MAX_EQUATIONS = 20000
_RESERVED = frozenset(
    {"t", "dt", "i", "j", "N", "N_pre", "N_post", "delay", "lastupdate", "lastspike", "event"}
    | {"not_refractory", "pre", "post", "queue", SINCE_UPDATE}
)
_FLAGS = {
    DIFFERENTIAL_EQUATION: {"event-driven", "clock-driven"},
    PARAMETER: {"constant", "shared"},
    SUBEXPRESSION: {"summed"},
}
_WEIGHT = "w"
_FREE = frozenset({"t", "dt", "True", "False"})
_UNIT_TEXT = re.compile(r"[A-Za-z0-9_*/().\-+ ]*\Z")
_SIDE = re.compile(r"(.+)_(pre|post)\Z")

Statement = tuple[str, str | None, str]


@dataclass(frozen=True)
class Pathway:
    """Code run for synapses when spikes arrive: (variable, operator or None, expression)s.

    ``lines`` says where each statement stands in ``original``.
    """

    name: str
    side: Literal["pre", "post"]
    statements: tuple[Statement, ...]
    event: str
    original: str
    lines: tuple[str, ...] = ()

    def place(self, index: int) -> str:
        """Return where a statement stands, for messages."""
        name = f"on_{self.side}" if self.name == self.side else f"on_{self.side} {self.name!r}"
        return f"{name}, {self.lines[index]}" if index < len(self.lines) else name


@dataclass(frozen=True, eq=False)
class Equation:
    """One equation: ``code`` is empty for parameters; units are plain names in it.

    ``line`` says where it stands in the text.
    """

    name: str
    dim: Dimension
    kind: str
    code: str
    flags: frozenset[str]
    line: str = ""


@dataclass(frozen=True, eq=False)
class SynapseText:
    """A synapse model's text, understood.

    Attributes
    ----------
    equations : str
        As the user wrote them.
    own : dict of str to Equation
        Every equation by its name.
    differential, declared, computed, summed : tuple of str
        Names of differential equations, parameters, subexpressions and sums (``x_post``).
    pathways : tuple of Pathway
    assigned : frozenset of str
        Synaptic variables that change: differential, written by a pathway, or learnt.
    used : frozenset of str
        Every name in the code that is not a unit, constant or function.
    units : frozenset of str
    bounds : dict of str to Bound
    """

    equations: str
    own: dict[str, Equation]
    differential: tuple[str, ...]
    declared: tuple[str, ...]
    computed: tuple[str, ...]
    summed: tuple[str, ...]
    pathways: tuple[Pathway, ...]
    assigned: frozenset[str]
    used: frozenset[str]
    units: frozenset[str]
    bounds: dict[str, Bound] = field(default_factory=dict)

    def place(self, name: str) -> str:
        """Return the line that first writes a variable, or declares it, for messages."""
        for pathway in self.pathways:
            for index, (target, _, _) in enumerate(pathway.statements):
                if name == target:
                    return f", {pathway.place(index)}"
        return f", {self.own[name].line}" if name in self.own else ""


def side_of(name: str) -> tuple[str, str] | None:
    """Return (variable, "pre" or "post") of ``v_pre`` and ``v_post``; None for other names."""
    match = _SIDE.match(name)
    return (match[1], match[2]) if match else None


def read(
    equations: Any,
    on_pre: Any,
    on_post: Any,
    events: Any,
    known: set[str],
    bounds: dict[str, Bound],
    learns: frozenset[str],
    where: str,
) -> SynapseText:
    """Read a model's text; ``known`` are names it may use without declaring them.

    ``learns`` are variables that change even if no text writes them.

    Raises
    ------
    EquationError, ExpressionError, UnknownNameError, UnsupportedError, DescriptionError
    """
    reader = _Reader(known, where)
    own = reader.equations(equations)
    pathways = (*reader.pathways(on_pre, "pre"), *reader.pathways(on_post, "post"))
    pathways = _listening(pathways, events, where)
    twice = [p.name for p in pathways if [q.name for q in pathways].count(p.name) > 1]
    if twice:
        raise DescriptionError(f"{where}: two pathways are called {twice[0]!r}; names are unique.")
    if not pathways and not any("summed" in e.flags for e in own.values()):
        raise EquationError(
            f"{where} has no effect. Give on_pre or on_post, or a sum 'x_post = ... (summed)'."
        )
    kinds = {
        kind: tuple(n for n, e in own.items() if e.kind == kind and "summed" not in e.flags)
        for kind in (DIFFERENTIAL_EQUATION, PARAMETER, SUBEXPRESSION)
    }
    written = {target for p in pathways for target, _, _ in p.statements if not side_of(target)}
    bounds = {name: reader.bound(name, bound) for name, bound in bounds.items()}
    return SynapseText(
        equations="\n".join(line.strip() for line in equations.split("\n")).strip(),
        own=own,
        differential=kinds[DIFFERENTIAL_EQUATION],
        declared=kinds[PARAMETER],
        computed=kinds[SUBEXPRESSION],
        summed=tuple(n for n, e in own.items() if "summed" in e.flags),
        pathways=pathways,
        assigned=frozenset({*kinds[DIFFERENTIAL_EQUATION], *written, *learns}),
        used=frozenset(reader.used),
        units=frozenset(reader.units),
        bounds=bounds,
    )


class _Reader:
    def __init__(self, known: set[str], where: str) -> None:
        self.known, self.where = known, where
        self.own: set[str] = set()
        self.used: set[str] = set()
        self.units: set[str] = set()

    def equations(self, text: Any) -> dict[str, Equation]:
        where = self.where
        if not isinstance(text, str) or len(text) > MAX_EQUATIONS:
            raise EquationError(f"{where}: equations must be a string of at most {MAX_EQUATIONS}.")
        lines = re.sub(r"#[^\n]*", "", text.strip())
        pattern = r"^\s*(?:d(\w+)\s*/\s*dt\s*=|(\w+)\s*(?:=|:))"
        self.own = {a or b for a, b in re.findall(pattern, lines, re.M)}
        for found in re.finditer(r":([^(\n]*)", lines):
            unit = found[1]
            if not _UNIT_TEXT.match(unit) or re.search(r"\d{3}|\*\*[^*]*\*\*", unit):
                place = self._at(lines, found.start())
                raise EquationError(f"{place}: {unit.strip()[:80]!r} is not a unit.")
        renamed = re.sub(
            r"(=)([^:]*)(:)",
            lambda m: f"{m[1]} {self.rewrite(m[2], self._at(lines, m.start()), noise=True)} {m[3]}",
            lines,
        )
        try:
            parsed = Equations(renamed)
        except PARSING as error:
            wrong = wrong_line(renamed)
            where = f"{where}: equations, {numbered(lines, wrong)}" if wrong else where
            raise EquationError(f"{where}: {brian2_message(error)}") from error
        starts = {
            m[1] or m[2]: m.start(m.lastindex or 0) for m in re.finditer(pattern, lines, re.M)
        }
        return {
            name: self._equation(name, parsed[name], self._at(lines, starts.get(name, 0)))
            for name in parsed
        }

    def _at(self, lines: str, position: int) -> str:
        number = lines.count("\n", 0, position) + 1
        return f"{self.where}: equations, {numbered(lines, number)}"

    def bound(self, name: str, bound: Bound) -> Bound:
        """Return a variable's bounds with units and constants as plain names."""
        where = f"{self.where}: bounds of {name!r}"
        if name not in self.own and name not in self.known:
            raise UnknownNameError("synaptic variable", name, self.own, f"{self.where}: bounds")
        for clash in bound.given:
            if clash in self.own or clash in self.known:
                raise DescriptionError(
                    f"{where}: the bound is the shared parameter {clash!r}, but the model has "
                    "something else of that name. Rename that."
                )
        hidden = set(bound.given)
        return bound.renamed(lambda code: code if code in hidden else self.rewrite(code, where))

    def _equation(self, name: str, parsed: Any, where: str) -> Equation:
        flags = frozenset(parsed.flags)
        _check_own_name(name, flags, where)
        for flag in sorted(flags):
            if flag not in _FLAGS[parsed.type]:
                raise UnsupportedError(
                    f"{where}: the flag '{flag}' of {name!r} is not supported there. Supported: "
                    f"{', '.join(sorted(_FLAGS[parsed.type]))}."
                )
        if parsed.var_type != FLOAT:
            raise UnsupportedError(
                f"{where}: {name!r} is a {parsed.var_type} variable, which synapses do not have "
                f"yet. Declare it as a number without unit: '{name} : 1'."
            )
        code = "" if parsed.expr is None else parsed.expr.code
        if parsed.type == DIFFERENTIAL_EQUATION and not flags:
            raise EquationError(
                f"{where}: say whether {name!r} is advanced in every step or only at spikes: "
                f"'d{name}/dt = ... (clock-driven)' or '(event-driven)'."
            )
        return Equation(
            name, parsed.dim, parsed.type, code, flags, where.removeprefix(f"{self.where}: ")
        )

    def pathways(self, given: Any, side: Literal["pre", "post"]) -> tuple[Pathway, ...]:
        if given is None:
            return ()
        named = {side: given} if isinstance(given, str) else given
        if not isinstance(named, Mapping):
            raise EquationError(
                f"{self.where}: on_{side} must be a string or a dict of strings, not "
                f"{type(given).__name__}."
            )
        return tuple(self._pathway(name, code, side) for name, code in named.items())

    def _pathway(self, name: Any, code: Any, side: Literal["pre", "post"]) -> Pathway:
        where = f"{self.where}: on_{side}"
        if not isinstance(name, str) or not name.isidentifier() or name.startswith("_"):
            raise DescriptionError(f"{where}: {name!r} is not a valid name of a pathway.")
        if not isinstance(code, str):
            raise EquationError(f"{where}: {name!r} must be a string, not {type(code).__name__}.")
        if name != side:
            where = f"{where} {name!r}"
        statements, lines = [], []
        for number, line in enumerate(code.strip().split("\n"), 1):
            place = f"line {number} ({short(line)})"
            for target, sign, expression in syntax.statements(line, f"{where}, {place}"):
                self._check_target(target, f"{where}, {place}")
                written = self.rewrite(expression, f"{where}, {place}")
                statements.append((target, sign, written))
                lines.append(place)
        if not statements:
            raise EquationError(f"{where} has no statement, such as 'target_post += w'.")
        return Pathway(name, side, tuple(statements), "spike", code.strip(), tuple(lines))

    def _check_target(self, target: str, where: str) -> None:
        if side_of(target):
            return
        if target not in self.own:
            if target == _WEIGHT:
                self.used.add(target)
                return
            if target == LEARNING:
                raise EquationError(
                    f"{where}: {LEARNING!r} is written by sim.learning(projection, on) only."
                )
            if target in self.known:
                raise EquationError(
                    f"{where}: {target!r} is written, so it is a variable: declare it in the "
                    f"equations, such as '{target} : 1', and give its value at t = 0 as initial."
                )
            raise UnknownNameError(
                "synaptic variable", target, self.own, f"{where}; neurons' variables are v_post"
            )

    def rewrite(self, code: str, where: str, *, noise: bool = False) -> str:
        """Check an expression's syntax and names; turn units and constants into plain names."""
        if not code.strip():
            return ""
        tree = syntax.parse(code, where)
        used, called = syntax.names(tree)
        white = {n for n in used if n == "xi" or n.startswith("xi_")} if noise else set()
        syntax.check_calls(called, where, random=True)
        replacements = {}
        for name in sorted(used - _FREE - white):
            if name in self.own or name in self.known or side_of(name):
                self.used.add(name)
            elif name in syntax.UNITS:
                self.units.add(name)
                replacements[name] = UNIT_PREFIX + name
            elif name in syntax.CONSTANTS:
                replacements[name] = repr(syntax.CONSTANTS[name])
            else:
                raise UnknownNameError(
                    "name", name, self.own | self.known, f"{where}; neurons' variables end in "
                    "_pre or _post",
                )  # fmt: skip
        return syntax.rename(" ".join(code.split()), replacements)


def _listening(pathways: tuple[Pathway, ...], events: Any, where: str) -> tuple[Pathway, ...]:
    """Return the pathways with the event each listens to."""
    if events is None:
        return pathways
    named = {p.name: events for p in pathways} if isinstance(events, str) else dict(events)
    for name, event in named.items():
        if name not in {p.name for p in pathways}:
            raise UnknownNameError("pathway", name, [p.name for p in pathways], f"{where}: events")
        if not isinstance(event, str) or not event.isidentifier():
            raise DescriptionError(f"{where}: {event!r} is not the name of an event.")
    return tuple(replace(p, event=named.get(p.name, "spike")) for p in pathways)


def _check_own_name(name: str, flags: frozenset[str], where: str) -> None:
    if name.startswith("_"):
        raise ExpressionError(f"{where}: the name {name!r} must not start with '_'.")
    side = side_of(name)
    if "summed" in flags:
        if side is None or side[1] != "post":
            raise UnsupportedError(
                f"{where}: the sum {name!r} must be of a variable of the target: '{name}_post = "
                "... (summed)'. Exchange source and target to sum over a neuron's outputs."
            )
        return
    if side is not None:
        raise EquationError(
            f"{where}: the name {name!r} stands for a variable of the neurons; call the synaptic "
            "one something else, or mark the line '(summed)'."
        )
    if name in syntax.UNITS:
        raise EquationError(f"{where}: {name!r} is the name of a unit; call it something else.")
    if name == LEARNING:
        raise EquationError(
            f"{where}: {LEARNING!r} is the switch of learning, known by itself: leave its line out."
        )
    if name in _RESERVED or name.startswith(UNIT_PREFIX) or name.startswith("xi"):
        raise EquationError(f"{where}: the name {name!r} is reserved; call it something else.")
    if name in syntax.CONSTANTS or name in DEFAULT_FUNCTIONS:
        raise EquationError(
            f"{where}: {name!r} is a function or constant of the language; call it something else."
        )

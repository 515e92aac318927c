"""Statements run for all synapses of a projection at intervals, with sums over synapses."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from brian2.core.functions import DEFAULT_FUNCTIONS
from brian2.core.namespace import DEFAULT_UNITS
from brian2.core.variables import Variable
from brian2.equations.equations import SUBEXPRESSION
from brian2.units.fundamentalunits import Dimension

from ..errors import (
    DescriptionError,
    EquationError,
    UnknownNameError,
    UnsupportedError,
)
from . import syntax
from .brian2_errors import UNIT_PREFIX
from .equations import _rewrite
from .lines import numbered
from .population import Population, PopulationView
from .projection import Projection
from .quantities import SECOND, require_dimensions
from .synapse_binding import BoundSynapse, _dimensions, bind
from .synapse_projection import _check_values
from .synapse_text import _RESERVED, side_of
from .synapses import SynapseModel, _give_all
from .values import Given

SUMS: dict[str, Literal["pre", "post"]] = {"sum_pre": "pre", "sum_post": "post"}
MAX_RANDOM_CALLS = 16


@dataclass(frozen=True)
class SumOver:
    """``name`` is the sum of ``code`` over the synapses of the same source or target."""

    name: str
    side: Literal["pre", "post"]
    code: str


@dataclass(frozen=True)
class OperationStatement:
    """``target = code``; ``sums`` that it uses, inner ones first; ``local``: an own name."""

    target: str
    code: str
    sums: tuple[SumOver, ...]
    local: bool


@dataclass(frozen=True, eq=False)
class SynapseOperation:
    """Statements run for all synapses at ``start + k every`` (seconds; every None: each step).

    ``statements`` have units as names (``unit_mV``); ``code`` is the user's.
    """

    name: str
    code: str
    every: float | None
    start: float
    when: Literal["start", "end"]
    statements: tuple[OperationStatement, ...]

    @property
    def writes(self) -> frozenset[str]:
        """Synaptic variables that it changes."""
        return frozenset(s.target for s in self.statements if not s.local)

    def describe(self) -> dict[str, Any]:
        """Return a JSON-able account."""
        return {
            "name": self.name,
            "code": self.code,
            "every": self.every,
            "start": self.start,
            "when": self.when,
        }


@dataclass(frozen=True)
class Schedule:
    """When an operation runs, in seconds; see :class:`SynapseOperation`."""

    every: float | None
    start: float
    when: Literal["start", "end"]


def add_operation(
    projection: Projection, code: Any, schedule: Schedule, parameters: Mapping[str, Any] | None
) -> SynapseOperation:
    """Check an operation's code, and let the projection's synapses have it.

    A projection that only adds its weight gets a synapse model, as its weight then changes.

    Raises
    ------
    DescriptionError, DimensionError, EquationError, UnknownNameError, UnsupportedError
    """
    where = f"operation on {projection.name!r}"
    if not isinstance(code, str):
        raise EquationError(f"{where}: the code must be a string, not {type(code).__name__}.")
    bound = projection.synapse if projection.synapse is not None else as_model(projection)
    bound = _with_parameters(bound, projection, parameters, where)
    reader = _Reader(bound, projection, where)
    statements = reader.statements(code)
    reader.check(statements, parameters)
    name = f"{projection.name}.operation{len(bound.operations)}"
    made = SynapseOperation(
        name, code.strip(), schedule.every, schedule.start, schedule.when, statements
    )
    projection.synapse = replace(
        bound,
        neurons=bound.neurons | reader.neurons,
        operations=(*bound.operations, made),
    )
    return made


def as_model(projection: Projection) -> BoundSynapse:
    """Return the model of synapses that add their weight to a variable."""
    where = f"projection {projection.name!r}"
    if projection.plain_of is not None:
        _check_values(projection.plain_of, projection.weight, where)
        return projection.plain_of
    model = SynapseModel(on_pre="target_post += w", name="additive")
    pre, post, rule = projection.pre, projection.post, projection.rule
    return bind(model, pre, post, projection.variable, rule, where)


def _with_parameters(
    bound: BoundSynapse, projection: Projection, given: Mapping[str, Any] | None, where: str
) -> BoundSynapse:
    """Return the model with the operation's own parameters as parameters of the synapses."""
    values: dict[str, Given] = _give_all(given, where, "parameter")
    for name, value in values.items():
        if name in bound.dims:
            raise DescriptionError(
                f"{where}: the synapses already have {name!r}; call the parameter something else."
            )
        _check_new(name, where)
        if not isinstance(value.content, float):
            raise DescriptionError(
                f"{where}: parameter {name!r} must be one value. What differs from synapse to "
                "synapse belongs to the synapse model, what differs from neuron to neuron to the "
                "neurons' ('x_post')."
            )
    dims = {name: value.dim for name, value in values.items()}
    return replace(bound, dims=bound.dims | dims, values=bound.values | values)


def _check_new(name: str, where: str) -> None:
    """Refuse names that mean something else."""
    taken = name in syntax.UNITS or name in syntax.CONSTANTS or name in DEFAULT_FUNCTIONS
    odd = name.startswith(("_", UNIT_PREFIX, "xi")) or side_of(name) is not None
    if taken or odd or name in _RESERVED:
        raise EquationError(
            f"{where}: the name {name!r} is reserved or means something else; choose another one."
        )


class _Reader:
    """Reads the statements of one operation, in order."""

    def __init__(self, bound: BoundSynapse, projection: Projection, where: str) -> None:
        self.bound, self.where = bound, where
        self.aliases = {"target_post": f"{projection.variable}_post"} if projection.variable else {}
        self.sides = _suffixed(projection.pre, "pre") | _suffixed(projection.post, "post")
        known = bound.dims | self.sides | {"t": SECOND, "dt": SECOND}
        functions = syntax.FUNCTIONS | syntax.RANDOM_FUNCTIONS
        self.variables: dict[str, Any] = {n: Variable(n, dimensions=d) for n, d in known.items()}
        self.names = set(self.variables)
        self.variables |= {name: DEFAULT_FUNCTIONS[name] for name in functions}
        self.neurons: dict[str, Dimension] = {}
        self.locals: set[str] = set()
        self.totals: set[str] = set()

    def statements(self, code: str) -> tuple[OperationStatement, ...]:
        text = code.strip()
        places = [
            (line, f"{self.where}, {numbered(text, number)}")
            for number, line in enumerate(text.splitlines(), 1)
        ]
        return tuple(
            self._statement(*given, place)
            for line, place in places
            for given in syntax.statements(line, place)
        )

    def _statement(
        self, target: str, sign: str | None, text: str, place: str
    ) -> OperationStatement:
        what = f"{place}: {target!r}"
        local = target not in self.bound.dims
        if local:
            self._check_local(target, sign, what)
        else:
            self._check_written(target, what)
        full = f"{target} {sign} ({text})" if sign else text
        sums: list[SumOver] = []
        tree = syntax.parse(syntax.rename(full, self.aliases), what)
        self._check_calls(tree, what)
        tree = _SumFinder(lambda side, node: self._sum(side, node, sums, what)).visit(tree)
        code = self._checked(ast.unparse(tree), what)
        dim = self._dimensions(code, what)
        if local:
            self.variables[target] = Variable(target, dimensions=dim)
            self.names.add(target)
            self.locals.add(target)
        else:
            require_dimensions(dim, self.bound.dims[target], what)
            code = self.bound.write(target, code)
        return OperationStatement(target, code, tuple(sums), local)

    def check(
        self, statements: tuple[OperationStatement, ...], parameters: Mapping[str, Any] | None
    ) -> None:
        """Refuse code without effect, and more random numbers than there are."""
        if all(statement.local for statement in statements):
            raise EquationError(
                f"{self.where}: the code changes no synaptic variable. Assign one of "
                f"{', '.join(self._writable()) or 'the synapse model (it has none)'}."
            )
        codes = [c for s in statements for c in (s.code, *(x.code for x in s.sums))]
        calls = sum(code.count("rand(") + code.count("randn(") for code in codes)
        if calls > MAX_RANDOM_CALLS:
            raise UnsupportedError(
                f"{self.where}: the code calls rand() and randn() {calls} times; at most "
                f"{MAX_RANDOM_CALLS} are supported. Split it into several operations."
            )
        used = set().union(*(syntax.names(syntax.parse(c, self.where))[0] for c in codes))
        for name in parameters or {}:
            if name not in used:
                raise UnknownNameError("parameter", name, used, f"{self.where} (nothing uses it)")

    def _check_calls(self, tree: ast.AST, what: str) -> None:
        known = syntax.FUNCTIONS | syntax.RANDOM_FUNCTIONS | SUMS.keys()
        for name in sorted(syntax.names(tree)[1] - known):
            raise UnknownNameError("function", name, known, what)

    def _sum(self, side: Literal["pre", "post"], node: ast.Call, out: list, what: str) -> str:
        """Take one sum, whose own sums were taken before; return the name it gets."""
        if len(node.args) != 1:
            raise EquationError(f"{what}: write sum_{side}(expression), with one expression.")
        code = self._checked(ast.unparse(node.args[0]), what)
        dim = self._dimensions(code, what)
        name = f"total_{len(self.totals)}"
        while name in self.variables:
            name += "x"
        self.variables[name] = Variable(name, dimensions=dim)
        self.totals.add(name)
        out.append(SumOver(name, side, code))
        return name

    def _checked(self, text: str, what: str) -> str:
        """Check names and calls; turn units and constants into plain names."""
        units: set[str] = set()
        used = syntax.names(syntax.parse(text, what))[0]
        for name in sorted(used & {"i", "j", "N"} - self.names):
            raise UnknownNameError("name", name, self.names, f"{what} (synapses have no index)")
        try:
            code = _rewrite(text, self.names | self.totals, units, what, random=True)
        except UnknownNameError as error:
            raise UnknownNameError(error.kind, error.name, self.names, what) from error
        self.variables |= {
            UNIT_PREFIX + u: Variable(u, dimensions=DEFAULT_UNITS[u].dim) for u in units
        }
        self.neurons |= {name: self.sides[name] for name in used & self.sides.keys()}
        return code

    def _dimensions(self, code: str, what: str) -> Dimension:
        return _dimensions(code, self.variables, what)

    def _writable(self) -> list[str]:
        own = self.bound.model.text.own
        return [
            name
            for name in self.bound.dims
            if name == "w"
            or (name in own and own[name].kind != SUBEXPRESSION and not own[name].flags & _FIXED)
        ]

    def _check_written(self, target: str, what: str) -> None:
        own = self.bound.model.text.own
        if target in self._writable() and target not in self.bound.model.parameters:
            return
        if target in own and own[target].kind == SUBEXPRESSION:
            raise EquationError(f"{what} is computed by the equations. Change what it is made of.")
        raise EquationError(
            f"{what} is a parameter or declared '(constant)' or '(shared)', so statements cannot "
            f"change it. Declare it in the synapse model's equations, such as '{target} : 1', and "
            "give its value at t = 0 as initial."
        )

    def _check_local(self, name: str, sign: str | None, what: str) -> None:
        side = side_of(name)
        if side is not None and name in self.sides:
            raise UnsupportedError(
                f"{what} is a variable of the neurons; statements for synapses change synaptic "
                f"variables only. Use a sum '{name} = ... (summed)' in the synapse model, or "
                "run_regularly on the population."
            )
        if name in self.locals:
            raise EquationError(
                f"{what} is assigned twice. A name of your own gets one value; use another one."
            )
        if sign:
            raise UnknownNameError("synaptic variable", name, self._writable(), what)
        _check_new(name, what)


_FIXED = {"constant", "shared"}


class _SumFinder(ast.NodeTransformer):
    """Puts a name where a sum is, inner sums first."""

    def __init__(self, take: Any) -> None:
        self.take = take

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if isinstance(node.func, ast.Name) and node.func.id in SUMS:
            return ast.Name(self.take(SUMS[node.func.id], node), ast.Load())
        return node


def _suffixed(neurons: PopulationView, side: str) -> dict[str, Dimension]:
    if not isinstance(neurons.parent, Population):
        return {}
    return {f"{n}_{side}": dim for n, dim in neurons.parent.model.declared.dims.items()}

"""A synapse model between two populations: units checked, names resolved, values matched."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from brian2.core.namespace import DEFAULT_FUNCTIONS, DEFAULT_UNITS
from brian2.core.variables import Variable
from brian2.equations.equations import SUBEXPRESSION
from brian2.parsing.expressions import parse_expression_dimensions
from brian2.units.fundamentalunits import (
    DIMENSIONLESS,
    Dimension,
    DimensionMismatchError,
)

from ..errors import (
    DescriptionError,
    DimensionError,
    EquationError,
    ExpressionError,
    UnknownNameError,
)
from . import syntax
from .bounds import (
    HIGH,
    LEARNING,
    LOW,
    Limit,
    full_right_hand_side,
    hidden_values,
    learning_switch,
    limits_of,
    written,
)
from .brian2_errors import UNIT_PREFIX, brian2_message
from .pairwise import pair_expression_dimensions
from .population import Population, PopulationView
from .quantities import SECOND, require_dimensions
from .rules import Edges, Rule
from .synapse_text import Pathway, Statement, side_of
from .values import Given

if TYPE_CHECKING:
    from .synapse_operations import SynapseOperation
    from .synapses import SynapseModel

_TARGET = "target"
_WEIGHT = "w"
_NOISE = SECOND**-0.5


@dataclass(frozen=True, eq=False)
class BoundSynapse:
    """A synapse model as one projection uses it.

    Attributes
    ----------
    model : SynapseModel
    dims : dict of str to Dimension
        Of synaptic variables and parameters.
    neurons : dict of str to Dimension
        Of the neurons' variables that the code mentions, with their suffix.
    pathways : tuple of Pathway
        ``target_post`` replaced by the variable it stands for.
    equations : dict of str to str
        Right-hand sides of differential equations, subexpressions and sums.
    summed : dict of str to str
        The target's variable of each sum, and the name of its equation.
    values : dict of str to Given
        Parameters, and initial values of variables, that the model gives.
    operations : tuple of SynapseOperation
        What else runs for the synapses, at intervals.
    """

    model: SynapseModel
    dims: dict[str, Dimension]
    neurons: dict[str, Dimension]
    pathways: tuple[Pathway, ...]
    equations: dict[str, str]
    summed: dict[str, str]
    values: dict[str, Given]
    operations: tuple[SynapseOperation, ...] = ()
    limits: dict[str, Limit] = field(default_factory=dict)
    learns: frozenset[str] = frozenset()

    def write(self, target: str, code: str) -> str:
        """Return what ``target = code`` becomes: within bounds, and only while it learns."""
        return written(target, code, self.limits, self.learns)

    @property
    def uses_weight(self) -> bool:
        """Whether there is a variable ``w``."""
        return _WEIGHT in self.dims

    @property
    def assigned(self) -> frozenset[str]:
        """Synaptic variables that change while the network runs."""
        return self.model.text.assigned.union(*(o.writes for o in self.operations))

    @property
    def added_variable(self) -> str | None:
        """The target's variable, if all that a synapse does is to add a constant weight to it."""
        text = self.model.text
        others = self.values.keys() - {_WEIGHT + LOW, _WEIGHT + HIGH}
        if len(self.pathways) != 1 or text.own.keys() - {_WEIGHT} or self.summed or others:
            return None
        pathway = self.pathways[0]
        simple = len(pathway.statements) == 1 and (pathway.side, pathway.event) == ("pre", "spike")
        target, sign, code = pathway.statements[0]
        side = side_of(target)
        found = simple and sign == "+" and code == _WEIGHT and side is not None
        return side[0] if found and side is not None and side[1] == "post" else None


def bind(
    model: SynapseModel,
    pre: PopulationView,
    post: PopulationView,
    variable: str | None,
    rule: Rule,
    where: str,
    learning: bool = True,
) -> BoundSynapse:
    """Resolve a model's names against source and target and check all units.

    ``learning`` is the switch's value at t = 0.

    Raises
    ------
    DescriptionError, DimensionError, EquationError, UnknownNameError
    """
    where = f"{where}: synapse {model.name!r}"
    text = model.text
    stand_in = {} if variable is None else {f"{_TARGET}_post": f"{variable}_post"}
    if not stand_in and _mentions_target(model) and _TARGET not in _dims_of(post):
        raise DescriptionError(
            f"{where} uses target_post, which stands for the variable that project() is given. "
            "Name it: net.project(pre, post, rule, 'I_syn', synapse=...)."
        )
    pathways = tuple(_renamed(p, stand_in) for p in text.pathways)
    equations = {n: syntax.rename(e.code, stand_in) for n, e in text.own.items() if e.code}
    summed = {stand_in.get(name, name).removesuffix("_post"): name for name in text.summed}
    neurons = _neurons(pathways, equations, summed, pre, post, where)
    dims = {name: e.dim for name, e in text.own.items() if "summed" not in e.flags}
    values = {**model.parameters, **model.initial}
    for name, given in values.items():
        values[name] = _value(name, given, pre, post, rule, where)
        if name in dims:
            require_dimensions(values[name].dim, dims[name], f"{where}: {name!r}")
        elif name not in text.own:
            dims[name] = values[name].dim
    if _WEIGHT in text.used and _WEIGHT not in dims:
        dims[_WEIGHT] = _weight_dimensions(variable, post, where)
    bound = BoundSynapse(model, dims, neurons, pathways, equations, summed, values)
    _check(bound, pre, post, where)
    for pathway in pathways:
        _check_event(pathway, pre if pathway.side == "pre" else post, where)
    return _guarded(bound, learning, where)


def _guarded(bound: BoundSynapse, learning: bool, where: str) -> BoundSynapse:
    """Return a model with every write within bounds, and of what it learns only while it does."""
    text, dims, values = bound.model.text, dict(bound.dims), dict(bound.values)
    learns = frozenset(bound.model.learns)
    if learns or LEARNING in text.used:
        dims[LEARNING], values[LEARNING] = DIMENSIONLESS, learning_switch(learning)
    elif not learning:
        raise DescriptionError(
            f"{where} learns nothing that could be switched off. Leave learning=False out, or name "
            "the variables: SynapseModel(..., learns=['w']), or a PlasticityRule."
        )
    given = {name: g for b in text.bounds.values() for name, g in b.given.items()}
    limits = limits_of(text.bounds, values | given, dims, where, bound.model.sign)
    hidden = hidden_values(limits, text.bounds, dims)
    changing = {name: limit for name, limit in limits.items() if name in text.assigned}
    pathways = tuple(
        replace(p, statements=tuple(_write(s, changing, learns) for s in p.statements))
        for p in bound.pathways
    )
    equations = {
        name: f"{LEARNING}*({code})" if name in learns & {*text.differential} else code
        for name, code in bound.equations.items()
    }
    return replace(
        bound,
        dims=dims | {name: given.dim for name, given in hidden.items()},
        values=values | hidden,
        pathways=pathways,
        equations=equations,
        limits=limits,
        learns=learns,
    )


def _write(statement: Statement, limits: dict[str, Limit], learns: frozenset[str]) -> Statement:
    target, sign, code = statement
    if target not in limits and target not in learns:
        return statement
    return target, None, written(target, full_right_hand_side(target, sign, code), limits, learns)


def _dims_of(neurons: PopulationView) -> dict[str, Dimension]:
    parent = neurons.parent
    return dict(parent.model.declared.dims) if isinstance(parent, Population) else {}


def _mentions_target(model: SynapseModel) -> bool:
    name = f"{_TARGET}_post"
    written = {target for p in model.text.pathways for target, _, _ in p.statements}
    return name in model.text.used | written | set(model.text.summed)


def _renamed(pathway: Pathway, names: dict[str, str]) -> Pathway:
    statements = tuple(
        (names.get(target, target), sign, syntax.rename(code, names))
        for target, sign, code in pathway.statements
    )
    return replace(pathway, statements=statements)


def _neurons(
    pathways: tuple[Pathway, ...],
    equations: dict[str, str],
    summed: dict[str, str],
    pre: PopulationView,
    post: PopulationView,
    where: str,
) -> dict[str, Dimension]:
    """Return the dimensions of the neurons' variables that the code mentions."""
    codes = [*equations.values(), *(code for p in pathways for _, _, code in p.statements)]
    names = set().union(*(syntax.names(syntax.parse(code, where))[0] for code in codes))
    names |= {target for p in pathways for target, _, _ in p.statements}
    names |= {f"{variable}_post" for variable in summed}
    found = {}
    for name in sorted(names):
        side = side_of(name)
        if side is None:
            continue
        neurons = pre if side[1] == "pre" else post
        known = _dims_of(neurons)
        if not isinstance(neurons.parent, Population):
            raise DescriptionError(
                f"{where} uses {name!r}, but {neurons.name!r} is a spike source and has no "
                "variables."
            )
        if side[0] not in known:
            suffixed = [f"{n}_{side[1]}" for n in known]
            raise UnknownNameError("variable", name, suffixed, f"{where}: {neurons.name!r}")
        found[name] = known[side[0]]
    return found


def _value(
    name: str, given: Given, pre: PopulationView, post: PopulationView, rule: Rule, where: str
) -> Given:
    what = f"{where}: {name!r}"
    content = given.content
    if isinstance(content, str):
        return Given(content, pair_expression_dimensions(content, pre, post, what))
    if isinstance(content, np.ndarray):
        if not isinstance(rule, Edges):
            raise DescriptionError(
                f"{what} is an array, which only the rule Edges takes (one value per synapse). "
                "Give a quantity, a distribution or an expression."
            )
        if content.shape != rule.pre.shape:
            raise DescriptionError(
                f"{what} has shape {content.shape} for {rule.pre.size} edges; give one per edge."
            )
    return given


def _weight_dimensions(variable: str | None, post: PopulationView, where: str) -> Dimension:
    if variable is None:
        raise EquationError(
            f"{where} uses 'w' without declaring it. Add 'w : siemens' (or its unit) to the "
            "equations; it is known by itself only where project() is given a variable."
        )
    return _dims_of(post)[variable]


def _check(bound: BoundSynapse, pre: PopulationView, post: PopulationView, where: str) -> None:
    text = bound.model.text
    known = bound.dims | bound.neurons | {"t": SECOND, "dt": SECOND, LEARNING: DIMENSIONLESS}
    known |= {UNIT_PREFIX + unit: DEFAULT_UNITS[unit].dim for unit in text.units}
    variables: dict[str, Any] = {n: Variable(n, dimensions=d) for n, d in known.items()}
    variables |= {n: DEFAULT_FUNCTIONS[n] for n in syntax.FUNCTIONS | syntax.RANDOM_FUNCTIONS}
    targets = {name: f"{variable}_post" for variable, name in bound.summed.items()}
    for name, code in bound.equations.items():
        what = f"{where}: {text.own[name].line}: the right-hand side of {name!r}"
        expected = text.own[name].dim
        if name in targets:
            require_dimensions(expected, bound.neurons[targets[name]], f"{where}: {name!r}")
        used = syntax.names(syntax.parse(code, what))[0]
        white = {n: Variable(n, dimensions=_NOISE) for n in used if n.split("_")[0] == "xi"}
        if name in text.differential:
            expected = expected / SECOND
        require_dimensions(_dimensions(code, variables | white, what), expected, what)
    for variable in bound.summed:
        _check_summed(variable, post, where)
    _check_bounds(bound, variables, where)
    for pathway in bound.pathways:
        for index, (target, sign, code) in enumerate(pathway.statements):
            what = f"{where}: {pathway.place(index)}: assignment to {target!r}"
            _check_written(target, bound, pre, post, what)
            full = full_right_hand_side(target, sign, code)
            expected = (bound.dims | bound.neurons)[target]
            require_dimensions(_dimensions(full, variables, what), expected, what)
    for name in text.declared:
        if name != _WEIGHT and name not in text.assigned and name not in bound.values:
            raise DescriptionError(
                f"{where}: {name!r} has no value. Give one: parameters={{{name!r}: ...}}."
            )


def _check_bounds(bound: BoundSynapse, variables: dict[str, Any], where: str) -> None:
    for name, given in bound.model.text.bounds.items():
        hidden = {n: Variable(n, dimensions=g.dim) for n, g in given.given.items()}
        for side in (given.low, given.high):
            if side is not None and name in bound.dims:
                what = f"{where}: bounds of {name!r}: {side!r}"
                found = _dimensions(side, variables | hidden, what)
                require_dimensions(found, bound.dims[name], what)


def _check_event(pathway: Pathway, neurons: PopulationView, where: str) -> None:
    known = ["spike"]
    if isinstance(neurons.parent, Population):
        known += [name for name, _, _ in neurons.parent.model.declared.events]
    if pathway.event not in known:
        raise UnknownNameError(
            "event", pathway.event, known, f"{where}: {pathway.name!r}: {neurons.name!r}"
        )


def _check_summed(variable: str, post: PopulationView, where: str) -> None:
    declared = post.parent.model.declared
    if variable not in declared.declared or variable in declared.constant | declared.shared:
        raise EquationError(
            f"{where}: the sum writes {variable!r} of {post.name!r} in every step, so it must be "
            f"declared there without an equation: '{variable} : unit'."
        )


def _check_written(
    target: str, bound: BoundSynapse, pre: PopulationView, post: PopulationView, what: str
) -> None:
    side = side_of(target)
    if side is None:
        equation = bound.model.text.own.get(target)
        if equation is None:  # the weight, known by itself
            return
        if equation.kind == SUBEXPRESSION or equation.flags & {"constant", "shared"}:
            raise EquationError(f"{what}: it is constant, shared or computed, so it cannot be.")
        return
    neurons = pre if side[1] == "pre" else post
    states = neurons.parent.model.states
    if side[0] not in states:
        raise UnknownNameError(
            "state variable",
            target,
            [f"{n}_{side[1]}" for n in states],
            f"{what}: {neurons.name!r}",
        )


def _dimensions(code: str, variables: dict[str, Any], where: str) -> Dimension:
    try:
        return parse_expression_dimensions(code, variables)
    except DimensionMismatchError as error:
        raise DimensionError(f"{where}: {brian2_message(error)}") from error
    except (SyntaxError, ValueError, TypeError, KeyError, OverflowError) as error:
        raise ExpressionError(f"{where}: {brian2_message(error)}") from error

"""The numbers of a projection with a synapse model: parameters, initial values, delays."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..description.bounds import check_value
from ..description.distributions import Distribution
from ..description.network import Network
from ..description.projection import Projection
from ..description.quantities import symbol
from ..description.rules import Edges
from ..description.synapse_binding import BoundSynapse
from ..description.values import Given
from . import program as p
from .draws import on_grid, value_draw
from .edges import instantiate
from .lifting import sources_pay
from .listed import own_edges
from .pairs import edge_values, pairs_of
from .synapse_operations import operation_times
from .synapse_program import SynapseProgram
from .synapses import lower_synapse, unit_value

WEIGHT = "w"


def with_synapses(network: Network, program: p.Program) -> p.Program:
    """Return a lowered network with the synapse models of its projections and their numbers.

    Parameters
    ----------
    network : Network
    program : Program
        All of the network but its synapse models.

    Raises
    ------
    DescriptionError, EquationError
    """
    if all(given.synapse is None for given in network.projections):
        return program
    pairs = zip(network.projections, program.projections, strict=True)
    return replace(program, projections=tuple(_with(a, b, program) for a, b in pairs))


def _with(given: Projection, base: p.ProjectionProgram, program: p.Program) -> p.ProjectionProgram:
    bound, where = given.synapse, f"projection {given.name!r}"
    order = own_edges(given.rule, base.post, base.share) if isinstance(given.rule, Edges) else None
    if bound is None:
        return base
    single = {name for name, value in bound.values.items() if isinstance(value.content, float)}
    single |= bound.model.text.assigned - bound.values.keys() - {WEIGHT}  # these start from 0
    if base.weight.kind == "constant":
        single.add(WEIGHT)
    delays = tuple(_delay(given, path.name, program.dt, where) for path in bound.pathways)
    before = tuple(d for d, path in zip(delays, bound.pathways, strict=True) if path.side == "pre")
    code = lower_synapse(
        bound,
        given.pre,
        given.post,
        single,
        where,
        by_source=sources_pay(base, before),
        # a synapse that is made later starts from its own values
        mentioned=frozenset(bound.dims if base.restructured else ()),
    )
    formulas = {n: v for n, v in bound.values.items() if isinstance(v.content, str)}
    if formulas:
        base = _listed(base, program)
    pairs = pairs_of(given, base, program)
    values: dict[str, float | p.Draw] = {}
    for variable in code.variables:
        name = variable.name
        if variable.role == "coefficient":
            values[name] = unit_value(name)
        elif name == WEIGHT and name not in bound.values:
            if variable.shared:
                values[name] = _stored(base.weight.constant, base.weight_bits)
        elif name in formulas:
            edges: Any = base.rule
            formula = str(formulas[name].content)
            listed = edge_values(pairs, formula, repr(name), edges.pre, edges.post)
            values[name] = p.Draw("listed", values=listed)
        else:
            what = f"{where}: {name!r}"
            values[name] = _value(bound.values.get(name), variable.shared, order, what)
    _check_limits(bound, base, values, where)
    times = tuple(
        operation_times(o.every, o.start, o.when, program.dt, f"operation {o.name!r}")
        for o in bound.operations
    )
    return replace(base, synapse=SynapseProgram(code, values, delays, bound.limits, times))


def _check_limits(
    bound: BoundSynapse,
    base: p.ProjectionProgram,
    values: dict[str, float | p.Draw],
    where: str,
) -> None:
    """Refuse values worked out from expressions that are outside their bounds."""
    for name, limit in bound.limits.items():
        own = name == WEIGHT and name not in bound.values
        draw = base.weight if own else values.get(name)
        if isinstance(draw, p.Draw) and draw.kind == "listed" and draw.values is not None:
            unit = symbol(bound.dims[name])
            check_value(draw.values, limit, unit, f"{where}: {name!r} at t = 0")


def _stored(value: float, bits: int) -> float:
    """Return a weight in the precision in which weights are stored."""
    return float(np.float32(value)) if bits == 32 else value


def _delay(given: Projection, pathway: str, dt: float, where: str) -> int | None:
    seconds = given.pathway_delays.get(pathway)
    return None if seconds is None else on_grid(seconds, dt, f"{where}: delay of {pathway!r}")


def _value(
    given: Given | None, shared: bool, order: NDArray[np.int64] | None, what: str
) -> float | p.Draw:
    content = 0.0 if given is None else given.content
    if isinstance(content, float):
        return content if shared else p.Draw("constant", a=content)
    if isinstance(content, Distribution):
        draw = value_draw(content, what)
        return draw
    values = np.asarray(content, np.float64)
    return p.Draw("listed", values=values if order is None else values[order])


def _listed(base: p.ProjectionProgram, program: p.Program) -> p.ProjectionProgram:
    """Return the projection with every edge listed, for values that are formulas."""
    edges = instantiate(program, base)
    return replace(
        base,
        rule=p.ListedEdges(edges.pre, edges.post),
        weight=base.weight
        if base.weight.kind == "constant"
        else p.Draw("listed", values=edges.weight.astype(np.float64)),
        delay=p.DelayDraw(first=int(edges.delay.min(initial=0)), values=edges.delay),
    )

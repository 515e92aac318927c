"""The numbers of a projection with a synapse model: parameters, initial values, delays."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from .. import streams
from ..description.distributions import Distribution
from ..description.network import Network
from ..description.projection import Projection
from ..description.rules import Edges
from ..description.synapse_text import UNIT_PREFIX
from ..description.values import Given
from ..elementary import ndtri
from ..errors import DescriptionError
from . import program as p
from .draws import on_grid, value_draw
from .edges import instantiate
from .expressions import RandomNumbers, evaluate
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
    order = np.argsort(given.rule.post, kind="stable") if isinstance(given.rule, Edges) else None
    if bound is None:
        return base
    single = {name for name, value in bound.values.items() if isinstance(value.content, float)}
    if base.weight.kind == "constant":
        single.add(WEIGHT)
    code = lower_synapse(bound, given.pre, given.post, single, where)
    formulas = {n: v for n, v in bound.values.items() if isinstance(v.content, str)}
    if formulas:
        base = _listed(base, program)
    values: dict[str, float | p.Draw] = {}
    for variable in code.variables:
        name = variable.name
        if variable.role == "coefficient":
            values[name] = unit_value(name)
        elif name == WEIGHT and name not in bound.values:
            if variable.shared:
                values[name] = _stored(base.weight.a, base.weight_bits)
        elif name in formulas:
            values[name] = _formula(name, formulas[name], base, program, where)
        else:
            what = f"{where}: {name!r}"
            values[name] = _value(bound.values.get(name), variable.shared, order, what)
    delays = tuple(_delay(given, path.name, program.dt, where) for path in code.pathways)
    return replace(base, synapse=SynapseProgram(code, values, delays))


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


def _formula(
    name: str, given: Given, base: p.ProjectionProgram, program: p.Program, where: str
) -> p.Draw:
    """Evaluate an expression of the neurons' values at t = 0 for every listed edge."""
    rule = base.rule
    if not isinstance(rule, p.ListedEdges):
        raise DescriptionError(f"{where}: {name!r} is an expression of edges that are not listed.")
    known: dict[str, p.Value] = {}
    for side, span, index in (("pre", base.pre, rule.pre), ("post", base.post, rule.post)):
        for population in program.populations:
            if population.name != span.population:
                continue
            chosen = span.local_ids()[index]
            for variable, value in population.values.items():
                if not variable.startswith(UNIT_PREFIX):
                    known[f"{variable}_{side}"] = (
                        value[chosen] if isinstance(value, np.ndarray) else value
                    )
    random = _PerSynapse(program.seed, base, rule, name)
    value = evaluate(str(given.content), known, f"{where}: {name!r}", random)
    array = np.broadcast_to(np.asarray(value, np.float64), rule.pre.shape)
    if not np.isfinite(array).all():
        edge = int(np.flatnonzero(~np.isfinite(array))[0])
        raise DescriptionError(
            f"{where}: {name!r} = {given.content!r} is {array[edge]} for the synapse from neuron "
            f"{rule.pre[edge]} to {rule.post[edge]}; it must be finite."
        )
    return p.Draw("listed", values=np.ascontiguousarray(array))


class _PerSynapse(RandomNumbers):
    """rand() and randn() in a formula: other numbers for every synapse and call."""

    def __init__(
        self, seed: int, base: p.ProjectionProgram, rule: p.ListedEdges, name: str
    ) -> None:
        ids = base.post.global_ids()[rule.post]
        super().__init__(seed, streams.Purpose.SYNAPTIC_VALUE, name, ids)
        first = np.searchsorted(rule.post, rule.post, side="left")
        self._number = np.arange(rule.post.size) - first
        self._seed, self._projection, self._name = seed, base.index, streams.name_id(name)

    def rand(self) -> NDArray[np.float64]:
        """Return uniform numbers in (0, 1), (n_edges,)."""
        self._calls += 1
        named = (self._name, self._calls, self._projection)
        purpose = streams.Purpose.SYNAPTIC_VALUE
        word = streams.synaptic_words(self._seed, purpose, named, self._ids, self._number)
        return np.minimum(streams.uniform53(word[..., 0], word[..., 1]), 1.0 - 2.0**-53)

    def randn(self) -> NDArray[np.float64]:
        """Return standard normal numbers, (n_edges,)."""
        return ndtri(self.rand())

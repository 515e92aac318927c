"""``lower``: a Network and a time step to a Program."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import streams
from ..description.edge_files import EdgeColumn
from ..description.network import Network
from ..description.pairwise import PairExpression
from ..description.population import PopulationView, SpikeSource
from ..description.projection import PoissonInput, Projection
from ..description.quantities import SECOND, scalar
from ..description.rules import Edges, FixedTotalNumber
from ..description.waveforms import Waveform
from ..errors import DescriptionError
from ..parallel.share import Share
from . import program as p
from .draws import CountTable, delay_draw, on_grid, poisson_table, value_draw
from .inputs import lower_rate, with_inputs
from .listed import listed_delay, own_edges
from .neurons import Neurons
from .pairs import with_expressions
from .populations import given_values, lower_population
from .recorders import with_recorders
from .rules import Ends, lower_rule
from .structure import with_structure
from .synapse_recorders import with_synapse_recorders
from .synapse_values import with_synapses

_MAX_TABLES = 10000


@dataclass(frozen=True)
class _Context:
    """What lowering every part needs: the seed, dt in seconds, each population's first id, ..."""

    seed: int
    dt: float
    first_ids: dict[str, int]
    share: Share


def lower(network: Network, dt: Any, share: Share | None = None) -> p.Program:
    """Lower a network description.

    Parameters
    ----------
    network : Network
    dt : Quantity
        Time step.
    share : Share, optional
        Whose neurons, and synapses onto them, are worked out; everything by default. What the
        shares of all ranks hold is together exactly the whole.

    Returns
    -------
    Program

    Raises
    ------
    DescriptionError
        Empty networks, delays and intervals off the grid of dt, values that are not finite.
    """
    step = scalar(dt, SECOND, "dt")
    if step <= 0:
        raise DescriptionError(f"dt is {step!r} s; it must be positive, for instance 0.1*ms.")
    if not network.populations:
        raise DescriptionError("the network has no population; declare one first.")
    first_ids = _first_ids(network)
    share = Share() if share is None else share
    context = _Context(network.seed, step, first_ids, share)
    populations = tuple(
        lower_population(population, first_ids[population.name], network, step, share)
        for population in network.populations.values()
    )
    program = p.Program(
        dt=step,
        seed=network.seed,
        populations=populations,
        sources=tuple(
            _source(source, first_ids[source.name], step) for source in network.sources.values()
        ),
        projections=tuple(
            replace(
                _projection(projection, index, context, network.weight_bits),
                restructured=network.restructured(projection.name),
            )
            for index, projection in enumerate(network.projections)
        ),
        poisson=tuple(
            _poisson(given, index, context, populations)
            for index, given in enumerate(network.poisson_inputs)
        ),
        spike_recorders=network.spikes_of,
        description=network.describe(),
        share=share,
    )
    program = with_expressions(network, program)
    program = with_recorders(network, with_synapses(network, program))
    program = with_structure(network, with_synapse_recorders(network, program))
    return with_inputs(network, program, lambda neurons: _span(neurons, first_ids))


def _first_ids(network: Network) -> dict[str, int]:
    first_ids, following = {}, 0
    for emitter in (*network.populations.values(), *network.sources.values()):
        first_ids[emitter.name] = following
        following += emitter.size
    if following >= 2**32:
        raise DescriptionError(f"the network has {following} neurons; at most 2**32 - 1 fit.")
    return first_ids


def _source(source: SpikeSource, first_id: int, dt: float) -> p.SpikeSourceProgram:
    """Put spikes on steps by Brian2's rule: the step whose interval holds the time."""
    steps = ((source.times + 1e-3 * dt) / dt).astype(np.int64)
    order = np.lexsort((source.ids, steps))
    steps, ids = steps[order], source.ids[order]
    twice = (np.diff(steps) == 0) & (np.diff(ids) == 0)
    if twice.any():
        k = int(np.flatnonzero(twice)[0])
        raise DescriptionError(
            f"spike source {source.name!r}: neuron {ids[k]} has two spikes in the step at "
            f"{steps[k] * dt * 1e3:.12g} ms (dt = {dt * 1e3:.12g} ms). Remove one, or use a "
            "smaller dt."
        )
    period = 0
    if source.period is not None:
        period = on_grid(source.period, dt, f"spike source {source.name!r}: period")
        if steps.size and steps[-1] >= period:
            raise DescriptionError(
                f"spike source {source.name!r}: a spike at {steps[-1] * dt * 1e3:.12g} ms is not "
                f"within the period of {period * dt * 1e3:.12g} ms. Make the period longer."
            )
    return p.SpikeSourceProgram(
        source.name, first_id, source.size, steps, ids, period, source.event
    )


def _span(neurons: PopulationView, first_ids: dict[str, int]) -> p.Span:
    first = first_ids[neurons.name] + neurons.start
    return p.Span(neurons.name, neurons.start, neurons.size, first, neurons.members)


def _projection(
    given: Projection, index: int, context: _Context, weight_bits: Any
) -> p.ProjectionProgram:
    where = f"projection {given.name!r}"
    pre, post = _span(given.pre, context.first_ids), _span(given.post, context.first_ids)
    edges, total = None, given.rule.n if isinstance(given.rule, FixedTotalNumber) else None
    if isinstance(given.rule, Edges):
        edges, total = own_edges(given.rule, post, context.share), given.rule.size
    rule = lower_rule(given.rule, Ends(pre, post, context.seed, index, context.share, edges))
    return p.ProjectionProgram(
        name=given.name,
        index=index,
        pre=pre,
        post=post,
        variable=given.variable,
        rule=rule,
        weight=_weight(given.weight, edges, f"{where}: weight"),
        delay=_delay(given.delay, edges, context.dt, where),
        weight_bits=weight_bits,
        share=context.share,
        total=total,
    )


def _weight(weight: Any, edges: NDArray[np.int64] | None, where: str) -> p.Draw:
    if isinstance(weight, PairExpression):  # evaluated in pairs.with_expressions
        return p.Draw("constant")
    if isinstance(weight, (np.ndarray, EdgeColumn)) and edges is not None:
        return p.Draw("listed", values=weight[edges])
    return value_draw(weight, where)


def _delay(delay: Any, edges: NDArray[np.int64] | None, dt: float, where: str) -> p.DelayDraw:
    if isinstance(delay, PairExpression):  # evaluated in pairs.with_expressions
        return p.DelayDraw(first=1)
    if isinstance(delay, (np.ndarray, EdgeColumn)) and edges is not None:
        return listed_delay(delay, edges, dt, f"{where}: delay")
    return delay_draw(delay, dt, where)


def _poisson(
    given: PoissonInput,
    index: int,
    context: _Context,
    populations: tuple[p.PopulationProgram, ...],
) -> p.PoissonProgram:
    post = _span(given.post, context.first_ids)
    where = f"Poisson input to {given.post.label!r}"
    own = post.own(context.share)
    if isinstance(given.rate, Waveform):
        wave, scale = lower_rate(given, context.dt, own, where)
        return p.PoissonProgram(
            given.name,
            index,
            post,
            given.variable,
            given.weight,
            mean=np.empty(0),
            first=np.empty(0, np.int64),
            thresholds=(),
            wave=wave,
            wave_scale=scale,
        )
    owner = next(q for q in populations if q.name == post.population)
    place = context.share.position(post.local_ids_at(own))
    known = {
        name: value[place] if isinstance(value, np.ndarray) else value
        for name, value in owner.values.items()
    }
    key = (context.seed, streams.Purpose.PARAMETER, f"{given.name}:{index}:rate")
    neurons = Neurons(own, post.global_ids_at(own), post.first_id, post.size)
    rate = given_values(given.rate, key, neurons, known, where)
    lowest = float(np.min(rate, initial=0.0))
    if lowest < 0:
        raise DescriptionError(f"{where}: rate is {lowest!r} Hz; it must be >= 0.")
    means, table, tables = _count_tables(np.atleast_1d(rate) * given.indegree * context.dt, where)
    return p.PoissonProgram(
        name=given.name,
        index=index,
        post=post,
        variable=given.variable,
        weight=given.weight,
        mean=means,
        first=np.array([t.first for t in tables], np.int64),
        thresholds=tuple(t.thresholds for t in tables),
        table=None if means.size == 1 else table,
    )


def _count_tables(
    mean: NDArray[np.float64], where: str
) -> tuple[NDArray[np.float64], NDArray[np.int64], list[CountTable]]:
    """Return the different means, which each neuron has, and their tables; at least one."""
    means, table = np.unique(mean if mean.size else np.zeros(1), return_inverse=True)
    if means.size > _MAX_TABLES:
        raise DescriptionError(
            f"{where}: {means.size} different rates; at most {_MAX_TABLES} are supported. Round "
            "them."
        )
    tables = [poisson_table(float(m), where) for m in means]
    return means, table.reshape(-1).astype(np.int64), tables

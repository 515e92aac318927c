"""``lower``: a Network and a time step to a Program."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .. import streams
from ..description.network import Network
from ..description.pairwise import PairExpression
from ..description.population import PopulationView, SpikeSource
from ..description.projection import PoissonInput, Projection
from ..description.quantities import SECOND, scalar
from ..description.rules import Edges
from ..description.waveforms import Waveform
from ..errors import DescriptionError
from . import program as p
from .draws import (
    delay_draw,
    listed_delays,
    on_grid,
    poisson_table,
    value_draw,
)
from .inputs import lower_rate, with_inputs
from .pairs import with_expressions
from .populations import given_values, lower_population
from .recorders import with_recorders
from .rules import Ends, lower_rule
from .synapse_values import with_synapses

_MAX_TABLES = 10000


@dataclass(frozen=True)
class _Context:
    """What lowering every part needs: the seed, dt in seconds, and each population's first id."""

    seed: int
    dt: float
    first_ids: dict[str, int]


def lower(network: Network, dt: Any) -> p.Program:
    """Lower a network description.

    Parameters
    ----------
    network : Network
    dt : Quantity
        Time step.

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
    context = _Context(network.seed, step, first_ids)
    populations = tuple(
        lower_population(population, first_ids[population.name], network, step)
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
            _projection(projection, index, context, network.weight_bits)
            for index, projection in enumerate(network.projections)
        ),
        poisson=tuple(
            _poisson(given, index, context, populations)
            for index, given in enumerate(network.poisson_inputs)
        ),
        spike_recorders=network.spikes_of,
        description=network.describe(),
    )
    program = with_expressions(network, program)
    program = with_recorders(network, with_synapses(network, program))
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
    order = None
    if isinstance(given.rule, Edges):
        order = np.argsort(given.rule.post, kind="stable")
    rule = lower_rule(given.rule, Ends(pre, post, context.seed, index))
    return p.ProjectionProgram(
        name=given.name,
        index=index,
        pre=pre,
        post=post,
        variable=given.variable,
        rule=rule,
        weight=_weight(given.weight, order, f"{where}: weight"),
        delay=_delay(given.delay, order, context.dt, where),
        weight_bits=weight_bits,
    )


def _weight(weight: Any, order: NDArray[np.int64] | None, where: str) -> p.Draw:
    if isinstance(weight, PairExpression):  # evaluated in pairs.with_expressions
        return p.Draw("constant")
    if isinstance(weight, np.ndarray) and order is not None:
        return p.Draw("listed", values=weight[order])
    return value_draw(weight, where)


def _delay(delay: Any, order: NDArray[np.int64] | None, dt: float, where: str) -> p.DelayDraw:
    if isinstance(delay, PairExpression):  # evaluated in pairs.with_expressions
        return p.DelayDraw(first=1)
    if isinstance(delay, np.ndarray) and order is not None:
        steps = listed_delays(delay[order], dt, f"{where}: delay")
        return p.DelayDraw(first=int(steps.min()) if steps.size else 0, values=steps)
    return delay_draw(delay, dt, where)


def _poisson(
    given: PoissonInput,
    index: int,
    context: _Context,
    populations: tuple[p.PopulationProgram, ...],
) -> p.PoissonProgram:
    post = _span(given.post, context.first_ids)
    where = f"Poisson input to {given.post.label!r}"
    if isinstance(given.rate, Waveform):
        wave, scale = lower_rate(given, context.dt, where)
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
    known = {
        name: value[post.local_ids()] if isinstance(value, np.ndarray) else value
        for name, value in owner.values.items()
    }
    ids = post.global_ids()
    key = (context.seed, streams.Purpose.PARAMETER, f"{given.name}:{index}:rate")
    rate = given_values(given.rate, key, ids, known, where)
    if np.min(rate) < 0:
        raise DescriptionError(f"{where}: rate is {float(np.min(rate))!r} Hz; it must be >= 0.")
    means, table = np.unique(np.atleast_1d(rate) * given.indegree * context.dt, return_inverse=True)
    if means.size > _MAX_TABLES:
        raise DescriptionError(
            f"{where}: {means.size} different rates; at most {_MAX_TABLES} are supported. Round "
            "them."
        )
    tables = [poisson_table(float(mean), where) for mean in means]
    return p.PoissonProgram(
        name=given.name,
        index=index,
        post=post,
        variable=given.variable,
        weight=given.weight,
        mean=means,
        first=np.array([t.first for t in tables], np.int64),
        thresholds=tuple(t.thresholds for t in tables),
        table=None if means.size == 1 else table.reshape(-1).astype(np.int64),
    )

"""Brian2 objects made from the parts of a Program."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import brian2
import numpy as np
from brian2.codegen.runtime.numpy_rt import NumpyCodeObject
from brian2.equations.equations import PARAMETER, SingleEquation
from brian2.utils.stringtools import get_identifiers
from numpy.typing import NDArray

from ...errors import UnsupportedError
from ...lowering.edges import instantiate
from ...lowering.program import (
    NeuronCode,
    PopulationProgram,
    Program,
    ProjectionProgram,
    SpikeSourceProgram,
    Value,
)
from .functions import namespace
from .names import brian2_names, rename

WEIGHT = "synaptic_weight"


@dataclass(frozen=True)
class Neurons:
    """A population or spike source as a Brian2 group.

    Attributes
    ----------
    name : str
    first_id, size : int
    group : brian2.NeuronGroup or brian2.SpikeGeneratorGroup
    names : dict
        Brian2's name of every variable of the Program; empty for a source.
    guarded : frozenset of str
        Variables (Program's names) whose writes are dropped during refractoriness.
    event : str
        What counts as their spikes: an event of the group.
    """

    name: str
    first_id: int
    size: int
    group: Any
    names: dict[str, str]
    guarded: frozenset[str] = frozenset()
    event: str = "spike"

    def array(self, variable: str) -> NDArray[np.float64]:
        """Return the memory of a variable: (size,), or (1,) where it is shared."""
        return self.group.variables[self.names[variable]].get_value()

    def not_refractory(self) -> NDArray[np.bool_]:
        """Return the memory of Brian2's flag, (size,) bool."""
        return self.group.variables["not_refractory"].get_value()

    def spiked(self) -> NDArray[np.int32]:
        """Return the memory of this step's spikes: local ids first, their number last."""
        return self.group.variables[f"_{self.event}space"].get_value()


def neuron_group(population: PopulationProgram, clock: brian2.Clock, name: str) -> Neurons:
    """Return a NeuronGroup running a population's code, at its values of t = 0."""
    names = brian2_names(population.code)
    code = rename(population.code, names)
    group = brian2.NeuronGroup(
        population.size,
        brian2.Equations(code.equations + "".join(f"\n{n.name} : 1" for n in code.noise)),
        method=_state_updater(code),
        threshold=code.threshold or "False",  # Synapses may leave neurons that never spike
        reset=code.reset,
        refractory=_refractory(code),
        events={event.name: event.condition for event in code.events},
        namespace=namespace(population, float(clock.dt)),
        dtype=np.float64,
        clock=clock,
        codeobj_class=NumpyCodeObject,
        name=name,
    )
    if code.start:
        group.run_regularly(code.start, when="start", order=-1)
    for event in code.events:
        if event.code:
            group.run_on_event(event.name, event.code)
    guarded = population.code.unless_refractory if code.refractory_kind != "none" else ()
    neurons = Neurons(
        population.name, population.first_id, population.size, group, names, frozenset(guarded)
    )
    set_values(neurons, population.values)
    return neurons


def _refractory(code: NeuronCode) -> Any:
    if code.refractory_kind != "none":
        return code.refractory
    parts = (code.update, code.threshold, code.reset, code.start, *(e.code for e in code.events))
    # Brian2 keeps the time of the last spike only for neurons that can be refractory
    return "0*second" if any("lastspike" in get_identifiers(part) for part in parts) else False


def set_values(neurons: Neurons, values: dict[str, Value]) -> None:
    """Write the value of every variable."""
    for variable, value in values.items():
        neurons.array(variable)[:] = value


def _state_updater(code: NeuronCode) -> Any:
    def stated(equations: Any, variables: Any, method_options: Any) -> str:
        return code.update

    stated.__name__ = code.method
    return stated


def spike_generator(source: SpikeSourceProgram, clock: brian2.Clock, name: str) -> Neurons:
    """Return a SpikeGeneratorGroup that emits a source's spikes.

    Raises
    ------
    UnsupportedError
        If a spike lies beyond 2**31 steps, which Brian2 holds in 32 bits, or a neuron spikes
        twice in a step.
    """
    if source.steps.size and int(source.steps.max()) >= np.iinfo(np.int32).max:
        raise UnsupportedError(
            f"spike source {source.name!r} has a spike at step {int(source.steps.max())}; engine "
            "'brian2' takes spikes before step 2**31 - 1. Use engine 'native'."
        )
    pairs = np.stack([source.steps, source.ids])
    if np.unique(pairs, axis=1).shape[1] != source.steps.size:
        raise UnsupportedError(
            f"spike source {source.name!r} lets a neuron spike more than once in a step; engine "
            "'brian2' takes one spike per neuron and step. Merge such spikes, or reduce dt."
        )
    group = brian2.SpikeGeneratorGroup(
        source.size,
        source.ids,
        source.steps * float(clock.dt) * brian2.second,
        period=source.period * float(clock.dt) * brian2.second,
        clock=clock,
        codeobj_class=NumpyCodeObject,
        name=name,
    )
    return Neurons(source.name, source.first_id, source.size, group, {})


def event_neurons(source: SpikeSourceProgram, neurons: dict[str, Neurons]) -> Neurons:
    """Return a population's group as the source of one of its events."""
    population, event = source.event or ("", "spike")
    group = neurons[population].group
    return Neurons(source.name, source.first_id, source.size, group, {}, event=event)


@dataclass(frozen=True)
class Edges:
    """Where the synapses of a projection are: ``synapses`` (None: it has none), [start, stop)."""

    synapses: brian2.Synapses | None
    start: int
    stop: int

    def sources(self) -> NDArray[np.int32]:
        """Return the source of every synapse, local to its population, (n_synapses,)."""
        if self.synapses is None:
            return np.empty(0, np.int32)
        return self.synapses.variables["_synaptic_pre"].get_value()[self.start : self.stop]


def all_synapses(program: Program, neurons: dict[str, Neurons]) -> dict[str, Edges]:
    """Return the edges of every projection, by name.

    Projections that share source, target and variable share a Synapses object: each object
    costs its overhead in every step.
    """
    shared: dict[tuple[str, str, str], list[ProjectionProgram]] = {}
    plain = [projection for projection in program.projections if projection.synapse is None]
    for projection in plain:
        key = (projection.pre.population, projection.post.population, projection.variable)
        shared.setdefault(key, []).append(projection)
    found: dict[str, Edges] = {}
    for index, projections in enumerate(shared.values()):
        found.update(_synapses(program, projections, neurons, f"synapses_{index}"))
    return {projection.name: found[projection.name] for projection in plain}


def _synapses(
    program: Program, projections: list[ProjectionProgram], neurons: dict[str, Neurons], name: str
) -> dict[str, Edges]:
    first = projections[0]
    pre, post = neurons[first.pre.population], neurons[first.post.population]
    parts = []
    bounds = [0]
    for projection in projections:
        edges = instantiate(program, projection)
        parts.append(
            (
                projection.pre.local_ids()[edges.pre],
                projection.post.local_ids()[edges.post],
                np.asarray(edges.weight, np.float64),
                edges.delay * program.dt,
            )
        )
        bounds.append(bounds[-1] + edges.pre.size)
    synapses = None
    if bounds[-1]:
        i, j, weights, delays = (np.concatenate(column) for column in zip(*parts, strict=True))
        del parts
        target = post.names[first.variable]
        synapses = brian2.Synapses(
            pre.group,
            post.group,
            model=_weight_equation(post.group.variables[target].dim),
            on_pre=f"{target}_post += {WEIGHT}",
            on_event=pre.event,
            namespace={},
            dtype=np.float64,
            clock=post.group.clock,
            codeobj_class=NumpyCodeObject,
            name=name,
        )
        synapses.connect(i=i, j=j)
        synapses.variables[WEIGHT].set_value(weights)
        synapses.pre.variables["delay"].set_value(delays)
    return {
        projection.name: Edges(synapses, start, stop)
        for projection, start, stop in zip(projections, bounds, bounds[1:], strict=False)
    }


def _weight_equation(dimension: Any) -> brian2.Equations:
    return brian2.Equations(
        [SingleEquation(PARAMETER, WEIGHT, dimension, expr=None, flags=["constant"])]
    )

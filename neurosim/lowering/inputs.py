"""Currents, operations and changing rates: from the description to the Program."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from brian2.core.namespace import DEFAULT_UNITS
from numpy.typing import NDArray

from ..description import syntax
from ..description.brian2_errors import UNIT_PREFIX
from ..description.inputs import MAX_RANDOM_CALLS, Injection, Operation
from ..description.network import Network
from ..description.projection import PoissonInput
from ..description.quantities import symbol
from ..description.views import PopulationView
from ..description.waveforms import NoisyCurrent, Sine, Steps, Waveform
from ..errors import DescriptionError
from .draws import on_grid
from .input_program import MAX_WAVE_MEAN, CurrentInput, CurrentNoise, OperationProgram
from .integrators import substitutions
from .noise import CALL
from .program import Noise, Program, Span
from .synapse_operations import operation_times
from .synapses import written_by_synapses
from .waveforms import SineWave, StepWave, Wave

_FIRST_SITE = 1024
_TOLERANCE = 1e-3  # of a step, as Brian2's: a change this little after a step's start is at it
SpanOf = Callable[[PopulationView], Span]


def with_inputs(network: Network, program: Program, span: SpanOf) -> Program:
    """Return the program with the injected currents and operations of the network."""
    if not network.injections and not network.operations:
        return program
    return replace(
        program,
        currents=lower_currents(network, program, span),
        operations=lower_operations(network, program.dt, span),
    )


def lower_currents(network: Network, program: Program, span: SpanOf) -> tuple[CurrentInput, ...]:
    """Lower the injected currents, in order of declaration."""
    for injection in network.injections:
        _check_exclusive(network, injection)
    return tuple(_current(network, i, program, span(i.neurons)) for i in network.injections)


def lower_operations(network: Network, dt: float, span: SpanOf) -> tuple[OperationProgram, ...]:
    """Lower the operations, in order of declaration."""
    return tuple(_operation(network, o, dt, span(o.neurons)) for o in network.operations)


def lower_wave(
    wave: Waveform, dt: float, own: NDArray[np.int64], *, scale: float = 1.0, low: float = -math.inf
) -> Wave:
    """Return a course on the grid of steps, its values times ``scale``, none below ``low``.

    Of values that differ between neurons, the columns ``own`` are kept.
    """
    if isinstance(wave, Sine):
        return SineWave(
            wave.offset,
            wave.amplitude,
            wave.frequency,
            wave.phase,
            dt,
            first_step(wave.start, dt),
            None if wave.stop == math.inf else first_step(wave.stop, dt),
            scale,
            low,
        )
    if not isinstance(wave, Steps):
        raise DescriptionError(f"{type(wave).__name__} has no values of its own; it is drawn.")
    exact = wave.times / dt
    steps = np.ceil(exact - _TOLERANCE).astype(np.int64)
    values = wave.values if wave.values.shape[1] == 1 else wave.values[:, own]
    return StepWave(steps, np.maximum(values * scale, low))


def lower_rate(
    given: PoissonInput, dt: float, own: NDArray[np.int64], where: str
) -> tuple[Wave, float]:
    """Return the course of a Poisson input's mean count per step, and what a rate times is one.

    ``own`` are the positions of the neurons to keep among those that receive it.

    Raises
    ------
    DescriptionError
        A mean is too large to be drawn.
    """
    scale = given.indegree * dt
    wave = lower_wave(given.rate, dt, own, scale=scale, low=0.0)  # type: ignore[arg-type]
    if wave.largest > MAX_WAVE_MEAN:
        raise DescriptionError(
            f"{where}: up to {wave.largest:.6g} events per neuron and step are expected; at most "
            f"{MAX_WAVE_MEAN:g} are supported with a rate that changes. Lower rate or indegree."
        )
    return wave, scale


def first_step(seconds: float, dt: float) -> int:
    """Return the first step that starts at a time or later."""
    return max(0, math.ceil(seconds / dt - _TOLERANCE))


def _current(network: Network, given: Injection, program: Program, span: Span) -> CurrentInput:
    dt = program.dt
    dims = given.neurons.parent.model.declared.dims
    wave, noise = None, None
    if isinstance(given.wave, NoisyCurrent):
        noise = _noise(given.wave, dt, _site(network, given), f"current {given.name!r}")
    else:
        wave = lower_wave(given.wave, dt, span.own(program.share))
    return CurrentInput(given.name, span, given.variable, symbol(dims[given.variable]), wave, noise)


def _noise(wave: NoisyCurrent, dt: float, site: int, where: str) -> CurrentNoise:
    every = 1 if wave.every is None else on_grid(wave.every, dt, f"{where}: every")
    if every < 1:
        raise DescriptionError(f"{where}: every is shorter than dt = {dt * 1e3:g} ms.")
    rho = 0.0 if wave.tau is None else math.exp(-dt / wave.tau)
    sigma = 0.0 if wave.tau is None else wave.sd * math.sqrt(-math.expm1(-2 * dt / wave.tau))
    return CurrentNoise(
        process=wave.tau is not None,
        mean=wave.mean,
        sd=wave.sd,
        rho=rho,
        sigma=sigma,
        every=every,
        start=first_step(wave.start, dt),
        stop=None if wave.stop == math.inf else first_step(wave.stop, dt),
        site=site,
    )


def _site(network: Network, given: Injection | Operation) -> int:
    """Return the first random site of a current or operation: 16 for each of a population."""
    name = given.neurons.name
    inputs: list[Injection | Operation] = [*network.injections, *network.operations]
    own = [x for x in inputs if x.neurons.name == name]
    return _FIRST_SITE + MAX_RANDOM_CALLS * own.index(given)


def _operation(network: Network, given: Operation, dt: float, span: Span) -> OperationProgram:
    where = f"operation on {given.neurons.label!r}"
    times = operation_times(given.every, given.start, given.when, dt, where)
    declared = given.neurons.parent.model.declared
    resolved = substitutions(declared)
    site = _site(network, given)
    noise: list[Noise] = []
    used = set(declared.dims) | {target for target, _ in given.statements}

    def drawn(match: re.Match[str]) -> str:
        name = f"operand_{site + len(noise)}"
        while name in used:
            name += "x"
        kind = "normal" if match[1] == "randn" else "uniform"
        noise.append(Noise(name, kind, site + len(noise)))  # type: ignore[arg-type]
        return name

    lines = [
        f"{target} = {CALL.sub(drawn, syntax.rename(text, resolved))}"
        for target, text in given.statements
    ]
    units = {UNIT_PREFIX + unit: float(DEFAULT_UNITS[unit]) for unit in sorted(given.units)}
    return OperationProgram(
        name=given.name,
        span=span,
        every=times.every,
        start=times.start,
        when=given.when,
        code="\n".join(lines),
        writes=tuple(sorted(given.writes)),
        constants=units,
        noise=tuple(noise),
    )


def _check_exclusive(network: Network, given: Injection) -> None:
    """Refuse a variable that something else changes as well."""
    name, variable = given.neurons.name, given.variable
    population = given.neurons.parent
    others = {
        "a projection": any(
            p.post.name == name and p.variable == variable for p in network.projections
        )
        or variable in written_by_synapses(population, network),
        "a Poisson input": any(
            p.post.name == name and p.variable == variable for p in network.poisson_inputs
        ),
        "an operation": any(
            o.neurons.name == name and variable in o.writes for o in network.operations
        ),
        "the reset": variable in population.model.declared.assigned,
    }
    for other, writes in others.items():
        if writes:
            raise DescriptionError(
                f"current into {given.neurons.label!r}: {variable!r} is changed by {other} too, "
                "which the current would undo. Give the model a variable of its own for injected "
                "currents, such as 'I_inj : amp'."
            )

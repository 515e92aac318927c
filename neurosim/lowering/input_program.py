"""Inputs in plain data: injected currents, and statements run at intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from .program import Noise, Span
from .waveforms import Wave

if TYPE_CHECKING:
    from .program import PoissonProgram


@dataclass(frozen=True)
class CurrentNoise:
    """A random current, a value per neuron.

    ``process`` False: ``mean + sd z`` with z drawn at the steps that are multiples of ``every``.
    True: x = mean + sd z in step 0, then x = mean + rho (x - mean) + sigma z in every step.
    It is added in steps [start, stop). z is :func:`neurosim.streams.noise_randn` at ``site``.
    """

    process: bool
    mean: float
    sd: float
    rho: float
    sigma: float
    every: int
    start: int
    stop: int | None
    site: int


@dataclass(frozen=True, eq=False)
class CurrentInput:
    """What is added to ``variable`` of some neurons: a course over time, or noise.

    As a step starts, before samples are taken, the variable of every neuron of the population
    becomes its base, the value at t = 0 or the last one written from outside, plus all its
    inputs in order.
    """

    name: str
    span: Span
    variable: str
    dimension: str
    wave: Wave | None
    noise: CurrentNoise | None = None


@dataclass(frozen=True, eq=False)
class OperationProgram:
    """Statements run for ``span`` in the steps ``start + k every``, k = 0, 1, ...

    Attributes
    ----------
    code : str
        Abstract code; ``i`` and ``N`` are index within, and size of, the span.
    when : {"start", "end"}
        After the samples and before the state update; after the resets.
    constants : dict of str to float
        Units, by their names in the code (``unit_mV``).
    noise : tuple of Noise
    writes : tuple of str
        Variables it changes; changes of an ``unless refractory`` variable are dropped while a
        neuron is refractory.
    """

    name: str
    span: Span
    every: int
    when: Literal["start", "end"]
    code: str
    writes: tuple[str, ...]
    constants: dict[str, float] = field(default_factory=dict)
    noise: tuple[Noise, ...] = ()
    start: int = 0


@dataclass(frozen=True, eq=False)
class WaveInput:
    """An input whose values change over time, as ``set_input`` finds it: name, unit, scale.

    ``scale`` turns a value in ``dimension`` into one of the wave; ``largest`` bounds the wave.
    Values for all neurons of ``span`` are ``width``; the wave has a column for each own one, or
    one for all.
    """

    name: str
    dimension: str
    scale: float
    width: int
    wave: Wave
    largest: float
    span: Span


def wave_inputs(
    currents: Sequence[CurrentInput], poisson: Sequence[PoissonProgram]
) -> list[WaveInput]:
    """Return the inputs that have a wave: currents first, then Poisson, in order."""
    found = [
        WaveInput(c.name, c.dimension, 1.0, c.span.size, c.wave, float("inf"), c.span)
        for c in currents
        if c.wave is not None
    ]
    return found + [
        WaveInput(p.name, "Hz", p.wave_scale, p.post.size, p.wave, MAX_WAVE_MEAN, p.post)
        for p in poisson
        if p.wave is not None
    ]


MAX_WAVE_MEAN = 700.0
"""Largest mean count per step of a rate that changes: exp(-mean) is a normal number."""

"""What one rank has to do in a second of biological time, counted before it is done."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

from ..engines.base import EngineOptions
from ..engines.native.estimate import layout, message_words, n_threads
from ..lowering.program import Program

ID_BYTES = 4  # of a spike on its way to another rank


@dataclass(frozen=True)
class Work:
    """Work of one rank per biological second; of each of its threads where not said otherwise.

    Attributes
    ----------
    steps : float
    updates : float
        Neurons times steps.
    arrivals : float
        Spikes of the whole network: each is looked up.
    segments : float
        Runs of synapses (one source, one delay) entered in the calendar.
    events : float
        Synapses that a spike came to.
    hops : float
        Exchanges times the rounds each takes, log2 of the ranks.
    received : float
        Bytes of spikes from the other ranks, of the rank.
    """

    steps: float
    updates: float
    arrivals: float
    segments: float
    events: float
    hops: float = 0.0
    received: float = 0.0

    def as_dict(self) -> dict[str, float]:
        """Return the counts by name."""
        return asdict(self)


def work(
    program: Program, options: EngineOptions, rate: float, spikes: float | None = None
) -> Work:
    """Return what the program's rank has to do, if every neuron fires at the same rate.

    Parameters
    ----------
    program : Program
        Lowered for its share.
    options : EngineOptions
    rate : float
        Hz.
    spikes : float, optional
        Of the whole network per second, where they are known better.
    """
    threads, share = n_threads(program, options), program.share
    steps = 1.0 / program.dt
    made = layout(program, threads)
    every = program.n_neurons * rate if spikes is None else spikes
    own = every / max(program.n_neurons, 1)
    neurons = sum(share.count(p.size) for p in program.populations) / threads
    each = every / exchanges(program) / share.n_ranks
    return Work(
        steps=steps,
        updates=neurons * steps,
        arrivals=every,
        segments=made.segments * own,
        events=made.synapses * own,
        hops=exchanges(program) * math.ceil(math.log2(share.n_ranks)),
        received=received(program, each),
    )


def exchanges(program: Program) -> float:
    """Return how often ranks exchange spikes per biological second: once per smallest delay."""
    return 1.0 / (program.dt * max(program.smallest_delay, 1))


def received(program: Program, spikes: float) -> float:
    """Return the bytes a rank receives per second of biological time.

    Parameters
    ----------
    program : Program
    spikes : float
        That each other rank sends it per exchange.
    """
    words = message_words(program, spikes)
    return exchanges(program) * (program.share.n_ranks - 1) * ID_BYTES * words


def targeted_bytes(program: Program, rate: float) -> float:
    """Return the bytes a rank receives per second if it is sent only what it has targets for."""
    reached = layout(program, 1).sources / max(program.n_ids, 1)
    spikes = rate * program.n_neurons / exchanges(program) / program.share.n_ranks
    return received(program, spikes * reached)

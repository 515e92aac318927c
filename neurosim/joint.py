"""The ranks of a simulation acting as one: what they agree on, and values of the whole network."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from .engines.base import Chunk, Failure
from .errors import NeurosimError, NumericalError
from .lowering.program import Program
from .parallel.communicator import Communicator
from .parallel.outcome import everywhere, together

T = TypeVar("T")


@dataclass(frozen=True)
class Account:
    """What a rank tells after a chunk; agreed, what holds for all.

    Attributes
    ----------
    steps : int
        Completed; agreed: by every rank.
    seconds : float
        Agreed: of the slowest.
    interrupted, checkpoint, stopped, failed : bool
        Whether a signal came, whether to save, whether a callback stops the run, whether a
        variable is NaN; agreed: on any rank.
    broken : int
        The first rank that cannot go on for another reason, such as a full disk; -1: none.
    """

    steps: int = 0
    seconds: float = 0.0
    interrupted: bool = False
    checkpoint: bool = False
    stopped: bool = False
    failed: bool = False
    broken: int = -1


class Ranks:
    """The ranks of a simulation.

    With one rank every method returns at once. With several, all must be called by every rank,
    in the same order.

    Parameters
    ----------
    communicator : Communicator
    """

    def __init__(self, communicator: Communicator) -> None:
        self.communicator = communicator
        self.share = communicator.share
        self.several = not communicator.share.whole

    def same(self, facts: Callable[[], Mapping[str, Any]]) -> None:
        """Raise ParallelError on every rank unless all have the same facts.

        ``facts`` is not called with one rank.
        """
        if self.several:
            from .parallel.agreement import require_same  # noqa: PLC0415 - for several ranks only

            require_same(self.communicator, dict(facts()))

    def together(self, action: Callable[[], T]) -> T:
        """Do something that must not communicate; if it fails on one rank it fails on all."""
        return together(self.communicator, action)

    def first_then_others(self, action: Callable[[], T]) -> T:
        """Do something on rank 0, then on the others, who find its result in a cache."""
        if not self.several:
            return action()
        first = self.share.rank == 0
        made = [self.together(action)] if first else []
        if not first:
            self.together(lambda: None)
        rest = self.together(lambda: None if first else action())
        return made[0] if first else rest  # type: ignore[return-value]

    def agree(self, own: Account) -> Account:
        """Return what holds for all ranks after a chunk."""
        if not self.several:
            return own
        n_ranks = self.share.n_ranks
        told = [own.interrupted, own.checkpoint, own.stopped, own.failed, -own.steps, own.seconds]
        told.append(n_ranks - own.broken if own.broken >= 0 else 0)
        found = self.communicator.largest(np.array(told, np.float64))
        interrupted, checkpoint, stopped, failed = map(bool, found[:4])
        return Account(
            steps=-int(found[4]),
            seconds=float(found[5]),
            interrupted=interrupted,
            checkpoint=checkpoint,
            stopped=stopped,
            failed=failed,
            broken=n_ranks - int(found[6]) if found[6] else -1,
        )

    def error_of(self, rank: int, own: Exception | None) -> NeurosimError:
        """Return, on every rank, the error that the given one has."""
        return everywhere(self.communicator, own, rank)

    def whole(self, own: NDArray) -> NDArray:
        """Return one row per neuron of a population, of each rank's rows."""
        if not self.several:
            return own
        return self.share.assemble(self.communicator.gather(np.ascontiguousarray(own)))

    def total(self, values: Any) -> NDArray:
        """Return the sum over ranks."""
        return self.communicator.sum(values) if self.several else np.asarray(values)

    def most(self, values: Any) -> NDArray:
        """Return the largest over ranks."""
        return self.communicator.largest(values) if self.several else np.asarray(values)

    def spikes(
        self, steps: NDArray[np.int64], ids: NDArray[np.int64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the spikes of all ranks, (steps, ids), sorted by step, then id."""
        if not self.several:
            return steps, ids
        rows = np.concatenate(self.communicator.gather(np.stack([steps, ids], axis=1)))
        rows = rows[np.lexsort((rows[:, 1], rows[:, 0]))]
        return np.ascontiguousarray(rows[:, 0]), np.ascontiguousarray(rows[:, 1])

    def earliest(self, program: Program, own: Failure | None) -> tuple[Failure, int]:
        """Return the failure that comes first and its rank, on every rank; one has to have one.

        The first by step, then population or projection, then neuron. A synapse's position is
        among those of its rank.
        """
        rows = np.concatenate(self.communicator.gather(_encoded(program, own, self.share.rank)))
        step, synapse, place, neuron, variable, rank = map(int, rows[np.lexsort(rows.T[::-1])[0]])
        name, variables = _places(program, bool(synapse))[place]
        return Failure(name, variables[variable], neuron, step, bool(synapse)), rank


def _encoded(program: Program, failure: Failure | None, rank: int) -> NDArray[np.int64]:
    """Return a failure as a row of numbers, in the order in which failures are compared."""
    if failure is None:
        return np.empty((0, 6), np.int64)
    places = _places(program, failure.synapse)
    place = next(k for k, (name, _) in enumerate(places) if name == failure.population)
    variable = places[place][1].index(failure.variable)
    row = [failure.step, int(failure.synapse), place, failure.neuron, variable, rank]
    return np.array([row], np.int64)


def _places(program: Program, synapses: bool) -> list[tuple[str, list[str]]]:
    """Return every population, or projection, and the names of its variables."""
    if not synapses:
        return [(p.name, [v.name for v in p.code.variables]) for p in program.populations]
    return [
        (p.name, [] if p.synapse is None else [v.name for v in p.synapse.code.variables])
        for p in program.projections
    ]


class SynapseOrder:
    """The synapses of all ranks in one order: by target, within a target in order of drawing.

    Parameters
    ----------
    ranks : Ranks
    targets : (n_own,) int64
        Of this rank's synapses, ascending.
    """

    def __init__(self, ranks: Ranks, targets: NDArray[np.int64]) -> None:
        parts = ranks.communicator.gather(np.ascontiguousarray(targets))
        self._ranks, self._starts = ranks, np.cumsum([0, *map(len, parts)])
        self._order = np.argsort(np.concatenate(parts), kind="stable")  # a target is on one rank

    @property
    def size(self) -> int:
        """Number of synapses of all ranks."""
        return int(self._order.size)

    def whole(self, own: NDArray) -> NDArray:
        """Return the rows of all ranks' synapses."""
        parts = self._ranks.communicator.gather(np.ascontiguousarray(own))
        return np.concatenate(parts)[self._order]

    def own(self, whole: NDArray) -> NDArray:
        """Return the rows of this rank's synapses."""
        return self._back(whole, self._ranks.share.rank)

    def position(self, rank: int, index: int) -> int:
        """Return where a rank's synapse is among all."""
        return int(self._back(np.arange(self.size), rank)[index])

    def _back(self, whole: NDArray, rank: int) -> NDArray:
        concatenated = np.empty_like(whole)
        concatenated[self._order] = whole
        return concatenated[self._starts[rank] : self._starts[rank + 1]]


def trimmed(program: Program, chunk: Chunk, n_steps: int) -> Chunk:
    """Return the first steps of a chunk."""
    if n_steps >= chunk.n_steps:
        return chunk
    stop = int(np.searchsorted(chunk.spike_steps, chunk.first_step + n_steps))
    samples = [r.n_samples(chunk.first_step, n_steps) for r in program.state_recorders]
    return replace(
        chunk,
        n_steps=n_steps,
        spike_steps=chunk.spike_steps[:stop],
        spike_ids=chunk.spike_ids[:stop],
        states=[own[:n] for own, n in zip(chunk.states, samples, strict=True)],
        sums={recorder: words[: samples[recorder]] for recorder, words in chunk.sums.items()},
    )


def numerical_error(failure: Failure, time_ms: float) -> NumericalError:
    """Return the error that a failure is told as."""
    return NumericalError(
        failure.population, failure.variable, failure.neuron, time_ms, failure.synapse
    )

"""What a run was and cost, and what a network will need before it is built."""

from __future__ import annotations

import platform
import zlib
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from .costs import Costs
from .engines.base import Engine, EngineOptions, Executable
from .errors import MemoryLimitError
from .joint import Ranks
from .lowering.program import Program
from .memory import available_bytes, format_bytes, machine_bytes, peak_rss_bytes

_MEANS = ("update_s", "deliver_s", "exchange_s", "wait_s")


@dataclass(frozen=True)
class RunSummary:
    """What a run was and what it cost; the keys of ``neurosim run --json``.

    Times in s are wall-clock. ``simulate_s`` (with its parts update, deliver and record) and
    ``real_time_factor`` = simulate_s / biological s cover the duration, not the warm-up.

    On several ``ranks``, ``threads`` are those of each; neurons, synapses and spikes are counted
    over all. ``update_s``, ``deliver_s``, ``exchange_s`` (sending spikes to other ranks and waiting
    for theirs) and ``wait_s`` (of threads for each other) are means over ranks, other seconds
    and ``peak_rss_bytes`` are of the rank with most; ``total_rss_bytes`` is the sum of the ranks'
    peaks, ``exchange_bytes`` of what they sent in ``exchanges``, in which all took part.
    """

    recording: str | None
    engine: str
    threads: int
    precision: str
    seed: int
    dt_ms: float
    n_neurons: int
    n_synapses: int
    duration_ms: float
    warmup_ms: float
    lower_s: float
    compile_s: float
    build_s: float
    warmup_s: float
    simulate_s: float
    update_s: float
    deliver_s: float
    record_s: float
    real_time_factor: float | None
    peak_rss_bytes: int
    bytes_per_synapse: float
    n_spikes: int
    spikes_sha256: str | None
    status: str
    ranks: int = 1
    total_rss_bytes: int = 0
    exchange_s: float = 0.0
    wait_s: float = 0.0
    exchange_bytes: int = 0
    exchanges: int = 0

    def as_dict(self) -> dict[str, Any]:
        """Return the summary as plain data for JSON."""
        return asdict(self)


def summarise(
    ranks: Ranks,
    program: Program,
    executable: Executable,
    costs: Costs,
    n_spikes: int,
    timed_ms: float,
    **facts: Any,
) -> RunSummary:
    """Return the summary of a run, on every rank.

    Parameters
    ----------
    ranks : Ranks
    program : Program
    executable : Executable
    costs : Costs
    n_spikes : int
        Of this rank.
    timed_ms : float
        Biological time that the costs are of.
    **facts
        What the ranks have in common: recording, engine, precision, dt_ms, duration_ms,
        warmup_ms, spikes_sha256, status.
    """
    n_synapses = sum(executable.synapse_count(p.name) for p in program.projections)
    own, peak = costs.told(executable.timings), peak_rss_bytes()
    counts = np.array([n_synapses, n_spikes, peak, int(own.pop("bytes_sent"))], np.int64)
    all_synapses, all_spikes, memory, sent = map(int, ranks.total(counts))
    slowest = ranks.most(np.array([*own.values(), peak, executable.n_threads], np.float64))
    seconds: dict[str, Any] = dict(zip(own, map(float, slowest), strict=False))
    exchanges = int(seconds.pop("exchanges"))
    per_synapse = executable.bytes_per_synapse
    if ranks.several:
        sums = ranks.total(np.array([own[name] for name in _MEANS] + [per_synapse * n_synapses]))
        seconds |= dict(zip(_MEANS, map(float, sums / ranks.share.n_ranks), strict=False))
        per_synapse = float(sums[-1]) / max(all_synapses, 1)
    return RunSummary(
        threads=int(slowest[-1]),
        seed=program.seed,
        n_neurons=program.n_neurons,
        n_synapses=all_synapses,
        n_spikes=all_spikes,
        real_time_factor=1e3 * seconds["simulate_s"] / timed_ms if timed_ms else None,
        peak_rss_bytes=int(slowest[-2]),
        bytes_per_synapse=per_synapse,
        ranks=ranks.share.n_ranks,
        total_rss_bytes=memory,
        exchange_bytes=sent,
        exchanges=exchanges,
        **seconds,
        **facts,
    )


@dataclass(frozen=True)
class Estimate:
    """What a network will need, told before anything is built.

    ``synapses`` maps each projection to its expected number of synapses.
    """

    n_neurons: int
    synapses: dict[str, float]
    bytes_needed: int
    bytes_available: int | None

    @property
    def n_synapses(self) -> int:
        """Expected number of synapses of the whole network."""
        return round(sum(self.synapses.values()))

    @property
    def fits(self) -> bool:
        """Whether the memory is enough, as far as can be told."""
        return self.bytes_available is None or self.bytes_needed <= self.bytes_available

    def require_memory(self) -> None:
        """Raise MemoryLimitError if the network does not fit."""
        if self.bytes_available is not None and not self.fits:
            raise MemoryLimitError(
                f"the network needs about {format_bytes(self.bytes_needed)} "
                f"({self.n_synapses:,} synapses, {self.n_neurons:,} neurons), and "
                f"{format_bytes(self.bytes_available)} are available. Use a smaller scale, or a "
                "machine with more memory."
            )


def estimate(engine: Engine, program: Program, options: EngineOptions) -> Estimate:
    """Return what a program will need on an engine; nothing is built."""
    return Estimate(
        n_neurons=program.n_neurons,
        synapses={p.name: p.expected_synapses for p in program.projections},
        bytes_needed=int(engine.estimate_bytes(program, options)),
        bytes_available=available_bytes(),
    )


def require_memory(ranks: Ranks, own: Estimate) -> None:
    """Raise MemoryLimitError, on every rank, if the network does not fit.

    Each rank must fit by itself, and those of one machine (of one host name) together.
    """
    ranks.together(own.require_memory)
    if not ranks.several:
        return
    host, free = zlib.crc32(platform.node().encode()), machine_bytes()
    row = np.array([[host, own.bytes_needed, -1 if free is None else free]], np.int64)
    rows = np.concatenate(ranks.communicator.gather(row))
    for machine in np.unique(rows[:, 0]):
        there = np.flatnonzero(rows[:, 0] == machine)
        needed, available = int(rows[there, 1].sum()), int(rows[there, 2].min())
        if 0 <= available < needed:
            error = MemoryLimitError(
                f"the {there.size} ranks on the machine of rank {there[0]} need about "
                f"{format_bytes(needed)} together, and {format_bytes(available)} are available "
                "there. Use fewer ranks on each machine, more machines, or a smaller scale."
            )
            error.everywhere = True
            raise error

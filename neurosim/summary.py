"""What a run was and cost, and what a network will need before it is built."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from .engines.base import Engine, EngineOptions
from .errors import MemoryLimitError
from .lowering.program import Program
from .memory import available_bytes, format_bytes


@dataclass(frozen=True)
class RunSummary:
    """What a run was and what it cost; the keys of ``neurosim run --json``.

    Times in s are wall-clock. ``simulate_s`` (with its parts update, deliver and record) and
    ``real_time_factor`` = simulate_s / biological s cover the duration, not the warm-up.
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

    def as_dict(self) -> dict[str, Any]:
        """Return the summary as plain data for JSON."""
        return asdict(self)


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

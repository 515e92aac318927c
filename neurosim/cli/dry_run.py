"""``neurosim run --dry-run``: what a network will need, of one process or of each rank."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import click

from ..memory import format_bytes
from .output import print_json, print_lines, print_table

if TYPE_CHECKING:
    from ..description.network import Network
    from ..scaling.plan import Plan
    from ..simulation import Simulation

_PARTS = {
    "state": "state of the neurons",
    "synapses": "synapses",
    "segments": "segments (source and delay)",
    "sources": "table of sources",
    "degrees": "numbers of synapses",
    "models": "synapses with a model",
    "machine": "synapses onto each core",
    "buffers": "buffers of spikes",
    "program": "lowered network",
    "process": "Python and libraries",
}


class Request(Protocol):
    """What the user typed, as far as it matters here."""

    @property
    def name(self) -> str:
        """The experiment."""

    @property
    def threads(self) -> int:
        """Of each rank."""

    @property
    def precision(self) -> Any:
        """Of the state."""

    @property
    def as_json(self) -> bool:
        """Whether stdout is for programs."""


@dataclass(frozen=True)
class Ranks:
    """Which rank of how many is planned.

    Attributes
    ----------
    n_ranks, rank : int
    rate : float
        Hz.
    measure : bool
        Run it, too.
    """

    n_ranks: int
    rank: int = 0
    rate: float = 5.0
    measure: bool = False

    @classmethod
    def typed(
        cls,
        dry_run: bool,
        ranks: int | None,
        rank: int | None,
        rate: float | None,
        measure: bool,
    ) -> Ranks | None:
        """Return what the options say; None if no ranks are planned.

        Raises
        ------
        click.UsageError
            An option without the one that it belongs to.
        """
        if ranks is not None and not dry_run:
            raise click.UsageError(
                "--ranks plans a run and needs --dry-run; to run on ranks: "
                f"mpiexec -n {ranks} neurosim run ..."
            )
        if ranks is None:
            if rank is not None or rate is not None or measure:
                raise click.UsageError("--rank, --rate and --measure need --dry-run --ranks N.")
            return None
        if rank is not None and rank >= ranks:
            raise click.UsageError(f"--rank {rank}: {ranks} ranks are numbered from 0.")
        return cls(ranks, rank or 0, 5.0 if rate is None else rate, measure)


def tell_estimate(simulation: Simulation, request: Request) -> None:
    """Print what a simulation will need of memory, before it is built."""
    estimate = simulation.estimate
    rows = [["projection", "synapses expected"]]
    rows += [[name, f"{count:,.0f}"] for name, count in estimate.synapses.items()]
    rows.append(["all", f"{estimate.n_synapses:,}"])
    print_table(rows, to_stderr=request.as_json)
    available = estimate.bytes_available
    lines = [
        f"neurons: {estimate.n_neurons:,}",
        f"engine: {simulation.engine}, {request.precision} precision",
        f"memory needed: about {format_bytes(estimate.bytes_needed)}"
        + ("" if simulation.program.share.whole else " for each rank"),
        "memory available: " + ("unknown" if available is None else format_bytes(available)),
    ]
    if not estimate.fits:
        lines.append("This does not fit. Use a smaller scale, or a machine with more memory.")
    print_lines(lines, to_stderr=request.as_json)
    machine: dict[str, Any] = {}
    if simulation.platform is not None:
        machine = {"platform": simulation.platform.name, "mapping": simulation.mapping}
    if request.as_json:
        print_json(
            {
                "dry_run": True,
                "experiment": request.name,
                "engine": simulation.engine,
                "precision": request.precision,
                "n_neurons": estimate.n_neurons,
                "n_synapses": estimate.n_synapses,
                "projections": {k: round(v) for k, v in estimate.synapses.items()},
                "estimated_bytes": estimate.bytes_needed,
                "available_bytes": available,
                "fits": estimate.fits,
                **machine,
            }
        )


def tell_plan(network: Network, dt: Any, ranks: Ranks, request: Request) -> None:
    """Print what a rank will need of memory and time, and what it took if it was run."""
    from ..parallel.share import Share  # noqa: PLC0415 - imports NumPy
    from ..scaling.plan import plan  # noqa: PLC0415 - imports Brian2

    made = plan(
        network,
        dt,
        Share(ranks.rank, ranks.n_ranks),
        threads=max(request.threads, 1),
        precision=request.precision,
        rate=ranks.rate,
        measure=ranks.measure,
    )
    to_stderr = request.as_json
    print_lines(_heading(request.name, made), to_stderr)
    print_table(_sizes(made), to_stderr)
    print_lines([""], to_stderr)
    print_table(_memory(made), to_stderr)
    print_lines([""], to_stderr)
    print_table(_time(made), to_stderr)
    print_lines(_notes(made), to_stderr)
    if request.as_json:
        print_json({"dry_run": True, "experiment": request.name, **made.as_dict()})


def _heading(name: str, made: Plan) -> list[str]:
    threads = "1 thread" if made.threads == 1 else f"{made.threads} threads"
    run = "; it was run alone" if made.measured else "; nothing was built for it"
    return [
        f"{name}, rank {made.rank} of {made.n_ranks:,}, each of {threads}: an estimate{run}",
        "",
    ]


def _sizes(made: Plan) -> list[list[str]]:
    measured = made.measured
    head = ["", "this rank", "all ranks"] + (["in this rank's memory"] if measured else [])
    neurons = ["neurons", f"{made.neurons:,}", f"{made.all_neurons:,}"]
    synapses = ["synapses", f"{made.synapses:,.0f}", f"{made.all_synapses:,.0f}"]
    if measured:
        neurons.append("")
        synapses.append(f"{measured.synapses:,}")
    return [head, neurons, synapses]


def _memory(made: Plan) -> list[list[str]]:
    measured = made.measured
    rows = [["memory of a rank", "estimate", *(["measured"] if measured else [])]]
    for part, label in _PARTS.items():
        found = [made.memory.get(part)]
        found += [measured.memory.get(part)] if measured else []
        if any(found):
            rows.append([label, *(_size(value) for value in found)])
    rows.append(["in all", _size(made.lasting)])
    rows.append(["most, while building", _size(made.peak)])
    if measured:
        rows[-2].append(_size(measured.resident))
        rows[-1].append(_size(measured.peak))
    return rows


def _time(made: Plan) -> list[list[str]]:
    measured, seconds = made.measured, made.seconds
    rows = [
        [
            f"wall-clock s per biological s, at {made.rate:g} Hz",
            "estimate",
            *(["measured"] if measured else []),
        ],
        ["update neurons", _number(seconds.update)],
        ["deliver spikes", _number(seconds.deliver)],
        ["exchange spikes", _number(seconds.exchange)],
        ["in all (the real-time factor)", _number(seconds.total)],
    ]
    if measured:
        trial = measured.trial
        for row, value in zip(rows[1:], (trial.update, trial.deliver, None, None), strict=True):
            row.append("-" if value is None else _number(value))
    return rows


def _notes(made: Plan) -> list[str]:
    origin = (
        "measured on this machine by 'neurosim scaling'"
        if made.exchange_known
        else "assumed (3 us per doubling of the ranks, 5 GB/s); 'neurosim scaling' measures it"
    )
    tried = " and ".join(f"{t.n_ranks:,}" for t in made.trials)
    return [
        "",
        f"{made.exchanges:,.0f} exchanges per biological s; each rank receives "
        f"{format_bytes(made.work.received)} with allgather, at most "
        f"{format_bytes(made.targeted)} with targeted exchange",
        f"Computing: fitted to a rank of {tried} that was run alone here. Exchange: {origin}.",
        "All ranks are taken to be alike, and every neuron to fire at the same rate.",
    ]


def _size(value: float | None) -> str:
    return "-" if value is None else format_bytes(value)


def _number(value: float) -> str:
    return f"{value:.3g}"

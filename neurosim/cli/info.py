"""``neurosim info``: what a recording holds and where it comes from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import RecordingError
from .output import print_json, print_table

if TYPE_CHECKING:
    from ..recording import Recording


@click.command("info")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def command(file: Path, as_json: bool) -> None:
    """What the recording FILE holds: network, provenance, timings; or how far a checkpoint is.

    The exit code is 1 if the run did not get to its end, and a message says what to do.
    """
    from ..checkpoint import is_checkpoint  # noqa: PLC0415 - not for --help
    from ..recording import read  # noqa: PLC0415 - not for --help

    if is_checkpoint(file):
        from .checkpoint_info import tell_checkpoint  # noqa: PLC0415 - when there is one

        tell_checkpoint(file, as_json)
        return
    recording = read(file)
    if as_json:
        print_json(_account(recording))
    else:
        _print_provenance(recording)
        _print_network(recording)
        _print_platform(recording)
    if not recording.complete:
        click.echo(f"incomplete: {_next_step(recording)}", err=True)
        click.get_current_context().exit(1)


def _next_step(recording: Recording) -> str:
    """Return what became of a run that is not complete, and what can be done."""
    if recording.part.data_elsewhere:
        return f"{_parts(recording)} When it has ended, run: neurosim merge {recording.path}"
    if recording.status == "running":
        what = "the run is going on, or was killed"
    else:
        what = f"the run did not get to its end ({recording.status})"
    return (
        f"{what}. Metrics and plots use what there is, 0 to {recording.stop_ms:g} ms; to go on, "
        "resume from its checkpoint if it wrote one (neurosim resume), or run it again."
    )


def _parts(recording: Recording) -> str:
    from ..recording.shards import find_pieces  # noqa: PLC0415

    where = f"spikes and states are in {recording.path}.parts"
    try:
        last = find_pieces(Path(recording.path))[-1]
    except RecordingError as error:
        return f"{where}, but {error}"
    reached = float(recording.clock.time_ms(last.steps))
    return f"the run is going on, or was killed; its {where}, of all ranks up to {reached:g} ms."


def _account(recording: Recording) -> dict[str, Any]:
    return {
        "recording": recording.path,
        "status": recording.status,
        "complete": recording.complete,
        "n_ranks": recording.n_ranks,
        "threads": recording.threads,
        "n_neurons": recording.n_neurons,
        "n_synapses": recording.n_synapses,
        "dt_ms": recording.dt_ms,
        "warmup_ms": recording.warmup_ms,
        "duration_ms": recording.duration_ms,
        "stop_ms": recording.stop_ms,
        "populations": {
            name: {"n": p.size, "first_id": p.first_id, "kind": p.kind, "model": p.model}
            for name, p in recording.populations.items()
        },
        "projections": {
            name: {"pre": p.pre, "post": p.post, "n_synapses": recording.synapse_counts[name]}
            for name, p in recording.projections.items()
        },
        "reports": [report.name for report in recording.reports],
        "synapse_reports": [
            {"projection": r.projection, "variable": r.variable, "kind": r.kind, "unit": r.unit}
            for r in recording.synapse_reports
        ],
        "structure": {name: _structure(recording, name) for name in _restructured(recording)},
        "platform": _platform(recording),
        "timings": recording.timings,
        "provenance": recording.provenance,
        "description": recording.description,
        "summary": recording.summary,
    }


def _restructured(recording: Recording) -> tuple[str, ...]:
    """Return the projections whose synapses come and go, if the file has what they did."""
    return () if recording.part.data_elsewhere else recording.structures


def _structure(recording: Recording, projection: str) -> dict[str, Any]:
    trace = recording.structure(projection)
    return {
        "times": int(trace.times_ms.size - 1),
        "created": int(trace.created.sum()),
        "deleted": int(trace.deleted.sum()),
        "n_synapses": int(trace.n_synapses[-1]),
        "C_eff": float(trace.C_eff[-1]),
    }


def _print_provenance(recording: Recording) -> None:
    click.echo(f"{recording.path}: {recording.status or 'status unknown'}")
    click.echo(
        f"0 to {recording.stop_ms:g} ms in steps of {recording.dt_ms:g} ms, of which the first "
        f"{recording.warmup_ms:g} ms are warm-up"
    )
    click.echo(f"{_counted(recording.n_ranks, 'rank')} of {_counted(recording.threads, 'thread')}")
    click.echo("")
    for key, value in sorted(recording.provenance.items()):
        if value not in ("", None):
            click.echo(f"{key:<20} {value}")
    for key, seconds in recording.timings.items():
        click.echo(f"{key:<20} {seconds:.3f}")


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _print_network(recording: Recording) -> None:
    click.echo("")
    rows = [["population", "n", "first id", "kind", "model", "spikes"]]
    rows += [
        [p.name, f"{p.size:,}", str(p.first_id), p.kind, p.model, "yes" if p.spikes else "no"]
        for p in recording.populations.values()
    ]
    print_table(rows)
    if recording.projections:
        click.echo("")
        rows = [["projection", "synapses", "variable"]]
        for name, projection in recording.projections.items():
            count = recording.synapse_counts[name]
            shown = "not built" if count is None else f"{count:,}"
            rows.append([name, shown, projection.variable])
        print_table(rows)
    if recording.reports:
        click.echo("")
        rows = [["recorded", "population", "variable", "every (ms)", "from (ms)"]]
        for report in recording.reports:
            times = (report.every * recording.dt_ms, report.start * recording.dt_ms)
            rows.append(
                [report.name, report.population, report.variable, *(f"{t:g}" for t in times)]
            )
        print_table(rows)
    _print_synapses(recording)
    if _restructured(recording):
        click.echo("")
        rows = [["synapses that come and go", "times", "created", "deleted", "in the end", "C_eff"]]
        for name in _restructured(recording):
            told = _structure(recording, name)
            counts = (told[key] for key in ("times", "created", "deleted", "n_synapses"))
            rows.append([name, *(f"{n:,}" for n in counts), f"{told['C_eff']:.4g}"])
        print_table(rows)


def _print_platform(recording: Recording) -> None:
    if recording.platform is not None:
        click.echo("")
        click.echo(recording.platform.report())


def _platform(recording: Recording) -> dict[str, Any] | None:
    """Return the machine's account for JSON; the load as its extent and what was most."""
    told = recording.platform
    if told is None:
        return None
    load = told.load
    return {
        "name": told.name,
        "settings": told.settings,
        "mapping": told.mapping,
        "execution": told.execution,
        "load": {
            "bins": load.shape[0],
            "cores": load.shape[1],
            "every_ms": told.load_every_ms,
            "most": float(load.max()) if load.size else None,
        },
    }


def _print_synapses(recording: Recording) -> None:
    if recording.synapse_reports:
        click.echo("")
        rows = [["recorded of synapses", "variable", "which", "every (ms)", "from (ms)"]]
        for report in recording.synapse_reports:
            times = (report.every * recording.dt_ms, report.start * recording.dt_ms)
            rows.append(
                [report.projection, report.variable, report.kind, *(f"{t:g}" for t in times)]
            )
        print_table(rows)

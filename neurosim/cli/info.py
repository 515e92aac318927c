"""``neurosim info``: what a recording holds and where it comes from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .output import print_json, print_table

if TYPE_CHECKING:
    from ..recording import Recording


@click.command("info")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def command(file: Path, as_json: bool) -> None:
    """What the recording FILE holds: network, provenance, timings."""
    from ..recording import read  # noqa: PLC0415 - not for --help

    recording = read(file)
    if as_json:
        print_json(_account(recording))
        return
    _print_provenance(recording)
    _print_network(recording)


def _account(recording: Recording) -> dict[str, Any]:
    return {
        "recording": recording.path,
        "status": recording.status,
        "complete": recording.complete,
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
        "timings": recording.timings,
        "provenance": recording.provenance,
        "description": recording.description,
        "summary": recording.summary,
    }


def _print_provenance(recording: Recording) -> None:
    click.echo(f"{recording.path}: {recording.status or 'status unknown'}")
    click.echo(
        f"0 to {recording.stop_ms:g} ms in steps of {recording.dt_ms:g} ms, of which the first "
        f"{recording.warmup_ms:g} ms are warm-up"
    )
    click.echo("")
    for key, value in sorted(recording.provenance.items()):
        if value not in ("", None):
            click.echo(f"{key:<20} {value}")
    for key, seconds in recording.timings.items():
        click.echo(f"{key:<20} {seconds:.3f}")


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

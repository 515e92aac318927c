"""``neurosim doctor``: what works on this machine, and what to do about what does not."""

from __future__ import annotations

import click

from .output import print_json


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def command(as_json: bool) -> None:
    """Show compiler, CPU, cache, memory and optional parts."""
    from ..doctor import diagnose  # noqa: PLC0415 - not for --help

    checks = diagnose()
    if as_json:
        print_json({c.name: {k: v for k, v in vars(c).items() if k != "name"} for c in checks})
        return
    width = max(len(check.name) for check in checks)
    for check in checks:
        status = "ok" if check.ok else "problem" if check.required else "note"
        click.echo(f"{status:<8}{check.name.ljust(width)}  {check.detail}")
        if check.advice:
            click.echo(f"{'':<8}{'':<{width}}  -> {check.advice}")

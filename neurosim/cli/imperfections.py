"""``neurosim imperfections``: which imperfection of a machine matters for an experiment."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from ..errors import DescriptionError, UnsupportedError
from .output import print_json, print_lines
from .platform_options import parsed_setting, platform_options, taken
from .values import TimeType, parse_settings

if TYPE_CHECKING:
    from ..experiment import Experiment


@click.command("imperfections")
@click.argument("experiment")
@platform_options
@click.option(
    "--switch",
    multiple=True,
    metavar="NAME[=A,B,...]",
    help="Only this one, at these values. Repeatable.",
)
@click.option("--scale", type=float, help="Size relative to the full network.")
@click.option("--duration", type=TimeType(positive=True), help="Time after the warm-up.")
@click.option("--warmup", type=TimeType(), help="Simulated first, not counted.")
@click.option("--dt", type=TimeType(positive=True), help="Time step.")
@click.option("--seed", type=click.IntRange(0, 2**64 - 2), help="Of every random number.  [1]")
@click.option("--threads", type=click.IntRange(0), default=0, help="0: as many as fit.")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE", help="Repeatable.")
@click.option("--quick", is_flag=True, help="The experiment's small version.")
@click.option("--output", type=click.Path(path_type=Path), help="Folder of recordings and figure.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object as stdout's last line.")
def command(
    *,
    experiment: str,
    switch: tuple[str, ...],
    settings: tuple[str, ...],
    output: Path | None,
    as_json: bool,
    **typed: Any,
) -> None:
    """Run EXPERIMENT as a machine with each imperfection alone, with none and with all.

    Each is compared with the native run; another seed of it shows what chance alone changes.
    """
    if typed["platform"] is None:
        raise click.UsageError("give --platform NAME; see 'neurosim platforms'.")
    from ..experiment import load_experiment  # noqa: PLC0415 - imports Brian2

    machine = taken(typed)
    one_at_a_time = getattr(machine, "one_at_a_time", None)
    if one_at_a_time is None:
        raise UnsupportedError(
            f"platform {getattr(machine, 'name', machine)!r} does not say which of its settings "
            "are imperfections; run it with --platform-set and 'neurosim compare' the recordings."
        )
    name, found = load_experiment(experiment)
    if found.build is None or found.callbacks is not None:
        raise DescriptionError(
            f"{name} simulates several networks, or a closed loop; imperfections are compared "
            "on one network that runs by itself. Choose another experiment."
        )
    quick = typed.pop("quick")
    network, control = _networks(found, typed, parse_settings(settings), quick)
    made = one_at_a_time(
        network,
        switches=_switches(machine, switch),
        control=control,
        output=output,
        threads=typed["threads"],
        **_times(found, machine, typed, quick),
    )
    print_lines([str(made)], as_json)
    if output is not None:
        made.plot(output / "imperfections.png")
        print_lines([str(output / "imperfections.png")], as_json)
    if as_json:
        print_json(made.as_dict())


def _networks(
    found: Experiment, typed: dict[str, Any], settings: dict[str, Any], quick: bool
) -> tuple[Any, Any]:
    """Return the network, and the same with the next seed."""
    values = found.checked_settings(settings, quick)
    scale, seed = typed["scale"], typed["seed"]
    if scale is None and quick:
        scale = found.quick.get("scale")
    first = found.network(scale, seed, values)
    return first, found.network(scale, (found.seed if seed is None else seed) + 1, values)


def _switches(machine: Any, texts: tuple[str, ...]) -> dict[str, Any] | None:
    """Return names and values of ``name=a,b`` texts; None: the machine's own."""
    if not texts:
        return None
    usual, found = machine.settings(), {}
    for text in texts:
        name, equals, values = (part.strip() for part in text.partition("="))
        if equals:
            found[name] = [parsed_setting(type(machine), name, one) for one in values.split(",")]
        else:
            found[name] = usual.get(name)
    return found


def _times(found: Experiment, machine: Any, typed: dict[str, Any], quick: bool) -> dict[str, Any]:
    from ..platforms import usual_step  # noqa: PLC0415 - imports Brian2
    from ..units import second  # noqa: PLC0415 - imports Brian2

    times = found.times(quick)
    given = {n: typed[n] * second for n in ("duration", "warmup", "dt") if typed[n] is not None}
    times["dt"] = usual_step(machine, None, times["dt"])
    return times | given

"""``neurosim list``: experiments, models, rules, engines and what else is installed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import click

from .. import registry
from ..engines import engine_names
from ..errors import NeurosimError
from .platforms import tell_platform

_ENGINES = {
    "native": "generated C++ on threads; needs a C++ compiler (see 'neurosim doctor')",
    "brian2": "the reference: Brian2's own objects, slow, needs no compiler",
}


@click.command("list")
@click.argument("experiment", required=False)
def command(experiment: str | None) -> None:
    """List experiments, models, rules, engines and platforms, or what one of them has."""
    if experiment is not None:
        _one(experiment)
        return
    from ..description.distributions import Distribution  # noqa: PLC0415 - imports Brian2
    from ..description.pairwise import Pairwise  # noqa: F401, PLC0415 - a rule, too
    from ..description.rules import ConnectionRule  # noqa: PLC0415 - imports Brian2
    from ..models.catalogue import ENTRIES  # noqa: PLC0415 - not for --help
    from ..models.synapses import SYNAPSES  # noqa: PLC0415 - not for --help

    _section("experiments", _experiments())
    _section("models", {name: entry.summary for name, entry in ENTRIES.items()})
    _section("synapse models", {name: entry.summary for name, entry in SYNAPSES.items()})
    _section("connection rules", _first_lines(ConnectionRule.__subclasses__()))
    _section("distributions", _first_lines(Distribution.__subclasses__()))
    _section("engines", {name: _ENGINES.get(name, "") for name in engine_names()})
    _section("platforms", _platforms())
    for name in registry.names(registry.REGISTRIES):
        found: Mapping[str, Any] = registry.load(registry.REGISTRIES, name, "registry")
        summaries = {k: v.summary for k, v in found.items() if hasattr(v, "summary")}
        _section(name, summaries or _first_lines(found.values()))


def _experiments() -> dict[str, str]:
    found = {}
    for name in registry.names(registry.EXPERIMENTS):
        try:
            experiment = registry.load(registry.EXPERIMENTS, name, "experiment")
        except (ImportError, NeurosimError) as error:
            found[name] = f"cannot be loaded: {error}"
            continue
        settings = f"; settings: {', '.join(experiment.settings)}" if experiment.settings else ""
        found[name] = experiment.description + settings
    return found


def _platforms() -> dict[str, str]:
    from ..platforms import platform_class, platform_names  # noqa: PLC0415 - not for --help

    found = {}
    for name in platform_names():
        try:
            found[name] = str(getattr(platform_class(name), "summary", ""))
        except NeurosimError as error:
            found[name] = str(error)
    return found


def _one(name: str) -> None:
    """Tell what an experiment, a model, a rule or a platform of that name has."""
    if name not in registry.names(registry.EXPERIMENTS):
        from ..platforms import platform_names  # noqa: PLC0415 - not for --help

        if name in platform_names():
            tell_platform(name)
            return
        from ..models.catalogue import ENTRIES  # noqa: PLC0415 - not for --help
        from ..models.synapses import SYNAPSES  # noqa: PLC0415 - not for --help

        rules: Mapping[str, Any] = registry.load(registry.REGISTRIES, "plasticity", "registry")
        for entries in (ENTRIES, SYNAPSES, rules):
            if name in entries:
                click.echo(f"{name}: {entries[name].documentation()}")
                return
    _one_experiment(name)


def _one_experiment(name: str) -> None:
    from ..experiment import load_experiment  # noqa: PLC0415 - imports Brian2

    _, found = load_experiment(name)
    click.echo(f"{name}: {found.description}\n{found.reference}\n")
    declared = {setting.name: setting.describe() for setting in found.parameters}
    others = {key: str(value) for key, value in (found.settings or {}).items()}
    _section("settings (--set NAME=VALUE)", others | declared)
    _section("quick version (--quick)", {key: str(value) for key, value in found.quick.items()})


def _first_lines(objects: Iterable[Any]) -> dict[str, str]:
    return {o.__name__: (o.__doc__ or "").strip().splitlines()[0] for o in objects}


def _section(title: str, entries: Mapping[str, str]) -> None:
    click.echo(f"{title}:")
    if not entries:
        click.echo("  none in this version")
    width = max((len(name) for name in entries), default=0)
    for name, text in entries.items():
        click.echo(f"  {name.ljust(width)}  {text}".rstrip())
    click.echo("")

"""``--platform`` and what belongs to it: the options, the platform they make, and its reports."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import click

from ..errors import DescriptionError
from .output import print_lines
from .values import parse_value

if TYPE_CHECKING:
    from ..platforms import Platform

Command = TypeVar("Command", bound=Callable[..., Any])
_WORDS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}


def platform_options(command: Command) -> Command:
    """Add the options of a platform to a command; ``taken`` takes their values."""
    options = [
        click.option("--platform", help="Run it as this machine, of 'neurosim platforms'."),
        click.option("--platform-set", multiple=True, metavar="NAME=VALUE", help="Repeatable."),
        click.option(
            "--allow", multiple=True, metavar="NAME", help="An approximation; 'all'. Repeatable."
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def taken(typed: dict[str, Any]) -> Platform | None:
    """Return the platform that was typed, and take its options out of ``typed``.

    Raises
    ------
    click.UsageError
        Settings without a platform.
    UnknownNameError, DescriptionError
        There is no such platform or setting, or its value is not allowed.
    """
    name, texts = typed.pop("platform"), typed.pop("platform_set")
    allowed = typed.pop("allow")
    if name is None:
        if texts or allowed:
            option = "--platform-set" if texts else "--allow"
            raise click.UsageError(f"{option} needs --platform NAME; see 'neurosim platforms'.")
        return None
    return platform_of(name, texts, allowed)


def platform_of(name: str, texts: tuple[str, ...], allowed: tuple[str, ...]) -> Platform:
    """Return the platform of a name with settings as typed, such as ``boards=2``."""
    from ..platforms import get_platform, platform_class  # noqa: PLC0415 - imports Brian2

    found = platform_class(name)
    settings: dict[str, Any] = {}
    for text in texts:
        key, equals, value = (part.strip() for part in text.partition("="))
        if not equals or not key.isidentifier():
            raise DescriptionError(f"--platform-set {text!r} is not of the form name=value.")
        if key in settings:
            raise DescriptionError(f"--platform-set {key}=... is given twice; give it once.")
        settings[key] = parsed_setting(found, key, value)
    if allowed:
        settings["allow"] = tuple(allowed)
    made = get_platform(name, settings)
    if made is None:
        raise DescriptionError(f"platform {name!r} made nothing of its settings.")
    return made


def parsed_setting(platform: Any, key: str, text: str) -> Any:
    """Return what a text stands for; a word that is one of a setting's choices is that choice."""
    own = {f.name: f for f in fields(platform)} if is_dataclass(platform) else {}
    if key in own:
        choices = {str(choice): choice for choice in own[key].metadata.get("choices", ())}
        if text in choices:
            return choices[text]
        if isinstance(own[key].default, bool) and text.lower() in _WORDS:
            return _WORDS[text.lower()]
        if isinstance(own[key].default, str) and not choices:
            return text.strip("'\"")
    return parse_value(text, f"--platform-set {key}")


def tell_mapping(report: Mapping[str, Any] | None, to_stderr: bool = False) -> None:
    """Print a mapping report, if there is one."""
    if report is not None:
        from ..analysis.machine_text import mapping_lines  # noqa: PLC0415 - when there is one

        print_lines([*mapping_lines(report), ""], to_stderr)


def tell_execution(report: Mapping[str, Any] | None, to_stderr: bool = False) -> None:
    """Print an execution report, if there is one."""
    if report:
        from ..analysis.machine_text import execution_lines  # noqa: PLC0415 - when there is one

        print_lines(["", *execution_lines(report), ""], to_stderr)


def account_of(simulation: Any) -> dict[str, Any]:
    """Return what JSON output tells of a simulation's machine; nothing if it ran on none."""
    if simulation.platform is None:
        return {}
    return {
        "platform": simulation.platform.name,
        "platform_settings": simulation.platform.settings(),
        "mapping": simulation.mapping,
        "execution": simulation.execution,
    }

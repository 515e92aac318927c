"""Machines that networks can be run as: what a platform is, and which are installed.

Platforms are found by the entry points of the group ``neurosim.platforms``; the core imports none.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from . import registry
from .engines.base import Engine
from .errors import DescriptionError, UnknownNameError, UnsupportedError
from .lowering.program import Program

if TYPE_CHECKING:
    from .description.network import Network
    from .parallel.communicator import Communicator

GROUP = "neurosim.platforms"


@dataclass(frozen=True, eq=False)
class Mapped:
    """A network as a machine would hold it.

    Attributes
    ----------
    program : Program
        What the engine runs.
    report : dict
        JSON-able: what was placed where, rounded, clipped, merged or lost.
    engine : callable
        From the engine that runs programs to one that runs this one: its values are in SI units
        again, and its executables have ``execution_report()``.
    """

    program: Program
    report: dict[str, Any]
    engine: Callable[[Engine], Engine]


class Platform(Protocol):
    """A neuromorphic machine, with its settings."""

    @property
    def name(self) -> str:
        """Name on the command line and in recordings."""

    @property
    def timestep(self) -> Any:
        """Time step (Quantity) that the machine wants; None: whatever the user gives."""

    def settings(self) -> dict[str, Any]:
        """Return the settings as JSON-able data, for the recording."""

    def prepare(self, network: Network, dt: Any) -> Network:
        """Return the network whose description is the machine's; the one given is not changed.

        Raises
        ------
        MappingError
            Something stands in the way; all that does is listed.
        """

    def map(self, program: Program, ranks: Communicator) -> Mapped:
        """Place a lowered network on the machine.

        Raises
        ------
        MappingError
            Something stands in the way; all that does is listed.
        """


def platform_names() -> list[str]:
    """Return the names of the installed platforms, sorted."""
    return registry.names(GROUP)


def platform_class(name: str) -> Callable[..., Platform]:
    """Return the class of a platform by its name.

    Raises
    ------
    UnknownNameError
        None is announced under that name; the message lists those that are.
    UnsupportedError
        It is announced, and cannot be imported.
    """
    try:
        found: Callable[..., Platform] = registry.load(GROUP, name, "platform")
    except (ImportError, AttributeError) as error:
        others = ", ".join(n for n in platform_names() if n != name) or "none"
        raise UnsupportedError(
            f"platform {name!r} is announced by an installed package and cannot be loaded: "
            f"{error}. Install that package again, or choose another platform ({others})."
        ) from error
    return found


def get_platform(
    given: str | Platform | None, settings: Mapping[str, Any] | None = None
) -> Platform | None:
    """Return a platform: by its name with some settings, or the one given.

    Raises
    ------
    UnknownNameError
        No platform, or no setting of it, has that name.
    DescriptionError
        A setting has a value that is not allowed.
    """
    if isinstance(given, str):
        made = platform_class(given)
        known = [name for name in inspect.signature(made).parameters if name != "self"]
        for name in settings or {}:
            if name not in known:
                raise UnknownNameError("setting", name, known, f"platform {given}")
        return made(**dict(settings or {}))
    if settings:
        raise DescriptionError("settings of a platform need its name: --platform spinnaker.")
    if given is not None and (isinstance(given, type) or not hasattr(given, "map")):
        shown = f"{given.__name__} itself" if isinstance(given, type) else repr(given)
        raise DescriptionError(
            f"platform={shown} is not a platform; give one, such as "
            'neurosim.neuromorphic.SpiNNaker(), or its name, such as "spinnaker".'
        )
    return given


def setting_names(platform: Platform | None) -> list[str]:
    """Return the names of a platform's settings that can be changed one by one."""
    return [f.name for f in fields(platform)] if is_dataclass(platform) else []


def with_settings(platform: Platform, changes: Mapping[str, Any]) -> Platform:
    """Return a platform with some settings changed; the one given is not.

    Raises
    ------
    UnknownNameError, DescriptionError
        It has no such setting, or the value is not allowed.
    """
    known = setting_names(platform)
    for name in changes:
        if name not in known:
            raise UnknownNameError("setting", name, known, "the platform")
    changed: Platform = replace(platform, **changes)  # type: ignore[type-var]
    return changed


def usual_step(platform: str | Platform | None, given: Any, otherwise: Any = None) -> Any:
    """Return a time step: the one given, else what the platform wants, else another."""
    machine = get_platform(platform)
    wanted = otherwise if machine is None or machine.timestep is None else machine.timestep
    return wanted if given is None else given


def told(platform: Platform | None) -> str:
    """Return a platform's name and settings as text, what tells it from others; "" without one."""
    if platform is None:
        return ""
    facts = {"name": platform.name, "settings": platform.settings()}
    return json.dumps(facts, sort_keys=True, default=str)

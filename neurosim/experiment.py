"""An experiment: a network that can be built at a scale and from a seed, and how to run it."""

from __future__ import annotations

import ast
import importlib.util
import inspect
import math
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import registry
from .errors import DescriptionError, UnknownNameError

if TYPE_CHECKING:
    from .description.network import Network

_OWN_OPTIONS = ("scale", "seed")


@dataclass(frozen=True)
class Experiment:
    """A network and how it is run, for ``neurosim run``.

    Parameters
    ----------
    build : callable
        ``build(scale=..., seed=..., **settings)`` returns a Network. It may leave ``scale`` or
        ``seed`` out, and is then never given them.
    duration, warmup, dt : Quantity of time, optional
        1 s, 500 ms and 0.1 ms unless given. The duration counts after the warm-up.
    scale : float
        Size used unless the user asks for another; 1 is the full network.
    settings : mapping, optional
        The names ``--set`` may change and their values otherwise. By default the keyword
        parameters of ``build`` other than scale and seed.
    description, reference : str
        One line for ``neurosim list``; where the network was published.
    figures : tuple of str
        Kinds of plot drawn beside the recording, ``"raster"`` or ``"rates"``.
    summary : callable, optional
        Given the Recording, returns lines of text to print after the table.

    Examples
    --------
    >>> experiment = ns.Experiment(build=build, duration=2*second)          # doctest: +SKIP
    """

    build: Callable[..., Network]
    duration: Any = None
    warmup: Any = None
    dt: Any = None
    scale: float = 1.0
    settings: Mapping[str, Any] | None = None
    description: str = ""
    reference: str = ""
    figures: tuple[str, ...] = ("raster",)
    summary: Callable[[Any], list[str]] | None = None
    _accepted: frozenset[str] = field(init=False, repr=False, default=frozenset())

    def __post_init__(self) -> None:
        if not callable(self.build):
            raise DescriptionError(
                f"Experiment(build={self.build!r}): build must be a function that returns a "
                "Network, such as def build(scale=1.0, seed=1)."
            )
        parameters = inspect.signature(self.build).parameters.values()
        keywords = {
            p.name: p.default
            for p in parameters
            if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
        }
        object.__setattr__(self, "_accepted", frozenset(keywords))
        if self.settings is None:
            found = {n: d for n, d in keywords.items() if n not in _OWN_OPTIONS}
            object.__setattr__(self, "settings", found)

    def network(
        self,
        scale: float | None = None,
        seed: int | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> Network:
        """Build the network.

        Raises
        ------
        UnknownNameError
            A setting is not one of the experiment's; the message lists those that are.
        DescriptionError
            The experiment has no scale or no seed and one was given, or ``build`` did not
            return a Network.
        """
        from .description.network import Network  # noqa: PLC0415 - needs Brian2, slow to import

        allowed = self.settings or {}
        for name in settings or {}:
            if name not in allowed:
                raise UnknownNameError("setting", name, allowed, "--set")
        if scale is not None and not 0 < scale < math.inf:
            raise DescriptionError(f"scale is {scale}; it must be more than 0 and finite.")
        arguments = dict(settings or {})
        for name, given, default in (("scale", scale, self.scale), ("seed", seed, 1)):
            if name in self._accepted:
                arguments[name] = default if given is None else given
            elif given is not None:
                raise DescriptionError(
                    f"this experiment takes no {name}: its build() has no such parameter. "
                    f"Leave --{name} out, or add {name}=... to build()."
                )
        network = self.build(**arguments)
        if not isinstance(network, Network):
            raise DescriptionError(
                f"build() returned {type(network).__name__}, not a Network; end it with "
                "'return net'."
            )
        return network


def load_experiment(name: str) -> tuple[str, Experiment]:
    """Return the name and the experiment: a shipped name, or a path to a Python file.

    Only the file that is named is executed.

    Raises
    ------
    UnknownNameError
        No experiment of that name is installed.
    DescriptionError
        The file is not there, is not Python or defines no ``experiment``.
    """
    path = Path(name)
    if path.suffix != ".py":
        found = registry.load(registry.EXPERIMENTS, name, "experiment")
        return name, _checked(found, f"experiment {name!r}")
    if not path.is_file():
        shipped = ", ".join(registry.names(registry.EXPERIMENTS))
        raise DescriptionError(
            f"there is no file {name}. Give the path of a Python file, or one of: {shipped}."
        )
    return path.stem, _checked(_run_file(path), name)


def _checked(found: Any, where: str) -> Experiment:
    if not isinstance(found, Experiment):
        raise DescriptionError(
            f"{where} defines no experiment. Write experiment = ns.Experiment(build=build), where "
            "build(scale=1.0, seed=1) returns the Network."
        )
    return found


def _run_file(path: Path) -> Any:
    try:
        source = path.read_text(encoding="utf-8")
        ast.parse(source, filename=str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise DescriptionError(f"{path} cannot be read: {error}.") from error
    except (SyntaxError, ValueError) as error:
        raise DescriptionError(f"{path} is not valid Python: {error}.") from error
    module_name = f"_neurosim_experiment_{path.stem}"
    spec = importlib.util.spec_from_file_location(module_name, path)
    if spec is None or spec.loader is None:
        raise DescriptionError(f"{path} cannot be loaded as a Python file.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    before = sys.dont_write_bytecode
    sys.dont_write_bytecode = True
    try:
        spec.loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = before
    return getattr(module, "experiment", None)

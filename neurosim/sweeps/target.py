"""What a sweep runs: an experiment, or a function that builds a network."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..errors import DescriptionError, UnknownNameError
from ..experiment import Experiment, load_experiment
from ..platforms import Platform, setting_names, with_settings
from .points import Point

OF_PLATFORM = "platform."
Build = Callable[..., Any]
Measure = Callable[[Any], Mapping[str, Any]]


@dataclass(frozen=True)
class Plan:
    """How every point of a sweep is run; what a worker process is given.

    Attributes
    ----------
    what : str, callable or Experiment
        As the user gave it.
    folder : Path
        Where recordings, results and the index go.
    settings : mapping
        The same at every point.
    scale, duration, warmup, dt, quick, engine, threads, precision
        As for ``Experiment.run``.
    keep : bool
        Whether recordings are kept.
    measure : callable or None
    names : tuple of str
        What varies; ``platform.NAME`` is a setting of the platform.
    platform : Platform or None
        What every network is run as.
    """

    what: str | Build | Experiment
    folder: Path
    settings: Mapping[str, Any] = field(default_factory=dict)
    scale: float | None = None
    duration: Any = None
    warmup: Any = None
    dt: Any = None
    quick: bool = False
    engine: str | None = None
    threads: int = 0
    precision: str = "double"
    keep: bool = True
    measure: Measure | None = None
    names: tuple[str, ...] = ()
    platform: Platform | None = None

    def arguments(self, point: Point) -> tuple[float | None, dict[str, Any]]:
        """Return the scale and the settings of a point."""
        varied = {k: v for k, v in point.parameters.items() if not k.startswith(OF_PLATFORM)}
        settings = {**self.settings, **varied}
        return settings.pop("scale", self.scale), settings

    def machine(self, point: Point) -> Platform | None:
        """Return the platform at a point."""
        changes = {
            name.removeprefix(OF_PLATFORM): value
            for name, value in point.parameters.items()
            if name.startswith(OF_PLATFORM)
        }
        if self.platform is None or not changes:
            return self.platform
        return with_settings(self.platform, changes)


@dataclass(frozen=True)
class Target:
    """An experiment by its name, ready to be run at the points of a plan."""

    name: str
    experiment: Experiment
    plan: Plan

    @property
    def takes_seed(self) -> bool:
        """Whether it can be run from different seeds."""
        build = self.experiment.build
        return build is None or "seed" in inspect.signature(build).parameters

    def model(self, point: Point) -> str:
        """Return a digest of the model at a point: its network, or the text that defines it."""
        from ..lowering.digest import network_digest  # noqa: PLC0415 - imports Brian2

        scale, settings = self.plan.arguments(point)
        if self.experiment.build is not None:
            checked = self.experiment.checked_settings(settings, self.plan.quick)
            return network_digest(self.experiment.network(scale, point.seed, checked))
        what = self.plan.what
        path = Path(what) if isinstance(what, str) else Path()
        text = f"{self.name}: {self.experiment.reference}"
        if path.suffix == ".py" and path.is_file():
            text = path.read_text(encoding="utf-8")
        return hashlib.sha256(text.encode()).hexdigest()


def target_of(plan: Plan) -> Target:
    """Return what a plan runs.

    Raises
    ------
    DescriptionError, UnknownNameError
        There is no such experiment, or it does not take what varies.
    """
    what = plan.what
    if isinstance(what, str):
        name, experiment = load_experiment(what)
    elif isinstance(what, Experiment):
        name, experiment = _module_name(what), what
    elif callable(what):
        name = getattr(what, "__name__", type(what).__name__)
        experiment = _built_by(what, name, plan)
    else:
        raise DescriptionError(
            "a sweep runs a function that returns a Network, an Experiment or the name of one, "
            f"not {what!r}."
        )
    known = {*(experiment.settings or {}), "scale"}
    known |= {f"{OF_PLATFORM}{name}" for name in setting_names(plan.platform)}
    for parameter in (*plan.names, *plan.settings):
        if parameter not in known:
            raise UnknownNameError("parameter", parameter, known, f"the sweep of {name}")
    for parameter in plan.names:
        if parameter in plan.settings or (parameter == "scale" and plan.scale is not None):
            raise DescriptionError(
                f"{parameter} is varied by the sweep and also given one value; leave one out."
            )
    return Target(name, experiment, plan)


def _module_name(experiment: Experiment) -> str:
    function = experiment.build or experiment.perform
    return str(getattr(function, "__module__", "experiment")).rsplit(".", 1)[-1]


def _built_by(build: Build, name: str, plan: Plan) -> Experiment:
    """Return the experiment of a function that builds a network."""
    from ..units import second  # noqa: PLC0415 - needs Brian2

    if plan.duration is None:
        raise DescriptionError(f"how long is {name}() to be simulated? Give duration=1*second.")
    parameters = inspect.signature(build).parameters.values()
    defaults = {p.name: p.default for p in parameters if p.default is not p.empty}
    given = {*plan.names, *plan.settings}
    missing = [
        p.name
        for p in parameters
        if p.default is p.empty
        and p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
        and p.name not in {*given, "seed", "scale"}
    ]
    if missing:
        raise DescriptionError(
            f"{name}() needs {', '.join(missing)}: vary it, give it with settings=, or give it a "
            "default."
        )
    anything = any(p.kind is p.VAR_KEYWORD for p in parameters)
    settings = dict.fromkeys(given - {"scale", "seed"}) if anything else None
    return Experiment(
        build=build,
        settings=settings,
        warmup=0 * second,
        scale=defaults.get("scale", 1.0),
        seed=defaults.get("seed") or 1,
    )

"""An experiment: networks that can be built at a scale and from a seed, and how to run them."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import registry
from .errors import DescriptionError, UnknownNameError
from .parallel.world import world
from .platforms import usual_step
from .python_files import run_file
from .results import Check, Results
from .runs import Runs, output_folder
from .settings import Setting, keywords_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from .callbacks import Callback
    from .config.network import NetworkFile
    from .description.network import Network
    from .recording import Recording

NETWORK_FILES = (".yaml", ".yml", ".toml")
_OWN_OPTIONS = ("scale", "seed")
_QUICK_OWN = ("scale", "duration", "warmup", "dt")


@dataclass(frozen=True)
class Experiment:
    """Networks, how they are run and what comes out, for ``neurosim run``.

    Give ``build`` for one network simulated once, or ``perform`` for anything else.

    Parameters
    ----------
    build : callable, optional
        ``build(scale=..., seed=..., **settings)`` returns a Network. It may leave ``scale`` or
        ``seed`` out, and is then never given them.
    duration, warmup, dt : Quantity of time, optional
        1 s, 500 ms and 0.1 ms unless given. The duration counts after the warm-up.
    scale : float or None
        Size used unless the user asks for another; 1 is the full network. None: it has one size.
    settings : mapping, optional
        The names ``--set`` may change and their values otherwise. By default the keyword
        parameters of ``build`` or ``perform`` other than scale and seed.
    description, reference : str
        One line for ``neurosim list``; where the network was published.
    figures : tuple of str
        Kinds of plot drawn beside the recording of ``build``, ``"raster"`` or ``"rates"``.
    summary : callable, optional
        Given the Recording of ``build``, returns lines of text to print after the table.
    perform : callable, optional
        ``perform(runs, **settings)`` simulates with the methods of ``runs`` (:class:`Runs`),
        which also holds scale, seed and duration, and returns :class:`Results`.
    parameters : tuple of Setting, optional
        The settings with help, range and choices; in place of ``settings``.
    callbacks : callable, optional
        ``callbacks(network, **settings)`` returns what to call while the network of ``build``
        runs, a list of :class:`Callback`: a world that the network acts on, or a teacher. Of the
        settings it gets those that it has parameters for.
    checks : callable, optional
        Given the Recording of ``build``, returns a list of :class:`Check`.
    figure : callable, optional
        Given the Recording of ``build``, returns a matplotlib figure, in place of ``figures``.
    quick : mapping, optional
        Values of scale, duration, warmup, dt and settings that make ``--quick`` end in seconds.
    shortest : Quantity of time, optional
        The shortest duration of ``perform`` that its analysis can use.
    seed : int
        Used unless the user asks for another.

    Examples
    --------
    >>> experiment = ns.Experiment(build=build, duration=2*second)          # doctest: +SKIP
    """

    build: Callable[..., Network] | None = None
    duration: Any = None
    warmup: Any = None
    dt: Any = None
    scale: float | None = 1.0
    settings: Mapping[str, Any] | None = None
    description: str = ""
    reference: str = ""
    figures: tuple[str, ...] = ("raster",)
    summary: Callable[[Any], list[str]] | None = None
    perform: Callable[..., Results] | None = None
    parameters: tuple[Setting, ...] = ()
    callbacks: Callable[..., list[Callback]] | None = None
    checks: Callable[[Recording], list[Check]] | None = None
    figure: Callable[[Recording], Figure] | None = None
    quick: Mapping[str, Any] = field(default_factory=dict)
    shortest: Any = None
    seed: int = 1
    _accepted: frozenset[str] = field(init=False, repr=False, default=frozenset())

    def __post_init__(self) -> None:
        if (self.build is None) == (self.perform is None):
            raise DescriptionError(
                "Experiment: give either build, a function that returns one Network, or perform, "
                "a function that simulates and returns Results."
            )
        function = self.build if self.perform is None else self.perform
        if not callable(function):
            raise DescriptionError(
                f"Experiment(build={function!r}): build must be a function that returns a "
                "Network, such as def build(scale=1.0, seed=1)."
            )
        if self.callbacks is not None and self.perform is not None:
            raise DescriptionError(
                "Experiment: callbacks go with build; in perform, give them to "
                "runs.simulate(name, network, callbacks=[...])."
            )
        found = keywords_of(function)
        keywords = dict(found[1:] if self.perform else found)
        object.__setattr__(self, "_accepted", frozenset(keywords))
        if self.parameters:
            named = {p.name: p.default for p in self.parameters}
            object.__setattr__(self, "settings", named)
        elif self.settings is None:
            named = {n: d for n, d in keywords.items() if n not in _OWN_OPTIONS}
            object.__setattr__(self, "settings", named)
        for name in self.quick:
            if name not in (*_QUICK_OWN, *(self.settings or {})):
                raise UnknownNameError("setting", name, self.settings or {}, "Experiment: quick")

    def checked_settings(
        self, given: Mapping[str, Any] | None = None, quick: bool = False
    ) -> dict[str, Any]:
        """Return the settings to use: what was given, else those of the quick version.

        Raises
        ------
        UnknownNameError
            A setting is not one of the experiment's; the message lists those that are.
        DescriptionError, DimensionError
            A value is not allowed.
        """
        allowed = self.settings or {}
        for name in given or {}:
            if name not in allowed:
                raise UnknownNameError("setting", name, allowed, "--set")
        small = {k: v for k, v in self.quick.items() if k not in _QUICK_OWN} if quick else {}
        values = {**small, **(given or {})}
        declared = {p.name: p for p in self.parameters}
        return {k: declared[k].check(v) if k in declared else v for k, v in values.items()}

    def network(
        self,
        scale: float | None = None,
        seed: int | None = None,
        settings: Mapping[str, Any] | None = None,
    ) -> Network:
        """Build the network of an experiment that has ``build``.

        Raises
        ------
        UnknownNameError
            A setting is not one of the experiment's; the message lists those that are.
        DescriptionError
            The experiment has no scale or no seed and one was given, or ``build`` did not
            return a Network.
        """
        from .description.network import Network  # noqa: PLC0415 - needs Brian2, slow to import

        if self.build is None:
            raise DescriptionError(
                "this experiment simulates several networks, so it has no network of its own; "
                "call run(), or the functions of neurosim.networks."
            )
        arguments = self.checked_settings(settings)
        self._check_scale(scale)
        for name, given, default in (("scale", scale, self.scale), ("seed", seed, self.seed)):
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

    def callbacks_of(
        self, network: Network, settings: Mapping[str, Any] | None = None
    ) -> list[Callback]:
        """Return what is to be called while a network of ``build`` runs, made anew."""
        if self.callbacks is None:
            return []
        values = {**(self.settings or {}), **(settings or {})}
        taken = dict(keywords_of(self.callbacks)[1:])
        return list(self.callbacks(network, **{k: v for k, v in values.items() if k in taken}))

    def times(self, quick: bool = False) -> dict[str, Any]:
        """Return ``duration``, ``warmup`` and ``dt`` as run unless the user asks otherwise."""
        from .units import ms, second  # noqa: PLC0415 - slow to import

        usual = {"duration": 1.0 * second, "warmup": 500 * ms, "dt": 0.1 * ms}
        own = {n: usual[n] if getattr(self, n) is None else getattr(self, n) for n in usual}
        return own | {n: v for n, v in self.quick.items() if quick and n in usual}

    def run(
        self,
        *,
        scale: float | None = None,
        seed: int | None = None,
        duration: Any = None,
        warmup: Any = None,
        dt: Any = None,
        quick: bool = False,
        output: str | os.PathLike[str] | None = None,
        name: str = "experiment",
        settings: Mapping[str, Any] | None = None,
        started: Callable[[Runs], object] | None = None,
        **options: Any,
    ) -> Results:
        """Run the whole experiment.

        Parameters
        ----------
        scale, seed, duration, warmup, dt
            In place of the experiment's.
        quick : bool
            The small version, which ends in seconds.
        output : path, optional
            A folder for the recordings, ``results.json`` and ``figure.png``; created if it is
            not there. Nothing is kept unless given.
        name : str
            Of the recording of an experiment with ``build``.
        settings : mapping, optional
            As ``--set``.
        started : callable, optional
            Given the :class:`Runs` before the first simulation, to follow them.
        **options
            ``engine``, ``threads``, ``precision``, ``progress``, ``communicator``, ``platform``.

        Returns
        -------
        Results

        Raises
        ------
        UnknownNameError, DescriptionError, DimensionError
            A setting is unknown or not allowed.
        """
        arguments = self.checked_settings(settings, quick)
        self._check_scale(scale)
        dt = usual_step(options.get("platform"), dt)
        given = {"duration": duration, "warmup": warmup, "dt": dt}
        times = self.times(quick) | {k: v for k, v in given.items() if v is not None}
        self._check_duration(times["duration"])
        usual = self.quick.get("scale", self.scale) if quick else self.scale
        size = scale or usual or 1.0
        runs = Runs(
            scale=size,
            seed=self.seed if seed is None else seed,
            quick=quick,
            folder=output_folder(output),
            facts={
                "experiment": name,
                "scale": size,
                "settings": {k: str(v) for k, v in arguments.items()},
                "reference": self.reference,
            },
            **times,
            **options,
        )
        if started is not None:
            started(runs)
        results = self._perform(runs, name, scale, seed, arguments)
        _keep(results, runs)
        return results

    def _perform(
        self,
        runs: Runs,
        name: str,
        scale: float | None,
        seed: int | None,
        arguments: dict[str, Any],
    ) -> Results:
        if self.perform is not None:
            results = self.perform(runs, **arguments)
            if not isinstance(results, Results):
                raise DescriptionError(
                    f"perform() returned {type(results).__name__}, not Results; end it with "
                    "'return ns.Results(...)'."
                )
        else:
            own_scale = runs.scale if "scale" in self._accepted else scale
            network = self.network(own_scale, seed, arguments)
            called = self.callbacks_of(network, arguments)
            recording = runs.simulate(name, network, callbacks=called)
            results = self.results(recording)
        results.recordings = runs.recordings()
        return results

    def results(self, recording: Recording) -> Results:
        """Return checks, figure and lines of a recording of ``build``'s network."""
        metrics = {k: v for k, v in asdict(recording.metrics()).items() if k != "projections"}
        return Results(
            metrics=metrics,
            checks=[] if self.checks is None else self.checks(recording),
            figure=self._figure(recording),
            lines=[] if self.summary is None else self.summary(recording),
        )

    def _check_scale(self, scale: float | None) -> None:
        if scale is not None and self.scale is None:
            raise DescriptionError("this experiment has one size; leave --scale out.")
        if scale is not None and not 0 < scale < math.inf:
            raise DescriptionError(f"scale is {scale}; it must be more than 0 and finite.")

    def _check_duration(self, duration: Any) -> None:
        if self.shortest is not None and float(duration) < float(self.shortest):
            raise DescriptionError(
                f"a duration of {duration} is too short for what this experiment measures; give "
                f"at least {self.shortest}."
            )

    def _figure(self, recording: Recording) -> Figure | None:
        if self.figure is not None:
            return self.figure(recording)
        return recording.plot(self.figures[0]) if self.figures else None


def _keep(results: Results, runs: Runs) -> None:
    """Write the results and the figure beside the recordings, once for ranks that work together."""
    if runs.folder is None or (runs.communicator or world()).share.rank != 0:
        return
    results.save(runs.folder / "results.json", {**runs.facts, "seed": runs.seed}, everywhere=True)
    if results.figure is not None:
        from .analysis.canvas import save  # noqa: PLC0415 - when there is something

        save(results.figure, runs.folder / "figure.png", everywhere=True)


def load_experiment(name: str) -> tuple[str, Experiment]:
    """Return the name and the experiment: a shipped name, or a path to a Python, YAML or TOML file.

    Only the Python file that is named is executed.

    Raises
    ------
    UnknownNameError
        No experiment of that name is installed.
    DescriptionError
        The file is not there, is not Python or defines no ``experiment``.
    """
    path = Path(name)
    if path.suffix.lower() in NETWORK_FILES:
        return path.stem, _described(path)
    if path.suffix != ".py":
        found = registry.load(registry.EXPERIMENTS, name, "experiment")
        return name, _checked(found, f"experiment {name!r}")
    if not path.is_file():
        shipped = ", ".join(registry.names(registry.EXPERIMENTS))
        raise DescriptionError(
            f"there is no file {name}. Give the path of a Python file, or one of: {shipped}."
        )
    return path.stem, _checked(run_file(path), name)


def _checked(found: Any, where: str) -> Experiment:
    if not isinstance(found, Experiment):
        raise DescriptionError(
            f"{where} defines no experiment. Write experiment = ns.Experiment(build=build), where "
            "build(scale=1.0, seed=1) returns the Network."
        )
    return found


def _described(path: Path) -> Experiment:
    """Return the experiment of a file that describes a network; nothing of it is executed."""
    from .config.network import load  # noqa: PLC0415 - imports Brian2

    return described(load(path))


def described(file: NetworkFile) -> Experiment:
    """Return the experiment of what a YAML or TOML file says."""
    header = {key: value for key, value in file.header.items() if key != "name"}
    if "figures" in header:
        header["figures"] = tuple(header["figures"])
    if isinstance(file.settings.get("scale"), float | int):
        header["scale"] = file.settings["scale"]
    settings = {key: value for key, value in file.settings.items() if key != "scale"}
    build = file.build_scaled if "scale" in header else file.build
    return Experiment(build=build, settings=settings, seed=file.seed, **file.simulation, **header)

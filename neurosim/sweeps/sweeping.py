"""Running one network or experiment at many parameters and seeds."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

from ..cores import sensible_threads
from ..errors import DescriptionError
from ..experiment import Experiment
from ..parallel.communicator import Communicator
from ..parallel.world import world
from ..platforms import Platform, get_platform
from ..progress import Progress, Quiet
from .course import Course
from .points import points_of, seeds_of
from .results import SweepResults, read_sweep
from .target import Build, Measure, Plan, Target, target_of
from .workers import require_importable


def sweep(
    what: str | Build | Experiment,
    over: Mapping[str, Any] | Iterable[Mapping[str, Any]],
    *,
    seeds: int | Iterable[int] = 1,
    samples: int | None = None,
    sample_seed: int = 1,
    duration: Any = None,
    warmup: Any = None,
    dt: Any = None,
    scale: float | None = None,
    settings: Mapping[str, Any] | None = None,
    quick: bool = False,
    engine: str | None = None,
    threads: int = 0,
    precision: Literal["double", "single"] = "double",
    workers: int = 1,
    output: str | os.PathLike[str] | None = None,
    keep: bool = True,
    measure: Measure | None = None,
    retry: bool = False,
    progress: Progress | None = None,
    platform: str | Platform | None = None,
) -> SweepResults:
    """Simulate a network at many parameters and seeds, and keep an index of the runs.

    The code is compiled once, as parameters are values, not code. Under ``mpiexec`` the ranks
    share the runs among them, each of which one rank simulates; every rank returns the results.

    Parameters
    ----------
    what : callable, Experiment or str
        A function ``build(g=..., eta=..., seed=...)`` that returns a Network; or an experiment, or
        its name or file as for ``neurosim run``.
    over : mapping or sequence of mappings
        Parameters and their values: all combinations of ``{"g": [4, 5], "eta": [1, 2]}``, or the
        combinations themselves. A distribution such as ``ns.Uniform(3, 6)`` is sampled. ``scale``
        may be among the parameters.
    seeds : int or sequence of int
        How many, from the experiment's seed on, or which; every combination is run from each.
    samples, sample_seed : int
        How many times to draw from the distributions, and the seed of the draws.
    duration, warmup, dt : Quantity of time, optional
        The experiment's unless given; a function needs a duration, and has no warm-up.
    scale, settings, quick, engine, threads, precision
        As for ``Experiment.run``, the same at every point. With several workers, threads are the
        cores divided by them unless given.
    workers : int
        Processes that simulate at the same time; 0: as many as there are cores. The functions
        must then be importable, from the top level of a file.
    output : path, optional
        The folder of recordings and index. When it holds a part of the same sweep, that part is
        not run again. A temporary folder unless given.
    keep : bool
        False: recordings are measured and dropped.
    measure : callable, optional
        Given the Recording of a run, returns a dict of numbers; by default the metrics of an
        experiment that has its own, else rates, CV, C_eff and S.
    retry : bool
        Run points again that failed before.
    progress : Progress, optional
    platform : Platform or str, optional
        The neuromorphic machine that every network is run as. Its settings are parameters, too:
        ``{"platform.weight_noise": [0, 0.1, 0.2]}``.

    Returns
    -------
    SweepResults

    Raises
    ------
    DescriptionError
        Something that was given is not allowed, before anything is run.
    SweepError
        The folder holds another sweep, or a worker ended by an error that is not of one point
        alone. Errors of one point, such as a NaN, are noted in its entry.
    SweepInterrupted
        Ctrl-C or SIGTERM; the runs that ended are kept.

    Examples
    --------
    >>> results = ns.sweep(build, {"g": [4, 5, 6], "eta": [1.5, 2]}, seeds=5,
    ...                    duration=1*second, output="sweep", workers=4)    # doctest: +SKIP
    >>> results.plot("g", "E.rate_hz")                                      # doctest: +SKIP
    """
    ranks = world()
    folder, temporary = _folder(output, ranks)
    count = _worker_count(workers, ranks)
    listed = over if isinstance(over, Mapping) else list(over)
    plan = Plan(
        what=what, folder=folder, settings=dict(settings or {}), scale=scale, duration=duration,
        warmup=warmup, dt=dt, quick=quick, engine=engine, precision=precision, keep=keep,
        measure=measure, names=_names(listed), platform=get_platform(platform),
        threads=threads or (max(1, sensible_threads() // count) if count > 1 else 0),
    )  # fmt: skip
    target = target_of(plan)
    points = points_of(listed, _seeds(target, seeds), samples, sample_seed)
    if count > 1 and ranks.share.whole:
        require_importable(plan)
    Course(target, points, count, ranks, progress or Quiet()).go(retry)
    return read_sweep(folder, points, temporary)


def _names(over: Any) -> tuple[str, ...]:
    if isinstance(over, Mapping):
        return tuple(over)
    mappings = [item for item in over if isinstance(item, Mapping)]
    return tuple(dict.fromkeys(name for item in mappings for name in item))


def _seeds(target: Target, seeds: int | Iterable[int]) -> list[int | None]:
    if target.takes_seed:
        return list(seeds_of(seeds, target.experiment.seed))
    if isinstance(seeds, int) and seeds == 1:
        return [None]
    raise DescriptionError(
        f"{target.name} takes no seed, so it cannot be run from several; add seed=1 to the "
        "parameters of build(), or leave seeds out."
    )


def _worker_count(workers: int, ranks: Communicator) -> int:
    if isinstance(workers, bool) or not isinstance(workers, int) or workers < 0:
        raise DescriptionError(f"workers={workers!r}: give how many processes, 0 for all cores.")
    if not ranks.share.whole:
        if workers > 1:
            raise DescriptionError(
                f"workers={workers} under mpiexec: the ranks are the workers; leave it out."
            )
        return ranks.share.n_ranks
    return workers or sensible_threads()


def _folder(output: str | os.PathLike[str] | None, ranks: Communicator) -> tuple[Path, Any]:
    """Return the folder, and what holds it if it is temporary."""
    if output is not None:
        return Path(output).absolute(), None
    if not ranks.share.whole:
        raise DescriptionError(
            "a sweep under mpiexec needs output=, a folder that all ranks can see."
        )
    holder = tempfile.TemporaryDirectory(prefix="neurosim-sweep-")
    return Path(holder.name), holder

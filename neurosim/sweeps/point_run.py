"""One run of a sweep: simulate a point, measure it, note what went wrong."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import (
    CompilationError,
    CompilerNotFoundError,
    NeurosimError,
    ParallelError,
    RecordingWriteError,
    SweepError,
)
from ..parallel.communicator import Serial
from ..platforms import usual_step
from ..runs import Runs
from .measures import measures_of
from .points import Point
from .target import Target
from .values import shown

if TYPE_CHECKING:
    from ..recording import Recording

# what is wrong with one point alone: a NaN, a value that is not allowed, no spikes to analyse
_NOTED = (NeurosimError, ArithmeticError, ValueError, LookupError)
_ENDING = (
    CompilationError,
    CompilerNotFoundError,
    ParallelError,
    RecordingWriteError,
    SweepError,
)


def run_name(number: int) -> str:
    """Return the name of a run's files."""
    return f"run-{number:04d}"


def run_point(target: Target, point: Point, number: int) -> dict[str, Any]:
    """Simulate one point; return what the index keeps of it.

    What is wrong with this point alone is noted in ``status`` and ``message``; anything else,
    such as a full disk or a mistake in the user's functions, is raised.
    """
    began = time.perf_counter()
    entry: dict[str, Any] = {"status": "complete", "message": None, "measures": {}, "spikes": {}}
    try:
        entry["model"] = target.model(point)
        metrics, recordings = _simulate(target, point, number)
        entry["measures"] = measures_of(metrics, recordings, target.plan.measure)
        entry["spikes"] = {name: r.summary["spikes_sha256"] for name, r in recordings.items()}
    except _ENDING:
        raise
    except _NOTED as error:
        entry["status"] = "failed"
        entry["message"] = f"{type(error).__name__}: {error}"
    path = recording_path(target, number)
    kept = target.plan.keep and (target.plan.folder / path).exists()
    entry["recording"] = path if kept else None
    entry["wall_s"] = round(time.perf_counter() - began, 6)
    return entry


def recording_path(target: Target, number: int) -> str:
    """Return where a run's recording is kept, or the folder of several, from the sweep's folder."""
    suffix = "" if target.experiment.perform is not None else ".h5"
    return f"runs/{run_name(number)}{suffix}"


def _simulate(
    target: Target, point: Point, number: int
) -> tuple[dict[str, Any], dict[str, Recording]]:
    """Return the metrics of an experiment with ``perform``, and the recordings."""
    plan, experiment = target.plan, target.experiment
    scale, settings = plan.arguments(point)
    options: dict[str, Any] = {
        "engine": plan.engine,
        "threads": plan.threads,
        "precision": plan.precision,
        "communicator": Serial(),
        "platform": plan.machine(point),
    }
    step = usual_step(options["platform"], plan.dt)
    given = {"duration": plan.duration, "warmup": plan.warmup, "dt": step}
    if experiment.perform is not None:
        results = experiment.run(
            name=target.name,
            scale=scale,
            seed=point.seed,
            settings=settings,
            quick=plan.quick,
            output=plan.folder / recording_path(target, number) if plan.keep else None,
            **given,
            **options,
        )
        return results.metrics, results.recordings
    times = experiment.times(plan.quick) | {k: v for k, v in given.items() if v is not None}
    if plan.quick and scale is None:
        scale = experiment.quick.get("scale")
    arguments = experiment.checked_settings(settings, plan.quick)
    network = experiment.network(scale, point.seed, arguments)
    runs = Runs(folder=_runs_folder(target), facts=_facts(target, arguments), **times, **options)
    called = experiment.callbacks_of(network, arguments)
    runs.simulate(run_name(number), network, callbacks=called)
    return {}, runs.recordings()


def _runs_folder(target: Target) -> Path | None:
    return target.plan.folder / "runs" if target.plan.keep else None


def _facts(target: Target, arguments: dict[str, Any]) -> dict[str, Any]:
    return {
        "experiment": target.name,
        "settings": {name: shown(value) for name, value in arguments.items()},
        "reference": target.experiment.reference,
    }

"""The course of a sweep: who runs which point, what is told, and how it ends."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import ExitStack
from typing import Any

from ..errors import SweepError
from ..interrupts import Interrupts
from ..locks import held
from ..parallel.communicator import Communicator
from ..parallel.outcome import together
from ..platforms import told
from ..progress import Progress
from .index import LOCK, Index
from .points import Point
from .target import Target
from .values import stored
from .workers import Todo, Workers, work


class SweepInterrupted(KeyboardInterrupt):
    """The user, or the system, stopped a sweep; the runs that ended are kept.

    Attributes
    ----------
    done, total : int
        Runs that ended, and all.
    """

    def __init__(self, done: int, total: int) -> None:
        self.done, self.total = done, total
        super().__init__(
            f"interrupted after {done} of {total} runs, which are kept; the same command goes on "
            "with the others"
        )


class Course:
    """Runs the points of a sweep that are not done yet.

    Parameters
    ----------
    target : Target
    points : sequence of Point
    count : int
        Worker processes, or ranks.
    ranks : Communicator
    progress : Progress
    """

    def __init__(
        self,
        target: Target,
        points: Sequence[Point],
        count: int,
        ranks: Communicator,
        progress: Progress,
    ) -> None:
        self._target, self._points, self._count = target, points, count
        self._ranks, self._progress = ranks, progress
        self._index: Index | None = None
        self._done = 0

    def go(self, retry: bool) -> None:
        """Run what is to be run; the index is complete afterwards.

        Raises
        ------
        SweepError, SweepInterrupted
        """
        with ExitStack() as stack:
            opened = together(self._ranks, lambda: self._open(stack, retry))
            numbers = json.loads(self._ranks.broadcast(json.dumps(opened).encode()))
            todo = [(number, self._points[k]) for number, k in numbers]
            self._progress.start(self._run_ms * max(len(todo), 1), "sweep")
            status = "failed"
            try:
                self._run(todo)
                self._ranks.barrier()
                status = "complete"
            except KeyboardInterrupt:
                status = "interrupted"
                self._tell()
                raise SweepInterrupted(
                    len(self._points) - len(todo) + self._done, len(self._points)
                ) from None
            finally:
                self._progress.stop()
                if self._index is not None:
                    self._tell()
                    self._index.write(status)
            self._ranks.barrier()

    def _open(self, stack: ExitStack, retry: bool) -> list[tuple[int, int]]:
        """On rank 0, read or begin the index; return what is to be run, by number and place."""
        if self._ranks.share.rank:
            return []
        folder = self._target.plan.folder
        index = Index(folder, what_of(self._target))
        if not stack.enter_context(held(folder / LOCK, 0.0)):
            raise SweepError(f"another sweep is running in {folder}; wait for it, or end it.")
        places = {point.key: place for place, point in enumerate(self._points)}
        todo = index.add(self._points, retry)
        self._require_same_model(index)
        index.write("running")
        self._index = index
        if len(todo) < len(self._points):
            done = len(self._points) - len(todo)
            self._progress.note(f"{done} of {len(self._points)} runs are there already")
        return [(number, places[point.key]) for number, point in todo]

    def _require_same_model(self, index: Index) -> None:
        """Refuse to go on with the sweep of another model."""
        for point in self._points:
            entry = index.entries[point.key]
            if entry["status"] == "complete" and "model" in entry:
                if self._target.model(point) != entry["model"]:
                    raise SweepError(
                        f"{index.folder} holds runs of another {self._target.name}: its network "
                        f"at {point} is not what it was. Choose another output folder."
                    )
                return

    def _run(self, todo: Todo) -> None:
        if not todo:
            return
        if not self._ranks.share.whole:
            work(self._target, todo, f"rank-{self._ranks.share.rank}", self._tell)
        elif self._count == 1:
            work(self._target, todo, "alone", self._tell)
        else:
            self._with_processes(todo)

    def _with_processes(self, todo: Todo) -> None:
        note = "stopping; Ctrl-C again to stop at once"
        with (
            Workers(self._target.plan, todo, self._count) as workers,
            Interrupts(lambda: self._progress.note(note)) as interrupts,
        ):
            workers.finish(self._tell, lambda: interrupts.requested)
            if interrupts.requested:
                workers.stop()
                raise KeyboardInterrupt

    def _tell(self) -> None:
        """Take over what ended and tell of it."""
        if self._index is None:
            return
        for entry in self._index.absorb():
            self._done += 1
            self._progress.advance(self._run_ms)
            if entry["status"] == "failed":
                self._progress.note(f"run {entry['run']} failed: {entry['message']}")

    @property
    def _run_ms(self) -> float:
        plan = self._target.plan
        times = self._target.experiment.times(plan.quick)
        return 1e3 * sum(
            float(times[name] if given is None else given)
            for name, given in (("duration", plan.duration), ("warmup", plan.warmup))
        )


def what_of(target: Target) -> dict[str, Any]:
    """Return what all runs of a sweep share, for its index."""
    plan = target.plan
    measure = plan.measure
    name = "standard" if measure is None else getattr(measure, "__qualname__", repr(measure))
    times = {"duration": plan.duration, "warmup": plan.warmup, "dt": plan.dt}
    return {
        "experiment": target.name,
        "parameters": sorted(plan.names),
        "settings": {key: stored(value) for key, value in plan.settings.items()},
        "scale": plan.scale,
        **{f"{key}_s": None if value is None else float(value) for key, value in times.items()},
        "quick": plan.quick,
        "engine": plan.engine,
        "precision": plan.precision,
        **({} if plan.platform is None else {"platform": told(plan.platform)}),
        "measure": name,
    }

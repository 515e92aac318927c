"""Processes that share the runs of a sweep, and what becomes of them."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from multiprocessing.process import BaseProcess
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from types import TracebackType
from typing import Any

from ..errors import DescriptionError, SweepError
from . import index
from .point_run import run_point
from .points import Point
from .target import Plan, Target, target_of

_NAME = "neurosim-sweep"
_START = "spawn"  # with threads about, a forked process may wait for ever
_PAUSE_S = 0.05
_END_S = 10.0

Todo = Sequence[tuple[int, Point]]


def work(
    target: Target,
    todo: Todo,
    worker: str,
    told: Callable[[], object] = lambda: None,
    go_on: Callable[[], bool] = lambda: True,
) -> None:
    """Run the points that nobody else has begun, one after the other.

    Parameters
    ----------
    worker : str
        Name of this process.
    told : callable
        Called after each run.
    go_on : callable
        Asked before each run.
    """
    folder = target.plan.folder
    for number, point in todo:
        if not go_on():
            return
        if not index.claim(folder, number, worker):
            continue
        ended = False
        try:
            index.put(folder, number, run_point(target, point, number))
            ended = True
        finally:
            if not ended:  # interrupted, or an error that ends the sweep: to be run again
                index.discard(folder, number)
        told()


def require_importable(plan: Plan) -> None:
    """Refuse what other processes cannot be given.

    Raises
    ------
    DescriptionError
        A function is a lambda, is defined inside another one or in an interactive session, or
        the sweep is being called while a worker imports the script.
    """
    if multiprocessing.current_process().name.startswith(_NAME):
        raise DescriptionError(
            "ns.sweep() is called while a worker process imports this script. Put what the script "
            "does under 'if __name__ == \"__main__\":', so that importing it only defines "
            "functions."
        )
    for what, given in (("build", plan.what), ("measure", plan.measure)):
        module = getattr(given, "__module__", "")
        main = sys.modules["__main__"]
        if module == "__main__" and not hasattr(main, "__file__"):
            raise _not_importable(what, given, "is defined in an interactive session")
        try:
            ForkingPickler.dumps(given)
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            raise _not_importable(what, given, f"cannot be imported by them ({error})") from error


def _not_importable(what: str, given: Any, why: str) -> DescriptionError:
    name = getattr(given, "__qualname__", repr(given))
    return DescriptionError(
        f"{what}={name}: worker processes import the functions they call, and this one {why}. "
        "Define it at the top level of a Python file, or sweep with workers=1."
    )


class Workers:
    """Worker processes of one sweep; a context manager, after which none is left.

    Parameters
    ----------
    plan : Plan
    todo : sequence of (int, Point)
    count : int
        How many at the same time.
    """

    def __init__(self, plan: Plan, todo: Todo, count: int) -> None:
        self._plan, self._todo = plan, list(todo)
        self._count = min(count, len(self._todo))
        self._context = multiprocessing.get_context(_START)
        self._running: dict[str, BaseProcess] = {}
        self._started = 0

    def __enter__(self) -> Workers:
        return self

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def finish(self, told: Callable[[], object], stop: Callable[[], bool]) -> None:
        """Start the processes and wait until every run has ended, or ``stop()``.

        Raises
        ------
        SweepError
            A process ended by an error that is not one point's alone.
        """
        for _ in range(self._count):
            self._start()
        while self._running and not stop():
            time.sleep(_PAUSE_S)
            told()
            for name, process in list(self._running.items()):
                if process.exitcode is not None:
                    del self._running[name]
                    process.join()
                    self._look_into(name, process.exitcode)

    def stop(self) -> None:
        """Let the processes give up what they are at, and wait for their end."""
        for process in self._running.values():
            process.terminate()
        end = time.monotonic() + _END_S
        for process in self._running.values():
            process.join(max(0.0, end - time.monotonic()))
            if process.exitcode is None:
                process.kill()
                process.join()
        for name in self._running:
            for number in index.claimed_by(self._plan.folder, name):
                index.discard(self._plan.folder, number)
        self._running.clear()
        for path in (self._plan.folder / "runs").glob("*.error"):
            path.unlink(missing_ok=True)

    def _start(self) -> None:
        self._started += 1
        name = f"{_NAME}-{self._started}"
        process = self._context.Process(  # type: ignore[attr-defined]
            target=_process, args=(self._plan, self._todo, name), name=name, daemon=True
        )
        # the terminal's Ctrl-C is for the parent, which tells its workers
        before = signal.signal(signal.SIGINT, signal.SIG_IGN) if _may_set_signals() else None
        try:
            process.start()
        finally:
            if before is not None:
                signal.signal(signal.SIGINT, before)
        self._running[name] = process

    def _look_into(self, name: str, code: int) -> None:
        """Note the run that a killed process was at, and start another; raise what ended it."""
        folder = self._plan.folder
        if code == 0:
            return
        report = _report(folder, name)
        if report.exists():
            text = report.read_text(encoding="utf-8")
            report.unlink()
            raise SweepError(
                f"the sweep ended: {text.strip().splitlines()[-1]}\nWhat was done is kept, and the "
                f"same command goes on after it.\n\n{text}"
            )
        numbers = index.claimed_by(folder, name)
        if not numbers:
            raise SweepError(
                f"a worker process could not start (exit code {code}); what it says of the reason "
                "is above."
            )
        for number in numbers:
            why = f"signal {-code}" if code < 0 else f"exit code {code}"
            index.discard(folder, number, free=False)
            message = f"its process ended with {why}, for instance for lack of memory"
            index.put(folder, number, {"status": "failed", "message": message, "measures": {}})
        self._start()


def _may_set_signals() -> bool:
    import threading  # noqa: PLC0415

    return threading.current_thread() is threading.main_thread()


def _report(folder: Path, name: str) -> Path:
    return folder / "runs" / f"{name}.error"


class _Reported:
    """Leaves the traceback of what ends the block in a file; an interrupt ends it silently."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is None:
            return
        if not issubclass(kind, KeyboardInterrupt):
            lines = traceback.format_exception(kind, error, trace)
            self._path.write_text("".join(lines), encoding="utf-8")
        sys.stderr.flush()
        os._exit(1)  # without Python's own report of the same


def _process(plan: Plan, todo: Todo, name: str) -> None:
    """Run points in a process of its own, until none is left or the parent is gone."""
    parent = multiprocessing.parent_process()
    with _Reported(_report(plan.folder, name)):
        target = target_of(plan)
        work(target, todo, name, go_on=lambda: parent is None or parent.is_alive())

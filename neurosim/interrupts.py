"""A clean stop on Ctrl-C: finish the stretch at hand, keep the recording, then leave."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from .parallel.leaving import is_first

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class RunInterrupted(KeyboardInterrupt):
    """The user, or the system, stopped a run; what was recorded until then is kept.

    Attributes
    ----------
    time_ms : float
        Biological time that was reached.
    everywhere : bool
        All ranks of a simulation raise it together.
    """

    everywhere = True

    def __init__(self, time_ms: float) -> None:
        self.time_ms = time_ms
        super().__init__(f"interrupted at {time_ms:g} ms; what was recorded until then is kept")


class Interrupts:
    """Within the context, the first SIGINT or SIGTERM sets ``requested``; the second raises.

    Outside the main thread, where Python allows no handlers, it does nothing.

    Parameters
    ----------
    on_first : callable
        Called without arguments at the first signal.
    """

    def __init__(self, on_first: Callable[[], None]) -> None:
        self.requested = False
        self._on_first = on_first
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Interrupts:
        self._before = _install(self._handle)
        return self

    def __exit__(self, *exc: object) -> None:
        _restore(self._before)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self.requested:
            raise KeyboardInterrupt
        self.requested = True
        self._on_first()


@contextmanager
def signals_deferred() -> Iterator[None]:
    """Hold SIGINT and SIGTERM back until the block is done, then let them act as before it."""
    came: list[int] = []
    before = _install(lambda number, frame: came.append(number))
    try:
        yield
    finally:
        _restore(before)
        for number in came:
            signal.raise_signal(number)


@contextmanager
def exit_at_once(code: int) -> Iterator[None]:
    """Within the block, Ctrl-C ends the process with ``code``, without waiting for anything.

    For a command line, while nothing is recorded yet: Python would act on the signal only when
    a long call into compiled code returns. In the main thread only.
    """
    receiver, sender = os.pipe()
    os.set_blocking(sender, False)
    before = signal.set_wakeup_fd(sender, warn_on_full_buffer=False)
    watcher = threading.Thread(target=_watch, args=(receiver, code), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(before)
        os.write(sender, bytes(1))
        watcher.join()
        os.close(sender)
        os.close(receiver)


def _watch(receiver: int, code: int) -> None:
    """Read the numbers of signals until 0, which ends the watch, or SIGINT."""
    while number := os.read(receiver, 1)[0]:
        if number == signal.SIGINT:
            if is_first():
                os.write(2, b"interrupted\n")
            os._exit(code)


def _install(handler: Callable[[int, FrameType | None], Any]) -> dict[int, Any]:
    if threading.current_thread() is not threading.main_thread():
        return {}
    return {number: signal.signal(number, handler) for number in _SIGNALS}


def _restore(before: dict[int, Any]) -> None:
    for number, handler in before.items():
        # None stands for a handler that was not installed from Python
        signal.signal(number, signal.SIG_DFL if handler is None else handler)

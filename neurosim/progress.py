"""Telling the user how far a run is: a bar on a terminal, plain lines in a log, or nothing."""

from __future__ import annotations

import sys
import time
from typing import Any, Protocol, TextIO

_SECONDS_BETWEEN_LINES = 5.0
_BAR = "{desc}: {percentage:3.0f}% |{bar}| {n:.0f}/{total:.0f} ms [{elapsed}<{remaining}]"


class Progress(Protocol):
    """What a simulation tells about itself while it works."""

    def note(self, text: str) -> None:
        """Say one thing that is worth a line."""

    def start(self, total_ms: float, what: str) -> None:
        """Begin a stretch of biological time."""

    def advance(self, ms: float) -> None:
        """Add biological time done."""

    def stop(self) -> None:
        """End the stretch."""


class Quiet:
    """Say nothing."""

    def note(self, text: str) -> None:
        """Ignore the line."""

    def start(self, total_ms: float, what: str) -> None:
        """Ignore the start."""

    def advance(self, ms: float) -> None:
        """Ignore the step."""

    def stop(self) -> None:
        """Ignore the end."""


class Lines:
    """Plain lines, at most one every few seconds, for logs and pipes."""

    def __init__(self, stream: TextIO | None = None, every_s: float = _SECONDS_BETWEEN_LINES):
        self._stream = sys.stderr if stream is None else stream
        self._every_s = every_s
        self._total = self._done = 0.0
        self._what = ""
        self._began = self._last = 0.0

    def note(self, text: str) -> None:
        """Print the line."""
        print(text, file=self._stream, flush=True)

    def start(self, total_ms: float, what: str) -> None:
        """Remember the stretch; the first line comes after a few seconds."""
        self._total, self._done, self._what = total_ms, 0.0, what
        self._began = self._last = time.monotonic()

    def advance(self, ms: float) -> None:
        """Print a line if the last one is long enough ago."""
        self._done += ms
        now = time.monotonic()
        if now - self._last < self._every_s or self._done >= self._total:
            return
        self._last = now
        remaining = (now - self._began) / self._done * (self._total - self._done)
        self.note(
            f"{self._what}: {self._done:.0f} of {self._total:.0f} ms "
            f"({100 * self._done / self._total:.0f} %), about {remaining:.0f} s left"
        )

    def stop(self) -> None:
        """Print how long the stretch took."""
        if self._done > 0:
            took = time.monotonic() - self._began
            self.note(f"{self._what}: {self._done:.0f} ms in {took:.2f} s")


class Bar:
    """A tqdm bar, for a terminal."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._bar: Any = None

    def note(self, text: str) -> None:
        """Print the line above the bar."""
        if self._bar is None:
            print(text, file=self._stream, flush=True)
        else:
            self._bar.write(text, file=self._stream)

    def start(self, total_ms: float, what: str) -> None:
        """Show an empty bar."""
        from tqdm import tqdm  # noqa: PLC0415 - kept out of the start-up of other commands

        self._bar = tqdm(
            total=total_ms,
            desc=what,
            file=self._stream,
            bar_format=_BAR,
        )

    def advance(self, ms: float) -> None:
        """Move the bar."""
        self._bar.update(ms)

    def stop(self) -> None:
        """Leave the bar as it is and go to the next line."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def choose_progress(quiet: bool = False, stream: TextIO | None = None) -> Progress:
    """Return the progress report that fits: a bar on a terminal, lines elsewhere."""
    stream = sys.stderr if stream is None else stream
    if quiet:
        return Quiet()
    return Bar(stream) if stream.isatty() else Lines(stream)

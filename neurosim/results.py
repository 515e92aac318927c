"""What an experiment found: numbers, checks of them against expectations, and a figure."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .errors import DescriptionError, RecordingWriteError
from .parallel.world import world

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from .recording import Recording


@dataclass(frozen=True)
class Check:
    """A number beside what it should be.

    Made by :meth:`near`, :meth:`between` or :meth:`holds`.

    Attributes
    ----------
    name : str
        With the unit, such as ``"rate of C (Hz)"``.
    value : float
    low, high : float
        The check passes if ``low <= value <= high``.
    expected : float or None
    source : str
        Where the expectation is from.
    """

    name: str
    value: float
    low: float
    high: float
    expected: float | None = None
    source: str = ""

    @property
    def passed(self) -> bool:
        """Whether the value is where it should be; a NaN is not."""
        return bool(self.low <= self.value <= self.high)

    @property
    def tolerance(self) -> float | None:
        """The largest distance from the expected value that passes."""
        if self.expected is None:
            return None
        return max(self.high - self.expected, self.expected - self.low)

    @classmethod
    def near(
        cls,
        name: str,
        value: float,
        expected: float,
        *,
        relative: float = 0.0,
        absolute: float = 0.0,
        source: str = "",
    ) -> Check:
        """Expect a value, to within ``max(relative * |expected|, absolute)``."""
        margin = max(relative * abs(expected), absolute)
        value, expected = float(value), float(expected)
        return cls(name, value, expected - margin, expected + margin, expected, source)

    @classmethod
    def between(
        cls,
        name: str,
        value: float,
        low: float = -math.inf,
        high: float = math.inf,
        *,
        source: str = "",
    ) -> Check:
        """Expect a value from ``low`` to ``high``; either may be left open."""
        return cls(name, float(value), float(low), float(high), None, source)

    @classmethod
    def holds(cls, name: str, condition: bool, *, source: str = "") -> Check:
        """Expect a condition to hold; the value is 1 or 0."""
        return cls.near(name, float(bool(condition)), 1.0, source=source)

    def as_dict(self) -> dict[str, Any]:
        """Return the check as plain data for JSON."""
        return {
            "name": self.name,
            "value": self.value,
            "expected": self.expected,
            "low": self.low,
            "high": self.high,
            "tolerance": self.tolerance,
            "passed": self.passed,
            "source": self.source,
        }


@dataclass
class Results:
    """What an experiment returns.

    Attributes
    ----------
    metrics : dict
        JSON-able numbers by name, units in the names.
    checks : list of Check
    figure : matplotlib Figure or None
    lines : list of str
        Text to print before the checks.
    recordings : dict of name to Recording
        One for each simulation; filled in by whoever runs the experiment.
    """

    metrics: dict[str, Any] = field(default_factory=dict)
    checks: list[Check] = field(default_factory=list)
    figure: Figure | None = None
    lines: list[str] = field(default_factory=list)
    recordings: dict[str, Recording] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return all(check.passed for check in self.checks)

    def check(self, name: str) -> Check:
        """Return the check of that name."""
        for check in self.checks:
            if check.name == name:
                return check
        known = ", ".join(check.name for check in self.checks) or "none"
        raise DescriptionError(f"there is no check {name!r}; there are: {known}.")

    def table(self) -> str:
        """Return the checks as a table of text; empty if there are none."""
        return checks_table(self.checks)

    def as_dict(self) -> dict[str, Any]:
        """Return metrics and checks as plain data for JSON."""
        return {
            "metrics": self.metrics,
            "checks": [check.as_dict() for check in self.checks],
            "passed": self.passed,
        }

    def save(
        self,
        path: str | os.PathLike[str],
        facts: dict[str, Any] | None = None,
        *,
        everywhere: bool = False,
    ) -> None:
        """Write metrics, checks and ``facts`` as a JSON file.

        Of processes that were launched together only the first writes, unless ``everywhere``.

        Raises
        ------
        RecordingWriteError
            The file cannot be written.
        """
        if not (everywhere or world().share.rank == 0):
            return
        text = json.dumps(plain({**(facts or {}), **self.as_dict()}), indent=1, allow_nan=False)
        try:
            Path(path).write_text(text + "\n", encoding="utf-8")
        except OSError as error:
            raise RecordingWriteError(
                f"the results cannot be written to {os.fspath(path)!r}: {error}. Choose another "
                "--output."
            ) from error


def checks_table(checks: Sequence[Check]) -> str:
    """Return checks as a table: name, value, what is expected, what is allowed, verdict."""
    if not checks:
        return ""
    rows = [("check", "value", "expected", "allowed", "")]
    for check in checks:
        expected = "" if check.expected is None else _number(check.expected)
        verdict = "ok" if check.passed else "FAILED"
        rows.append((check.name, _number(check.value), expected, _range(check), verdict))
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [row[0].ljust(widths[0])]
        cells += [cell.rjust(width) for cell, width in zip(row[1:4], widths[1:4], strict=True)]
        lines.append("  ".join([*cells, row[4]]).rstrip())
    return "\n".join(lines)


def plain(value: Any) -> Any:
    """Return a value as JSON can hold it; numbers that are not finite become null."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if hasattr(value, "tolist"):
        return plain(value.tolist())
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return str(value)


def _number(value: float) -> str:
    return f"{value:.4g}"


def _range(check: Check) -> str:
    low, high = check.low, check.high
    if low == high:
        return "exactly"
    if math.isinf(high):
        return f">= {_number(low)}"
    if math.isinf(low):
        return f"<= {_number(high)}"
    return f"{_number(low)} .. {_number(high)}"

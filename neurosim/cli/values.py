"""Values typed on the command line: times such as ``500ms`` and settings such as ``g=-4``."""

from __future__ import annotations

import math
import re
from typing import Any

import click

from ..config.literals import parse_value
from ..errors import DescriptionError

__all__ = ["TimeType", "parse_settings", "parse_value"]

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_TIME = re.compile(rf"\s*({_NUMBER})\s*\*?\s*(s|second|seconds|ms|us|min)\s*\Z")
_PER_SECOND = {"s": 1.0, "second": 1.0, "seconds": 1.0, "ms": 1e3, "us": 1e6, "min": 1 / 60}


class TimeType(click.ParamType):
    """A time with its unit, as seconds.

    Parameters
    ----------
    positive : bool
        Refuse zero, too; negative times are always refused.
    """

    name = "time"

    def __init__(self, positive: bool = False) -> None:
        self.positive = positive

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the seconds that the text stands for."""
        if isinstance(value, float):
            return value
        match = _TIME.match(value)
        if match is None:
            self.fail(f"{value!r} is not a time; write a number and a unit, such as 500ms or 1s")
        # dividing rounds once, so that 0.1ms is the float nearest to 1e-4
        seconds = float(match[1]) / _PER_SECOND[match[2]]
        least = "more than 0" if self.positive else "0 or more"
        if not math.isfinite(seconds) or seconds < 0 or (self.positive and seconds == 0):
            self.fail(f"{value!r} is not allowed; the time must be finite and {least}")
        return seconds


def parse_settings(assignments: tuple[str, ...]) -> dict[str, Any]:
    """Return the values of ``name=value`` texts.

    Raises
    ------
    DescriptionError
        A text is not an assignment, names something twice, or its value is not allowed.
    """
    settings: dict[str, Any] = {}
    for text in assignments:
        name, equals, value = text.partition("=")
        name = name.strip()
        if not equals or not name.isidentifier():
            raise DescriptionError(f"--set {text!r} is not of the form name=value.")
        if name in settings:
            raise DescriptionError(f"--set {name}=... is given twice; give it once.")
        settings[name] = parse_value(value.strip(), f"--set {name}")
    return settings

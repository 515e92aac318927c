"""How much to simulate at a time: often enough for the user, rarely enough for the engine."""

from __future__ import annotations

from typing import Any

from .description.quantities import SECOND, scalar
from .errors import DescriptionError
from .lowering.program import Program

_TOLERANCE = 1e-6
_FIRST_STEPS = 50
_SECONDS = 0.4
_LARGEST_GROWTH = 4.0
_SAMPLE_BYTES = 8 * 1024 * 1024


class Pace:
    """Chooses the number of steps of each chunk so that one takes about 0.4 s.

    Between chunks the progress is shown, Ctrl-C is obeyed and the recording is written. The
    choice depends on wall time; results do not depend on the choice. Ranks choose alike if they
    are told the same seconds.
    """

    def __init__(self, program: Program) -> None:
        per_step = sum(8 * r.width / r.every for r in program.state_recorders)
        per_step += sum(8 * r.width / r.every for r in program.synapse_reports)
        self._most = max(1, int(_SAMPLE_BYTES / per_step)) if per_step else 10**9
        self._steps = min(_FIRST_STEPS, self._most)

    def next(self, remaining: int) -> int:
        """Return the number of steps to simulate now, at most ``remaining``."""
        return min(self._steps, remaining)

    def took(self, n_steps: int, seconds: float) -> None:
        """Learn how long a chunk took."""
        growth = _SECONDS / max(seconds, 1e-9)
        wanted = n_steps * min(max(growth, 1 / _LARGEST_GROWTH), _LARGEST_GROWTH)
        self._steps = max(1, min(int(wanted), self._most))


def steps_of(duration: Any, dt: float, what: str, *, smallest: int = 1) -> int:
    """Return a duration in steps.

    Parameters
    ----------
    duration : Quantity of time
    dt : float
        Seconds.
    what : str
        What it is, the start of the message.
    smallest : int

    Raises
    ------
    DescriptionError
        It is not a multiple of dt, or is shorter than ``smallest`` steps.
    """
    seconds = scalar(duration, SECOND, what)
    steps = round(seconds / dt)
    if steps < smallest or abs(seconds / dt - steps) > _TOLERANCE * max(1, steps):
        kind = "positive multiple" if smallest == 1 else "multiple"
        raise DescriptionError(
            f"{what} is {seconds * 1e3:g} ms; it must be a {kind} of dt, {dt * 1e3:g} ms."
        )
    return steps

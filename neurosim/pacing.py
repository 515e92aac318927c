"""How much to simulate at a time: often enough for the user, rarely enough for the engine."""

from __future__ import annotations

from .lowering.program import Program

_FIRST_STEPS = 50
_SECONDS = 0.4
_LARGEST_GROWTH = 4.0
_SAMPLE_BYTES = 64 * 1024 * 1024


class Pace:
    """Chooses the number of steps of each chunk so that one takes about 0.4 s.

    Between chunks the progress is shown, Ctrl-C is obeyed and the recording is written. The
    choice depends on wall time; results do not depend on the choice.
    """

    def __init__(self, program: Program) -> None:
        per_step = sum(8 * r.ids.size / r.every for r in program.state_recorders)
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

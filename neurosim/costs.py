"""Where the seconds of a simulation go."""

from __future__ import annotations

from .engines.base import Timings

_PHASES = ("simulate_s", "record_s", "update_s", "deliver_s", "exchange_s", "wait_s")
_COUNTS = ("bytes_sent", "exchanges")


class Costs:
    """Seconds of wall time of one rank, by phase.

    Attributes
    ----------
    lower, compile, build : float
    simulate, record : float
        Of all chunks so far, the warm-up's included.
    """

    def __init__(self, lower: float) -> None:
        self.lower, self.compile, self.build = lower, 0.0, 0.0
        self.simulate = self.record = 0.0
        self._untimed = dict.fromkeys((*_PHASES, *_COUNTS), 0.0)

    def end_warmup(self, timings: Timings) -> None:
        """Leave out what was spent so far, apart from ``warmup_s``."""
        self._untimed = self._all(timings)

    def told(self, timings: Timings) -> dict[str, float]:
        """Return the seconds, and ``bytes_sent`` and ``exchanges``, by name."""
        spent = self._all(timings)
        return {
            "lower_s": self.lower,
            "compile_s": self.compile,
            "build_s": self.build,
            "warmup_s": self._untimed["simulate_s"],
            **{name: value - self._untimed[name] for name, value in spent.items()},
        }

    def _all(self, timings: Timings) -> dict[str, float]:
        return {
            "simulate_s": self.simulate,
            "record_s": self.record + timings.record_s,
            "update_s": timings.update_s,
            "deliver_s": timings.deliver_s,
            **{name: timings.extra.get(name, 0.0) for name in ("exchange_s", "wait_s", *_COUNTS)},
        }

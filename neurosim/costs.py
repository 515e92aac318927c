"""Where the seconds of a simulation go."""

from __future__ import annotations

from .engines.base import Timings

_PHASES = ("simulate", "record", "update", "deliver")


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
        self._untimed = dict.fromkeys(_PHASES, 0.0)

    def end_warmup(self, timings: Timings) -> None:
        """Leave out what was spent so far, apart from ``warmup_s``."""
        self._untimed = self._all(timings)

    def told(self, timings: Timings) -> dict[str, float]:
        """Return the seconds by their names in a RunSummary."""
        spent = self._all(timings)
        return {
            "lower_s": self.lower,
            "compile_s": self.compile,
            "build_s": self.build,
            "warmup_s": self._untimed["simulate"],
            **{f"{phase}_s": spent[phase] - self._untimed[phase] for phase in _PHASES},
            "exchange_s": timings.extra.get("exchange_s", 0.0),
        }

    def _all(self, timings: Timings) -> dict[str, float]:
        return {
            "simulate": self.simulate,
            "record": self.record + timings.record_s,
            "update": timings.update_s,
            "deliver": timings.deliver_s,
        }

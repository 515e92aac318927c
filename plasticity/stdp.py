"""Pair-based STDP: which spikes form pairs, and how a change depends on the weight."""

from __future__ import annotations

from .rule import WEIGHT_UNIT, RuleEntry, RuleParameter

_SONG = "Song, Miller & Abbott 2000, Nat. Neurosci. 3:919, doi:10.1038/78829"

_W_MAX = RuleParameter("w_max", None, WEIGHT_UNIT, "w_max", "largest weight; changes are relative")

STDP = (
    RuleEntry(
        name="pair_stdp",
        summary="Pair-based spike-timing dependent plasticity.",
        equations="""
            dx_source/dt = -x_source/tau_plus : 1 (event-driven)
            dx_target/dt = -x_target/tau_minus : 1 (event-driven)
            w : {weight}
            """,
        on_pre="target_post += w; x_source += 1; w = w - A_minus*w_max*x_target",
        on_post="x_target += 1; w = w + A_plus*w_max*x_source",
        parameters=(
            RuleParameter("tau_plus", 20.0, "ms", "tau_+", "window of potentiation"),
            RuleParameter("tau_minus", 20.0, "ms", "tau_-", "window of depression"),
            RuleParameter("A_plus", 0.005, "1", "A_+", "potentiation at 0 lag, of w_max"),
            RuleParameter("A_minus", 0.00525, "1", "A_-", "depression at 0 lag, of w_max"),
            _W_MAX,
        ),
        bounds={"w": ("0*w_max", "w_max")},
        reference=_SONG,
    ),
)

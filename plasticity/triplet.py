"""Triplet STDP: pairs of spikes, and triplets that add what pairs cannot explain."""

from __future__ import annotations

from .rule import WEIGHT_UNIT, Choice, Option, RuleEntry, RuleParameter

_PFISTER = (
    "Pfister & Gerstner 2006, J. Neurosci. 26:9673, doi:10.1523/JNEUROSCI.1425-06.2006, "
    "equations 3 and 4, tables 3 and 4"
)

_TAU_X = RuleParameter("tau_x", 101.0, "ms", "tau_x", "slow presynaptic trace")
_A2_PLUS = RuleParameter("A2_plus", 0.0, "1", "A_2^+", "potentiation by pairs")
_A3_MINUS = RuleParameter("A3_minus", 0.0, "1", "A_3^-", "depression by triplets")

_FULL = {
    "plus": "(A2_plus + A3_plus*y_target)",
    "minus": "(A2_minus + A3_minus*y_source)",
    "slow_source": "dy_source/dt = -y_source/tau_x : 1 (event-driven)",
}
_MINIMAL = {"slow_source": "", "slow_jump": ""}


def _values(*amplitudes: float, tau_x: float = 101.0, tau_y: float) -> dict[str, float]:
    names = ("A2_plus", "A3_plus", "A2_minus", "A3_minus")
    return dict(zip(names, amplitudes, strict=True)) | {"tau_x": tau_x, "tau_y": tau_y}


# tables 3 (visual cortex) and 4 (hippocampal culture): a row is a fit of its own
_SETS = {
    ("full", "all_to_all", "visual_cortex"): _values(5e-10, 6.2e-3, 7e-3, 2.3e-4, tau_y=125),
    ("minimal", "all_to_all", "visual_cortex"): _values(0, 6.5e-3, 7.1e-3, 0, tau_y=114),
    ("full", "nearest", "visual_cortex"): _values(
        8.8e-11, 5.3e-2, 6.6e-3, 3.1e-3, tau_x=714, tau_y=40
    ),
    ("minimal", "nearest", "visual_cortex"): _values(0, 5e-2, 8e-3, 0, tau_y=40),
    ("full", "all_to_all", "hippocampus"): _values(
        6.1e-3, 6.7e-3, 1.6e-3, 1.4e-3, tau_x=946, tau_y=27
    ),
    ("minimal", "all_to_all", "hippocampus"): _values(5.3e-3, 8e-3, 3.5e-3, 0, tau_y=40),
    ("full", "nearest", "hippocampus"): _values(4.6e-3, 9.1e-3, 3e-3, 7.5e-9, tau_x=575, tau_y=47),
    ("minimal", "nearest", "hippocampus"): _values(4.6e-3, 9.1e-3, 3e-3, 0, tau_y=48),
}

TRIPLET = (
    RuleEntry(
        name="triplet_stdp",
        summary="Triplet STDP: pairs and triplets of spikes; explains the frequency dependence.",
        equations="""
            dx_source/dt = -x_source/tau_plus : 1 (event-driven)
            dx_target/dt = -x_target/tau_minus : 1 (event-driven)
            {slow_source}
            dy_target/dt = -y_target/tau_y : 1 (event-driven)
            w : {weight}
            """,
        on_pre="target_post += w; w = w - w_0*x_target*{minus}; x_source {jump}{slow_jump}",
        on_post="w = w + w_0*x_source*{plus}; x_target {jump}; y_target {jump}",
        parameters=(
            RuleParameter("tau_plus", 16.8, "ms", "tau_+", "fast presynaptic trace"),
            RuleParameter("tau_minus", 33.7, "ms", "tau_-", "fast postsynaptic trace"),
            RuleParameter("tau_y", 125.0, "ms", "tau_y", "slow postsynaptic trace"),
            RuleParameter("A3_plus", 6.2e-3, "1", "A_3^+", "potentiation by triplets"),
            RuleParameter("A2_minus", 7e-3, "1", "A_2^-", "depression by pairs"),
            RuleParameter(
                "w_0", None, WEIGHT_UNIT, "w", "weight that changes refer to: before an experiment"
            ),
            RuleParameter("w_max", None, WEIGHT_UNIT, "w_max", "largest weight"),
        ),
        bounds={"w": ("0*w_max", "w_max")},
        choices=(
            Choice(
                "model",
                {
                    "full": Option(
                        "triplets of both kinds",
                        _FULL | {"slow_jump": "; y_source {jump}"},
                        (_TAU_X, _A2_PLUS, _A3_MINUS),
                    ),
                    "minimal": Option(
                        "no triplets that depress (A_3^- = 0): as good a fit, fewer parameters",
                        _MINIMAL | {"plus": "(A2_plus + A3_plus*y_target)", "minus": "A2_minus"},
                        (_A2_PLUS,),
                    ),
                },
            ),
            Choice(
                "pairing",
                {
                    "all_to_all": Option("traces add up over all spikes", {"jump": "+= 1"}),
                    "nearest": Option("traces know the last spike only", {"jump": "= 1"}),
                },
            ),
            Choice(
                "data",
                {
                    "visual_cortex": Option("fit to Sjoestroem et al. 2001: frequency"),
                    "hippocampus": Option("fit to Wang et al. 2005: triplets, quadruplets"),
                },
            ),
        ),
        sets=_SETS,
        reference=_PFISTER,
        notes=(
            "Every row of the paper's tables is a fit of its own: default amplitudes and time "
            "constants go with model, pairing and data. Slow traces are used before they jump: "
            "a spike forms no triplet with itself. The minimal fit to the visual cortex also has "
            "A_2^+ = 0. Changes are relative to w_0. (NESTML's stdp_triplet_synapse has A_2^+ and "
            "A_3^+ 1.5 times as large as the paper.)"
        ),
    ),
)

"""Calcium-based plasticity: a synapse with two stable states, moved by its calcium."""

from __future__ import annotations

from .rule import Choice, Option, RuleEntry, RuleParameter

_GRAUPNER = (
    "Graupner & Brunel 2012, PNAS 109:3991, doi:10.1073/pnas.1109359109, simplified calcium model"
)
_DP = "the paper's DP set (figure 2)"

CALCIUM = (
    RuleEntry(
        name="graupner_brunel",
        summary="Calcium-based plasticity of a bistable synapse.",
        equations="""
            dc/dt = -c/tau_Ca : 1 (clock-driven)
            drho/dt = (-rho*(1 - rho)*(rho_star - rho) + gamma_p*(1 - rho)*int(c > theta_p)
                      - gamma_d*rho*int(c > theta_d))/tau{noise} : 1 (clock-driven)
            """,
        on_pre={"transmit": "target_post += w*(1 + (b - 1)*rho)", "calcium": "c += C_source"},
        on_post="c += C_target",
        parameters=(
            RuleParameter("tau_Ca", 20.0, "ms", "tau_Ca", "decay of calcium", _DP),
            RuleParameter("C_source", 1.0, "1", "C_pre", "calcium of a presynaptic spike", _DP),
            RuleParameter("C_target", 2.0, "1", "C_post", "calcium of a postsynaptic spike", _DP),
            RuleParameter("theta_d", 1.0, "1", "theta_d", "calcium that depresses", _DP),
            RuleParameter("theta_p", 1.3, "1", "theta_p", "calcium that potentiates", _DP),
            RuleParameter("gamma_d", 200.0, "1", "gamma_d", "speed of depression", _DP),
            RuleParameter("gamma_p", 321.808, "1", "gamma_p", "speed of potentiation", _DP),
            RuleParameter("rho_star", 0.5, "1", "rho_*", "border of the two stable states", _DP),
            RuleParameter("tau", 150.0, "second", "tau", "time constant of the efficacy", _DP),
            RuleParameter("b", 5.0, "1", "b", "strength of the UP state over the DOWN state", _DP),
        ),
        weight="what a spike adds in the DOWN state (rho = 0); b times that in the UP state",
        initial={"rho": (0.0, "1")},
        bounds={"rho": None},
        learns=("rho",),
        choices=(
            Choice(
                "noise",
                {
                    "white": Option(
                        "noise while calcium is above a threshold, as in the paper",
                        {"noise": " + sigma*sqrt((int(c > theta_d) + int(c > theta_p))/tau)*xi"},
                        (RuleParameter("sigma", 2.8284, "1", "sigma", "noise", _DP),),
                    ),
                    "none": Option("its mean course between spikes", {"noise": ""}),
                },
            ),
        ),
        reference=_GRAUPNER,
        method="heun",
        notes=(
            "A presynaptic spike's calcium comes D = 13.7 ms after it: delay={'transmit': d, "
            "'calcium': 13.7*ms}. rho has no bounds: the cubic term draws it back, and noise "
            "leaves it a little outside of 0 and 1."
        ),
    ),
)

"""Voltage-based plasticity: the target's potential decides, spikes of the target do not count."""

from __future__ import annotations

from .rule import WEIGHT_UNIT, Needed, RuleEntry, RuleParameter

_CLOPATH = "Clopath, Buesing, Vasilaki & Gerstner 2010, Nat. Neurosci. 13:344, doi:10.1038/nn.2479"
_CORTEX = "visual cortex; NEST's aeif_psc_delta_clopath and clopath_synapse"

VOLTAGE = (
    RuleEntry(
        name="clopath",
        summary="Voltage-based STDP: depression at presynaptic spikes, potentiation in between.",
        equations="""
            dx_source/dt = -x_source/tau_x : 1 (clock-driven)
            dw/dt = w_0*A_LTP*x_source/tau_x*clip(v_post - theta_plus, 0*volt, 1*volt)
                    *clip(u_plus_post - theta_minus, 0*volt, 1*volt) : {weight} (clock-driven)
            """,
        on_pre=(
            "target_post += w; w = w - w_0*A_LTD*clip(u_minus_post - theta_minus, 0*volt, 1*volt); "
            "x_source += 1"
        ),
        on_post="",
        parameters=(
            RuleParameter("A_LTD", 14e-5, "1/mV", "A_LTD", "amplitude of depression", _CORTEX),
            RuleParameter("A_LTP", 8e-5, "1/mV/mV", "A_LTP", "amplitude of potentiation", _CORTEX),
            RuleParameter("tau_x", 15.0, "ms", "tau_x", "presynaptic trace", _CORTEX),
            RuleParameter("theta_minus", -70.6, "mV", "theta_-", "threshold of both", _CORTEX),
            RuleParameter("theta_plus", -45.3, "mV", "theta_+", "threshold of v for LTP", _CORTEX),
            RuleParameter("w_0", None, WEIGHT_UNIT, "1", "weight that changes refer to"),
            RuleParameter("w_max", None, WEIGHT_UNIT, "w_max", "largest weight"),
        ),
        bounds={"w": ("0*w_max", "w_max")},
        needs=(
            Needed("v_post", "volt", "membrane potential"),
            Needed("u_minus_post", "volt", "v filtered with tau_u_minus (see voltage_traces)"),
            Needed("u_plus_post", "volt", "v filtered with tau_u_plus (see voltage_traces)"),
        ),
        reference=_CLOPATH,
        method="euler",
        notes=(
            "The target needs the filtered potentials u_minus and u_plus, which "
            "neurosim.plasticity.voltage_traces(model) adds to any model, and a potential that "
            "shows its spikes: neurosim.plasticity.clopath_neuron() is the paper's. The amplitude "
            "A_LTD is constant here; the paper's homeostasis scales it with the mean potential."
        ),
    ),
)

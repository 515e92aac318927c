"""Leaky integrate-and-fire neurons with conductances that rise, and with NMDA receptors."""

from __future__ import annotations

from typing import Any

from .entry import Entry, Figure, Input, Parameter
from .integrate_and_fire import BRUNEL_WANG_2003, ROTH_2009

_MEFFIN = "Meffin, Burkitt & Grayden 2004, J. Comput. Neurosci. 16:159"
_NEST = "NEST's iaf_cond_alpha (nest-simulator 3.x, models/iaf_cond_alpha.cpp)"
_WANG_2002 = "Wang 2002, Neuron 36:955, doi:10.1016/S0896-6273(02)01092-9"
_JAHR = "Jahr & Stevens 1990, J. Neurosci. 10:3178, doi:10.1523/JNEUROSCI.10-09-03178.1990"

_SPIKES: dict[str, Any] = {
    "threshold": "v > V_th",
    "reset": "v = V_r",
    "refractory": "t_ref",
    "initial": {"v": "E_L"},
}
_MEMBRANE = (
    Parameter("C_m", 250.0, "pF", "C_m", "membrane capacitance", _NEST),
    Parameter("g_L", 16.6667, "nS", "g_L", "leak conductance", _NEST),
    Parameter("E_L", -70.0, "mV", "E_L", "resting potential", _NEST),
    Parameter("E_exc", 0.0, "mV", "E_ex", "excitatory reversal potential", _NEST),
    Parameter("E_inh", -85.0, "mV", "E_in", "inhibitory reversal potential", _NEST),
    Parameter("V_th", -55.0, "mV", "V_th", "threshold", _NEST),
    Parameter("V_r", -60.0, "mV", "V_reset", "reset potential", _NEST),
    Parameter("t_ref", 2.0, "ms", "t_ref", "absolute refractory period", _NEST),
    Parameter("I_e", 0.0, "pA", "I_e", "constant current", "none by default"),
)
_COBA = """
            dv/dt = (g_L*(E_L - v) + I_syn + I_e)/C_m : volt (unless refractory)
            I_syn = g_exc*(E_exc - v) + g_inh*(E_inh - v) : amp
"""

CONDUCTANCE_SYNAPSES = (
    Entry(
        name="lif_cond_alpha",
        summary=(
            "Leaky integrate-and-fire neuron with alpha-shaped synaptic conductances. Synapses "
            "add to J_exc and J_inh; a weight w gives a conductance of peak w/e at the time "
            "constant."
        ),
        equations=_COBA
        + """
            dg_exc/dt = (J_exc - g_exc)/tau_exc : siemens
            dJ_exc/dt = -J_exc/tau_exc : siemens
            dg_inh/dt = (J_inh - g_inh)/tau_inh : siemens
            dJ_inh/dt = -J_inh/tau_inh : siemens
            """,
        parameters=(
            *_MEMBRANE,
            Parameter("tau_exc", 0.2, "ms", "tau_syn_ex", "excitatory time constant", _NEST),
            Parameter("tau_inh", 2.0, "ms", "tau_syn_in", "inhibitory time constant", _NEST),
        ),
        recordables=("v", "g_exc", "J_exc", "g_inh", "J_inh"),
        reference=_MEFFIN,
        figure=Figure(300.0),
        inputs=(
            Input("J_exc", 20.0, "nS", signed=False),
            Input("J_inh", 8.0, "nS", signed=False),
        ),
        method="rk4",
        **_SPIKES,
    ),
    Entry(
        name="lif_cond_biexp",
        summary=(
            "Leaky integrate-and-fire neuron with double-exponential synaptic conductances, "
            "which rise and decay with their own time constants. Synapses add to x_exc and "
            "x_inh; a weight w gives a conductance of peak w."
        ),
        equations=_COBA
        + """
            dg_exc/dt = (s_exc*x_exc - g_exc)/tau_rise_exc : siemens
            dx_exc/dt = -x_exc/tau_exc : siemens
            dg_inh/dt = (s_inh*x_inh - g_inh)/tau_rise_inh : siemens
            dx_inh/dt = -x_inh/tau_inh : siemens
            s_exc = (tau_exc/tau_rise_exc)**(tau_rise_exc/(tau_exc - tau_rise_exc)) : 1
            s_inh = (tau_inh/tau_rise_inh)**(tau_rise_inh/(tau_inh - tau_rise_inh)) : 1
            """,
        parameters=(
            *_MEMBRANE,
            Parameter("tau_rise_exc", 0.5, "ms", "tau_r", "rise of AMPA", BRUNEL_WANG_2003),
            Parameter("tau_exc", 2.0, "ms", "tau_d", "decay of AMPA", BRUNEL_WANG_2003),
            Parameter("tau_rise_inh", 0.5, "ms", "tau_r", "rise of GABA_A", BRUNEL_WANG_2003),
            Parameter("tau_inh", 5.0, "ms", "tau_d", "decay of GABA_A", BRUNEL_WANG_2003),
        ),
        recordables=("v", "g_exc", "x_exc", "g_inh", "x_inh"),
        reference=ROTH_2009,
        figure=Figure(300.0),
        inputs=(
            Input("x_exc", 1.0, "nS", signed=False),
            Input("x_inh", 1.5, "nS", signed=False),
        ),
        method="rk4",
        notes="The rise must be shorter than the decay; for equal ones use lif_cond_alpha.",
        **_SPIKES,
    ),
    Entry(
        name="lif_nmda",
        summary=(
            "Wang's pyramidal cell: leaky integrate-and-fire with AMPA and GABA_A conductances "
            "and an NMDA current blocked by magnesium. Each neuron carries the gating s of the "
            "NMDA synapses it makes, which saturates; a projection with "
            "neurosim.models.nmda_gating() sums it into s_NMDA of the targets."
        ),
        equations="""
            dv/dt = (g_L*(E_L - v) + I_AMPA + I_GABA + I_NMDA + I_e)/C_m : volt (unless refractory)
            I_AMPA = g_AMPA*(E_exc - v) : amp
            I_GABA = g_GABA*(E_inh - v) : amp
            I_NMDA = g_NMDA*s_NMDA*unblocked*(E_exc - v) : amp
            unblocked = 1/(1 + Mg*exp(-v/V_Mg)) : 1
            dg_AMPA/dt = -g_AMPA/tau_AMPA : siemens
            dg_GABA/dt = -g_GABA/tau_GABA : siemens
            ds/dt = -s/tau_NMDA + alpha*x*(1 - s) : 1
            dx/dt = -x/tau_rise : 1
            s_NMDA : 1
            """,
        threshold="v > V_th",
        reset="v = V_r; x += 1",
        refractory="t_ref",
        parameters=(
            Parameter("C_m", 500.0, "pF", "C_m", "membrane capacitance"),
            Parameter("g_L", 25.0, "nS", "g_L", "leak conductance"),
            Parameter("E_L", -70.0, "mV", "V_L", "resting potential"),
            Parameter("V_th", -50.0, "mV", "V_th", "threshold"),
            Parameter("V_r", -55.0, "mV", "V_reset", "reset potential"),
            Parameter("t_ref", 2.0, "ms", "tau_ref", "absolute refractory period"),
            Parameter("E_exc", 0.0, "mV", "V_E", "reversal potential of AMPA and NMDA"),
            Parameter("E_inh", -70.0, "mV", "V_I", "reversal potential of GABA_A"),
            Parameter("tau_AMPA", 2.0, "ms", "tau_AMPA", "decay of AMPA"),
            Parameter("tau_GABA", 5.0, "ms", "tau_GABA", "decay of GABA_A"),
            Parameter("tau_NMDA", 100.0, "ms", "tau_NMDA,decay", "decay of the NMDA gating"),
            Parameter("tau_rise", 2.0, "ms", "tau_NMDA,rise", "rise of the NMDA gating"),
            Parameter("alpha", 0.5, "1/ms", "alpha", "opening of the NMDA gating"),
            Parameter("g_NMDA", 0.165, "nS", "g_NMDA", "NMDA conductance per summed gating"),
            Parameter("Mg", 1 / 3.57, "1", "[Mg2+]/3.57", "1 mM of magnesium", _JAHR),
            Parameter("V_Mg", 1 / 0.062, "mV", "1/0.062", "slope of the block", _JAHR),
            Parameter("I_e", 0.0, "pA", "I", "constant current", "none by default"),
        ),
        recordables=("v", "g_AMPA", "g_GABA", "s", "x", "s_NMDA"),
        reference=_WANG_2002,
        figure=Figure(600.0, ("v", "s")),
        inputs=(
            Input("g_AMPA", 2.0, "nS", signed=False),
            Input("g_GABA", 2.0, "nS", signed=False),
        ),
        initial={"v": "E_L"},
        notes=(
            "The gating rises at the presynaptic spike: the reference's delay of 0.5 ms is left "
            "out. Values as in Brian2's example Wang_2002 for 1600 excitatory neurons."
        ),
    ),
)

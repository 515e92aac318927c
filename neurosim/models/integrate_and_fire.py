"""Integrate-and-fire neurons with a fixed threshold."""

from __future__ import annotations

from typing import Any

from .entry import UNVERIFIED, Entry, Figure, Input, Parameter

_PD14 = "Potjans & Diesmann 2014, Cereb. Cortex 24:785, Table 4"
_TUCKWELL = "Tuckwell 1988, Introduction to Theoretical Neurobiology vol. 1, ch. 3, Cambridge UP"
_ROTTER = "Rotter & Diesmann 1999, Biol. Cybern. 81:381, doi:10.1007/s004220050570"

BRETTE_2007 = (
    "Brette et al. 2007, J. Comput. Neurosci. 23:349, doi:10.1007/s10827-007-0038-6 "
    "(after Vogels & Abbott 2005)"
)

BRUNEL_WANG_2003 = f"Brunel & Wang 2003, J. Neurophysiol. 90:415; {UNVERIFIED}"
ROTH_2009 = (
    "Roth & van Rossum 2009, Modeling synapses, in De Schutter (ed.), Computational Modeling "
    "Methods for Neuroscientists, MIT Press, ch. 6"
)

_C_M = Parameter("C_m", 250.0, "pF", "C_m", "membrane capacitance", _PD14)
_TAU_M = Parameter("tau_m", 10.0, "ms", "tau_m", "membrane time constant", _PD14)
_E_L = Parameter("E_L", -65.0, "mV", "E_L", "resting potential", _PD14)
_V_TH = Parameter("V_th", -50.0, "mV", "theta", "threshold", _PD14)
_V_R = Parameter("V_r", -65.0, "mV", "V_r", "reset potential", _PD14)
_T_REF = Parameter("t_ref", 2.0, "ms", "tau_ref", "absolute refractory period", _PD14)
_I_E = Parameter("I_e", 0.0, "pA", "I_e", "constant current", "none by default")
_TAU_SYN = Parameter("tau_syn", 0.5, "ms", "tau_s", "synaptic time constant", _PD14)
_SPIKES: dict[str, Any] = {
    "threshold": "v > V_th",
    "reset": "v = V_r",
    "refractory": "t_ref",
}
_AT_REST = {"v": "E_L"}
CONDUCTANCES = (
    Input("g_exc", 0.4, "nS", signed=False),
    Input("g_inh", 0.8, "nS", signed=False),
)

INTEGRATE_AND_FIRE = (
    Entry(
        name="iaf",
        summary="Perfect integrate-and-fire neuron: no leak; synapses step the potential (delta).",
        equations="dv/dt = I_e/C_m : volt (unless refractory)",
        parameters=(_C_M, _I_E, _V_TH, _V_R, _T_REF),
        recordables=("v",),
        reference="Lapicque 1907, J. Physiol. Pathol. Gen. 9:620",
        figure=Figure(250.0),
        inputs=(Input("v", 0.5, "mV"),),
        initial={"v": "V_r"},
        **_SPIKES,
    ),
    Entry(
        name="lif_delta",
        summary="Leaky integrate-and-fire neuron; synapses step the potential (delta).",
        equations="dv/dt = (E_L - v)/tau_m + I_e/C_m : volt (unless refractory)",
        parameters=(_C_M, _TAU_M, _E_L, _V_TH, _V_R, _T_REF, _I_E),
        recordables=("v",),
        reference=_TUCKWELL,
        figure=Figure(400.0),
        inputs=(Input("v", 0.5, "mV"),),
        initial=_AT_REST,
        **_SPIKES,
    ),
    Entry(
        name="lif_curr_exp",
        summary="Leaky integrate-and-fire neuron with exponentially decaying synaptic current.",
        equations="""
            dv/dt = (E_L - v)/tau_m + (I_syn + I_e)/C_m : volt (unless refractory)
            dI_syn/dt = -I_syn/tau_syn : amp
            """,
        parameters=(_C_M, _TAU_M, _TAU_SYN, _E_L, _V_TH, _V_R, _T_REF, _I_E),
        recordables=("v", "I_syn"),
        reference=_ROTTER,
        figure=Figure(400.0),
        inputs=(Input("I_syn", 60.0, "pA"),),
        initial=_AT_REST,
        **_SPIKES,
    ),
    Entry(
        name="lif_curr_exp2",
        summary="Leaky integrate-and-fire neuron; excitatory and inhibitory exponential currents.",
        equations="""
            dv/dt = (E_L - v)/tau_m + (I_exc + I_inh + I_e)/C_m : volt (unless refractory)
            dI_exc/dt = -I_exc/tau_exc : amp
            dI_inh/dt = -I_inh/tau_inh : amp
            """,
        parameters=(
            _C_M,
            _TAU_M,
            Parameter("tau_exc", 0.5, "ms", "tau_e", "excitatory time constant", _PD14),
            Parameter("tau_inh", 0.5, "ms", "tau_i", "inhibitory time constant", _PD14),
            _E_L,
            _V_TH,
            _V_R,
            _T_REF,
            _I_E,
        ),
        recordables=("v", "I_exc", "I_inh"),
        reference=_ROTTER,
        figure=Figure(400.0),
        inputs=(
            Input("I_exc", 60.0, "pA", signed=False),
            Input("I_inh", -60.0, "pA", signed=False),
        ),
        initial=_AT_REST,
        **_SPIKES,
    ),
    Entry(
        name="lif_curr_alpha",
        summary=(
            "Leaky integrate-and-fire neuron with alpha-shaped synaptic current. Synapses add to "
            "J_syn; a weight w gives a current of peak w/e at tau_syn."
        ),
        equations="""
            dv/dt = (E_L - v)/tau_m + (I_syn + I_e)/C_m : volt (unless refractory)
            dI_syn/dt = (J_syn - I_syn)/tau_syn : amp
            dJ_syn/dt = -J_syn/tau_syn : amp
            """,
        parameters=(_C_M, _TAU_M, _TAU_SYN, _E_L, _V_TH, _V_R, _T_REF, _I_E),
        recordables=("v", "I_syn", "J_syn"),
        reference=_ROTTER,
        figure=Figure(400.0),
        inputs=(Input("J_syn", 60.0, "pA"),),
        initial=_AT_REST,
        **_SPIKES,
    ),
    Entry(
        name="lif_curr_biexp",
        summary=(
            "Leaky integrate-and-fire neuron with double-exponential synaptic current, which rises "
            "and decays with its own time constants. Synapses add to x; a weight w gives a current "
            "of peak w."
        ),
        equations="""
            dv/dt = (E_L - v)/tau_m + (I_syn + I_e)/C_m : volt (unless refractory)
            dI_syn/dt = (s*x - I_syn)/tau_rise : amp
            dx/dt = -x/tau_syn : amp
            s = (tau_syn/tau_rise)**(tau_rise/(tau_syn - tau_rise)) : 1
            """,
        parameters=(
            _C_M,
            _TAU_M,
            Parameter("tau_rise", 0.5, "ms", "tau_r", "rise of the current", BRUNEL_WANG_2003),
            Parameter("tau_syn", 2.0, "ms", "tau_d", "decay of the current", BRUNEL_WANG_2003),
            _E_L,
            _V_TH,
            _V_R,
            _T_REF,
            _I_E,
        ),
        recordables=("v", "I_syn", "x"),
        reference=ROTH_2009,
        figure=Figure(400.0),
        inputs=(Input("x", 60.0, "pA"),),
        initial=_AT_REST,
        notes="The rise must be shorter than the decay; for equal ones use lif_curr_alpha.",
        **_SPIKES,
    ),
    Entry(
        name="lif_cond_exp",
        summary="Leaky integrate-and-fire neuron; exponentially decaying synaptic conductances.",
        equations="""
            dv/dt = (g_L*(E_L - v) + g_exc*(E_exc - v) + g_inh*(E_inh - v) + I_e)/C_m : volt (unless refractory)
            dg_exc/dt = -g_exc/tau_exc : siemens
            dg_inh/dt = -g_inh/tau_inh : siemens
            """,  # noqa: E501 (one equation)
        parameters=(
            Parameter("C_m", 200.0, "pF", "C_m", "membrane capacitance"),
            Parameter("g_L", 10.0, "nS", "g_L", "leak conductance"),
            Parameter("E_L", -60.0, "mV", "E_L", "resting potential"),
            Parameter("E_exc", 0.0, "mV", "E_e", "excitatory reversal potential"),
            Parameter("E_inh", -80.0, "mV", "E_i", "inhibitory reversal potential"),
            Parameter("tau_exc", 5.0, "ms", "tau_e", "excitatory time constant"),
            Parameter("tau_inh", 10.0, "ms", "tau_i", "inhibitory time constant"),
            Parameter("V_th", -50.0, "mV", "V_t", "threshold"),
            Parameter("V_r", -60.0, "mV", "V_r", "reset potential"),
            Parameter("t_ref", 5.0, "ms", "tau_ref", "absolute refractory period"),
            _I_E,
        ),
        recordables=("v", "g_exc", "g_inh"),
        reference=BRETTE_2007,
        figure=Figure(125.0),
        inputs=CONDUCTANCES,
        initial=_AT_REST,
        **_SPIKES,
    ),
)

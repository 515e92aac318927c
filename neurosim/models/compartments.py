"""Neurons of two and three compartments, written out as equations."""

from __future__ import annotations

from .entry import Entry, Figure, Input, Parameter

_PINSKY = "Pinsky & Rinzel 1994, J. Comput. Neurosci. 1:39, doi:10.1007/BF00962717"
_NEST_MC = "NEST's iaf_cond_alpha_mc (models/iaf_cond_alpha_mc.cpp)"
_TOTAL = "density of the reference times 20000 um2, soma and dendrite together"
_OURS = "this package"
_NONE = "none by default"


def _alpha_conductances(suffix: str) -> str:
    """Return the equations of the two alpha-shaped conductances of a compartment."""
    return "".join(
        f"""
            dg_{kind}{suffix}/dt = (J_{kind}{suffix} - g_{kind}{suffix})/tau_{kind} : siemens
            dJ_{kind}{suffix}/dt = -J_{kind}{suffix}/tau_{kind} : siemens"""
        for kind in ("exc", "inh")
    )


def _synaptic_current(suffix: str, v: str) -> str:
    return f"g_exc{suffix}*(E_exc - {v}) + g_inh{suffix}*(E_inh - {v})"


_THREE = (
    f"""
            dv/dt = (g_L*(E_L - v) + g_sp*(v_p - v) + I_syn + I_e)/C_m : volt (unless refractory)
            dv_p/dt = (g_L_p*(E_L - v_p) + g_sp*(v - v_p) + g_pd*(v_d - v_p) + I_syn_p + I_p)/C_p : volt
            dv_d/dt = (g_L_d*(E_L - v_d) + g_pd*(v_p - v_d) + I_syn_d + I_d)/C_d : volt
            I_syn = {_synaptic_current("", "v")} : amp
            I_syn_p = {_synaptic_current("_p", "v_p")} : amp
            I_syn_d = {_synaptic_current("_d", "v_d")} : amp"""  # noqa: E501 (one equation)
    + _alpha_conductances("")
    + _alpha_conductances("_p")
    + _alpha_conductances("_d")
    + "\n            "
)

COMPARTMENTS = (
    Entry(
        name="pinsky_rinzel",
        summary=(
            "Pinsky & Rinzel's CA3 pyramidal cell: a soma with fast sodium and potassium, a "
            "dendrite with calcium and calcium-dependent potassium, which together burst. v is "
            "the soma, v_d the dendrite; excitation arrives on the dendrite, inhibition on the "
            "soma."
        ),
        equations="""
            dv/dt = (g_L*(E_L - v) + I_Na + I_K + (g_c*(v_d - v) + g_inh*(E_inh - v) + I_e)/p)/C_m : volt
            dv_d/dt = (g_L*(E_L - v_d) + I_Ca + I_AHP + I_C + (g_c*(v - v_d) + g_exc*(E_exc - v_d) + I_d)/(1 - p))/C_m : volt
            I_Na = g_Na*m_inf**2*h*(E_Na - v) : amp
            I_K = g_K*n*(E_K - v) : amp
            I_Ca = g_Ca*s**2*(E_Ca - v_d) : amp
            I_AHP = g_AHP*q*(E_K - v_d) : amp
            I_C = g_C*c*clip(Ca/250, 0, 1)*(E_K - v_d) : amp
            dh/dt = alpha_h*(1 - h) - beta_h*h : 1
            dn/dt = alpha_n*(1 - n) - beta_n*n : 1
            ds/dt = alpha_s*(1 - s) - beta_s*s : 1
            dc/dt = alpha_c*(1 - c) - beta_c*c : 1
            dq/dt = clip(0.00002*Ca, 0, 0.01)*(1 - q)/ms - 0.001*q/ms : 1
            dCa/dt = phi_Ca*I_Ca - Ca/tau_Ca : 1
            m_inf = alpha_m/(alpha_m + beta_m) : 1
            alpha_m = 1.28/exprel(-(v + 46.9*mV)/(4*mV))/ms : hertz
            beta_m = 1.4/exprel((v + 19.9*mV)/(5*mV))/ms : hertz
            alpha_h = 0.128*exp(-(v + 43*mV)/(18*mV))/ms : hertz
            beta_h = 4/(1 + exp(-(v + 20*mV)/(5*mV)))/ms : hertz
            alpha_n = 0.08/exprel(-(v + 24.9*mV)/(5*mV))/ms : hertz
            beta_n = 0.25*exp(-(v + 40*mV)/(40*mV))/ms : hertz
            alpha_s = 1.6/(1 + exp(-0.072*(v_d - 5*mV)/mV))/ms : hertz
            beta_s = 0.1/exprel((v_d + 8.9*mV)/(5*mV))/ms : hertz
            fall_c = 2*exp(-(v_d + 53.5*mV)/(27*mV))/ms : hertz
            rise_c = exp((v_d + 50*mV)/(11*mV) - (v_d + 53.5*mV)/(27*mV))/18.975/ms : hertz
            alpha_c = int(v_d <= -10*mV)*rise_c + int(v_d > -10*mV)*fall_c : hertz
            beta_c = int(v_d <= -10*mV)*(fall_c - rise_c) : hertz
            dg_exc/dt = -g_exc/tau_exc : siemens
            dg_inh/dt = -g_inh/tau_inh : siemens
            """,  # noqa: E501 (one equation)
        threshold="v > V_th",
        reset="",
        refractory="v > V_th",
        parameters=(
            Parameter("C_m", 600.0, "pF", "C_m", "membrane capacitance", _TOTAL),
            Parameter("p", 0.5, "1", "p", "share of the soma in the area"),
            Parameter("g_c", 420.0, "nS", "g_c", "coupling of soma and dendrite", _TOTAL),
            Parameter("g_L", 20.0, "nS", "g_L", "leak conductance", _TOTAL),
            Parameter("g_Na", 6.0, "uS", "g_Na", "peak sodium conductance", _TOTAL),
            Parameter("g_K", 3.0, "uS", "g_K-DR", "peak delayed rectifier", _TOTAL),
            Parameter("g_Ca", 2.0, "uS", "g_Ca", "peak calcium conductance", _TOTAL),
            Parameter("g_AHP", 160.0, "nS", "g_K-AHP", "peak slow potassium", _TOTAL),
            Parameter("g_C", 3.0, "uS", "g_K-C", "peak fast calcium-dependent potassium", _TOTAL),
            Parameter("E_L", -60.0, "mV", "V_L", "leak reversal potential"),
            Parameter("E_Na", 60.0, "mV", "V_Na", "sodium reversal potential"),
            Parameter("E_Ca", 80.0, "mV", "V_Ca", "calcium reversal potential"),
            Parameter("E_K", -75.0, "mV", "V_K", "potassium reversal potential"),
            Parameter("phi_Ca", 0.00065, "1/pA/ms", "0.13", "calcium per calcium current", _TOTAL),
            Parameter("tau_Ca", 1 / 0.075, "ms", "1/0.075", "removal of calcium"),
            Parameter("V_th", 0.0, "mV", "", "potential whose crossing is a spike", _OURS),
            Parameter("E_exc", 0.0, "mV", "V_syn", "excitatory reversal potential"),
            Parameter("E_inh", -75.0, "mV", "", "inhibitory reversal potential", _OURS),
            Parameter("tau_exc", 2.0, "ms", "", "excitatory time constant", _OURS),
            Parameter("tau_inh", 7.0, "ms", "", "inhibitory time constant", _OURS),
            Parameter("I_e", 0.0, "pA", "I_s", "constant current into the soma", _NONE),
            Parameter("I_d", 0.0, "pA", "I_d", "constant current into the dendrite", _NONE),
        ),
        recordables=("v", "v_d", "h", "n", "s", "c", "q", "Ca", "g_exc", "g_inh"),
        reference=_PINSKY,
        figure=Figure(150.0, ("v", "v_d", "Ca"), 1500.0, 50.0, 1400.0, 0.05),
        inputs=(
            Input("g_exc", 1.0, "nS", signed=False),
            Input("g_inh", 2.0, "nS", signed=False),
        ),
        method="rk4",
        initial={
            "v": "-64.6*mV",
            "v_d": "-64.5*mV",
            "h": "0.999",
            "n": "0.001",
            "s": "0.009",
            "c": "0.007",
            "q": "0.01",
            "Ca": "0.2",
        },
        notes=(
            "Potentials are the reference's, which are relative to rest, minus 60 mV. 0.75 and 2.5 "
            "uA/cm2 into the soma, its bursting and its fast spiking, are 150 and 500 pA here. "
            "It bursts about once a second without input."
        ),
    ),
    Entry(
        name="lif_three_compartment",
        summary=(
            "Leaky integrate-and-fire soma (v) with a proximal (v_p) and a distal (v_d) dendrite, "
            "each with alpha-shaped excitatory and inhibitory conductances. Synapses add to "
            "J_exc, J_inh (soma), J_exc_p, ... and J_exc_d, ...; a weight w gives a conductance "
            "of peak w/e at the time constant."
        ),
        equations=_THREE,
        threshold="v > V_th",
        reset="v = V_r",
        refractory="t_ref",
        parameters=(
            Parameter("C_m", 150.0, "pF", "C_m", "capacitance of the soma"),
            Parameter("C_p", 75.0, "pF", "C_m", "capacitance of the proximal dendrite"),
            Parameter("C_d", 150.0, "pF", "C_m", "capacitance of the distal dendrite"),
            Parameter("g_L", 10.0, "nS", "g_L", "leak of the soma"),
            Parameter("g_L_p", 5.0, "nS", "g_L", "leak of the proximal dendrite"),
            Parameter("g_L_d", 10.0, "nS", "g_L", "leak of the distal dendrite"),
            Parameter("g_sp", 2.5, "nS", "g_sp", "coupling of soma and proximal dendrite"),
            Parameter("g_pd", 1.0, "nS", "g_pd", "coupling of proximal and distal dendrite"),
            Parameter("E_L", -70.0, "mV", "E_L", "resting potential"),
            Parameter("E_exc", 0.0, "mV", "E_ex", "excitatory reversal potential"),
            Parameter("E_inh", -85.0, "mV", "E_in", "inhibitory reversal potential"),
            Parameter("tau_exc", 0.5, "ms", "tau_syn_ex", "excitatory time constant"),
            Parameter("tau_inh", 2.0, "ms", "tau_syn_in", "inhibitory time constant"),
            Parameter("V_th", -55.0, "mV", "V_th", "threshold of the soma"),
            Parameter("V_r", -60.0, "mV", "V_reset", "reset potential of the soma"),
            Parameter("t_ref", 2.0, "ms", "t_ref", "absolute refractory period"),
            Parameter("I_e", 0.0, "pA", "I_e", "constant current into the soma", _NONE),
            Parameter("I_p", 0.0, "pA", "I_e", "constant current, proximal dendrite", _NONE),
            Parameter("I_d", 0.0, "pA", "I_e", "constant current, distal dendrite", _NONE),
        ),
        recordables=(
            "v",
            "v_p",
            "v_d",
            *(f"{x}_{kind}{c}" for c in ("", "_p", "_d") for kind in ("exc", "inh") for x in "gJ"),
        ),
        reference=_NEST_MC,
        figure=Figure(200.0, ("v", "v_p", "v_d")),
        inputs=(
            Input("J_exc", 1.0, "nS", signed=False),
            Input("J_exc_d", 3.0, "nS", signed=False),
            Input("J_inh_p", 5.0, "nS", signed=False),
        ),
        method="rk2",
        initial={"v": "E_L", "v_p": "E_L", "v_d": "E_L"},
    ),
)

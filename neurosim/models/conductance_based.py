"""Neurons with ionic conductances, Hodgkin & Huxley's and a cortical cell after Traub & Miles.

Rates of the form x/(exp(x) - 1), singular at x = 0, are written with
``exprel(x) = (exp(x) - 1)/x``. A neuron spikes when v crosses V_th upwards: it stays refractory,
which only keeps it from spiking again, while v is above.
"""

from __future__ import annotations

from typing import Any

from .entry import Entry, Figure, Input, Parameter
from .integrate_and_fire import BRETTE_2007, CONDUCTANCES

_HH = "Hodgkin & Huxley 1952, J. Physiol. 117:500, doi:10.1113/jphysiol.1952.sp004764"
_OURS = "this package"
_AREA = "density of the reference times 20000 um2"

_CURRENTS = """
            dv/dt = (g_L*(E_L - v) + I_Na + I_K + I_syn + I_e)/C_m : volt
            I_Na = g_Na*m**3*h*(E_Na - v) : amp
            I_K = g_K*n**4*(E_K - v) : amp
            dm/dt = alpha_m*(1 - m) - beta_m*m : 1
            dh/dt = alpha_h*(1 - h) - beta_h*h : 1
            dn/dt = alpha_n*(1 - n) - beta_n*n : 1
"""
_GATES = {x: f"alpha_{x}/(alpha_{x} + beta_{x})" for x in ("m", "h", "n")}
_SPIKES: dict[str, Any] = {"threshold": "v > V_th", "reset": "", "refractory": "v > V_th"}

CONDUCTANCE_BASED = (
    Entry(
        name="hodgkin_huxley",
        summary=(
            "Hodgkin & Huxley's squid axon at 6.3 C, rest at -65 mV, a patch of 20000 um2, with "
            "an exponentially decaying synaptic current."
        ),
        equations=_CURRENTS
        + """
            alpha_m = 1/exprel(-(v + 40*mV)/(10*mV))/ms : hertz
            beta_m = 4*exp(-(v + 65*mV)/(18*mV))/ms : hertz
            alpha_h = 0.07*exp(-(v + 65*mV)/(20*mV))/ms : hertz
            beta_h = 1/(1 + exp(-(v + 35*mV)/(10*mV)))/ms : hertz
            alpha_n = 0.1/exprel(-(v + 55*mV)/(10*mV))/ms : hertz
            beta_n = 0.125*exp(-(v + 65*mV)/(80*mV))/ms : hertz
            dI_syn/dt = -I_syn/tau_syn : amp
            """,
        parameters=(
            Parameter("C_m", 200.0, "pF", "C", "membrane capacitance", _AREA),
            Parameter("g_Na", 24.0, "uS", "g_Na", "peak sodium conductance", _AREA),
            Parameter("g_K", 7.2, "uS", "g_K", "peak potassium conductance", _AREA),
            Parameter("g_L", 60.0, "nS", "g_L", "leak conductance", _AREA),
            Parameter("E_Na", 50.0, "mV", "E_Na", "sodium reversal potential"),
            Parameter("E_K", -77.0, "mV", "E_K", "potassium reversal potential"),
            Parameter("E_L", -54.387, "mV", "E_L", "leak reversal potential"),
            Parameter("V_th", 0.0, "mV", "", "potential whose crossing is a spike", _OURS),
            Parameter("tau_syn", 5.0, "ms", "", "synaptic time constant", _OURS),
            Parameter("I_e", 0.0, "pA", "I", "constant current", "none by default"),
        ),
        recordables=("v", "m", "h", "n", "I_syn"),
        reference=_HH,
        figure=Figure(2000.0, ("v", "m", "h", "n"), 100.0, 20.0, 80.0, 0.025),
        inputs=(Input("I_syn", 60.0, "pA"),),
        method="exponential_euler",
        initial={"v": "-65*mV", **_GATES},
        **_SPIKES,
    ),
    Entry(
        name="hodgkin_huxley_traub_miles",
        summary=(
            "Cortical neuron with Traub & Miles' sodium and potassium currents and exponentially "
            "decaying synaptic conductances."
        ),
        equations=_CURRENTS
        + """
            I_syn = g_exc*(E_exc - v) + g_inh*(E_inh - v) : amp
            alpha_m = 1.28/exprel((13*mV - v + V_T)/(4*mV))/ms : hertz
            beta_m = 1.4/exprel((v - V_T - 40*mV)/(5*mV))/ms : hertz
            alpha_h = 0.128*exp((17*mV - v + V_T)/(18*mV))/ms : hertz
            beta_h = 4/(1 + exp((40*mV - v + V_T)/(5*mV)))/ms : hertz
            alpha_n = 0.16/exprel((15*mV - v + V_T)/(5*mV))/ms : hertz
            beta_n = 0.5*exp((10*mV - v + V_T)/(40*mV))/ms : hertz
            dg_exc/dt = -g_exc/tau_exc : siemens
            dg_inh/dt = -g_inh/tau_inh : siemens
            """,
        parameters=(
            Parameter("C_m", 200.0, "pF", "C", "membrane capacitance", _AREA),
            Parameter("g_Na", 20.0, "uS", "g_Na", "peak sodium conductance", _AREA),
            Parameter("g_K", 6.0, "uS", "g_Kd", "peak potassium conductance", _AREA),
            Parameter("g_L", 10.0, "nS", "g_L", "leak conductance", _AREA),
            Parameter("E_Na", 50.0, "mV", "E_Na", "sodium reversal potential"),
            Parameter("E_K", -90.0, "mV", "E_K", "potassium reversal potential"),
            Parameter("E_L", -60.0, "mV", "E_L", "leak reversal potential"),
            Parameter("V_T", -63.0, "mV", "V_T", "shift of the rates"),
            Parameter("V_th", -20.0, "mV", "", "potential whose crossing is a spike"),
            Parameter("E_exc", 0.0, "mV", "E_e", "excitatory reversal potential"),
            Parameter("E_inh", -80.0, "mV", "E_i", "inhibitory reversal potential"),
            Parameter("tau_exc", 5.0, "ms", "tau_e", "excitatory time constant"),
            Parameter("tau_inh", 10.0, "ms", "tau_i", "inhibitory time constant"),
            Parameter("I_e", 0.0, "pA", "I", "constant current", "none by default"),
        ),
        recordables=("v", "m", "h", "n", "g_exc", "g_inh"),
        reference=f"Traub & Miles 1991, Neuronal Networks of the Hippocampus; {BRETTE_2007}",
        figure=Figure(300.0, ("v", "m", "h", "n"), 400.0, 150.0, 350.0, 0.025),
        inputs=CONDUCTANCES,
        notes="Fires at about 14 Hz without input, since E_L lies above the threshold of firing.",
        method="exponential_euler",
        initial={"v": "E_L", **_GATES},
        **_SPIKES,
    ),
    Entry(
        name="wang_buzsaki",
        summary=(
            "Wang & Buzsaki's hippocampal interneuron, fast-spiking with a small "
            "after-hyperpolarization, a patch of 20000 um2; sodium activates at once. "
            "Exponentially decaying synaptic conductances."
        ),
        equations="""
            dv/dt = (g_L*(E_L - v) + I_Na + I_K + I_syn + I_e)/C_m : volt
            I_Na = g_Na*m**3*h*(E_Na - v) : amp
            I_K = g_K*n**4*(E_K - v) : amp
            I_syn = g_exc*(E_exc - v) + g_inh*(E_inh - v) : amp
            m = alpha_m/(alpha_m + beta_m) : 1
            dh/dt = phi*(alpha_h*(1 - h) - beta_h*h) : 1
            dn/dt = phi*(alpha_n*(1 - n) - beta_n*n) : 1
            alpha_m = 1/exprel(-(v + 35*mV)/(10*mV))/ms : hertz
            beta_m = 4*exp(-(v + 60*mV)/(18*mV))/ms : hertz
            alpha_h = 0.07*exp(-(v + 58*mV)/(20*mV))/ms : hertz
            beta_h = 1/(exp(-(v + 28*mV)/(10*mV)) + 1)/ms : hertz
            alpha_n = 0.1/exprel(-(v + 34*mV)/(10*mV))/ms : hertz
            beta_n = 0.125*exp(-(v + 44*mV)/(80*mV))/ms : hertz
            dg_exc/dt = -g_exc/tau_exc : siemens
            dg_inh/dt = -g_inh/tau_inh : siemens
            """,
        parameters=(
            Parameter("C_m", 200.0, "pF", "C_m", "membrane capacitance", _AREA),
            Parameter("g_Na", 7.0, "uS", "g_Na", "peak sodium conductance", _AREA),
            Parameter("g_K", 1.8, "uS", "g_K", "peak potassium conductance", _AREA),
            Parameter("g_L", 20.0, "nS", "g_L", "leak conductance", _AREA),
            Parameter("E_Na", 55.0, "mV", "E_Na", "sodium reversal potential"),
            Parameter("E_K", -90.0, "mV", "E_K", "potassium reversal potential"),
            Parameter("E_L", -65.0, "mV", "E_L", "leak reversal potential"),
            Parameter("phi", 5.0, "1", "phi", "speed of h and n"),
            Parameter("V_th", 0.0, "mV", "", "potential whose crossing is a spike", _OURS),
            Parameter("E_exc", 0.0, "mV", "", "excitatory reversal potential", _OURS),
            Parameter("E_inh", -75.0, "mV", "E_syn", "inhibitory reversal potential"),
            Parameter("tau_exc", 2.0, "ms", "", "excitatory time constant", _OURS),
            Parameter("tau_inh", 10.0, "ms", "1/beta", "inhibitory time constant"),
            Parameter("I_e", 0.0, "pA", "I_app", "constant current", "none by default"),
        ),
        recordables=("v", "h", "n", "g_exc", "g_inh"),
        reference=(
            "Wang & Buzsaki 1996, J. Neurosci. 16:6402, doi:10.1523/JNEUROSCI.16-20-06402.1996"
        ),
        figure=Figure(200.0, ("v", "h", "n"), 200.0, 20.0, 180.0, 0.025),
        inputs=CONDUCTANCES,
        method="rk4",
        initial={"v": "-64*mV", "h": _GATES["h"], "n": _GATES["n"]},
        **_SPIKES,
    ),
    Entry(
        name="morris_lecar",
        summary=(
            "Morris & Lecar's barnacle muscle fibre, two variables, in the regime of a Hopf "
            "bifurcation, a patch of 20000 um2, with exponentially decaying synaptic current."
        ),
        equations="""
            dv/dt = (g_L*(E_L - v) + I_Ca + I_K + I_syn + I_e)/C_m : volt
            I_Ca = g_Ca*m_inf*(E_Ca - v) : amp
            I_K = g_K*w*(E_K - v) : amp
            dw/dt = phi*cosh((v - V_3)/(2*V_4))*(w_inf - w) : 1
            m_inf = 0.5*(1 + tanh((v - V_1)/V_2)) : 1
            w_inf = 0.5*(1 + tanh((v - V_3)/V_4)) : 1
            dI_syn/dt = -I_syn/tau_syn : amp
            """,
        parameters=(
            Parameter("C_m", 4.0, "nF", "C_m", "membrane capacitance", _AREA),
            Parameter("g_Ca", 0.88, "uS", "g_Ca", "peak calcium conductance", _AREA),
            Parameter("g_K", 1.6, "uS", "g_K", "peak potassium conductance", _AREA),
            Parameter("g_L", 0.4, "uS", "g_L", "leak conductance", _AREA),
            Parameter("E_Ca", 120.0, "mV", "E_Ca", "calcium reversal potential"),
            Parameter("E_K", -84.0, "mV", "E_K", "potassium reversal potential"),
            Parameter("E_L", -60.0, "mV", "E_L", "leak reversal potential"),
            Parameter("V_1", -1.2, "mV", "V_1", "half-activation of calcium"),
            Parameter("V_2", 18.0, "mV", "V_2", "its slope"),
            Parameter("V_3", 2.0, "mV", "V_3", "half-activation of potassium"),
            Parameter("V_4", 30.0, "mV", "V_4", "its slope"),
            Parameter("phi", 0.04, "1/ms", "phi", "speed of the potassium gate"),
            Parameter("V_th", 0.0, "mV", "", "potential whose crossing is a spike", _OURS),
            Parameter("tau_syn", 5.0, "ms", "", "synaptic time constant", _OURS),
            Parameter("I_e", 0.0, "nA", "I", "constant current", "none by default"),
        ),
        recordables=("v", "w", "I_syn"),
        reference=(
            "Morris & Lecar 1981, Biophys. J. 35:193, doi:10.1016/S0006-3495(81)84782-0; values "
            "of Ermentrout & Terman 2010, Mathematical Foundations of Neuroscience, Table 3.1"
        ),
        figure=Figure(20.0, ("v", "w"), 600.0, 50.0, 500.0),
        inputs=(Input("I_syn", 0.2, "nA"),),
        method="rk4",
        initial={"v": "-60.9*mV", "w": "0.5*(1 + tanh((v - V_3)/V_4))"},
        notes="Rest loses its stability at 93.86 uA/cm2, that is 18.8 nA here.",
        **_SPIKES,
    ),
)

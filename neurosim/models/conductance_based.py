"""Neurons with ionic conductances, Hodgkin & Huxley's and a cortical cell after Traub & Miles.

Rates of the form x/(exp(x) - 1), singular at x = 0, are written with
``exprel(x) = (exp(x) - 1)/x``. A neuron spikes when v crosses V_th upwards: it stays refractory,
which only keeps it from spiking again, while v is above.
"""

from __future__ import annotations

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
_SPIKES = {"threshold": "v > V_th", "reset": "", "refractory": "v > V_th"}

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
        figure=Figure(300.0, ("v", "m", "h", "n"), 200.0, 20.0, 180.0, 0.025),
        inputs=CONDUCTANCES,
        method="exponential_euler",
        initial={"v": "E_L", **_GATES},
        **_SPIKES,
    ),
)

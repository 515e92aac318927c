"""Neurons with a nonlinear spike upstroke: adaptive exponential, and Izhikevich's."""

from __future__ import annotations

from typing import Any

from .entry import UNVERIFIED, Entry, Figure, Input, Parameter
from .integrate_and_fire import CONDUCTANCES

_BRETTE = "Brette & Gerstner 2005, J. Neurophysiol. 94:3637, doi:10.1152/jn.00686.2005"
_IZHIKEVICH = "Izhikevich 2003, IEEE Trans. Neural Netw. 14:1569, doi:10.1109/TNN.2003.820440"
_FOURCAUD = (
    "Fourcaud-Trocme, Hansel, van Vreeswijk & Brunel 2003, J. Neurosci. 23:11628, "
    "doi:10.1523/JNEUROSCI.23-37-11628.2003"
)
_LATHAM = "Latham et al. 2000, J. Neurophysiol. 83:808, doi:10.1152/jn.2000.83.2.808"
_IZHIKEVICH_2007 = (
    "Izhikevich 2007, Dynamical Systems in Neuroscience, ch. 8: regular-spiking cell, recovery "
    "left out"
)
_AREA = "density of the reference times 20000 um2"
_OURS = "this package"

# Beyond V_peak the neuron spikes anyway: the exponential is held at its value there, so that a
# strong input within one step cannot overflow it.
_UPSTROKE = "g_L*Delta_T*exp((clip(v, -1*volt, V_peak) - V_T)/Delta_T)"
_ADEX = (
    Parameter("C_m", 281.0, "pF", "C", "membrane capacitance"),
    Parameter("g_L", 30.0, "nS", "g_L", "leak conductance"),
    Parameter("E_L", -70.6, "mV", "E_L", "resting potential"),
    Parameter("V_T", -50.4, "mV", "V_T", "threshold of the upstroke"),
    Parameter("Delta_T", 2.0, "mV", "Delta_T", "slope factor"),
    Parameter("V_peak", 20.0, "mV", "", "potential at which a spike is counted"),
    Parameter("V_r", -70.6, "mV", "V_r", "reset potential"),
    Parameter("tau_w", 144.0, "ms", "tau_w", "time constant of adaptation"),
    Parameter("a", 4.0, "nS", "a", "subthreshold adaptation"),
    Parameter("b", 80.5, "pA", "b", "spike-triggered adaptation"),
    Parameter("t_ref", 0.0, "ms", "", "absolute refractory period", "none in the paper"),
    Parameter("I_e", 0.0, "pA", "I", "constant current", "none by default"),
)
_ADEX_SPIKES: dict[str, Any] = {
    "threshold": "v > V_peak",
    "reset": "v = V_r; w += b",
    "refractory": "t_ref",
}

NONLINEAR = (
    Entry(
        name="eif",
        summary=(
            "Exponential integrate-and-fire neuron, fitted to Wang & Buzsaki's, a patch of 20000 "
            "um2, with exponentially decaying synaptic current. The exponential is held at its "
            "value at V_peak above V_peak."
        ),
        equations=f"""
            dv/dt = (g_L*(E_L - v) + {_UPSTROKE} + I_syn + I_e)/C_m : volt (unless refractory)
            dI_syn/dt = -I_syn/tau_syn : amp
            """,
        threshold="v > V_peak",
        reset="v = V_r",
        refractory="t_ref",
        parameters=(
            Parameter("C_m", 200.0, "pF", "C", "membrane capacitance", _AREA),
            Parameter("g_L", 20.0, "nS", "g_L", "leak conductance", _AREA),
            Parameter("E_L", -65.0, "mV", "V_L", "resting potential"),
            Parameter("V_T", -59.9, "mV", "V_T", "threshold of the upstroke"),
            Parameter("Delta_T", 3.48, "mV", "Delta_T", "slope factor"),
            Parameter("V_peak", -30.0, "mV", "", "potential at which a spike is counted", _OURS),
            Parameter("V_r", -68.0, "mV", "V_r", "reset potential"),
            Parameter("t_ref", 1.7, "ms", "tau_ref", "refractory period", UNVERIFIED),
            Parameter("tau_syn", 5.0, "ms", "", "synaptic time constant", _OURS),
            Parameter("I_e", 0.0, "pA", "I", "constant current", "none by default"),
        ),
        recordables=("v", "I_syn"),
        reference=_FOURCAUD,
        figure=Figure(80.0),
        inputs=(Input("I_syn", 20.0, "pA"),),
        method="rk2",
        initial={"v": "E_L"},
        notes="The least current that makes it fire is g_L*(V_T - E_L - Delta_T), 32.4 pA.",
    ),
    Entry(
        name="qif",
        summary=(
            "Quadratic integrate-and-fire neuron with exponentially decaying synaptic current."
        ),
        equations="""
            dv/dt = (k*(v - V_rest)*(v - V_crit) + I_syn + I_e)/C_m : volt
            dI_syn/dt = -I_syn/tau_syn : amp
            """,
        threshold="v > V_peak",
        reset="v = V_r",
        refractory="",
        parameters=(
            Parameter("C_m", 100.0, "pF", "C", "membrane capacitance", _IZHIKEVICH_2007),
            Parameter("k", 0.7, "nS/mV", "k", "curvature", _IZHIKEVICH_2007),
            Parameter("V_rest", -60.0, "mV", "v_r", "resting potential", _IZHIKEVICH_2007),
            Parameter("V_crit", -40.0, "mV", "v_t", "potential of no return", _IZHIKEVICH_2007),
            Parameter("V_peak", 35.0, "mV", "v_peak", "peak of the spike", _IZHIKEVICH_2007),
            Parameter("V_r", -50.0, "mV", "c", "reset potential", _IZHIKEVICH_2007),
            Parameter("tau_syn", 5.0, "ms", "", "synaptic time constant", _OURS),
            Parameter("I_e", 0.0, "pA", "I", "constant current", "none by default"),
        ),
        recordables=("v", "I_syn"),
        reference=_LATHAM,
        figure=Figure(80.0, dt=0.05),
        inputs=(Input("I_syn", 10.0, "pA"),),
        method="rk2",
        initial={"v": "V_rest"},
        notes="The least current that makes it fire is k*(V_crit - V_rest)**2/4, 70 pA.",
    ),
    Entry(
        name="adex",
        summary=(
            "Adaptive exponential integrate-and-fire neuron with exponentially decaying synaptic "
            "current. The exponential is held at its value at V_peak above V_peak."
        ),
        equations=f"""
            dv/dt = (g_L*(E_L - v) + {_UPSTROKE} - w + I_syn + I_e)/C_m : volt (unless refractory)
            dw/dt = (a*(v - E_L) - w)/tau_w : amp
            dI_syn/dt = -I_syn/tau_syn : amp
            """,
        parameters=(
            *_ADEX,
            Parameter("tau_syn", 5.0, "ms", "", "synaptic time constant", _OURS),
        ),
        recordables=("v", "w", "I_syn"),
        reference=_BRETTE,
        figure=Figure(800.0, ("v", "w")),
        inputs=(Input("I_syn", 60.0, "pA"),),
        initial={"v": "E_L"},
        **_ADEX_SPIKES,
    ),
    Entry(
        name="adex_cond_exp",
        summary=(
            "Adaptive exponential integrate-and-fire neuron with exponentially decaying synaptic "
            "conductances. The exponential is held at its value at V_peak above V_peak."
        ),
        equations=f"""
            dv/dt = (g_L*(E_L - v) + {_UPSTROKE} - w + I_syn + I_e)/C_m : volt (unless refractory)
            I_syn = g_exc*(E_exc - v) + g_inh*(E_inh - v) : amp
            dw/dt = (a*(v - E_L) - w)/tau_w : amp
            dg_exc/dt = -g_exc/tau_exc : siemens
            dg_inh/dt = -g_inh/tau_inh : siemens
            """,
        parameters=(
            *_ADEX,
            Parameter("E_exc", 0.0, "mV", "E_e", "excitatory reversal potential", _OURS),
            Parameter("E_inh", -80.0, "mV", "E_i", "inhibitory reversal potential", _OURS),
            Parameter("tau_exc", 5.0, "ms", "tau_e", "excitatory time constant", _OURS),
            Parameter("tau_inh", 10.0, "ms", "tau_i", "inhibitory time constant", _OURS),
        ),
        recordables=("v", "w", "g_exc", "g_inh"),
        reference=_BRETTE,
        figure=Figure(800.0, ("v", "w")),
        inputs=CONDUCTANCES,
        initial={"v": "E_L"},
        **_ADEX_SPIKES,
    ),
    Entry(
        name="izhikevich",
        summary=(
            "Izhikevich's quadratic neuron, regular spiking by default, with an exponentially "
            "decaying drive; v in mV and time in ms as in the paper, written out as units."
        ),
        equations="""
            dv/dt = 0.04*v**2/(ms*mV) + 5*v/ms + 140*mV/ms - u + I_syn + I_e : volt
            du/dt = a*(b*v - u) : volt/second
            dI_syn/dt = -I_syn/tau_syn : volt/second
            """,
        threshold="v >= V_peak",
        reset="v = c; u += d",
        refractory="",
        parameters=(
            Parameter("a", 0.02, "1/ms", "a", "rate of recovery"),
            Parameter("b", 0.2, "1/ms", "b", "sensitivity of the recovery to v"),
            Parameter("c", -65.0, "mV", "c", "reset potential"),
            Parameter("d", 8.0, "mV/ms", "d", "step of the recovery at a spike"),
            Parameter("V_peak", 30.0, "mV", "", "potential at which a spike is counted"),
            Parameter("I_e", 0.0, "mV/ms", "I", "constant drive", "none by default"),
            Parameter("tau_syn", 2.0, "ms", "", "time constant of the drive", _OURS),
        ),
        recordables=("v", "u", "I_syn"),
        reference=_IZHIKEVICH,
        figure=Figure(10.0, ("v", "u")),
        inputs=(Input("I_syn", 0.8, "mV/ms"),),
        initial={"v": "c", "u": "b*c"},
    ),
)

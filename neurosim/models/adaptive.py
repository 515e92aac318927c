"""Integrate-and-fire neurons whose threshold or after-currents remember past spikes."""

from __future__ import annotations

from .entry import Entry, Figure, Input, Parameter

_KOBAYASHI = (
    "Kobayashi, Tsubo & Shinomoto 2009, Front. Comput. Neurosci. 3:9, doi:10.3389/neuro.10.009.2009"
)
_MAT2_NEST = "NEST's mat2_psc_exp (models/mat2_psc_exp.cpp), a regular-spiking cell"
_MIHALAS = "Mihalas & Niebur 2009, Neural Comput. 21:704, doi:10.1162/neco.2008.12-07-680"
_DETORAKIS = "as in Detorakis 2017, ReScience, panel C (spike-frequency adaptation)"
_BRAINPY = "documented defaults of BrainPy's GIF"
_SCALE = "free: only ratios to C_m matter in the reference"
_MENSI = "Mensi et al. 2012, J. Neurophysiol. 107:1756, doi:10.1152/jn.00408.2011"
_POZZORINI = "Pozzorini et al. 2015, PLoS Comput. Biol. 11:e1004275"
_GIF_NEST = f"NEST's example gif_population.py, after {_MENSI}"
_CARANDINI = "Carandini, Horton & Sincich 2007, J. Vision 7(14):20, doi:10.1167/7.14.20"
_GERSTNER = "Gerstner & Kistler 2002, Spiking Neuron Models, Cambridge UP, section 4.2"
_OURS = "this package"
_NONE = "none by default"

ADAPTIVE = (
    Entry(
        name="mat2",
        summary=(
            "Leaky integrator with a threshold that adapts on two time scales (MAT(2)). The "
            "potential is not reset; the threshold jumps at a spike and decays."
        ),
        equations="""
            dv/dt = (E_L - v)/tau_m + (I_exc + I_inh + I_e)/C_m : volt
            dtheta_1/dt = -theta_1/tau_1 : volt
            dtheta_2/dt = -theta_2/tau_2 : volt
            dI_exc/dt = -I_exc/tau_exc : amp
            dI_inh/dt = -I_inh/tau_inh : amp
            """,
        threshold="v > omega + theta_1 + theta_2",
        reset="theta_1 += alpha_1; theta_2 += alpha_2",
        refractory="t_ref",
        parameters=(
            Parameter("C_m", 100.0, "pF", "C_m", "membrane capacitance", _MAT2_NEST),
            Parameter("tau_m", 5.0, "ms", "tau_m", "membrane time constant", _MAT2_NEST),
            Parameter("E_L", -70.0, "mV", "E_L", "resting potential", _MAT2_NEST),
            Parameter("omega", -51.0, "mV", "omega", "threshold at rest", _MAT2_NEST),
            Parameter("alpha_1", 37.0, "mV", "alpha_1", "fast jump at a spike", _MAT2_NEST),
            Parameter("alpha_2", 2.0, "mV", "alpha_2", "slow jump at a spike", _MAT2_NEST),
            Parameter("tau_1", 10.0, "ms", "tau_1", "decay of the fast part", _MAT2_NEST),
            Parameter("tau_2", 200.0, "ms", "tau_2", "decay of the slow part", _MAT2_NEST),
            Parameter("t_ref", 2.0, "ms", "tau_ref", "absolute refractory period", _MAT2_NEST),
            Parameter("tau_exc", 1.0, "ms", "", "excitatory time constant", _MAT2_NEST),
            Parameter("tau_inh", 3.0, "ms", "", "inhibitory time constant", _MAT2_NEST),
            Parameter("I_e", 0.0, "pA", "I", "constant current", _NONE),
        ),
        recordables=("v", "theta_1", "theta_2", "I_exc", "I_inh"),
        reference=_KOBAYASHI,
        figure=Figure(500.0, ("v", "theta_1", "theta_2")),
        inputs=(
            Input("I_exc", 60.0, "pA", signed=False),
            Input("I_inh", -30.0, "pA", signed=False),
        ),
        initial={"v": "E_L"},
        notes="The threshold is omega + theta_1 + theta_2.",
    ),
    Entry(
        name="mihalas_niebur",
        summary=(
            "Mihalas & Niebur's generalized leaky integrate-and-fire neuron: a threshold that "
            "follows the potential and two spike-induced currents; spike-frequency adaptation "
            "by default, twenty behaviours with other values."
        ),
        equations="""
            dv/dt = (g_L*(E_L - v) + I_1 + I_2 + I_syn + I_e)/C_m : volt
            dtheta/dt = a*(v - E_L) - b*(theta - theta_inf) : volt
            dI_1/dt = -k_1*I_1 : amp
            dI_2/dt = -k_2*I_2 : amp
            dI_syn/dt = -I_syn/tau_syn : amp
            """,
        threshold="v > theta",
        reset=(
            "v = V_r; theta = clip(theta, theta_r, 1*volt); "
            "I_1 = R_1*I_1 + A_1; I_2 = R_2*I_2 + A_2"
        ),
        refractory="",
        parameters=(
            Parameter("C_m", 100.0, "pF", "C", "membrane capacitance", _SCALE),
            Parameter("g_L", 5.0, "nS", "G", "leak conductance, C_m x 50/s", _DETORAKIS),
            Parameter("E_L", -70.0, "mV", "E_L", "resting potential", _DETORAKIS),
            Parameter("V_r", -70.0, "mV", "V_r", "reset potential", _DETORAKIS),
            Parameter("theta_inf", -50.0, "mV", "Theta_inf", "threshold at rest", _DETORAKIS),
            Parameter("theta_r", -60.0, "mV", "Theta_r", "least threshold after a spike", _BRAINPY),
            Parameter("a", 0.005, "1/ms", "a", "how the threshold follows v", _DETORAKIS),
            Parameter("b", 0.01, "1/ms", "b", "return of the threshold", _DETORAKIS),
            Parameter("k_1", 0.2, "1/ms", "k_1", "decay of the fast current", _BRAINPY),
            Parameter("k_2", 0.02, "1/ms", "k_2", "decay of the slow current", _BRAINPY),
            Parameter("R_1", 0.0, "1", "R_1", "what a spike leaves of I_1", _BRAINPY),
            Parameter("R_2", 1.0, "1", "R_2", "what a spike leaves of I_2", _BRAINPY),
            Parameter("A_1", 0.0, "pA", "A_1", "what a spike adds to I_1", _DETORAKIS),
            Parameter("A_2", 0.0, "pA", "A_2", "what a spike adds to I_2", _DETORAKIS),
            Parameter("tau_syn", 5.0, "ms", "", "synaptic time constant", _OURS),
            Parameter("I_e", 0.0, "pA", "I_e", "constant current", _NONE),
        ),
        recordables=("v", "theta", "I_1", "I_2", "I_syn"),
        reference=_MIHALAS,
        figure=Figure(200.0, ("v", "theta")),
        inputs=(Input("I_syn", 10.0, "pA"),),
        initial={"v": "E_L", "theta": "theta_inf"},
        notes=(
            "The reference gives currents over the capacitance: I_e/C_m = 2 V/s in panel C, that "
            "is 200 pA here."
        ),
    ),
    Entry(
        name="gif",
        summary=(
            "Generalized integrate-and-fire neuron with a stochastic threshold: after each spike "
            "a current (eta) and a shift of the threshold (gamma) remain, each a sum of two "
            "exponentials; the chance of a spike grows exponentially with the potential."
        ),
        equations="""
            dv/dt = (g_L*(E_L - v) - eta_1 - eta_2 + I_syn + I_e)/C_m : volt (unless refractory)
            deta_1/dt = -eta_1/tau_eta_1 : amp
            deta_2/dt = -eta_2/tau_eta_2 : amp
            dgamma_1/dt = -gamma_1/tau_gamma_1 : volt
            dgamma_2/dt = -gamma_2/tau_gamma_2 : volt
            dI_syn/dt = -I_syn/tau_syn : amp
            intensity = lambda_0*exp((v - V_T - gamma_1 - gamma_2)/Delta_V) : hertz
            """,
        threshold="rand() < 1 - exp(-intensity*dt)",
        reset=(
            "v = V_r; eta_1 += q_eta_1; eta_2 += q_eta_2; "
            "gamma_1 += q_gamma_1; gamma_2 += q_gamma_2"
        ),
        refractory="t_ref",
        parameters=(
            Parameter("C_m", 83.1, "pF", "C", "membrane capacitance", _GIF_NEST),
            Parameter("g_L", 3.7, "nS", "g_L", "leak conductance", _GIF_NEST),
            Parameter("E_L", -67.0, "mV", "E_L", "resting potential", _GIF_NEST),
            Parameter("V_r", -36.7, "mV", "V_reset", "reset potential", _GIF_NEST),
            Parameter("t_ref", 4.0, "ms", "T_refr", "absolute refractory period", _GIF_NEST),
            Parameter("V_T", -39.6, "mV", "V_T*", "threshold at rest", _GIF_NEST),
            Parameter("Delta_V", 1.4, "mV", "Delta_V", "sharpness of the threshold", _GIF_NEST),
            Parameter("lambda_0", 1.0, "Hz", "lambda_0", "intensity at threshold", _GIF_NEST),
            Parameter("q_eta_1", 56.7, "pA", "q_stc", "fast current at a spike", _GIF_NEST),
            Parameter("tau_eta_1", 57.8, "ms", "tau_stc", "its decay", _GIF_NEST),
            Parameter("q_eta_2", -6.9, "pA", "q_stc", "slow current at a spike", _GIF_NEST),
            Parameter("tau_eta_2", 218.2, "ms", "tau_stc", "its decay", _GIF_NEST),
            Parameter("q_gamma_1", 11.7, "mV", "q_sfa", "fast shift at a spike", _GIF_NEST),
            Parameter("tau_gamma_1", 53.8, "ms", "tau_sfa", "its decay", _GIF_NEST),
            Parameter("q_gamma_2", 1.8, "mV", "q_sfa", "slow shift at a spike", _GIF_NEST),
            Parameter("tau_gamma_2", 640.0, "ms", "tau_sfa", "its decay", _GIF_NEST),
            Parameter("tau_syn", 10.0, "ms", "tau_syn_ex", "synaptic time constant", _GIF_NEST),
            Parameter("I_e", 0.0, "pA", "I", "constant current", _NONE),
        ),
        recordables=("v", "eta_1", "eta_2", "gamma_1", "gamma_2", "I_syn"),
        reference=f"{_MENSI}; {_POZZORINI}, doi:10.1371/journal.pcbi.1004275",
        figure=Figure(200.0, ("v", "eta_1", "gamma_1")),
        inputs=(Input("I_syn", 10.0, "pA"),),
        initial={"v": "E_L"},
        stochastic=True,
    ),
    Entry(
        name="srm0",
        summary=(
            "Spike-response model SRM0: the potential is the sum of stereotyped responses, an "
            "alpha function for each input spike and an exponential after-potential for each of "
            "its own. Synapses add to x; a weight w gives a response of peak w/e at tau_epsp."
        ),
        equations="""
            v = E_L + h + eta : volt
            dh/dt = (x + R_m*I_e - h)/tau_epsp : volt
            dx/dt = -x/tau_epsp : volt
            deta/dt = -eta/tau_reset : volt
            """,
        threshold="v > V_th",
        reset="eta -= U_reset",
        refractory="",
        parameters=(
            Parameter("tau_epsp", 8.5, "ms", "tau_epsp", "time to the peak of the response"),
            Parameter("tau_reset", 15.4, "ms", "tau_reset", "decay of the after-potential"),
            Parameter("U_reset", 34.65, "mV", "U_reset", "after-potential, 2.31 thresholds"),
            Parameter("E_L", -65.0, "mV", "", "resting potential", _OURS),
            Parameter("V_th", -50.0, "mV", "U_th", "threshold, 15 mV above rest", _OURS),
            Parameter("R_m", 0.1, "Gohm", "", "membrane resistance, for I_e", _OURS),
            Parameter("I_e", 0.0, "pA", "I", "constant current", _NONE),
        ),
        recordables=("h", "x", "eta"),
        reference=f"{_GERSTNER}; values of {_CARANDINI}, as in NEST's iaf_chs_2007",
        figure=Figure(250.0, ("v", "h", "eta")),
        inputs=(Input("x", 4.0, "mV"),),
        notes=(
            "The reference normalises the threshold to 1 and rest to 0: here 1 is 15 mV. Its EPSP "
            "peaks at 0.77 of the threshold, a weight of 31.4 mV. Kernels of other shapes are sums "
            "of such exponentials: add equations of the same form."
        ),
    ),
)

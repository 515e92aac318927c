"""Each catalogue model and each integrator: native and brian2 give the same spikes and traces.

Every network has 200 neurons, random edges, weights and delays that differ from synapse to
synapse, and a twin without the recurrence ("cut"), which is the model alone.
"""

import numpy as np
import pytest
from brian2 import ms, mV, nA, nS, pA, pF
from engine_networks import SIZE, Case, connected, drive

import neurosim as ns
from neurosim.description.quantities import named_unit

EXP_CURRENT = (("I_syn", -60 * pA, 60 * pA),)
CONDUCTANCES = (("g_exc", 0 * nS, 0.4 * nS), ("g_inh", 0 * nS, 0.8 * nS))


def case(drive_range, synapses, initial=None, dt_ms=0.1):
    return Case("", "", "", {}, drive_range, synapses, initial or {}, dt_ms=dt_ms)


# drives tuned so that the networks fire at 5 to 50 Hz; a model that is not listed gets its case
# from its declaration: the step of its figure, and synapses on the inputs it names
TUNED = {
    "iaf": case((60 * pA, 200 * pA), (("v", -0.5 * mV, 0.5 * mV),), {"v": -60 * mV}),
    "lif_delta": case((365 * pA, 400 * pA), (("v", -0.5 * mV, 0.7 * mV),), {"v": -60 * mV}),
    "lif_curr_exp": case((365 * pA, 400 * pA), EXP_CURRENT, {"v": -60 * mV}),
    "lif_curr_exp2": case(
        (365 * pA, 400 * pA),
        (("I_exc", 0 * pA, 60 * pA), ("I_inh", -60 * pA, 0 * pA)),
        {"v": -60 * mV},
    ),
    "lif_curr_alpha": case((365 * pA, 400 * pA), (("J_syn", -60 * pA, 60 * pA),), {"v": -60 * mV}),
    "lif_cond_exp": case((95 * pA, 125 * pA), CONDUCTANCES),
    "adex": case((600 * pA, 900 * pA), (("I_syn", -60 * pA, 80 * pA),)),
    "adex_cond_exp": case((600 * pA, 900 * pA), CONDUCTANCES),
    "izhikevich": case((5 * mV / ms, 9 * mV / ms), (("I_syn", -0.6 * mV / ms, 0.8 * mV / ms),)),
    "hodgkin_huxley": case((0.9 * nA, 1.6 * nA), EXP_CURRENT, dt_ms=0.05),
    "hodgkin_huxley_traub_miles": case((100 * pA, 300 * pA), CONDUCTANCES, dt_ms=0.05),
}


def declared_case(name):
    """A case from a model's declaration: 70 to 110 % of its figure's current, its inputs."""
    entry = ns.models.entry(name)
    current = entry.figure.current * named_unit(entry.parameter("I_e").unit)
    synapses = []
    for found in entry.inputs:
        weight = found.weight * named_unit(found.unit)
        low = -weight if found.signed else 0 * weight
        synapses.append((found.variable, *sorted((low, weight), key=float)))
    dt_ms = max(entry.figure.dt, 0.05)
    return case((0.7 * current, 1.1 * current), tuple(synapses), dt_ms=dt_ms)


@pytest.mark.parametrize("name", ns.models.names())
def test_catalogue_model(start, native, brian2_engine, name):
    """Stochastic models too: both engines draw the same numbers."""
    if name in TUNED:
        chosen = TUNED[name]
        model = getattr(ns.models, name)(I_e=drive(chosen))
        assert_equal(start, native, brian2_engine, model, chosen)
        return
    chosen = declared_case(name)
    model = getattr(ns.models, name)(I_e=drive(chosen))
    lasting = 200 * ms if chosen.dt_ms == 0.1 else 100 * ms
    assert_equal(start, native, brian2_engine, model, chosen, lasting, rates=(2, 150))


# Each integrator on a model it is meant for: linear, nonlinear, with and without refractoriness.
CURRENT = """
    dv/dt = (E_L - v)/tau_m + (I_syn + I_e)/C_m : volt (unless refractory)
    dI_syn/dt = -I_syn/tau_syn : amp
    """
QUADRATIC = """
    dv/dt = k*(v - E_L)*(v - E_T)/mV/ms + (I_syn + I_e - w)/C_m : volt
    dw/dt = (b*(v - E_L) - w)/tau_w : amp
    dI_syn/dt = -I_syn/tau_syn : amp
    """
CONDUCTANCE = """
    dv/dt = (g_L*(E_L - v) + g_exc*(E_exc - v) + g_inh*(E_inh - v) + I_e)/C_m
          : volt (unless refractory)
    dg_exc/dt = -g_exc/tau_exc : siemens
    dg_inh/dt = -g_inh/tau_inh : siemens
    """
MODELS = {
    "current": (
        {
            "equations": CURRENT,
            "threshold": "v > -50*mV",
            "reset": "v = E_L",
            "refractory": 2 * ms,
            "parameters": {
                "E_L": -65 * mV,
                "C_m": 250 * pF,
                "tau_m": 10 * ms,
                "tau_syn": "(1 + rand())*ms",
            },
        },
        case((365 * pA, 400 * pA), (("I_syn", -30 * pA, 30 * pA),), {"v": -60 * mV}),
    ),
    "quadratic": (
        {
            "equations": QUADRATIC,
            "threshold": "v > 30*mV",
            "reset": "v = -50*mV; w += 60*pA",
            "parameters": {
                "E_L": -60 * mV,
                "E_T": -40 * mV,
                "k": 0.007,
                "b": -2 * nS,
                "C_m": 100 * pF,
                "tau_w": 33 * ms,
                "tau_syn": 3 * ms,
            },
        },
        case((80 * pA, 180 * pA), (("I_syn", -10 * pA, 14 * pA),), {"v": -60 * mV}),
    ),
    "conductance": (
        {
            "equations": CONDUCTANCE,
            "threshold": "v > -50*mV",
            "reset": "v = -60*mV",
            "refractory": "t_ref",
            "parameters": {
                "g_L": 10 * nS,
                "E_L": -60 * mV,
                "E_exc": 0 * mV,
                "E_inh": -80 * mV,
                "C_m": 200 * pF,
                "tau_exc": 5 * ms,
                "tau_inh": 10 * ms,
                "t_ref": ns.Uniform(2 * ms, 5 * ms),
            },
        },
        case((95 * pA, 125 * pA), CONDUCTANCES),
    ),
}
INTEGRATORS = [
    ("current", "exact"),
    ("current", "linear"),
    ("current", "euler"),
    ("current", "rk4"),
    ("quadratic", "euler"),
    ("quadratic", "rk2"),
    ("quadratic", "rk4"),
    ("quadratic", "heun"),
    ("quadratic", "milstein"),
    ("conductance", "exponential_euler"),
    ("conductance", "rk2"),
]


@pytest.mark.parametrize(("name", "method"), INTEGRATORS)
def test_integrator(start, native, brian2_engine, name, method):
    arguments, chosen = MODELS[name]
    model = ns.NeuronModel(
        **{**arguments, "parameters": {**arguments["parameters"], "I_e": drive(chosen)}},
        method=method,
        name=name,
    )
    assert_equal(start, native, brian2_engine, model, chosen)


def assert_equal(
    start, native, reference, model, chosen, duration=400 * ms, rates=(5, 50)
):  # fmt: skip
    program = ns.lower(connected(model, chosen, 3, record=model.declared.differential), chosen.dt)
    steps = round(duration / chosen.dt)
    traced = min(steps // 2, round(100 * ms / chosen.dt))
    runs = []
    for engine, threads in ((native, 2), (reference, 1)):
        executable = start(engine, program, threads)
        parts = [executable.advance(traced), executable.advance(steps - traced)]
        assert all(part.failure is None for part in parts)
        pairs = np.concatenate([np.stack([p.spike_steps, p.spike_ids], axis=1) for p in parts])
        runs.append((pairs, parts[0].states))
    (fast, fast_states), (slow, slow_states) = runs
    net, cut = slow[slow[:, 1] < SIZE], slow[slow[:, 1] >= SIZE] - [0, SIZE]
    for name, spikes in (("net", net), ("cut", cut)):
        rate = len(spikes) / SIZE / float(duration)
        assert rates[0] <= rate <= rates[1], (name, rate)
    assert not np.array_equal(net, cut)
    np.testing.assert_array_equal(fast, slow)
    for a, b, recorder in zip(fast_states, slow_states, program.state_recorders, strict=True):
        assert np.abs(a - b).max() <= 1e-9 * np.ptp(b), recorder.variable

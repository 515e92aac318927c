"""Recurrent networks of every kind of model, as plain data: equations, numbers, explicit edges.

The tests build each with neurosim's description and, independently, with Brian2's own objects.
"""

from dataclasses import dataclass, field

import brian2
import numpy as np
from brian2 import ms, mV, nA, nS, pA, pF, volt

import neurosim as ns

CURRENT_LIF = """
    dv/dt = (E_L - v)/tau_m + (I_syn + I_e)/C_m : volt (unless refractory)
    dI_syn/dt = -I_syn/tau_syn : amp
    """
CONDUCTANCE_LIF = """
    dv/dt = (g_L*(E_L - v) + g_e*(E_e - v) + g_i*(E_i - v) + I_e)/C_m : volt (unless refractory)
    dg_e/dt = -g_e/tau_e : siemens
    dg_i/dt = -g_i/tau_i : siemens
    """
IZHIKEVICH = """
    dv/dt = (0.04/ms/mV)*v**2 + (5/ms)*v + 140*mV/ms - u + I_e + I_syn : volt
    du/dt = a*(b*v - u) : volt/second
    dI_syn/dt = -I_syn/tau_syn : volt/second
    """
ADEX = """
    dv/dt = (g_L*(E_L - v) + g_L*D_T*exp(clip((v - V_T)/D_T, -100, 20)) - w + I_syn + I_e)/C_m
          : volt (unless refractory)
    dw/dt = (a*(v - E_L) - w)/tau_w : amp
    dI_syn/dt = -I_syn/tau_syn : amp
    """
HODGKIN_HUXLEY = """
    dv/dt = (g_L*(E_L - v) + g_Na*m**3*h*(E_Na - v) + g_K*n**4*(E_K - v) + I_syn + I_e)/C_m : volt
    dm/dt = alpha_m*(1 - m) - beta_m*m : 1
    dh/dt = alpha_h*(1 - h) - beta_h*h : 1
    dn/dt = alpha_n*(1 - n) - beta_n*n : 1
    dI_syn/dt = -I_syn/tau_syn : amp
    alpha_m = 0.1/mV*(v + 40*mV)/(1 - exp(-(v + 40*mV)/(10*mV)))/ms : Hz
    beta_m = 4*exp(-(v + 65*mV)/(18*mV))/ms : Hz
    alpha_h = 0.07*exp(-(v + 65*mV)/(20*mV))/ms : Hz
    beta_h = 1/(exp(-(v + 35*mV)/(10*mV)) + 1)/ms : Hz
    alpha_n = 0.01/mV*(v + 55*mV)/(1 - exp(-(v + 55*mV)/(10*mV)))/ms : Hz
    beta_n = 0.125*exp(-(v + 65*mV)/(80*mV))/ms : Hz
    """
HH_VALUES = {
    "C_m": 100 * pF,
    "g_L": 30 * nS,
    "g_Na": 12000 * nS,
    "g_K": 3600 * nS,
    "E_L": -54.387 * mV,
    "E_Na": 50 * mV,
    "E_K": -77 * mV,
    "tau_syn": 2 * ms,
}
HH_INITIAL = {"v": -65 * mV, "m": 0.0529, "h": 0.5961, "n": 0.3177}
LIF_VALUES = {"E_L": -65 * mV, "C_m": 250 * pF, "tau_m": 10 * ms, "tau_syn": 0.5 * ms}
CONDUCTANCE_VALUES = {
    "g_L": 10 * nS,
    "E_L": -65 * mV,
    "E_e": 0 * mV,
    "E_i": -80 * mV,
    "C_m": 200 * pF,
    "tau_e": 5 * ms,
    "tau_i": 10 * ms,
}
ADEX_VALUES = {
    "g_L": 30 * nS,
    "E_L": -70.6 * mV,
    "D_T": 2 * mV,
    "V_T": -50.4 * mV,
    "C_m": 281 * pF,
    "tau_w": 144 * ms,
    "a": 4 * nS,
    "tau_syn": 3 * ms,
}
IZHIKEVICH_VALUES = {"a": 0.02 / ms, "b": 0.2 / ms, "tau_syn": 5 * ms}


@dataclass(frozen=True)
class Case:
    """One model with its drive and its recurrence.

    ``drive`` gives I_e's range over the neurons; each (variable, low, high) of ``synapses`` is
    one projection onto that variable with weights spread over the range.
    """

    equations: str
    threshold: str
    reset: str
    values: dict
    drive: tuple
    synapses: tuple
    initial: dict = field(default_factory=dict)
    refractory: object = None
    method: str | None = None
    dt_ms: float = 0.1
    per_target: int = 20

    @property
    def dt(self):
        return self.dt_ms * ms


RESET = "v = -65*mV"
CASES = {
    "lif_exp": Case(
        CURRENT_LIF, "v > -50*mV", RESET, LIF_VALUES, (365 * pA, 400 * pA),
        (("I_syn", -60 * pA, 60 * pA),), {"v": -60 * mV}, 2 * ms,
    ),
    "lif_exp_equal_taus": Case(
        CURRENT_LIF, "v > -50*mV", RESET, {**LIF_VALUES, "tau_syn": 9.5 * ms}, (365 * pA, 400 * pA),
        (("I_syn", -10 * pA, 10 * pA),), {"v": -60 * mV}, 2 * ms,
    ),
    "lif_delta": Case(
        "dv/dt = (E_L - v + R_e*I_e)/tau_m : volt (unless refractory)",
        "v > -50*mV", RESET, {"E_L": -65 * mV, "tau_m": 10 * ms, "R_e": 40e6 * volt / (1e12 * pA)},
        (365 * pA, 400 * pA), (("v", -0.5 * mV, 0.7 * mV),), {"v": -60 * mV}, 3 * ms,
    ),
    "lif_cond": Case(
        CONDUCTANCE_LIF, "v > -50*mV", RESET, CONDUCTANCE_VALUES, (145 * pA, 165 * pA),
        (("g_e", 0 * nS, 0.3 * nS), ("g_i", 0 * nS, 0.6 * nS)), {"v": -60 * mV}, 2 * ms,
    ),
    "izhikevich": Case(
        IZHIKEVICH, "v >= 30*mV", "v = -65*mV; u = u + 8*mV/ms", IZHIKEVICH_VALUES,
        (5 * mV / ms, 9 * mV / ms), (("I_syn", -0.6 * mV / ms, 0.8 * mV / ms),),
        {"v": -65 * mV, "u": -13 * mV / ms},
    ),
    "adex": Case(
        ADEX, "v > 0*mV", "v = -60*mV; w = w + 80.5*pA", ADEX_VALUES, (750 * pA, 900 * pA),
        (("I_syn", -60 * pA, 80 * pA),), {"v": -65 * mV}, 2 * ms, dt_ms=0.05,
    ),
    "hodgkin_huxley": Case(
        HODGKIN_HUXLEY, "v > -20*mV", "", HH_VALUES, (0.55 * nA, 0.7 * nA),
        (("I_syn", -60 * pA, 60 * pA),), HH_INITIAL, "v > -20*mV", "exponential_euler",
        dt_ms=0.05,
    ),
}  # fmt: skip


SIZE = 200


def edges(case, seed, size=SIZE):
    """Return (i, j, fraction, steps) arrays per projection: sources, targets, where in the range
    of weights, delay in steps (0 to 4 ms).
    """
    rng = np.random.default_rng(seed)
    n = size * case.per_target
    longest = round(4 * ms / case.dt)
    return [
        (
            rng.integers(0, size, n),
            rng.integers(0, size, n),
            rng.random(n),
            rng.integers(0, longest, n),
        )
        for _ in case.synapses
    ]


def spread(low, high, fraction):
    """Return values between two quantities that float32 holds exactly in SI units."""
    unit = brian2.Quantity(1.0, dim=low.dim)
    values = float(low) + (float(high) - float(low)) * fraction
    return np.float32(values).astype(float) * unit


def drive(case, size=SIZE):
    return spread(*case.drive, np.random.default_rng(99).random(size))


def described(case, seed, *, size=SIZE, record=None):
    """The case as a neurosim network: population "net", and "cut" without its recurrence."""
    model = ns.NeuronModel(
        case.equations,
        threshold=case.threshold,
        reset=case.reset,
        refractory=case.refractory,
        parameters={**case.values, "I_e": drive(case, size)},
        method=case.method,
        name="case",
    )
    return connected(model, case, seed, size=size, record=record)


def connected(model, case, seed, *, size=SIZE, record=None):
    """Populations of any model with the case's initial values and synapses."""
    net = ns.Network(seed=seed)
    recurrent = net.population("net", size, model, initial=case.initial)
    net.population("cut", size, model, initial=case.initial)
    for (variable, low, high), (i, j, fraction, steps) in zip(
        case.synapses, edges(case, seed, size), strict=True
    ):
        weights = spread(low, high, fraction)
        delays = steps * case.dt
        net.project(recurrent, recurrent, ns.Edges(i, j), variable, weight=weights, delay=delays)
    for variable in record or ():
        net.record(recurrent, variable)
    return net

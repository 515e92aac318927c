"""The networks of benchmarks/books.py in Brian2's C++ standalone mode.

The last line of output is a JSON object. The equations are those of the papers: Brunel (2000),
and Vogels and Abbott (2005) as benchmarks 1 to 3 of Brette et al. (2007).
"""

from __future__ import annotations

import argparse
import json

import brian2 as b
import numpy as np
from brian2_standalone import measure, prepare

Parts = tuple[list, list]  # objects of the network, and the groups whose spikes are counted


def brunel() -> Parts:
    """Brunel's model A, asynchronous irregular: g = 5, eta = 2."""
    n_exc, n_inh, jump, g, eta = 10_000, 2_500, 0.1 * b.mV, 5.0, 2.0
    tau, theta, reset, n_e = 20 * b.ms, 20 * b.mV, 10 * b.mV, 1000
    cells = b.NeuronGroup(
        n_exc + n_inh,
        "dv/dt = -v/tau : volt (unless refractory)",
        threshold="v > theta",
        reset="v = reset",
        refractory=2 * b.ms,
        method="exact",
        namespace={"tau": tau, "theta": theta, "reset": reset},
    )
    exc, inh = cells[:n_exc], cells[n_exc:]
    from_exc = b.Synapses(
        exc, cells, on_pre="v += jump", delay=1.5 * b.ms, namespace={"jump": jump}
    )
    from_inh = b.Synapses(
        inh, cells, on_pre="v -= g*jump", delay=1.5 * b.ms, namespace={"jump": jump, "g": g}
    )
    for synapses in (
        from_exc,
        from_inh,
    ):  # by source: in order of target Brian2 is ten times slower
        synapses.connect(j="int(rand()*12500) for _ in range(1250)")
    rate = eta * theta / (jump * n_e * tau)
    background = b.PoissonInput(cells, "v", N=n_e, rate=rate, weight=jump)
    return [cells, from_exc, from_inh, background], [exc, inh]


def _connect(cells: b.NeuronGroup, exc_code: str, inh_code: str, names: dict) -> list:
    made = []
    for group, code in ((cells[:3200], exc_code), (cells[3200:], inh_code)):
        synapses = b.Synapses(group, cells, on_pre=code, namespace=names)
        synapses.connect(p=0.02)
        made.append(synapses)
    return made


def cuba() -> Parts:
    """Benchmark 2: current-based integrate-and-fire neurons."""
    names = {
        "tau_m": 20 * b.ms,
        "tau_e": 5 * b.ms,
        "tau_i": 10 * b.ms,
        "E_L": -49 * b.mV,
    }
    cells = b.NeuronGroup(
        4000,
        """dv/dt = (g_e + g_i - (v - E_L))/tau_m : volt (unless refractory)
        dg_e/dt = -g_e/tau_e : volt
        dg_i/dt = -g_i/tau_i : volt""",
        threshold="v > -50*mV",
        reset="v = -60*mV",
        refractory=5 * b.ms,
        method="exact",
        namespace=names,
    )
    cells.v = "-60*mV + rand()*10*mV"
    jumps = {"w_e": 1.62 * b.mV, "w_i": -9 * b.mV}
    return [cells, *_connect(cells, "g_e += w_e", "g_i += w_i", jumps)], [cells]


def coba() -> Parts:
    """Benchmark 1: conductance-based integrate-and-fire neurons, self-sustained."""
    names = {
        "tau_m": 20 * b.ms,
        "tau_e": 5 * b.ms,
        "tau_i": 10 * b.ms,
        "E_L": -60 * b.mV,
        "E_e": 0 * b.mV,
        "E_i": -80 * b.mV,
    }
    cells = b.NeuronGroup(
        4000,
        """dv/dt = (E_L - v + g_e*(E_e - v) + g_i*(E_i - v))/tau_m : volt (unless refractory)
        dg_e/dt = -g_e/tau_e : 1
        dg_i/dt = -g_i/tau_i : 1""",
        threshold="v > -50*mV",
        reset="v = -60*mV",
        refractory=5 * b.ms,
        method="exponential_euler",
        namespace=names,
    )
    rng = np.random.default_rng(1)
    cells.v = -60 * b.mV + (5 * rng.standard_normal(4000) - 5) * b.mV
    cells.g_e = 0.4 + 0.15 * rng.standard_normal(4000)
    cells.g_i = 2.0 + 1.2 * rng.standard_normal(4000)
    jumps = {"w_e": 0.6, "w_i": 6.7}
    return [cells, *_connect(cells, "g_e += w_e", "g_i += w_i", jumps)], [cells]


def cobahh() -> Parts:
    """Benchmark 3: Hodgkin-Huxley neurons (Traub and Miles) with conductances."""
    area = 20000 * b.umetre**2
    names = {
        "Cm": 1 * b.ufarad * b.cm**-2 * area,
        "g_L": 5e-5 * b.siemens * b.cm**-2 * area,
        "g_Na": 100 * b.msiemens * b.cm**-2 * area,
        "g_K": 30 * b.msiemens * b.cm**-2 * area,
        "E_L": -60 * b.mV,
        "E_Na": 50 * b.mV,
        "E_K": -90 * b.mV,
        "E_e": 0 * b.mV,
        "E_i": -80 * b.mV,
        "V_T": -63 * b.mV,
        "tau_e": 5 * b.ms,
        "tau_i": 10 * b.ms,
    }
    cells = b.NeuronGroup(
        4000,
        """
        dv/dt = (g_L*(E_L - v) + g_e*(E_e - v) + g_i*(E_i - v)
                 - g_Na*m**3*h*(v - E_Na) - g_K*n**4*(v - E_K))/Cm : volt
        dm/dt = a_m*(1 - m) - b_m*m : 1
        dn/dt = a_n*(1 - n) - b_n*n : 1
        dh/dt = a_h*(1 - h) - b_h*h : 1
        dg_e/dt = -g_e/tau_e : siemens
        dg_i/dt = -g_i/tau_i : siemens
        a_m = 0.32*4/exprel((13*mV - v + V_T)/(4*mV))/ms : Hz
        b_m = 0.28*5/exprel((v - V_T - 40*mV)/(5*mV))/ms : Hz
        a_h = 0.128*exp((17*mV - v + V_T)/(18*mV))/ms : Hz
        b_h = 4/(1 + exp((40*mV - v + V_T)/(5*mV)))/ms : Hz
        a_n = 0.032*5/exprel((15*mV - v + V_T)/(5*mV))/ms : Hz
        b_n = 0.5*exp((10*mV - v + V_T)/(40*mV))/ms : Hz
        """,
        threshold="v > -20*mV",
        refractory=3 * b.ms,
        method="exponential_euler",
        namespace=names,
    )
    cells.v = "E_L + (randn()*5 - 5)*mV"
    cells.g_e = "(randn()*1.5 + 4)*10*nS"
    cells.g_i = "(randn()*12 + 20)*10*nS"
    jumps = {"w_e": 6 * b.nS, "w_i": 67 * b.nS}
    return [cells, *_connect(cells, "g_e += w_e", "g_i += w_i", jumps)], [cells]


NETWORKS = {"brunel": brunel, "cuba": cuba, "coba": coba, "cobahh": cobahh}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("network", choices=NETWORKS)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--duration", type=float, default=1000.0, help="ms, after the warm-up")
    parser.add_argument("--warmup", type=float, default=100.0, help="ms")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    began = prepare(options.threads, 0.1, options.seed)
    objects, counted = NETWORKS[options.network]()
    monitors = [b.SpikeMonitor(group) for group in counted]
    network = b.Network(*objects, *monitors)
    measured = measure(network, monitors, options.warmup, options.duration, began)
    seconds = options.duration / 1e3
    result = {
        "simulator": f"Brian2 {b.__version__} standalone",
        "threads": options.threads,
        "compile_s": measured.compile_s,
        "build_s": measured.build_s,
        "simulate_s": measured.simulate_s,
        "real_time_factor": measured.simulate_s / seconds,
        "rate_Hz": sum(measured.spikes) / sum(len(group) for group in counted) / seconds,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()

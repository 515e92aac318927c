"""The network of Vogels, Sprekeler et al. (2011) in Brian2's C++ standalone mode.

For benchmarks/plastic.py; the last line of output is a JSON object.
"""

from __future__ import annotations

import argparse
import json

import brian2 as b
import plastic_numbers as numbers
from brian2_standalone import measure, prepare

Parts = tuple[list, b.NeuronGroup]  # objects of the network, and whose spikes are counted


def vogels_sprekeler(static: bool) -> Parts:
    names = {
        "g_L": 10 * b.nS,
        "E_L": -60 * b.mV,
        "E_inh": -80 * b.mV,
        "V_th": -50 * b.mV,
        "C_m": 200 * b.pF,
        "I_e": 200 * b.pA,
        "tau_exc": 5 * b.ms,
        "tau_inh": 10 * b.ms,
    }
    cells = b.NeuronGroup(
        numbers.VS_N_EXC + numbers.VS_N_INH,
        """
        dv/dt = (g_L*(E_L - v) - g_exc*v + g_inh*(E_inh - v) + I_e)/C_m : volt (unless refractory)
        dg_exc/dt = -g_exc/tau_exc : siemens
        dg_inh/dt = -g_inh/tau_inh : siemens
        """,
        threshold="v > V_th",
        reset="v = E_L",
        refractory=5 * b.ms,
        method="euler",
        namespace=names,
    )
    cells.v = "-60*mV + 10*mV*rand()"
    exc, inh = cells[: numbers.VS_N_EXC], cells[numbers.VS_N_EXC :]
    delay = numbers.VS_DELAY * b.ms
    jumps = {"w_exc": numbers.VS_W_EXC * b.nS, "w_inh": numbers.VS_W_INH * b.nS}
    from_exc = b.Synapses(exc, cells, on_pre="g_exc += w_exc", delay=delay, namespace=jumps)
    among_inh = b.Synapses(inh, inh, on_pre="g_inh += w_inh", delay=delay, namespace=jumps)
    learning = _fixed(inh, exc) if static else _learning(inh, exc)
    for synapses in (from_exc, among_inh, learning):
        synapses.connect(p=numbers.VS_PROBABILITY)
    if not static:
        learning.w = numbers.VS_W_START * b.nS
    return [cells, from_exc, among_inh, learning], exc


def _fixed(inh: b.NeuronGroup, exc: b.NeuronGroup) -> b.Synapses:
    names = {"w_start": numbers.VS_W_START * b.nS}
    delay = numbers.VS_DELAY * b.ms
    return b.Synapses(inh, exc, on_pre="g_inh += w_start", delay=delay, namespace=names)


def _learning(inh: b.NeuronGroup, exc: b.NeuronGroup) -> b.Synapses:
    tau = numbers.VS_TAU_STDP * b.ms
    return b.Synapses(
        inh,
        exc,
        """
        dx/dt = -x/tau : 1 (event-driven)
        dy/dt = -y/tau : 1 (event-driven)
        w : siemens
        """,
        on_pre="g_inh += w; x += 1; w = clip(w + (y - alpha)*eta, 0*nS, w_max)",
        on_post="y += 1; w = clip(w + x*eta, 0*nS, w_max)",
        namespace={
            "tau": tau,
            "alpha": 2 * tau * numbers.VS_TARGET * b.Hz,
            "eta": numbers.VS_ETA * b.nS,
            "w_max": numbers.VS_W_MAX * b.nS,
        },
        delay={"pre": numbers.VS_DELAY * b.ms},
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("network", choices=["vogels_sprekeler"])
    parser.add_argument("--static", action="store_true", help="the same network without learning")
    numbers.add_options(parser)
    options = parser.parse_args()
    began = prepare(options.threads, 0.1, options.seed)
    objects, counted = vogels_sprekeler(options.static)
    monitor = b.SpikeMonitor(counted)
    network = b.Network(*objects, monitor)
    measured = measure(network, [monitor], options.warmup, options.duration, began)
    seconds = options.duration / 1e3
    result = {
        "simulator": f"Brian2 {b.__version__} standalone",
        "threads": options.threads,
        "compile_s": measured.compile_s,
        "build_s": measured.build_s,
        "simulate_s": measured.simulate_s,
        "real_time_factor": measured.simulate_s / seconds,
        "rate_Hz": measured.spikes[0] / len(counted) / seconds,
        "weight_mean": None,
        "weight_sd": None,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()

"""The cortical microcircuit in Brian2's C++ standalone mode, for benchmarks/microcircuit.py.

Needs Brian2 and the file of numbers that ``microcircuit.py --write-numbers FILE`` writes. The last
line of output is a JSON object.

Fixed total numbers of synapses are drawn as out-degrees (multinomial) and targets (uniform, with
repetition), which is the same distribution. A delay below half a step is drawn again, twice
(2e-5 of them are too short even then).
"""

from __future__ import annotations

import argparse
import json
import sys
from itertools import pairwise
from pathlib import Path

import brian2 as b
import numpy as np
from brian2_standalone import Measured, measure, prepare

EQUATIONS = """
dv/dt = (E_L - v)/tau_m + (I_syn + I_e)/C_m : volt (unless refractory)
dI_syn/dt = -I_syn/tau_syn : amp
I_e : amp (constant)
"""


def create_neurons(numbers: dict, rng: np.random.Generator) -> tuple[b.NeuronGroup, list]:
    """Return all neurons as one group, and the populations as parts of it."""
    neuron, sizes = numbers["neuron"], numbers["sizes"]
    out_degrees = "".join(f"k_{post} : integer (constant)\n" for post in numbers["populations"])
    neurons = b.NeuronGroup(
        sum(sizes),
        EQUATIONS + out_degrees,
        threshold="v > V_th",
        reset="v = V_r",
        refractory=neuron["t_ref_ms"] * b.ms,
        method="exact",
        namespace={
            "C_m": neuron["C_m_pF"] * b.pF,
            "tau_m": neuron["tau_m_ms"] * b.ms,
            "tau_syn": neuron["tau_syn_ms"] * b.ms,
            "E_L": neuron["E_L_mV"] * b.mV,
            "V_th": neuron["V_th_mV"] * b.mV,
            "V_r": neuron["V_reset_mV"] * b.mV,
        },
        name="neurons",
    )
    neurons.I_e = np.repeat(numbers["current_pA"], sizes) * b.pA
    means, spreads = np.repeat(numbers["V0_mean_mV"], sizes), np.repeat(numbers["V0_sd_mV"], sizes)
    neurons.v = rng.normal(means, spreads) * b.mV
    totals = np.array(numbers["synapses"])
    for target, post in enumerate(numbers["populations"]):
        shares = [
            rng.multinomial(total, np.full(size, 1 / size))
            for total, size in zip(totals[target], sizes, strict=True)
        ]
        setattr(neurons, f"k_{post}", np.concatenate(shares))
    starts = np.cumsum([0, *sizes])
    return neurons, [neurons[first:last] for first, last in pairwise(starts)]


def by_pair(matrix: np.ndarray, sizes: list[int], name: str) -> b.Function:
    """Return a function of (source, target) neuron that looks up their populations' number."""
    edges = ", ".join(map(str, np.cumsum(sizes)[:-1]))
    values = ", ".join(map(repr, matrix.ravel().tolist()))
    code = f"""
    inline double {name}(int64_t source, int64_t target) {{
        static const int64_t edges[] = {{{edges}}};
        static const double values[] = {{{values}}};
        int row = 0, column = 0;
        for (int64_t edge : edges) row += target >= edge, column += source >= edge;
        return values[{len(sizes)} * row + column];
    }}
    """
    function = b.Function(None, arg_units=[1, 1], arg_types=["integer", "integer"], return_unit=1)
    function.implementations.add_implementation("cpp", code, name=name)
    return function


def connect(numbers: dict, neurons: b.NeuronGroup, dt_ms: float) -> b.Synapses:
    sizes, shortest = numbers["sizes"], dt_ms / 2
    weights = np.array(numbers["weights_pA"])
    delays = np.where(weights > 0, numbers["delay_exc_ms"], numbers["delay_inh_ms"])
    synapses = b.Synapses(
        neurons,
        neurons,
        "w : amp",
        on_pre="I_syn_post += w",
        namespace={
            "mean_weight": by_pair(weights, sizes, "mean_weight"),
            "mean_delay": by_pair(delays, sizes, "mean_delay"),
        },
    )
    starts = np.cumsum([0, *sizes])
    for start, size, post in zip(starts, sizes, numbers["populations"], strict=False):
        synapses.connect(j=f"{start} + int(rand()*{size}) for _ in range(k_{post}_pre)")
    # A weight of the wrong sign is ten standard deviations away.
    synapses.w = f"mean_weight(i, j)*(1 + {numbers['weight_sd']}*randn())*pA"
    drawn = f"mean_delay(i, j)*(1 + {numbers['delay_sd']}*randn())"
    synapses.delay = f"{drawn}*ms"
    for _ in range(2):
        synapses.delay[f"delay < {shortest}*ms"] = f"{drawn}*ms"
    synapses.delay[f"delay < {shortest}*ms"] = f"{shortest}*ms"
    return synapses


def drive(numbers: dict, populations: list) -> list:
    rate = numbers["rate_external_Hz"] * b.Hz
    weight = numbers["weight_external_pA"] * b.pA
    return [
        b.PoissonInput(population, "I_syn", N=k, rate=rate, weight=weight)
        for population, k in zip(populations, numbers["k_external"], strict=True)
    ]


def measure_program(options: argparse.Namespace, numbers: dict) -> Measured:
    """Write, compile and run the network as a C++ program."""
    began = prepare(options.threads, options.dt, options.seed)
    neurons, populations = create_neurons(numbers, np.random.default_rng(options.seed))
    names = [f"spikes_{name}" for name in numbers["populations"]]
    monitors = [b.SpikeMonitor(p, name=n) for p, n in zip(populations, names, strict=True)]
    inputs = drive(numbers, populations)
    network = b.Network(neurons, connect(numbers, neurons, options.dt), monitors, inputs)
    return measure(network, monitors, options.warmup, options.duration, began)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("numbers", help="file of numbers")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--duration", type=float, default=1000.0, help="ms, after the warm-up")
    parser.add_argument("--warmup", type=float, default=500.0, help="ms")
    parser.add_argument("--dt", type=float, default=0.1, help="ms")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    numbers = json.loads(Path(options.numbers).read_text(encoding="utf-8"))
    measured = measure_program(options, numbers)
    seconds = options.duration / 1e3
    result = {
        "simulator": f"Brian2 {b.__version__} standalone",
        "threads": options.threads,
        "precision": "double",
        "n_neurons": sum(numbers["sizes"]),
        "n_synapses": sum(map(sum, numbers["synapses"])),
        "compile_s": measured.compile_s,
        "build_s": measured.build_s,
        "simulate_s": measured.simulate_s,
        "real_time_factor": measured.simulate_s / seconds,
        "peak_rss_bytes": measured.peak_rss_bytes,
        "rates_Hz": {
            name: count / size / seconds
            for name, count, size in zip(
                numbers["populations"], measured.spikes, numbers["sizes"], strict=True
            )
        },
    }
    print(json.dumps(result))
    sys.stdout.flush()


if __name__ == "__main__":
    main()

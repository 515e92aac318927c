"""Brunel's network, regime C, in NEST, for benchmarks/books.py.

Needs only NEST; runs with any Python that has it. The last line of output is a JSON object.
"""

from __future__ import annotations

import argparse
import json
import time

import nest
from nest_microcircuit import output_to_stderr, prepare_kernel

N_EXC, N_INH, C_EXC, C_INH = 10_000, 2_500, 1_000, 250
JUMP, G, ETA, TAU, THETA, DELAY = 0.1, 5.0, 2.0, 20.0, 20.0, 1.5  # mV, ms


def measure(options: argparse.Namespace) -> dict:
    began = time.perf_counter()
    prepare_kernel(options.threads, 0.1, options.seed)
    neuron = {
        "tau_m": TAU,
        "t_ref": 2.0,
        "E_L": 0.0,
        "V_m": 0.0,
        "V_th": THETA,
        "V_reset": 10.0,
        "C_m": 1.0,
    }
    cells = nest.Create("iaf_psc_delta", N_EXC + N_INH, params=neuron)
    for sources, indegree, jump in (
        (cells[:N_EXC], C_EXC, JUMP),
        (cells[N_EXC:], C_INH, -G * JUMP),
    ):
        rule = {"rule": "fixed_indegree", "indegree": indegree}
        nest.Connect(sources, cells, rule, {"weight": jump, "delay": DELAY})
    rate = ETA * THETA / (JUMP * TAU) * 1e3  # of all external inputs of a neuron together, Hz
    background = nest.Create("poisson_generator", params={"rate": rate})
    nest.Connect(background, cells, "all_to_all", {"weight": JUMP, "delay": DELAY})
    recorder = nest.Create("spike_recorder")
    nest.Connect(cells, recorder)
    nest.Prepare()
    build_s = time.perf_counter() - began
    nest.Run(options.warmup)
    before = recorder.n_events
    began = time.perf_counter()
    nest.Run(options.duration)
    simulate_s = time.perf_counter() - began
    spikes = recorder.n_events - before
    nest.Cleanup()
    seconds = options.duration / 1e3
    return {
        "simulator": f"NEST {nest.__version__}",
        "threads": options.threads,
        "compile_s": 0.0,
        "build_s": build_s,
        "simulate_s": simulate_s,
        "real_time_factor": simulate_s / seconds,
        "rate_Hz": spikes / len(cells) / seconds,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("network", choices=["brunel"])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--duration", type=float, default=1000.0, help="ms, after the warm-up")
    parser.add_argument("--warmup", type=float, default=100.0, help="ms")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with output_to_stderr():
        result = measure(options)
    print(json.dumps(result))


if __name__ == "__main__":
    main()

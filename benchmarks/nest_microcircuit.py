"""The cortical microcircuit in NEST, for benchmarks/microcircuit.py.

Needs only NEST and the file of numbers that ``microcircuit.py --write-numbers FILE`` writes; runs
with any Python that has NEST. The last line of output is a JSON object.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
import time
from itertools import product

import nest
from measuring import peak_rss_bytes


def prepare_kernel(threads: int, dt_ms: float, seed: int) -> None:
    nest.ResetKernel()
    nest.set_verbosity("M_ERROR")
    nest.local_num_threads = threads
    nest.resolution = dt_ms
    nest.rng_seed = seed


def create_populations(numbers: dict) -> list:
    neuron = numbers["neuron"]
    created = []
    for index, size in enumerate(numbers["sizes"]):
        cells = nest.Create("iaf_psc_exp", size)
        cells.set(
            C_m=neuron["C_m_pF"],
            tau_m=neuron["tau_m_ms"],
            tau_syn_ex=neuron["tau_syn_ms"],
            tau_syn_in=neuron["tau_syn_ms"],
            t_ref=neuron["t_ref_ms"],
            E_L=neuron["E_L_mV"],
            V_th=neuron["V_th_mV"],
            V_reset=neuron["V_reset_mV"],
            I_e=numbers["current_pA"][index],
        )
        mean, sd = numbers["V0_mean_mV"][index], numbers["V0_sd_mV"][index]
        cells.V_m = nest.random.normal(mean, sd)
        created.append(cells)
    return created


def connect(numbers: dict, cells: list, dt_ms: float) -> None:
    # NEST holds at most 2^27 synapses of a model per thread, fewer than the whole network has.
    for copy in ("excitatory_synapse", "inhibitory_synapse"):
        nest.CopyModel("static_synapse", copy)
    for post, pre in product(range(len(cells)), repeat=2):
        total = numbers["synapses"][post][pre]
        if total == 0:
            continue
        weight = numbers["weights_pA"][post][pre]
        delay = numbers["delay_exc_ms" if weight > 0 else "delay_inh_ms"]
        # The sign of a weight is kept; delays below half a step are drawn again.
        limits = {"min": 0.0, "max": float("inf")} if weight > 0 else {"min": -1e9, "max": 0.0}
        drawn_weight = nest.random.normal(weight, abs(weight) * numbers["weight_sd"])
        drawn_delay = nest.random.normal(delay, delay * numbers["delay_sd"])
        nest.Connect(
            cells[pre],
            cells[post],
            {"rule": "fixed_total_number", "N": total},
            {
                "synapse_model": f"{'excitatory' if weight > 0 else 'inhibitory'}_synapse",
                "weight": nest.math.redraw(drawn_weight, **limits),
                "delay": nest.math.redraw(drawn_delay, min=dt_ms / 2, max=1e6),
            },
        )


def drive(numbers: dict, cells: list) -> None:
    for index, population in enumerate(cells):
        rate = numbers["rate_external_Hz"] * numbers["k_external"][index]
        source = nest.Create("poisson_generator", params={"rate": rate})
        synapse = {"weight": numbers["weight_external_pA"], "delay": numbers["delay_exc_ms"]}
        nest.Connect(source, population, "all_to_all", synapse)


def measure(options: argparse.Namespace, numbers: dict) -> dict:
    began = time.perf_counter()
    prepare_kernel(options.threads, options.dt, options.seed)
    cells = create_populations(numbers)
    connect(numbers, cells, options.dt)
    drive(numbers, cells)
    recorders = [nest.Create("spike_recorder") for _ in cells]
    for population, recorder in zip(cells, recorders, strict=True):
        nest.Connect(population, recorder)
    nest.Prepare()  # sorts and exchanges connections
    build_s = time.perf_counter() - began
    nest.Run(options.warmup)
    before = [recorder.n_events for recorder in recorders]
    began = time.perf_counter()
    nest.Run(options.duration)
    simulate_s = time.perf_counter() - began
    seconds = options.duration / 1e3
    counts = [r.n_events - b for r, b in zip(recorders, before, strict=True)]
    nest.Cleanup()
    return {
        "simulator": f"NEST {nest.__version__}",
        "threads": options.threads,
        "precision": "double",
        "n_neurons": sum(numbers["sizes"]),
        "n_synapses": sum(map(sum, numbers["synapses"])),
        "compile_s": 0.0,
        "build_s": build_s,
        "simulate_s": simulate_s,
        "real_time_factor": simulate_s / seconds,
        "peak_rss_bytes": peak_rss_bytes(),
        "rates_Hz": {
            name: count / size / seconds
            for name, count, size in zip(
                numbers["populations"], counts, numbers["sizes"], strict=True
            )
        },
    }


@contextlib.contextmanager
def output_to_stderr():
    """Send what NEST's C++ prints to standard error, so that the JSON stands alone."""
    kept = os.dup(1)
    sys.stdout.flush()
    os.dup2(2, 1)
    try:
        yield
    finally:
        sys.stdout.flush()
        os.dup2(kept, 1)
        os.close(kept)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("numbers", help="file of numbers")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--duration", type=float, default=1000.0, help="ms, after the warm-up")
    parser.add_argument("--warmup", type=float, default=500.0, help="ms")
    parser.add_argument("--dt", type=float, default=0.1, help="ms")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with open(options.numbers, encoding="utf-8") as file:
        numbers = json.load(file)
    with output_to_stderr():
        result = measure(options, numbers)
    print(json.dumps(result))


if __name__ == "__main__":
    main()

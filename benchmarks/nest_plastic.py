"""Brunel's network with E to E synapses that learn, in NEST, for benchmarks/plastic.py.

Needs only NEST; runs with any Python that has it. The last line of output is a JSON object.
The synapse is ``stdp_synapse_hom``, which keeps its parameters once for all: the cheapest of
NEST's synapses for pair-based STDP.
"""

from __future__ import annotations

import argparse
import json
import time

import nest
import numpy as np
import plastic_numbers as numbers
from nest_microcircuit import output_to_stderr, prepare_kernel


def build(static: bool) -> tuple:
    """Create and connect the network; return excitatory neurons, and a recorder of them."""
    neuron = {
        "tau_m": numbers.TAU_M,
        "t_ref": 2.0,
        "E_L": 0.0,
        "V_m": 0.0,
        "V_th": numbers.THETA,
        "V_reset": 10.0,
        "C_m": 1.0,
        "tau_minus": numbers.TAU_STDP,
    }
    cells = nest.Create("iaf_psc_delta", numbers.N_EXC + numbers.N_INH, params=neuron)
    rng = np.random.default_rng(1)
    cells.V_m = numbers.THETA * rng.random(len(cells))
    exc, inh = cells[: numbers.N_EXC], cells[numbers.N_EXC :]
    rule = {
        "tau_plus": numbers.TAU_STDP,
        "lambda": numbers.RATE,
        "alpha": numbers.ALPHA,
        "mu_plus": 0.0,  # additive
        "mu_minus": 0.0,
        "Wmax": numbers.W_MAX,
    }
    if not static:
        nest.CopyModel("stdp_synapse_hom", "plastic", rule)
    for pre, post, indegree, weight, model in (
        (exc, exc, numbers.C_EXC, numbers.JUMP, "static_synapse" if static else "plastic"),
        (exc, inh, numbers.C_EXC, numbers.JUMP, "static_synapse"),
        (inh, cells, numbers.C_INH, -numbers.G * numbers.JUMP, "static_synapse"),
    ):
        synapse = {"synapse_model": model, "weight": weight, "delay": numbers.DELAY}
        nest.Connect(pre, post, {"rule": "fixed_indegree", "indegree": indegree}, synapse)
    rate = numbers.C_EXC * numbers.external_rate()
    background = nest.Create("poisson_generator", params={"rate": rate})
    synapse = {"weight": numbers.JUMP, "delay": numbers.DELAY}
    nest.Connect(background, cells, "all_to_all", synapse)
    recorder = nest.Create("spike_recorder")
    nest.Connect(exc, recorder)
    return exc, recorder


def measure(options: argparse.Namespace) -> dict:
    began = time.perf_counter()
    prepare_kernel(options.threads, 0.1, options.seed)
    exc, recorder = build(options.static)
    nest.Prepare()
    build_s = time.perf_counter() - began
    nest.Run(options.warmup)
    before = recorder.n_events
    began = time.perf_counter()
    nest.Run(options.duration)
    simulate_s = time.perf_counter() - began
    spikes = recorder.n_events - before
    nest.Cleanup()
    weights = None
    if not options.static:  # of some targets: a list of all ten million takes long
        some = nest.GetConnections(target=exc[:200], synapse_model="plastic")
        weights = 1e-3 * np.asarray(some.weight)
    seconds = options.duration / 1e3
    return {
        "simulator": f"NEST {nest.__version__}",
        "threads": options.threads,
        "compile_s": 0.0,
        "build_s": build_s,
        "simulate_s": simulate_s,
        "real_time_factor": simulate_s / seconds,
        "rate_Hz": spikes / len(exc) / seconds,
        **numbers.weight_facts("brunel", weights),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("network", choices=["brunel"])
    parser.add_argument("--static", action="store_true", help="the same network without learning")
    numbers.add_options(parser)
    options = parser.parse_args()
    with output_to_stderr():
        result = measure(options)
    print(json.dumps(result))


if __name__ == "__main__":
    main()

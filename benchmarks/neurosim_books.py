"""The networks of benchmarks/books.py in neurosim; the last line of output is a JSON object."""

from __future__ import annotations

import argparse
import json

from neurosim.networks.brunel import brunel
from neurosim.networks.vogels_abbott import KINDS, vogels_abbott

import neurosim as ns
from neurosim.units import ms

NETWORKS = {"brunel": brunel}
NETWORKS |= {kind: lambda seed, kind=kind: vogels_abbott(seed=seed, kind=kind) for kind in KINDS}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("network", choices=NETWORKS)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--precision", choices=["double", "single"], default="double")
    parser.add_argument("--duration", type=float, default=1000.0, help="ms, after the warm-up")
    parser.add_argument("--warmup", type=float, default=100.0, help="ms")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    settings = {"threads": options.threads, "precision": options.precision, "engine": "native"}
    with ns.Simulation(NETWORKS[options.network](seed=options.seed), **settings) as simulation:
        simulation.run(options.warmup * ms, warmup=True)
        simulation.run(options.duration * ms)
    summary, rates = simulation.summary(), simulation.recording.rates()
    sizes = {p.name: p.size for p in simulation.program.populations}
    result = {
        "simulator": f"neurosim {ns.__version__}",
        "threads": options.threads,
        "compile_s": summary.lower_s + summary.compile_s,
        "build_s": summary.build_s,
        "simulate_s": summary.simulate_s,
        "real_time_factor": summary.real_time_factor,
        "rate_Hz": sum(rates[name] * size for name, size in sizes.items()) / summary.n_neurons,
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()

"""How much slower a network is under a machine's semantics than on the native engine alone.

Each platform's run alternates with one of the native engine, in the same process; the least time of
each counts, and their ratio. Times are of simulating, without compiling and building. A platform
that refuses a network is told so with its reason.

    python benchmarks/platforms.py                                     # all platforms, 2 threads
    python benchmarks/platforms.py --networks microcircuit --scale 1 --platforms spinnaker --runs 2
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import measuring
from neurosim.networks.brunel import brunel
from neurosim.networks.microcircuit import microcircuit
from neurosim.networks.vogels_abbott import vogels_abbott

import neurosim as ns
from neurosim.errors import MappingError
from neurosim.platforms import platform_class, platform_names
from neurosim.units import ms

NETWORKS: dict[str, Callable[[float], ns.Network]] = {
    "brunel": lambda scale: brunel(scale=scale),
    "microcircuit": lambda scale: microcircuit(scale=scale),
    "coba": lambda scale: vogels_abbott(kind="coba"),
}


def seconds(network: ns.Network, platform: Any, options: argparse.Namespace, dt_ms: float) -> float:
    """Return the wall time of simulating the network on a platform; None: natively."""
    with ns.Simulation(
        network, platform=platform, threads=options.threads, dt=dt_ms * ms, record=False
    ) as simulation:
        simulation.run(options.warmup * ms)
        began = time.perf_counter()
        simulation.run(options.duration * ms)
        return time.perf_counter() - began


def row(name: str, kind: str, options: argparse.Namespace) -> list[Any]:
    """Return (platform, native s, platform s, ratio), or the reason of a refusal."""
    platform = platform_class(kind)(allow=("all",))
    network, dt_ms = NETWORKS[name](options.scale), options.dt
    times: dict[str, list[float]] = {"native": [], kind: []}
    try:
        for _ in range(options.runs):
            times["native"].append(seconds(network, None, options, dt_ms))
            times[kind].append(seconds(network, platform, options, dt_ms))
    except MappingError as refused:
        measuring.tell(f"{name} on {kind}: {refused}")
        return [kind, None, None, None, "refused"]
    native, own = min(times["native"]), min(times[kind])
    return [kind, native, own, own / native, ""]


def main() -> None:
    """Run the benchmark from the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--platforms", nargs="+", default=platform_names())
    parser.add_argument("--scale", type=float, default=0.1, help="of the networks (0.1)")
    parser.add_argument("--dt", type=float, default=0.1, help="time step in ms (0.1)")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--warmup", type=float, default=100.0, help="ms (100)")
    parser.add_argument("--duration", type=float, default=500.0, help="ms of biological time (500)")
    measuring.add_common_options(parser, runs=3)
    options = parser.parse_args()
    facts = measuring.introduce("Networks under machines' semantics, beside the native engine")
    everything = {}
    for name in options.networks:
        rows = [row(name, kind, options) for kind in options.platforms]
        print(f"{name}, scale {options.scale:g}, dt {options.dt:g} ms, {options.threads} threads")
        print(measuring.table(["platform", "native s", "platform s", "ratio", ""], rows), "\n")
        everything[name] = rows
    measuring.save(options.json, {"machine": facts, "settings": vars(options), "rows": everything})


if __name__ == "__main__":
    main()

"""Networks that learn: simulation time of neurosim, and of NEST and Brian2 beside it.

Brunel's network of 12,500 with pair-based STDP of its 10 million E to E synapses, beside NEST;
the network of Vogels, Sprekeler et al. (2011), whose inhibitory synapses learn, beside Brian2's
C++ standalone mode. Every contestant runs in a process of its own, each in its turn, as often as
``--runs`` says; medians are printed. What counts is the time of the simulation alone: compiling,
building and the warm-up are left out. neurosim writes its recording meanwhile, the others count
spikes.

    python benchmarks/plastic.py --nest-python ~/nest/bin/python
    python benchmarks/plastic.py --networks vogels_sprekeler --threads 1 2 4 8 16

neurosim also simulates both networks without learning: what a synaptic event costs then, and
where synapses learn, spikes of their targets included. ``--no-peers`` measures neurosim alone.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

from measuring import add_common_options, compare, introduce, run_json, table, tell

HERE = Path(__file__).parent
NETWORKS = ("brunel", "vogels_sprekeler")
# Each in ms, after the warm-up in ms. The second begins without inhibition, as its script does.
TIMES = {"brunel": (1000.0, 200.0), "vogels_sprekeler": (10_000.0, 100.0)}
STATIC = "neurosim, static"


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--duration", type=float, help="ms, in place of 1 s and 10 s")
    parser.add_argument("--threads", type=int, nargs="+", default=[2], help="of neurosim and NEST")
    parser.add_argument("--precision", choices=["double", "single"], default="double")
    parser.add_argument("--brian2-threads", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--nest-python", metavar="PATH", help="a Python that can import nest")
    parser.add_argument("--no-peers", action="store_true", help="neurosim alone")
    add_common_options(parser, runs=3)
    return parser.parse_args(arguments)


def contestants(network: str, options: argparse.Namespace) -> dict[str, list[str]]:
    """Return the name of each and the command that runs it."""
    duration, warmup = TIMES[network]
    duration = options.duration or duration
    times = ["--duration", str(duration), "--warmup", str(warmup)]
    own = ["--precision", options.precision]
    found = {}

    def enter(name: str, python: str, script: str, threads: int, *more: str) -> None:
        command = [python, str(HERE / script), network, "--threads", str(threads), *times, *more]
        found[f"{name}, {threads} threads"] = command

    for threads in options.threads:
        enter("neurosim", sys.executable, "neurosim_plastic.py", threads, *own)
    for threads in options.threads:
        enter(STATIC, sys.executable, "neurosim_plastic.py", threads, *own, "--static")
    if options.no_peers:
        return found
    if network == "brunel" and options.nest_python:
        for threads in options.threads:
            enter("NEST", options.nest_python, "nest_plastic.py", threads)
    if network == "vogels_sprekeler":
        for threads in options.brian2_threads:
            enter("Brian2", sys.executable, "brian2_plastic.py", threads)
    return found


def measure(network: str, options: argparse.Namespace) -> dict[str, list[dict]]:
    running = contestants(network, options)
    results: dict[str, list[dict]] = {name: [] for name in running}
    for round_ in range(options.runs):
        for name, command in running.items():
            tell(f"{network}, round {round_ + 1} of {options.runs}: {name}")
            results[name].append(run_json(command))
    return results


def event_costs(plastic: dict[str, Any], static: dict[str, Any]) -> tuple[float, float]:
    """Return what an event of a static synapse and of a learning one costs, in ns.

    Static: all delivery of the static network over all its events. Learning: what delivery
    takes longer than that price for the events of the other synapses, over the rest.
    """
    price = static["deliver_s"] / static["events"]
    others = plastic["events"] - plastic["learning_events"]
    learning = (plastic["deliver_s"] - price * others) / plastic["learning_events"]
    return 1e9 * price, 1e9 * learning


def report(network: str, middle: dict[str, dict]) -> str:
    """Return the table of costs, the ratios to neurosim's first row and the cost of an event."""
    own = next(r for name, r in middle.items() if name.startswith("neurosim"))
    rows = [
        [
            name,
            r["compile_s"],
            r["build_s"],
            r["real_time_factor"],
            r["real_time_factor"] / own["real_time_factor"],
            r["rate_Hz"],
            r["weight_mean"],
            r["weight_sd"],
        ]
        for name, r in middle.items()
    ]
    unit = "mV" if network == "brunel" else "nS"
    header = [network, "compile s", "build s", "s / biological s", "times as long", "rate of E Hz"]
    lines = [table([*header, f"weight {unit}", "sd"], rows)]
    for peer in ("Brian2", "NEST"):
        times = [r["real_time_factor"] for name, r in middle.items() if name.startswith(peer)]
        if times:
            lines.append(f"{peer}, its fastest: {min(times) / own['real_time_factor']:.1f} times")
    lines += _events(middle)
    return "\n".join(lines)


def _events(middle: dict[str, dict]) -> list[str]:
    lines = []
    for name, plastic in middle.items():
        static = middle.get(name.replace("neurosim", STATIC, 1))
        if not name.startswith("neurosim") or static is None:
            continue
        price, learning = event_costs(plastic, static)
        lines.append(
            f"{name}: an event of a static synapse {price:.2f} ns, of one that learns "
            f"{learning:.2f} ns, {learning / price:.1f} times; "
            f"{plastic['bytes_per_synapse']:.1f} bytes per synapse, all synapses together"
        )
    return lines


def main() -> None:
    options = parse()
    facts = introduce(
        f"{', '.join(options.networks)}, dt 0.1 ms, {options.precision}, medians of {options.runs}"
    )
    compare(options, facts, measure, report)


if __name__ == "__main__":
    main()

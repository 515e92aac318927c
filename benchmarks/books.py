"""Networks of the literature: simulation time of neurosim, and of Brian2 and NEST beside it.

Brunel's network of 12,500 (regime C), and CUBA, COBA and COBAHH of 4,000 neurons. Every contestant
runs in a process of its own, each in its turn, as often as ``--runs`` says; medians are printed.
What counts is the time of the simulation alone: compiling, building and the warm-up are left out.
neurosim writes its recording meanwhile, the others count spikes.

    python benchmarks/books.py --nest-python ~/nest/bin/python
    python benchmarks/books.py --networks coba cuba --runs 5

Brian2 is its C++ standalone mode, by default with 1 and with 2 threads, as OpenMP often slows it
down; neurosim is compared with the faster. NEST runs Brunel's network only, with ``--nest-python``.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from measuring import add_common_options, compare, introduce, run_json, table, tell

HERE = Path(__file__).parent
NETWORKS = ("brunel", "cuba", "coba", "cobahh")


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=list(NETWORKS))
    parser.add_argument("--duration", type=float, default=1000.0, help="ms, after the warm-up")
    parser.add_argument("--warmup", type=float, default=100.0, help="ms")
    parser.add_argument("--threads", type=int, nargs="+", default=[2], help="of neurosim and NEST")
    parser.add_argument("--brian2-threads", type=int, nargs="*", default=[1, 2])
    parser.add_argument("--nest-python", metavar="PATH", help="a Python that can import nest")
    add_common_options(parser, runs=3)
    return parser.parse_args(arguments)


def contestants(network: str, options: argparse.Namespace) -> dict[str, list[str]]:
    """Return the name of each and the command that runs it."""
    times = ["--duration", str(options.duration), "--warmup", str(options.warmup)]
    found = {}

    def enter(name: str, python: str, script: str, threads: int) -> None:
        command = [python, str(HERE / script), network, "--threads", str(threads), *times]
        found[f"{name}, {threads} threads"] = command

    for threads in options.threads:
        enter("neurosim", sys.executable, "neurosim_books.py", threads)
    for threads in options.brian2_threads:
        enter("Brian2", sys.executable, "brian2_books.py", threads)
    if options.nest_python and network == "brunel":
        for threads in options.threads:
            enter("NEST", options.nest_python, "nest_brunel.py", threads)
    return found


def measure(network: str, options: argparse.Namespace) -> dict[str, list[dict]]:
    running = contestants(network, options)
    results: dict[str, list[dict]] = {name: [] for name in running}
    for round_ in range(options.runs):
        for name, command in running.items():
            tell(f"{network}, round {round_ + 1} of {options.runs}: {name}")
            results[name].append(run_json(command))
    return results


def report(network: str, middle: dict[str, dict]) -> str:
    """Return the table of costs and the ratios to neurosim's first row."""
    own = next(r for name, r in middle.items() if name.startswith("neurosim"))
    rows = [
        [
            name,
            r["compile_s"],
            r["build_s"],
            r["real_time_factor"],
            r["real_time_factor"] / own["real_time_factor"],
            r["rate_Hz"],
        ]
        for name, r in middle.items()
    ]
    header = [network, "compile s", "build s", "s / biological s", "times as long", "rate Hz"]
    lines = [table(header, rows)]
    for peer in ("Brian2", "NEST"):
        times = [r["real_time_factor"] for name, r in middle.items() if name.startswith(peer)]
        if times:
            lines.append(f"{peer}, its fastest: {min(times) / own['real_time_factor']:.1f} times")
    return "\n".join(lines)


def main() -> None:
    options = parse()
    facts = introduce(
        f"{', '.join(options.networks)}, {options.duration:g} ms after {options.warmup:g} ms, "
        f"dt 0.1 ms, medians of {options.runs}"
    )
    compare(options, facts, measure, report)


if __name__ == "__main__":
    main()

"""What doubling costs: twice the neurons, twice the in-degree, twice the rate.

    python benchmarks/cost.py --threads 2 --runs 3 --plot docs/figures/cost.png

Neurons fire by themselves at a given rate, each at a phase of its own, and receive synapses
through a decaying current that does not change when they fire: so neurons, in-degree and rate can
be changed one at a time. Each point is a process of its own; points take turns, medians of
``--runs``. Beside each cost stands its ratio to the cost of half the size. Doubling should double
the matching cost, 2.0, and no more:

    neurons     update, deliver, build, memory
    in-degree   deliver, build, memory
    rate        deliver
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
from typing import Any

from matplotlib.figure import Figure
from measuring import add_common_options, introduce, medians, run_json, save, table, tell

import neurosim as ns
from neurosim.units import Hz, ms, pA

COSTS = ("update_s", "deliver_s", "build_s", "synapse_bytes")
MATCHING = {
    "neurons": ("update_s", "deliver_s", "build_s", "synapse_bytes"),
    "indegree": ("deliver_s", "build_s", "synapse_bytes"),
    "rate_hz": ("deliver_s",),
}
LABELS = {"neurons": "neurons", "indegree": "in-degree", "rate_hz": "rate (Hz)"}


def one_point(args: argparse.Namespace) -> dict[str, Any]:
    """Simulate one network in this process and return what it cost."""
    model = ns.NeuronModel(
        """
        dphase/dt = rate : 1
        dI_syn/dt = -I_syn/tau : amp
        """,
        threshold="phase > 1",
        reset="phase -= 1",
        parameters={"rate": args.rate_hz * Hz, "tau": 2 * ms},
    )
    net = ns.Network(seed=1)
    cells = net.population("E", args.neurons, model, initial={"phase": "rand()"})
    weight, delay = ns.Uniform(10 * pA, 20 * pA), ns.Uniform(0.5 * ms, 2.5 * ms)
    rule = ns.FixedInDegree(args.indegree)
    net.project(cells, cells, rule, "I_syn", weight=weight, delay=delay)
    with ns.Simulation(net, threads=args.threads, record=False) as simulation:
        simulation.run(50 * ms, warmup=True)
        simulation.run(args.duration * ms)
        found = simulation.summary()
    return {
        "neurons": args.neurons,
        "indegree": args.indegree,
        "rate_hz": found.n_spikes / args.neurons / (args.duration + 50) * 1e3,
        "update_s": found.update_s,
        "deliver_s": found.deliver_s,
        "build_s": found.build_s,
        "simulate_s": found.simulate_s,
        "synapse_bytes": found.bytes_per_synapse * found.n_synapses,
        "peak_rss_bytes": found.peak_rss_bytes,
    }


def points(args: argparse.Namespace) -> dict[str, list[dict[str, float]]]:
    """Return, for each quantity, the networks in which it is doubled again and again."""
    middle = {"neurons": args.neurons, "indegree": args.indegree, "rate_hz": args.rate}
    return {
        name: [middle | {name: value * 2**k} for k in range(args.doublings + 1)]
        for name, value in middle.items()
    }


def measure(args: argparse.Namespace) -> dict[str, list[dict[str, Any]]]:
    """Run every point ``--runs`` times, in turns; return the medians."""
    sweeps = points(args)
    results: dict[tuple[str, int], list[dict[str, Any]]] = {}
    for repeat in range(args.runs):
        for name, sweep in sweeps.items():
            for k, point in enumerate(sweep):
                words = [w for key, value in point.items() for w in (f"--{key}", str(value))]
                words += ["--threads", str(args.threads), "--duration", str(args.duration)]
                found = run_json([sys.executable, __file__, "--one", *words])
                results.setdefault((name, k), []).append(found)
                shown = ", ".join(f"{cost} {found[cost]:.3g}" for cost in COSTS)
                tell(f"run {repeat + 1}: {LABELS[name]} {point[name]:g}: {shown}")
    return {
        name: [medians(results[name, k]) for k in range(len(sweep))]
        for name, sweep in sweeps.items()
    }


def rows_of(name: str, sweep: list[dict[str, Any]]) -> list[list[Any]]:
    """Return the rows of a sweep's table: each cost, and its ratio to the row above."""
    rows = []
    for k, point in enumerate(sweep):
        row: list[Any] = [f"{point[name]:,.4g}" if name == "rate_hz" else f"{point[name]:,}"]
        for cost in COSTS:
            before = sweep[k - 1][cost] if k else None
            row += [point[cost], None if not before else point[cost] / before]
        rows.append(row)
    return rows


def largest_ratios(name: str, sweep: list[dict[str, Any]]) -> dict[str, float]:
    """Return, for each matching cost, the largest ratio of a doubling."""
    pairs = list(itertools.pairwise(sweep))
    return {cost: max(b[cost] / a[cost] for a, b in pairs if a[cost]) for cost in MATCHING[name]}


def draw(found: dict[str, list[dict[str, Any]]], path: str) -> None:
    """Plot the costs on logarithmic axes, with lines that double where the size doubles."""
    figure = Figure(figsize=(9, 3), layout="constrained", dpi=110)
    for axes, (name, sweep) in zip(figure.subplots(1, 3), found.items(), strict=True):
        sizes = [point[name] for point in sweep]
        for cost, colour in zip(COSTS[:3], ("#1f3b5c", "#b3541e", "#5b7f3a"), strict=True):
            values = [point[cost] for point in sweep]
            matching = cost in MATCHING[name]
            style = "o-" if matching else "o:"
            axes.plot(sizes, values, style, color=colour, label=cost[:-2], linewidth=1)
            if matching:
                ideal = [values[0] * size / sizes[0] for size in sizes]
                axes.plot(sizes, ideal, color="0.75", linewidth=4, zorder=0)
        axes.set(xscale="log", yscale="log", xlabel=LABELS[name], ylabel="cost (s)")
        axes.set_xticks(sizes, [f"{size:,.4g}" for size in sizes], fontsize=7)
        axes.minorticks_off()
    figure.axes[0].legend(frameon=False, fontsize=8)
    figure.savefig(path)
    print(f"plot: {path} (grey: doubles where the size doubles)")


def main() -> None:
    """Measure, print a table for each quantity, and plot."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_common_options(parser, runs=3)
    parser.add_argument("--neurons", type=int, default=20_000, help="the fewest (20000)")
    parser.add_argument("--indegree", type=int, default=250, help="the smallest (250)")
    parser.add_argument("--rate", type=float, default=5.0, help="the lowest, Hz (5)")
    parser.add_argument("--doublings", type=int, default=3, help="of each (3)")
    parser.add_argument("--duration", type=int, default=1000, help="simulated, ms (1000)")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--plot", metavar="PNG", help="where to draw it")
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--rate_hz", type=float, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        print(json.dumps(one_point(args)))
        return
    facts = introduce("What doubling costs")
    found = measure(args)
    for name, sweep in found.items():
        header = [LABELS[name]]
        for cost in COSTS:
            header += [cost.replace("_s", " (s)").replace("_bytes", " (bytes)"), "ratio"]
        print(f"\n{LABELS[name]} doubled\n{table(header, rows_of(name, sweep))}")
        worst = largest_ratios(name, sweep)
        print("largest ratio: " + ", ".join(f"{k} {v:.2f}" for k, v in worst.items()))
    if args.plot:
        draw(found, args.plot)
    save(args.json, {"machine": facts, "sweeps": found})


if __name__ == "__main__":
    main()

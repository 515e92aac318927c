"""Ranks and threads: what a network costs on 1 to N cores, and what a rank of thousands needs.

    python benchmarks/scaling.py strong --json strong.json  # the full microcircuit on 1 to N cores
    python benchmarks/scaling.py weak --json weak.json      # networks that grow with the cores
    python benchmarks/scaling.py books --json books.json    # COBA and COBAHH
    python benchmarks/scaling.py plan --json plan.json      # one of 1,024 and of 16,384 ranks
    python benchmarks/scaling.py report strong.json weak.json books.json plan.json

Every run is a job of its own, started with the mpiexec beside this Python or on the PATH (MPICH or
Open MPI), nothing is recorded; what is compared takes turns, medians of ``--runs``, in each of
which the duration is simulated ``--repeats`` times and the median taken. ``report`` prints Markdown
and draws ``docs/figures/scaling-*.png``.

Weak scaling keeps a core's work: ``--per-core`` of the microcircuit's neurons, all with the same
in-degree (a quarter of the full one; the experiment's own in-degrees would grow with its scale),
and COBA with its 80 synapses per neuron and delays of 1 ms. The rates, printed beside, hardly
change with the size, so a core has the same neurons, synapses and spikes to work off.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import sys
import time
from pathlib import Path
from typing import Any

from measuring import add_common_options, introduce, neurosim, run_json, save, tell
from neurosim.networks.brunel import brunel
from neurosim.networks.microcircuit import microcircuit
from neurosim.networks.vogels_abbott import vogels_abbott

import neurosim as ns
from neurosim.analysis import canvas
from neurosim.parallel.world import world
from neurosim.scaling import report, runs
from neurosim.scaling.runs import Variant
from neurosim.units import ms

HERE = Path(__file__).resolve().parent
FIGURES = HERE.parent / "docs" / "figures"
INDEGREE = 0.25
NETWORKS = {
    "microcircuit": lambda o: microcircuit(o.scale, seed=1, indegree_scale=o.indegree_scale),
    "brunel": lambda o: brunel(o.scale, seed=1),
    "coba": lambda o: vogels_abbott(o.scale, kind="coba", delay=o.delay * ms),
    "cobahh": lambda o: vogels_abbott(o.scale, kind="cobahh", delay=o.delay * ms),
}


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, function in (("strong", strong), ("weak", weak), ("books", books)):
        own = commands.add_parser(name)
        own.add_argument("--cores", type=int, nargs="+", default=[1, 2, 4, 8, 16])
        own.add_argument("--duration", type=float, default=1000.0, help="ms, after the warm-up")
        own.add_argument("--warmup", type=float, default=100.0, help="ms")
        own.add_argument("--repeats", type=int, default=3, help="of the duration, per run; median")
        own.add_argument("--scale", type=float, default=1.0, help="of the microcircuit (strong)")
        own.add_argument("--single", action="store_true", help="single precision too (strong)")
        own.add_argument("--both", type=int, nargs="*", help="ranks for both exchanges (strong)")
        own.add_argument("--per-core", type=float, default=0.0625, help="scale of a core (weak)")
        own.add_argument("--networks", nargs="+", help="of weak and books")
        own.add_argument("--delays", type=float, nargs="+", default=[0.0, 1.0], help="ms (books)")
        own.add_argument("--until", type=float, help="start no run after this time (date +%%s)")
        add_common_options(own, runs=3)
        own.set_defaults(function=function)
    own = commands.add_parser("plan")
    own.add_argument("--scale", type=float, default=100.0)
    own.add_argument("--ranks", type=int, nargs="+", default=[1024, 16384])
    own.add_argument("--rate", type=float, default=3.0, help="Hz")
    own.add_argument("--json", metavar="FILE")
    own.set_defaults(function=plans)
    own = commands.add_parser("report")
    own.add_argument("files", nargs="+")
    own.add_argument("--figures", type=Path, default=FIGURES)
    own.set_defaults(function=reports)
    one = commands.add_parser("one")
    one.add_argument("network", choices=NETWORKS)
    one.add_argument("--scale", type=float, default=1.0)
    one.add_argument("--indegree-scale", type=float)
    one.add_argument("--delay", type=float, default=0.0, help="ms")
    one.add_argument("--duration", type=float, default=1000.0)
    one.add_argument("--warmup", type=float, default=100.0)
    one.add_argument("--repeats", type=int, default=1)
    one.add_argument("--threads", type=int, default=1)
    one.add_argument("--precision", default="double")
    one.add_argument("--exchange", default="auto")
    one.set_defaults(function=run_one)
    return parser.parse_args()


def run_one(options: argparse.Namespace) -> None:
    """Simulate a network among the ranks that were launched; the first prints the summary."""
    simulation = ns.Simulation(
        NETWORKS[options.network](options),
        engine="native",
        threads=options.threads,
        precision=options.precision,
        exchange=options.exchange,
        record=False,
    )
    with simulation:
        if options.warmup:
            simulation.run(options.warmup * ms, warmup=True)
        spent = [0.0]
        for _ in range(options.repeats):
            simulation.run(options.duration * ms)
            spent.append(simulation.summary().simulate_s)
    if world().share.rank == 0:
        each = [after - before for before, after in itertools.pairwise(spent)]
        factor = 1e3 * statistics.median(each) / options.duration
        print(json.dumps({**simulation.summary().as_dict(), "real_time_factor": factor}))


def base(options: argparse.Namespace, network: str, *words: str) -> list[str]:
    """Return the command line of this script that simulates a network once."""
    times = ["--duration", str(options.duration), "--warmup", str(options.warmup)]
    times += ["--repeats", str(options.repeats)]
    return [sys.executable, str(HERE / "scaling.py"), "one", network, *times, *words]


def shapes(cores: list[int], hybrid: bool = False) -> list[tuple[int, int]]:
    """Return (ranks, threads): all ranks, all threads, and some of both."""
    found = [(1, 1)] if 1 in cores else []
    for n in cores:
        if n > 1:
            found += [(n, 1), (1, n)]
    most = max(cores)
    if hybrid and most >= 4:
        found += [(most // t, t) for t in (2, 4, 8) if t < most]
    return found


def measured(
    options: argparse.Namespace, network: str, variants: list[Variant], *words: str
) -> list[dict[str, Any]]:
    """Return the medians of the variants, with efficiencies."""
    mpiexec = runs.require_launcher()
    line = base(options, network, *words)
    rows = runs.measure(
        variants,
        line,
        mpiexec,
        options.runs,
        tell,
        limit_s=200,
        tolerant=True,
        goes_on=lambda: options.until is None or time.time() < options.until,
    )
    return report.with_efficiency(rows) if rows else []


def show(name: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Print a table of runs and the model fitted to them; return both."""
    if not rows:
        return {"name": name, "rows": [], "model": {}, "modelled": []}
    model = report.fit(rows)
    print(f"\n{name}\n")
    print(markdown(report.table(rows, model)), "\n")
    print("\n".join(report.told(model)), flush=True)
    return {
        "name": name,
        "rows": rows,
        "model": vars(model),
        "modelled": [model.parts(row) for row in rows],
    }


def strong(options: argparse.Namespace) -> list[dict[str, Any]]:
    """The same network on more and more cores; then by both ways to exchange spikes."""
    words = ("--scale", str(options.scale))
    variants = [Variant(r, t, words) for r, t in shapes(options.cores, hybrid=True)]
    if options.single:
        most = max(options.cores)
        variants += [Variant(1, t, (*words, "--precision", "single")) for t in (1, most)]
    several = [n for n in options.cores if n > 1]
    variants += [
        Variant(n, 1, (*words, "--exchange", way))
        for n in (sorted({*several[:1], *several[-1:]}) if options.both is None else options.both)
        for way in ("allgather", "targeted")
    ]
    rows = measured(options, "microcircuit", variants)
    title = f"microcircuit, scale {options.scale:g}"
    plain = report.with_efficiency([r for r in rows if r["words"] == list(words)])
    single = [r for r in rows if "--precision" in r["words"]]
    exchanges = [{**r, "exchange": r["words"][-1]} for r in rows if "--exchange" in r["words"]]
    found = [{**show(title, plain), "kind": "strong"}]
    found.append({"name": "single precision", "kind": "single", "rows": single})
    found.append({"name": "both exchanges", "kind": "exchange", "rows": exchanges})
    print(f"\n{markdown(single_table(single))}\n\n{markdown(exchange_table(exchanges))}")
    return found


def single_table(rows: list[dict[str, Any]]) -> list[list[str]]:
    """Return the real-time factors in single precision."""
    heading = [["single precision", "real-time factor"]]
    return heading + [
        [f"{r['ranks']} x {r['threads']}", f"{r['real_time_factor']:.3g}"] for r in rows
    ]


def weak(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Networks that grow with the cores while each neuron keeps its in-degree."""
    found = []
    for network, own, words in (
        ("microcircuit", options.per_core, ("--indegree-scale", str(INDEGREE))),
        ("coba", 400 * options.per_core, ("--delay", "1.0")),
    ):
        if options.networks and network not in options.networks:
            continue
        variants = [
            Variant(r, t, ("--scale", str(own * r * t)), "weak") for r, t in shapes(options.cores)
        ]
        rows = measured(options, network, variants, *words)
        for row in rows:
            row["rate_Hz"] = 1e3 * row["n_spikes"] / row["n_neurons"] / row["duration_ms"]
        found.append({**show(f"{network}, scale {own:g} per core", rows), "kind": "weak"})
    return found


def books(options: argparse.Namespace) -> list[dict[str, Any]]:
    """COBA and COBAHH of 40,000 neurons: as published, without delays, and with 1 ms."""
    found = []
    for network in options.networks or ("coba", "cobahh"):
        for delay in options.delays:
            words = ("--scale", "10", "--delay", str(delay))
            variants = [Variant(r, t) for r, t in shapes(options.cores)]
            rows = measured(options, network, variants, *words)
            name = f"{network} of 40,000 neurons, delay {delay:g} ms"
            found.append({**show(name, rows), "kind": "books"})
    return found


def plans(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Build and run one rank of many alone; print what was measured beside what was foreseen."""
    found = []
    for n_ranks in options.ranks:
        tell(f"rank 0 of {n_ranks:,}")
        words = ["--scale", str(options.scale), "--rate", str(options.rate), "--measure", "--json"]
        words += ["--dry-run", "--ranks", str(n_ranks)]
        found.append(run_json(neurosim("run", "microcircuit", *words)))
        print(f"\n{markdown(plan_table(found[-1]))}\n", flush=True)
    return [{"name": "one rank of many", "kind": "plan", "rows": found}]


def plan_table(made: dict[str, Any]) -> list[list[str]]:
    """Return the foreseen and the measured memory and time of a rank."""
    measured_, rows = made["measured"], [[f"rank 0 of {made['n_ranks']:,}", "foreseen", "measured"]]
    rows.append(["neurons", f"{made['neurons']:,}", f"{made['neurons']:,}"])
    rows.append(["synapses", f"{made['synapses']:,.0f}", f"{measured_['synapses']:,}"])
    for part, size in made["memory"].items():
        if part in measured_["memory"] or part == "process":
            own = measured_["memory"].get(part)
            rows.append([f"{part}, MB", mega(size), "-" if own is None else mega(own)])
    rows.append(["in all, MB", mega(made["lasting"]), mega(measured_["resident"])])
    rows.append(["most, while building, MB", mega(made["peak"]), mega(measured_["peak"])])
    for part in ("update", "deliver"):
        values = (made["seconds"][part], measured_["seconds"][part])
        rows.append([f"{part}, s per biological s", *(f"{value:.3f}" for value in values)])
    rows.append(["exchange, s per biological s", f"{made['seconds']['exchange']:.3f}", "-"])
    return rows


def exchange_table(rows: list[dict[str, Any]]) -> list[list[str]]:
    """Return what each way to exchange spikes sends and takes."""
    heading = ["ranks, exchange", "real-time factor", "in exchange", "bytes a spike", "exchanges/s"]
    return [heading] + [
        [
            f"{row['ranks']}, {row['exchange']}",
            f"{row['real_time_factor']:.3g}",
            f"{100 * row['communication']:.1f} %",
            f"{row['bytes_per_spike']:.1f}",
            f"{1e3 * row['exchanges'] / row['duration_ms']:,.0f}",
        ]
        for row in rows
    ]


def mega(size: float) -> str:
    """Return bytes as MB."""
    return f"{size / 1e6:,.1f}"


def markdown(rows: list[list[str]]) -> str:
    """Return rows, the heading first, as a Markdown table."""
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "---|" * len(rows[0]), *lines[1:]])


def reports(options: argparse.Namespace) -> None:
    """Print all tables and draw the figures of files written with --json."""
    parts = []
    for file in options.files:
        content = json.loads(Path(file).read_text(encoding="utf-8"))
        facts = content["machine"]
        print(f"\n{file}: {facts['cpu']}, {facts['cores']} cores, {facts['system']}")
        parts += content["parts"]
    for part in parts:
        if part["kind"] in ("strong", "weak", "books"):
            show(part["name"], part["rows"])
        elif part["kind"] == "single":
            print(f"\n{markdown(single_table(part['rows']))}")
        elif part["kind"] == "exchange":
            print(f"\n{markdown(exchange_table(part['rows']))}")
        elif part["kind"] == "plan":
            for made in part["rows"]:
                print(f"\n{markdown(plan_table(made))}")
    options.figures.mkdir(parents=True, exist_ok=True)
    for kind in ("strong", "weak", "books"):
        for k, part in enumerate(p for p in parts if p["kind"] == kind and p["rows"]):
            path = options.figures / (
                f"scaling-{kind}.png" if k == 0 else f"scaling-{kind}-{k + 1}.png"
            )
            drawn = report.draw(part["rows"], report.fit(part["rows"]), part["name"])
            canvas.save(drawn, path)
            print(f"written: {path}")


def main() -> None:
    options = parse()
    if options.command in ("one", "report"):
        options.function(options)
        return
    facts = introduce(f"scaling: {options.command}")
    parts = options.function(options)
    settings = {k: v for k, v in vars(options).items() if k not in ("json", "function")}
    save(options.json, {"machine": facts, "settings": settings, "parts": parts})


if __name__ == "__main__":
    main()

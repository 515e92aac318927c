"""The cortical microcircuit: time and memory of neurosim, and of NEST and Brian2 beside it.

Every contestant runs in a process of its own, one after the other, as often as ``--runs`` says; in
every round each has its turn, so that a slow minute of the machine meets all of them. Medians are
printed: seconds to compile, build and simulate, real-time factor (wall time / biological time,
the warm-up left out), peak resident memory, and how many times as long as each run of neurosim.

    python benchmarks/microcircuit.py --scale 0.1
    python benchmarks/microcircuit.py --scale 1 --runs 3 --nest-python ~/nest/bin/python
    python benchmarks/microcircuit.py --scale 0.1 --brian2

NEST is run where this Python can import it, or by the Python that ``--nest-python`` names; Brian2
(C++ standalone) only with ``--brian2``. All record spikes and use Poisson drive.

NEST's build is creation, connection and ``Prepare``; neurosim's and Brian2's is what their compiled
programs do before the first step. ``other`` is the rest of the process's time, without the warm-up:
imports, equations, the end.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import sys
import tempfile
from pathlib import Path

from measuring import add_common_options, introduce, medians, neurosim, run_json, save, table, tell

HERE = Path(__file__).parent


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scale", type=float, default=0.1)
    parser.add_argument("--duration", type=float, default=1000.0, help="ms, after the warm-up")
    parser.add_argument("--warmup", type=float, default=500.0, help="ms")
    parser.add_argument("--threads", type=int, nargs="+", default=[2], help="one row for each")
    parser.add_argument(
        "--precision", nargs="+", choices=["double", "single"], default=["double", "single"]
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-record", action="store_true", help="neurosim writes no recording")
    parser.add_argument("--nest-python", metavar="PATH", help="a Python that can import nest")
    parser.add_argument("--no-nest", action="store_true", help="even where it can be imported")
    parser.add_argument("--brian2", action="store_true", help="also Brian2 standalone")
    parser.add_argument("--write-numbers", metavar="FILE", help="write the peers' input and stop")
    add_common_options(parser, runs=3)
    return parser.parse_args(arguments)


def network_numbers(scale: float) -> dict:
    """Return the microcircuit's numbers at a scale as plain data, for simulators to be compared."""
    from neurosim.networks import microcircuit as m  # noqa: PLC0415 - imports Brian2

    scaled = m.scaled_numbers(scale)
    return {
        "populations": list(m.POPULATIONS),
        "sizes": scaled.sizes.tolist(),
        "synapses": scaled.synapses.tolist(),
        "k_external": scaled.k_external.tolist(),
        "weights_pA": scaled.weights.tolist(),
        "weight_external_pA": scaled.weight_external,
        "current_pA": scaled.current.tolist(),
        "weight_sd": m.WEIGHT_SD,
        "delay_exc_ms": m.DELAY_EXC,
        "delay_inh_ms": m.DELAY_INH,
        "delay_sd": m.DELAY_SD,
        "rate_external_Hz": m.RATE_EXTERNAL,
        "V0_mean_mV": list(m.V0_MEAN),
        "V0_sd_mV": list(m.V0_SD),
        "neuron": {
            "C_m_pF": m.C_M,
            "tau_m_ms": m.TAU_M,
            "tau_syn_ms": m.TAU_SYN,
            "t_ref_ms": m.T_REF,
            "E_L_mV": m.E_L,
            "V_th_mV": m.V_TH,
            "V_reset_mV": m.V_RESET,
        },
    }


def run_neurosim(options: argparse.Namespace, threads: int, precision: str, folder: Path) -> dict:
    recording = folder / "run.h5"
    command = ["run", "microcircuit", "--engine", "native", "--json", "--quiet"]
    command += ["--scale", str(options.scale), "--seed", str(options.seed)]
    command += ["--duration", f"{options.duration}ms", "--warmup", f"{options.warmup}ms"]
    command += ["--threads", str(threads), "--precision", precision]
    command += ["--no-record"] if options.no_record else ["--output", str(recording)]
    result = run_json(neurosim(*command))
    if not options.no_record:
        from neurosim import read  # noqa: PLC0415

        result["rates_Hz"] = read(recording).rates()
    result["simulator"] = "neurosim"
    return result


def contestants(options: argparse.Namespace, folder: Path) -> dict:
    """Return name to a function that runs it once and returns its numbers."""
    found = {}
    for threads in options.threads:
        for precision in options.precision:
            found[f"neurosim {precision}, {threads} threads"] = lambda t=threads, p=precision: (
                run_neurosim(options, t, p, folder)
            )
    peers = {}
    if options.nest_python:
        peers["NEST"] = (options.nest_python, "nest_microcircuit.py")
    elif not options.no_nest and importlib.util.find_spec("nest"):
        peers["NEST"] = (sys.executable, "nest_microcircuit.py")
    if options.brian2:
        peers["Brian2"] = (sys.executable, "brian2_microcircuit.py")
    if not peers:
        return found
    numbers = folder / "numbers.json"
    numbers.write_text(json.dumps(network_numbers(options.scale)), encoding="utf-8")
    for name, (python, script) in peers.items():
        for threads in options.threads:
            command = [python, str(HERE / script), str(numbers), "--threads", str(threads)]
            command += ["--duration", str(options.duration), "--warmup", str(options.warmup)]
            command += ["--seed", str(options.seed)]
            found[f"{name}, {threads} threads"] = lambda c=command: run_json(c)
    return found


def measure(options: argparse.Namespace, folder: Path) -> dict[str, list[dict]]:
    """Return every contestant's results, in interleaved rounds."""
    running = contestants(options, folder)
    results: dict[str, list[dict]] = {name: [] for name in running}
    for round_ in range(options.runs):
        for name, run_once in running.items():
            tell(f"round {round_ + 1} of {options.runs}: {name}")
            results[name].append(run_once())
    return results


def report(middle: dict[str, dict], options: argparse.Namespace) -> str:
    """Return the tables: costs, ratios to each run of neurosim, rates."""
    biological = (options.duration + options.warmup) / 1e3
    rows = []
    for name, r in middle.items():
        stepping = r["real_time_factor"] * biological
        other = r["wall_s"] - r["compile_s"] - r["build_s"] - stepping
        memory = None if r["peak_rss_bytes"] is None else r["peak_rss_bytes"] / 1e9
        costs = (r["compile_s"], r["build_s"], r["simulate_s"], other, r["real_time_factor"])
        rows.append([name, *costs, memory])
    header = ["", "compile s", "build s", "simulate s", "other s", "real-time factor", "peak GB"]
    parts = [table(header, rows)]
    own = [name for name in middle if name.startswith("neurosim")]
    peers = [name for name in middle if name not in own]
    compared = [
        [f"{peer} / {name}"]
        + [
            middle[peer][key] / middle[name][key] if middle[name][key] else None
            for key in ("build_s", "real_time_factor", "peak_rss_bytes")
        ]
        for peer in peers
        for name in own
        if middle[peer]["threads"] == middle[name]["threads"]
    ]
    if compared:
        parts.append(table(["times as much", "build", "simulate", "memory"], compared))
    rates = [[name, *r["rates_Hz"].values()] for name, r in middle.items() if "rates_Hz" in r]
    if rates:
        populations = next(r["rates_Hz"] for r in middle.values() if "rates_Hz" in r)
        parts.append(table(["rates, Hz", *populations], rates))
    return "\n\n".join(parts)


def main() -> None:
    options = parse()
    if options.write_numbers:
        save(options.write_numbers, network_numbers(options.scale))
        return
    facts = introduce(
        f"microcircuit, scale {options.scale:g}, {options.duration:g} ms after "
        f"{options.warmup:g} ms, dt 0.1 ms, medians of {options.runs}"
    )
    with tempfile.TemporaryDirectory() as folder:
        results = measure(options, Path(folder))
    middle = {name: medians(found) for name, found in results.items()}
    first = next(iter(middle.values()))
    print(f"{first['n_neurons']:,.0f} neurons, {first['n_synapses']:,.0f} synapses\n")
    print(report(middle, options))
    settings = {key: value for key, value in vars(options).items() if key != "json"}
    save(options.json, {"machine": facts, "settings": settings, "medians": middle, "runs": results})


if __name__ == "__main__":
    main()

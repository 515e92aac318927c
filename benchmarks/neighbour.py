"""How much longer a run takes while other processes keep the machine busy.

    python benchmarks/neighbour.py --scale 0.2 --duration 2000 --runs 3

Runs the microcircuit alone and beside busy processes (endless loops), in turns, and compares the
medians of the simulation's wall time. Threads that only ever spun at their barrier would lose far
more than the share of the processor that the neighbour takes; neurosim's sleep after a while.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator

from measuring import add_common_options, introduce, medians, neurosim, run_json, save, table, tell


@contextlib.contextmanager
def busy_processes(count: int) -> Iterator[None]:
    """Keep ``count`` processes computing; end them afterwards."""
    running = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in running:
            process.kill()
            process.wait()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--scale", type=float, default=0.2)
    parser.add_argument("--duration", type=float, default=2000.0, help="ms")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--precision", choices=["double", "single"], default="double")
    parser.add_argument("--busy", type=int, default=1, help="other processes")
    add_common_options(parser, runs=3)
    options = parser.parse_args()
    command = neurosim(
        *("run", "microcircuit", "--engine", "native", "--scale", str(options.scale)),
        *("--duration", f"{options.duration}ms", "--warmup", "100ms"),
        *("--threads", str(options.threads), "--precision", options.precision),
        *("--no-record", "--quiet", "--json"),
    )
    facts = introduce(
        f"microcircuit, scale {options.scale:g}, {options.duration:g} ms, {options.threads} "
        f"threads, {options.precision}; medians of {options.runs}"
    )
    results: dict[str, list[dict]] = {"alone": [], f"beside {options.busy} busy": []}
    for round_ in range(options.runs):
        for name, others in zip(results, (0, options.busy), strict=True):
            tell(f"round {round_ + 1} of {options.runs}: {name}")
            with busy_processes(others):
                results[name].append(run_json(command))
    middle = {name: medians(found) for name, found in results.items()}
    alone, beside = middle.values()
    rows = [
        [name, r["build_s"], r["simulate_s"], r["real_time_factor"]] for name, r in middle.items()
    ]
    ratios = [beside[key] / alone[key] for key in ("build_s", "simulate_s", "real_time_factor")]
    print(table(["", "build s", "simulate s", "real-time factor"], [*rows, ["ratio", *ratios]]))
    save(options.json, {"machine": facts, "medians": middle, "runs": results})


if __name__ == "__main__":
    main()

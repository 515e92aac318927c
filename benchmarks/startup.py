"""What a user waits for before anything is simulated: imports, the command line, the first compile.

    python benchmarks/startup.py --runs 5

Each row is the wall time of a process of its own, the median of ``--runs``, taken in turns. The
first compile starts from an empty cache (NEUROSIM_CACHE_DIR is a new folder each time); the cached
start is the same command with the cache it left, up to where the synapses would be built. What
that costs beyond importing Brian2, which neurosim cannot do without there, is told too.
One round is not counted, and Python may keep its bytecode, as it does for users.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from pathlib import Path

from measuring import (
    add_common_options,
    introduce,
    medians,
    neurosim,
    run,
    run_json,
    save,
    table,
    tell,
)

RUN = [
    *("run", "microcircuit", "--engine", "native", "--scale", "0.02", "--threads", "1"),
    *("--duration", "1ms", "--warmup", "0ms", "--no-record", "--quiet", "--json"),
]


def wall_time(*command: str) -> float:
    return run(command)[0]


def start_up(cache: Path) -> dict[str, float]:
    """Run a small microcircuit with a cache; return the wall time before the build, and parts."""
    result = run_json(neurosim(*RUN), env={**os.environ, "NEUROSIM_CACHE_DIR": str(cache)})
    later = result["build_s"] + result["warmup_s"] + result["simulate_s"]
    return {
        "start": result["wall_s"] - later,
        "lower": result["lower_s"],
        "compile": result["compile_s"],
    }


def one_round(recording: Path) -> dict:
    """Measure everything once, in s."""
    python = sys.executable
    with tempfile.TemporaryDirectory() as empty:
        first = start_up(Path(empty))
        cached = start_up(Path(empty))
    measured = {
        "python": wall_time(python, "-c", "pass"),
        "import numpy": wall_time(python, "-c", "import numpy"),
        "import brian2": wall_time(python, "-c", "import brian2"),
        "import neurosim": wall_time(python, "-c", "import neurosim"),
        "neurosim --help": wall_time(*neurosim("--help")),
        "neurosim list": wall_time(*neurosim("list")),
        "neurosim metrics FILE": wall_time(*neurosim("metrics", str(recording))),
        "first start, empty cache": first["start"],
        "  of it: compile": first["compile"],
        "  of it: lower": first["lower"],
        "cached start": cached["start"],
        "  of it: compile (load)": cached["compile"],
        "  of it: lower (cached)": cached["lower"],
    }
    measured["cached start - import brian2"] = cached["start"] - measured["import brian2"]
    return measured


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add_common_options(parser, runs=5)
    options = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    facts = introduce(f"start-up, wall time in s, medians of {options.runs}")
    results = []
    with tempfile.TemporaryDirectory() as folder:
        recording = Path(folder) / "small.h5"
        small = ["--scale", "0.1", "--duration", "1s", "--warmup", "100ms", "--quiet"]
        run(neurosim("run", "microcircuit", *small, "--output", str(recording)))
        for round_ in range(options.runs + 1):
            tell(f"round {round_} of {options.runs}")
            results.append(one_round(recording))
        del results[0]
    middle = medians(results)
    print(table(["", "s"], list(middle.items())))
    save(options.json, {"machine": facts, "medians": middle, "runs": results})


if __name__ == "__main__":
    main()

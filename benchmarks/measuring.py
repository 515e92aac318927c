"""What the benchmark scripts share: running commands, medians, tables, facts of the machine."""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any


def add_common_options(parser: argparse.ArgumentParser, runs: int) -> None:
    """Add ``--runs`` and ``--json`` to a script's options."""
    parser.add_argument("--runs", type=int, default=runs, help=f"of each; medians ({runs})")
    parser.add_argument("--json", metavar="FILE", help="write all numbers to this file")


def run(command: Sequence[str], **options: Any) -> tuple[float, str]:
    """Run a command and return its wall time in s and its standard output.

    Standard error is shown only if the command fails; then the script ends.
    """
    began = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    seconds = time.perf_counter() - began
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\nended with code {done.returncode}\n{done.stderr}")
    return seconds, done.stdout


def run_json(command: Sequence[str], **options: Any) -> dict[str, Any]:
    """Run a command whose last line of output is a JSON object; return it with ``wall_s``."""
    seconds, output = run(command, **options)
    return {**json.loads(output.splitlines()[-1]), "wall_s": seconds}


def neurosim(*arguments: str) -> list[str]:
    """Return the command line of ``neurosim`` with this Python."""
    return [sys.executable, "-m", "neurosim", *arguments]


def medians(results: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the median of every number in results of the same keys; the first of other values.

    Numbers inside a mapping are taken in the same way.
    """
    out: dict[str, Any] = {}
    for key, value in results[0].items():
        if isinstance(value, Mapping):
            out[key] = medians([r[key] for r in results])
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            out[key] = statistics.median([r[key] for r in results])
        else:
            out[key] = value
    return out


def table(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Return a table as text: first column left, numbers right; None is a dash."""
    cells = [list(header), *([_cell(value) for value in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(header))]
    lines = [
        "  ".join(
            text.ljust(width) if column == 0 else text.rjust(width)
            for column, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    ]
    return "\n".join([lines[0], "-" * len(lines[0]), *lines[1:]])


def _cell(value: Any) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:.3g}" if abs(value) < 100 else f"{value:,.0f}"
    return str(value)


def machine() -> dict[str, Any]:
    """Return facts of the machine and how busy it is."""
    model = platform.processor()
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
                break
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return {
        "cpu": model,
        "cores": usable,
        "system": platform.platform(),
        "python": platform.python_version(),
        "load_1min": os.getloadavg()[0],
    }


def introduce(title: str) -> dict[str, Any]:
    """Print the title and the machine; return the machine's facts."""
    facts = machine()
    print(f"{title}\n{facts['cpu']}, {facts['cores']} cores, {facts['system']}")
    if facts["load_1min"] > 0.5:
        print(f"note: the machine is busy (load {facts['load_1min']:.1f}); timings will be high")
    print(flush=True)
    return facts


def tell(text: str) -> None:
    """Print a line of progress to standard error."""
    print(text, file=sys.stderr, flush=True)


def save(path: str | None, content: Mapping[str, Any]) -> None:
    """Write the numbers as JSON, if a path was given."""
    if path:
        Path(path).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        print(f"\nwritten: {path}")


def peak_rss_bytes(process: int | str = "self") -> int | None:
    """Return the largest resident memory of a process so far; None where it cannot be told."""
    try:
        status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    except OSError:
        return None
    found = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(found[0]) * 1024 if found else None


def compare(
    options: argparse.Namespace,
    facts: dict[str, Any],
    measure: Callable[[str, argparse.Namespace], dict[str, list[dict[str, Any]]]],
    report: Callable[[str, dict[str, dict[str, Any]]], str],
) -> None:
    """Measure each network, print the report of its medians, and save everything."""
    everything = {}
    for network in options.networks:
        results = measure(network, options)
        middle = {name: medians(found) for name, found in results.items()}
        print(report(network, middle) + "\n", flush=True)
        everything[network] = {"medians": middle, "runs": results}
    settings = {key: value for key, value in vars(options).items() if key != "json"}
    save(options.json, {"machine": facts, "settings": settings, **everything})

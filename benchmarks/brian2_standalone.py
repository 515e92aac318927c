"""Timing a Brian2 network as a compiled C++ program, for the brian2_*.py scripts.

The program is run outside Brian2, so that its memory is its own, and tells the time where the
warm-up and the simulation that counts begin and end.
"""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import brian2 as b
from measuring import peak_rss_bytes

_MARK = (
    "{{ timespec now; clock_gettime(CLOCK_MONOTONIC, &now); "
    'std::cerr.precision(15); std::cerr << "MARK {label} " '
    "<< now.tv_sec + 1e-9 * now.tv_nsec{counts} << std::endl; }}"
)


@dataclass(frozen=True)
class Measured:
    """What a program cost, in s and bytes, and the spikes each monitor counted meanwhile."""

    compile_s: float
    build_s: float
    simulate_s: float
    peak_rss_bytes: int | None
    spikes: tuple[int, ...]


def prepare(threads: int, dt_ms: float, seed: int) -> float:
    """Choose the C++ standalone device; return the time at which the script's own work begins."""
    began = time.perf_counter()
    b.set_device("cpp_standalone", build_on_run=False)
    # Brian2's default, make -j without a number, starts a compiler per file.
    b.prefs.devices.cpp_standalone.extra_make_args_unix = ["-j2"]
    b.prefs.devices.cpp_standalone.openmp_threads = threads if threads > 1 else 0
    b.defaultclock.dt = dt_ms * b.ms
    b.seed(seed)
    return began


def measure(
    network: b.Network,
    monitors: Sequence[b.SpikeMonitor],
    warmup_ms: float,
    duration_ms: float,
    began: float,
) -> Measured:
    """Compile and run a network; ``began`` is what ``prepare`` returned."""
    counts = "".join(f' << " " << brian::_array_{m.name}_N[0]' for m in monitors)
    network.run(b.defaultclock.dt)  # one step: initialisation is part of the build
    for label, length in (("warmup", warmup_ms), ("simulate", duration_ms)):
        b.device.insert_code("main", _MARK.format(label=label, counts=counts))
        network.run(length * b.ms)
    b.device.insert_code("main", _MARK.format(label="end", counts=counts))
    with tempfile.TemporaryDirectory() as folder:
        code = Path(folder) / "code"
        b.device.build(directory=str(code), compile=True, run=False, with_output=False)
        compile_s = time.perf_counter() - began
        marks, start, peak = _run(code)
    before, after = marks["simulate"], marks["end"]
    return Measured(
        compile_s=compile_s,
        build_s=marks["warmup"][0] - start,
        simulate_s=after[0] - before[0],
        peak_rss_bytes=peak,
        spikes=tuple(int(x - y) for x, y in zip(after[1:], before[1:], strict=True)),
    )


def _run(folder: Path) -> tuple[dict[str, list[float]], float, int | None]:
    """Run the program; return its marks, when it started and its peak memory."""
    start = time.clock_gettime(time.CLOCK_MONOTONIC)
    with tempfile.TemporaryFile("w+") as errors:
        process = subprocess.Popen(["./main"], cwd=folder, stdout=subprocess.DEVNULL, stderr=errors)
        peak: int | None = None
        while process.poll() is None:
            peak = peak_rss_bytes(process.pid) or peak
            time.sleep(0.05)
        errors.seek(0)
        text = errors.read()
    if process.returncode:
        raise SystemExit(f"the compiled program ended with code {process.returncode}\n{text}")
    lines = [line.split() for line in text.splitlines() if line.startswith("MARK ")]
    return {line[1]: [float(x) for x in line[2:]] for line in lines}, start, peak

"""What recording costs: all voltages of a network of 4000 neurons, every step and every 1 ms.

The network is the conductance-based benchmark (COBA) of Brette et al. (2007), J. Comput. Neurosci.
23:349: 3200 excitatory and 800 inhibitory neurons, 2 % connectivity. Each case runs alternately
with the others, in the same process; the least time of each counts. ``disk`` is what a plain
sequential write of the same bytes to the same folder takes.

    python benchmarks/recording.py                      # 2 threads, 1 s of biological time
    python benchmarks/recording.py --folder /scratch --seconds 5 --json recording.json
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
import time
from pathlib import Path

from neurosim.networks.vogels_abbott import vogels_abbott

import neurosim as ns
from neurosim.units import ms, second

CASES = {"nothing": None, "every 1 ms": 1.0, "every step": 0.1}


def network(every_ms: float | None) -> ns.Network:
    """Return COBA, with all voltages recorded every so many ms."""
    made = vogels_abbott(kind="coba")
    if every_ms is not None:
        for population in made.populations.values():
            made.record(population, "v", every=every_ms * ms)
    return made


def measure(
    every_ms: float | None, seconds: float, threads: int, folder: Path
) -> tuple[float, int, int]:
    """Return the wall time of a run until its file is closed, the bytes of voltages and of file."""
    path = folder / "run.h5"
    simulation = ns.Simulation(network(every_ms), threads=threads, output=path, engine="native")
    with simulation:
        simulation.run(10 * ms)  # creates the file; the code is compiled and the network built
        began = time.perf_counter()
        simulation.run(seconds * second)
    took = time.perf_counter() - began
    samples = 0 if every_ms is None else 4000 * round(seconds * 1e3 / every_ms)
    size = path.stat().st_size
    path.unlink()
    return took, 8 * samples, size


def plain_write(n_bytes: int, folder: Path) -> float:
    """Return the seconds that writing so many bytes takes, 8 MB at a time."""
    path, piece = folder / "plain", os.urandom(8 << 20)
    began = time.perf_counter()
    with open(path, "wb", buffering=0) as file:
        for _ in range(max(1, n_bytes // len(piece))):
            file.write(piece)
    took = time.perf_counter() - began
    path.unlink()
    return took


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=1.0, help="biological time of a run")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--folder", type=Path, help="where the recordings go (removed again)")
    parser.add_argument("--json", type=Path, help="write the numbers there")
    given = parser.parse_args()
    took: dict[str, list[float]] = {case: [] for case in CASES}
    disk, voltages = [], dict.fromkeys(CASES, 0)
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        for _ in range(given.repeat):
            for case, every in CASES.items():
                seconds, n_bytes, _ = measure(every, given.seconds, given.threads, Path(folder))
                took[case].append(seconds)
                voltages[case] = n_bytes
            disk.append(plain_write(voltages["every step"], Path(folder)))
    base, every_step, plain = min(took["nothing"]), voltages["every step"], min(disk)
    best = {case: min(times) for case, times in took.items()}
    result = {
        "machine": platform.processor() or platform.machine(),
        "threads": given.threads,
        "seconds": given.seconds,
        "wall_s": best,
        "all_s": took,
        "cost_every_1_ms": best["every 1 ms"] / base - 1,
        "every_step_MB_per_s": every_step / best["every step"] / 1e6,
        "recording_alone_MB_per_s": every_step / max(best["every step"] - base, 1e-9) / 1e6,
        "disk_MB_per_s": every_step / plain / 1e6,
    }
    for case, seconds in best.items():
        print(f"{case:<12} {seconds:8.3f} s   {voltages[case] / 1e6:8.1f} MB of voltages")
    print(f"every 1 ms costs {result['cost_every_1_ms']:.0%} of the simulation")
    print(
        f"every step: {result['every_step_MB_per_s']:.0f} MB/s over the whole run, "
        f"{result['recording_alone_MB_per_s']:.0f} MB/s of the time added; a plain write: "
        f"{result['disk_MB_per_s']:.0f} MB/s"
    )
    if given.json:
        given.json.write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()

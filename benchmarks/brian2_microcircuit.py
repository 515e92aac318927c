"""The cortical microcircuit in Brian2's C++ standalone mode, for benchmarks/microcircuit.py.

Needs Brian2 and the file of numbers that ``microcircuit.py --write-numbers FILE`` writes. The last
line of output is a JSON object.

Fixed total numbers of synapses are drawn as out-degrees (multinomial) and targets (uniform, with
repetition), which is the same distribution. A delay below half a step is drawn again, twice
(2e-5 of them are too short even then). The compiled program is run outside Brian2, so that its
memory is its own.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path

import brian2 as b
import numpy as np
from measuring import peak_rss_bytes

EQUATIONS = """
dv/dt = (E_L - v)/tau_m + (I_syn + I_e)/C_m : volt (unless refractory)
dI_syn/dt = -I_syn/tau_syn : amp
I_e : amp (constant)
"""
MARK = (
    "{{ timespec now; clock_gettime(CLOCK_MONOTONIC, &now); "
    'std::cerr << "MARK {label} " << now.tv_sec + 1e-9 * now.tv_nsec{counts} << std::endl; }}'
)


def create_neurons(numbers: dict, rng: np.random.Generator) -> tuple[b.NeuronGroup, list]:
    """Return all neurons as one group, and the populations as parts of it."""
    neuron, sizes = numbers["neuron"], numbers["sizes"]
    out_degrees = "".join(f"k_{post} : integer (constant)\n" for post in numbers["populations"])
    neurons = b.NeuronGroup(
        sum(sizes),
        EQUATIONS + out_degrees,
        threshold="v > V_th",
        reset="v = V_r",
        refractory=neuron["t_ref_ms"] * b.ms,
        method="exact",
        namespace={
            "C_m": neuron["C_m_pF"] * b.pF,
            "tau_m": neuron["tau_m_ms"] * b.ms,
            "tau_syn": neuron["tau_syn_ms"] * b.ms,
            "E_L": neuron["E_L_mV"] * b.mV,
            "V_th": neuron["V_th_mV"] * b.mV,
            "V_r": neuron["V_reset_mV"] * b.mV,
        },
        name="neurons",
    )
    neurons.I_e = np.repeat(numbers["current_pA"], sizes) * b.pA
    means, spreads = np.repeat(numbers["V0_mean_mV"], sizes), np.repeat(numbers["V0_sd_mV"], sizes)
    neurons.v = rng.normal(means, spreads) * b.mV
    totals = np.array(numbers["synapses"])
    for target, post in enumerate(numbers["populations"]):
        shares = [
            rng.multinomial(total, np.full(size, 1 / size))
            for total, size in zip(totals[target], sizes, strict=True)
        ]
        setattr(neurons, f"k_{post}", np.concatenate(shares))
    starts = np.cumsum([0, *sizes])
    return neurons, [neurons[first:last] for first, last in pairwise(starts)]


def by_pair(matrix: np.ndarray, sizes: list[int], name: str) -> b.Function:
    """Return a function of (source, target) neuron that looks up their populations' number."""
    edges = ", ".join(map(str, np.cumsum(sizes)[:-1]))
    values = ", ".join(map(repr, matrix.ravel().tolist()))
    code = f"""
    inline double {name}(int64_t source, int64_t target) {{
        static const int64_t edges[] = {{{edges}}};
        static const double values[] = {{{values}}};
        int row = 0, column = 0;
        for (int64_t edge : edges) row += target >= edge, column += source >= edge;
        return values[{len(sizes)} * row + column];
    }}
    """
    function = b.Function(None, arg_units=[1, 1], arg_types=["integer", "integer"], return_unit=1)
    function.implementations.add_implementation("cpp", code, name=name)
    return function


def connect(numbers: dict, neurons: b.NeuronGroup, dt_ms: float) -> b.Synapses:
    sizes, shortest = numbers["sizes"], dt_ms / 2
    weights = np.array(numbers["weights_pA"])
    delays = np.where(weights > 0, numbers["delay_exc_ms"], numbers["delay_inh_ms"])
    synapses = b.Synapses(
        neurons,
        neurons,
        "w : amp",
        on_pre="I_syn_post += w",
        namespace={
            "mean_weight": by_pair(weights, sizes, "mean_weight"),
            "mean_delay": by_pair(delays, sizes, "mean_delay"),
        },
    )
    starts = np.cumsum([0, *sizes])
    for start, size, post in zip(starts, sizes, numbers["populations"], strict=False):
        synapses.connect(j=f"{start} + int(rand()*{size}) for _ in range(k_{post}_pre)")
    # A weight of the wrong sign is ten standard deviations away.
    synapses.w = f"mean_weight(i, j)*(1 + {numbers['weight_sd']}*randn())*pA"
    drawn = f"mean_delay(i, j)*(1 + {numbers['delay_sd']}*randn())"
    synapses.delay = f"{drawn}*ms"
    for _ in range(2):
        synapses.delay[f"delay < {shortest}*ms"] = f"{drawn}*ms"
    synapses.delay[f"delay < {shortest}*ms"] = f"{shortest}*ms"
    return synapses


def drive(numbers: dict, populations: list) -> list:
    rate = numbers["rate_external_Hz"] * b.Hz
    weight = numbers["weight_external_pA"] * b.pA
    return [
        b.PoissonInput(population, "I_syn", N=k, rate=rate, weight=weight)
        for population, k in zip(populations, numbers["k_external"], strict=True)
    ]


def write_program(options: argparse.Namespace, numbers: dict, folder: Path) -> float:
    """Generate and compile the C++ program; return the seconds it took."""
    began = time.perf_counter()
    b.set_device("cpp_standalone", build_on_run=False)
    # Brian2's default, make -j without a number, starts a compiler per file.
    b.prefs.devices.cpp_standalone.extra_make_args_unix = ["-j2"]
    b.prefs.devices.cpp_standalone.openmp_threads = options.threads if options.threads > 1 else 0
    b.defaultclock.dt = options.dt * b.ms
    b.seed(options.seed)
    neurons, populations = create_neurons(numbers, np.random.default_rng(options.seed))
    names = [f"spikes_{name}" for name in numbers["populations"]]
    monitors = [b.SpikeMonitor(p, name=n) for p, n in zip(populations, names, strict=True)]
    inputs = drive(numbers, populations)
    network = b.Network(neurons, connect(numbers, neurons, options.dt), monitors, inputs)
    counts = "".join(f' << " " << brian::_array_{name}_N[0]' for name in names)
    network.run(options.dt * b.ms)  # one step: initialisation is part of the build
    for label, length in (("warmup", options.warmup), ("simulate", options.duration)):
        b.device.insert_code("main", MARK.format(label=label, counts=counts))
        network.run(length * b.ms)
    b.device.insert_code("main", MARK.format(label="end", counts=counts))
    b.device.build(directory=str(folder), compile=True, run=False, with_output=False)
    return time.perf_counter() - began


def run_program(folder: Path) -> tuple[dict[str, list[float]], float, int | None]:
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("numbers", help="file of numbers")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--duration", type=float, default=1000.0, help="ms, after the warm-up")
    parser.add_argument("--warmup", type=float, default=500.0, help="ms")
    parser.add_argument("--dt", type=float, default=0.1, help="ms")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    numbers = json.loads(Path(options.numbers).read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory() as folder:
        compile_s = write_program(options, numbers, Path(folder) / "code")
        marks, start, peak = run_program(Path(folder) / "code")
    simulate_s = marks["end"][0] - marks["simulate"][0]
    seconds = options.duration / 1e3
    counts = np.array(marks["end"][1:]) - np.array(marks["simulate"][1:])
    result = {
        "simulator": f"Brian2 {b.__version__} standalone",
        "threads": options.threads,
        "precision": "double",
        "n_neurons": sum(numbers["sizes"]),
        "n_synapses": sum(map(sum, numbers["synapses"])),
        "compile_s": compile_s,
        "build_s": marks["warmup"][0] - start,
        "simulate_s": simulate_s,
        "real_time_factor": simulate_s / seconds,
        "peak_rss_bytes": peak,
        "rates_Hz": {
            name: float(count / size / seconds)
            for name, count, size in zip(
                numbers["populations"], counts, numbers["sizes"], strict=True
            )
        },
    }
    print(json.dumps(result))
    sys.stdout.flush()


if __name__ == "__main__":
    main()

"""Run small networks with the generated C++ built under sanitizers; anything they find ends it.

    python tools/sanitize.py                     # address and undefined behaviour, then threads
    python tools/sanitize.py --only address --drawn 20

Every network of ``small_networks.py``, and ``--drawn`` networks drawn as in ``tests/properties``,
in double and single precision, on 1 and 3 threads, cut into pieces, alone and as one of three
ranks whose others are pretended; and those of ``small_machines.py``, as their machines.
Needs GCC or Clang with the sanitizers' runtime libraries; Linux only.
"""

import argparse
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from itertools import product
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
COMMON = "-g1 -O0 -fno-omit-frame-pointer"
KINDS = {
    "address": {
        "flags": f"{COMMON} -fsanitize=address,undefined -fno-sanitize-recover=all",
        "libraries": ("libasan.so", "libubsan.so"),
        "options": {
            "ASAN_OPTIONS": "detect_leaks=0:halt_on_error=1:exitcode=66",
            "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1:exitcode=66",
        },
        "threads": (1, 3),
    },
    "thread": {
        "flags": f"{COMMON} -fsanitize=thread",
        "libraries": ("libtsan.so",),
        # the interpreter and NumPy were not built for it, so their own locks are not seen
        "options": {
            "TSAN_OPTIONS": "halt_on_error=1:exitcode=66:ignore_noninstrumented_modules=1"
            ":report_signal_unsafe=0"
        },
        "threads": (3,),
    },
}


def child(args):
    """Run the networks in this process, which was started with the sanitizer's library."""
    del os.environ["LD_PRELOAD"]  # the compiler is not to run under it
    sys.path[:0] = [str(ROOT / "tools"), str(ROOT / "tests" / "properties")]
    from small_machines import machines
    from small_networks import networks

    for name, net, dt_ms, machine in machines():
        if not args.name or args.name in name:
            print(f"{name} ... ", end="", file=sys.stderr, flush=True)
            spikes = run_machine(net, dt_ms, machine, KINDS[args.child]["threads"])
            print(f"{spikes} spikes", file=sys.stderr, flush=True)
    for name, net, dt_ms in [*networks(), *drawn(args.drawn)]:
        if args.name and args.name not in name:
            continue
        began = time.monotonic()
        print(f"{name} ... ", end="", file=sys.stderr, flush=True)
        spikes = run_one(net, dt_ms, KINDS[args.child]["threads"])
        took = time.monotonic() - began
        print(f"{spikes} spikes, {took:.1f} s", file=sys.stderr, flush=True)


def run_one(net, dt_ms, threads):
    """Run a network in both precisions and with each number of threads; return its spikes."""
    import neurosim as ns
    from neurosim.engines import get_engine
    from neurosim.engines.base import EngineOptions
    from neurosim.parallel.communicator import Serial
    from neurosim.parallel.dry_run import DryRun
    from neurosim.parallel.share import Share
    from neurosim.units import ms

    found = 0
    alone, among_ranks = Serial(), DryRun(Share(1, 3), 50.0)
    programs = {c: ns.lower(net, dt_ms * ms, c.share) for c in (alone, among_ranks)}
    for precision, count, ranks in product(("double", "single"), threads, programs):
        program, options = programs[ranks], EngineOptions(count, precision, ranks)
        executable = get_engine("native").compile(program, options)
        try:
            executable.build()
            chunks = [executable.advance(steps) for steps in (1, 149, 150)]
            for projection in program.projections:
                executable.outdegrees(projection.name)
            for population in program.populations:
                states = [v.name for v in population.code.variables if v.role == "state"]
                for name in states[:2]:
                    values = executable.read(population.name, name)
                    executable.write(population.name, name, values)
            if ranks is alone:
                replace_all(executable, program)
                go_back(executable)
            executable.advance(10)
        finally:
            executable.close()
        if ranks is alone:
            found = sum(chunk.spike_steps.size for chunk in chunks)
    return found


def run_machine(net, dt_ms, machine, threads):
    """Run a network as a machine with each number of threads; return its spikes."""
    import neurosim as ns
    from neurosim.units import ms

    for count in threads:
        with ns.Simulation(
            net, dt=dt_ms * ms, platform=machine, threads=count, record=False
        ) as simulation:
            for steps in (1, 149, 150):
                simulation.run(steps * dt_ms * ms)
            simulation.close()  # the account of the run is made here
            found = simulation.summary().n_spikes
    return found


def replace_all(executable, program):
    """Lay synapses that may come and go out again, some of them as new ones."""
    import numpy as np

    for projection in program.projections:
        if projection.restructured:
            table = executable.synapse_table(projection.name)
            kept = np.arange(table.size)
            kept[::7] = -1
            new = {
                v.name: np.zeros(int((kept < 0).sum()))
                for v in projection.synapse.code.variables
                if not v.shared
            }
            executable.replace_synapses(projection.name, table, kept, new)


def go_back(executable):
    """Take the state, build the network anew, and put the state back."""
    from dataclasses import replace

    taken = executable.snapshot()
    values = {name: array.read() for name, array in taken.arrays.items()}
    arrays = {
        name: replace(array, read=lambda name=name: values[name])
        for name, array in taken.arrays.items()
    }
    executable.restore(replace(taken, arrays=arrays))


def drawn(count):
    """Return networks that hypothesis draws, always the same ones."""
    if not count:
        return []
    from hypothesis import HealthCheck, Phase, given, settings
    from network_strategies import networks

    found = []
    quiet = {"database": None, "deadline": None, "suppress_health_check": list(HealthCheck)}

    @settings(max_examples=count, derandomize=True, phases=[Phase.generate], **quiet)
    @given(networks())
    def collect(spec):
        found.append(spec)

    collect()
    return [(f"drawn {k}", spec.build(), spec.dt_ms) for k, spec in enumerate(found)]


def compiler():
    """Return the C++ compiler, as the package would choose it."""
    for name in (os.environ.get("CXX", ""), "g++", "clang++", "c++"):
        if name and shutil.which(name):
            return shutil.which(name)
    raise SystemExit("no C++ compiler found; install g++ or set CXX")


def library(name, cxx):
    """Return the path of a sanitizer's runtime library, or end with a message."""
    command = [cxx, f"-print-file-name={name}"]
    path = Path(subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip())
    if not path.is_absolute() or not path.exists():
        raise SystemExit(f"{cxx} has no {name}; install the sanitizers of that compiler")
    return str(path.resolve())


def run_kind(kind, args, folder):
    """Run all networks under one sanitizer in a process of its own; return its exit code."""
    cxx = compiler()
    chosen = KINDS[kind]
    environment = (
        os.environ
        | chosen["options"]
        | {
            "CXX": cxx,
            "LD_PRELOAD": " ".join(library(name, cxx) for name in chosen["libraries"]),
            "NEUROSIM_CXXFLAGS": chosen["flags"],
            "NEUROSIM_CACHE_DIR": str(Path(folder) / kind),
            "OPENBLAS_NUM_THREADS": "1",
            "OMP_NUM_THREADS": "1",
        }
    )
    words = [sys.executable, __file__, "--child", kind, "--drawn", str(args.drawn)]
    words += ["--name", args.name] if args.name else []
    if kind == "thread" and shutil.which("setarch"):
        # its shadow memory does not fit every layout of randomised addresses
        words = ["setarch", platform.machine(), "-R", *words]
    return subprocess.run(words, env=environment, check=False).returncode


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", choices=KINDS)
    parser.add_argument("--drawn", type=int, default=10, help="networks drawn at random")
    parser.add_argument("--name", help="only networks whose name has this in it")
    parser.add_argument("--child", choices=KINDS, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.child:
        child(args)
        return
    bad = []
    with tempfile.TemporaryDirectory() as folder:
        for kind in [args.only] if args.only else KINDS:
            print(f"== {kind} sanitizer", file=sys.stderr, flush=True)
            if run_kind(kind, args, folder) != 0:
                bad.append(kind)
    print(f"sanitizers: {'findings of ' + ', '.join(bad) if bad else 'clean'}")
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()

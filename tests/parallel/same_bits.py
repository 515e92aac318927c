"""Run networks on the ranks of this launch; every rank writes what it found as JSON.

Usage: same_bits.py FOLDER THREADS CASES...
"""

import hashlib
import json
import os
import signal
import sys
import time
from pathlib import Path

import every_network as networks
import h5py
import numpy as np

import neurosim as ns
from neurosim.errors import NeurosimError
from neurosim.interrupts import RunInterrupted
from neurosim.parallel.world import world
from neurosim.units import ms, mV

PLACE = world().share


def digest(array):
    """A short digest of an array's shape, type and bytes."""
    array = np.ascontiguousarray(array)
    told = f"{array.dtype.str}{array.shape}".encode() + array.tobytes()
    return hashlib.sha256(told).hexdigest()[:16]


def state(simulation):
    """A digest of every variable of every neuron."""
    found = {}
    for population in simulation.program.populations:
        names = [v.name for v in population.code.variables if v.role != "coefficient"]
        for name in [*names, *(name for name, _ in population.code.subexpressions)]:
            values = simulation.read(population.name, name)
            found[f"{population.name}.{name}"] = [digest(values), len(values)]
    return found


def recorded(path):
    """A digest of every dataset of spikes and reports."""
    found = {}

    def look(name, item):
        if isinstance(item, h5py.Dataset) and name.split("/")[0] in ("spikes", "report"):
            found[name] = digest(item[()])

    with h5py.File(path) as file:
        file.visititems(look)
    return found


def simulate(network, pieces, folder, name, **options):
    """Run a network for some stretches of ms; what came out, as plain data."""
    path = folder / f"{name}.h5"
    with ns.Simulation(network, output=path, **options) as simulation:
        for piece in pieces:
            simulation.run(piece * ms)
        found = {"state": state(simulation)}
    summary = simulation.summary()
    found |= {"spikes": summary.spikes_sha256, "n_spikes": summary.n_spikes}
    found |= {"n_synapses": summary.n_synapses, "recorded": recorded(path)}
    found["read"] = simulation.recording.spikes_sha256()
    return found


def everything(folder, name, shortest, pieces=(15,), **options):
    """The network with every rule, with its smallest delay."""
    return simulate(networks.everything(shortest), pieces, folder, name, **options)


def callbacks(folder, name, **options):
    """A network that callbacks look at, change and stop."""
    seen = []

    def watch(now):
        steps, ids = now.spikes("E")
        seen.append([now.step, digest(now.read("E", "drive")), digest(steps), digest(ids)])
        now.write("few", "v", -58 * mV + 5 * mV * (steps.size % 2))
        if now.step == 141:
            now.stop()

    calls = [ns.Callback(watch, 4.7 * ms)]
    found = simulate(networks.everything(), [15], folder, name, callbacks=calls, **options)
    return found | {"seen": seen}


def nan(folder, name, **options):
    """A network whose neuron 5 becomes NaN at 8 ms, and neuron 6 at 8.3 ms."""
    net = ns.Network(seed=5)
    model = ns.NeuronModel(
        "dv/dt = -v/(10*ms) + sqrt(left)*mV/ms + 2*mV/ms : volt\ndleft/dt = -1/ms : 1",
        threshold="v > 5*mV",
        reset="v = 0*mV",
        method="euler",
    )
    left = np.full(11, 1e3)
    left[5], left[6] = 8, 8.3
    p = net.population("P", 11, model, initial={"left": left})
    net.record(p, "v", every=0.3 * ms)
    net.record_sum(p, "v")
    path = folder / f"{name}.h5"
    try:
        with ns.Simulation(net, output=path, **options) as simulation:
            simulation.run(20 * ms)
    except ns.errors.NumericalError as error:
        return {"error": str(error), "recorded": recorded(path)}
    return {}


def signalled(folder, name, **options):
    """A signal to the last rank alone, at 9.4 ms."""

    def send(now):
        if now.step == 94 and PLACE.rank == PLACE.n_ranks - 1:
            os.kill(os.getpid(), signal.SIGINT)

    calls = [ns.Callback(send, 4.7 * ms)]
    path = folder / f"{name}.h5"
    try:
        with ns.Simulation(
            networks.everything(), output=path, callbacks=calls, **options
        ) as simulation:
            simulation.run(60 * ms)
    except RunInterrupted as error:
        status = simulation.summary().status
        return {"error": str(error), "status": status, "recorded": recorded(path)}
    return {}


def full_disk(folder, name, **options):
    """The last rank cannot write its second chunk: every rank fails with its error."""
    with ns.Simulation(
        networks.everything(), output=folder / f"{name}.h5", **options
    ) as simulation:
        simulation.run(1 * ms)
        if PLACE.rank == PLACE.n_ranks - 1:
            simulation._output._writer.append = _no_space
        try:
            simulation.run(20 * ms)
        except NeurosimError as error:
            last = f"rank {PLACE.n_ranks - 1}: " if PLACE.n_ranks > 1 else ""
            told = str(error).startswith(f"{last}no space left")
            return {"error": type(error).__name__, "told": told}
    return {}


def synapses(folder, name, **options):
    """Plastic synapses are read and written as those of the whole network, and one is NaN."""
    net = networks.plastic()
    with ns.Simulation(net, output=folder / f"{name}.h5", **options) as simulation:
        simulation.run(8 * ms)
        table = simulation.synapses("E->E")
        weights = simulation.read("E->E", "w")
        simulation.write("E->E", "w", weights[::-1].copy())
        simulation.set_input("drive", (1.5 + 0.1 * np.arange(17)) * mV)
        simulation.run(8 * ms)
        found = {"table": digest(table), "before": digest(weights), "state": state(simulation)}
        found["w"] = digest(simulation.read("E->E", "w"))
        found["past"] = digest(simulation.read("E->E", "past"))
        one = int(np.flatnonzero(table["target"] == 13)[2])
        simulation.write("E->E", "left", np.where(np.arange(len(table)) == one, -1.0, 1.0))
        try:
            simulation.run(15 * ms)
        except ns.errors.NumericalError as error:
            found |= {"variable": error.variable, "synapse": error.neuron == one}
    return found | {"n_synapses": len(table), "n_spikes": simulation.summary().n_spikes}


def written_once(folder, name, **options):
    """Of ranks that draw and save together only the first writes; a summary is of them all."""
    with ns.Simulation(networks.everything(), **options) as simulation:
        simulation.run(5 * ms)
    summary = simulation.summary()
    run = simulation.recording
    own = folder / name / str(PLACE.rank)
    own.mkdir(parents=True)
    run.plot("raster", path=own / "figure.png")
    ns.Results(metrics={"n": summary.n_spikes}).save(own / "results.json")
    expected = ["figure.png", "results.json"] if PLACE.rank == 0 else []
    return {
        "files": sorted(p.name for p in own.iterdir()) == expected,
        "summary": summary.as_dict(),
    }


def _no_space(chunk):
    raise ns.errors.RecordingWriteError("no space left on the device")


def disagreement(folder, name, **options):
    """Networks that depend on the rank are refused, by all alike."""
    net = networks.everything()
    net.population("odd", 2 + PLACE.rank, ns.NeuronModel("dx/dt = -x/ms : 1"))
    try:
        ns.Simulation(net, output=folder / f"{name}.h5", **options)
    except NeurosimError as error:
        return {"error": type(error).__name__, "named": "network" in str(error)}
    return {}


def plain(build, pieces):
    """A case that runs a network in pieces."""
    return lambda folder, name, **options: simulate(build(), pieces, folder, name, **options)


CASES = {
    "everything": lambda *a, **k: everything(*a, 0.1, exchange="allgather", **k),
    "pieces": lambda *a, **k: everything(*a, 0.1, (3.7, 0.1, 5.2, 6), exchange="targeted", **k),
    "slow delays": lambda *a, **k: everything(*a, 1.5, exchange="targeted", **k),
    "slow pieces": lambda *a, **k: everything(*a, 1.5, (3.7, 0.1, 11.2), exchange="allgather", **k),
    "no delay": lambda *a, **k: everything(*a, 0, **k),
    "single": lambda *a, **k: everything(*a, 0.1, precision="single", **k),
    "microcircuit": plain(networks.columns, [25]),
    "Brunel": plain(networks.random_network, [11.3, 8.7]),
    "COBA": plain(networks.conductances, [20]),
    "callbacks": callbacks,
    "NaN": nan,
    "signal": signalled,
    "full disk": full_disk,
    "synapses": synapses,
    "written once": written_once,
    "disagreement": disagreement,
    "large microcircuit": plain(lambda: networks.columns(0.1, None), [100, 100.1]),
    "large Brunel": plain(lambda: networks.random_network(1), [100]),
    "large COBA": plain(lambda: networks.conductances(1), [200]),
}


def main(folder, threads, names):
    """Run the cases and write what each found to FOLDER/RANK.json."""
    folder = Path(folder)
    found = {}
    for name in names:
        begun, own = time.monotonic(), name.replace(" ", "_")
        found[name] = CASES[name](folder, own, threads=int(threads))
        if PLACE.rank == 0:
            print(f"{name}: {time.monotonic() - begun:.2f} s", flush=True)
    found["mpi4py"] = any(name.startswith("mpi4py") for name in sys.modules)
    (folder / f"{PLACE.rank}.json").write_text(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])

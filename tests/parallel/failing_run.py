"""A recorded simulation on several ranks that one of them spoils, as asked for.

Usage: failing_run.py HOW OUTPUT. ``disagree`` prints what each rank is told when they do not run
the same simulation.
"""

import os
import resource
import signal
import sys
import time

import neurosim as ns
from neurosim import checkpointed
from neurosim.parallel.leaving import is_first
from neurosim.parallel.world import world
from neurosim.units import ms, mV

SPOILING = 1
HOW, OUTPUT = sys.argv[1:]
spoils = world().share.rank == SPOILING


def network(seed=3, tau=10 * ms, size=60):
    net = ns.Network(seed=seed)
    model = ns.NeuronModel(
        "dv/dt = (25*mV - v)/tau : volt (unless refractory)",
        threshold="v > 20*mV",
        reset="v = 0*mV",
        refractory=2 * ms,
        parameters={"tau": tau},
        name="spoiled",
    )
    e = net.population("E", size, model, initial={"v": "20*mV*rand()"})
    net.project(e, e, ns.Bernoulli(0.2), "v", weight=0.1 * mV, delay=1.5 * ms)
    net.record(e, "v", every=0.1 * ms)
    return net


def told(**spoiled):
    """What a simulation of another network on one rank is refused with."""
    try:
        ns.Simulation(network(**(spoiled if spoils else {})), threads=1, record=False)
    except ns.errors.ParallelError as error:
        return str(error)
    return "nothing"


def disagree():
    lines = [told(seed=4), told(tau=11 * ms), told(size=61)]
    right = checkpointed.__version__
    checkpointed.__version__ = "0.0.1" if spoils else right
    lines.append(told())
    checkpointed.__version__ = right
    lines.append(told())
    if is_first():
        print("\n".join(lines))


def spoil(now):
    """Called after 50 ms, while everything goes well."""
    if not spoils:
        return
    print(f"failing {time.time()}", flush=True)
    if HOW == "callback":
        raise ValueError("boom")
    if HOW == "exit":
        sys.exit(3)
    if HOW == "vanish":
        os._exit(0)
    if HOW == "disk":  # full at the file's present size
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        limit = 100_000
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))


def run():
    callback = ns.Callback(spoil, 100_000 * ms, start=50 * ms)
    with ns.Simulation(network(), threads=1, output=OUTPUT, callbacks=[callback]) as simulation:
        simulation.run(900 * ms)
        simulation.run(20_000 * ms)


if HOW == "disagree":
    disagree()
else:
    run()

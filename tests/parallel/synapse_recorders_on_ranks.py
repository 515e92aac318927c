"""Record synapses on the ranks at hand: once in full, once up to a checkpoint and a little on.

Argument: a folder, in which whole.h5, first.h5, first.ckpt.h5 and weights.h5 appear.
"""

import sys
from pathlib import Path

import neurosim as ns
from neurosim.units import ms

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "simulation"))
from recorded_synapses import network, record_everything


def whole(folder, threads=1):
    """12 ms in two runs; the weights at 5 ms are saved, changed, and loaded again."""
    net = record_everything(network())
    with ns.Simulation(net, dt=0.1 * ms, output=folder / "whole.h5", threads=threads) as sim:
        sim.run(5 * ms)
        sim.save_weights(folder / "weights.h5", "learns")
        sim.write("learns", "w", 0.1e-3)
        sim.load_weights(folder / "weights.h5", "learns")
        sim.run(7 * ms)


def first(folder):
    """A checkpoint at 5 ms; what is recorded after it does not count."""
    net = record_everything(network())
    with ns.Simulation(net, dt=0.1 * ms, output=folder / "first.h5", threads=2) as sim:
        sim.run(5 * ms)
        sim.checkpoint(folder / "first.ckpt.h5")
        sim.run(0.7 * ms)


def resume(folder):
    """Go on with what ``first`` recorded."""
    net = record_everything(network())
    with ns.Simulation(net, resume=folder / "first.ckpt.h5", output=folder / "first.h5") as sim:
        sim.run(7 * ms)


if __name__ == "__main__":
    whole(Path(sys.argv[1]))
    first(Path(sys.argv[1]))

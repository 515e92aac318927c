"""What one step of one neuron costs, in ns, for every model of the catalogue.

    python benchmarks/neuron_cost.py --neurons 10000 --steps 2000

Each population has no synapses, starts at scattered potentials, is driven by the constant
current of its figure, and is advanced on one thread; nothing is recorded. The cost is wall time /
(neurons x steps), the median of ``--runs`` stretches, after one that is not counted; models and
precisions take turns. The rows with Poisson add one input of the microcircuit (1.28 events per
neuron and step) to see what it costs.
"""

from __future__ import annotations

import argparse
import statistics
import time
from dataclasses import dataclass, field

from measuring import add_common_options, introduce, save, table, tell

import neurosim as ns
from neurosim.description.quantities import named_unit
from neurosim.units import Hz, Quantity, ms, mV, nS, pA

PRECISIONS = ("double", "single")
WITH_POISSON = {"lif_curr_exp": ("I_syn", 0 * pA), "lif_cond_exp": ("g_exc", 0 * nS)}


@dataclass
class Row:
    """A model on its own, in both precisions: open simulations and the seconds they took."""

    name: str
    simulations: dict[str, ns.Simulation]
    dt: Quantity
    seconds: dict[str, list[float]] = field(default_factory=lambda: {p: [] for p in PRECISIONS})

    def advance(self, duration, counts: bool) -> None:
        for precision, simulation in self.simulations.items():
            began = time.perf_counter()
            simulation.run(duration)
            if counts:
                self.seconds[precision].append(time.perf_counter() - began)

    def rate(self, neurons: int) -> float:
        """Return the mean rate over everything simulated in double precision, Hz."""
        summary = self.simulations["double"].summary()
        return summary.n_spikes / neurons / (summary.duration_ms / 1e3)


def network(name: str, neurons: int, poisson: bool) -> ns.Network:
    net = ns.Network(seed=1)
    entry = ns.models.entry(name)
    model = entry.model(I_e=entry.figure.current * named_unit(entry.parameter("I_e").unit))
    start = {"v": ns.Uniform(-66 * mV, -52 * mV)} if "v" in model.states else None
    population = net.population("neurons", neurons, model, initial=start)
    if poisson:
        variable, weight = WITH_POISSON[name]
        net.poisson(population, variable, rate=8 * Hz, indegree=1600, weight=weight)
    return net


def prepare(neurons: int) -> list[Row]:
    chosen = [(name, False) for name in ns.models.names()]
    chosen += [(name, True) for name in WITH_POISSON]
    rows = []
    for name, poisson in chosen:
        label = f"{name} + Poisson" if poisson else name
        tell(f"compile: {label}")
        dt = ns.models.entry(name).figure.dt * ms
        simulations = {
            precision: ns.Simulation(
                network(name, neurons, poisson),
                dt=dt,
                engine="native",
                threads=1,
                precision=precision,
                record=False,
            )
            for precision in PRECISIONS
        }
        rows.append(Row(label, simulations, dt))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--neurons", type=int, default=10_000)
    parser.add_argument("--steps", type=int, default=2_000)
    add_common_options(parser, runs=5)
    options = parser.parse_args()
    facts = introduce(
        f"cost of a neuron step in ns, {options.neurons:,} neurons, {options.steps:,} steps, "
        f"one thread; medians of {options.runs}"
    )
    rows = prepare(options.neurons)
    for round_ in range(-1, options.runs):
        tell(f"round {round_ + 1} of {options.runs}" if round_ >= 0 else "warm-up")
        for row in rows:
            row.advance(options.steps * row.dt, counts=round_ >= 0)
    scale = 1e9 / (options.neurons * options.steps)
    costs = {
        row.name: {p: scale * statistics.median(row.seconds[p]) for p in PRECISIONS}
        | {"rate_Hz": row.rate(options.neurons)}
        for row in rows
    }
    print(
        table(
            ["", "double, ns", "single, ns", "rate, Hz"],
            [[n, *c.values()] for n, c in costs.items()],
        )
    )
    for row in rows:
        for simulation in row.simulations.values():
            simulation.close()
    runs = {row.name: row.seconds for row in rows}
    save(options.json, {"machine": facts, "medians": costs, "seconds": runs})


if __name__ == "__main__":
    main()

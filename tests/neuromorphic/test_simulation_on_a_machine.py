"""A Simulation as a machine: what it tells before, while and after it runs."""

from dataclasses import dataclass
from typing import ClassVar

import pytest
from neurosim.neuromorphic import Machine

import neurosim as ns
from neurosim.errors import DescriptionError, MappingError, NumericalError
from neurosim.units import ms, mV


@dataclass(frozen=True, kw_only=True)
class Counting(Machine):
    """A machine that only counts."""

    name: ClassVar[str] = "counting"
    approximations: ClassVar[dict[str, str]] = {"odd": "odd numbers of neurons"}

    def passes(self):
        return (count,)

    def account(self, draft, counts, run):
        return {"steps": run.steps, "spikes": dict(run.spikes), "events": dict(run.events)}


def count(draft):
    draft.report.resources["neurons"] = draft.program.n_neurons
    for population in draft.program.populations:
        where = f"population {population.name!r}"
        if population.size % 2 and not draft.allowed("odd", where, "a neuron is left over"):
            draft.report.obstacle(where, f"{population.size} neurons", "even numbers", "Add one.")


def network(size=4, fails=False):
    net = ns.Network(seed=1)
    drive = "log(1 - t/(5*ms))*mV" if fails else "25*mV"
    equation = f"dv/dt = ({drive} - v)/(10*ms) : volt"
    lif = ns.NeuronModel(equation, threshold="v > 20*mV", reset="v = 0*mV", method="euler")
    cells = net.population("E", size, lif, initial={"v": "20*mV*rand()"})
    net.project(cells, cells, ns.AllToAll(autapses=False), "v", weight=0.1 * mV, delay=1 * ms)
    return net


def test_the_mapping_is_known_before_and_the_account_as_of_now():
    sim = ns.Simulation(network(), platform=Counting(), record=False)
    assert sim.mapping["resources"] == {"neurons": 4}
    assert sim.execution is None
    with sim:
        sim.run(20 * ms)
        first = sim.execution
        assert first["steps"] == 200
        assert first["events"]["E->E"] == 3 * first["spikes"]["E"] > 0
        sim.run(20 * ms)
        second = sim.execution
        assert second["steps"] == 400
        assert second["spikes"]["E"] > first["spikes"]["E"]
    assert sim.execution == second
    assert sim.execution["simulated"] == {"from_ms": 0.0, "to_ms": 40.0}


def test_without_a_machine_there_is_neither_mapping_nor_account():
    with ns.Simulation(network(), record=False) as sim:
        sim.run(1 * ms)
        assert sim.mapping is None
        assert sim.execution is None


def test_what_a_user_allows_is_in_the_report_and_the_rest_is_refused_at_once():
    with pytest.raises(MappingError, match=r"population 'E': 3 neurons; even numbers\. Add one\."):
        ns.Simulation(network(3), platform=Counting(), record=False)
    sim = ns.Simulation(network(3), platform=Counting(allow=("odd",)), record=False)
    assert sim.mapping["approximated"] == [("odd", "population 'E'", "a neuron is left over")]
    sim.close()


def test_a_run_that_fails_keeps_its_mapping(tmp_path):
    path = tmp_path / "run.h5"
    with pytest.raises(NumericalError):
        ns.simulate(network(fails=True), 50 * ms, platform=Counting(), output=path)
    kept = ns.read(path).platform
    assert kept.mapping["resources"] == {"neurons": 4}
    assert kept.execution == {}


def test_single_precision_and_a_class_are_refused():
    with pytest.raises(DescriptionError, match="Counting itself is not a platform"):
        ns.Simulation(network(), platform=Counting)
    with pytest.raises(ns.errors.UnsupportedError, match="its own number format"):
        ns.simulate(network(), 1 * ms, platform=Counting(), precision="single")

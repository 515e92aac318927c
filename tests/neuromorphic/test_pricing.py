"""A finished recording priced on machines: what is counted, and the survey's figures."""

import json
from dataclasses import dataclass, replace
from importlib.metadata import EntryPoint

import numpy as np
import pytest
from neurosim.neuromorphic import energy
from neurosim.neuromorphic.costs import (
    Accelerated,
    Alternative,
    CostModel,
    Figure,
    Part,
    PerEvent,
    RealTime,
    Ticks,
    Workload,
    lowest,
    price,
)
from neurosim.neuromorphic.inputs import Chosen, chosen
from neurosim.neuromorphic.platform import Machine
from neurosim.neuromorphic.workload import Connection, Emitter

import neurosim as ns
from neurosim import registry
from neurosim.analysis.machine_text import execution_lines
from neurosim.analysis.price_text import show
from neurosim.cli.main import main
from neurosim.errors import AnalysisError, DescriptionError, UnknownNameError
from neurosim.units import Hz, ms, mV


@dataclass(frozen=True, kw_only=True)
class Priced(Machine):
    """A machine that only has a price."""

    name = "priced"

    def cost_model(self):
        return energy.spinnaker_costs()


@dataclass(frozen=True, kw_only=True)
class Unpriced(Machine):
    """A machine of which nothing is known."""

    name = "unpriced"


@dataclass(frozen=True, kw_only=True)
class Same(Priced):
    """A machine that changes nothing: its runs have an account."""

    name = "same"

    def passes(self):
        return [self._place]

    @staticmethod
    def _place(draft):
        draft.report.resources.update(boards=3, cores=7, tool="none")


def network():
    net = ns.Network(seed=4)
    lif = ns.NeuronModel(
        "dv/dt = -v/(10*ms) : volt", threshold="v > 15*mV", reset="v = 0*mV", name="priced_lif"
    )
    e = net.population("E", 60, lif)
    i = net.population("I", 20, lif)
    inputs = net.spike_source("in", times=np.arange(20, 100, 4) * ms, ids=np.arange(20) % 5, size=5)
    net.project(e, [e, i], ns.FixedTotalNumber(400), "v", weight=0.2 * mV, delay=1 * ms)
    net.project(i[::2], e[:30], ns.AllToAll(), "v", weight=-0.3 * mV, delay=1 * ms)
    net.project(e[[3, 5, 11]], i, ns.AllToAll(), "v", weight=0.1 * mV, delay=1 * ms)
    net.project(inputs, e, ns.AllToAll(), "v", weight=2 * mV, delay=1 * ms)
    net.poisson(e, "v", rate=8 * Hz, indegree=1000, weight=0.25 * mV)
    net.poisson(i[:10], "v", rate=8 * Hz, indegree=500, weight=0.6 * mV)
    return net


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    file = tmp_path_factory.mktemp("priced") / "run.h5"
    ns.simulate(network(), 200 * ms, warmup=50 * ms, dt=0.1 * ms, output=file, threads=1)
    return file


@pytest.fixture(scope="module")
def counted(path):
    return Workload.of_recording(ns.read(path))


def spikes_after(recording, name, start):
    _, ids = recording.spikes(name, start)
    return np.bincount(ids, minlength=recording.populations[name].size)


def test_events_are_spikes_times_fan_outs_after_the_warm_up(path, counted):
    recording = ns.read(path)
    sent = {name: spikes_after(recording, name, 50) for name in ("E", "I", "in")}
    assert min(int(n.sum()) for n in sent.values()) > 5
    e_e, e_i = recording.outdegree("E->E"), recording.outdegree("E->I")
    expected = {
        "E->E": int(e_e @ sent["E"]),
        "E->I": int(e_i @ sent["E"]),
        "in->E": 60 * int(sent["in"].sum()),
    }
    found = {name: c.events for name, c in counted.projections.items()}
    assert {name: found[name] for name in expected} == expected
    every_other = next(n for n in found if n.startswith("I"))
    assert found[every_other] == 30 * int(sent["I"][::2].sum())
    assert counted.synaptic_events == sum(found.values())
    assert counted.spikes == int(sent["E"].sum() + sent["I"].sum())
    assert counted.count("spikes") == counted.spikes + int(sent["in"].sum())


def test_neurons_chosen_at_random_are_counted_on_average_and_it_is_said(path, counted):
    (name,) = [n for n, c in counted.projections.items() if c.pre == "E" and c.n_pre == 3]
    stretch = spikes_after(ns.read(path), "E", 50)[3:12]
    assert counted.projections[name].events == round(20 * 3 * stretch.mean())
    assert any(name in note for note in counted.notes)


def test_poisson_inputs_are_counted_apart(counted):
    assert counted.input_events == pytest.approx(0.2 * (60 * 8000 + 10 * 4000))


def test_figures_that_the_survey_shares_with_metrics(path):
    measured = ns.metrics(path, window_ms=20)
    found = ns.price(path, Priced(), window_ms=20)["priced"]
    assert (found.S, found.S_window) == (pytest.approx(measured.S), 0.02)
    assert found.C_eff == pytest.approx(measured.C_eff)
    assert found.M_syn == 4 * measured.n_synapses


def test_definitions():
    task = Workload(
        100, 1e-3, {"E": Emitter(10, 50)}, {"p": Connection("E", "E", 10, 10, 40, 200)},
        sparsity=0.5, sparsity_window=0.1, inferences=5,
    )  # fmt: skip
    model = CostModel(
        "x", RealTime(Figure(2.0, "choice")), (Part("boards", Figure(30.0, "C")),),
        (PerEvent("synaptic_events", Figure(1e-3, "2")),), Figure(2.0, "C"),
    )  # fmt: skip
    found = price(model, task)
    t_run, joules = 0.2, 30 * 0.2 + 0.2
    assert (found.t_run, found.E_run) == pytest.approx((t_run, joules))
    assert found.mean_power == pytest.approx(joules / t_run)
    assert found.edp_run == pytest.approx(joules * t_run)
    assert found.edp_inference == pytest.approx(joules / 5 * t_run / 5)
    assert found.spikes_per_second == pytest.approx(50 / t_run)
    assert found.T_s == pytest.approx((50 / t_run) ** 2)
    assert found.E_s == pytest.approx(found.mean_power / found.spikes_per_second)
    assert pytest.approx(found.E_s * t_run / 50) == found.EDP
    assert pytest.approx(joules / found.spikes_per_second) == found.L
    assert found.L_printed == pytest.approx(joules / found.T_s)
    assert found.P_inf == pytest.approx((joules / 5) / (50 / 5))
    assert (found.M_syn, found.S, found.C_eff) == (80, 0.5, 0.4)
    assert found.energy_per_event == pytest.approx(joules / 200)
    assert found.latency == found.t_run


def test_without_spikes_figures_per_spike_are_unknown():
    found = price(energy.truenorth_costs(), Workload(10, 1e-3, {"E": Emitter(10, 0)}))
    unknown = (found.E_s, found.EDP, found.L, found.P_inf, found.energy_per_event)
    assert unknown == (None,) * 5
    assert found.M_syn == 0
    json.dumps(found.as_dict(), allow_nan=False)


@pytest.mark.parametrize(
    ("facts", "expected"),
    [("C", "Cx"), ("C Cx", "Cx"), ("C choice", "Cx"), ("C 2", "2"), ("2 U C", "U"), ("", "Cx")],
)
def test_certainty_is_that_of_the_least_sure_number(facts, expected):
    assert lowest(facts.split()) == expected


def test_each_figure_has_the_certainty_of_what_it_was_made_of():
    task = Workload(100, 1e-3, {"E": Emitter(10, 50)})
    sure, shaky = Figure(1.0, "C"), Figure(1.0, "U")
    clock, parts = Ticks(sure), (Part("chips", Figure(2.0, "2")),)
    facts = price(CostModel("x", clock, parts, (), sure), task).facts
    assert (facts["t_run"], facts["E_run"], facts["edp_run"]) == ("Cx", "2", "2")
    assert (facts["T_s"], facts["E_s"], facts["EDP"]) == ("Cx", "2", "2")
    facts = price(CostModel("x", Ticks(shaky), (), (), sure), task).facts
    assert (facts["t_run"], facts["E_run"], facts["edp_run"]) == ("U", "Cx", "U")
    other = Alternative("other", (PerEvent("neuron_updates", shaky),))
    found = price(CostModel("x", clock, parts, (), sure, alternatives=(other,)), task)
    assert found.alternatives == {"other": (1000.0, "U")}


def test_numbers_without_known_certainty_are_refused():
    with pytest.raises(AnalysisError, match="certainty 'sure'"):
        Figure(1.0, "sure")


def test_packets_reach_as_many_places_as_hold_targets():
    task = Workload(
        10, 1e-3, {"E": Emitter(100, 7)}, {"p": Connection("E", "F", 100, 1000, 5000, 350)}
    )
    assert task.count("packets", 256) == 7 * 4
    assert task.count("packets", 10) == 7 * 50  # no more than synapses
    assert replace(task, counts={"packets": 9}).count("packets", 256) == 9
    assert task.count("hops") is None
    twice = replace(task, projections={**task.projections, "q": task.projections["p"]})
    assert twice.count("packets", 256) == 7 * 4  # a packet goes once to a place
    other = Connection("E", "G", 100, 24, 5000, 350)
    assert replace(task, projections={**task.projections, "q": other}).count("packets", 256) == 28
    assert Workload(10, 1e-3, {"E": Emitter(100, 7)}).count("packets", 256) == 0


def test_what_is_not_counted_is_said():
    model = CostModel(
        "x", Ticks(Figure(1, "C")), (), (PerEvent("hops", Figure(1, "C")),), Figure(1, "C")
    )
    found = price(model, Workload(10, 1e-3, {"E": Emitter(1, 1)}))
    assert found.E_run == 0
    assert any("hops" in note for note in found.notes)


def test_between_one_core_and_itself_nothing_hops():
    task = Workload(10, 1e-3, {"E": Emitter(10, 5)})
    hops = [i for i in price(energy.loihi_costs(), task).items if i.what.startswith("hops")]
    assert [i.count for i in hops] == [0, 0]
    many = price(energy.loihi_costs(), replace(task, resources={"cores": 2}))
    assert any("hops_north_south" in note for note in many.notes)


def test_names_that_are_not_known_are_refused():
    with pytest.raises(UnknownNameError, match="housing"):
        energy.spinnaker_costs(housing="shed")
    with pytest.raises(UnknownNameError, match="storing"):
        energy.loihi_costs(synapse="fluffy")


def test_first_spike():
    task = Workload(1000, 1e-3, {"E": Emitter(10, 50)}, first_spike=0.2)
    model = energy.brainscales1_costs()
    assert price(model, task).latency_first_spike == pytest.approx(20e-6 + 20e-6)
    clock = Accelerated(Figure(1e3, "C"))
    assert price(replace(model, clock=clock), task).latency_first_spike == pytest.approx(200e-6)


def test_labels_of_neurons():
    sizes = {"E": 80, "odd[name]": 3}
    assert chosen("E", sizes) == Chosen(0, 80, 1, 80)
    assert chosen("E[10:20]", sizes) == Chosen(10, 20, 1, 10)
    assert chosen("E[0:79:2]", sizes) == Chosen(0, 79, 2, 40)
    assert chosen("E[3 of 3:12]", sizes) == Chosen(3, 12, 1, 3)
    assert chosen("odd[name]", sizes) == Chosen(0, 3, 1, 3)
    assert chosen("other", sizes) is None


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.0024, "s", "2.4 ms"), (1000.0, "W", "1 kW"), (26.84, "W", "26.8 W"), (0, "J", "0 J"),
        (1e-9, "J", "1 nJ"), (999e-12, "J", "999 pJ"), (3.6e-5, "J s", "3.6e-05 J s"),
        (0.25, None, "0.25"), (1e20, "B", "1e+08 TB"),
    ],
)  # fmt: skip
def test_numbers_with_units(value, unit, text):
    assert show(value, unit) == text


@pytest.mark.parametrize("inferences", [0, -3])
def test_inferences_must_be_positive(path, inferences):
    with pytest.raises(AnalysisError, match="inferences"):
        ns.price(path, Priced(), inferences=inferences)


def test_platforms_without_costs(path):
    with pytest.raises(DescriptionError, match="no cost model"):
        ns.price(path, Unpriced())
    with pytest.raises(DescriptionError, match="no cost model"):
        Unpriced().price(ns.read(path))
    with pytest.raises(UnknownNameError):
        ns.price(path, "nowhere")


def test_a_machine_may_be_given_twice(path):
    assert list(ns.price(path, [Priced(), Priced()])) == ["priced", "priced (2)"]


@pytest.fixture(scope="module")
def on_machine(tmp_path_factory):
    file = tmp_path_factory.mktemp("machine") / "same.h5"
    return ns.simulate(
        network(), 200 * ms, warmup=50 * ms, dt=0.1 * ms, output=file, threads=1, platform=Same()
    )


def test_a_run_on_a_machine_has_its_price(path, on_machine):
    made = on_machine
    found = made.platform.execution["energy"]
    whole = Workload.of_recording(made, 0, 250)
    assert found["resources"] == {"boards": 3, "cores": 7}
    assert found["t_run"] == pytest.approx(0.25)
    items = {item["what"]: item for item in found["items"]}
    names = [n for n in whole.projections if whole.projections[n].n_pre != 3]
    assert items["boards"]["joules"] == pytest.approx(3 * 26.84 * 0.25)
    assert items["synaptic_events"]["count"] >= sum(whole.projections[n].events for n in names)
    assert items["input_events"]["count"] == pytest.approx(whole.input_events)
    assert found["E_run"] == pytest.approx(sum(item["joules"] for item in items.values()))
    assert found["C_eff"] == pytest.approx(ns.metrics(path).C_eff)


@pytest.fixture
def installed(monkeypatch):
    """Machines found by entry points, one of them without a price."""
    group = "neurosim.platforms"
    points = [
        EntryPoint(n, f"{__name__}:{n.title()}", group) for n in ("priced", "same", "unpriced")
    ]
    real = registry.entry_points

    def found(group):
        return points if "platforms" in group else real(group=group)

    monkeypatch.setattr(registry, "entry_points", found)
    loaded = {"priced": Priced, "unpriced": Unpriced, "same": Same}
    monkeypatch.setattr(EntryPoint, "load", lambda self: loaded[self.name])


def test_a_machine_that_ran_it_is_priced_as_it_was_used(on_machine, installed):
    found = ns.price(on_machine, ["same", "priced"])
    assert found["same"].resources == {"boards": 3, "cores": 7}
    assert found["priced"].resources == {"boards": 1, "cores": 1}
    assert found["same"].t_run == pytest.approx(0.2)


def test_the_account_of_a_run_is_told_in_units(on_machine):
    lines = execution_lines(on_machine.platform.execution)
    assert any(line.split()[:4] == ["wall", "time", "250", "ms"] for line in lines)
    (boards,) = [line.split() for line in lines if line.strip().startswith("boards")]
    assert boards == ["boards", "3", "26.8", "W", "20.1", "J", "Cx", "SM"]


def run_main(capsys, *arguments):
    with pytest.raises(SystemExit) as stop:
        main([str(a) for a in arguments])
    return (stop.value.code or 0, *capsys.readouterr())


def test_metrics_command(path, installed, capsys):
    code, out, _ = run_main(capsys, "metrics", "--platforms", "all", path)
    assert code == 0
    assert "C_eff" in out.split("platforms\n")[0]
    table = out.split("platforms\n")[1]
    for name in ("T_s", "E_s", "EDP", "L ", "P_inf", "M_syn", "S ", "C_eff", "wall time"):
        assert f"\n{name}" in table
    assert "without a cost model: unpriced" in table
    assert "200 ms Cx" in table


def test_metrics_command_as_json(path, installed, capsys):
    arguments = ("--platforms", "priced", "--inferences", 4, "--from", "100ms", "--json")
    code, out, _ = run_main(capsys, "metrics", path, *arguments)
    found = json.loads(out)
    assert code == 0
    assert list(found["platforms"]) == ["priced"]
    one = found["platforms"]["priced"]
    assert one["t_run"] == pytest.approx(0.15)
    assert one["edp_inference"] == pytest.approx(one["edp_run"] / 16)
    assert one["facts"]["E_run"] == "U"
    assert found["n_spikes"] == ns.metrics(path, 100).n_spikes


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--inferences", 4), "--platforms"),
        (("--platforms", "nowhere"), "nowhere"),
        (("--platforms", "unpriced"), "no cost model"),
        (("--platforms", "all", "--inferences", 0), "inferences"),
    ],
)
def test_metrics_command_refuses(path, installed, capsys, arguments, told):
    code, _, err = run_main(capsys, "metrics", path, *arguments)
    assert code != 0
    assert told in err

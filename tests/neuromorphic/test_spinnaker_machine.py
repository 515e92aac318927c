"""SpiNNaker's mapping and what a run on it does: each departure from the native run by itself."""

import math

import numpy as np
import pytest
from neurosim.neuromorphic import SpiNNaker, SpiNNaker2
from neurosim.neuromorphic.spinnaker import connectivity, planner

import neurosim as ns
from neurosim.errors import DescriptionError, MappingError
from neurosim.lowering.edges import instantiate
from neurosim.lowering.lower import lower
from neurosim.parallel.communicator import Serial
from neurosim.units import Hz, ms, mV, nA, pA

DT = 0.1 * ms


NORMAL = ns.Normal(300 * pA, 30 * pA, low=0 * pA)


def network(n=60, weight=NORMAL, rate=20 * Hz):
    model = ns.models.lif_curr_exp()
    net = ns.Network(seed=5)
    e = net.population("E", n, model, initial={"v": "E_L + 5*mV*randn()"})
    i = net.population("I", n // 4, model)
    net.project(e, e, ns.Bernoulli(0.1), "I_syn", weight=weight, delay=ns.Uniform(0.1 * ms, 3 * ms),
                name="EE")  # fmt: skip
    net.project(i, e, ns.AllToAll(), "I_syn", weight=-200 * pA, delay=1 * ms, name="IE")
    net.poisson(e, "I_syn", rate=rate, indegree=1000, weight=90 * pA)
    net.poisson(i, "I_syn", rate=rate, indegree=1000, weight=90 * pA)
    return net


def mapped(net, machine, dt=DT):
    return machine.map(lower(net, dt), Serial())


def spikes(run, name="E"):
    times, ids = run.spikes(name)
    return list(zip(np.asarray(times).round(4), np.asarray(ids), strict=True))


# -- planning --------------------------------------------------------------------------------


def test_synapse_cores_of_the_sheet():
    demand = math.ceil(100 * 30 * 10_000)
    assert planner.synapse_cores(demand, 13e6, 1.0) == 3
    assert planner.synapse_cores(demand, 1.4e6, 1.0) == 22 > planner.MOST_SYNAPSE_CORES
    assert planner.synapse_cores(demand, 13e6, 2.0) == 2


def test_the_planner_splits_cores_below_a_millisecond():
    net = ns.Network(seed=1)
    source = net.spike_source("S", times=[1.0] * ms, ids=[0], size=10_000)
    cells = net.population("N", 100, ns.models.lif_curr_exp())
    net.project(source, cells, ns.AllToAll(), "I_syn", weight=1 * pA, delay=1 * ms)
    split = mapped(net, SpiNNaker(check_memory=False))
    # 30 million events a second at 13 million a core
    assert split.report["resources"]["synapse cores"] == 3
    assert split.program.machine.cores.lanes.tolist() == [3]
    assert split.program.machine.cores.budget.tolist() == [1300.0]
    whole = mapped(net, SpiNNaker(check_memory=False), 1 * ms)
    assert whole.report["resources"]["synapse cores"] == 0
    assert whole.program.machine.cores.budget.tolist() == [13000.0]
    slow = mapped(net, SpiNNaker(check_memory=False, time_scale_factor=20))
    assert slow.report["resources"]["synapse cores"] == 1


def test_slices_boards_and_memory():
    net = ns.Network(seed=1)
    net.population("N", 256 * 16 * 48 + 1, ns.models.lif_curr_exp())
    found = mapped(net, SpiNNaker()).report["resources"]
    assert (found["cores"], found["chips"], found["boards"]) == (769, 49, 2)
    with pytest.raises(MappingError, match="2 boards"):
        mapped(net, SpiNNaker(boards=1))
    small = mapped(net, SpiNNaker(neurons_per_core=512)).report["resources"]
    assert (small["cores"], small["boards"]) == (385, 1)


def test_everything_in_the_way_is_told_at_once():
    net = network()
    net.population("odd", 3, ns.models.adex())
    net.project(net.populations["E"], net.populations["E"], ns.OneToOne(), "I_syn",
                weight=1 * pA, delay=40 * ms, name="far")  # fmt: skip
    net.run_regularly(net.populations["E"], "v = E_L", every=10 * ms)
    with pytest.raises(MappingError) as refused:
        mapped(net, SpiNNaker(legacy_delays=True))
    text = str(refused.value)
    for part in ("'odd'", "adex", "'far'", "400 ticks", "144", "interval"):
        assert part in text, part


def test_delays_beyond_the_ring_take_an_extension():
    net = ns.Network(seed=1)
    cells = net.population("N", 256, ns.models.lif_curr_exp())
    net.project(cells, cells, ns.OneToOne(), "I_syn", weight=1 * pA, delay=20 * ms)
    fits = mapped(net, SpiNNaker(), 1 * ms).report["resources"]
    assert fits["ring slots"] == 32
    assert "delay extensions" not in fits
    legacy = mapped(net, SpiNNaker(legacy_delays=True), 1 * ms).report["resources"]
    assert (legacy["ring slots"], legacy["delay extensions"]) == (16, 1)


# -- synapses --------------------------------------------------------------------------------


def test_integer_weights_and_ticks():
    program = lower(network(), DT)
    before = {p.name: instantiate(program, p) for p in program.projections}
    found = SpiNNaker().map(program, Serial())
    types = {t["receptor"]: t for t in found.report["details"]["synapse types"]
             if t["population"] == "E"}  # fmt: skip
    for p in found.program.projections:
        kind = {"EE": "exc", "IE": "inh"}[p.name]
        edges = instantiate(found.program, p)
        assert p.variable == f"ring_I_syn_{kind}"
        scale = types[kind]["weight_scale"] * 1e9
        given = np.abs(before[p.name].weight.astype(float))
        assert (edges.weight * 32768 == np.rint(edges.weight * 32768)).all()
        assert np.abs(edges.weight * 32768 - given * scale).max() <= 0.5 + 1e-2
        assert (edges.delay == before[p.name].delay - 1).all()
    rounded = {r["where"]: r for r in found.report["rounded"] if r["what"] == "weights"}
    assert rounded["EE"]["count"] == before["EE"].weight.size


def test_weights_of_both_signs_go_to_two_types():
    program = lower(network(weight=ns.Normal(20 * pA, 60 * pA)), DT)
    edges = instantiate(program, program.projections[0])
    found = SpiNNaker().map(program, Serial())
    parts = {p.name: instantiate(found.program, p) for p in found.program.projections}
    assert parts["EE"].weight.size == (edges.weight >= 0).sum()
    assert parts["EE (inhibitory)"].weight.size == (edges.weight < 0).sum()
    for part in parts.values():
        assert (part.weight >= 0).all()
    assert any("both signs" in note for note in found.report["notes"])


def test_conductances_do_not_take_negative_weights():
    net = ns.Network(seed=1)
    cells = net.population("N", 4, ns.models.lif_cond_exp())
    net.project(cells, cells, ns.OneToOne(), "g_inh", weight=-1 * ns.units.nS, delay=1 * ms)
    with pytest.raises(MappingError, match="positive weights"):
        mapped(net, SpiNNaker())


def test_values_that_do_not_fit_are_told():
    net = ns.Network(seed=1)
    net.population("N", 4, ns.models.lif_curr_exp(C_m=1e-12 * pA * ms / mV, tau_m=1000 * ms))
    net.population("M", 4, ns.models.lif_curr_exp(V_th=70_000 * mV))
    with pytest.raises(MappingError) as refused:
        mapped(net, SpiNNaker())
    text = str(refused.value)
    assert "V_th of 70000" in text
    assert "C_m is 0" in text


# -- runs ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def native():
    return ns.simulate(network(), 150 * ms, dt=DT, threads=2)


def test_transparent_is_native(native):
    run = ns.simulate(network(), 150 * ms, dt=DT, platform=SpiNNaker.transparent(), threads=2)
    assert spikes(run) == spikes(native)
    assert len(spikes(native)) > 50


def test_ticks_act_one_step_earlier(native):
    """With the machine's order a delay of d is a native one of d - 1."""
    run = ns.simulate(network(), 150 * ms, dt=DT, threads=2,
                      platform=SpiNNaker.transparent(order="machine"))  # fmt: skip
    assert spikes(run) != spikes(native)
    found = SpiNNaker.transparent(order="machine").map(lower(network(), DT), Serial())
    assert found.program.projections[1].delay.first == 9


def test_cores_that_keep_up_change_nothing(native):
    run = ns.simulate(network(), 150 * ms, dt=DT, threads=2,
                      platform=SpiNNaker.transparent(deadlines=True))  # fmt: skip
    assert spikes(run) == spikes(native)
    counters = run.platform.execution["counters"]
    assert counters["Number_of_late_spikes"] == 0
    program = lower(network(), DT)
    fanout = np.bincount(np.concatenate([
        p.pre.global_ids_at(instantiate(program, p).pre) for p in program.projections
    ]), minlength=program.n_ids)  # fmt: skip
    fired = [
        [i + p.first_id for t, i in spikes(native, p.name) if t < 149.85]  # then worked off
        for p in program.populations
    ]
    events = fanout[np.concatenate(fired).astype(int)].sum()
    assert counters["Total_pre_synaptic_events"] == events


def test_cores_that_fall_behind_are_counted(native):
    slow = SpiNNaker.transparent(deadlines=True, events_per_second=30_000.0)
    run = ns.simulate(network(), 150 * ms, dt=DT, threads=2, platform=slow)
    counters = run.platform.execution["counters"]
    assert counters["Number_of_late_spikes"] > 0
    assert counters["Times_the_timer_tic_over_ran"] > 0
    assert spikes(run) != spikes(native)


@pytest.fixture(scope="module")
def on_machine():
    return ns.simulate(network(), 150 * ms, dt=DT, platform=SpiNNaker(), threads=1)


def test_the_machine_is_near_native_and_not_equal(native, on_machine):
    assert spikes(on_machine) != spikes(native)
    assert on_machine.rates()["E"] == pytest.approx(native.rates()["E"], rel=0.3)


def test_threads_do_not_matter(on_machine):
    run = ns.simulate(network(), 150 * ms, dt=DT, platform=SpiNNaker(), threads=2)
    assert spikes(run) == spikes(on_machine)


def test_sums_end_and_are_counted(on_machine):
    few = SpiNNaker(max_expected_summed_weight=0.4)  # shift 0: up to 2 nA
    heavy = network(weight=1.9 * nA)
    run = ns.simulate(heavy, 50 * ms, dt=DT, platform=few, threads=2)
    counters = run.platform.execution["counters"]
    assert counters["Times_synaptic_weights_have_saturated"] > 0
    assert on_machine.platform.execution["counters"]["Times_synaptic_weights_have_saturated"] == 0


def test_the_account(on_machine):
    execution, steps = on_machine.platform.execution, 1500
    assert execution["time"]["ticks"] == steps
    assert execution["time"]["wall_s"] == pytest.approx(0.15)
    energy = execution["energy"]
    boards = on_machine.platform.mapping["resources"]["boards"]
    assert energy["items"][0]["joules"] == pytest.approx(boards * 26.84 * 0.15)
    assert on_machine.platform.load.shape[0] == steps // 100


def test_settings_out_of_range_are_refused():
    with pytest.raises(DescriptionError):
        SpiNNaker(neurons_per_core=0)
    with pytest.raises(DescriptionError):
        SpiNNaker(arithmetic="float32")
    assert SpiNNaker2().arithmetic == "float32"
    assert SpiNNaker2.transparent().map(lower(network(), DT), Serial()).program.machine is None


def test_dropped_packets_are_lost_only_without_reinjection(native):
    kept = SpiNNaker.transparent(router_drop=0.3, reinjection=True)
    again = ns.simulate(network(), 150 * ms, dt=DT, threads=2, platform=kept)
    assert spikes(again) == spikes(native)
    router = again.platform.execution["router"]
    assert router["Reinjected_packets"] == router["Dropped_packets"] > 0
    lost = kept.but(reinjection=False)
    run = ns.simulate(network(), 150 * ms, dt=DT, threads=2, platform=lost)
    assert spikes(run) != spikes(native)
    n = run.platform.execution["spikes"]["sent"]
    dropped = run.platform.execution["router"]["Dropped_packets"]
    assert abs(dropped - 0.3 * n) < 5 * math.sqrt(0.21 * n)


def test_equations_that_fixed_point_cannot_compute_are_told():
    net = ns.Network(seed=1)
    net.population("hh", 2, ns.models.hodgkin_huxley())
    noisy = ns.NeuronModel("dv/dt = -v/(10*ms) + sqrt(v)/second + 0.1*xi*second**-0.5 : 1",
                           threshold="v > 1", reset="v = 0", refractory="2*ms*(1 + v)")  # fmt: skip
    cells = net.population("noisy", 2, noisy)
    net.project(cells, cells, ns.OneToOne(), "v", weight=0.1, delay=1 * ms)
    with pytest.raises(MappingError) as refused:
        mapped(net, SpiNNaker(allow="all"))
    text = str(refused.value)
    for part in ("exprel()", "sqrt()", "random numbers", "a refractory period of"):
        assert part in text, part


def test_populations_of_random_spikes_are_sources():
    net = network()
    source = ns.NeuronModel("rate : Hz", threshold="rand() < rate*dt", reset="",
                            parameters={"rate": 50 * Hz})  # fmt: skip
    made = net.population("noise", 20, source)
    net.project(made, net.populations["E"], ns.AllToAll(), "I_syn", weight=50 * pA, delay=1 * ms)
    with pytest.raises(MappingError, match="random numbers"):
        mapped(net, SpiNNaker(allow="generated_models"))
    found = mapped(net, SpiNNaker(allow="generated_sources"))
    assert found.program.population("noise").code.scalar is None
    assert found.program.population("E").code.scalar.format == "s16.15"


def test_operations_are_in_the_machines_units():
    host = SpiNNaker(allow="host_operations", arithmetic="float64")
    net = ns.Network(seed=1)
    cells = net.population("N", 3, ns.models.lif_curr_exp())
    net.run_regularly(cells, "v = E_L + 7*mV", every=5 * ms)
    net.record(cells, "v", every=1 * ms)
    run = ns.simulate(net, 6 * ms, dt=DT, platform=host, threads=1)
    # set as step 0 starts, seen a millisecond later
    assert run.state("N", "v").values[1] == pytest.approx(-65 + 7 * math.exp(-1 / 10), abs=1e-6)
    with pytest.raises(MappingError, match="intervals"):
        mapped(net, SpiNNaker(allow="host_operations"))


def test_the_hardwares_numbers():
    assert (SpiNNaker().cores_per_chip, SpiNNaker().chips_per_board) == (16, 48)
    assert SpiNNaker.memory_per_chip == 123_469_792
    assert (SpiNNaker.routing_entries, SpiNNaker2.routing_entries) == (1023, 16384)
    assert SpiNNaker2().cores_per_chip == 152
    found = mapped(network(), SpiNNaker())
    assert found.program.machine.cores.fifo == 255
    assert found.report["resources"]["neurons per core"] == 256


def test_rows_of_listed_synapses():
    net = ns.Network(seed=1)
    cells = net.population("N", 300, ns.models.lif_curr_exp())
    pre = [0] * 20 + [1] * 5
    post = [*range(250, 260), *range(250, 260), *range(5)]  # 12 of source 0 on the first core
    net.project(cells, cells, ns.Edges(pre, post), "I_syn", weight=1 * pA, delay=1 * ms)
    program = lower(net, DT)
    assert connectivity.most_into_slice(program.projections[0], 256, Serial()) == 12
    assert connectivity.most_into_neuron(program.projections[0], Serial()) == 2
    rows = mapped(net, SpiNNaker()).report["memory"]["synaptic matrices"]
    assert rows == 2 * 300 * (12 + 4 * 12)


def test_a_run_goes_on_from_a_checkpoint(tmp_path):
    machine, saved = SpiNNaker(deadlines=False), tmp_path / "run.ckpt.h5"
    whole = ns.simulate(network(), 40 * ms, dt=DT, platform=machine, threads=2)
    output = tmp_path / "run.h5"
    how = {"dt": DT, "platform": machine, "output": output}
    often = {"checkpoint": saved, "checkpoint_every_bio": 20 * ms}
    with ns.Simulation(network(), threads=2, **how, **often) as first:
        first.run(20 * ms)
    with ns.Simulation(network(), threads=1, **how, resume=saved) as second:
        second.run(20 * ms)
    assert spikes(ns.read(output)) == spikes(whole)
    assert len(spikes(whole)) > 20


def test_two_excitatory_types_are_the_dual_model():
    net = ns.Network(seed=1)
    cells = net.population("N", 4, ns.models.lif_curr_exp2())
    net.project(cells, cells, ns.OneToOne(), "I_inh", weight=5 * pA, delay=1 * ms)
    found = mapped(net, SpiNNaker())
    assert any("IF_curr_exp_dual" in note for note in found.report["notes"])
    assert len(found.report["details"]["synapse types"]) == 3
    net.project(cells, cells, ns.OneToOne(), "I_exc", weight=-5 * pA, delay=1 * ms, name="odd")
    with pytest.raises(MappingError, match="2 excitatory and 2 inhibitory"):
        mapped(net, SpiNNaker())
    assert mapped(net, SpiNNaker(allow="generated_models")).report["approximated"]

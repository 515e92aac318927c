"""Bounds, the switch of learning, and shared values written while a network runs."""

import numpy as np
import pytest
from learning_network import SIZE, STOPS, change, digest, found, network, rule

import neurosim as ns
from neurosim.engines import get_engine
from neurosim.engines.base import EngineOptions
from neurosim.errors import DescriptionError, DimensionError, UnknownNameError
from neurosim.units import Hz, ms, mV, second

ENGINES = ("native", "brian2")


def simulation(net=None, engine="native", **options):
    return ns.Simulation(net or network(), engine=engine, record=False, **options)


@pytest.fixture(scope="module")
def courses():
    """What the network is like at each stop, by engine."""
    made = {}
    for engine in ENGINES:
        made[engine] = []
        with simulation(engine=engine, threads=2) as sim:
            for _ in STOPS:
                sim.run(40 * ms)
                change(sim, STOPS[len(made[engine])])
                made[engine].append(found(sim))
    return made


def test_engines_agree_on_all_that_is_written(courses):
    for native, brian2 in zip(courses["native"], courses["brian2"], strict=True):
        for name, values in native.items():
            np.testing.assert_allclose(values, brian2[name], rtol=1e-9, atol=1e-15, err_msg=name)


@pytest.mark.parametrize("engine", ENGINES)
def test_what_is_learnt_is_held_and_the_rest_goes_on(courses, engine):
    first, held, again, last = courses[engine]
    np.testing.assert_array_equal(held["k"], first["k"])
    np.testing.assert_array_equal(held["w"], np.minimum(first["w"], held["w_max"]))
    np.testing.assert_allclose(held["g"], first["g"], rtol=1e-12)  # learning is in its equation
    assert (held["x"] != first["x"]).any()
    assert (again["w"] != held["w"]).mean() > 0.5
    assert (last["w"] != again["w"]).mean() > 0.3


@pytest.mark.parametrize("engine", ENGINES)
def test_bounds_hold_after_every_write(courses, engine):
    first, held, _, last = courses[engine]
    assert 0.5e-3 < first["w"].max() <= 1e-3
    assert first["w"].min() >= 0
    assert first["k"].max() == 1.5  # its equation leads to 2
    assert held["w"].max() <= 0.5e-3
    assert (held["w"] == 0.5e-3).any()
    assert last["w"].min() == 0.25e-3


def test_bounds_are_what_clip_in_the_text_would_do():
    kept = "target_post += w*g; x += 1; w = clip(w - eta*w_max*y, 0*mV, w_max)"
    text = """
        dx/dt = -x/tau : 1 (event-driven)
        dy/dt = -y/tau : 1 (event-driven)
        dg/dt = (1 - g)/(50*ms) : 1 (event-driven)
        dk/dt = (2 - k)/(20*ms) : 1 (clock-driven)
        """
    given = {"equations": text, "bounds": {"w": (0 * mV, "w_max")}}
    by_hand = ns.SynapseModel(
        text,
        on_pre=kept,
        on_post="y += 1; w = clip(w + eta*w_max*x*k, 0*mV, w_max)",
        parameters=rule().parameters,
    )
    weights = []
    for model in (rule(**given, learns=["w"]), by_hand):
        with simulation(network(model)) as sim:
            sim.run(120 * ms)
            weights.append((sim.read("plastic", "w"), sim.read("E", "v")))
    for one, other in zip(*weights, strict=True):
        np.testing.assert_array_equal(one, other)
    assert (weights[0][0] == 1e-3).any()


def test_values_outside_are_refused_and_rounding_is_not():
    with simulation() as sim:
        for values in (1.1 * mV, -0.1 * mV, [0.5e-3] * 3):
            with pytest.raises(DescriptionError, match=r"'w' of|values for 'w'"):
                sim.write("plastic", "w", values)
        with pytest.raises(
            DescriptionError, match=r"0.0011 V is outside its bounds \[0.0 V, 0.001"
        ):
            sim.write("plastic", "w", 1.1 * mV)
        sim.write("plastic", "w", float(np.float32(1e-3)) * (1 + 1e-8))
        assert sim.read("plastic", "w").max() == 1e-3
        sim.write("plastic", "w_max", 2 * mV)
        sim.write("plastic", "w", 1.1 * mV)
        with pytest.raises(DescriptionError, match="below high"):
            sim.write("plastic", "w_max", -1 * mV)
        assert sim.read("plastic", "w_max")[0] == 2e-3
        with pytest.raises(DescriptionError, match="one number for all"):
            sim.write("plastic", "tau", [10, 20] * ms)
        with pytest.raises(DimensionError, match="'tau'"):
            sim.write("plastic", "tau", 10 * mV)
        with pytest.raises(DescriptionError, match="finite"):
            sim.write("plastic", "eta", np.inf)
        with pytest.raises(DescriptionError, match="True or False"):
            sim.learning("plastic", 0.5)
        with pytest.raises(UnknownNameError, match="nothing"):
            sim.learning("nothing", True)


def test_a_sign_that_was_declared_cannot_be_written_away():
    learner = rule(sign="excitatory")
    with simulation(network(learner)) as sim:
        with pytest.raises(DescriptionError, match="excitatory change sign"):
            sim.write("plastic", "w_low", -1 * mV)
        assert sim.read("plastic", "w_low")[0] == 0


@pytest.mark.parametrize("engine", ENGINES)
def test_learning_may_start_switched_off(engine):
    net = network()
    made = net.project(
        net.populations["E"], net.populations["E"], ns.Bernoulli(0.3), "v", synapse=rule(),
        weight=0.5 * mV, name="held", learning=False,
    )  # fmt: skip
    with simulation(net, engine) as sim:
        sim.run(60 * ms)
        np.testing.assert_array_equal(sim.read("held", "w"), float(np.float32(0.5e-3)))
        np.testing.assert_array_equal(sim.read("held", "k"), 0)
        assert sim.read("held", "x").max() > 0
        sim.learning(made, True)
        sim.run(20 * ms)
        assert sim.read("held", "k").min() > 0.9


def test_what_learns_nothing_cannot_be_switched():
    net = network()
    e = net.populations["E"]
    net.project(e, e, ns.OneToOne(), synapse=ns.SynapseModel("z : 1", on_pre="z += 1"), name="z")
    with simulation(net) as sim, pytest.raises(DescriptionError, match="learns nothing"):
        sim.learning("z", False)


def test_callbacks_switch_and_write():
    def off(now):
        now.learning("plastic", False)
        now.write("plastic", "eta", 0.01)

    seen = []
    for callbacks in ([ns.Callback(off, 1 * second, start=40 * ms)], []):
        with simulation(callbacks=callbacks) as sim:
            sim.run(40 * ms)
            if not callbacks:
                off(sim)
            sim.run(40 * ms)
            seen.append(digest(sim))
    assert seen[0] == seen[1]


def test_a_shared_parameter_of_the_exact_solution_is_refused_by_name():
    net = ns.Network(seed=1)
    model = ns.NeuronModel(
        "dv/dt = -v/tau : volt",
        threshold="v > b",
        reset="v = 0*mV",
        parameters={"tau": 10 * ms, "b": 1 * mV},
    )
    net.population("E", 3, model, initial={"v": 2 * mV})
    for engine in ENGINES:
        with simulation(net, engine) as sim:
            with pytest.raises(DescriptionError, match=r"'tau'.*net.writable\('E', 'tau'\).*euler"):
                sim.write("E", "tau", 5 * ms)
            sim.write("E", "b", 3 * mV)
            sim.run(1 * ms)
            assert sim.read("E", "v").min() > 1e-3  # no neuron has crossed the new threshold


def test_a_population_s_shared_value_is_seen_by_its_synapses():
    seen = {}
    for engine in ENGINES:
        net = ns.Network(seed=1)
        source = net.spike_source("source", [1, 3, 5] * ms, [0, 0, 0])
        model = ns.NeuronModel("dv/dt = 0*volt/second : volt\nrho : Hz", parameters={"rho": 1 * Hz})
        e = net.population("E", 2, model)
        step = ns.SynapseModel(on_pre="v_post += rho_post*mV*second")
        net.project(source, e, ns.AllToAll(), synapse=step)
        with simulation(net, engine) as sim:
            sim.run(2 * ms)
            sim.write("E", "rho", 10 * Hz)
            sim.run(2 * ms)
            assert sim.read("E", "rho").tolist() == [10, 10]
            sim.write("E", "rho", 100 * Hz)
            sim.run(2 * ms)
            seen[engine] = sim.read("E", "v")
    np.testing.assert_allclose(seen["native"], 111e-3, rtol=1e-12)
    np.testing.assert_allclose(seen["brian2"], 111e-3, rtol=1e-12)


@pytest.mark.parametrize("stop", STOPS[:3])
def test_a_checkpoint_keeps_what_was_written(tmp_path, stop):
    path = tmp_path / "now.ckpt.h5"
    ends = []
    for resumed in (False, True):
        done = stop if resumed else 0
        options = {"resume": path} if resumed else {}
        with simulation(threads=1 + resumed, **options) as sim:
            for at in STOPS:
                if at > done:
                    sim.run(40 * ms)
                    change(sim, at)
                if at == stop and not resumed:
                    sim.checkpoint(path)
            ends.append(digest(sim))
    assert ends[0] == ends[1]


def test_building_anew_puts_back_what_was_written():
    program = ns.lower(network(), 0.1 * ms)
    with get_engine("native").compile(program, EngineOptions(threads=1)) as executable:
        executable.build()
        executable.write_shared("plastic", "eta", 0.5)
        executable.write_shared("E", "gain", 3.0)
        executable.build()
        assert executable.read_shared("plastic", "eta") == 0.05
        assert executable.read("E", "gain").tolist() == [0.0] * SIZE
        assert not [n for n in executable.snapshot().arrays if n.startswith("shared/")]
        executable.write_shared("E", "gain", 3.0)
        assert [n for n in executable.snapshot().arrays if n.startswith("shared/")] == [
            "shared/E/gain"
        ]


def test_event_driven_equations_may_use_parameters_of_the_neurons():
    found = []
    for engine in ENGINES:
        net = ns.Network(seed=1)
        model = ns.NeuronModel(
            "dv/dt = (11*mV - v)/(10*ms) : volt\ntau_x : second\nq : 1",
            threshold="v > 10*mV",
            reset="v = 0*mV",
            parameters={"tau_x": np.linspace(10, 30, 6) * ms, "q": 2.0},
        )
        e = net.population("E", 6, model, initial={"v": "10*mV*rand()"})
        traces = ns.SynapseModel(
            """
            dx/dt = -x/tau_x_post : 1 (event-driven)
            dy/dt = -y*q_pre/(10*ms) : 1 (event-driven)
            dz/dt = -z/tau_x_pre : 1 (event-driven)
            """,
            on_pre="x += 1; y += 1",
            on_post="x += 0.5; z += 1",
        )
        delay = ns.Uniform(1 * ms, 3 * ms)
        net.project(e, e, ns.AllToAll(), synapse=traces, name="traces", delay=delay)
        values = []
        with simulation(net, engine, threads=2) as sim:
            for change_of in (("E", "q", 3.0), ("traces", "x", 1.0), None):
                sim.run(25 * ms)
                values += [sim.read("traces", name) for name in "xyz"]
                if change_of is not None:
                    sim.write(*change_of)
            found.append(values)
    for native, brian2 in zip(*found, strict=True):
        np.testing.assert_allclose(native, brian2, rtol=1e-12)
    assert np.unique(found[0][2]).size > 6

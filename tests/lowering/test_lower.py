"""A network lowered: ids, steps, values per neuron, and what depends on dt."""

import json

import numpy as np
import pytest
from scipy import stats

import neurosim as ns
from neurosim.errors import DescriptionError, DimensionError
from neurosim.units import Hz, ms, mV, pA, second

LEVEL = 1e-4


@pytest.fixture
def net():
    return ns.Network(seed=21)


def test_ids_follow_the_order_of_declaration_sources_last(net):
    source = net.spike_source("in", times=[1] * ms, ids=[0], size=3)
    a = net.population("A", 5, ns.models.lif_curr_exp())
    b = net.population("B", 7, ns.models.lif_curr_exp())
    net.project(source, b[2:4], ns.AllToAll(), "I_syn", weight=1 * pA, delay=1 * ms)
    net.record(b[1:3], "v", every=0.5 * ms)
    program = ns.lower(net, 0.1 * ms)
    assert [(e.name, e.first_id) for e in program.emitters()] == [("A", 0), ("B", 5), ("in", 12)]
    assert (program.n_neurons, program.n_ids) == (12, 15)
    span = program.projections[0].post
    assert (span.population, span.start, span.size, span.first_id) == ("B", 2, 2, 7)
    recorder = program.state_recorders[0]
    assert (recorder.ids.tolist(), recorder.every) == ([1, 2], 5)
    assert program.spike_recorders == ("A", "B", "in")
    assert json.loads(json.dumps(program.description))["populations"][0]["name"] == a.name


@pytest.mark.parametrize("dt", [0 * ms, -1 * ms, float("nan") * ms, 1 * mV, 1e-4])
def test_dt_is_a_positive_time(net, dt):
    net.population("A", 5, ns.models.lif_delta())
    with pytest.raises(DescriptionError, match="dt"):
        ns.lower(net, dt)


def test_an_empty_network_is_refused(net):
    with pytest.raises(DescriptionError, match="no population"):
        ns.lower(net, 0.1 * ms)


def test_delays_off_the_grid_are_named_with_their_neighbours(net):
    a = net.population("A", 5, ns.models.lif_curr_exp())
    net.project(a, a, ns.AllToAll(), "I_syn", weight=1 * pA, delay=0.25 * ms)
    assert ns.lower(net, 0.25 * ms).projections[0].delay.first == 1
    with pytest.raises(DescriptionError, match=r"'A->A': delay of 0\.25 ms.* 0\.2 ms and 0\.3 ms"):
        ns.lower(net, 0.1 * ms)


def test_listed_delays_off_the_grid_name_the_edge(net):
    a = net.population("A", 5, ns.models.lif_curr_exp())
    rule = ns.Edges([0, 1], [1, 0])
    net.project(a, a, rule, "I_syn", weight=1 * pA, delay=[0.1, 0.13] * ms)
    with pytest.raises(DescriptionError, match=r"edge 1.*0\.13 ms"):
        ns.lower(net, 0.1 * ms)


def test_recording_intervals_off_the_grid_are_refused(net):
    a = net.population("A", 5, ns.models.lif_delta())
    net.record(a, "v", every=0.25 * ms)
    with pytest.raises(DescriptionError, match=r"A\.v.*0\.2 ms and 0\.3 ms"):
        ns.lower(net, 0.1 * ms)
    with pytest.raises(DescriptionError, match=r"0 ms and 1 ms"):
        ns.lower(net, 1 * ms)


def test_spike_times_fall_into_steps_as_in_brian2(net):
    net.population("A", 1, ns.models.lif_delta())
    net.spike_source("in", times=[0.35, 0.1, 0.3, 0.0] * ms, ids=[1, 0, 0, 1])
    source = ns.lower(net, 0.1 * ms).sources[0]
    assert source.steps.tolist() == [0, 1, 3, 3]
    assert source.ids.tolist() == [1, 0, 0, 1]


def test_two_spikes_of_a_neuron_in_a_step_are_refused(net):
    net.population("A", 1, ns.models.lif_delta())
    net.spike_source("in", times=[0.31, 0.35] * ms, ids=[1, 1])
    assert ns.lower(net, 0.01 * ms).sources[0].steps.size == 2
    with pytest.raises(DescriptionError, match=r"'in': neuron 1 has two spikes.*0\.3 ms"):
        ns.lower(net, 0.1 * ms)


def test_parameters_may_be_expressions_of_others_and_random(net):
    lif = ns.models.lif_delta(tau_m="10*ms + i*ms", C_m="tau_m*25*nS", E_L="V_r + 2*mV*randn()")
    net.population("A", 1000, lif)
    values = ns.lower(net, 0.1 * ms).populations[0].values
    assert values["tau_m"] == pytest.approx(0.01 + np.arange(1000) * 1e-3)
    assert values["C_m"] == pytest.approx(values["tau_m"] * 25e-9)
    assert stats.kstest(values["E_L"], stats.norm(-65e-3, 2e-3).cdf).pvalue > LEVEL
    assert isinstance(values["V_th"], float)
    assert values["v"] == pytest.approx(values["E_L"]), "the catalogue starts at rest"


def test_random_numbers_differ_between_calls_names_and_neurons(net):
    lif = ns.models.lif_delta(tau_m="10*ms*(1 + rand())", C_m="250*pF*(1 + rand())")
    net.population("A", 500, lif, initial={"v": "-60*mV + mV*(rand() - rand())"})
    net.population("B", 500, lif)
    a, b = ns.lower(net, 0.1 * ms).populations
    one, two = a.values["tau_m"] / 1e-2, a.values["C_m"] / 250e-12
    assert abs(np.corrcoef(one, two)[0, 1]) < 4 / np.sqrt(500)
    assert abs(np.corrcoef(one, b.values["tau_m"])[0, 1]) < 4 / np.sqrt(500)
    assert np.ptp(a.values["v"]) > 1e-3
    again = ns.lower(net, 0.2 * ms).populations[0]
    assert np.array_equal(again.values["tau_m"], a.values["tau_m"])


def test_values_depend_on_the_network_wide_id_only():
    """The second half of one population draws what a population in its place draws."""
    lif = ns.models.lif_delta()
    start = {"v": ns.Uniform(-60 * mV, -50 * mV)}
    one = ns.Network(seed=5)
    one.population("A", 20, lif, start)
    two = ns.Network(seed=5)
    two.population("A", 10, lif, start)
    two.population("B", 10, lif, start)
    whole = ns.lower(one, 0.1 * ms).populations[0].values["v"]
    parts = [p.values["v"] for p in ns.lower(two, 0.1 * ms).populations]
    assert np.array_equal(whole, np.concatenate(parts))


def test_distributions_of_parameters(net):
    tau = ns.Normal(10 * ms, 3 * ms, low=2 * ms)
    net.population("A", 3000, ns.models.lif_delta(tau_m=tau))
    population = ns.lower(net, 0.1 * ms).populations[0]
    reference = stats.truncnorm(-8 / 3, np.inf, 10e-3, 3e-3)
    assert stats.kstest(population.values["tau_m"], reference.cdf).pvalue > LEVEL
    assert not population.code.variable("tau_m").shared
    assert not population.code.variable("P_v_v").shared
    assert population.code.variable("V_th").shared


def test_initial_values_may_use_subexpressions_and_earlier_ones(net):
    model = ns.NeuronModel(
        "dv/dt = -x/tau : volt\nx = v - E : volt\ndw/dt = -w/tau : volt",
        parameters={"tau": 1 * ms, "E": 2 * mV},
        initial={"v": 5 * mV, "w": "2*x"},
    )
    net.population("A", 2, model)
    net.population("B", 2, model, initial={"v": "E"})
    a, b = ns.lower(net, 0.1 * ms).populations
    assert (a.values["w"], b.values["w"]) == (pytest.approx(6e-3), 0.0)


@pytest.mark.parametrize(
    "code", ["1*ms/(i - 1)", "sqrt(0 - i)*ms", "log(i)*ms", "exp(1000*(i + 1))*ms"]
)
def test_expressions_that_are_not_finite_name_the_neuron(net, code):
    net.population("A", 3, ns.models.lif_delta(tau_m=code))
    with pytest.raises(DescriptionError, match=r"'A': parameter 'tau_m'.*neuron"):
        ns.lower(net, 0.1 * ms)


def test_a_variable_that_nothing_writes_may_start_otherwise_in_every_neuron():
    for engine in ("native", "brian2"):
        net = ns.Network(seed=1)
        model = ns.NeuronModel("dx/dt = (held - x)/(10*ms) : 1\nheld : 1")
        net.population("p", 3, model, initial={"held": np.array([1.0, 2.0, 3.0])})
        with ns.Simulation(net, engine=engine, record=False) as sim:
            sim.run(10 * ms)
            x = sim.read("p", "x")
        np.testing.assert_allclose(x, np.array([1, 2, 3]) * (1 - np.exp(-1)), rtol=1e-9)


def test_a_time_constant_of_zero_is_named(net):
    net.population("A", 3, ns.models.lif_delta(tau_m=0 * ms))
    with pytest.raises(DescriptionError, match="population 'A'"):
        ns.lower(net, 0.1 * ms)


def test_parameters_in_a_circle_are_refused(net):
    lif = ns.models.lif_delta()
    net.population("A", 3, lif(tau_m="C_m/(25*nS)", C_m="tau_m*25*nS"))
    with pytest.raises(DescriptionError, match="circle"):
        ns.lower(net, 0.1 * ms)


def test_poisson_rates_may_differ_between_neurons(net):
    a = net.population("A", 6, ns.models.lif_curr_exp())
    net.poisson(a[1:5], "I_syn", rate=[5, 8, 5, 0] * Hz, indegree=100, weight=20 * pA)
    net.poisson(a, "I_syn", rate=8 * Hz, indegree=160, weight=20 * pA)
    net.poisson(a, "I_syn", rate="(1 + i)*Hz", weight=20 * pA)
    many, one, graded = ns.lower(net, 0.1 * ms).poisson
    assert many.mean[many.table] == pytest.approx([0.05, 0.08, 0.05, 0])
    assert many.thresholds[many.table[3]].size == 0
    assert (one.table, one.mean.tolist()) == (None, [pytest.approx(0.128)])
    assert one.thresholds[0][0] == np.floor(np.exp(-0.128) * 2**32)
    assert graded.mean[graded.table] == pytest.approx(np.arange(1, 7) * 1e-4)
    assert (many.post.first_id, many.post.size) == (1, 4)


def test_negative_rates_of_an_expression_are_refused(net):
    a = net.population("A", 6, ns.models.lif_curr_exp())
    net.poisson(a, "I_syn", rate="(3 - i)*Hz", weight=20 * pA)
    with pytest.raises(DescriptionError, match=r"'A'.*-2"):
        ns.lower(net, 0.1 * ms)


def test_the_same_network_lowers_to_the_same_program():
    def build(seed):
        net = ns.Network(seed=seed)
        a = net.population("A", 50, ns.models.adex(), {"v": "E_L + 5*mV*randn()"})
        net.project(a, a, ns.FixedTotalNumber(500), "I_syn", weight=1 * pA, delay=1 * ms)
        return ns.lower(net, 0.1 * ms)

    one, two, other = build(1), build(1), build(2)
    assert one.description == two.description
    assert one.populations[0].code == two.populations[0].code == other.populations[0].code
    assert np.array_equal(one.populations[0].values["v"], two.populations[0].values["v"])
    assert np.array_equal(one.projections[0].rule.indegree, two.projections[0].rule.indegree)
    assert not np.array_equal(one.populations[0].values["v"], other.populations[0].values["v"])


def test_every_variable_has_a_value_and_a_declaration(net):
    for name in ns.models.names():
        net.population(name, 4, getattr(ns.models, name)())
    for population in ns.lower(net, 0.1 * ms).populations:
        names = {v.name for v in population.code.variables}
        assert names == set(population.values)
        for variable in population.code.variables:
            assert f"{variable.name} " in population.code.equations or (
                f"d{variable.name}/dt" in population.code.equations
            )
            if variable.shared:
                assert isinstance(population.values[variable.name], float)


def test_weight_bits_are_32_or_64(net):
    net.population("A", 1, ns.models.lif_delta())
    with pytest.raises(DescriptionError, match="weight_bits"):
        ns.Network(weight_bits=16)
    with pytest.raises(DimensionError):
        ns.lower(net, 0.1)
    assert ns.lower(net, 1e-4 * second).dt == 1e-4

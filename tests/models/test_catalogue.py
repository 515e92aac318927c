"""The catalogue: every entry is complete, documented and does what its equations say."""

import numpy as np
import pytest

import neurosim as ns
from neurosim.description.quantities import dimensions, named_unit
from neurosim.errors import DimensionError, UnknownNameError
from neurosim.units import ms, mV, nA, pA

# A constant drive that makes each model fire, where it is not the one of its figure.
DRIVE = {
    "iaf": 200 * pA,
    "lif_delta": 500 * pA,
    "lif_curr_exp": 500 * pA,
    "lif_curr_exp2": 500 * pA,
    "lif_curr_alpha": 500 * pA,
    "adex": 1 * nA,
}
NAMES = ns.models.names()


def drive(name):
    entry = ns.models.entry(name)
    return DRIVE.get(name, entry.figure.current * named_unit(entry.parameter("I_e").unit))


@pytest.mark.parametrize("name", NAMES)
def test_entries_are_complete(name):
    entry = ns.models.entry(name)
    model = getattr(ns.models, name)()
    assert model.name == name
    assert set(entry.recordables) == set(model.states)
    assert {p.name for p in entry.parameters} == set(model.parameters)
    assert entry.reference
    for parameter in entry.parameters:
        assert parameter.meaning
        assert parameter.unit
    text = getattr(ns.models, name).__doc__
    for part in (entry.reference, *(p.name for p in entry.parameters)):
        assert part in text


@pytest.mark.parametrize("name", NAMES)
def test_figures_and_inputs_fit_the_model(name):
    entry = ns.models.entry(name)
    declared = entry.model().declared
    for variable in entry.figure.variables:
        assert variable in {*declared.differential, *declared.subexpressions}
    assert 0 < entry.figure.onset < entry.figure.offset < entry.figure.duration
    assert entry.parameter("I_e").value == 0
    assert "I_gap" in entry.coupled().declared.declared
    for found in entry.inputs:
        assert found.variable in entry.recordables
        weight = found.weight * named_unit(found.unit)
        assert dimensions(weight) == declared.dims[found.variable]


@pytest.fixture(scope="module")
def undriven():
    """All models side by side for 2 ms, without input."""
    net = ns.Network()
    for name in NAMES:
        net.record(net.population(name, 1, getattr(ns.models, name)()), "v")
    return ns.simulate(net, 2 * ms, dt=0.05 * ms, threads=1)


@pytest.mark.parametrize("name", NAMES)
def test_values_start_at_rest(undriven, name):
    """Without input the potential does not move; Izhikevich's starts at his reset, c."""
    v = undriven.state(name, "v").values  # mV
    assert np.ptp(v) < (5 if name == "izhikevich" else 0.5)


@pytest.fixture(scope="module")
def deflections():
    """What one event of each input's typical weight does to v, mV: the largest deflection."""
    net = ns.Network()
    source = net.spike_source("event", times=[1.0] * ms, ids=[0], size=1)
    for name in NAMES:
        entry = ns.models.entry(name)
        # the last neuron gets nothing
        cells = net.population(name, len(entry.inputs) + 1, entry.model())
        net.record(cells, "v")
        for k, found in enumerate(entry.inputs):
            weight = found.weight * named_unit(found.unit)
            net.project(
                source, cells, ns.Edges([0], [k]), found.variable, weight=weight, delay=0 * ms
            )
    run = ns.simulate(net, 5 * ms, dt=0.05 * ms, threads=1)
    moved = {}
    for name in NAMES:
        v = run.state(name, "v").values
        change = v[:, :-1] - v[:, -1:]
        moved[name] = change[np.abs(change).argmax(axis=0), np.arange(change.shape[1])]
    return moved


@pytest.mark.parametrize("name", NAMES)
def test_synapses_move_the_potential_in_their_direction(deflections, name):
    entry = ns.models.entry(name)
    for found, moved in zip(entry.inputs, deflections[name], strict=True):
        inhibits = any(word in found.variable for word in ("inh", "GABA"))
        if entry.name == "lif_nmda" and inhibits:
            assert moved == 0  # rests at the reversal potential
            continue
        assert (moved < 0) == inhibits, found
        assert 1e-4 < abs(moved) < 20, found


def spikes_of(name, duration, **parameters):
    net = ns.Network()
    net.population("P", 1, getattr(ns.models, name)(I_e=drive(name), **parameters))
    run = ns.simulate(net, duration, dt=0.05 * ms, threads=1)
    return np.asarray(run.spikes("P")[0])


def test_rate_of_the_perfect_integrator():
    times = spikes_of("iaf", 400 * ms)
    # 15 mV at 200 pA / 250 pF = 0.8 mV/ms, and 2 ms of refractoriness
    assert np.diff(times) == pytest.approx(15 / 0.8 + 2, abs=0.11)


@pytest.mark.parametrize("name", ["lif_delta", "lif_curr_exp", "lif_curr_exp2", "lif_curr_alpha"])
def test_rate_of_the_leaky_integrator(name):
    times = spikes_of(name, 300 * ms)
    steady = 500 * 10 / 250  # mV above rest
    assert np.diff(times) == pytest.approx(2 + 10 * np.log(steady / (steady - 15)), abs=0.11)


def test_adaptation_of_adex():
    """Brette & Gerstner 2005: intervals grow, then settle."""
    intervals = np.diff(spikes_of("adex", 1000 * ms))
    assert intervals.size > 8
    assert intervals[3] > 1.5 * intervals[0]
    assert intervals[-1] == pytest.approx(intervals[-2], rel=0.02)


def test_regular_spiking_of_izhikevich():
    """Izhikevich 2003, fig. 2 (RS, I = 10): a short first interval, then about 25 Hz."""
    intervals = np.diff(spikes_of("izhikevich", 1000 * ms))
    assert intervals[0] < intervals[-1]
    assert 20 < 1000 / intervals[-1] < 32


def test_firing_of_the_squid_axon():
    """Hodgkin-Huxley at 6.3 C: 10 uA/cm2 (2 nA on this patch) fires at about 68 Hz."""
    intervals = np.diff(spikes_of("hodgkin_huxley", 300 * ms))
    assert 64 < 1000 / intervals[-1] < 72


def test_traub_miles_fires_repetitively():
    times = spikes_of("hodgkin_huxley_traub_miles", 300 * ms)
    assert np.diff(times)[2:].std() < 0.2
    assert times.size > 5


def test_unknown_models_and_parameters_are_named():
    with pytest.raises(AttributeError, match="Did you mean 'lif_delta'"):
        _ = ns.models.lif_delt
    with pytest.raises(UnknownNameError, match="lif_delta"):
        ns.models.entry("lif_delt")
    with pytest.raises(UnknownNameError, match="tau_m"):
        ns.models.lif_delta(tau=1 * ms)
    with pytest.raises(DimensionError, match="tau_m"):
        ns.models.lif_delta(tau_m=1 * mV)


def test_adex_cannot_overflow():
    """A start far beyond the peak: the exponential is held, the state stays finite."""
    net = ns.Network()
    net.record(net.population("P", 1, ns.models.adex(), initial={"v": 5000 * mV}), ["v", "w"])
    run = ns.simulate(net, 1 * ms)
    for name in ("v", "w"):
        assert np.isfinite(run.state("P", name).values).all()
    assert np.abs(run.state("P", "v").values[2:]).max() < 100  # mV

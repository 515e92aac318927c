"""Numbers that the catalogue's models must show: closed forms, and what their papers report."""

from dataclasses import replace

import numpy as np
import pytest

import neurosim as ns
from neurosim.units import ms, mV, nA, nS, pA, second


def spikes(name, duration, dt=0.05 * ms, method=None, **parameters):
    """Spike times (ms) of neurons with different parameters, a list of one array for each."""
    entry = ns.models.entry(name)
    model = (entry if method is None else replace(entry, method=method)).model(**parameters)
    size = max(np.size(value) for value in parameters.values())
    net = ns.Network(seed=2)
    net.population("P", size, model)
    times, ids = ns.simulate(net, duration, dt=dt, threads=1).spikes("P")
    return [times[ids == k] for k in range(size)]


def response(name, variable, weight, recorded, dt=0.01 * ms, duration=60 * ms, **parameters):
    """Times (ms) and values of a variable after one synaptic event at 1 ms, delay 0."""
    net = ns.Network()
    cell = net.population("P", 1, getattr(ns.models, name)(**parameters))
    source = net.spike_source("s", times=[1.0] * ms, ids=[0], size=1)
    net.project(source, cell, ns.OneToOne(), variable, weight=weight, delay=0 * ms)
    net.record(cell, recorded)
    trace = ns.simulate(net, duration, dt=dt, threads=1).state("P", recorded)
    return trace.times_ms, trace.values[:, 0]


@pytest.mark.parametrize(
    ("name", "variable", "weight", "recorded"),
    [("lif_cond_biexp", "x_exc", 3 * nS, "g_exc"), ("lif_curr_biexp", "x", 3 * pA, "I_syn")],
)
def test_double_exponential_peaks_at_its_weight(name, variable, weight, recorded):
    times, values = response(name, variable, weight, recorded)
    rise, decay = 0.5, 2.0
    expected = rise * decay / (decay - rise) * np.log(decay / rise)
    assert values.max() == pytest.approx(3, rel=1e-3)
    assert times[values.argmax()] - 1 == pytest.approx(expected, abs=0.02)


def test_alpha_conductance_peaks_at_its_time_constant():
    times, g = response("lif_cond_alpha", "J_inh", 10 * nS, "g_inh")
    assert g.max() == pytest.approx(10 / np.e, rel=1e-3)
    assert times[g.argmax()] - 1 == pytest.approx(2, abs=0.02)


def test_spike_response_is_an_alpha_function():
    times, h = response("srm0", "x", 10 * mV, "h")
    since = times - 1
    expected = np.where(since > 0, 10 * since / 8.5 * np.exp(-since / 8.5), 0)
    assert h == pytest.approx(expected, abs=0.02)
    assert h.max() == pytest.approx(10 / np.e, rel=1e-4)


def test_after_potential_of_the_spike_response_model():
    """One spike after another: the after-potential sums, 34.65 mV each, decaying in 15.4 ms."""
    net = ns.Network()
    cell = net.population("P", 1, ns.models.srm0(I_e=250 * pA))
    net.record(cell, "eta")
    run = ns.simulate(net, 200 * ms, dt=0.05 * ms, threads=1)
    times, eta = run.spikes("P")[0], run.state("P", "eta")
    later = eta.times_ms[eta.times_ms > times[-1]]
    kernel = -34.65 * np.exp(-(later[:, None] - times - 0.05) / 15.4).sum(axis=1)
    assert eta.values[-later.size :, 0] == pytest.approx(kernel, rel=1e-3)


def test_threshold_of_mat2_adapts():
    """MAT2 fires when v crosses omega + theta_1 + theta_2; v itself is never reset."""
    current, rest = 500.0, -70.0
    (times,) = spikes("mat2", 1 * second, I_e=[current] * pA)
    plateau = rest + current * 5 / 100

    def threshold(t):
        past = times[times < t - 1e-9]
        since = t - past
        return -51 + np.sum(37 * np.exp(-since / 10) + 2 * np.exp(-since / 200))

    assert times.size > 8
    for t in times[3:]:
        # one step of 0.05 ms late at most
        assert threshold(t) <= plateau + 1e-6
        assert threshold(t - 0.1) >= plateau - 1e-6
    assert np.diff(times)[-1] > 2 * np.diff(times)[0]


def test_mihalas_niebur_fires_where_the_reference_says():
    """Panel B: class 1 at 1 V/s, a = 0. D, C: phasic at 1.5, tonic at 2 V/s, a = 5/s."""
    at_rest, above = spikes("mihalas_niebur", 1 * second, a=0 / ms, I_e=[99.9, 101] * pA)
    assert at_rest.size == 0
    assert above.size > 0
    phasic, tonic = spikes("mihalas_niebur", 0.5 * second, I_e=[150, 200] * pA)
    assert 0 < phasic[-1] < 250
    assert tonic[-1] > 450
    assert np.diff(tonic)[-1] > 1.5 * np.diff(tonic)[0]


def test_mihalas_niebur_bursts():
    """Panel M: A_1/C = 10 V/s, A_2/C = -0.6 V/s, I_e/C = 2 V/s gives tonic bursting."""
    (times,) = spikes(
        "mihalas_niebur", 0.5 * second, A_1=1000 * pA, A_2=-60 * pA, I_e=[200] * pA
    )  # fmt: skip
    isi = np.diff(times)
    assert (isi > isi.max() / 2).sum() >= 3
    assert (isi < isi.max() / 4).sum() >= 6


def test_rheobase_of_the_exponential_neuron():
    below, above = spikes("eif", 2 * second, I_e=[32.2, 32.8] * pA)
    assert below.size == 0
    assert above.size > 1


def test_frequency_of_the_quadratic_neuron():
    """dv/dt = k (x^2 + c^2)/C_m has the period C_m/(k c) (atan(x_peak/c) - atan(x_reset/c))."""
    currents = np.array([69.5, 80.0, 120.0, 200.0])
    silent, *firing = spikes("qif", 1 * second, dt=0.01 * ms, I_e=currents * pA)
    assert silent.size == 0
    for current, times in zip(currents[1:], firing, strict=True):
        c = np.sqrt(current / 0.7 - 100)
        period = 100 / (0.7 * c) * (np.arctan(85 / c) - np.arctan(0 / c))
        assert np.diff(times)[1:].mean() == pytest.approx(period, rel=3e-3)


def test_wang_buzsaki_is_a_fast_class_1_neuron():
    """Firing starts near 0.2 uA/cm2 at a low rate and rises steeply beyond 200 Hz."""
    currents = np.array([0.1, 0.25, 1.0, 10.0]) * 200
    trains = spikes("wang_buzsaki", 1 * second, dt=0.02 * ms, I_e=currents * pA)
    rates = [train.size for train in trains]
    assert rates[0] == 0
    assert 1 <= rates[1] < 30
    assert rates[2] == pytest.approx(60, abs=8)
    assert rates[3] > 200


def test_hopf_bifurcation_of_morris_lecar():
    """Rest loses its stability between 93 and 95 uA/cm2 and regains it at 212 (Rinzel &
    Ermentrout 1998: 93.86 and 212); firing starts at a nonzero frequency. Started at rest.
    """
    net = ns.Network()
    # started at the fixed point: ramped up slowly enough that only its stability matters
    entry = ns.models.entry("morris_lecar")
    slowly = entry.equations.replace("I_e)", "I_e*clip(t/(800*ms), 0, 1))")
    held = replace(entry, equations=slowly)
    currents = np.array([92.0, 95.0, 150.0, 220.0]) * 0.2
    net.population("P", 4, held.model(I_e=currents * nA))
    times, ids = ns.simulate(net, 3 * second, dt=0.1 * ms, threads=1).spikes("P")
    late = [(times[ids == k] > 2000).sum() for k in range(4)]
    assert late[0] == 0
    assert late[1] > 5
    assert late[2] > 5
    assert late[3] == 0


def test_pinsky_rinzel_bursts_and_spikes():
    """0.75 uA/cm2 into the soma gives bursts a few a second, 2.5 uA/cm2 fast single spikes."""
    slow, fast = spikes("pinsky_rinzel", 1.5 * second, I_e=[150, 500] * pA)
    assert 1 < slow.size / 1.5 < 10
    assert fast.size > 5 * slow.size
    assert np.diff(fast[fast > 500]).max() < 50


def test_compartments_attenuate():
    """A current into the distal dendrite: the fixed point of the three linear equations."""
    net = ns.Network()
    cell = net.population("P", 1, ns.models.lif_three_compartment(I_d=50 * pA))
    for variable in ("v", "v_p", "v_d"):
        net.record(cell, variable)
    run = ns.simulate(net, 300 * ms, threads=1)
    matrix = np.array([[12.5, -2.5, 0.0], [-2.5, 8.5, -1.0], [0.0, -1.0, 11.0]])
    expected = -70 + np.linalg.solve(matrix, [0.0, 0.0, 50.0])
    found = [run.state("P", variable).values[-1, 0] for variable in ("v", "v_p", "v_d")]
    assert found == pytest.approx(expected, abs=1e-3)


def test_magnesium_blocks_the_nmda_current():
    """Jahr & Stevens 1990: 1/(1 + exp(-0.062 v)/3.57) of the channels conduct."""
    net = ns.Network()
    model = ns.models.lif_nmda(g_NMDA=1 * nS, E_L=[-70, -40] * mV, V_th=0 * mV)
    cell = net.population("P", 2, model, initial={"s_NMDA": 1.0})
    net.record(cell, "v")
    v = ns.simulate(net, 500 * ms, threads=1).state("P", "v").values[-1]
    for rest, found in zip((-70, -40), v, strict=True):
        unblocked = 1 / (1 + np.exp(-0.062 * found) / 3.57)
        assert 25 * (rest - found) + unblocked * (0 - found) == pytest.approx(0, abs=1e-3)


def test_nmda_gating_saturates():
    """At 50 Hz the gating stays between its value after one spike and 1."""
    net = ns.Network()
    cell = net.population("P", 1, ns.models.lif_nmda(I_e=600 * pA))
    net.record(cell, "s")
    run = ns.simulate(net, 1 * second, threads=1)
    s = run.state("P", "s").values[:, 0]
    rate = run.spikes("P")[0].size
    jump = 1 - np.exp(-0.5 * 2)  # alpha times the area of x, from zero
    q = np.exp(-1000 / rate / 100)
    assert s.max() < 1
    # stationary value just after a spike: s+ = s- + (1 - s-) jump, s- = s+ q
    assert s[-2000:].max() == pytest.approx(jump / (1 - (1 - jump) * q), abs=0.03)


def test_escape_rate_of_gif():
    """Null: intervals of a neuron held at V_T + 3 Delta_V are geometric with the intensity
    lambda_0 exp(3) = 20.1 Hz and t_ref; mean of 400 neurons x 2 s within 4 standard errors.
    """
    held = {
        "q_eta_1": 0 * pA, "q_eta_2": 0 * pA, "q_gamma_1": 0 * mV, "q_gamma_2": 0 * mV,
        "E_L": -35.4 * mV, "V_r": -35.4 * mV,
    }  # fmt: skip
    trains = spikes("gif", 2 * second, dt=0.1 * ms, **held, I_e=np.zeros(400) * pA)
    intervals = np.concatenate([np.diff(t) for t in trains if t.size > 1])
    count = sum(t.size for t in trains)
    mean = 1000 / np.exp(3.0) + 4
    # a renewal process: number of spikes in T, variance CV^2 T/mean
    expected = 400 * 2000 / mean
    cv = (mean - 4) / mean
    assert count == pytest.approx(expected, abs=4 * cv * np.sqrt(expected) + 10)
    assert intervals.min() >= 4.0 - 1e-9


def test_both_memories_of_gif_slow_it_down():
    """Null: no effect. Rates of 100 neurons over 1 s; each memory alone must take off a third."""
    none = dict.fromkeys(("q_eta_1", "q_eta_2"), 0 * pA) | dict.fromkeys(
        ("q_gamma_1", "q_gamma_2"), 0 * mV
    )
    counts = {}
    for kept in ("eta", "gamma", "nothing"):
        values = {k: v for k, v in none.items() if kept not in k}
        trains = spikes("gif", 1 * second, dt=0.1 * ms, **values, I_e=np.full(100, 200) * pA)
        counts[kept] = sum(t.size for t in trains)
    assert counts["eta"] < counts["nothing"] / 1.5
    assert counts["gamma"] < counts["nothing"] / 1.5

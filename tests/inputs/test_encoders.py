"""Encoders against their closed forms; random ones at a stated level, with a fixed seed."""

import numpy as np
import pytest
from scipy import stats

import neurosim as ns
from neurosim.encoders import delta, latency, rate, time_to_first_spike
from neurosim.errors import DescriptionError, DimensionError
from neurosim.units import ms, mV, second


def seconds(trains):
    return np.asarray(trains.times, float)


def test_rate_is_a_bernoulli_trial_per_step():
    """Null: counts are binomial(n_steps, p). Level 1e-3 for each neuron, seed 3."""
    p = np.array([0.0, 0.02, 0.3, 0.9, 1.0])
    trains = rate(p, 1 * ms, 20 * second, seed=3)
    counts = np.bincount(trains.ids, minlength=5)
    assert counts[0] == 0
    assert counts[4] == 20000
    for k, q in zip(counts[1:4], p[1:4], strict=True):
        assert stats.binomtest(int(k), 20000, q).pvalue > 1e-3
    # independence from step to step: gaps are geometric
    gaps = np.diff(np.rint(seconds(trains)[trains.ids == 2] / 1e-3))
    observed = np.bincount(gaps.astype(int), minlength=12)[1:12]
    expected = 0.3 * 0.7 ** np.arange(11)
    expected *= gaps.size
    tail = gaps.size - observed.sum()
    chi2 = ((observed - expected) ** 2 / expected).sum() + (tail - gaps.size * 0.7**11) ** 2 / (
        gaps.size * 0.7**11
    )
    assert stats.chi2.sf(chi2, 11) > 1e-3


def test_rate_follows_a_series_and_its_seed():
    series = np.zeros((10, 3))
    series[4, 1] = series[7, 2] = 1.0
    trains = rate(series, 2 * ms)
    np.testing.assert_allclose(seconds(trains), [8e-3, 14e-3])
    assert trains.ids.tolist() == [1, 2]
    some = [rate([0.5] * 4, 1 * ms, 50 * ms, seed=s) for s in (1, 1, 2)]
    np.testing.assert_array_equal(some[0].ids, some[1].ids)
    assert some[0].ids.size != some[2].ids.size or (some[0].ids != some[2].ids).any()


def test_rate_does_not_depend_on_its_blocks(monkeypatch):
    whole = rate([0.2, 0.7], 1 * ms, 300 * ms, seed=5)
    monkeypatch.setattr("neurosim.encoders._BLOCK_DRAWS", 64)
    parts = rate([0.2, 0.7], 1 * ms, 300 * ms, seed=5)
    np.testing.assert_array_equal(seconds(whole), seconds(parts))
    np.testing.assert_array_equal(whole.ids, parts.ids)


def test_latency_is_when_a_leaky_integrator_crosses():
    x = np.array([0.1, 0.5, 0.51, 1.0, 1e9])
    trains = latency(x, 10 * ms, 0.5)
    order = np.argsort(trains.ids)
    t = seconds(trains)[order]
    assert trains.ids[order].tolist() == [2, 3, 4]
    charge = x[2:] * -np.expm1(-t / 10e-3)
    np.testing.assert_allclose(charge, 0.5, rtol=1e-12)
    np.testing.assert_allclose(t[1], 10e-3 * np.log(2))


def test_time_to_first_spike():
    trains = time_to_first_spike([0, 64, 255], 100 * ms, maximum=255)
    order = np.argsort(trains.ids)
    np.testing.assert_allclose(seconds(trains)[order], [0.1, 0.1 * 191 / 255, 0.0])
    assert seconds(time_to_first_spike([1.0, 2.0], 10 * ms)).max() == pytest.approx(5e-3)


def test_delta_previous_sample():
    signal = np.array([0.0, 0.4, 1.5, 1.4, 0.2, 0.2])
    on = delta(signal, 0.5, 1 * ms)
    np.testing.assert_allclose(seconds(on), [2e-3])
    both = delta(signal, 0.5, 1 * ms, off_spikes=True)
    np.testing.assert_allclose(seconds(both), [2e-3, 4e-3])
    assert both.ids.tolist() == [0, 1]


def test_delta_level_reconstructs_a_slow_signal():
    t = np.arange(0, 1, 1e-3)
    signal = np.stack([np.sin(2 * np.pi * t), np.cos(2 * np.pi * t)], axis=1)
    trains = delta(signal, 0.05, 1 * ms, off_spikes=True, reference="level")
    for k in range(2):
        up, down = seconds(trains)[trains.ids == k], seconds(trains)[trains.ids == 2 + k]
        level = signal[0, k] + 0.05 * (
            np.searchsorted(up, t + 1e-9) - np.searchsorted(down, t + 1e-9)
        )
        assert np.abs(level - signal[:, k]).max() < 0.05 + 2 * np.pi * 1e-3
    # no sample differs by the threshold from the one before
    assert delta(signal, 0.05, 1 * ms).ids.size == 0


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: rate([1.2], 1 * ms, 10 * ms), r"intensities.*\[0, 1\]"),
        (lambda: rate([0.2], 1 * ms), "duration"),
        (lambda: rate([0.2], 1 * ms, 10.5 * ms), "whole number"),
        (lambda: rate([[0.2]], 1 * ms, 10 * ms), "leave it out"),
        (lambda: rate([np.nan], 1 * ms, 10 * ms), "finite"),
        (lambda: rate("abc", 1 * ms, 10 * ms), "numbers"),
        (lambda: latency([1.0], 10 * ms, 0.0), "threshold"),
        (lambda: latency([[1.0]], 10 * ms, 0.5), "shape"),
        (lambda: time_to_first_spike([2.0], 10 * ms, maximum=1.0), "values"),
        (lambda: time_to_first_spike([0.0], 10 * ms), "maximum"),
        (lambda: delta([0, 1], -1.0, 1 * ms), "threshold"),
        (lambda: delta([0, 1], 1.0, 1 * ms, reference="last"), "reference"),
        (lambda: ns.pulse_packet(10, 2 * ms, 5 * ms), "five sigma"),
        (lambda: ns.pulse_packet(10, 1 * ms, 5 * ms, size=9), "size"),
    ],
)
def test_refused_by_name(call, words):
    with pytest.raises(DescriptionError, match=words):
        call()


def test_units_are_checked():
    with pytest.raises(DimensionError):
        rate([0.2], 1 * mV, 10 * ms)
    with pytest.raises(DimensionError):
        ns.pulse_packet(10, 1 * mV, 5 * ms)


def test_pulse_packet_is_normal_and_one_spike_each():
    """Null: times are normal(30 ms, 3 ms). Kolmogorov-Smirnov at 1e-3, seed 9."""
    packet = ns.pulse_packet(2000, 3 * ms, 30 * ms, seed=9)
    assert sorted(packet.ids) == list(range(2000))
    assert stats.kstest((seconds(packet) - 30e-3) / 3e-3, "norm").pvalue > 1e-3
    together = ns.pulse_packet(5, 0 * ms, 1 * ms)
    np.testing.assert_array_equal(seconds(together), 1e-3)


def test_trains_go_into_a_spike_source():
    net = ns.Network(seed=1)
    trains = time_to_first_spike([1.0, 0.5, 0.25], 20 * ms)
    source = net.spike_source("image", *trains, size=3)
    np.testing.assert_allclose(np.sort(source.times), [0, 10e-3, 15e-3])

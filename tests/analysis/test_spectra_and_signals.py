"""Spectra, synchrony, the field potential and distances: closed forms, SciPy, Elephant."""

import numpy as np
import pytest
import scipy.signal
from spike_samples import DURATION_MS, renewal

from neurosim.analysis import distances, signals, spectra
from neurosim.errors import AnalysisError


@pytest.mark.parametrize("segment", [None, 100, 257])
def test_welch_is_that_of_scipy(segment):
    values = np.random.default_rng(1).normal(size=3000)
    ours = spectra.welch(values, 1000.0, segment=segment)
    theirs = scipy.signal.welch(
        values, 1000.0, nperseg=segment or 375, detrend="constant", window="hann"
    )
    for a, b in zip(ours, theirs, strict=True):
        assert a == pytest.approx(b, rel=1e-10)


def test_welch_agrees_with_elephant():
    import neo
    import quantities as pq
    from elephant.spectral import welch_psd

    values = np.random.default_rng(2).normal(size=2000)
    signal = neo.AnalogSignal(values, units="mV", sampling_rate=1000 * pq.Hz)
    _, theirs = welch_psd(signal, len_segment=256)
    ours = spectra.welch(values, 1000.0, segment=256)[1]
    assert ours == pytest.approx(theirs.magnitude.ravel(), rel=1e-10)


def test_integral_of_the_spectrum_is_the_variance():
    values = np.random.default_rng(3).normal(size=100_000)
    frequencies, density = spectra.welch(values, 1000.0, segment=1000)
    assert density.sum() * frequencies[1] == pytest.approx(values.var(), rel=0.02)


def test_spectrum_of_poisson_neurons_is_flat_at_twice_the_rate_per_neuron():
    n, rate = 50, 20.0
    times, _ = renewal(n, rate, 1, seed=4)
    frequencies, density = spectra.rate_spectrum(times, n, 0.0, DURATION_MS)
    inside = (frequencies > 2) & (frequencies < 450)
    # Null: 2 r / n; each bin is the mean of about 39 half-overlapping periodograms, so its sd is
    # below 1/sqrt(19); neighbours are correlated by the window: at least a third independent.
    spread = 2 * rate / n / np.sqrt(19 * inside.sum() / 3)
    assert abs(density[inside].mean() - 2 * rate / n) < 4.4 * spread
    assert frequencies[1] == pytest.approx(1.0)


def test_peak_of_an_oscillation():
    rng = np.random.default_rng(5)
    t = np.arange(0, 10_000.0, 0.1)
    drive = 0.02 * (1 + np.sin(2 * np.pi * 40.0 * t / 1e3))
    times = t[rng.random(t.size) < drive]
    assert spectra.peak(*spectra.rate_spectrum(times, 1, 0.0, 10_000.0)) == pytest.approx(40.0)
    assert np.isnan(spectra.peak(*spectra.rate_spectrum(times[:0], 1, 0.0, 10_000.0)))


def test_spectrum_needs_samples():
    with pytest.raises(AnalysisError, match="at least 8"):
        spectra.rate_spectrum(np.empty(0), 1, 0.0, 5.0)


def test_chi_of_equal_and_independent_neurons():
    rng = np.random.default_rng(6)
    same = np.repeat(rng.normal(size=(1000, 1)), 25, axis=1)
    assert signals.golomb_chi(same) == pytest.approx(1.0)
    # Null: chi^2 = 1/n; relative sd of a variance sqrt(2 / samples); level 1e-5.
    apart = rng.normal(size=(20_000, 25))
    assert signals.golomb_chi(apart) ** 2 * 25 == pytest.approx(1.0, abs=4.4 * np.sqrt(2 / 20_000))
    # A common part with share c of the variance: chi^2 = c + (1 - c) / n.
    mixed = 0.6 * same[:1000] + 0.8 * apart[:1000]
    assert signals.golomb_chi(mixed) ** 2 == pytest.approx(0.36 + 0.64 / 25, abs=0.06)
    assert np.isnan(signals.golomb_chi(np.ones((5, 3))))
    with pytest.raises(AnalysisError, match="several neurons"):
        signals.golomb_chi(np.ones(5))


def test_field_potential_is_the_weighted_sum():
    step = 0.5
    exc, inh = np.zeros(100), np.zeros(100)
    exc[20] = -2.0
    inh[50] = 1.0
    found = signals.field_potential(exc, inh, step)
    raw = np.zeros(100)
    raw[20 + 12] = 2.0
    raw[50] = 1.65
    assert found == pytest.approx((raw - raw.mean()) / raw.std())
    absolute = signals.field_potential(exc, inh, step, weight=1.0, delay_ms=0.0)
    assert np.corrcoef(absolute, np.abs(exc) + np.abs(inh))[0, 1] == pytest.approx(1.0)
    assert not signals.field_potential(np.ones(5), np.ones(5), step).any()
    with pytest.raises(AnalysisError, match="same times"):
        signals.field_potential(exc, inh[:-1], step)


def test_victor_purpura_by_hand():
    a, b = [1.0, 5.0], [1.5, 9.0, 20.0]
    assert distances.victor_purpura(a, b, 0.0) == 1.0
    assert distances.victor_purpura(a, b, 1e6) == 5.0
    assert distances.victor_purpura(a, b, 0.1) == pytest.approx(0.05 + 0.4 + 1.0)
    assert distances.victor_purpura([], b, 1.0) == 3.0
    assert distances.victor_purpura(a, [], 1.0) == 2.0
    with pytest.raises(AnalysisError, match=">= 0"):
        distances.victor_purpura(a, b, -1.0)


def test_van_rossum_by_hand():
    assert distances.van_rossum([5.0], [], 10.0) ** 2 == pytest.approx(0.5)
    assert distances.van_rossum([5.0], [5000.0], 10.0) ** 2 == pytest.approx(1.0)
    assert distances.van_rossum([5.0, 7.0], [5.0, 7.0], 10.0) == 0.0
    expected = 1 - np.exp(-0.3)
    assert distances.van_rossum([5.0], [8.0], 10.0) ** 2 == pytest.approx(expected)
    with pytest.raises(AnalysisError, match="positive"):
        distances.van_rossum([5.0], [8.0], 0.0)


def test_distances_agree_with_elephant():
    import neo
    import quantities as pq
    from elephant.spike_train_dissimilarity import van_rossum_distance, victor_purpura_distance

    first, _ = renewal(1, 40.0, 1, seed=7, duration_ms=1000.0)
    second, _ = renewal(1, 30.0, 1, seed=8, duration_ms=1000.0)
    trains = [neo.SpikeTrain(t, units="ms", t_stop=1000.0) for t in (first, second)]
    theirs = victor_purpura_distance(trains, cost_factor=50 * pq.Hz)[0, 1]
    assert distances.victor_purpura(first, second, 0.05) == pytest.approx(theirs, rel=1e-10)
    theirs = van_rossum_distance(trains, time_constant=20 * pq.ms)[0, 1]
    ours = distances.van_rossum(first, second, 20.0)
    assert ours * np.sqrt(2) == pytest.approx(theirs, rel=1e-10)

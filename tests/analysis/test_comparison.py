"""Two recordings beside each other: by hand, against SciPy, and from files."""

import json
import math
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import maximum_bipartite_matching
from spike_samples import renewal

import neurosim as ns
from neurosim.analysis.coincidences import coincidence_factor, partners, trains_of
from neurosim.analysis.distances import van_rossum, victor_purpura
from neurosim.analysis.two_samples import kolmogorov_tail, ks_test
from neurosim.cli.main import main
from neurosim.errors import AnalysisError
from neurosim.recording import Layout, PopulationLayout, RecordingWriter

N, STOP_MS, WARMUP_MS = 40, 4000.0, 500.0


def record(path, spikes, *, dt=0.1, seed=1, n=N, name="E", stop_ms=STOP_MS, extra=()):
    """A recording of one population, and sources; ``spikes``: (times in ms, ids)."""
    layout = Layout(
        (PopulationLayout(name, 0, n), PopulationLayout("gen", n, 2, kind="source"), *extra),
        (),
        description={"run": {"scale": 0.5, "settings": {"weight": f"{seed} mV"}}},
    )
    steps = np.rint(np.asarray(spikes[0]) / dt).astype(np.int64)
    ids = np.asarray(spikes[1], np.int64)
    kept = steps < round(stop_ms / dt)
    steps, ids = steps[kept], ids[kept]
    order = np.lexsort((ids, steps))
    with RecordingWriter(path, layout, dt, warmup_ms=WARMUP_MS, seed=seed) as writer:
        chunk = SimpleNamespace(first_step=0, n_steps=round(stop_ms / dt), states=[])
        chunk.spike_steps, chunk.spike_ids = steps[order], ids[order]
        writer.append(chunk)
        writer.finish({"timings": {"simulate_s": 1.0}, "bytes_per_synapse": 8.0})
    return path


@pytest.fixture(scope="module")
def spikes():
    times, ids = renewal(N, 20.0, 3, seed=5, duration_ms=STOP_MS)
    _, first = np.unique(np.column_stack([np.rint(times / 0.1), ids]), axis=0, return_index=True)
    first.sort()
    return np.rint(times[first] / 0.1) * 0.1, ids[first]


@pytest.fixture
def reference(tmp_path, spikes):
    return record(tmp_path / "a.h5", spikes)


@pytest.mark.parametrize(("m", "n"), [(1, 1), (5, 7), (30, 40), (3, 100), (100, 100)])
def test_exact_p_value_is_that_of_scipy(m, n):
    rng = np.random.default_rng(m * n)
    for shift in (0.0, 0.4, 1.5):
        a, b = rng.normal(size=m), rng.normal(shift, size=n)
        expected = stats.ks_2samp(a, b, method="exact")
        assert ks_test(a, b) == pytest.approx((expected.statistic, expected.pvalue), rel=1e-9)


def test_p_value_of_large_samples():
    rng = np.random.default_rng(2)
    for shift in (0.0, 0.05, 0.1):
        a, b = rng.normal(size=800), rng.normal(shift, size=600)
        expected = stats.ks_2samp(a, b, method="exact")  # Stephens' error: a few percent
        assert ks_test(a, b) == pytest.approx((expected.statistic, expected.pvalue), rel=0.06)
    for value in (0.02, 0.05, 0.3, 0.99, 1.0, 1.01, 2.0, 4.0):
        assert kolmogorov_tail(value) == pytest.approx(stats.kstwobign.sf(value), rel=1e-12)


def test_p_values_are_uniform_under_the_null_and_nan_without_values():
    # Null: p of samples of one distribution is uniform; chi2 of 10 bins, level 1e-4; seed fixed.
    rng = np.random.default_rng(3)
    found = [ks_test(rng.normal(size=150), rng.normal(size=170))[1] for _ in range(500)]
    assert stats.chisquare(np.histogram(found, 10, (0, 1))[0]).pvalue > 1e-4
    assert all(math.isnan(x) for x in ks_test([], [1.0]))
    assert ks_test([1.0, 2.0], [1.0, 2.0]) == (0.0, 1.0)
    few, many = (ks_test(np.arange(99.0), np.arange(99.0) + 50, (k, k))[1] for k in (5, 99))
    assert many < 1e-6
    assert few > 0.3


trains = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 2)), max_size=25, unique=True)


@settings(max_examples=150, deadline=None)
@given(trains, trains, st.sampled_from([0.0, 1.0, 2.5]))
def test_partners_are_as_many_as_there_can_be(first, second, window):
    a, b = (
        (np.array([t for t, _ in x], float), np.array([i for _, i in x], np.int64))
        for x in (sorted(first), sorted(second))
    )
    found_a, found_b = partners(a, b, 3, window)
    near = (np.abs(a[0][:, None] - b[0]) <= window) & (a[1][:, None] == b[1])
    most = 0
    if near.size:
        most = int((maximum_bipartite_matching(csr_matrix(near), perm_type="column") >= 0).sum())
    assert found_a.sum() == found_b.sum() == most
    for paired, rows in ((found_a, near), (found_b, near.T)):
        assert all(row.any() for row in rows[paired])


def test_coincidences_by_hand():
    # 6 of 8 and 8 spikes, 2 * 8 * 8 * 0.01 = 1.28 by chance
    counts = np.array([8])
    assert coincidence_factor(6, counts, counts, 0.01) == pytest.approx((6 - 1.28) / (8 - 1.28))
    assert coincidence_factor(8, counts, counts, 0.01) == pytest.approx(1.0)
    assert math.isnan(coincidence_factor(0, counts * 0, counts * 0, 0.01))
    found = trains_of((np.array([1.0, 2.0, 3.0]), np.array([1, 0, 1])), np.array([2, 1]))
    assert [x.tolist() for x in found] == [[], [1.0, 3.0]]


def test_a_recording_and_itself(reference):
    found = ns.compare(reference, reference)
    assert found.identical
    assert found.first_difference is None
    assert found.settings == {}
    one = found.populations["E"]
    assert (one.rate.ks, one.rate.p, one.rate.shift) == (0.0, 1.0, 0.0)
    assert one.trains.shared == one.trains.coincidence == pytest.approx(1.0)
    assert one.trains.victor_purpura == one.trains.van_rossum == 0.0
    assert one.trains.victor_purpura_others > 0.5
    assert one.trains.rate_pattern == pytest.approx(1.0)
    assert "all spikes are the same" in str(found)
    assert "gen" not in found.populations  # a source is no neuron, and yet is compared


def test_one_spike_that_moved(tmp_path, spikes, reference):
    times, ids = spikes[0].copy(), spikes[1]
    k = int(np.flatnonzero(times > 1000)[0])
    times[k] += 0.1
    found = ns.compare(reference, record(tmp_path / "b.h5", (times, ids)))
    assert not found.identical
    first = found.first_difference
    assert (first.time_ms, first.neuron, first.only_in) == (
        pytest.approx(spikes[0][k]), ids[k], "a",
    )  # fmt: skip
    assert first.same_before == k
    one = found.populations["E"]
    assert one.trains.shared == 1.0  # within the window
    total = 2 * np.count_nonzero(times >= WARMUP_MS)
    assert one.trains.victor_purpura == pytest.approx(0.1 / total, rel=1e-6)
    assert 0 < one.trains.van_rossum < 1e-4


def test_the_first_difference_may_be_a_source_and_before_the_warmup_ends(tmp_path, spikes):
    times, ids = (np.append(x, y) for x, y in zip(spikes, (100.0, N + 1), strict=True))
    a = record(tmp_path / "a.h5", spikes)
    found = ns.compare(a, record(tmp_path / "b.h5", (times, ids)))
    first = found.first_difference
    assert (first.population, first.neuron, first.time_ms, first.only_in) == ("gen", 1, 100.0, "b")
    assert found.populations["E"].trains.shared == 1.0


def test_numbers_are_those_of_the_functions(tmp_path, spikes, reference):
    other = renewal(N, 30.0, 1, seed=6, duration_ms=3000.0)
    found = ns.compare(
        reference, record(tmp_path / "b.h5", other, stop_ms=3000.0), window_ms=4.0, tau_ms=20.0
    )
    assert (found.looks.start_ms, found.looks.stop_ms) == (500.0, 3000.0)
    both = []
    for run in (ns.read(reference), ns.read(tmp_path / "b.h5")):
        both.append([run["E"].trains(ids=[k], start=500, stop=3000)[0] for k in range(N)])
    rates = [np.array([x.size for x in run]) / 2.5 for run in both]
    one = found.populations["E"]
    expected = stats.ks_2samp(*rates, method="exact")
    assert (one.rate.ks, one.rate.p) == pytest.approx((expected.statistic, expected.pvalue))
    assert one.rate.shift == pytest.approx(rates[1].mean() - rates[0].mean())
    assert one.trains.rate_change == pytest.approx(one.rate.shift)
    change = rates[1] - rates[0]
    assert one.trains.rate_change_se == pytest.approx(change.std(ddof=1) / np.sqrt(N))
    total = sum(x.size for run in both for x in run)
    assert one.trains.n_neurons == N
    moves = sum(victor_purpura(x, y, 0.5) for x, y in zip(*both, strict=True))
    squares = sum(van_rossum(x, y, 20.0) ** 2 for x, y in zip(*both, strict=True))
    assert one.trains.victor_purpura == pytest.approx(moves / total)
    assert one.trains.van_rossum == pytest.approx(2 * squares / total)
    # Null: gamma of order 3 and Poisson; their CVs 0.58 and 1 are told apart.
    assert one.cv.p < 1e-6


def test_unrelated_trains_coincide_as_by_chance(tmp_path, spikes, reference):
    # Null: coincidence 0, within 4 sd of a Poisson number of pairs; level 6e-5, seed fixed. That
    # a spike has one partner only takes off 2 r window = 1 %.
    other = record(tmp_path / "b.h5", renewal(N, 20.0, 1, seed=8, duration_ms=STOP_MS))
    found = ns.compare(reference, other, window_ms=0.25).populations["E"]
    total = (found.spikes_a + found.spikes_b) / 2
    pairs = found.trains.shared * total
    assert 5 < pairs < total / 20
    assert abs(found.trains.coincidence) < (4 * math.sqrt(pairs) + 0.01 * pairs) / total


def test_time_steps_may_differ(tmp_path, spikes, reference):
    coarse = (np.ceil(spikes[0] - 1e-9), spikes[1])
    found = ns.compare(reference, record(tmp_path / "b.h5", coarse, dt=1.0, seed=3))
    assert found.tolerance_ms == 1.0  # and what is that near to the end may lie beyond it
    assert found.first_difference is None
    assert found.settings["dt_ms"] == (0.1, 1.0)
    assert found.settings["settings.weight"] == ("1 mV", "3 mV")
    assert "(to within 1 ms)" not in str(found)


def test_sizes_may_differ_and_populations_be_missing(tmp_path, spikes, reference):
    few = spikes[1] < N // 2
    extra = (PopulationLayout("I", N // 2 + 2, 3),)
    path = record(tmp_path / "b.h5", (spikes[0][few], spikes[1][few]), n=N // 2, extra=extra)
    found = ns.compare(reference, path)
    one = found.populations["E"]
    assert (one.size_a, one.size_b) == (N, N // 2)
    assert one.trains is None
    assert not found.identical
    assert found.only_b == ("I",)
    assert "only in b: I" in str(found)


def test_what_cannot_be_compared(tmp_path, spikes, reference):
    other = record(tmp_path / "b.h5", spikes, name="X")
    with pytest.raises(AnalysisError, match=r"no population of neurons .* has E, gen; .* X, gen"):
        ns.compare(reference, other)
    with pytest.raises(AnalysisError, match="nothing to analyse between 5000 ms"):
        ns.compare(reference, reference, 5000.0)
    with pytest.raises(AnalysisError, match="window_ms is 0"):
        ns.compare(reference, reference, window_ms=0)
    with pytest.raises(AnalysisError, match="no 'windows'"):
        ns.compare(reference, reference, windows=1)


def test_command(tmp_path, spikes, reference, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    other = record(tmp_path / "b.h5", renewal(N, 25.0, 1, seed=9, duration_ms=STOP_MS), seed=2)

    def invoke(*words):
        capsys.readouterr()
        with pytest.raises(SystemExit) as stop:
            main(list(map(str, words)))
        return stop.value.code, *capsys.readouterr()

    code, out, _ = invoke("compare", "a.h5", "b.h5", "-o", "ab.png", "--from", "1s")
    assert code == 0
    assert "seed             1 | 2" in out
    assert "from 1000 ms to 4000 ms" in out
    assert (tmp_path / "ab.png").read_bytes()[:4] == b"\x89PNG"
    code, out, _ = invoke("compare", "a.h5", "b.h5", "--json", "--window", "1ms")
    values = json.loads(out)
    assert values["looks"]["window_ms"] == 1.0
    assert values["populations"]["E"]["rate"]["ks"] > 0.1
    assert invoke("compare", "a.h5", "a.h5", "--output", "same.png")[0] == 0
    code, _, err = invoke("compare", "a.h5", "b.h5", "-o", other)
    assert code == 1
    assert "a figure is a picture" in err
    assert invoke("compare", "a.h5", "missing.h5")[0] == 1

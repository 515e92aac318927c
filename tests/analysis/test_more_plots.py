"""Every kind of picture shows the numbers of the functions it is named after."""

import io
from types import SimpleNamespace

import numpy as np
import pytest
from spike_samples import on_grid, renewal

from neurosim.analysis import counts, intervals
from neurosim.analysis.correlograms import Bins, auto_correlogram, pair_correlogram
from neurosim.analysis.plots import KINDS
from neurosim.analysis.signals import golomb_chi
from neurosim.analysis.spectra import rate_spectrum
from neurosim.cli.plot import KINDS as OFFERED
from neurosim.errors import AnalysisError, UnknownNameError
from neurosim.recording import (
    Layout,
    PlatformLayout,
    PopulationLayout,
    ProjectionLayout,
    RecordingWriter,
    StateLayout,
    read,
)
from neurosim.recording.synapse_layout import TABLE, SynapseLayout

STOP_MS = 2000.0
OF_RECORDERS = ("trace", "lfp", "structure", "weights", "load")
POPULATION_KINDS = [kind for kind in KINDS if kind not in OF_RECORDERS]
LOAD = np.random.default_rng(4).integers(0, 50, (20, 7))
WEIGHTS = np.random.default_rng(3).uniform(0, 1, (5, 100))
SYNAPSES = (
    SynapseLayout("p.w", "p", "w", "nS", "all", 5000),
    SynapseLayout("p.w:2", "p", "w", "nS", "chosen", 5000,
                  positions=np.array([4, 2]), table=np.zeros(2, TABLE)),
    SynapseLayout("p.c", "p", "c", "1", "histogram", 5000, edges=np.linspace(0.2, 1, 9)),
)  # fmt: skip


def write(path, names=("E", "I"), sizes=(40, 20), states=True):
    """Poisson spikes; voltages of three neurons of the first population; field potential."""
    first = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    name = names[0]
    recorders = (
        StateLayout(f"{name}.v", name, "v", "mV", np.arange(3), 10, 1e3, "float64"),
        StateLayout("m", name, "mean(v)", "mV", np.arange(3), 10, 1e3 / 3, "float64", 0, "mean"),
        StateLayout(f"{name}-lfp_exc", name, "sum(abs(a))", "pA", np.arange(3), 10, reduce="sum"),
        StateLayout(f"{name}-lfp_inh", name, "sum(abs(b))", "pA", np.arange(3), 10, reduce="sum"),
    )
    layout = Layout(
        tuple(PopulationLayout(n, int(f), s) for n, f, s in zip(names, first, sizes, strict=True)),
        (ProjectionLayout("p", name, name, sizes[0], sizes[0], "v"),) if states else (),
        recorders if states else (),
        synapses=SYNAPSES if states else (),
        structures=("p",) if states else (),
        platform=PlatformLayout("box") if states else None,
    )
    times, ids = on_grid(*renewal(sum(sizes), 20.0, 2, seed=1, duration_ms=STOP_MS - 1))
    rng = np.random.default_rng(2)
    v = rng.normal(-60e-3, 5e-3, (2000, 3))
    with RecordingWriter(path, layout, 0.1, warmup_ms=100.0) as writer:
        writer.append(
            SimpleNamespace(
                first_step=0, n_steps=20_000, spike_steps=np.rint(times * 10).astype(np.int64),
                spike_ids=ids,
                states=[v, v.sum(axis=1, keepdims=True), v[:, :1], v[:, 1:2]] if states else [],
            )
        )  # fmt: skip
        if states:
            write_weights(writer.synapses)
            writer.structure.append(
                SimpleNamespace(projection="p", step=s, created=3, deleted=2, n_synapses=100 + s)
                for s in (5000, 9000)
            )
        writer.machine.finish({}, LOAD, 100.0)
        writer.finish({})
    return read(path)


def write_weights(store):
    """Five samples of a hundred synapses, half a second apart."""
    steps = np.arange(5) * 5000
    store.add_table("p", 0, [np.zeros(100, TABLE)])
    for step, values in zip(steps, WEIGHTS, strict=True):
        store.add_values(0, int(step), [values])
    store.add_rows(1, steps, WEIGHTS[:, [4, 2]])
    place = np.searchsorted(SYNAPSES[2].edges, WEIGHTS, side="right")
    store.add_rows(2, steps, np.array([np.bincount(row, minlength=10) for row in place]))


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    return write(tmp_path_factory.mktemp("plots") / "run.h5")


@pytest.fixture(scope="module")
def layers(tmp_path_factory):
    names = ("L23E", "L23I", "L4E", "L4I", "L5E", "L5I")
    return write(tmp_path_factory.mktemp("plots") / "layers.h5", names, (20, 10) * 3, states=False)


def rendered(figure):
    """Draw it, as saving does, but small."""
    figure.savefig(io.BytesIO(), dpi=30)


def test_the_command_offers_every_kind():
    assert tuple(KINDS) == OFFERED


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_drawn_and_saved(recording, tmp_path, kind):
    figure = recording.plot(kind, tmp_path / "x.pdf", title="A network")
    assert (tmp_path / "x.pdf").stat().st_size > 5000
    labels = [a.get_xlabel() for a in figure.axes] + [t.get_text() for t in figure.texts]
    labels += [figure.get_supxlabel()]
    assert any(labels)


@pytest.mark.parametrize("kind", POPULATION_KINDS)
def test_layers_and_single_populations(layers, tmp_path, kind):
    rendered(layers.plot(kind))
    alone = write(tmp_path / "one.h5", ("cell",), (1,), states=False)
    rendered(alone.plot(kind))


@pytest.mark.parametrize("kind", POPULATION_KINDS)
def test_silent_populations(tmp_path, kind):
    layout = Layout((PopulationLayout("E", 0, 5), PopulationLayout("I", 5, 5)))
    none = np.empty(0, np.int64)
    with RecordingWriter(tmp_path / "run.h5", layout, 0.1) as writer:
        writer.append(
            SimpleNamespace(
                first_step=0, n_steps=10_000, spike_steps=none, spike_ids=none, states=[]
            )
        )
        writer.finish({})
    rendered(read(tmp_path / "run.h5").plot(kind))


def spikes(recording, name):
    return *recording.spikes(name, 100.0, STOP_MS), recording.populations[name].size


def test_isi_shows_the_histogram(recording):
    (axes,) = recording.plot("isi", bin_ms=5.0, max_ms=100.0).axes
    shown = [p.get_data().values for p in axes.patches if not p.get_fill()]
    for values, name in zip(shown, ("E", "I"), strict=True):
        expected = intervals.isi_histogram(*spikes(recording, name), bin_ms=5.0, max_ms=100.0)[1]
        assert np.array_equal(values, expected)
    assert axes.get_xlabel() == "Inter-spike interval (ms)"


def test_cv_has_a_panel_for_each_measure(recording):
    figure = recording.plot("cv")
    assert [a.get_xlabel().split()[0] for a in figure.axes] == ["CV", "CV2", "LV", "LvR"]
    medians = [line for line in figure.axes[2].lines if line.get_color() == "black"]
    expected = np.median(intervals.lv(*spikes(recording, "E")))
    assert any(line.get_xdata()[0] == pytest.approx(expected) for line in medians)


def test_fano_shows_the_means(recording):
    (axes,) = recording.plot("fano").axes
    line = axes.lines[1]
    window = float(line.get_xdata()[3])
    train = spikes(recording, "E")
    expected = counts.fano_factors(*train, 100.0, STOP_MS, window_ms=window).mean()
    assert line.get_ydata()[3] == pytest.approx(expected)


def test_spectrum_and_correlograms_show_their_functions(recording):
    times, ids, n = spikes(recording, "E")
    line = recording.plot("spectrum").axes[0].lines[0]
    frequencies, density = rate_spectrum(times, n, 100.0, STOP_MS)
    assert np.array_equal(line.get_xdata(), frequencies[1:])
    assert np.array_equal(line.get_ydata(), density[1:])
    bins = Bins(100.0, STOP_MS, 1.0, 100.0)
    line = recording.plot("autocorrelogram").axes[0].lines[1]
    assert np.array_equal(line.get_ydata(), auto_correlogram(times, ids, n, bins))
    figure = recording.plot("crosscorrelogram")
    assert len(figure.axes) == 3
    assert np.array_equal(
        figure.axes[0].lines[0].get_ydata(), pair_correlogram(times, ids, n, bins)
    )
    assert len(recording.plot("crosscorrelogram", populations=["I"]).axes) == 1


def test_synchrony_shows_chi_where_voltages_were_recorded(recording, layers):
    figure = recording.plot("synchrony")
    trace = recording.states("E", "v", start=100.0)
    assert figure.axes[1].patches[0].get_width() == pytest.approx(golomb_chi(trace.values))
    assert len(layers.plot("synchrony").axes) == 1


def test_trace_shows_what_was_recorded(recording):
    figure = recording.plot("trace", start_ms=200.0, stop_ms=300.0, max_neurons=2)
    mean, v = figure.axes
    assert v.get_ylabel() == "v (mV)"
    found = recording.states("E", "v", ids=[0, 1], start=200.0, stop=300.0)
    for line, values in zip(v.lines, found.values.T, strict=True):
        assert np.array_equal(line.get_ydata(), values)
    assert len(v.collections) == 2  # spikes
    assert mean.get_ylabel() == "mean(v) (mV)"
    assert len(recording.plot("trace", variables=["v"]).axes) == 1


def test_lfp_shows_the_proxy(recording):
    line = recording.plot("lfp", weight=1.0, delay_ms=0.0).axes[0].lines[0]
    times, signal = recording["E"].lfp(100.0, STOP_MS, weight=1.0, delay_ms=0.0)
    assert np.array_equal(line.get_ydata(), signal)
    assert np.array_equal(line.get_xdata(), times)


def test_what_is_missing_is_said(layers):
    with pytest.raises(AnalysisError, match=r"network\.record\("):
        layers.plot("trace")
    with pytest.raises(AnalysisError, match="record_lfp"):
        layers.plot("lfp")
    with pytest.raises(AnalysisError, match="twice as long"):
        layers.plot("autocorrelogram", stop_ms=150.0)
    with pytest.raises(AnalysisError, match="too short"):
        layers.plot("fano", stop_ms=110.0)
    with pytest.raises(AnalysisError, match="does not fit"):
        layers.plot("sparseness", stop_ms=150.0)
    with pytest.raises(UnknownNameError, match="crosscorrelogram"):
        layers.plot("crosscorrelogram", populations=["L9"])


def test_weights_show_the_shares_of_the_bins(recording):
    figure = recording.plot("weights", bins=10, start_ms=0.0)
    shares, last = WEIGHTS, figure.axes[1]
    found = [p.get_data().values for p in last.patches]
    ends = np.linspace(shares.min(), shares.max(), 11)
    for values, sample in ((found[0], 0), (found[1], 4)):
        np.testing.assert_allclose(values, np.histogram(shares[sample], ends)[0])
    lines = next(a for a in figure.axes if a.lines and a.get_ylabel() == "p\nw (nS)").lines
    np.testing.assert_array_equal([line.get_ydata() for line in lines], WEIGHTS[:, [4, 2]].T)
    counted = recording.synapses("p").histogram("c")
    assert "outside" in figure.axes[-2].get_title() + figure.axes[-1].get_title()
    np.testing.assert_array_equal(counted.below, (WEIGHTS < 0.2).sum(axis=1))


def test_load_shows_every_core_and_the_busiest(recording):
    above, below = recording.plot("load").axes[:2]
    (mesh,) = above.collections
    np.testing.assert_allclose(np.asarray(mesh.get_array()).reshape(7, 20), LOAD.T / 100.0)
    busiest, mean = (patch.get_data().values for patch in below.patches)
    np.testing.assert_allclose(busiest, LOAD.max(axis=1) / 100.0)
    np.testing.assert_allclose(mean, LOAD.mean(axis=1) / 100.0)


def test_load_of_a_run_on_no_machine(layers):
    with pytest.raises(AnalysisError, match="no load of cores"):
        layers.plot("load")


def test_weights_that_were_not_recorded(layers):
    with pytest.raises(AnalysisError, match="record_histogram"):
        layers.plot("weights")

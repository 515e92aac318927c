"""Pictures show what is in the recording."""

from types import SimpleNamespace

import numpy as np
import pytest

from neurosim.analysis.groups import EXCITATORY, INHIBITORY, arrange
from neurosim.errors import AnalysisError, UnknownNameError
from neurosim.recording import Layout, PopulationLayout, RecordingWriter, read

NAMES = ["L23E", "L23I", "L4E", "L4I"]


def write(path, names=NAMES, sizes=(40, 10, 40, 10), stop=3000):
    rng = np.random.default_rng(1)
    first = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    layout = Layout(
        tuple(PopulationLayout(n, int(f), s) for n, f, s in zip(names, first, sizes, strict=True))
    )
    steps = np.sort(rng.integers(0, stop, 2000))
    with RecordingWriter(path, layout, 0.1, warmup_ms=50.0) as writer:
        writer.append(
            SimpleNamespace(
                first_step=0,
                n_steps=stop,
                spike_steps=steps,
                spike_ids=rng.integers(0, sum(sizes), 2000),
                states=[],
            )
        )
        writer.finish({})
    return read(path)


@pytest.fixture
def recording(tmp_path):
    return write(tmp_path / "run.h5")


def test_layers_are_grouped_by_name():
    groups = arrange(["L23E", "L23I", "L4E", "L4I"])
    assert [g.label for g in groups] == ["L2/3", "L4"]
    assert groups[0].members == {"L23E": EXCITATORY, "L23I": INHIBITORY}
    assert [g.label for g in arrange(["E", "I"])] == [""]
    assert [g.label for g in arrange(["v1_exc", "v1_inh"])] == ["v1"]


def test_other_names_are_groups_of_their_own():
    groups = arrange(["thalamus", "cortexE", "cortexI"])
    assert [g.label for g in groups] == ["thalamus", "cortexE", "cortexI"]
    assert len({c for g in groups for c in g.members.values()}) == 3


def test_raster_has_a_dot_for_every_spike_first_population_on_top(recording):
    figure = recording.plot("raster")
    top, *panels = figure.axes
    dots = [line for line in top.lines if line.get_marker() == "o"]
    assert len(dots) == 4
    assert len(panels) == 2
    for line, name in zip(dots, NAMES, strict=True):
        times, ids = recording.spikes(name, 50.0)
        assert np.array_equal(line.get_xdata(), times)
        row = {"L23E": 100, "L23I": 60, "L4E": 50, "L4I": 10}[name]
        assert np.array_equal(line.get_ydata(), row - 0.5 - ids)
    assert top.get_xlim() == (50.0, 300.0)
    assert [t.get_text() for t in top.get_yticklabels()] == ["L2/3", "L4"]


def test_large_populations_are_thinned_evenly(recording):
    figure = recording.plot("raster", max_neurons=50)
    dots = [line for line in figure.axes[0].lines if line.get_marker() == "o"]
    times, ids = recording.spikes("L23E", 50.0)
    assert np.array_equal(dots[0].get_xdata(), times[ids % 2 == 0])
    assert "1 of 2" in figure.axes[0].get_ylabel()


def test_rate_panels_show_the_mean_rate(recording):
    panel = recording.plot("raster").axes[1]
    for line, name in zip(panel.lines, NAMES[:2], strict=True):
        # Smoothing keeps the mean but for the ends.
        assert np.mean(line.get_ydata()) == pytest.approx(recording.rates()[name], rel=0.02)


def test_rates_has_a_box_for_every_population(recording):
    figure = recording.plot("rates")
    boxes = figure.axes[-1]
    assert [t.get_text() for t in boxes.get_yticklabels()] == NAMES
    assert boxes.yaxis.get_inverted()


@pytest.mark.parametrize("kind", ["raster", "rates"])
@pytest.mark.parametrize("suffix", ["png", "pdf"])
def test_pictures_are_saved(recording, tmp_path, kind, suffix):
    recording.plot(kind, tmp_path / f"picture.{suffix}", title="A network")
    assert (tmp_path / f"picture.{suffix}").stat().st_size > 10_000


def test_nothing_global_changes(recording):
    import matplotlib

    before = dict(matplotlib.rcParams)
    recording.plot("raster")
    assert dict(matplotlib.rcParams) == before


def test_silent_single_neuron(tmp_path):
    lone = write(tmp_path / "one.h5", ["cell"], (1,))
    lone.plot("raster", start_ms=100.0, stop_ms=100.5)
    lone.plot("rates", start_ms=100.0, stop_ms=100.5)


def test_errors_say_what_to_do(recording, tmp_path):
    with pytest.raises(UnknownNameError, match=r"Known: .*raster, rates"):
        recording.plot("histogram")
    with pytest.raises(AnalysisError, match="existing folder"):
        recording.plot("raster", tmp_path / "missing" / "x.png")
    with pytest.raises(AnalysisError, match="png"):
        recording.plot("raster", tmp_path / "x.docx")
    with pytest.raises(AnalysisError, match="nothing to analyse"):
        recording.plot("raster", start_ms=1e6)


def test_no_recorded_spikes(tmp_path):
    layout = Layout((PopulationLayout("E", 0, 5, spikes=False),))
    with RecordingWriter(tmp_path / "run.h5", layout, 0.1) as writer:
        writer.append(
            SimpleNamespace(
                first_step=0,
                n_steps=100,
                spike_steps=np.empty(0, np.int64),
                spike_ids=np.empty(0, np.int64),
                states=[],
            )
        )
        writer.finish({})
    with pytest.raises(AnalysisError, match="no spikes"):
        read(tmp_path / "run.h5").plot("raster")

"""Slow switching of clusters and how a stimulus stills it, after Litwin-Kumar & Doiron (2012).

Spike counts of a network with clusters of excitatory neurons vary more than those of a Poisson
process, the more the longer they are counted; those of a uniform network vary less. A stimulus
to some clusters makes the counts less variable.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..analysis import canvas
from ..analysis.counts import fano_factors
from ..analysis.groups import EXCITATORY, INHIBITORY
from ..experiment import Experiment
from ..networks.clustered import N_CLUSTERS, STIMULUS, clustered
from ..results import Check, Results
from ..runs import Runs
from ..settings import Setting
from ..units import ms, second  # type: ignore[attr-defined]

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..recording import Recording

WINDOWS_MS = (25.0, 50.0, 100.0, 200.0, 400.0)
_COUNT_MS, _STEP_MS = 100.0, 25.0
_BEFORE_MS, _ON_MS, _BASELINE_MS = 1000.0, 400.0, 400.0
_STIMULATED = 5  # clusters
_CORRELATION_MS = 50.0
_SHOWN_MS, _SHOWN_CLUSTERS = 2000.0, 20
_PAPER = "Litwin-Kumar & Doiron 2012, Figs. 2, 3 and 5"
Spikes = tuple[NDArray[np.float64], NDArray[np.int64]]


@dataclass(frozen=True)
class Spontaneous:
    """Variability of a network without stimulus; Fano factors by window of :data:`WINDOWS_MS`."""

    recording: Recording
    fano: NDArray[np.float64]
    same: NDArray[np.float64]  # correlations of pairs in one cluster
    other: NDArray[np.float64]


@dataclass(frozen=True)
class Evoked:
    """Fano factor over trials, of the stimulated neurons, in windows centred at ``times_ms``."""

    times_ms: NDArray[np.float64]
    fano: NDArray[np.float64]
    rate_hz: NDArray[np.float64]

    def mean(self, start_ms: float, stop_ms: float) -> float:
        """Return the mean Fano factor of windows that lie within a stretch of time."""
        half = _COUNT_MS / 2
        inside = (self.times_ms - half >= start_ms) & (self.times_ms + half <= stop_ms)
        return float(np.nanmean(self.fano[inside]))


def perform(
    runs: Runs, trials: int = 30, ratio: float = 2.5, clusters: int = N_CLUSTERS
) -> Results:
    """Simulate the uniform and the clustered network, then the clustered one with a stimulus."""
    uniform = _spontaneous(
        runs.simulate("uniform", clustered(runs.scale, runs.seed, clusters=1)), clusters
    )
    network = clustered(runs.scale, runs.seed, clusters=clusters, ratio=ratio)
    grouped = _spontaneous(runs.simulate("clustered", network), clusters)
    network = clustered(runs.scale, runs.seed, clusters=clusters, ratio=ratio)
    evoked = _evoked(runs, network, trials, clusters)
    metrics = {
        "windows_ms": list(WINDOWS_MS),
        "fano_uniform": uniform.fano,
        "fano_clustered": grouped.fano,
        "correlation_same_cluster": float(grouped.same.mean()),
        "correlation_other_cluster": float(grouped.other.mean()),
        "fano_before_stimulus": evoked.mean(-_BASELINE_MS, 0.0),
        "fano_during_stimulus": evoked.mean(100.0, _ON_MS),
        "rates_hz": {"uniform": uniform.recording.rates(), "clustered": grouped.recording.rates()},
    }
    return Results(
        metrics=metrics,
        checks=_checks(uniform, grouped, metrics) if runs.scale == 1 else [],
        figure=_figure(uniform, grouped, evoked, clusters),
    )


def _spontaneous(recording: Recording, clusters: int) -> Spontaneous:
    n = recording.populations["E"].size
    start, stop = recording.warmup_ms, recording.stop_ms
    times, ids = recording.spikes("E", start)
    fano = [
        float(np.nanmean(fano_factors(times, ids, n, start, stop, window_ms=window)))
        if stop - start >= 2 * window
        else float("nan")
        for window in WINDOWS_MS
    ]
    same, other = _pairs((times - start, ids), n, stop - start, n // clusters)
    return Spontaneous(recording, np.array(fano), same, other)


def _pairs(
    spikes: Spikes, n: int, length_ms: float, size: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return correlations of spike counts of pairs of active neurons: same cluster, other."""
    counts = _counts(spikes, n, length_ms, _CORRELATION_MS)
    active = np.flatnonzero(counts.std(axis=1) > 0)
    chosen = active[:: max(1, active.size // 1000)]
    correlation = np.corrcoef(counts[chosen])
    first, second = np.triu_indices(chosen.size, k=1)
    within = chosen[first] // size == chosen[second] // size
    values = correlation[first, second]
    return values[within], values[~within]


def _counts(spikes: Spikes, n: int, length_ms: float, bin_ms: float) -> NDArray[np.float64]:
    """Return spike counts, (n, n_bins)."""
    times, ids = spikes
    n_bins = int(length_ms / bin_ms + 1e-9)
    bins = np.floor(times / bin_ms + 1e-7).astype(np.int64)
    inside = (bins >= 0) & (bins < n_bins)
    flat = np.bincount(ids[inside] * n_bins + bins[inside], minlength=n * n_bins)
    return flat.reshape(n, n_bins).astype(np.float64)


def _evoked(runs: Runs, network: Any, trials: int, clusters: int) -> Evoked:
    n = network.populations["E"].size
    stimulated = min(_STIMULATED, clusters) * (n // clusters)
    drive = np.where(np.arange(n) < stimulated, STIMULUS, 0.0)
    with runs.simulation("stimulus", network) as simulation:
        simulation.run(runs.warmup, warmup=True)
        for _ in range(trials):
            simulation.run(_BEFORE_MS * ms)
            simulation.write("E", "stimulus", drive)
            simulation.run(_ON_MS * ms)
            simulation.write("E", "stimulus", 0.0)
    recording = simulation.recording
    times, ids = recording.spikes("E", recording.warmup_ms)
    mine = ids < stimulated
    period = _BEFORE_MS + _ON_MS
    steps = round(trials * period / _STEP_MS)
    fine = _counts(
        (times[mine] - recording.warmup_ms, ids[mine]), stimulated, trials * period, _STEP_MS
    )
    per_trial = fine[:, :steps].reshape(stimulated, trials, -1)
    width = round(_COUNT_MS / _STEP_MS)
    sums = np.cumsum(np.pad(per_trial, ((0, 0), (0, 0), (1, 0))), axis=2)
    windows = sums[:, :, width:] - sums[:, :, :-width]
    mean, variance = windows.mean(axis=1), windows.var(axis=1, ddof=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        fano = np.nanmean(np.where(mean > 0, variance / mean, np.nan), axis=0)
    centres = _STEP_MS * np.arange(windows.shape[2]) + _COUNT_MS / 2 - _BEFORE_MS
    rate = (mean.mean(axis=0) * 1e3 / _COUNT_MS).astype(np.float64)
    return Evoked(centres.astype(np.float64), fano.astype(np.float64), rate)


def _checks(uniform: Spontaneous, grouped: Spontaneous, metrics: dict[str, Any]) -> list[Check]:
    hundred = WINDOWS_MS.index(100.0)
    quenched = metrics["fano_during_stimulus"] / metrics["fano_before_stimulus"]
    difference = metrics["correlation_same_cluster"] - metrics["correlation_other_cluster"]
    growth = grouped.fano[-1] / grouped.fano[0]
    return [
        Check.between("clustered: Fano factor, 100 ms", grouped.fano[hundred], 1.0, source=_PAPER),
        Check.between("clustered: Fano factor, 400 ms / 25 ms", growth, 1.3, source=_PAPER),
        Check.between("uniform: Fano factor, 100 ms", uniform.fano[hundred], 0, 1, source=_PAPER),
        Check.between("correlation in a cluster minus others", difference, 0.05, source=_PAPER),
        Check.between("Fano factor during / before stimulus", quenched, 0, 0.85, source=_PAPER),
    ]


def _figure(uniform: Spontaneous, grouped: Spontaneous, evoked: Evoked, clusters: int) -> Figure:
    with canvas.style():
        figure = canvas.figure(4.6)
        grid = figure.add_gridspec(2, 6, height_ratios=[1.35, 1.0])
        for column, (one, name) in enumerate(((uniform, "Uniform"), (grouped, "Clustered"))):
            axes = figure.add_subplot(grid[0, 3 * column : 3 * column + 3])
            _raster(axes, one.recording, name, clusters)
            canvas.letter(axes, "AB"[column])
        panels = [figure.add_subplot(grid[1, 2 * k : 2 * k + 2]) for k in range(3)]
        _windows(panels[0], uniform, grouped)
        _correlations(panels[1], grouped)
        _stimulus(panels[2], evoked)
        for axes, text in zip(panels, "CDE", strict=True):
            canvas.letter(axes, text)
        return figure


def _raster(axes: Any, recording: Recording, name: str, clusters: int) -> None:
    start = recording.warmup_ms
    stop = min(recording.stop_ms, start + _SHOWN_MS)
    times, ids = recording.spikes("E", start, stop)
    size = recording.populations["E"].size // clusters
    rows = min(_SHOWN_CLUSTERS, clusters) * size
    shown = ids < rows
    canvas.dots(axes, (times[shown] - start) / 1e3, ids[shown] / size, EXCITATORY, 0.8)
    axes.set(xlim=(0, (stop - start) / 1e3), ylim=(0, rows / size), xlabel="Time (s)")
    axes.set(title=name, ylabel="Cluster" if name == "Clustered" else "Neuron / 80")


def _windows(axes: Any, uniform: Spontaneous, grouped: Spontaneous) -> None:
    axes.axhline(1.0, color="0.7", linewidth=0.6)
    for one, colour, name in ((grouped, EXCITATORY, "clustered"), (uniform, "0.45", "uniform")):
        axes.plot(WINDOWS_MS, one.fano, "o-", color=colour, markersize=3, label=name)
    axes.set(xscale="log", xlabel="Window (ms)", ylabel="Fano factor", ylim=(0, None))
    axes.set_xticks(WINDOWS_MS, [f"{w:g}" for w in WINDOWS_MS])
    axes.minorticks_off()
    axes.legend()


def _correlations(axes: Any, grouped: Spontaneous) -> None:
    edges = np.linspace(-0.4, 1.0, 57)
    for values, colour, name in (
        (grouped.other, "0.45", "other cluster"),
        (grouped.same, EXCITATORY, "same cluster"),
    ):
        density, _ = np.histogram(values, edges, density=True)
        axes.stairs(density, edges, color=colour, label=name, linewidth=1.0)
        axes.axvline(values.mean(), color=colour, linewidth=0.6, linestyle="--")
    axes.set(xlabel="Correlation of counts (50 ms)", ylabel="Density", xlim=(-0.3, 1.0))
    axes.legend()


def _stimulus(axes: Any, evoked: Evoked) -> None:
    axes.axvspan(0, _ON_MS, color="0.92", linewidth=0)
    axes.plot(evoked.times_ms, evoked.fano, color=EXCITATORY)
    axes.set(xlabel="Time from stimulus (ms)", xlim=(-_BASELINE_MS, _ON_MS), ylim=(0, None))
    axes.set_ylabel("Fano factor", color=EXCITATORY)
    rate = axes.twinx()
    rate.plot(evoked.times_ms, evoked.rate_hz, color=INHIBITORY, linewidth=0.8)
    rate.spines["right"].set_visible(True)
    rate.set_ylabel("Rate (Hz)", color=INHIBITORY)
    rate.set_ylim(bottom=0)


experiment = Experiment(
    perform=perform,
    duration=10 * second,
    warmup=500 * ms,
    description="slow switching of 50 clusters, count variability and its quenching by a stimulus",
    reference=("Litwin-Kumar and Doiron (2012), Nature Neuroscience 15:1498, doi:10.1038/nn.3220"),
    parameters=(
        Setting("trials", 30, "presentations of the stimulus", low=2, high=10_000),
        Setting("ratio", 2.5, "probability within a cluster over that between", low=1),
        Setting("clusters", N_CLUSTERS, "clusters of equal size", low=2, high=1000),
    ),
    shortest=400 * ms,
    quick={"scale": 0.2, "clusters": 10, "duration": 500 * ms, "warmup": 100 * ms, "trials": 3},
)

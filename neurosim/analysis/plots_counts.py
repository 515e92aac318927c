"""Pictures of spike counts: Fano factors, sparseness, synchrony."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np

from ..errors import AnalysisError
from . import canvas, counts, signals
from .plots_common import (
    REFERENCE,
    Activity,
    boxes,
    collect,
    label_panels,
    name_populations,
    population_panels,
)
from .statistics import active_neurons, whole_bins

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..recording.reader import Recording

_FEWEST_WINDOWS = 5
_LARGEST_SAMPLE = 4_000_000


def fano(
    recording: Recording,
    path: str | os.PathLike[str] | None = None,
    start_ms: float | None = None,
    stop_ms: float | None = None,
    *,
    title: str | None = None,
) -> Figure:
    """Draw the Fano factor against the length of the counting window.

    The line is the mean over the neurons that spike, the band spans the quartiles; the broken
    line is a Poisson process. Windows from 5 ms to a fifth of the stretch.
    """
    shown = collect(recording, start_ms, stop_ms)
    windows = _windows(shown.start, shown.stop, smallest=5.0)
    with canvas.style():
        drawn, panels = population_panels(shown)
        for axes, members in panels:
            axes.axhline(1.0, **REFERENCE)
            for name, colour in members.items():
                found = [
                    counts.fano_factors(
                        *shown.train(name), shown.start, shown.stop, window_ms=window
                    )
                    for window in windows
                ]
                if not any(f.size for f in found):
                    continue
                low, high = (
                    np.array([np.quantile(f, q) if f.size else np.nan for f in found])
                    for q in (0.25, 0.75)
                )
                means = [f.mean() if f.size else np.nan for f in found]
                axes.fill_between(windows, low, high, color=colour, alpha=0.18, linewidth=0)
                axes.plot(windows, means, color=colour, marker="o", markersize=2.2)
            axes.set_xscale("log")
            axes.set_ylim(bottom=0)
        label_panels(drawn, panels, "Window (ms)", "Fano factor", title)
        return canvas.save(drawn, path)


def sparseness(
    recording: Recording,
    path: str | os.PathLike[str] | None = None,
    start_ms: float | None = None,
    stop_ms: float | None = None,
    *,
    window_ms: float = 100.0,
    title: str | None = None,
) -> Figure:
    """Draw the survey's sparsity S and population sparseness over time, and lifetime sparseness.

    S is the share of silent neurons in a window; the others are those of Vinje and Gallant on
    counts in the window: 0 when all are equal, 1 when a single neuron or window has all.
    """
    shown = collect(recording, start_ms, stop_ms)
    n_windows = whole_bins(shown.start, shown.stop, window_ms)
    if not n_windows:
        raise AnalysisError(
            f"a window of {window_ms:g} ms does not fit into {shown.stop - shown.start:g} ms; "
            "choose a shorter window or a longer stretch"
        )
    centres = shown.start + window_ms * (np.arange(n_windows) + 0.5)
    stretch = (shown.start, shown.stop)
    with canvas.style():
        drawn = canvas.figure(max(2.3, 0.9 + 0.25 * len(shown.spikes)))
        grid = drawn.add_gridspec(1, 3, width_ratios=[1, 1, 0.8])
        silent = drawn.add_subplot(grid[0])
        across = drawn.add_subplot(grid[1], sharex=silent, sharey=silent)
        lifetime = drawn.add_subplot(grid[2])
        for name, line in shown.lines.items():
            active = active_neurons(*shown.train(name), *stretch, window_ms=window_ms)
            silent.plot(centres, 1 - active / shown.sizes[name], **line)
            found = counts.population_sparseness(*shown.train(name), *stretch, window_ms=window_ms)
            across.plot(centres, found, **line)
        silent.set_ylim(0, 1.02)
        for axes, label in ((silent, "Sparsity S"), (across, "Population sparseness")):
            axes.set_xlabel("Time (ms)")
            axes.set_ylabel(label)
        values = {
            name: counts.lifetime_sparseness(*shown.train(name), *stretch, window_ms=window_ms)
            for name in shown.spikes
        }
        boxes(lifetime, {k: v[np.isfinite(v)] for k, v in values.items()}, shown.colours)
        lifetime.set_xlim(0, 1.02)
        lifetime.set_xlabel("Lifetime sparseness")
        name_populations(silent, shown, "lower left")
        _title(drawn, title, f"windows of {window_ms:g} ms")
        return canvas.save(drawn, path)


def synchrony(
    recording: Recording,
    path: str | os.PathLike[str] | None = None,
    start_ms: float | None = None,
    stop_ms: float | None = None,
    *,
    variable: str = "v",
    title: str | None = None,
) -> Figure:
    """Draw synchrony against the bin width, and chi of a recorded variable.

    Left: variance / mean of the population's spike count; the broken line is that of
    independent Poisson neurons. Right: Golomb's chi of ``variable``, where it was recorded of two
    neurons or more; the mark is 1/sqrt(n), the value of n independent neurons.
    """
    shown = collect(recording, start_ms, stop_ms)
    bins = _windows(shown.start, shown.stop, smallest=1.0, largest=200.0)
    chi = _chi(recording, shown, variable)
    with canvas.style():
        drawn = canvas.figure(2.3, canvas.WIDTH if chi else canvas.WIDTH / 2)
        left = drawn.add_subplot(1, 2 if chi else 1, 1)
        left.axhline(1.0, **REFERENCE)
        for name, line in shown.lines.items():
            times = shown.spikes[name][0]
            found = [
                counts.count_synchrony(times, shown.start, shown.stop, bin_ms=width)
                for width in bins
            ]
            left.plot(bins, found, **line, marker="o", markersize=2.2)
        left.set_xscale("log")
        left.set_yscale("log")
        left.set_xlabel("Bin (ms)")
        left.set_ylabel("Variance / mean of the count")
        name_populations(left, shown, "lower left")
        if chi:
            right = drawn.add_subplot(1, 2, 2)
            for row, (name, (value, n)) in enumerate(chi.items()):
                right.barh(row, value, height=0.55, color=shown.colours[name], alpha=0.6)
                right.plot([1 / np.sqrt(n)] * 2, [row - 0.35, row + 0.35], color="black", lw=1.0)
            right.set_yticks(range(len(chi)), list(chi))
            right.set_ylim(len(chi) - 0.4, -0.6)
            right.set_xlim(0, 1)
            right.tick_params(axis="y", length=0)
            right.set_xlabel(rf"$\chi$ of {variable}  (bar: independent neurons)")
        _title(drawn, title, "")
        return canvas.save(drawn, path)


def _windows(start: float, stop: float, *, smallest: float, largest: float = np.inf) -> np.ndarray:
    """Return lengths from the smallest to what fits five times, evenly on a logarithmic axis."""
    most = min((stop - start) / _FEWEST_WINDOWS, largest)
    if most < smallest:
        raise AnalysisError(
            f"a stretch of {stop - start:g} ms is too short; at least "
            f"{_FEWEST_WINDOWS * smallest:g} ms are needed"
        )
    return np.unique(np.round(np.geomspace(smallest, most, 12)))


def _chi(recording: Recording, shown: Activity, variable: str) -> dict[str, tuple[float, int]]:
    """Return chi and the number of neurons for populations whose variable was recorded."""
    found = {}
    for report in recording.reports:
        name = report.population
        if report.variable != variable or report.reduce or name in found or name not in shown.sizes:
            continue
        trace = recording.states(
            name, variable, start=shown.start, stop=shown.stop, recorder=report.recorder,
            ids=_at_most(recording, name, report.recorder, shown.stop - shown.start, report.every),
        )  # fmt: skip
        if trace.values.shape[1] > 1 and len(trace.values) > 1:
            found[name] = (signals.golomb_chi(trace.values), trace.values.shape[1])
    return found


def _at_most(
    recording: Recording, name: str, recorder: str, duration_ms: float, every: int
) -> np.ndarray | None:
    """Return every k-th recorded neuron so that a picture does not read gigabytes."""
    ids = recording.states(name, recorder, start=0, stop=0).ids
    n_samples = max(1, int(duration_ms / (every * recording.dt_ms)))
    step = -(-ids.size * n_samples // _LARGEST_SAMPLE)
    return ids[::step] if step > 1 else None


def _title(drawn: Figure, title: str | None, note: str) -> None:
    words = ", ".join(filter(None, (title, note)))
    if words:
        drawn.suptitle(words, x=0.02, ha="left", fontsize=8)

"""Pictures of correlations: between pairs, and across lags."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..errors import AnalysisError, UnknownNameError
from . import canvas
from .correlograms import Bins, auto_correlogram, cross_correlogram, pair_correlogram
from .plots_common import (
    REFERENCE,
    Activity,
    Floats,
    boxes,
    collect,
    label_panels,
    legend,
    population_panels,
)
from .statistics import bins_of, correlations, whole_bins

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..recording.reader import Recording

_MATRIX = 120
_MOST_PANELS = _MOST_DENSITIES = 4


def correlation(
    recording: Recording,
    path: str | os.PathLike[str] | None = None,
    start_ms: float | None = None,
    stop_ms: float | None = None,
    *,
    bin_ms: float = 2.0,
    matrix_bin_ms: float = 20.0,
    title: str | None = None,
) -> Figure:
    """Draw pairwise correlations of spike counts: distribution and matrix.

    Left: the density of the Pearson coefficients in bins of ``bin_ms`` over pairs of up to 200
    active neurons of a population; boxes for more than four populations. Right: the coefficients
    in bins of ``matrix_bin_ms`` of 120 active neurons, shared among the populations and ordered
    by population.
    """
    shown = collect(recording, start_ms, stop_ms)
    found = {
        name: correlations(times, ids, shown.start, shown.stop, bin_ms=bin_ms)
        for name, (times, ids) in shown.spikes.items()
    }
    with canvas.style():
        drawn = canvas.figure(2.7)
        left, right = drawn.add_subplot(1, 2, 1), drawn.add_subplot(1, 2, 2)
        left.axvline(0.0, **REFERENCE)
        if len(found) > _MOST_DENSITIES:
            boxes(left, found, shown.colours)
        else:
            _densities(left, found, shown.colours)
            legend(left, shown.colours)
        left.set_xlabel(f"Correlation of counts in {bin_ms:g} ms")
        _matrix(drawn, right, shown, matrix_bin_ms)
        if title:
            drawn.suptitle(title, x=0.02, ha="left", fontsize=9)
        return canvas.save(drawn, path)


def _densities(axes: Axes, found: dict[str, Floats], colours: dict[str, str]) -> None:
    together = np.concatenate([np.zeros(1), *found.values()])
    low, high = np.quantile(together, (0.002, 0.998))
    reach = max(abs(low), abs(high), 0.01)
    edges = np.linspace(max(-1.0, -reach), min(1.0, reach), 61)
    for name, values in found.items():
        if values.size:
            density = np.histogram(values, edges)[0] / (values.size * (edges[1] - edges[0]))
            axes.stairs(density, edges, color=colours[name], linewidth=0.9)
            axes.stairs(density, edges, color=colours[name], alpha=0.12, fill=True)
    axes.set_xlim(edges[0], edges[-1])
    axes.set_ylim(bottom=0)
    axes.set_ylabel("Density")


def _matrix(drawn: Figure, axes: Axes, shown: Activity, bin_ms: float) -> None:
    rows, sizes = _counts(shown, bin_ms)
    with np.errstate(invalid="ignore", divide="ignore"):
        matrix = np.corrcoef(rows) if len(rows) > 1 else np.full((1, 1), np.nan)
    np.fill_diagonal(matrix, np.nan)
    finite = np.abs(matrix[np.isfinite(matrix)])
    limit = float(np.quantile(finite, 0.99)) if finite.size else 1.0
    image = axes.imshow(
        matrix, cmap="RdBu_r", vmin=-limit, vmax=limit, interpolation="nearest", aspect="equal"
    )
    edges = np.concatenate([[0], np.cumsum(list(sizes.values()))])
    middles = (edges[1:] + edges[:-1]) / 2 - 0.5
    for edge in edges[1:-1]:
        axes.axhline(edge - 0.5, color="black", linewidth=0.5)
        axes.axvline(edge - 0.5, color="black", linewidth=0.5)
    axes.set_xticks(middles, list(sizes), rotation=90 if len(sizes) > 4 else 0)
    axes.set_yticks(middles, list(sizes))
    axes.tick_params(length=0)
    for spine in axes.spines.values():
        spine.set_visible(True)
    bar = drawn.colorbar(image, ax=axes, shrink=0.9, aspect=30, pad=0.02)
    bar.set_label(f"Correlation, {bin_ms:g} ms")
    bar.outline.set_linewidth(0.5)


def _counts(shown: Activity, bin_ms: float) -> tuple[Floats, dict[str, int]]:
    """Return the binned counts of some active neurons, (n, n_bins), and how many by population."""
    n_bins = whole_bins(shown.start, shown.stop, bin_ms)
    share = max(2, _MATRIX // len(shown.spikes))
    blocks, sizes = [], {}
    for name, (times, ids) in shown.spikes.items():
        active = np.unique(ids)
        rng = np.random.default_rng(0)
        if active.size > share:
            active = np.sort(rng.choice(active, share, replace=False))
        sizes[name] = active.size
        place = np.full(shown.sizes[name], -1)
        place[active] = np.arange(active.size)
        index = bins_of(times, shown.start, bin_ms)
        kept = (place[ids] >= 0) & (index < n_bins)
        flat = place[ids[kept]] * n_bins + index[kept]
        blocks.append(
            np.bincount(flat, minlength=active.size * n_bins).reshape(active.size, n_bins)
        )
    return np.concatenate(blocks).astype(np.float64), sizes


def autocorrelogram(
    recording: Recording,
    path: str | os.PathLike[str] | None = None,
    start_ms: float | None = None,
    stop_ms: float | None = None,
    *,
    bin_ms: float = 1.0,
    max_lag_ms: float = 100.0,
    title: str | None = None,
) -> Figure:
    """Draw the rate of a neuron around its own spikes, mean over each population's neurons.

    The broken line is what Poisson processes have at every lag: the mean of the neurons' rates,
    each counted as often as it spikes.
    """
    shown = collect(recording, start_ms, stop_ms)
    bins = _bins(shown, bin_ms, max_lag_ms)
    with canvas.style():
        drawn, panels = population_panels(shown)
        for axes, members in panels:
            for name, colour in members.items():
                level = _rate_at_spikes(shown, name)
                axes.axhline(level, **{**REFERENCE, "color": colour, "alpha": 0.6})
                found = auto_correlogram(*shown.train(name), bins)
                axes.plot(bins.lags_ms, found, color=colour, drawstyle="steps-mid")
            axes.set_xlim(-bins.lags_ms[-1], bins.lags_ms[-1])
            axes.set_ylim(bottom=0)
        label_panels(drawn, panels, "Lag (ms)", "Rate (Hz)", title)
        return canvas.save(drawn, path)


def crosscorrelogram(
    recording: Recording,
    path: str | os.PathLike[str] | None = None,
    start_ms: float | None = None,
    stop_ms: float | None = None,
    *,
    bin_ms: float = 1.0,
    max_lag_ms: float = 100.0,
    populations: Sequence[str] | None = None,
    title: str | None = None,
) -> Figure:
    """Draw the rate of a neuron around the spikes of another one, mean over all pairs.

    A panel for each pair of populations; a positive lag means that the one named second follows.
    The broken line is its mean rate, which independent neurons have at every lag.

    Parameters
    ----------
    recording : Recording
    path : path, optional
    start_ms, stop_ms : float, optional
    bin_ms, max_lag_ms : float
    populations : sequence of str, optional
        By default the first four.
    title : str, optional
    """
    shown = collect(recording, start_ms, stop_ms)
    names = list(shown.spikes)[:_MOST_PANELS] if populations is None else list(populations)
    for name in names:
        if name not in shown.spikes:
            raise UnknownNameError("population", name, shown.spikes, "crosscorrelogram")
    bins = _bins(shown, bin_ms, max_lag_ms)
    size = len(names)
    with canvas.style():
        side = canvas.WIDTH / max(2, size)
        drawn = canvas.figure(0.3 + 0.78 * side * size, side * size)
        for row, second in enumerate(names):
            for column, first in enumerate(names[: row + 1]):
                axes = drawn.add_subplot(size, size, row * size + column + 1)
                axes.plot(
                    bins.lags_ms, _pairs(shown, first, second, bins), linewidth=0.7,
                    color=shown.colours[second] if row == column else "0.15",
                )  # fmt: skip
                axes.axhline(_rate(shown, second), **REFERENCE)
                axes.axvline(0.0, **REFERENCE)
                axes.set_xlim(-bins.lags_ms[-1], bins.lags_ms[-1])
                axes.locator_params(nbins=3, axis="y")
                axes.set_title(f"{first} \N{RIGHTWARDS ARROW} {second}")
                axes.tick_params(labelbottom=row == size - 1)
        drawn.supxlabel("Lag (ms)", fontsize=8)
        drawn.supylabel("Rate of the second (Hz)", fontsize=8)
        if title:
            drawn.suptitle(title, x=0.02, ha="left", fontsize=9)
        return canvas.save(drawn, path)


def _pairs(shown: Activity, first: str, second: str, bins: Bins) -> Floats:
    if first == second:
        return pair_correlogram(*shown.train(first), bins)
    pooled = cross_correlogram(shown.spikes[first][0], shown.spikes[second][0], bins, "rate")
    return pooled / shown.sizes[second]


def _rate(shown: Activity, name: str) -> float:
    times, _, n = shown.train(name)
    return times.size * 1e3 / (n * (shown.stop - shown.start))


def _rate_at_spikes(shown: Activity, name: str) -> float:
    _, ids, n = shown.train(name)
    counts = np.bincount(ids, minlength=n)
    return float(np.sum(counts**2) / max(ids.size, 1) * 1e3 / (shown.stop - shown.start))


def _bins(shown: Activity, bin_ms: float, max_lag_ms: float) -> Bins:
    if not 0 < bin_ms <= max_lag_ms or 2 * max_lag_ms > shown.stop - shown.start:
        raise AnalysisError(
            f"lags up to {max_lag_ms:g} ms in bins of {bin_ms:g} ms do not fit into a stretch of "
            f"{shown.stop - shown.start:g} ms; it must be twice as long as the largest lag"
        )
    return Bins(shown.start, shown.stop, bin_ms, max_lag_ms)

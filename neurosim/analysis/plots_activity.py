"""Pictures of activity: raster and rates."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from . import statistics
from .canvas import figure as _figure
from .canvas import save as _save
from .canvas import style as _style
from .groups import Group, role_name
from .metrics import stretch
from .plots_common import Spikes, boxes, collect

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..recording.reader import Recording

_RASTER_MS = 1000.0
_POINTS_PER_INCH = 72.0


def raster(
    recording: Recording,
    path: str | os.PathLike[str] | None = None,
    start_ms: float | None = None,
    stop_ms: float | None = None,
    *,
    max_neurons: int = 5000,
    bin_ms: float = 1.0,
    smooth_ms: float = 2.0,
    title: str | None = None,
) -> Figure:
    """Draw every spike as a dot, populations stacked, and below it each group's rates.

    The first declared population is on top. Populations named by layer (L23E, L23I, ...) are
    grouped by it, excitatory and inhibitory in two colours.

    Parameters
    ----------
    recording : Recording
    path : path, optional
        Where to save the picture (PNG, PDF, SVG, ...).
    start_ms, stop_ms : float, optional
        From the end of the warm-up, for one second or to the end, unless given.
    max_neurons : int
        With more neurons than this, every k-th one of each population is drawn.
    bin_ms, smooth_ms : float
        Bin of the rates, and sd of the Gaussian they are smoothed with.
    title : str, optional

    Raises
    ------
    AnalysisError
        Nothing was recorded in that stretch, or the picture cannot be saved.
    """
    if stop_ms is None:
        start, stop = stretch(recording, start_ms, stop_ms)
        stop_ms = min(stop, start + _RASTER_MS)
    shown = collect(recording, start_ms, stop_ms)
    start, stop, spikes, groups = shown.start, shown.stop, shown.spikes, shown.groups
    with _style():
        panel = min(0.62, 2.6 / len(groups))
        figure = _figure(3.5 + panel * len(groups))
        grid = figure.add_gridspec(1 + len(groups), 1, height_ratios=[3.5, *[panel] * len(groups)])
        top = figure.add_subplot(grid[0])
        sizes = {name: recording.populations[name].size for name in spikes}
        _dots(top, groups, spikes, sizes, max_neurons)
        below = [figure.add_subplot(grid[k + 1], sharex=top) for k in range(len(groups))]
        _rate_panels(below, groups, spikes, sizes, (start, stop, bin_ms, smooth_ms))
        top.set_xlim(start, stop)
        top.tick_params(axis="x", labelbottom=False)
        _head(top, groups, title)
        figure.align_ylabels()
        return _save(figure, path)


def rates(
    recording: Recording,
    path: str | os.PathLike[str] | None = None,
    start_ms: float | None = None,
    stop_ms: float | None = None,
    *,
    bin_ms: float | None = None,
    title: str | None = None,
) -> Figure:
    """Draw population rates over time and the distribution of the neurons' rates beside them.

    Boxes span the quartiles, the line in a box is the median, whiskers reach the 5th and 95th
    percentile, the diamond is the mean. Parameters and errors as of :func:`raster`; the bin is
    1/200 of the stretch, at least 5 ms, unless given.
    """
    shown = collect(recording, start_ms, stop_ms)
    start, stop, spikes, groups = shown.start, shown.stop, shown.spikes, shown.groups
    width = max(5.0, (stop - start) / 200) if bin_ms is None else bin_ms
    width = min(width, stop - start)
    sizes = {name: recording.populations[name].size for name in spikes}
    with _style():
        figure = _figure(max(2.2, 0.6 + 0.8 * len(groups)))
        grid = figure.add_gridspec(len(groups), 2, width_ratios=[2.1, 1.0])
        first = figure.add_subplot(grid[0, 0])
        panels = [first]
        panels += [figure.add_subplot(grid[k, 0], sharex=first) for k in range(1, len(groups))]
        _rate_panels(panels, groups, spikes, sizes, (start, stop, width, 0.0))
        first.set_xlim(start, stop)
        _head(first, groups, title)
        right = figure.add_subplot(grid[:, 1])
        per_neuron = {
            name: statistics.firing_rates(ids, sizes[name], stop - start)
            for name, (_, ids) in spikes.items()
        }
        boxes(right, per_neuron, shown.colours)
        right.set_xlim(left=0)
        right.set_xlabel("Rate of a neuron (Hz)")
        return _save(figure, path)


def _dots(
    axes: Axes, groups: Sequence[Group], spikes: Spikes, sizes: dict[str, int], limit: int
) -> None:
    """Draw the raster; populations from the top, neuron 0 of each uppermost."""
    every = max(1, -(-sum(sizes.values()) // max(1, limit)))
    rows = {name: -(-size // every) for name, size in sizes.items()}
    total = sum(rows.values())
    height = axes.get_window_extent().height / axes.figure.dpi * _POINTS_PER_INCH
    size = float(np.clip(1.6 * height / total, 0.9, 2.5))
    top, ticks, labels = total, [], []
    for k, group in enumerate(groups):
        if k:
            axes.axhline(top, color="0.75", linewidth=0.5, zorder=0)
        upper = top
        for name, colour in group.members.items():
            times, ids = spikes[name]
            shown = ids % every == 0
            y = top - 0.5 - ids[shown] // every
            axes.plot(
                times[shown], y, linestyle="none", marker="o", markersize=size,
                markeredgewidth=0, color=colour, rasterized=True,
            )  # fmt: skip
            top -= rows[name]
        ticks.append((upper + top) / 2)
        labels.append(group.label)
    axes.set_ylim(0, total)
    axes.set_yticks(ticks, labels if any(labels) else [""] * len(labels))
    axes.tick_params(axis="y", length=0)
    note = "" if every == 1 else f" (1 of {every})"
    axes.set_ylabel(f"Neurons{note}")


def _rate_panels(
    panels: Sequence[Axes],
    groups: Sequence[Group],
    spikes: Spikes,
    sizes: dict[str, int],
    window: tuple[float, float, float, float],
) -> None:
    """Draw the rates of each group over time; ``window`` is (start, stop, bin, smoothing) ms."""
    start, stop, bin_ms, smooth_ms = window
    for axes, group in zip(panels, groups, strict=True):
        highest = 0.0
        for name, colour in group.members.items():
            centres, rate = statistics.population_rate(
                spikes[name][0], sizes[name], start, stop, bin_ms
            )
            rate = _smooth(rate, smooth_ms / bin_ms)
            if len(group.members) == 1:
                axes.fill_between(centres, rate, color=colour, alpha=0.15, linewidth=0)
            axes.plot(centres, rate, color=colour, linewidth=0.8)
            highest = max(highest, float(rate.max(initial=0.0)))
        axes.set_ylim(0, highest * 1.08 or 1.0)
        axes.locator_params(axis="y", nbins=3)
        if group.label:
            axes.text(
                1.005, 0.5, group.label, transform=axes.transAxes, va="center", fontsize=7
            )  # fmt: skip
        axes.tick_params(axis="x", labelbottom=axes is panels[-1])
    panels[-1].set_xlabel("Time (ms)")
    # One label for all panels: it stands beside the numbers of two, of which one may be wider.
    between = len(panels) % 2 == 0
    panels[len(panels) // 2].set_ylabel(
        "Rate (Hz)", y=1.0 if between else 0.5, labelpad=9 if between else 4
    )


def _smooth(values: NDArray[np.float64], sd: float) -> NDArray[np.float64]:
    """Return the values smoothed by a Gaussian of ``sd`` bins; the ends average what is there."""
    reach = int(np.ceil(3 * sd))
    if reach < 1 or values.size < 2:
        return values
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sd) ** 2)
    weight = np.convolve(np.ones_like(values), kernel)[reach:-reach]
    return np.convolve(values, kernel)[reach:-reach] / weight


def _head(axes: Axes, groups: Sequence[Group], title: str | None) -> None:
    """Put the title at the left and what the colours mean at the right, above the picture."""
    from matplotlib.lines import Line2D  # noqa: PLC0415

    if title:
        axes.set_title(title, loc="left")
    colours = list(dict.fromkeys(c for group in groups for c in group.members.values()))
    paired = any(len(group.members) > 1 for group in groups)
    if paired:
        handles = [
            Line2D([], [], linestyle="none", marker="o", markersize=4, color=c, label=role_name(c))
            for c in colours
        ]
        axes.legend(
            handles=handles, loc="lower right", bbox_to_anchor=(1.0, 0.99), ncols=len(colours),
            frameon=False, handletextpad=0.1, columnspacing=1.0, borderpad=0.2,
        )  # fmt: skip

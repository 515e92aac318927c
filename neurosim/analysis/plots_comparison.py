"""Picture of a comparison: where two runs part, and how what their neurons do is distributed."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from . import canvas
from .coincidences import Spikes, partners
from .groups import arrange
from .plots_common import REFERENCE, legend, nothing
from .train_comparison import STATISTICS, rates_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from .comparison import Comparison

COLOUR_A, COLOUR_B = "0.25", "#D55E00"
_BEFORE_MS, _AFTER_MS, _ROWS = 20.0, 80.0, 30
_STRETCHES = 50
_TITLES = {"rate": "Rate (Hz)", "cv": "CV of intervals", "correlation": "Correlation"}


def comparison(found: Comparison, path: str | os.PathLike[str] | None = None) -> Figure:
    """Draw a comparison.

    A: spikes around the first difference, a above b in each row. B: share of the spikes that have
    a partner in the other run, over time, and what chance would give. C: each neuron's rate in
    both. D to F: distributions over neurons and pairs: boxes are quartiles, whiskers the 5th and
    95th percentiles, diamonds the means.
    """
    names = list(found.populations)
    trains = {name: tuple(run.spikes(name) for run in found.recordings) for name in names}
    colours = {n: c for group in arrange(names) for n, c in group.members.items()}
    with canvas.style():
        drawn = canvas.figure(4.2 + 0.16 * max(0, len(names) - 3))
        axes = drawn.subplots(2, 3)
        _first_difference(axes[0, 0], found)
        _partners(axes[0, 1], found, trains)
        _rates(axes[0, 2], found, trains, colours)
        for panel, (statistic, title) in zip(axes[1], _TITLES.items(), strict=True):
            _boxes(panel, found, trains, statistic)
            panel.set_xlabel(title)
        axes[1, 0].set_yticks(range(len(names)), names)
        legend(axes[1, 2], {"a": COLOUR_A, "b": COLOUR_B})
        for panel, text in zip(axes.flat, "ABCDEF", strict=True):
            canvas.letter(panel, text)
    return canvas.save(drawn, path)


def _first_difference(axes: Axes, found: Comparison) -> None:
    axes.set_title("Around the first difference")
    first = found.first_difference
    if first is None:
        nothing(axes, "all spikes are the same")
        axes.set(xticks=[], yticks=[])
        return
    window = max(0.0, first.time_ms - _BEFORE_MS), first.time_ms + _AFTER_MS
    both = [run.spikes(first.population, *window) for run in found.recordings]
    ids = np.concatenate([ids for _, ids in both])
    others = np.setdiff1d(ids, [first.neuron])[: _ROWS - 1]
    row_of = {int(neuron): k for k, neuron in enumerate((first.neuron, *others))}
    for (times, ids), colour, offset in zip(both, (COLOUR_A, COLOUR_B), (0.05, -0.4), strict=True):
        shown = [(t, row_of[i]) for t, i in zip(times, ids.tolist(), strict=True) if i in row_of]
        if shown:
            at, rows = np.array(shown).T
            axes.vlines(at, rows + offset, rows + offset + 0.35, color=colour, linewidth=1.0)
    axes.axvline(first.time_ms, **REFERENCE)
    axes.set(xlim=window, ylim=(-1, len(row_of)), xlabel="Time (ms)")
    axes.set_ylabel(f"Neuron of {first.population}")
    axes.set_yticks([])


def _partners(axes: Axes, found: Comparison, trains: Mapping[str, Sequence[Spikes]]) -> None:
    """Draw the share of spikes with a partner, and that of trains whose neurons are mixed up."""
    end = min(run.stop_ms for run in found.recordings)
    edges = np.linspace(0.0, end, _STRETCHES + 1)
    counts = np.zeros((3, _STRETCHES))
    for name, one in found.populations.items():
        if one.trains is not None:
            counts += _paired(trains[name], one.size_a, found.looks.window_ms, edges)
    axes.set_title("Spikes with a partner")
    axes.set(xlim=(0, end / 1e3), ylim=(0, 1.05), xlabel="Time (s)", ylabel="Share")
    if not counts[2].any():
        nothing(axes, "no spikes of the same neurons")
        return
    with np.errstate(invalid="ignore", divide="ignore"):
        same, mixed = counts[:2] / counts[2]
    middle = (edges[1:] + edges[:-1]) / 2e3
    axes.plot(middle, mixed, **REFERENCE, label="other neurons")
    axes.plot(middle, same, color=COLOUR_B, label="same neuron")
    axes.legend(loc="best")


def _paired(
    trains: Sequence[Spikes], n: int, window_ms: float, edges: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return spikes with a partner in the same, in the next neuron, and all, by stretch."""
    a, b = trains
    moved = b[0], (b[1] + 1) % n
    found = np.zeros((3, edges.size - 1))
    for row, other in enumerate((b, moved)):
        for (times, _), paired in zip((a, other), partners(a, other, n, window_ms), strict=True):
            found[row] += np.histogram(times[paired], edges)[0]
    found[2] = np.histogram(np.concatenate([a[0], b[0]]), edges)[0]
    return found


def _rates(
    axes: Axes,
    found: Comparison,
    trains: Mapping[str, Sequence[Spikes]],
    colours: Mapping[str, str],
) -> None:
    axes.set_title("Each neuron's rate")
    axes.set(xlabel="in a (Hz)", ylabel="in b (Hz)")
    most = 0.0
    for name, one in found.populations.items():
        if one.trains is None:
            continue
        a, b = (rates_of(train, one.size_a, found.looks) for train in trains[name])
        some = slice(None, None, max(1, a.size // 500))
        axes.plot(a[some], b[some], ".", markersize=1.5, color=colours[name], rasterized=True)
        most = max(most, float(a.max(initial=0)), float(b.max(initial=0)))
    if not most:
        nothing(axes, "no spikes of the same neurons")
        return
    axes.plot([0, most], [0, most], **REFERENCE)


def _boxes(
    axes: Axes, found: Comparison, trains: Mapping[str, Sequence[Spikes]], statistic: str
) -> None:
    for row, (name, one) in enumerate(found.populations.items()):
        sizes = one.size_a, one.size_b
        both = [
            STATISTICS[statistic](train, n, found.looks)
            for train, n in zip(trains[name], sizes, strict=True)
        ]
        _two_boxes(axes, row, both)
    axes.set_yticks([])
    axes.set_ylim(len(found.populations) - 0.4, -0.6)


def _two_boxes(axes: Axes, row: int, both: Sequence[NDArray[np.float64]]) -> None:
    import matplotlib  # noqa: PLC0415

    new = matplotlib.__version_info__ >= (3, 10)
    lying: dict[str, Any] = {"orientation": "horizontal"} if new else {"vert": False}
    for values, colour, offset in zip(both, (COLOUR_A, COLOUR_B), (-0.2, 0.2), strict=True):
        if values.size:
            axes.boxplot(
                values, positions=[row + offset], **lying, widths=0.32, whis=(5, 95),
                showfliers=False, showmeans=True, patch_artist=True, manage_ticks=False,
                boxprops={"facecolor": colour, "alpha": 0.5, "linewidth": 0.5},
                medianprops={"color": "black", "linewidth": 0.9},
                whiskerprops={"linewidth": 0.5}, capprops={"linewidth": 0.5},
                meanprops={
                    "marker": "D", "markersize": 2.2, "markerfacecolor": "white",
                    "markeredgecolor": "black", "markeredgewidth": 0.4,
                },
            )  # fmt: skip

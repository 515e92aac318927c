"""Pictures of synapses: how their weights are distributed over time, and chosen ones."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import AnalysisError
from . import canvas
from .groups import OTHERS
from .metrics import stretch
from .plots_common import nothing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..recording.reader import Recording
    from ..recording.synapses import SynapseHistogram, SynapseTrace

_MOST_ROWS = 8


def weights(
    recording: Recording,
    path: str | os.PathLike[str] | None = None,
    start_ms: float | None = None,
    stop_ms: float | None = None,
    *,
    projection: str | None = None,
    variable: str | None = None,
    bins: int = 50,
    most: int = 20,
    title: str | None = None,
) -> Figure:
    """Draw what was recorded of synapses.

    Of all synapses of a projection: the share of them in each bin over time, and the first and
    last of these distributions beside it. Of chosen synapses: each one over time.

    Parameters
    ----------
    recording : Recording
    path : path, optional
    start_ms, stop_ms : float, optional
        By default from the end of the warm-up to the end.
    projection, variable : str, optional
        Only these.
    bins : int
        Where values of all synapses were recorded; a recorded histogram has its own.
    most : int
        So many chosen synapses are drawn at most.
    title : str, optional

    Raises
    ------
    AnalysisError
        None of it was recorded.
    """
    start, stop = stretch(recording, start_ms, stop_ms)
    end = None if stop_ms is None else stop
    shown = _shown(recording, projection, variable)
    with canvas.style():
        drawn = canvas.figure(0.4 + 1.7 * len(shown))
        grid = drawn.add_gridspec(len(shown), 2, width_ratios=[2.6, 1.0])
        for row, (name, what, chosen) in enumerate(shown):
            own = recording.synapses(name)
            label = _label(name, what, own.unit(what))
            if chosen:
                axes = drawn.add_subplot(grid[row, :])
                _draw_chosen(axes, own.trace(what, start, end), most)
                axes.set_ylabel(label)
            else:
                given = any(r.kind == "histogram" and r.variable == what for r in own.reports)
                found = own.histogram(what, None if given else bins, start, end)
                left, right = (drawn.add_subplot(grid[row, k]) for k in (0, 1))
                _draw_over_time(drawn, left, found)
                _draw_ends(right, found)
                left.set_ylabel(label)
            if row == len(shown) - 1:
                (axes if chosen else left).set_xlabel("Time (ms)")
        if title:
            drawn.suptitle(title, x=0.02, ha="left", fontsize=9)
        return canvas.save(drawn, path)


def _shown(
    recording: Recording, projection: str | None, variable: str | None
) -> list[tuple[str, str, bool]]:
    """Return (projection, variable, whether of chosen synapses) of each row."""
    found = [
        (r.projection, r.variable, r.kind == "chosen")
        for r in recording.synapse_reports
        if projection in (None, r.projection) and variable in (None, r.variable)
    ]
    if not found:
        raise AnalysisError(
            f"{recording.path!r} holds no such variables of synapses; record some with "
            "network.record(projection, 'w', every=...) or network.record_histogram(...)"
        )
    return list(dict.fromkeys(found))[:_MOST_ROWS]


def _label(projection: str, variable: str, unit: str) -> str:
    shown = variable if len(variable) <= 18 else f"{variable[:16]}..."
    return f"{projection}\n{shown}" + ("" if unit in ("", "1") else f" ({unit})")


def _draw_over_time(drawn: Figure, axes: Axes, found: SynapseHistogram) -> None:
    from matplotlib.colors import PowerNorm  # noqa: PLC0415

    axes.set_ylim(found.edges[0], found.edges[-1])
    if found.times_ms.size < 2:
        nothing(axes, "one sample" if found.times_ms.size else "no samples")
        return
    share = _percent(found)
    norm = PowerNorm(0.5, 0.0, float(share.max()) or 1.0)
    mesh = axes.pcolormesh(
        found.times_ms, found.edges, share[:-1].T, cmap="Blues", norm=norm, rasterized=True
    )
    bar = drawn.colorbar(mesh, ax=axes, pad=0.01, aspect=12)
    bar.set_label("% of synapses")


def _percent(found: SynapseHistogram) -> Any:
    """Return the share of synapses in each bin."""
    total = found.counts.sum(axis=1) + found.below + found.above
    return 100.0 * found.counts / np.maximum(total, 1)[:, None]


def _draw_ends(axes: Axes, found: SynapseHistogram) -> None:
    """Draw the first and the last distribution, lying, so that the values are as on the left."""
    axes.set_ylim(found.edges[0], found.edges[-1])
    axes.tick_params(labelleft=False)
    if not found.times_ms.size:
        return
    share = _percent(found)
    for k, colour, alpha in ((0, "0.55", 0.0), (-1, OTHERS[0], 0.35)):
        label = f"{found.times_ms[k]:g} ms"
        axes.stairs(share[k], found.edges, orientation="horizontal", color=colour, label=label)
        if alpha:
            axes.stairs(
                share[k],
                found.edges,
                orientation="horizontal",
                color=colour,
                alpha=alpha,
                fill=True,
            )
    outside = int(found.below[-1] + found.above[-1])
    if outside:
        axes.set_title(f"{outside:,} outside", fontsize=7)
    axes.set_xlabel("% of synapses")
    axes.legend(loc="best", handlelength=1.2)


def _draw_chosen(axes: Axes, found: SynapseTrace, most: int) -> None:
    n = found.values.shape[1]
    for column in range(min(n, most)):
        axes.plot(
            found.times_ms, found.values[:, column], color=OTHERS[column % len(OTHERS)],
            linewidth=0.7,
        )  # fmt: skip
    if found.times_ms.size > 1:
        axes.set_xlim(found.times_ms[0], found.times_ms[-1])
    who = f"{n} synapses" if n <= most else f"{most} of {n} synapses"
    axes.text(1.005, 0.5, who, transform=axes.transAxes, va="center", fontsize=7, rotation=270)

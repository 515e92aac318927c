"""Pictures of inter-spike intervals: their distribution and their irregularity."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np

from . import canvas, intervals
from .plots_common import REFERENCE, boxes, collect, label_panels, nothing, population_panels
from .statistics import cv_isi

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..recording.reader import Recording


def isi(
    recording: Recording,
    path: str | os.PathLike[str] | None = None,
    start_ms: float | None = None,
    stop_ms: float | None = None,
    *,
    bin_ms: float | None = None,
    max_ms: float | None = None,
    log: bool = False,
    title: str | None = None,
) -> Figure:
    """Draw the density of inter-spike intervals, all neurons of a population together.

    Parameters
    ----------
    recording : Recording
    path : path, optional
    start_ms, stop_ms : float, optional
        By default from the end of the warm-up to the end.
    bin_ms, max_ms : float, optional
        By default 60 bins up to the 98th percentile of all intervals.
    log : bool
        A logarithmic density, on which Poisson processes are straight lines.
    title : str, optional
    """
    shown = collect(recording, start_ms, stop_ms)
    found = np.concatenate([intervals.intervals(*shown.train(name))[0] for name in shown.spikes])
    largest = float(np.quantile(found, 0.98)) if found.size else 100.0
    limit = max(largest, 5 * recording.dt_ms) if max_ms is None else max_ms
    width = max(limit / 60, recording.dt_ms) if bin_ms is None else bin_ms
    width = max(recording.dt_ms, round(width / recording.dt_ms) * recording.dt_ms)
    with canvas.style():
        drawn, panels = population_panels(shown)
        for axes, members in panels:
            for name, colour in members.items():
                edges, density = intervals.isi_histogram(
                    *shown.train(name), bin_ms=width, max_ms=limit
                )
                axes.stairs(density, edges, color=colour, linewidth=0.9)
                if not log:
                    axes.stairs(density, edges, color=colour, alpha=0.15, fill=True)
            axes.set_xlim(0, limit)
            axes.set_yscale("log" if log else "linear")
            if not log:
                axes.set_ylim(bottom=0)
        label_panels(drawn, panels, "Inter-spike interval (ms)", "Density (1/ms)", title)
        return canvas.save(drawn, path)


def cv(
    recording: Recording,
    path: str | os.PathLike[str] | None = None,
    start_ms: float | None = None,
    stop_ms: float | None = None,
    *,
    min_spikes: int = 5,
    title: str | None = None,
) -> Figure:
    """Draw how CV, CV2, LV and LvR are distributed over the neurons of each population.

    Boxes as in the rates' picture; the broken line is a Poisson process. Neurons with fewer than
    ``min_spikes`` spikes are left out. Other parameters as of :func:`isi`.
    """
    shown = collect(recording, start_ms, stop_ms)
    measures = {"CV": cv_isi, "CV2": intervals.cv2, "LV": intervals.lv, "LvR": intervals.lvr}
    with canvas.style():
        drawn = canvas.figure(0.9 + 0.25 * len(shown.spikes))
        first = None
        for k, (label, measure) in enumerate(measures.items()):
            axes = drawn.add_subplot(1, 4, k + 1, sharey=first)
            values = {name: measure(*shown.train(name), min_spikes) for name in shown.spikes}
            axes.axvline(1.0, **REFERENCE)
            boxes(axes, values, shown.colours)
            axes.tick_params(axis="y", labelleft=first is None)
            axes.set_xlim(0, max(1.6, axes.get_xlim()[1]))
            axes.set_xlabel(f"{label} of a neuron")
            if not any(v.size for v in values.values()):
                nothing(axes, "too few spikes")
            first = first or axes
        if title:
            drawn.suptitle(title, x=0.02, ha="left", fontsize=9)
        return canvas.save(drawn, path)

"""Pictures of what a neuromorphic machine had to do."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np

from ..errors import AnalysisError
from .canvas import figure, letter, save, style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..recording.reader import Recording


def load(
    recording: Recording,
    path: str | os.PathLike[str] | None = None,
    *,
    start_ms: float | None = None,
    stop_ms: float | None = None,
    title: str = "",
) -> Figure:
    """Draw the synaptic events of every core of a machine over time, and the busiest core's.

    Parameters
    ----------
    recording : Recording
        Of a run on a platform that counts what its cores do.
    path : path, optional
        Where to save the picture.
    start_ms, stop_ms : float, optional
        By default from the start to the end of the recording.
    title : str
    """
    told = recording.platform
    if told is None or not told.load.size:
        raise AnalysisError(
            f"{recording.path!r} has no load of cores; run it on a platform that counts it, such "
            "as --platform spinnaker"
        )
    start = 0.0 if start_ms is None else start_ms
    stop = recording.stop_ms if stop_ms is None else stop_ms
    n_bins, n_cores = told.load.shape
    edges = np.arange(n_bins + 1) * told.load_every_ms
    rates = told.load.astype(np.float64) / told.load_every_ms
    with style():
        drawn = figure(4.0)
        above, below = drawn.subplots(2, 1, sharex=True, height_ratios=(1.6, 1))
        mesh = above.pcolormesh(
            edges, np.arange(n_cores + 1) - 0.5, rates.T, cmap="Blues", vmin=0.0, rasterized=True
        )
        drawn.colorbar(mesh, ax=above, pad=0.01, aspect=16).set_label("events per ms")
        above.set(ylabel="core", ylim=(n_cores - 0.5, -0.5))
        for values, label, colour in (
            (rates.max(axis=1), "busiest core", "black"),
            (rates.mean(axis=1), "mean of the cores", "0.6"),
        ):
            below.stairs(values, edges, baseline=None, label=label, color=colour)
        below.set(xlabel="time (ms)", ylabel="events per ms", xlim=(start, stop), ylim=(0, None))
        below.legend()
        letter(above, "A")
        letter(below, "B")
        if title:
            drawn.suptitle(title, x=0.02, ha="left", fontsize=9)
        return save(drawn, path)

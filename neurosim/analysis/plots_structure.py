"""Pictures of synapses that come and go."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import AnalysisError
from .canvas import figure, letter, save, style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..recording.reader import Recording
    from ..recording.structure import StructureTrace


def structure(
    recording: Recording,
    path: str | os.PathLike[str] | None = None,
    *,
    start_ms: float | None = None,
    stop_ms: float | None = None,
    title: str = "",
) -> Figure:
    """Draw the numbers of synapses over time, the realised C_eff, and what came and went.

    Parameters
    ----------
    recording : Recording
        Of a network with structural plasticity.
    path : path, optional
        Where to save the picture.
    start_ms, stop_ms : float, optional
        By default from the start to the end of the recording.
    title : str
    """
    if not recording.structures:
        raise AnalysisError(
            f"no synapses of {recording.path!r} come and go; declare it with "
            "net.restructure(projection, rule, every=...)"
        )
    start = 0.0 if start_ms is None else start_ms
    stop = recording.stop_ms if stop_ms is None else stop_ms
    traces = {name: recording.structure(name) for name in recording.structures}
    whole = recording.structure()
    with style():
        drawn = figure(4.2)
        grid = drawn.add_gridspec(2, 2)
        left, right = drawn.add_subplot(grid[0, 0]), drawn.add_subplot(grid[0, 1])
        below = drawn.add_subplot(grid[1, :])
        for name, trace in traces.items():
            _steps(left, trace, trace.n_synapses, stop, label=name)
            _changes(below, trace, name)
        _steps(right, whole, whole.C_eff, stop, color="black")
        for axes, label in ((left, "synapses"), (right, r"$C_{\mathrm{eff}}$ of the network")):
            axes.set(xlim=(start, stop), xlabel="time (ms)", ylabel=label)
        below.axhline(0.0, color="0.6", linewidth=0.6)
        below.set(
            xlim=(start, stop), xlabel="time (ms)", ylabel="created (+), deleted (-) at a time"
        )
        left.legend()
        for axes, text in ((left, "A"), (right, "B"), (below, "C")):
            letter(axes, text)
        if title:
            drawn.suptitle(title)
        return save(drawn, path)


def _steps(axes: Axes, trace: StructureTrace, values: np.ndarray, stop: float, **look: Any) -> None:
    """Draw values that hold until the next change."""
    times = np.append(trace.times_ms, max(stop, trace.times_ms[-1]))
    axes.step(times, np.append(values, values[-1]), where="post", **look)


def _changes(axes: Axes, trace: StructureTrace, name: str) -> None:
    (line,) = axes.plot(trace.times_ms[1:], trace.created[1:], label=name)
    axes.plot(trace.times_ms[1:], -trace.deleted[1:], color=line.get_color())

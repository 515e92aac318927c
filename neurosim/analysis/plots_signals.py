"""Pictures of signals: spectra of population rates, recorded variables, the field potential."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from ..errors import AnalysisError
from . import canvas, spectra
from .groups import EXCITATORY, OTHERS
from .metrics import stretch
from .plots_common import Floats, collect, label_panels, nothing, population_panels

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..recording.network import Report
    from ..recording.reader import Recording
    from ..recording.states import StateTrace

_TRACE_MS = 500.0
_MOST_PANELS = 12


def spectrum(
    recording: Recording,
    path: str | os.PathLike[str] | None = None,
    start_ms: float | None = None,
    stop_ms: float | None = None,
    *,
    bin_ms: float = 1.0,
    segment_ms: float | None = None,
    max_hz: float | None = None,
    title: str | None = None,
) -> Figure:
    """Draw the power spectral density of each population's rate.

    Welch's method; dots mark the level of as many independent Poisson neurons of the same rate,
    2 r / n.

    Parameters
    ----------
    recording : Recording
    path : path, optional
    start_ms, stop_ms : float, optional
    bin_ms : float
        The spectrum reaches 1 / (2 bin).
    segment_ms : float, optional
        By default 1 s or an eighth of the stretch, whichever is shorter.
    max_hz : float, optional
    title : str, optional
    """
    shown = collect(recording, start_ms, stop_ms)
    with canvas.style():
        drawn, panels = population_panels(shown)
        for axes, members in panels:
            for name, colour in members.items():
                times, _, n = shown.train(name)
                frequencies, density = spectra.rate_spectrum(
                    times, n, shown.start, shown.stop, bin_ms=bin_ms, segment_ms=segment_ms
                )
                axes.plot(frequencies[1:], _positive(density[1:]), color=colour, linewidth=0.8)
                level = 2e3 * times.size / (n * n * (shown.stop - shown.start))
                axes.axhline(level or np.nan, color=colour, linewidth=0.7, linestyle=":")
            _logarithmic(axes)
            axes.set_xlim(frequencies[1], max_hz or frequencies[-1])
        label_panels(drawn, panels, "Frequency (Hz)", "Power of the rate (Hz²/Hz)", title)
        return canvas.save(drawn, path)


def _logarithmic(axes: Axes) -> None:
    """Make both axes logarithmic; the vertical one only where there is something to show."""
    axes.set_xscale("log")
    if any(np.isfinite(np.asarray(line.get_ydata(), float)).any() for line in axes.lines):
        axes.set_yscale("log")
    else:
        nothing(axes, "no power")


def _positive(density: Floats) -> Floats:
    """Return the density with zeros left out, which have no place on a logarithmic axis."""
    return np.where(density > 0, density, np.nan)


def trace(
    recording: Recording,
    path: str | os.PathLike[str] | None = None,
    start_ms: float | None = None,
    stop_ms: float | None = None,
    *,
    variables: Sequence[str] | None = None,
    max_neurons: int = 3,
    title: str | None = None,
) -> Figure:
    """Draw recorded variables over time, a panel for each recorder.

    Ticks above a membrane potential ``v`` are the neurons' spikes, whose height a sampled trace
    does not show.

    Parameters
    ----------
    recording : Recording
    path : path, optional
    start_ms, stop_ms : float, optional
        By default from the end of the warm-up, for half a second or to the end.
    variables : sequence of str, optional
        Only these.
    max_neurons : int
        The first so many recorded neurons of each recorder.
    title : str, optional
    """
    start, stop = stretch(recording, start_ms, stop_ms)
    if stop_ms is None:
        stop = min(stop, start + _TRACE_MS)
    reports = [
        r for r in recording.reports
        if (variables is None or r.variable in variables) and not _lfp_part(r)
    ][:_MOST_PANELS]  # fmt: skip
    if not reports:
        raise AnalysisError(
            f"{recording.path!r} holds no such variables; record some with network.record(...)"
        )
    with canvas.style():
        drawn = canvas.figure(0.5 + 1.15 * len(reports))
        panels: list[Axes] = []
        for k, report in enumerate(reports):
            axes = drawn.add_subplot(len(reports), 1, k + 1, sharex=panels[0] if panels else None)
            _draw_report(axes, recording, report, (start, stop), max_neurons)
            axes.tick_params(labelbottom=k == len(reports) - 1)
            panels.append(axes)
        panels[0].set_xlim(start, stop)
        panels[-1].set_xlabel("Time (ms)")
        drawn.align_ylabels()
        if title:
            panels[0].set_title(title, loc="left")
        return canvas.save(drawn, path)


def _lfp_part(report: Report) -> bool:
    return "-lfp_" in report.recorder


def _draw_report(
    axes: Axes,
    recording: Recording,
    report: Report,
    window: tuple[float, float],
    max_neurons: int,
) -> None:
    start, stop = window
    ids = None
    if not report.reduce:
        every = recording.states(report.population, report.recorder, start=0, stop=0).ids
        ids = every[:max_neurons]
    found = recording.states(
        report.population, report.variable, ids=ids, start=start, stop=stop,
        recorder=report.recorder,
    )  # fmt: skip
    for column, values in enumerate(found.values.T):
        colour = "0.15" if report.reduce else OTHERS[column % len(OTHERS)]
        axes.plot(found.times_ms, values, color=colour, linewidth=0.7)
    if report.variable == "v" and recording.populations[report.population].spikes:
        _spike_ticks(axes, recording, report, found, window)
    unit = f" ({found.unit})" if found.unit not in ("", "1") else ""
    axes.set_ylabel(f"{_short(report.variable)}{unit}")
    axes.locator_params(nbins=4, axis="y")
    who = report.population if report.reduce else _who(report.population, found.ids)
    axes.text(1.005, 0.5, who, transform=axes.transAxes, va="center", fontsize=7, rotation=270)


def _spike_ticks(
    axes: Axes,
    recording: Recording,
    report: Report,
    found: StateTrace,
    window: tuple[float, float],
) -> None:
    if not found.values.size:
        return
    trains = recording[report.population].trains(*window, ids=found.ids)
    low, high = float(found.values.min()), float(found.values.max())
    size = 0.12 * (high - low or 1.0)
    for row, times in enumerate(trains):
        level = high + size * (0.4 + 1.15 * row)
        axes.vlines(times, level, level + size, color=OTHERS[row % len(OTHERS)], linewidth=0.8)


def _short(text: str) -> str:
    return text if len(text) <= 24 else f"{text[:22]}..."


def _who(population: str, ids: np.ndarray) -> str:
    listed = ", ".join(map(str, ids[:3]))
    return f"{population} {listed}{'...' if ids.size > 3 else ''}"


def lfp(
    recording: Recording,
    path: str | os.PathLike[str] | None = None,
    start_ms: float | None = None,
    stop_ms: float | None = None,
    *,
    weight: float = 1.65,
    delay_ms: float = 6.0,
    max_hz: float = 200.0,
    title: str | None = None,
) -> Figure:
    """Draw the proxy of the local field potential over time, and its power spectrum.

    A row for each population of which ``Network.record_lfp`` recorded the currents; ``weight``
    and ``delay_ms`` as of :func:`neurosim.analysis.signals.field_potential`. The trace shows at
    most one second, the spectrum is of the whole stretch.
    """
    start, stop = stretch(recording, start_ms, stop_ms)
    names = list(dict.fromkeys(r.population for r in recording.reports if _lfp_part(r)))
    if not names:
        raise AnalysisError(
            f"no field potential was recorded in {recording.path!r}; declare "
            "network.record_lfp(population, 'I_exc', 'I_inh') before the run"
        )
    with canvas.style():
        drawn = canvas.figure(0.3 + 1.9 * len(names))
        grid = drawn.add_gridspec(len(names), 2, width_ratios=[2.1, 1.0])
        for row, name in enumerate(names):
            times, signal = recording[name].lfp(start, stop, weight=weight, delay_ms=delay_ms)
            left, right = drawn.add_subplot(grid[row, 0]), drawn.add_subplot(grid[row, 1])
            left.plot(times, signal, color=EXCITATORY, linewidth=0.7)
            left.set_xlim(start, min(stop, start + 2 * _TRACE_MS))
            left.set_ylabel(f"LFP proxy, {name} (s.d.)")
            left.set_xlabel("Time (ms)")
            step = float(np.diff(times[:2]).sum()) or 1.0
            segment = max(64, min(round(1000.0 / step), signal.size // 4))
            frequencies, density = spectra.welch(signal, 1e3 / step, segment=segment)
            right.plot(frequencies[1:], _positive(density[1:]), color=EXCITATORY, linewidth=0.8)
            _logarithmic(right)
            right.set_xlim(frequencies[1], min(max_hz, frequencies[-1]))
            right.set_xlabel("Frequency (Hz)")
            right.set_ylabel("Power (1/Hz)")
        if title:
            drawn.suptitle(title, x=0.02, ha="left", fontsize=9)
        return canvas.save(drawn, path)

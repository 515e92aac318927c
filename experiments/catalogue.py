"""The neuron models of the catalogue under a step of current: one figure for each, or all.

``figure("adex")`` draws a model's own picture from its declaration (:class:`models.entry.Figure`):
the current, and below it the variables named there.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .. import models
from ..analysis import canvas
from ..experiment import Experiment
from ..results import Check, Results
from ..runs import Runs
from ..settings import Setting
from ..units import ms

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..description.network import Network
    from ..description.population import Population

_SAMPLE_MS = 0.1
_UPSTROKE_MV = -20.0
_INK, _DRIVE = "#1f3b5c", "#b3541e"


@dataclass(frozen=True)
class Response:
    """What a model did.

    Attributes
    ----------
    entry : Entry
    times_ms : (n_samples,)
    current : (n_samples,), in the unit of the model's ``I_e``
    traces : dict of variable to (values (n_samples,), unit)
    spikes_ms : (n_spikes,)
    """

    entry: models.Entry
    times_ms: NDArray[np.float64]
    current: NDArray[np.float64]
    traces: dict[str, tuple[NDArray[np.floating], str]]
    spikes_ms: NDArray[np.float64]


def respond(names: list[str], runs: Runs, label: str = "catalogue") -> dict[str, Response]:
    """Simulate models side by side, each with the step of current of its declaration.

    Parameters
    ----------
    names : list of str
        Models whose declarations ask for the same time step are run in one network.
    runs : Runs
    label : str
        Name of the simulations.
    """
    found: dict[str, Response] = {}
    steps = sorted({models.entry(name).figure.dt for name in names})
    for k, dt in enumerate(steps):
        group = [models.entry(name) for name in names if models.entry(name).figure.dt == dt]
        found |= _together(group, dt, runs, label if len(steps) == 1 else f"{label}-{k + 1}")
    return {name: found[name] for name in names}


def _together(
    entries: list[models.Entry], dt: float, runs: Runs, label: str
) -> dict[str, Response]:
    from ..description.network import Network  # noqa: PLC0415 - imports Brian2

    net = Network(seed=runs.seed, name=label)
    for entry in entries:
        made = net.population(entry.name, 1, entry.model())
        net.record(made, list(entry.figure.variables), every=_SAMPLE_MS * ms)
        _add_step(net, made, entry)
    until = max(entry.figure.duration for entry in entries)
    recording = runs.simulate(label, net, until * ms, warmup=0 * ms, dt=dt * ms)
    found = {}
    for entry in entries:
        shown = entry.figure
        kept = {v: recording.state(entry.name, v, stop_ms=shown.duration) for v in shown.variables}
        clock = kept[shown.variables[0]].times_ms
        spikes, _ = recording.spikes(entry.name, stop_ms=shown.duration)
        found[entry.name] = Response(
            entry,
            clock,
            np.where((clock >= shown.onset) & (clock < shown.offset), shown.current, 0.0),
            {v: (trace.values[:, 0], trace.unit) for v, trace in kept.items()},
            spikes,
        )
    return found


def _add_step(net: Network, made: Population, entry: models.Entry) -> None:
    from ..description.quantities import named_unit  # noqa: PLC0415 - imports Brian2
    from ..description.waveforms import ConstantCurrent  # noqa: PLC0415 - imports Brian2

    shown = entry.figure
    size = shown.current * named_unit(entry.parameter("I_e").unit)
    net.inject(made, "I_e", ConstantCurrent(size, shown.onset * ms, shown.offset * ms))


def figure(
    name: str, path: str | os.PathLike[str] | None = None, runs: Runs | None = None
) -> Figure:
    """Draw a model's picture: the step of current and the variables of its declaration.

    Parameters
    ----------
    name : str
        Of the catalogue.
    path : path, optional
        Where to save the picture.
    runs : Runs, optional
        How to simulate; by default one thread and no recording kept.
    """
    response = respond([name], runs or Runs(threads=1), name)[name]
    rows = list(response.traces)
    with canvas.style():
        drawn = canvas.figure(0.75 + 0.3 + 0.85 * len(rows) + 0.5 * ("v" in rows), 5.2)
        heights = [0.45, *(1.6 if row == "v" else 1.0 for row in rows)]
        grid = drawn.add_gridspec(len(heights), 1, height_ratios=heights)
        panels = [drawn.add_subplot(grid[k]) for k in range(len(heights))]
        _draw_current(panels[0], response)
        for axes, variable in zip(panels[1:], rows, strict=True):
            _draw_variable(axes, response, variable)
        for axes in panels:
            axes.set_xlim(0, response.entry.figure.duration)
            axes.tick_params(labelbottom=axes is panels[-1])
        panels[-1].set_xlabel("time (ms)")
        drawn.align_ylabels(panels)
        return canvas.save(drawn, path)


def _draw_current(axes: Axes, response: Response) -> None:
    axes.plot(response.times_ms, response.current, color=_DRIVE, drawstyle="steps-post")
    axes.set_ylabel(f"I_e\n({response.entry.parameter('I_e').unit})")
    axes.set_yticks([0, response.entry.figure.current])
    axes.set_title(response.entry.name, loc="left", fontweight="bold", family="monospace")


def _draw_variable(axes: Axes, response: Response, variable: str) -> None:
    values, unit = response.traces[variable]
    axes.plot(response.times_ms, values, color=_INK)
    if variable == "v":
        _mark_spikes(axes, response, values)
    axes.set_ylabel(variable if unit in ("", "1") else f"{variable}\n({unit})")


def _mark_spikes(axes: Axes, response: Response, values: NDArray[np.floating]) -> None:
    """Draw the spikes that samples of v miss: up to V_peak, or as a tick above the trace."""
    peaks = [p.value for p in response.entry.parameters if p.name == "V_peak"]
    if not peaks and values.max() > _UPSTROKE_MV:
        return
    low, high = values.min(), values.max()
    top = peaks[0] if peaks else high + 0.35 * (high - low)
    before = np.searchsorted(response.times_ms, response.spikes_ms).clip(max=values.size - 1)
    foot = np.minimum(values[before], top)
    axes.vlines(response.spikes_ms, foot, top, color=_INK, linewidth=0.9)


def gallery(responses: dict[str, Response], columns: int = 4) -> Figure:
    """Draw the potential of each model in a grid of small panels."""
    rows = -(-len(responses) // columns)
    with canvas.style():
        drawn = canvas.figure(1.05 * rows + 0.2)
        grid = drawn.add_gridspec(rows, columns)
        for k, response in enumerate(responses.values()):
            axes = drawn.add_subplot(grid[k // columns, k % columns])
            values, _ = response.traces["v"]
            axes.plot(response.times_ms, values, color=_INK, linewidth=0.6)
            _mark_spikes(axes, response, values)
            shown = response.entry.figure
            below = values.min() - 0.16 * np.ptp(values)
            axes.hlines(below, shown.onset, shown.offset, color=_DRIVE, linewidth=1.6)
            axes.set_xlim(0, shown.duration)
            axes.set_xticks([0, shown.duration])
            axes.set_title(response.entry.name, fontsize=6, family="monospace", pad=2)
            axes.tick_params(labelsize=6)
            if k % columns == 0:
                axes.set_ylabel("v (mV)", fontsize=7)
            if k // columns == rows - 1:
                axes.set_xlabel("time (ms)", fontsize=7)
        return drawn


def perform(runs: Runs, *, model: str = "all") -> Results:
    """Run the models with their steps of current; each must fire more in the step than before."""
    names = models.names() if model == "all" else [models.entry(model).name]
    responses = respond(names, runs)
    checks = []
    for name, response in responses.items():
        shown = response.entry.figure
        during = (response.spikes_ms >= shown.onset) & (response.spikes_ms < shown.offset)
        before = 1e3 * (response.spikes_ms < shown.onset).sum() / shown.onset
        within = 1e3 * during.sum() / (shown.offset - shown.onset)
        checks.append(Check.between(f"{name}: rate in the step (Hz)", within, before + 1))
    metrics = {f"{name}_spikes_ms": list(r.spikes_ms) for name, r in responses.items()}
    drawn = gallery(responses) if len(names) > 1 else figure(names[0], runs=Runs(threads=1))
    return Results(metrics=metrics, checks=checks, figure=drawn)


experiment = Experiment(
    perform=perform,
    description="every neuron model of the catalogue under a step of current",
    reference="the references of the models, see 'neurosim list'",
    parameters=(
        Setting("model", "all", "one model of the catalogue, or all", ("all", *models.names())),
    ),
)

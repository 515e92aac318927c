"""Perceptual decisions: how often correct, and how fast, after Wang (2002).

Two groups of neurons get noisy input whose difference is the coherence of a stimulus. They
compete until one fires at a high rate, which it keeps when the stimulus is gone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..analysis import canvas
from ..analysis.groups import EXCITATORY, INHIBITORY
from ..analysis.statistics import population_rate
from ..description.waveforms import StepRate
from ..experiment import Experiment
from ..networks.decision import STIMULUS_RATE, decision, group_size
from ..results import Check, Results
from ..runs import Runs
from ..settings import Setting
from ..units import Hz, ms  # type: ignore[attr-defined]

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..recording import Recording
    from ..simulation import Simulation

COHERENCES = (0.0, 0.032, 0.064, 0.128, 0.256, 0.512)
_SETTLE_MS, _BASELINE_MS, _STIMULUS_MS, _DELAY_MS = 1000.0, 300.0, 1500.0, 1000.0
_CHANGE_MS, _RATE_SD = 50.0, 4.0  # the stimulus is drawn anew, and its sd in Hz
_BIN_MS, _WINDOW_MS, _THRESHOLD_HZ = 5.0, 50.0, 15.0
_STATES = ("v", "g_AMPA", "g_GABA", "s", "x")
_EXAMPLE = 0.128
_PAPER = "Wang 2002, Figs. 2, 3 and 5"
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Trial:
    """One presentation: rates of both groups over time from the stimulus on, and the choice.

    ``time_ms`` is when the winner crossed 15 Hz, NaN if neither did.
    """

    coherence: float
    times_ms: Floats
    rate_a: Floats
    rate_b: Floats
    correct: bool
    time_ms: float


def perform(runs: Runs, trials: int = 20, w_plus: float = 1.7) -> Results:
    """Simulate one long trial to show, then ``trials`` of each coherence."""
    coherences = COHERENCES[:: len(COHERENCES) - 1] if runs.quick else COHERENCES
    example = _example(runs, w_plus)
    order = [c for c in coherences for _ in range(trials)]
    recording = _all_trials(runs, order, w_plus)
    found = [_trial(recording, k, c, runs.scale) for k, c in enumerate(order)]
    table = _table(found, coherences)
    fit = fit_weibull(table["coherence"], table["correct"])
    return Results(
        metrics=table | {"weibull_alpha": fit[0], "weibull_beta": fit[1]},
        checks=[] if runs.quick else _checks(table, fit, found),
        figure=_figure(example, found, table, fit, runs.scale),
    )


def stimulus(
    coherences: list[float], first_ms: float, every_ms: float, length_ms: float, seed: int
) -> tuple[StepRate, StepRate]:
    """Return the rates to groups A and B: one presentation after the other."""
    rng = np.random.default_rng(seed)
    steps = round(length_ms / _CHANGE_MS)
    times, rates = [0.0], [np.zeros(2)]
    for k, coherence in enumerate(coherences):
        start = first_ms + k * every_ms
        mean = STIMULUS_RATE * np.array([1 + coherence, 1 - coherence])
        drawn = np.maximum(mean + _RATE_SD * rng.standard_normal((steps, 2)), 0.0)
        times += [start + _CHANGE_MS * step for step in range(steps)] + [start + length_ms]
        rates += [*drawn, np.zeros(2)]
    both = np.array(rates)
    return StepRate(times * ms, both[:, 0] * Hz), StepRate(times * ms, both[:, 1] * Hz)


def _example(runs: Runs, w_plus: float) -> Recording:
    """Simulate a trial and a delay without stimulus after it."""
    length = _STIMULUS_MS if not runs.quick else 200.0
    rates = stimulus([_EXAMPLE], 500.0, length, length, runs.seed)
    network = decision(*rates, runs.scale, runs.seed, w_plus=w_plus)
    duration = (500 + length + (_DELAY_MS if not runs.quick else 100.0)) * ms
    return runs.simulate("example", network, duration, warmup=0 * ms)


def _all_trials(runs: Runs, coherences: list[float], w_plus: float) -> Recording:
    """Simulate the trials one after the other, each from the same state before the stimulus."""
    every = _BASELINE_MS + _STIMULUS_MS
    rates = stimulus(coherences, _SETTLE_MS + _BASELINE_MS, every, _STIMULUS_MS, runs.seed)
    network = decision(*rates, runs.scale, runs.seed, w_plus=w_plus)
    with runs.simulation("trials", network) as simulation:
        simulation.run(_SETTLE_MS * ms, warmup=True)
        kept = _read(simulation)
        for _ in coherences:
            for (name, variable), values in kept.items():
                simulation.write(name, variable, values)
            simulation.run(every * ms)
    return simulation.recording


def _read(simulation: Simulation) -> dict[tuple[str, str], Floats]:
    return {(p, x): simulation.read(p, x).copy() for p in ("E", "I") for x in _STATES}


def _rates(recording: Recording, start: float, stop: float, scale: float) -> tuple[Floats, ...]:
    """Return times and the rates of groups A and B, averaged over the 50 ms before each time."""
    times, ids = recording.spikes("E", start - _WINDOW_MS, stop)
    size = group_size(scale)
    width = round(_WINDOW_MS / _BIN_MS)
    found = []
    for group in range(2):
        mine = times[ids // size == group]
        _, rate = population_rate(mine, size, start - _WINDOW_MS, stop, _BIN_MS)
        total = np.cumsum(np.concatenate([[0.0], rate]))
        found.append((total[width:] - total[:-width]) / width)
    return _BIN_MS * np.arange(found[0].size), *found


def _trial(recording: Recording, index: int, coherence: float, scale: float) -> Trial:
    every = _BASELINE_MS + _STIMULUS_MS
    start = _SETTLE_MS + index * every + _BASELINE_MS
    times, rate_a, rate_b = _rates(recording, start, start + _STIMULUS_MS, scale)
    last = round(200.0 / _BIN_MS)
    correct = bool(rate_a[-last:].mean() > rate_b[-last:].mean())
    crossed = np.flatnonzero((rate_a if correct else rate_b) >= _THRESHOLD_HZ)
    time = float(times[crossed[0]]) if crossed.size else float("nan")
    return Trial(coherence, times, rate_a, rate_b, correct, time)


def _table(found: list[Trial], coherences: tuple[float, ...]) -> dict[str, Any]:
    rows = [[t for t in found if t.coherence == c] for c in coherences]
    reached = [[t.time_ms for t in row if np.isfinite(t.time_ms)] for row in rows]
    return {
        "coherence": list(coherences),
        "trials": [len(row) for row in rows],
        "correct": [float(np.mean([t.correct for t in row])) for row in rows],
        "decision_time_ms": [float(np.mean(r)) if r else float("nan") for r in reached],
        "decision_time_sd_ms": [float(np.std(r)) if r else float("nan") for r in reached],
        "undecided": [len(row) - len(r) for row, r in zip(rows, reached, strict=True)],
    }


def fit_weibull(coherences: list[float], correct: list[float]) -> tuple[float, float]:
    """Return alpha and beta of ``1 - exp(-(c/alpha)**beta)/2``, of least squares on a grid."""
    c, p = np.array(coherences), np.array(correct)
    alphas, betas = np.geomspace(0.01, 1.0, 200)[:, None, None], np.linspace(0.5, 3, 51)[:, None]
    error = np.sum((1 - 0.5 * np.exp(-((c / alphas) ** betas)) - p) ** 2, axis=2)
    best = np.unravel_index(np.argmin(error), error.shape)
    return float(alphas[best[0], 0, 0]), float(betas[best[1], 0])


def _checks(table: dict[str, Any], fit: tuple[float, float], found: list[Trial]) -> list[Check]:
    slow, fast = table["decision_time_ms"][0], table["decision_time_ms"][-1]
    winners = [max(t.rate_a[-1], t.rate_b[-1]) for t in found if t.coherence == COHERENCES[-1]]
    losers = [min(t.rate_a[-1], t.rate_b[-1]) for t in found if t.coherence == COHERENCES[-1]]
    return [
        Check.between("correct, coherence 0", table["correct"][0], 0.15, 0.85),
        Check.between("correct, coherence 51.2 %", table["correct"][-1], low=0.95, source=_PAPER),
        Check.between("threshold coherence alpha", fit[0], 0.02, 0.25, source=f"{_PAPER}: 0.09"),
        Check.between("decision time, 0 minus 51.2 % (ms)", slow - fast, low=150, source=_PAPER),
        Check.between("winner (Hz), 51.2 %", float(np.mean(winners)), 15.0, 60.0, source=_PAPER),
        Check.between("loser (Hz), 51.2 %", float(np.mean(losers)), 0.0, 5.0, source=_PAPER),
    ]


def _figure(
    example: Recording, found: list[Trial], table: dict[str, Any], fit: Any, scale: float
) -> Figure:
    with canvas.style():
        figure = canvas.figure(4.2)
        grid = figure.add_gridspec(2, 3, width_ratios=[1.5, 1.0, 1.0])
        panels = [
            figure.add_subplot(grid[0, 0]),
            figure.add_subplot(grid[1, 0]),
            figure.add_subplot(grid[0, 1:]),
            figure.add_subplot(grid[1, 1]),
            figure.add_subplot(grid[1, 2]),
        ]
        _raster(panels[0], example, scale)
        _courses(panels[1], example, scale)
        _plane(panels[2], found)
        _psychometric(panels[3], table, fit)
        _decision_times(panels[4], table)
        for axes, text in zip(panels, "ABCDE", strict=True):
            canvas.letter(axes, text)
        return figure


def _mark(axes: Any, example: Recording) -> None:
    stop = min(500 + _STIMULUS_MS, example.stop_ms)
    axes.axvspan(500, stop, color="0.93", linewidth=0, zorder=0)
    axes.set(xlim=(0, example.stop_ms))


def _raster(axes: Any, example: Recording, scale: float) -> None:
    times, ids = example.spikes("E")
    size = group_size(scale)
    for group, colour in ((0, EXCITATORY), (1, INHIBITORY)):
        mine = ids // size == group
        canvas.dots(axes, times[mine], ids[mine], colour, 0.8)
    _mark(axes, example)
    axes.set(ylim=(0, 2 * size), ylabel="Neuron")
    axes.set_yticks([size / 2, 3 * size / 2], ["A", "B"])
    axes.tick_params(axis="x", labelbottom=False)
    axes.set_title(f"coherence {100 * _EXAMPLE:g} %")


def _courses(axes: Any, example: Recording, scale: float) -> None:
    times, rate_a, rate_b = _rates(example, _WINDOW_MS, example.stop_ms, scale)
    for rate, colour, name in ((rate_a, EXCITATORY, "A"), (rate_b, INHIBITORY, "B")):
        axes.plot(times + _WINDOW_MS, rate, color=colour, label=name)
    _mark(axes, example)
    axes.axhline(_THRESHOLD_HZ, color="0.6", linestyle="--", linewidth=0.6)
    axes.set(xlabel="Time (ms)", ylabel="Rate (Hz)", ylim=(0, None))
    axes.legend(loc="upper left")


def _plane(axes: Any, found: list[Trial]) -> None:
    lowest, highest = found[0].coherence, found[-1].coherence
    for coherence, colour in ((lowest, "0.6"), (highest, EXCITATORY)):
        for trial in (t for t in found if t.coherence == coherence):
            axes.plot(trial.rate_a, trial.rate_b, color=colour, linewidth=0.5, alpha=0.7)
        axes.plot([], [], color=colour, label=f"{100 * coherence:g} %")
    top = max(max(t.rate_a.max(), t.rate_b.max()) for t in found)
    axes.plot([0, top], [0, top], color="0.8", linewidth=0.6, zorder=0)
    axes.set(xlim=(0, top), ylim=(0, top), xlabel="Rate of A (Hz)", ylabel="Rate of B (Hz)")
    axes.legend(title="coherence", loc="upper right")


def _psychometric(axes: Any, table: dict[str, Any], fit: tuple[float, float]) -> None:
    c, p, n = (np.array(table[key]) for key in ("coherence", "correct", "trials"))
    shown = np.maximum(100 * c, 1.0)  # zero has no place on a logarithmic axis
    axes.errorbar(shown, 100 * p, 100 * np.sqrt(p * (1 - p) / n), fmt="o", color=EXCITATORY,
                  markersize=3, linewidth=0.7)  # fmt: skip
    curve = np.geomspace(0.01, 1.0, 200)
    axes.plot(100 * curve, 100 - 50 * np.exp(-((curve / fit[0]) ** fit[1])), color="0.3")
    axes.set(xscale="log", xlim=(0.8, 110), ylim=(30, 103), xlabel="Coherence (%)")
    axes.set_ylabel("Correct (%)")
    axes.set_xticks([1, 10, 100], ["0", "10", "100"])
    axes.minorticks_off()


def _decision_times(axes: Any, table: dict[str, Any]) -> None:
    shown = np.maximum(100 * np.array(table["coherence"]), 1.0)
    error = np.array(table["decision_time_sd_ms"]) / np.sqrt(np.array(table["trials"]))
    axes.errorbar(shown, table["decision_time_ms"], error, fmt="o-", color=EXCITATORY,
                  markersize=3, linewidth=0.7)  # fmt: skip
    axes.set(xscale="log", xlim=(0.8, 110), ylim=(0, None), xlabel="Coherence (%)")
    axes.set_ylabel("Decision time (ms)")
    axes.set_xticks([1, 10, 100], ["0", "10", "100"])
    axes.minorticks_off()


experiment = Experiment(
    perform=perform,
    description="two groups compete for a decision: psychometric curve and decision times",
    reference="Wang (2002), Neuron 36:955, doi:10.1016/S0896-6273(02)01092-9",
    parameters=(
        Setting("trials", 20, "of each coherence", low=1, high=10_000),
        Setting("w_plus", 1.7, "strength within a selective group", low=1, high=6),
    ),
    quick={"scale": 0.1, "trials": 1},
)

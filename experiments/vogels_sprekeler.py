"""Inhibition that learns to balance excitation, after Vogels, Sprekeler et al. (2011).

A network fires regularly at a high rate as long as its inhibitory synapses onto excitatory
neurons are zero. When they learn, it becomes irregular and goes to the target rate, and follows
when the target is changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..analysis import canvas
from ..analysis.groups import EXCITATORY, INHIBITORY, OTHERS
from ..analysis.statistics import cv_isi, population_rate
from ..experiment import Experiment
from ..networks.vogels_sprekeler import PLASTIC, vogels_sprekeler
from ..results import Check, Results
from ..runs import Runs
from ..settings import Setting
from ..units import Hz, ms, second  # type: ignore[attr-defined]

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..recording import Recording

TARGETS = (3.0, 5.0, 10.0)  # Hz
_BEFORE_MS = 1000.0  # without learning
_MEASURED = 0.2  # of each stretch, at its end
_CV_MS = 3000.0  # intervals of 3 Hz need some time
_SHOWN_MS, _SHOWN_NEURONS = 200.0, 100
_PAPER = "Vogels et al. 2011, rule and Fig. 4"
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Stretch:
    """A time with one target, in ms, and what the excitatory neurons did at its end.

    ``target`` is None before learning; ``weights`` are in nS.
    """

    target: float | None
    start: float
    stop: float
    rate_hz: float
    cv_isi: float
    weights: Floats

    def metrics(self) -> dict[str, Any]:
        """Return the numbers, JSON-able."""
        return {
            "target_hz": self.target,
            "rate_hz": self.rate_hz,
            "cv_isi": self.cv_isi,
            "mean_weight_nS": float(self.weights.mean()),
        }


def perform(runs: Runs, eta: float = 5e-3) -> Results:
    """Simulate a second without learning, then ``duration`` for each target."""
    network = vogels_sprekeler(
        runs.scale, runs.seed, target=TARGETS[0] * Hz, eta=eta, learning=False
    )
    weights = []
    with runs.simulation("network", network) as simulation:
        simulation.run(_BEFORE_MS * ms)
        weights.append(simulation.read(PLASTIC, "w") / 1e-9)
        simulation.learning(PLASTIC, True)
        for target in TARGETS:
            simulation.write(PLASTIC, "rho_0", target * Hz)
            simulation.run(runs.duration)
            weights.append(simulation.read(PLASTIC, "w") / 1e-9)
    recording = simulation.recording
    found = _stretches(recording, weights, float(runs.duration) * 1e3)
    return Results(
        metrics={_name(stretch): stretch.metrics() for stretch in found},
        checks=[] if runs.quick else _checks(found),
        figure=_figure(recording, found),
        lines=_table(found),
    )


def _name(stretch: Stretch) -> str:
    return "before learning" if stretch.target is None else f"target {stretch.target:g} Hz"


def _stretches(recording: Recording, weights: list[Floats], each_ms: float) -> list[Stretch]:
    n = recording.populations["E"].size
    edges = [0.0, _BEFORE_MS, *(_BEFORE_MS + each_ms * (k + 1) for k in range(len(TARGETS)))]
    found = []
    for k, target in enumerate((None, *TARGETS)):
        start, stop = edges[k], edges[k + 1]
        first = stop - _MEASURED * (stop - start)
        times, _ = recording.spikes("E", first, stop)
        rate = times.size * 1e3 / (n * (stop - first))
        cv = cv_isi(*recording.spikes("E", max(start, stop - _CV_MS), stop), n)
        mean = float(cv.mean()) if cv.size else float("nan")
        found.append(Stretch(target, start, stop, rate, mean, weights[k]))
    return found


def _checks(found: list[Stretch]) -> list[Check]:
    before, *learnt = found
    checks = [
        Check.between("before learning: rate (Hz)", before.rate_hz, low=50.0),
        Check.between("before learning: CV of intervals", before.cv_isi, 0.0, 0.2),
    ]
    for one in learnt:
        target = 0.0 if one.target is None else one.target
        checks.append(
            Check.near(
                f"{_name(one)}: rate (Hz)", one.rate_hz, target, relative=0.25, absolute=1.0,
                source=_PAPER,
            )
        )  # fmt: skip
    gained = learnt[-1].rate_hz - learnt[0].rate_hz
    wanted = TARGETS[-1] - TARGETS[0]
    checks.append(Check.near("rate gained from 3 to 10 Hz", gained, wanted, relative=0.2))
    irregular = min(one.cv_isi for one in learnt)
    checks.append(Check.between("smallest CV when learnt", irregular, low=0.5, source=_PAPER))
    return checks


def _table(found: list[Stretch]) -> list[str]:
    lines = ["", "                  rate (Hz)    CV  mean weight (nS)"]
    lines += [
        f"{_name(one):<16} {one.rate_hz:10.2f}  {one.cv_isi:4.2f}  {one.weights.mean():16.2f}"
        for one in found
    ]
    return lines


def _figure(recording: Recording, found: list[Stretch]) -> Figure:
    with canvas.style():
        figure = canvas.figure(4.2)
        grid = figure.add_gridspec(2, 3, height_ratios=[1.0, 1.0])
        panels = [figure.add_subplot(grid[0, k]) for k in range(2)]
        _raster(panels[0], recording, found[0], "before learning")
        _raster(panels[1], recording, found[1], f"target {found[1].target:g} Hz")
        panels.append(figure.add_subplot(grid[0, 2]))
        _weights(panels[2], found)
        panels.append(figure.add_subplot(grid[1, :]))
        _course(panels[3], recording, found)
        for axes, text in zip(panels, "ABCD", strict=True):
            canvas.letter(axes, text)
    return figure


def _raster(axes: Any, recording: Recording, stretch: Stretch, title: str) -> None:
    start = stretch.stop - min(_SHOWN_MS, stretch.stop - stretch.start)
    for population, colour, offset in (("E", EXCITATORY, 0), ("I", INHIBITORY, 1)):
        times, ids = recording.spikes(population, start, stretch.stop)
        shown = ids < (_SHOWN_NEURONS if offset == 0 else _SHOWN_NEURONS // 4)
        canvas.dots(axes, times[shown] - start, ids[shown] + offset * _SHOWN_NEURONS, colour, 1.6)
    axes.set(xlim=(0, stretch.stop - start), ylim=(-2, 1.25 * _SHOWN_NEURONS + 1))
    axes.set(xlabel="Time (ms)", title=title)
    axes.set_yticks([_SHOWN_NEURONS / 2, 1.125 * _SHOWN_NEURONS], ["E", "I"])
    axes.tick_params(axis="y", length=0)


def _weights(axes: Any, found: list[Stretch]) -> None:
    learnt = found[1:]
    top = max(float(np.percentile(one.weights, 99)) for one in learnt)
    edges = np.linspace(0, top, 41)
    for one, colour in zip(learnt, OTHERS, strict=False):
        counts = np.histogram(one.weights, edges)[0] / one.weights.size
        axes.stairs(counts, edges, color=colour, label=f"{one.target:g} Hz")
    axes.set(xlim=(0, top), xlabel="Weight, I to E (nS)", ylabel="Share")
    axes.set_ylim(bottom=0)
    axes.legend(title="target")


def _course(axes: Any, recording: Recording, found: list[Stretch]) -> None:
    n = recording.populations["E"].size
    bin_ms = min(100.0, (found[-1].stop - found[-1].start) / 10)
    times, _ = recording.spikes("E")
    centres, rate = population_rate(times, n, 0.0, recording.stop_ms, bin_ms)
    axes.plot(centres / 1e3, rate, color=EXCITATORY, label="excitatory neurons")
    for k, one in enumerate(found[1:]):
        axes.plot(
            np.array([one.start, one.stop]) / 1e3, [one.target] * 2, color="0.2", linestyle="--",
            linewidth=0.8, label=None if k else "target",
        )  # fmt: skip
    axes.axvline(_BEFORE_MS / 1e3, color="0.7", linewidth=0.6)
    axes.set(xlim=(0, recording.stop_ms / 1e3), xlabel="Time (s)", ylabel="Rate (Hz)")
    axes.set_yscale("log")
    axes.set_ylim(1, 300)
    axes.set_yticks([1, 3, 5, 10, 30, 100], ["1", "3", "5", "10", "30", "100"])
    axes.minorticks_off()
    axes.legend(loc="upper right")


experiment = Experiment(
    perform=perform,
    duration=10 * second,
    description="inhibitory plasticity balances a network and brings it to a target rate",
    reference="Vogels et al. (2011), Science 334:1569, doi:10.1126/science.1211095",
    parameters=(
        Setting("eta", 5e-3, "what a pair of spikes adds, of the largest weight", low=0, high=1),
    ),
    shortest=100 * ms,
    quick={"scale": 0.1, "duration": 300 * ms},
)

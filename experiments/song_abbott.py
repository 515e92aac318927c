"""Synapses that compete for the time of a spike, after Song, Miller and Abbott (2000).

The thousand weights onto a neuron part into weak and strong ones, and its rate hardly depends on
the rate of its inputs. Beside it stands the neuron whose weights stay as learnt at one rate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..analysis import canvas
from ..analysis.statistics import cv_isi
from ..experiment import Experiment
from ..networks.song_abbott import G_MAX, LEARNT, N_EXC, song_abbott
from ..results import Check, Results
from ..runs import Runs
from ..units import ms, second

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..recording import Recording

Values = NDArray[np.float64]

RATES = np.array([10.0, 15.0, 20.0, 30.0, 40.0])  # Hz
REFERENCE = 2  # the fixed weights are those learnt at this rate
START = 6.0  # Hz over the rate of the inputs: weights at t = 0, of the bound, near the mean learnt
_PIECES = 20  # of the duration: looks at the weights
_BIN_MS = 10_000.0
_OUTER = 0.2  # weak: below this part of the bound; strong: above 1 minus it
_PAPER = "Song, Miller & Abbott 2000: bimodal, regulated; thresholds ours"
_COLOURS = ("#9ab3cf", "#6f8fb5", "#1f3b5c", "#c98a5f", "#b3541e")


@dataclass(frozen=True)
class Found:
    """What was simulated.

    ``weights`` are (n_looks, n_rates, 1000), of the bound, at ``looks`` (s); ``output`` and ``cv``
    the rates (Hz) and variations of intervals in the last quarter, ``fixed`` the rates with fixed
    weights; ``course`` the rates (Hz), (n_rates, n_bins), at ``times`` (s).
    """

    looks: Values
    weights: Values
    output: Values
    cv: Values
    fixed: Values
    times: Values
    course: Values

    @property
    def weak(self) -> Values:
        """The share of weak synapses at the end, by rate."""
        return np.asarray((self.weights[-1] < _OUTER).mean(axis=1))

    @property
    def strong(self) -> Values:
        """The share of strong synapses at the end, by rate."""
        return np.asarray((self.weights[-1] > 1 - _OUTER).mean(axis=1))


def perform(runs: Runs) -> Results:
    """Simulate neurons that learn and neurons that do not, check and draw."""
    recording, looks, weights = _learn(runs)
    fixed = _fixed(runs, weights[-1, REFERENCE])
    stop = recording.stop_ms
    edges = np.linspace(0, stop, max(round(stop / _BIN_MS), 1) + 1)
    times, ids = recording.spikes("cells")
    counts = np.array([np.histogram(times[ids == k], edges)[0] for k in range(RATES.size)])
    late, late_ids = recording.spikes("cells", 0.75 * stop)
    found = Found(
        looks=looks,
        weights=weights,
        output=np.bincount(late_ids, minlength=RATES.size) / (0.25e-3 * stop),
        cv=cv_isi(late, late_ids, RATES.size),
        fixed=fixed,
        times=1e-3 * (edges[:-1] + edges[1:]) / 2,
        course=counts / (1e-3 * np.diff(edges)),
    )
    metrics: dict[str, Any] = {
        "inputs (Hz)": RATES.tolist(),
        "output (Hz)": found.output.tolist(),
        "output with fixed weights (Hz)": fixed.tolist(),
        "CV of intervals": found.cv.tolist(),
        "weak": found.weak.tolist(),
        "strong": found.strong.tolist(),
        "mean weight": weights[-1].mean(axis=1).tolist(),
    }
    checks = [] if runs.quick else _checks(found)
    return Results(metrics=metrics, checks=checks, figure=_figure(found), lines=_table(found))


def _learn(runs: Runs) -> tuple[Recording, Values, Values]:
    """Return the recording, and the weights at times (s) while learning."""
    start = np.repeat(np.minimum(START / RATES, 1.0), N_EXC)
    net = song_abbott(RATES.tolist(), runs.seed, weights=start)
    looks, weights = [0.0], [start]
    with runs.simulation("learning", net) as simulation:
        for piece in range(1, _PIECES + 1):
            simulation.run(runs.duration / _PIECES)
            looks.append(float(runs.duration / second) * piece / _PIECES)
            weights.append(simulation.read(LEARNT, "w") / G_MAX)
    shaped = np.array(weights).reshape(-1, RATES.size, N_EXC)
    return simulation.recording, np.array(looks), shaped


def _fixed(runs: Runs, weights: Values) -> Values:
    """Return the rates (Hz) of neurons with these weights at all rates of inputs."""
    every = np.tile(weights, RATES.size)
    net = song_abbott(RATES.tolist(), runs.seed + 1, weights=every, learning=False)
    recording = runs.simulate("fixed", net, runs.duration / 20, warmup=500 * ms)
    _, ids = recording.spikes("cells", recording.warmup_ms)
    seconds = 1e-3 * (recording.stop_ms - recording.warmup_ms)
    return np.asarray(np.bincount(ids, minlength=RATES.size) / seconds)


def _checks(found: Found) -> list[Check]:
    checks = []
    for k, rate in enumerate(RATES):
        outer = found.weak[k] + found.strong[k]
        checks.append(
            Check.between(f"{rate:g} Hz: weak or strong synapses", outer, 0.7, source=_PAPER)
        )
        middle = float(((found.weights[-1, k] > 0.4) & (found.weights[-1, k] < 0.6)).mean())
        least = min(found.weak[k], found.strong[k])
        checks.append(
            Check.between(f"{rate:g} Hz: middle fifth / lesser mode", middle / least, 0, 1)
        )
    growth = found.output[-1] / found.output[0]
    checks.append(Check.between("output at 40 Hz / at 10 Hz", growth, 0.5, 2, source=_PAPER))
    factor = found.fixed[-1] / found.fixed[REFERENCE]
    learnt = found.output[-1] / found.output[REFERENCE]
    checks.append(Check.between("fixed weights: output at 40 / at 20 Hz", factor, low=3))
    checks.append(Check.between("learnt weights: the same", learnt, 0.7, 1.6, source=_PAPER))
    checks.append(Check.holds("fewer strong synapses at higher rates",
                              bool((np.diff(found.strong) < 0).all()), source=_PAPER))  # fmt: skip
    checks.append(
        Check.between("least CV of intervals: irregular", found.cv.min(), 0.4, source=_PAPER)
    )
    return checks


def _table(found: Found) -> list[str]:
    lines = ["", "inputs (Hz)  output (Hz)    CV   weak  strong  fixed weights (Hz)"]
    for k, rate in enumerate(RATES):
        cv = found.cv[k] if k < found.cv.size else float("nan")
        lines.append(
            f"{rate:11g}  {found.output[k]:11.1f}  {cv:4.2f}  {found.weak[k]:5.2f}  "
            f"{found.strong[k]:6.2f}  {found.fixed[k]:18.1f}"
        )
    return lines


def _figure(found: Found) -> Figure:
    with canvas.style():
        figure = canvas.figure(4.2)
        axes = figure.subplots(2, 2)
        _draw_times(axes[0, 0], found)
        _draw_rates(axes[0, 1], found)
        _draw_course(axes[1, 0], found)
        _draw_gain(axes[1, 1], found)
        for panel, letter in zip(axes.flat, "ABCD", strict=True):
            canvas.letter(panel, letter)
    return figure


_BINS: list[float] = np.linspace(0, 1, 26).tolist()


def _draw_times(axes: Axes, found: Found) -> None:
    last = found.looks.size - 1
    for look, colour in ((1, "0.75"), (last // 4, "0.5"), (last, _COLOURS[REFERENCE])):
        axes.hist(
            found.weights[look, REFERENCE], _BINS, histtype="step", color=colour, linewidth=1.2,
            label=f"{found.looks[look]:g} s",
        )  # fmt: skip
    axes.legend()
    axes.set(xlabel="Weight / bound", ylabel="Synapses", xlim=(0, 1))
    axes.set_title(f"Weights part, inputs at {RATES[REFERENCE]:g} Hz")


def _draw_rates(axes: Axes, found: Found) -> None:
    for k in (0, RATES.size - 1):
        axes.hist(
            found.weights[-1, k], _BINS, histtype="stepfilled", alpha=0.6, color=_COLOURS[k],
            label=f"inputs at {RATES[k]:g} Hz",
        )  # fmt: skip
    axes.legend()
    axes.set(xlabel="Weight / bound", ylabel="Synapses", xlim=(0, 1))
    axes.set_title(f"After {found.looks[-1]:g} s")


def _draw_course(axes: Axes, found: Found) -> None:
    for k, rate in enumerate(RATES):
        axes.plot(found.times, found.course[k], color=_COLOURS[k], label=f"{rate:g} Hz")
    axes.set(xlabel="Time (s)", ylabel="Output (Hz)", ylim=(0, None))
    axes.legend(title="inputs", title_fontsize=7, ncols=3, loc="lower right")
    axes.set_title("The output settles")


def _draw_gain(axes: Axes, found: Found) -> None:
    axes.plot(RATES, found.output, "o-", color=_COLOURS[REFERENCE], markersize=3, label="learnt")
    axes.plot(
        RATES, found.fixed, "s--", color=_COLOURS[-1], markersize=3,
        label=f"fixed, as learnt at {RATES[REFERENCE]:g} Hz",
    )  # fmt: skip
    axes.set_yscale("symlog", linthresh=10)
    axes.set_yticks([0, 10, 30, 100, 300], ["0", "10", "30", "100", "300"])
    axes.legend()
    axes.set(xlabel="Inputs (Hz)", ylabel="Output (Hz)", ylim=(0, None))
    axes.set_title("The output hardly depends on the input")


experiment = Experiment(
    perform=perform,
    duration=1000 * second,
    warmup=0 * ms,
    dt=0.5 * ms,
    scale=None,
    description="additive STDP: weights part into weak and strong, the output rate is regulated",
    reference="Song, Miller & Abbott (2000), Nature Neuroscience 3:919, doi:10.1038/78829",
    shortest=2 * second,
    quick={"duration": 10 * second},
)

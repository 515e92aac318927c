"""The window of spike-timing dependent plasticity, and what is made of it.

Sixty pairings at 1 Hz as in Bi and Poo (1998), for lags up to 100 ms; the same window through
axonal and dendritic delays; which spikes form pairs, for Poisson trains; and how a change depends
on the weight. Every number has a closed form.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..analysis import canvas
from ..experiment import Experiment
from ..networks.pairings import driven_synapses, pairings
from ..plasticity import pair_stdp
from ..results import Check, Results
from ..runs import Runs
from ..settings import Setting
from ..units import ms

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Values = NDArray[np.float64]

TAU_PLUS, TAU_MINUS = 16.8, 33.7  # ms
POTENTIATION, DEPRESSION = 0.777, 0.273  # of 60 pairings at lag 0, relative
PAIRS, RATE = 60, 1.0  # Hz
DELAYS = {"no delay": (0.0, 0.0), "axon 10 ms": (10.0, 0.0), "dendrite 10 ms": (0.0, 10.0)}
PAIRING = ("all_to_all", "nearest_symmetric", "presynaptic_centred", "reduced_symmetric")
DEPENDENCE: dict[str, dict[str, float]] = {
    "additive": {"w_max": 1.0},
    "power_law": {"w_max": 1.0},
    "multiplicative": {"w_max": 1.0},
    "van_rossum": {"w_0": 1.0},
    "morrison": {"w_0": 1.0},
}
_FIT = "Bi & Poo 2001, exponential fit"
_DT_MS = 0.1
_LAG, _AMPLITUDE = 5.0, 0.01  # ms, relative
_PRE_HZ, _POST_HZ = 10.0, np.array([1.0, 2.0, 5.0, 10.0, 15.0, 20.0, 30.0, 40.0, 50.0])
_TINY = 1e-6  # amplitude with Poisson trains: no weight comes near a bound
_COLOURS = ("#1f3b5c", "#b3541e", "#3f7d4f", "#7a4f9a", "#8a8a8a")


@dataclass(frozen=True)
class Found:
    """What was simulated: lags (ms) with changes of the weight by name, and the other two panels.

    ``drift`` has per pairing the mean change per second at each rate of the target, in units of
    the amplitude, with its standard error; ``steps`` per dependence (potentiation, depression)
    of one pair at each of ``weights``.
    """

    lags: Values
    windows: dict[str, Values]
    drift: dict[str, tuple[Values, Values]]
    weights: Values
    steps: dict[str, tuple[Values, Values]]


def perform(runs: Runs, trains: int = 200) -> Results:
    """Simulate, check and draw."""
    lags, windows = _windows(runs)
    weights, steps = _dependence(runs)
    found = Found(lags, windows, _drift(runs, trains), weights, steps)
    metrics: dict[str, Any] = {"lags (ms)": lags.tolist()}
    metrics |= {f"{name}: change": values.tolist() for name, values in windows.items()}
    metrics["rates of the target (Hz)"] = _POST_HZ.tolist()
    for name, (mean, error) in found.drift.items():
        metrics[f"{name}: drift (amplitudes/s)"] = mean.tolist()
        metrics[f"{name}: its standard error"] = error.tolist()
    return Results(metrics=metrics, checks=_checks(found), figure=_figure(found))


def window(lags: Values) -> Values:
    """Return the closed form of all pairs of 60 pairings at 1 Hz: relative change at each lag."""
    gaps = lags[:, None, None] + 1e3 / RATE * (np.arange(PAIRS)[:, None] - np.arange(PAIRS))
    up = POTENTIATION / PAIRS * np.exp(-np.abs(gaps) / TAU_PLUS)
    down = DEPRESSION / PAIRS * np.exp(-np.abs(gaps) / TAU_MINUS)
    return np.asarray(np.where(gaps >= 0, up, -down).sum(axis=(1, 2)))


def _windows(runs: Runs) -> tuple[Values, dict[str, Values]]:
    step = 5.0 if runs.quick else 2.0
    lags = np.asarray(np.arange(-100.0, 100.0 + step / 2, step), dtype=np.float64)
    trains = [pairings(float(lag), RATE, PAIRS) for lag in lags]
    values = {"w_max": 10.0, "tau_plus": TAU_PLUS * ms, "tau_minus": TAU_MINUS * ms}
    values |= {"A_plus": POTENTIATION / PAIRS / 10, "A_minus": DEPRESSION / PAIRS / 10}
    rule = pair_stdp(**values, delays="axonal_and_dendritic")
    delays = {
        name: {"delay": {"pre": axon * ms, "transmit": (axon + dendrite) * ms},
               "delay_post": dendrite * ms}
        for name, (axon, dendrite) in DELAYS.items()
    }  # fmt: skip
    labels = {name: name.replace(" ", "_") for name in DELAYS}
    net = driven_synapses(
        {labels[name]: rule for name in DELAYS},
        [pre for pre, _ in trains],
        [post for _, post in trains],
        dt_ms=_DT_MS,
        weight=5.0,
        delays={labels[name]: given for name, given in delays.items()},
        seed=runs.seed,
    )
    with runs.simulation("window", net, dt=_DT_MS * ms) as simulation:
        simulation.run((300 + PAIRS * 1e3 / RATE) * ms)
        return lags, {name: simulation.read(label, "w") - 5.0 for name, label in labels.items()}


def drift_of(pairing: str, pre: float, post: Values) -> Values:
    """Return the mean change per second for Poisson trains, in amplitudes, for equal windows.

    Pairs per second times the mean of the window over their lag, up minus down [Izhikevich & Desai
    2003 for nearest pairs].
    """
    tau_plus, tau_minus = 1e-3 * TAU_PLUS, 1e-3 * TAU_MINUS
    if pairing == "all_to_all":
        return np.asarray(pre * post * (tau_plus - tau_minus))
    if pairing == "nearest_symmetric":
        return np.asarray(pre * post * (1 / (1 / tau_plus + pre) - 1 / (1 / tau_minus + post)))
    if pairing == "presynaptic_centred":
        return np.asarray(pre * post * (1 / (1 / tau_plus + post) - 1 / (1 / tau_minus + post)))
    both = pre + post
    return np.asarray(pre * post * (1 / (1 / tau_plus + both) - 1 / (1 / tau_minus + both)))


def _drift(runs: Runs, trains: int) -> dict[str, tuple[Values, Values]]:
    seconds = 5.0 if runs.quick else 20.0
    count = min(trains, 20) if runs.quick else trains
    rng = np.random.default_rng(runs.seed)
    pre, post = [], []
    for rate in _POST_HZ:
        for _ in range(count):
            pre.append(_poisson(rng, _PRE_HZ, seconds))
            post.append(_poisson(rng, rate, seconds))
    values = {"w_max": 1.0, "A_plus": _TINY, "A_minus": _TINY}
    values |= {"tau_plus": TAU_PLUS * ms, "tau_minus": TAU_MINUS * ms}
    rules = {name: pair_stdp(**values, pairing=name) for name in PAIRING}
    net = driven_synapses(rules, pre, post, dt_ms=_DT_MS, weight=0.5, seed=runs.seed)
    found = {}
    with runs.simulation("pairing", net, dt=_DT_MS * ms) as simulation:
        simulation.run(1e3 * seconds * ms)
        for name in PAIRING:
            change = (simulation.read(name, "w") - 0.5) / (_TINY * seconds)
            by_rate = change.reshape(_POST_HZ.size, count)
            found[name] = by_rate.mean(axis=1), by_rate.std(axis=1, ddof=1) / count**0.5
    return found


def _poisson(rng: np.random.Generator, rate: float, seconds: float) -> Values:
    """Return spike times (ms) on the grid of steps: at most one a step, none in the first two."""
    steps = np.flatnonzero(rng.random(round(1e4 * seconds) - 2) < 1e-4 * rate) + 2
    return np.asarray(_DT_MS * steps)


CLOSED_STEPS: dict[str, tuple[Callable[[Values], Values], Callable[[Values], Values]]] = {
    "additive": (np.ones_like, np.ones_like),
    "power_law": (lambda w: (1 - w) ** 0.1, lambda w: w**0.1),
    "multiplicative": (lambda w: 1 - w, lambda w: w),
    "van_rossum": (np.ones_like, lambda w: w),
    "morrison": (lambda w: w**0.4, lambda w: w),
}
"""Potentiation and depression by one pair, of a weight relative to w_max or w_0."""


def _dependence(runs: Runs) -> tuple[Values, dict[str, tuple[Values, Values]]]:
    weights = np.linspace(0.05, 0.95, 19)
    trains = [pairings(lag, RATE, 1) for lag in (_LAG, -_LAG) for _ in weights]
    rules = {
        name: pair_stdp(**bounds, A_plus=_AMPLITUDE, A_minus=_AMPLITUDE, dependence=name)
        for name, bounds in DEPENDENCE.items()
    }
    start = np.tile(weights, 2)
    net = driven_synapses(
        rules,
        [pre for pre, _ in trains],
        [post for _, post in trains],
        dt_ms=_DT_MS,
        weight=0.5,
        seed=runs.seed,
    )
    with runs.simulation("dependence", net, dt=_DT_MS * ms) as simulation:
        for name in rules:
            simulation.write(name, "w", start)
        simulation.run(150 * ms)
        changes = {name: simulation.read(name, "w") - start for name in rules}
    return weights, {
        name: (change[: weights.size], change[weights.size :]) for name, change in changes.items()
    }


def _checks(found: Found) -> list[Check]:
    checks = []
    for name, (axon, dendrite) in DELAYS.items():
        expected = window(found.lags + dendrite - axon)
        error = np.abs(found.windows[name] - expected).max()
        checks.append(Check.between(f"{name}: error against the closed form", error, 0, 1e-10))
    plain = found.windows["no delay"]
    up, down = found.lags > 0, (found.lags < 0) & (found.lags > -90)
    for side, chosen, tau in (("+", up, TAU_PLUS), ("-", down, TAU_MINUS)):
        slope = np.polyfit(np.abs(found.lags[chosen]), np.log(np.abs(plain[chosen])), 1)[0]
        checks.append(
            Check.near(
                f"tau {side} (ms) of the window", -1 / slope, tau, relative=1e-3, source=_FIT
            )
        )
    for name, (mean, error) in found.drift.items():
        # 36 comparisons: a z of 4 has a chance of 0.2 % among them
        z = np.abs(mean - drift_of(name, _PRE_HZ, _POST_HZ)) / error
        checks.append(Check.between(f"{name}: drift, largest z against theory", z.max(), 0, 4))
    peak = {"up": np.exp(-_LAG / 20.0), "down": np.exp(-_LAG / 20.0)}
    for name, (ups, downs) in found.steps.items():
        closed = CLOSED_STEPS[name]
        error = max(
            np.abs(ups - _AMPLITUDE * peak["up"] * closed[0](found.weights)).max(),
            np.abs(downs + _AMPLITUDE * peak["down"] * closed[1](found.weights)).max(),
        )
        checks.append(Check.between(f"{name}: error against the closed form", error, 0, 1e-12))
    return checks


def _figure(found: Found) -> Figure:
    with canvas.style():
        figure = canvas.figure(4.6)
        axes = figure.subplots(2, 2)
        _draw_window(axes[0, 0], found)
        _draw_delays(axes[0, 1], found)
        _draw_drift(axes[1, 0], found)
        _draw_steps(axes[1, 1], found)
        for panel, label in zip(axes.flat, "ABCD", strict=True):
            canvas.letter(panel, label)
    return figure


def _draw_window(axes: Axes, found: Found) -> None:
    dense = np.linspace(found.lags[0], found.lags[-1], 2001)
    for part in (dense[dense >= 0], dense[dense < 0]):
        axes.plot(part, 100 * window(part), color=_COLOURS[1], alpha=0.6, linewidth=1.6)
    axes.plot(found.lags, 100 * found.windows["no delay"], "o", color=_COLOURS[0], markersize=2.2)
    _cross(axes)
    axes.set(xlabel="Lag, post − pre (ms)", ylabel="Change (%)", title="60 pairs at 1 Hz")


def _draw_delays(axes: Axes, found: Found) -> None:
    for k, (name, change) in enumerate(found.windows.items()):
        axes.plot(found.lags, 100 * change, color=_COLOURS[k], label=name)
    _cross(axes)
    axes.legend(fontsize=6, loc="upper left")
    axes.set(xlim=(-50, 50), xlabel="Lag at the somas (ms)", ylabel="Change (%)")
    axes.set_title("Delays shift the window")


def _draw_drift(axes: Axes, found: Found) -> None:
    dense = np.linspace(0.0, _POST_HZ[-1], 200)
    for k, (name, (mean, error)) in enumerate(found.drift.items()):
        axes.plot(dense, drift_of(name, _PRE_HZ, dense), color=_COLOURS[k], alpha=0.6)
        axes.errorbar(
            _POST_HZ, mean, error, fmt="o", markersize=2.2, elinewidth=0.7, color=_COLOURS[k],
            label=name.replace("_", " "),
        )  # fmt: skip
    axes.axhline(0, color="0.7", linewidth=0.6, zorder=0)
    axes.legend(fontsize=6, loc="lower left")
    axes.set(xlabel="Rate of the target (Hz)", ylabel="Drift (amplitudes/s)")
    axes.set_title(f"Poisson trains, source {_PRE_HZ:g} Hz")


def _draw_steps(axes: Axes, found: Found) -> None:
    for k, (name, (ups, downs)) in enumerate(found.steps.items()):
        label = name.replace("_", " ")
        axes.plot(found.weights, 100 * ups, color=_COLOURS[k], label=label)
        axes.plot(found.weights, 100 * downs, color=_COLOURS[k], linestyle="--")
    axes.axhline(0, color="0.7", linewidth=0.6, zorder=0)
    axes.set(xlabel="Weight (of w_max or w_0)", ylabel="Change by a pair (% of it)", xlim=(0, 1))
    axes.legend(fontsize=6, ncols=2, loc="center")
    axes.set_title(f"Lag +{_LAG:g} ms (full), −{_LAG:g} ms (dashed)")


def _cross(axes: Axes) -> None:
    axes.axhline(0, color="0.7", linewidth=0.6, zorder=0)
    axes.axvline(0, color="0.7", linewidth=0.6, zorder=0)


experiment = Experiment(
    perform=perform,
    description="pair-based STDP: the window, delays, which spikes pair, dependence on the weight",
    reference=(
        "Bi & Poo (1998), J. Neurosci. 18:10464, doi:10.1523/JNEUROSCI.18-24-10464.1998; fit: "
        "Bi & Poo (2001), Annu. Rev. Neurosci. 24:139, doi:10.1146/annurev.neuro.24.1.139"
    ),
    parameters=(Setting("trains", 200, "Poisson trains at each rate", low=10, high=10_000),),
    scale=None,
)

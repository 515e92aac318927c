"""Voltage-based plasticity: pairing at several frequencies, and a potential that is held.

Clopath, Buesing, Vasilaki and Gerstner (2010), figure 2b: five pairs of spikes 10 ms apart, of
either order, fifteen times at 0.1 to 50 Hz, beside the data of Sjoestroem et al. (2001) and what
the authors' scheme gives; and the change by presynaptic spikes at a held potential.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .. import plasticity
from ..analysis import canvas
from ..experiment import Experiment
from ..networks.pairings import pairings
from ..results import Check, Results
from ..runs import Runs
from ..units import ms, mV, pA
from .triplet_frequency import DATA
from .triplet_frequency import RATES as DATA_RATES

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..description.network import Network
    from ..recording import Recording

Values = NDArray[np.float64]

RATES = np.array([10.0, 20.0, 30.0, 40.0, 50.0])  # Hz; 0.1 Hz: pairs alone
LAG, PAIRS, BURSTS, LONE_PAIRS = 10.0, 5, 15, 50  # ms
ORDERS = {"pre before post": LAG, "post before pre": -LAG}
# Weights in % of before, at 10, 20, 40 and 50 Hz: five pairs in the scheme of the authors' program
# (ModelDB 144566, VoTri.m; it makes the target fire once more after the last pair if post is first)
PROGRAM = {
    "pre before post": (102.9, 115.7, 146.3, 165.0),
    "post before pre": (59.1, 59.0, 103.8, 147.1),
}
_AT = np.array([0, 1, 3, 4])  # of RATES
_SOURCE = "the authors' scheme, ModelDB 144566"
_START = 0.5  # of the weight that amplitudes refer to, as in the program
_UNIT = 0.01  # pA: too little to be felt by the neuron
_KICK = 70.0  # mV: drives a neuron over its peak in the next step
_SPIKE_MS = 2.0  # with the step in which the peak is passed
_DT_MS = 0.1
_FIRST_MS, _AFTER_MS = 50.0, 150.0
_HELD = np.linspace(-80.0, -38.0, 43)  # mV
_HELD_SPIKES, _HELD_HZ = 25, 50.0
THETA_MINUS, THETA_PLUS, A_LTD, A_LTP, TAU_X = -70.6, -45.3, 14e-5, 8e-5, 15.0
_COLOURS = {"pre before post": "#1f3b5c", "post before pre": "#b3541e"}


@dataclass(frozen=True)
class Found:
    """Changes relative to the weight before: by order at ``RATES`` and of lone pairs; held."""

    bursts: dict[str, Values]
    alone: dict[str, float]
    held: Values
    trace: Recording

    def normalised(self, order: str) -> Values:
        """Return weights in % after all bursts: they are far enough apart to add up."""
        return np.asarray(100 * (1 + BURSTS * self.bursts[order]))

    def lone(self, order: str) -> float:
        """Return the weight in % after pairs 10 s apart."""
        return 100 * (1 + LONE_PAIRS * self.alone[order])


def rule() -> Any:
    """Return the rule with the parameters of the visual cortex."""
    return plasticity.clopath(w_0=_UNIT * pA, w_max=100 * _UNIT * pA)


def perform(runs: Runs) -> Results:
    """Simulate, check and draw."""
    bursts, alone, trace = _pairing(runs)
    found = Found(bursts, alone, _voltage(runs), trace)
    expected = held_change(_HELD)
    error = np.abs(found.held - expected).max() / np.abs(expected).max()
    checks = [Check.between("held potential: error against the closed form", error, 0, 1e-9)]
    checks += _checks(found)
    metrics: dict[str, Any] = {"rates (Hz)": RATES.tolist()}
    for order in ORDERS:
        metrics[f"{order}: weight (%)"] = found.normalised(order).tolist()
        metrics[f"{order}, 0.1 Hz: weight (%)"] = found.lone(order)
    metrics["held potentials (mV)"] = _HELD.tolist()
    metrics["change at held potentials"] = found.held.tolist()
    return Results(metrics=metrics, checks=checks, figure=_figure(found))


def _pairing(runs: Runs) -> tuple[dict[str, Values], dict[str, float], Recording]:
    trains = [pairings(lag, rate, PAIRS, _FIRST_MS) for lag in ORDERS.values() for rate in RATES]
    trains += [pairings(lag, 1.0, 1, _FIRST_MS) for lag in ORDERS.values()]
    net = _network(runs, trains)
    last = max(times[-1] for train in trains for times in train)
    with runs.simulation("pairing", net, dt=_DT_MS * ms) as simulation:
        simulation.run((last + _AFTER_MS) * ms)
        change = (simulation.read("learning", "w") / (1e-12 * _UNIT) - _START) / _START
    by_order = np.split(change[: 2 * RATES.size], 2)
    bursts = dict(zip(ORDERS, by_order, strict=True))
    alone = dict(zip(ORDERS, (float(x) for x in change[2 * RATES.size :]), strict=True))
    return bursts, alone, simulation.recording


def _network(runs: Runs, trains: list[tuple[Values, Values]]) -> Network:
    from ..description.network import Network  # noqa: PLC0415 - imports Brian2
    from ..description.rules import OneToOne  # noqa: PLC0415 - imports Brian2

    net = Network(seed=runs.seed, name="clopath", weight_bits=64)
    n = len(trains)
    pre = net.spike_source("pre", *_events([p for p, _ in trains]), size=n)
    drive = net.spike_source("drive", *_events([p - _DT_MS for _, p in trains]), size=n)
    neuron = plasticity.clopath_neuron(t_clamp=(_SPIKE_MS - _DT_MS) * ms)
    post = net.population("post", n, neuron)
    net.project(drive, post, OneToOne(), "v", weight=_KICK * mV, delay=0 * ms)
    net.project(
        pre, post, OneToOne(), "I_syn", synapse=rule(), weight=_START * _UNIT * pA,
        delay=0 * ms, name="learning",
    )  # fmt: skip
    for variable in ("v", "u_plus", "u_minus"):
        net.record(post[:1], variable, every=_DT_MS * ms)
    return net


def _events(trains: list[Values]) -> tuple[Any, NDArray[np.int64]]:
    """Return times in order, and whose they are."""
    times = np.concatenate(trains)
    ids = np.repeat(np.arange(len(trains)), [t.size for t in trains])
    order = np.argsort(times, kind="stable")
    return times[order] * ms, ids[order]


def _voltage(runs: Runs) -> Values:
    """Return the relative change by presynaptic spikes at each held potential."""
    from ..description.models import NeuronModel  # noqa: PLC0415 - imports Brian2
    from ..description.network import Network  # noqa: PLC0415 - imports Brian2
    from ..description.rules import AllToAll  # noqa: PLC0415 - imports Brian2

    held = NeuronModel("v : volt\nu_minus = v : volt\nu_plus = v : volt\nI_syn : amp", name="held")
    net = Network(seed=runs.seed, name="clopath_held", weight_bits=64)
    times = _FIRST_MS + np.arange(_HELD_SPIKES) * 1e3 / _HELD_HZ
    pre = net.spike_source("pre", times * ms, np.zeros(times.size, dtype=int), size=1)
    post = net.population("post", _HELD.size, held(v=_HELD * mV))
    start = 5 * _UNIT * pA
    net.project(pre, post, AllToAll(), "I_syn", synapse=rule(), weight=start, delay=0 * ms,
                name="learning")  # fmt: skip
    with runs.simulation("held", net, dt=_DT_MS * ms) as simulation:
        simulation.run((times[-1] + _AFTER_MS) * ms)
        return np.asarray(simulation.read("learning", "w") / (1e-12 * _UNIT) - 5)


def held_change(potentials: Values) -> Values:
    """Return the closed form of Euler's steps at held potentials, of the weight referred to.

    A spike leaves a trace that loses dt/tau of itself in every step, all of it at the end.
    """
    minus = np.maximum(potentials - THETA_MINUS, 0)
    plus = np.maximum(potentials - THETA_PLUS, 0)
    steps = np.arange(_HELD_SPIKES)[::-1] * 1e3 / _HELD_HZ / _DT_MS + _AFTER_MS / _DT_MS - 1
    area = (1 - (1 - _DT_MS / TAU_X) ** np.round(steps)).sum()
    return np.asarray(A_LTP * plus * minus * area - A_LTD * minus * _HELD_SPIKES)


def _checks(found: Found) -> list[Check]:
    checks = []
    for order, published in PROGRAM.items():
        weights = found.normalised(order)[_AT]
        for rate, weight, expected in zip(RATES[_AT], weights, published, strict=True):
            text = f"{order}, {rate:g} Hz: weight (%)"
            checks.append(Check.near(text, weight, expected, absolute=8, source=_SOURCE))
    sjostrom = "Sjoestroem et al. 2001"
    pre, post = (found.normalised(order) for order in ORDERS)
    lone = found.lone("pre before post")
    checks += [
        Check.between("pre before post, 0.1 Hz: no change (%)", lone, 90, 110, source=sjostrom),
        Check.between("pre before post, 40 Hz: potentiation (%)", pre[3], 120, source=sjostrom),
        Check.between("post before pre, 20 Hz: depression (%)", post[1], 40, 90, source=sjostrom),
        Check.between("post before pre, 50 Hz: potentiation (%)", post[4], 110, source=sjostrom),
        Check.holds("post before pre: depression ends between 20 and 40 Hz",
                    bool(post[1] < 100 < post[3]), source=sjostrom),
    ]  # fmt: skip
    deepest, turn = _HELD[np.argmin(found.held)], _HELD[found.held > 0].min()
    checks.append(Check.near("held: deepest depression (mV), at theta+", deepest, THETA_PLUS,
                             absolute=2))  # fmt: skip
    checks.append(Check.between("held: potentiation from (mV)", turn, THETA_PLUS, -20))
    return checks


def _figure(found: Found) -> Figure:
    with canvas.style():
        figure = canvas.figure(2.5)
        spike, frequency, held = figure.subplots(1, 3)
        _draw_spike(spike, found.trace)
        _draw_frequency(frequency, found)
        _draw_held(held, found)
        for panel, letter in zip((spike, frequency, held), "ABC", strict=True):
            canvas.letter(panel, letter)
    return figure


def _draw_spike(axes: Axes, recording: Recording) -> None:
    for variable, colour, label in (
        ("v", "0.2", "v"),
        ("u_minus", "#b3541e", "ū−"),
        ("u_plus", "#1f3b5c", "ū+"),
    ):
        trace = recording.state("post", variable)
        axes.plot(
            trace.times_ms - _FIRST_MS, trace.values[:, 0], color=colour, label=label, linewidth=0.8
        )
    for level, text, above in ((THETA_MINUS, "θ−", -5.5), (THETA_PLUS, "θ+", 1.5)):
        axes.axhline(level, color="0.7", linewidth=0.6, linestyle="--", zorder=0)
        axes.text(78, level + above, text, fontsize=7, color="0.4", ha="right")
    axes.axvline(0, color="0.7", linewidth=0.6, zorder=0)
    axes.set(xlim=(-5, 80), ylim=(-80, None), xlabel="Time (ms)", ylabel="Potential (mV)")
    axes.legend(loc="upper right")
    axes.set_title("A pair 10 ms apart")


def _draw_frequency(axes: Axes, found: Found) -> None:
    rates = np.concatenate([[0.1], RATES])
    for order, (mean, sigma) in DATA.items():
        colour = _COLOURS[order]
        weights = np.concatenate([[found.lone(order)], found.normalised(order)])
        axes.plot(rates, weights, color=colour, label=order)
        axes.plot(RATES[_AT], PROGRAM[order], "x", color=colour, markersize=5)
        axes.errorbar(
            DATA_RATES, 100 + 100 * mean, 100 * sigma, fmt="o", markersize=3, elinewidth=0.7,
            color=colour, alpha=0.6,
        )  # fmt: skip
    axes.axhline(100, color="0.7", linewidth=0.6, zorder=0)
    axes.plot([], [], "x", color="0.3", label="authors' scheme")
    axes.plot([], [], "o", color="0.5", markersize=3, label="data")
    axes.legend(fontsize=6, loc="upper left")
    axes.set(
        xlabel="Frequency (Hz)", ylabel="Weight (%)", title="Pairs 10 ms apart", ylim=(20, 230)
    )


def _draw_held(axes: Axes, found: Found) -> None:
    dense = np.linspace(_HELD[0], _HELD[-1], 400)
    axes.plot(dense, held_change(dense), color="#b3541e", linewidth=1.6, alpha=0.6)
    axes.plot(_HELD, found.held, "o", color="#1f3b5c", markersize=2.2)
    for level in (THETA_MINUS, THETA_PLUS):
        axes.axvline(level, color="0.7", linewidth=0.6, linestyle="--", zorder=0)
    axes.axhline(0, color="0.7", linewidth=0.6, zorder=0)
    axes.set(xlabel="Held potential (mV)", ylabel="Change (of w_0)", ylim=(-0.15, 0.35))
    axes.set_title(f"{_HELD_SPIKES} spikes at {_HELD_HZ:g} Hz")


experiment = Experiment(
    perform=perform,
    description="voltage-based STDP: frequency dependence of pairing, and held potentials",
    reference="Clopath et al. (2010), Nature Neuroscience 13:344, doi:10.1038/nn.2479",
    scale=None,
)

"""The cortical microcircuit with synapses that learn, at a tenth of its neurons and all synapses.

Every neuron has its full number of synapses, drawn from a tenth of the neurons; those from
excitatory to excitatory neurons follow STDP for which the mean weights are at rest. The network
settles without learning, then learns; beside it stands the same network with static synapses.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..analysis import canvas
from ..analysis.groups import EXCITATORY, INHIBITORY
from ..experiment import Experiment
from ..networks.microcircuit import FULL_MEAN_RATES, POPULATIONS, microcircuit
from ..results import Check, Results
from ..runs import Runs
from ..settings import Setting
from ..units import ms, second

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..recording import Recording

Values = NDArray[np.float64]

_BINS = np.linspace(-15, 15, 121)  # %
_SHOWN_MS, _SHOWN_NEURONS = 150.0, 60
_COLOURS = {"L23E": "#1f3b5c", "L4E": "#b3541e", "L5E": "#3f7d4f", "L6E": "#7a4f9a"}
_FULL = "full size, static (PyNEST implementation of Potjans & Diesmann 2014)"


@dataclass(frozen=True)
class Learnt:
    """What became of a projection's weights: relative to the mean before, and by synapse.

    ``drift`` is the relative change of the mean, ``spread`` and ``spread_before`` the deviation
    over the mean, ``changes`` the share of synapses by relative change (bins of ``_BINS``), and
    ``moved`` its deviation.
    """

    size: int
    drift: float
    spread_before: float
    spread: float
    moved: float
    changes: Values


def perform(runs: Runs, indegree_scale: float = 1.0) -> Results:
    """Simulate the static and the learning network, check and draw."""
    share = 0.1 if runs.quick else indegree_scale
    static_net = microcircuit(runs.scale, runs.seed, indegree_scale=share)
    static = runs.simulate("static", static_net)
    plastic, learnt = _learn(runs, share)
    rates = {"static": static.rates(), "learning": plastic.rates()}
    n_learnt = sum(one.size for one in learnt.values())
    metrics: dict[str, Any] = {f"{kind}: rates (Hz)": found for kind, found in rates.items()}
    metrics["synapses"] = plastic.n_synapses
    metrics["synapses that learn"] = n_learnt
    metrics["C_eff"] = (plastic.n_synapses or 0) / plastic.n_neurons**2
    for name, one in learnt.items():
        metrics[name] = {
            "synapses": one.size,
            "drift of the mean": one.drift,
            "deviation / mean, before": one.spread_before,
            "deviation / mean": one.spread,
            "deviation of relative changes": one.moved,
        }
    as_stated = runs.scale == 0.1 and share == 1.0
    return Results(
        metrics=metrics,
        checks=_checks(rates, learnt) if as_stated else [],
        figure=_figure(plastic, rates, learnt),
        lines=_table(rates, learnt, n_learnt),
    )


def _learn(runs: Runs, share: float) -> tuple[Recording, dict[str, Learnt]]:
    net = microcircuit(runs.scale, runs.seed, indegree_scale=share, plastic=True)
    names = [p.name for p in net.projections if p.synapse is not None]
    with runs.simulation("learning", net) as simulation:
        before = {name: simulation.read(name, "w") for name in names}
        for name in names:
            simulation.learning(name, False)
        simulation.run(runs.warmup, warmup=True)
        for name in names:
            simulation.learning(name, True)
        simulation.run(runs.duration)
        learnt = {name: _compare(before[name], simulation.read(name, "w")) for name in names}
    return simulation.recording, learnt


def _compare(before: Values, after: Values) -> Learnt:
    change = 100 * (after / before - 1)
    mean = before.mean()
    return Learnt(
        size=before.size,
        drift=float(after.mean() / mean - 1),
        spread_before=float(before.std() / mean),
        spread=float(after.std() / mean),
        moved=float(change.std() / 100),
        changes=np.histogram(np.clip(change, _BINS[0], _BINS[-1]), _BINS)[0] / before.size,
    )


def _checks(rates: dict[str, dict[str, float]], learnt: dict[str, Learnt]) -> list[Check]:
    checks = []
    for name in POPULATIONS:
        expected = rates["static"][name]
        margin = max(0.25 * expected, 0.75)
        text = f"{name}: rate (Hz), beside static"
        checks.append(Check.near(text, rates["learning"][name], expected, absolute=margin))
    drifts = np.array([one.drift for one in learnt.values()])
    checks.append(Check.between("largest drift of a mean weight", np.abs(drifts).max(), 0, 0.02))
    moved = np.array([one.moved for one in learnt.values()])
    checks.append(Check.between("least deviation of relative changes", moved.min(), 1e-4))
    wider = max(one.spread / one.spread_before for one in learnt.values())
    checks.append(Check.between("deviation of weights, after / before", wider, 0.9, 1.3))
    total = sum(one.size for one in learnt.values())
    checks.append(Check.near("synapses that learn", total, 15.8e6, relative=0.01))
    return checks


def _table(
    rates: dict[str, dict[str, float]], learnt: dict[str, Learnt], n_learnt: int
) -> list[str]:
    lines = ["", f"{n_learnt:,} synapses learn", "population  static (Hz)  learning  full size"]
    for name, full in zip(POPULATIONS, FULL_MEAN_RATES, strict=True):
        static, learning = rates["static"][name], rates["learning"][name]
        lines.append(f"{name:<10}  {static:11.2f}  {learning:8.2f}  {full:9.2f}")
    lines += ["", "projection     synapses  drift (%)  changes, deviation (%)"]
    for name, one in learnt.items():
        lines.append(f"{name:<12} {one.size:10,}  {100 * one.drift:9.3f}  {100 * one.moved:22.2f}")
    return lines


def _figure(
    recording: Recording, rates: dict[str, dict[str, float]], learnt: dict[str, Learnt]
) -> Figure:
    with canvas.style():
        figure = canvas.figure(4.4)
        axes = figure.subplots(2, 2)
        _draw_spikes(axes[0, 0], recording)
        _draw_rates(axes[0, 1], rates)
        _draw_changes(axes[1, 0], learnt)
        _draw_drift(axes[1, 1], learnt)
        for panel, letter in zip(axes.flat, "ABCD", strict=True):
            canvas.letter(panel, letter)
    return figure


def _draw_spikes(axes: Axes, recording: Recording) -> None:
    start = max(recording.stop_ms - _SHOWN_MS, recording.warmup_ms)
    for row, name in enumerate(POPULATIONS):
        times, ids = recording.spikes(name, start)
        n = recording.populations[name].size
        step = max(n // _SHOWN_NEURONS, 1)
        shown = (ids % step == 0) & (ids // step < _SHOWN_NEURONS)
        colour = EXCITATORY if name.endswith("E") else INHIBITORY
        heights = row + 0.9 * (ids[shown] // step) / _SHOWN_NEURONS
        canvas.dots(axes, times[shown], heights, colour, 1.2)
    axes.set_yticks(np.arange(len(POPULATIONS)) + 0.45, POPULATIONS)
    axes.invert_yaxis()
    axes.set(xlabel="Time (ms)", xlim=(start, recording.stop_ms), title="Learning")


def _draw_rates(axes: Axes, rates: dict[str, dict[str, float]]) -> None:
    places = np.arange(len(POPULATIONS))
    for k, (kind, colour) in enumerate((("static", "0.65"), ("learning", EXCITATORY))):
        values = [rates[kind][name] for name in POPULATIONS]
        axes.bar(places + 0.38 * k - 0.19, values, 0.36, color=colour, label=kind)
    axes.plot(places, FULL_MEAN_RATES, "k_", markersize=12, label="full size")
    axes.set_xticks(places, POPULATIONS, fontsize=6)
    axes.set(ylabel="Rate (Hz)")
    axes.legend()


def _draw_changes(axes: Axes, learnt: dict[str, Learnt]) -> None:
    middles, width = (_BINS[:-1] + _BINS[1:]) / 2, _BINS[1] - _BINS[0]
    for name in (f"{layer}->{layer}" for layer in _COLOURS):
        share = learnt[name].changes / width
        axes.plot(middles, share, color=_COLOURS[name.split("->")[0]], label=name)
    axes.set_yscale("log")
    axes.set(xlabel="Change of a weight (%)", ylabel="Share of synapses (1/%)", ylim=(1e-6, None))
    axes.legend(fontsize=6)


def _draw_drift(axes: Axes, learnt: dict[str, Learnt]) -> None:
    layers = list(_COLOURS)
    drift = np.array([[100 * learnt[f"{pre}->{post}"].drift for pre in layers] for post in layers])
    reach = max(np.abs(drift).max(), 1e-6)
    image = axes.imshow(drift, cmap="RdBu_r", vmin=-reach, vmax=reach, aspect="auto")
    axes.set_xticks(range(len(layers)), layers)
    axes.set_yticks(range(len(layers)), layers)
    axes.set(xlabel="Source", ylabel="Target", title="Change of the mean weight (%)")
    axes.get_figure().colorbar(image, ax=axes, shrink=0.9)  # type: ignore[union-attr]


experiment = Experiment(
    perform=perform,
    scale=0.1,
    duration=1 * second,
    warmup=500 * ms,
    description="cortical microcircuit with STDP: 7,717 neurons, 16 of 30 million synapses learn",
    reference=(
        "Potjans & Diesmann (2014), Cerebral Cortex 24:785, doi:10.1093/cercor/bhs358; rule: "
        "Morrison, Aertsen & Diesmann (2007), doi:10.1162/neco.2007.19.6.1437"
    ),
    parameters=(Setting("indegree_scale", 1.0, "share of a neuron's synapses", low=0.005, high=1),),
    shortest=50 * ms,
    quick={"scale": 0.05, "duration": 100 * ms, "warmup": 50 * ms},
)

"""Reward that comes seconds late, and to whom it is due, after Izhikevich (2007), Fig. 1.

Whenever two chosen neurons fire in the right order within 20 ms, a reward follows 1 to 3 s later,
when thousands of other synapses have been active. Eligibility traces and dopamine let the synapse
between the two become as strong as it can. It begins at zero, and so do control synapses between
other neurons, which get the same dopamine at the same times, whatever their own neurons do.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..analysis import canvas
from ..analysis.groups import EXCITATORY, OTHERS
from ..callbacks import Callback, Moment
from ..experiment import Experiment
from ..networks.distal_reward import RELEASE, STEP, W_MAX, W_START, distal_reward
from ..results import Check, Results
from ..runs import Runs
from ..settings import Setting
from ..units import ms, second  # type: ignore[attr-defined]

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..simulation import Simulation

LEVEL = 0.01
"""Of the test that rewarded synapses end up as strong as those of the control group."""

PROJECTION = "E-E"
_WINDOW_MS, _SOONEST_MS, _LATEST_MS = 20, 1000, 3000
_EVERY_MS = 100  # rewards come at multiples of it
_CONTROLS = 99  # synapses of each network
_POINTS = 60  # of the course of a weight
_COLOURS = {"rewarded": EXCITATORY, "control": OTHERS[1]}
_PAPER = "Izhikevich 2007, Fig. 1"
Floats = NDArray[np.float64]


@dataclass
class Reward:
    """Gives dopamine to all neurons some time after two of them fired in the right order.

    Attributes
    ----------
    seed : int
    pre, post : int
        The neurons, once they are chosen; -1 before.
    given : list of int
        When rewards were given, ms.
    """

    seed: int
    pre: int = -1
    post: int = -1
    given: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._rng = np.random.default_rng(self.seed)
        self._due: list[int] = []
        self._last = -_WINDOW_MS - 1

    def __call__(self, now: Moment) -> None:
        """Look at the spikes since the last call, and give what is due."""
        steps, ids = now.spikes("E")
        mine = (ids == self.pre) | (ids == self.post)
        for step, neuron in zip(steps[mine].tolist(), ids[mine].tolist(), strict=True):
            self._watch(step, neuron)
        due = [time for time in self._due if time <= now.step]
        if due:
            self._due = [time for time in self._due if time > now.step]
            self.given.append(now.step)
            for population in ("E", "I"):
                now.write(population, "d_in", RELEASE)

    def _watch(self, step: int, neuron: int) -> None:
        if neuron == self.post and 0 < step - self._last < _WINDOW_MS:
            self._due.append(step + int(self._rng.integers(_SOONEST_MS, _LATEST_MS + 1)))
        if neuron == self.pre:
            self._last = step


@dataclass(frozen=True)
class Course:
    """What became of the rewarded synapse of a network and of others.

    Attributes
    ----------
    times_s : (n,)
    weight : (n,) mV
        Of the rewarded synapse.
    controls : (n, 99) mV
    others : (n,) mV
        The mean of all synapses but the rewarded one.
    weights : (n_synapses,) mV
        All at the end, but the rewarded one.
    rewards_s : (n_rewards,)
    """

    times_s: Floats
    weight: Floats
    controls: Floats
    others: Floats
    weights: Floats
    rewards_s: Floats

    @property
    def as_strong(self) -> float:
        """The share of other synapses that end up at least as strong."""
        return float(np.mean(self.weights >= self.weight[-1]))

    @property
    def rank(self) -> int:
        """One more than the control synapses that end up weaker: 1 to 100."""
        return 1 + int(np.sum(self.controls[-1] < self.weight[-1]))


def perform(runs: Runs, networks: int = 5) -> Results:
    """Simulate networks in each of which one synapse is rewarded."""
    courses = [_simulate(runs, f"network{k}", runs.seed + k) for k in range(networks)]
    found = _found(courses)
    return Results(
        metrics=found,
        checks=[] if runs.quick or networks < 5 else _checks(found),
        figure=_figure(courses),
        lines=_table(courses, found["p"]),
    )


def _simulate(runs: Runs, name: str, seed: int) -> Course:
    reward = Reward(seed)
    network = distal_reward(runs.scale, seed)
    called = [Callback(reward, every=_EVERY_MS * ms)]
    with runs.simulation(name, network, callbacks=called, threads=1) as simulation:
        places = _choose(simulation, reward)
        steps = simulation.steps_of(runs.duration)
        edges = np.unique(np.rint(np.linspace(0, steps, _POINTS + 1)).astype(int))
        chosen, others = [np.zeros(places.size)], [W_START]
        for length in np.diff(edges):
            simulation.run(int(length) * STEP)
            weights = simulation.read(PROJECTION, "w")
            rest = np.delete(weights, places[0])
            chosen.append(weights[places])
            others.append(float(rest.mean()))
    weight, controls = np.array(chosen)[:, 0], np.array(chosen)[:, 1:]
    given = np.array(reward.given) * 1e-3
    return Course(edges * 1e-3, weight, controls, np.array(others), rest, given)


def _choose(simulation: Simulation, reward: Reward) -> NDArray[np.int64]:
    """Make a synapse and 99 controls silent; return their places, first the one to be rewarded."""
    synapses = simulation.synapses(PROJECTION)
    between = np.flatnonzero(synapses["source"] != synapses["target"])
    rng = np.random.default_rng([reward.seed, 1])  # another stream than that of the delays
    places = rng.choice(between, 1 + _CONTROLS, replace=False)
    reward.pre, reward.post = (int(synapses[side][places[0]]) for side in ("source", "target"))
    weights = simulation.read(PROJECTION, "w")
    weights[places] = 0.0
    simulation.write(PROJECTION, "w", weights)
    return places


def rank_sum_p(ranks: list[int], size: int) -> float:
    """Return the exact chance of a sum of ranks as high as that or higher.

    Under the null the rewarded synapse of each network is like its controls, so that every rank
    from 1 to ``size`` is as likely; networks are independent.
    """
    chances = np.ones(1)
    for _ in ranks:
        chances = np.convolve(chances, np.full(size, 1.0 / size))
    return float(chances[sum(ranks) - len(ranks) :].sum())


def _found(courses: list[Course]) -> dict[str, Any]:
    ranks = [one.rank for one in courses]
    return {
        "rewarded_mV": [float(one.weight[-1]) for one in courses],
        "controls_mV": [float(one.controls[-1].mean()) for one in courses],
        "others_mV": [float(one.others[-1]) for one in courses],
        "share_as_strong": [one.as_strong for one in courses],
        "rewards": [int(one.rewards_s.size) for one in courses],
        "ranks": ranks,
        "p": rank_sum_p(ranks, 1 + _CONTROLS),
    }


def _checks(found: dict[str, Any]) -> list[Check]:
    middle = float(np.median(found["rewarded_mV"]))
    return [
        Check.between("p, rewarded like controls", found["p"], high=LEVEL),
        Check.near("rewarded, median (mV)", middle, W_MAX, relative=0.1, source=_PAPER),
        Check.between("controls (mV)", max(found["controls_mV"]), high=W_MAX / 2),
        Check.between("others (mV)", max(found["others_mV"]), high=W_MAX / 2, source=_PAPER),
        Check.between(
            "share of others as strong, median", float(np.median(found["share_as_strong"])),
            high=0.1,
        ),
    ]  # fmt: skip


def _table(courses: list[Course], p: float) -> list[str]:
    lines = ["", "network  rewarded (mV)  controls  all others  as strong  rewards"]
    for k, one in enumerate(courses):
        lines.append(
            f"{k:<7}  {one.weight[-1]:13.2f}  {one.controls[-1].mean():8.2f}  "
            f"{one.others[-1]:10.2f}  {100 * one.as_strong:7.2f} %  {one.rewards_s.size:7d}"
        )
    return [*lines, f"sum of ranks among controls, exact, one-sided: p = {p:.2g}"]


def _figure(courses: list[Course]) -> Figure:
    with canvas.style():
        figure = canvas.figure(4.2)
        grid = figure.add_gridspec(2, 3, width_ratios=[1.5, 1.0, 1.0])
        panels = [
            figure.add_subplot(grid[0, :2]),
            figure.add_subplot(grid[1, :2]),
            figure.add_subplot(grid[0, 2]),
            figure.add_subplot(grid[1, 2]),
        ]
        _weights(panels[0], courses)
        _rewards(panels[1], courses)
        _distribution(panels[2], courses[0])
        _ends(panels[3], courses)
        for axes, text in zip(panels, "ABCD", strict=True):
            canvas.letter(axes, text)
    return figure


def _weights(axes: Any, courses: list[Course]) -> None:
    minutes = courses[0].times_s / 60
    for k, one in enumerate(courses):
        label = None if k else "rewarded synapses"
        axes.plot(minutes, one.weight, color=_COLOURS["rewarded"], linewidth=0.8, label=label)
    low, middle, high = np.percentile(
        np.concatenate([one.controls for one in courses], axis=1), [5, 50, 95], axis=1
    )
    axes.fill_between(minutes, low, high, color=_COLOURS["control"], alpha=0.3, linewidth=0,
                      label="controls, 5 to 95 %")  # fmt: skip
    axes.plot(minutes, middle, color=_COLOURS["control"], label="controls, median")
    axes.set(xlim=(0, minutes[-1]), ylim=(0, 1.22 * W_MAX), ylabel="Weight (mV)")
    axes.set_yticks(np.arange(0, W_MAX + 1))
    axes.tick_params(axis="x", labelbottom=False)
    axes.legend(loc="upper left", ncols=3)


def _rewards(axes: Any, courses: list[Course]) -> None:
    minutes = courses[0].times_s[-1] / 60
    edges = np.linspace(0, minutes, 13)
    counts = np.array([np.histogram(one.rewards_s / 60, edges)[0] for one in courses])
    rates = counts / np.diff(edges)
    axes.stairs(rates.mean(axis=0), edges, color=EXCITATORY, linewidth=1.2)
    axes.set(xlim=(0, minutes), xlabel="Time (min)", ylabel="Rewards per minute")
    axes.set_ylim(bottom=0)


def _distribution(axes: Any, one: Course) -> None:
    edges = np.linspace(0, W_MAX, 41)
    axes.stairs(np.histogram(one.weights, edges)[0], edges, color="0.4")
    axes.plot(one.weight[-1], 1.0, "v", color=_COLOURS["rewarded"], markersize=5, clip_on=False)
    axes.set(xlim=(0, W_MAX), yscale="log", xlabel="Weight (mV)", ylabel="Synapses")
    axes.set_ylim(bottom=0.7)


def _ends(axes: Any, courses: list[Course]) -> None:
    rng = np.random.default_rng(0)  # only spreads the dots
    groups = {
        "rewarded": np.array([one.weight[-1] for one in courses]),
        "control": np.concatenate([one.controls[-1] for one in courses]),
    }
    for k, (name, values) in enumerate(groups.items()):
        places = k + 0.4 * (rng.random(values.size) - 0.5)
        size = 4 if name == "rewarded" else 1.6
        axes.plot(places, values, "o", color=_COLOURS[name], markersize=size,
                  markeredgewidth=0, alpha=0.8)  # fmt: skip
    axes.set(xlim=(-0.5, 1.5), ylim=(-0.1, 1.05 * W_MAX), ylabel="Weight at the end (mV)")
    axes.set_xticks([0, 1], list(groups))


experiment = Experiment(
    perform=perform,
    duration=3600 * second,
    dt=STEP,
    description="which synapse earned a reward that comes seconds late",
    reference="Izhikevich (2007), Cerebral Cortex 17:2443, doi:10.1093/cercor/bhl152",
    parameters=(Setting("networks", 5, "with a rewarded synapse each", low=1, high=100),),
    shortest=1 * second,
    quick={"scale": 0.2, "duration": 5 * second, "networks": 1},
)

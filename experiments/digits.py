"""Digits learnt without labels, with and without homeostasis, after Diehl & Cook (2015).

Neurons that compete learn images of 8 x 8 pixels. Labels are used only afterwards, to say which
digit each neuron has come to stand for; images that were not learnt are then recognised by the
neurons that fire. Without thresholds that rise with every spike one neuron wins always.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..analysis import canvas
from ..analysis.groups import EXCITATORY, OTHERS
from ..callbacks import Callback, Moment
from ..errors import UnsupportedError
from ..experiment import Experiment
from ..networks.diehl_cook import LEARNT, STEP_MS, diehl_cook
from ..results import Check, Results
from ..runs import Runs
from ..settings import Setting
from ..units import ms, mV  # type: ignore[attr-defined]

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..simulation import Simulation

LEVEL = 1e-3
"""Of the test that both networks recognise as much."""

_CLASSES, _SIDE, _WHITE = 10, 8, 16.0
_SHOWN_MS, _PAUSE_MS = 350.0, 150.0
_RATE, _MORE = 128.0, 32.0  # Hz of a white pixel; how much more when neurons keep silent
_FEWEST, _REPEATS = 5, 4  # spikes that are an answer; how often an image is shown again
_COLOURS = {"homeostasis": EXCITATORY, "none": OTHERS[1]}
_TITLES = {"homeostasis": "with homeostasis", "none": "without"}
_PAPER = "Diehl & Cook 2015"
Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Digits:
    """Images (n, 64) from 0 to 1 and their labels, those to learn and those to test."""

    images: Floats
    labels: Ints
    test_images: Floats
    test_labels: Ints


def load(n_train: int, n_test: int, seed: int) -> Digits:
    """Return scikit-learn's digits in an order drawn from the seed.

    Raises
    ------
    UnsupportedError
        scikit-learn is not installed.
    """
    try:
        from sklearn.datasets import load_digits  # noqa: PLC0415 - optional
    except ImportError as error:
        raise UnsupportedError(
            "the images of digits come with the package scikit-learn, which is not installed: "
            "pip install 'neurosim[digits]'"
        ) from error
    found = load_digits()
    order = np.random.default_rng(seed).permutation(found.target.size)
    images = found.data[order] / _WHITE
    labels = found.target[order].astype(np.int64)
    first, last = order.size - n_test, order.size
    return Digits(
        images[: min(n_train, first)],
        labels[: min(n_train, first)],
        images[first:last],
        labels[first:last],
    )


class Teacher:
    """Shows images to a network, one after the other, and counts the spikes of each neuron.

    An image that gets fewer than five spikes is shown again, brighter.
    """

    def __init__(self) -> None:
        self._images: Floats = np.zeros((0, 1))
        self._counts: list[Ints] = []
        self._index, self._repeats, self._begun = 0, 0, False

    @property
    def callbacks(self) -> list[Callback]:
        """What is to be called while the network runs."""
        every = (_SHOWN_MS + _PAUSE_MS) * ms
        return [
            Callback(self._show, every),
            Callback(self._hide, every, start=_SHOWN_MS * ms),
        ]

    def show(self, simulation: Simulation, images: Floats) -> Ints:
        """Show images; return the spikes of each excitatory neuron, (n_images, n_neurons)."""
        self._images, self._counts = images, []
        self._index, self._repeats, self._begun = 0, 0, False
        most = (len(images) * (1 + _REPEATS) + 2) * (_SHOWN_MS + _PAUSE_MS)
        simulation.run(most * ms)
        return np.array(self._counts)

    def _show(self, now: Moment) -> None:
        ids = now.spikes("E")[1]
        if self._begun:
            self._take(np.bincount(ids, minlength=now.read("E", "v").size))
        self._begun = True
        if self._index == len(self._images):
            now.stop()
            return
        rate = _RATE + _MORE * self._repeats
        now.write("X", "rate", rate * self._images[self._index])

    def _take(self, counts: Ints) -> None:
        if counts.sum() < _FEWEST and self._repeats < _REPEATS:
            self._repeats += 1
            return
        self._counts.append(counts)
        self._index, self._repeats = self._index + 1, 0

    def _hide(self, now: Moment) -> None:
        now.write("X", "rate", 0.0)


@dataclass(frozen=True)
class Learnt:
    """A network after learning.

    Attributes
    ----------
    weights : (n_neurons, 64)
    theta : (n_neurons,) mV
    labels : (n_neurons,)
        The digit that each neuron stands for; -1: none, it did not fire.
    counts : (n_test, n_neurons)
        Spikes for each image of the test.
    right : (n_test,)
        Whether it was recognised.
    """

    weights: Floats
    theta: Floats
    labels: Ints
    counts: Ints
    right: NDArray[np.bool_]

    def metrics(self) -> dict[str, Any]:
        """Return the numbers, JSON-able."""
        share = self.counts.sum(axis=0) / max(1, self.counts.sum())
        return {
            "accuracy": float(self.right.mean()),
            "neurons_that_fire": int(np.count_nonzero(self.counts.sum(axis=0))),
            "share_of_the_busiest": float(share.max()),
            "mean_theta_mV": float(self.theta.mean()),
        }


def perform(
    runs: Runs,
    neurons: int = 100,
    images: int = 1297,
    test: int = 500,
    jump: Any = 0.15 * mV,
) -> Results:
    """Let a network with adaptive thresholds and one without learn the same images."""
    digits = load(images, test, runs.seed)
    found = {
        "homeostasis": _learn(runs, "homeostasis", digits, neurons, jump),
        "none": _learn(runs, "none", digits, neurons, 0 * mV),
    }
    p = mcnemar(found["homeostasis"].right, found["none"].right)
    return Results(
        metrics={name: one.metrics() for name, one in found.items()} | {"p": p},
        checks=[] if runs.quick else _checks(found, p),
        figure=_figure(found, digits),
        lines=_table(found, p),
    )


def _learn(runs: Runs, name: str, digits: Digits, neurons: int, jump: Any) -> Learnt:
    teacher = Teacher()
    every = (_SHOWN_MS + _PAUSE_MS) * ms
    network = diehl_cook(digits.images.shape[1], neurons, runs.seed, jump=jump, every=every)
    called = teacher.callbacks
    with runs.simulation(name, network, callbacks=called, threads=1) as simulation:
        teacher.show(simulation, digits.images)
        simulation.learning(LEARNT, False)
        simulation.write("E", "theta_jump", 0 * mV)
        labels = assign(teacher.show(simulation, digits.images), digits.labels)
        counts = teacher.show(simulation, digits.test_images)
        synapses = simulation.synapses(LEARNT)
        weights = np.zeros((neurons, digits.images.shape[1]))
        weights[synapses["target"], synapses["source"]] = simulation.read(LEARNT, "w")
        theta = simulation.read("E", "theta") / 1e-3
    return Learnt(weights, theta, labels, counts, recognise(counts, labels) == digits.test_labels)


def assign(counts: Ints, labels: Ints) -> Ints:
    """Return for each neuron the digit that it fires most for, on average; -1 if it is silent."""
    means = np.array([counts[labels == k].sum(axis=0) / max(1, np.sum(labels == k))
                      for k in range(_CLASSES)])  # fmt: skip
    return np.where(counts.sum(axis=0) > 0, means.argmax(axis=0), -1)


def recognise(counts: Ints, labels: Ints) -> Ints:
    """Return for each image the digit whose neurons fire most, on average."""
    of_class = labels == np.arange(_CLASSES)[:, None]
    members = of_class.sum(axis=1)
    total = counts @ of_class.T
    mean = np.where(members > 0, total / np.maximum(members, 1), -1.0)
    return np.asarray(mean.argmax(axis=1))


def mcnemar(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    """Return the exact two-sided p that two classifiers are right equally often.

    Under the null each image that only one of them recognises is that one's with probability
    one half [McNemar 1947].
    """
    from scipy.stats import binomtest  # noqa: PLC0415 - slow to import

    only_one = int(np.sum(one & ~other))
    only_other = int(np.sum(other & ~one))
    if only_one + only_other == 0:
        return 1.0
    return float(binomtest(only_one, only_one + only_other).pvalue)


def _checks(found: dict[str, Learnt], p: float) -> list[Check]:
    with_it, without = (found[name].metrics() for name in ("homeostasis", "none"))
    busy = with_it["neurons_that_fire"] / found["homeostasis"].labels.size
    return [
        Check.between("accuracy with homeostasis", with_it["accuracy"], low=0.75, source=_PAPER),
        Check.between("accuracy without", without["accuracy"], high=0.35),
        Check.between("p, both recognise as much", p, high=LEVEL),
        Check.between("share of neurons that fire", busy, low=0.9, source=_PAPER),
        Check.between("share of the busiest", with_it["share_of_the_busiest"], high=0.2),
        Check.between("share of the busiest, without", without["share_of_the_busiest"], low=0.5),
    ]


def _table(found: dict[str, Learnt], p: float) -> list[str]:
    lines = ["", "homeostasis   accuracy  neurons that fire  spikes of the busiest"]
    for name, one in found.items():
        m = one.metrics()
        word = "yes" if name == "homeostasis" else "no"
        lines.append(
            f"{word:<12} {100 * m['accuracy']:7.1f} %  {m['neurons_that_fire']:17d}  "
            f"{100 * m['share_of_the_busiest']:19.1f} %"
        )
    return [*lines, f"McNemar, exact: p = {p:.2g}"]


def _figure(found: dict[str, Learnt], digits: Digits) -> Figure:
    with canvas.style():
        figure = canvas.figure(3.1)
        grid = figure.add_gridspec(2, 3, width_ratios=[1.3, 1.3, 1.0])
        panels = [figure.add_subplot(grid[:, k]) for k in range(2)]
        panels += [figure.add_subplot(grid[row, 2]) for row in range(2)]
        for axes, (name, one) in zip(panels, found.items(), strict=False):
            _fields(axes, one, _TITLES[name])
        _accuracy(panels[2], found)
        _spikes(panels[3], found)
        for axes, text in zip(panels, "ABCD", strict=True):
            canvas.letter(axes, text)
    return figure


def _fields(axes: Any, one: Learnt, title: str) -> None:
    """Draw the weights onto each neuron as an image, ordered by the digit it stands for."""
    order = np.lexsort((np.arange(one.labels.size), np.where(one.labels < 0, 99, one.labels)))
    across = int(np.ceil(np.sqrt(order.size)))
    cell = _SIDE + 1
    drawn = np.full((across * cell, across * cell), np.nan)
    for place, neuron in enumerate(order):
        row, column = divmod(place, across)
        field = one.weights[neuron].reshape(_SIDE, _SIDE)
        drawn[row * cell : row * cell + _SIDE, column * cell : column * cell + _SIDE] = field
    axes.imshow(drawn, cmap="magma", vmin=0, vmax=1, interpolation="nearest")
    axes.set(xticks=[], yticks=[], title=title)
    for spine in axes.spines.values():
        spine.set_visible(False)
    axes.set_xlabel(f"{np.sum(one.labels >= 0)} of {order.size} neurons fire")


def _accuracy(axes: Any, found: dict[str, Learnt]) -> None:
    for k, (name, one) in enumerate(found.items()):
        share, n = one.right.mean(), one.right.size
        error = 100 * np.sqrt(share * (1 - share) / n)
        axes.bar(k, 100 * share, 0.6, yerr=error, color=_COLOURS[name])
    axes.axhline(100 / _CLASSES, color="0.4", linestyle="--", linewidth=0.7)
    axes.set_xticks([0, 1], [_TITLES[name] for name in found])
    axes.set(ylim=(0, 100), xlim=(-0.6, 1.6), ylabel="Recognised (%)")


def _spikes(axes: Any, found: dict[str, Learnt]) -> None:
    for name, one in found.items():
        total = np.sort(one.counts.sum(axis=0))[::-1]
        rank = np.arange(1, total.size + 1)
        axes.plot(rank, np.maximum(total, 0.5), color=_COLOURS[name], label=_TITLES[name])
    axes.set(yscale="log", xlabel="Neuron, by activity", ylabel="Spikes in the test")
    axes.set_ylim(bottom=0.5)
    axes.set_xlim(left=0)
    axes.legend()


experiment = Experiment(
    perform=perform,
    dt=STEP_MS * ms,
    scale=None,
    description="handwritten digits learnt without labels, with and without homeostasis",
    reference=(
        "after Diehl & Cook (2015), Frontiers in Computational Neuroscience 9:99, "
        "doi:10.3389/fncom.2015.00099"
    ),
    parameters=(
        Setting("neurons", 100, "that compete", low=10, high=10_000),
        Setting("images", 1297, "to learn from", low=10, high=1297),
        Setting("test", 500, "images that are not learnt", low=10, high=500),
        Setting("jump", 0.15 * mV, "of the threshold at a spike", low=0 * mV),
    ),
    quick={"neurons": 16, "images": 30, "test": 20, "jump": 2 * mV},
)

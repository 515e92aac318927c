"""Pong on BrainScaleS-2: 32 neurons learn from reward, on chips that all differ.

The task of Wunderlich et al. (2019): one source for each of 32 rows sees the ball, one neuron for
each row wants the paddle there, and all 1024 synapses between them have correlation sensors. After
each move a processor of the chip changes the weights of the row's synapses by the product of
learning rate, causal correlation and reward beyond what was expected. Control players, on the
same chips, get the rewards that the learning ones got, which their own moves have nothing to do
with.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..analysis import canvas
from ..analysis.groups import EXCITATORY, OTHERS
from ..callbacks import Callback, Moment
from ..description.distributions import Normal
from ..description.models import NeuronModel
from ..description.network import Network
from ..description.rules import AllToAll
from ..description.waveforms import NoisyCurrent
from ..experiment import Experiment
from ..models import entry
from ..neuromorphic.brainscales2 import BrainScaleS2, correlation_synapse, plasticity_rule
from ..neuromorphic.brainscales2.facts import PONG_POWER, hardware_seconds
from ..results import Check, Results
from ..runs import Runs
from ..settings import Setting
from ..units import Hz, ms, mV, pA, pF  # type: ignore[attr-defined]

if TYPE_CHECKING:
    from matplotlib.figure import Figure

LEVEL = 0.01
"""Of the test that learning players get more reward than control players."""
REWARDS = (1.0, 0.7, 0.4, 0.1)  # for wanting the ball's row, or 1, 2, 3 rows beside it

_MOVE_MS, _RATE = 200.0, 100.0  # 20 spikes, one every 10 ms, of the source that sees the ball
_BALL, _RADIUS, _PADDLE, _LENGTH = 0.025, 0.02, 0.05, 0.07  # steps and sizes; the field is 1 by 1
_LEARNING_RATE, _FORGETTING = 0.125, 0.5
_STEP_PA, _OFFSET = 400.0 / 63.0, 32.0  # current = (w + 32) 400 pA / 63
_PARTS = 25  # of a game, for the course of the reward
_COLOURS = {"learning": EXCITATORY, "control": OTHERS[1]}
_PAPER = "Wunderlich et al. 2019, Front. Neurosci. 13:260"
Floats = NDArray[np.float64]


@dataclass
class Field:
    """The ball and the paddle in a square of 1 by 1, and what was played.

    The ball is reflected by three walls; where the paddle misses it a new game begins.

    Attributes
    ----------
    rows : int
        Cells that a side is seen as.
    seed : int
    rewards : list of float
        Of each move, for what the player wanted.
    seen, wanted : list of int
        Rows of each move.
    """

    rows: int
    seed: int
    rewards: list[float] = field(default_factory=list)
    seen: list[int] = field(default_factory=list)
    wanted: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        self._serve()

    def _serve(self) -> None:
        along = 0.5 + 0.5 * self.rng.random()
        self.direction = np.array([along, 1.0 - along]) * self.rng.choice([-1.0, 1.0], 2)
        self.ball = np.array([0.5, 0.5])
        self.paddle = 0.5

    def row(self, height: float) -> int:
        """Return the row that a height is in."""
        return int(np.clip(np.floor(height * self.rows), 0, self.rows - 1))

    def move(self, wanted: int) -> float:
        """Move the paddle towards a row and the ball on; return what wanting it is worth."""
        seen = self.row(self.ball[1])
        distance = abs(wanted - seen)
        reward = REWARDS[distance] if distance < len(REWARDS) else 0.0
        self.rewards.append(reward)
        self.seen.append(seen)
        self.wanted.append(wanted)
        missed = self._reflect()
        step = _PADDLE * np.sign(wanted - self.row(self.paddle))
        self.paddle = float(np.clip(self.paddle + step, 0.0, 1.0))
        self.ball = self.ball + _BALL * self.direction
        if missed:
            self._serve()
        return reward

    def _reflect(self) -> bool:
        """Turn the ball around at a wall; return whether the paddle missed it."""
        x, y = self.ball
        if (y + _RADIUS >= 1.0 and self.direction[1] > 0) or (
            y - _RADIUS <= 0.0 and self.direction[1] < 0
        ):
            self.direction[1] *= -1.0
        if x - _RADIUS <= 0.0 and self.direction[0] < 0:
            self.direction[0] *= -1.0
        if x + _RADIUS >= 1.0 and self.direction[0] > 0:
            self.direction[0] *= -1.0
            return bool(abs(self.paddle - y) > _LENGTH / 2)
        return False


class Player:
    """Shows the ball to a chip, moves the paddle where it wants it, and rewards it.

    Parameters
    ----------
    field : Field
    others : list of float, optional
        Rewards to give in place of its own.
    """

    def __init__(self, field: Field, others: list[float] | None = None) -> None:
        self.field, self.others = field, others
        self.expected = np.full(field.rows, np.nan)

    def __call__(self, now: Moment) -> None:
        """Act on the spikes since the last move; called after each."""
        rows = self.field.rows
        if now.step:
            counts = np.bincount(now.spikes("motor")[1], minlength=rows)
            most = np.flatnonzero(counts == counts.max())
            seen = self.field.row(self.field.ball[1])
            reward = self.field.move(int(self.field.rng.choice(most)))
            if self.others is not None:
                reward = self.others[len(self.field.rewards) - 1]
            now.write("eyes", "success", self.success(seen, reward))
            now.write("ball", "addressed", np.arange(rows) == seen)
        shown = np.arange(rows) == self.field.row(self.field.ball[1])
        now.write("ball", "rate", _RATE * shown)
        now.write("ball", "phase", np.full(rows, 0.9))  # the first spike comes after 1 ms

    def success(self, seen: int, reward: float) -> float:
        """Return the reward beyond what was expected of a row, and learn what to expect."""
        if np.isnan(self.expected[seen]):
            self.expected[seen] = reward
        beyond = reward - self.expected[seen]
        self.expected[seen] += _FORGETTING * beyond
        return float(beyond)


@dataclass(frozen=True)
class Game:
    """What a player got, and the weights (rows, rows) from source to neuron that it ended with."""

    rewards: Floats
    seen: NDArray[np.int64]
    wanted: NDArray[np.int64]
    weights: Floats

    @property
    def late(self) -> float:
        """Mean reward over the last quarter."""
        return float(self.rewards[-max(1, self.rewards.size // 4) :].mean())

    def choices(self) -> Floats:
        """Return how often each row was wanted where each was seen, in the second half."""
        rows = self.weights.shape[0]
        half = self.seen.size // 2
        found = np.zeros((rows, rows))
        np.add.at(found, (self.seen[half:], self.wanted[half:]), 1.0)
        return found / np.maximum(found.sum(axis=1, keepdims=True), 1.0)


def network(rows: int, seed: int) -> Network:
    """Return the network of a player: ``ball`` sees, ``motor`` wants, ``eyes`` learns."""
    net = Network(seed=seed, name="brainscales_pong")
    source = NeuronModel(
        "dphase/dt = rate : 1\nrate : Hz\naddressed : 1",
        threshold="phase >= 1 - 1e-6",
        reset="phase -= 1",
        initial={"rate": 0 * Hz, "addressed": 0.0},
        name="regular_source",
    )
    ball = net.population("ball", rows, source)
    net.writable(ball, ["rate", "addressed"])
    neuron = entry("lif_curr_exp").model(
        C_m=2.36 * pF, tau_m=28.5 * ms, tau_syn=1.8 * ms, t_ref=4 * ms,
        E_L=616 * mV, V_th=1278 * mV, V_r=355 * mV,
    )  # fmt: skip
    motor = net.population("motor", rows, neuron)
    net.inject(motor, "I_e", NoisyCurrent(0 * pA, 100 * pA, every=1 * ms))
    synapse = correlation_synapse(
        _STEP_PA * pA, tau=64 * ms, amplitude=36.0, ceiling=128.0, offset=_OFFSET
    )
    weight = Normal(14.0, 2.0, low=0.0, high=63.0)
    net.project(ball, motor, AllToAll(), "I_syn", synapse=synapse, weight=weight, name="eyes")
    plasticity_rule(
        net, "eyes", "w + learning_rate*causal*success*addressed_pre", _MOVE_MS * ms,
        parameters={"learning_rate": _LEARNING_RATE, "success": 0.0},
    )  # fmt: skip
    net.run_regularly(motor, "v = E_L; I_syn = 0*amp", _MOVE_MS * ms)  # a run of the chip each
    return net


def machine(chip: int) -> BrainScaleS2:
    """Return the chip of a player; its only membrane noise is the current of the task."""
    allowed = ("currents", "operations")
    return BrainScaleS2(allow=allowed, chip_seed=chip, membrane_noise=0.0, power_w=PONG_POWER)


def perform(runs: Runs, rows: int = 32, moves: int = 20_000, players: int = 5) -> Results:
    """Let ``players`` pairs of a learning and a control player play on a chip each."""
    learning, control = [], []
    for k in range(players):
        seed = runs.seed + 2 * k  # with the same one both would play the same game
        chip = machine(runs.seed + k)
        learning.append(_play(runs, f"learning{k}", seed, rows, moves, chip, None))
        rewards = list(learning[-1].rewards)
        control.append(_play(runs, f"control{k}", seed + 1, rows, moves, chip, rewards))
    found = _found(learning, control)
    return Results(
        metrics=found,
        checks=[] if runs.quick or players < 5 else _checks(found),
        figure=_figure(learning, control),
        lines=_table(found, moves),
    )


def _play(
    runs: Runs,
    name: str,
    seed: int,
    rows: int,
    moves: int,
    chip: BrainScaleS2,
    others: list[float] | None,
) -> Game:
    court = Field(rows, seed)
    player = Callback(Player(court, others), every=_MOVE_MS * ms)
    net = network(rows, seed)
    with runs.simulation(name, net, callbacks=[player], threads=1, platform=chip) as simulation:
        simulation.run((moves * _MOVE_MS + 1) * ms)  # the last move is told at its end
        synapses = simulation.synapses("eyes")
        weights = np.zeros((rows, rows))
        weights[synapses["source"], synapses["target"]] = simulation.read("eyes", "w")
    return Game(np.array(court.rewards), np.array(court.seen), np.array(court.wanted), weights)


def chance(rows: int) -> float:
    """Return the mean reward of a player that wants any row, of a ball that is in any."""
    distance = np.abs(np.subtract.outer(np.arange(rows), np.arange(rows)))
    worth = np.append(REWARDS, np.zeros(max(0, rows - len(REWARDS))))
    return float(worth[distance].mean())


def _found(learning: list[Game], control: list[Game]) -> dict[str, Any]:
    from scipy.stats import mannwhitneyu  # noqa: PLC0415 - slow to import

    rows: dict[str, Any] = {}
    for name, games in (("learning", learning), ("control", control)):
        first = [g.rewards[: max(1, g.rewards.size // _PARTS)].mean() for g in games]
        rows[f"{name}_first_reward"] = [float(x) for x in first]
        rows[f"{name}_reward"] = [g.late for g in games]
    test = mannwhitneyu(
        rows["learning_reward"], rows["control_reward"], alternative="greater", method="exact"
    )
    rows["p"] = float(test.pvalue)
    rows["chance"] = chance(learning[0].weights.shape[0])
    rows["hardware_ms_per_move"] = 1e3 * hardware_seconds(_MOVE_MS * 1e-3)
    rows["energy_uJ_per_move"] = 1e6 * PONG_POWER * hardware_seconds(_MOVE_MS * 1e-3)
    whole = all(
        ((g.weights % 1 == 0) & (g.weights >= 0) & (g.weights <= 63)).all() for g in learning
    )
    rows["whole_weights"] = float(whole)
    return rows


def _checks(found: dict[str, Any]) -> list[Check]:
    late, early = found["learning_reward"], found["learning_first_reward"]
    risen = float(np.mean(late) - np.mean(early))
    energy = found["energy_uJ_per_move"]
    return [
        Check.between("p, learning and control get as much", found["p"], high=LEVEL),
        Check.between("reward after learning, worst chip", min(late), low=0.4, source=_PAPER),
        Check.between("rise of the reward", risen, low=0.3, source=_PAPER),
        Check.between("reward of the best control", max(found["control_reward"]), high=0.2),
        Check.between("weights are 0 to 63", found["whole_weights"], low=1.0),
        Check.between("energy of a move (uJ)", energy, low=11.39, high=11.41, source=_PAPER),
    ]


def _table(found: dict[str, Any], moves: int) -> list[str]:
    lines = ["", "players    reward at first  after learning"]
    for name in ("learning", "control"):
        first, reward = (float(np.mean(found[f"{name}_{w}"])) for w in ("first_reward", "reward"))
        lines.append(f"{name:<10} {first:15.2f}  {reward:14.2f}")
    took = moves * found["hardware_ms_per_move"] / 1e3
    return [
        *lines,
        f"chance {found['chance']:.2f}; Mann-Whitney, exact, one-sided: p = {found['p']:.4f}",
        f"a game of {moves} moves is emulated in {took:.3g} s; at 57 mW that is "
        f"{took * PONG_POWER * 1e3:.3g} mJ",
    ]


def _figure(learning: list[Game], control: list[Game]) -> Figure:
    with canvas.style():
        figure = canvas.figure(4.4)
        grid = figure.add_gridspec(2, 2, width_ratios=[1.15, 1.0])
        panels = [figure.add_subplot(grid[k // 2, k % 2]) for k in range(4)]
        _course(panels[0], learning, control)
        _matrix(figure, panels[1], learning[0].weights, "weights", 63.0)
        _players(panels[2], learning, control)
        _matrix(figure, panels[3], learning[0].choices(), "choices", 1.0)
        for axes, text in zip(panels, "ABCD", strict=True):
            canvas.letter(axes, text)
    return figure


def _course(axes: Any, learning: list[Game], control: list[Game]) -> None:
    for name, games in (("learning", learning), ("control", control)):
        parts = np.array([[p.mean() for p in np.array_split(g.rewards, _PARTS)] for g in games])
        moves = (np.arange(_PARTS) + 0.5) * games[0].rewards.size / _PARTS
        axes.plot(moves, parts.T, color=_COLOURS[name], linewidth=0.5, alpha=0.5)
        axes.plot(moves, parts.mean(axis=0), color=_COLOURS[name], linewidth=1.4, label=name)
    level = chance(learning[0].weights.shape[0])
    axes.axhline(level, color="0.5", linestyle="--", linewidth=0.7, label="chance")
    axes.set(xlim=(0, learning[0].rewards.size), ylim=(0, 1.12), xlabel="Move", ylabel="Reward")
    axes.locator_params(axis="x", nbins=5)
    axes.legend(loc="upper left", ncols=3)


def _matrix(figure: Any, axes: Any, values: Floats, title: str, largest: float) -> None:
    image = axes.imshow(values.T, origin="lower", cmap="viridis", vmin=0, vmax=largest)
    axes.set(xlabel="Row seen", ylabel="Row wanted", title=title)
    axes.locator_params(integer=True, nbins=6)
    figure.colorbar(image, ax=axes)


def _players(axes: Any, learning: list[Game], control: list[Game]) -> None:
    chips = np.arange(1, len(learning) + 1)
    for name, games in (("learning", learning), ("control", control)):
        late = [g.late for g in games]
        axes.plot(chips, late, "o", color=_COLOURS[name], markersize=4, alpha=0.8, label=name)
    axes.axhline(chance(learning[0].weights.shape[0]), color="0.5", linestyle="--", linewidth=0.7)
    axes.set(xlim=(0.5, len(chips) + 0.5), ylim=(0, 1.05), xlabel="Chip")
    axes.set_ylabel("Reward after learning")
    axes.set_xticks(chips)


experiment = Experiment(
    perform=perform,
    dt=0.2 * ms,
    scale=None,
    description="Pong on BrainScaleS-2: R-STDP with 6-bit weights on chips that all differ",
    reference=(
        "Wunderlich et al. (2019), Frontiers in Neuroscience 13:260, doi:10.3389/fnins.2019.00260"
    ),
    parameters=(
        Setting("rows", 32, "that a side is seen as, and neurons of each layer", low=4, high=256),
        Setting("moves", 20_000, "of each game", low=20, high=1_000_000),
        Setting("players", 5, "pairs of a learning and a control player", low=1, high=100),
    ),
    quick={"rows": 8, "moves": 60, "players": 1},
)

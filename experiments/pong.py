"""Pong in a closed loop: two layers of neurons learn from reward where to move the paddle.

After Wunderlich et al. (2019). One neuron for each column sees the ball, one for each column
wants the paddle there; all-to-all synapses between them learn by STDP with an eligibility trace
and the reward that exceeds what is expected of the ball's column. A control player gets the
rewards that the learning one got, which its own moves have nothing to do with.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .. import plasticity
from ..analysis import canvas
from ..analysis.groups import EXCITATORY, OTHERS
from ..callbacks import Callback, Moment
from ..description.distributions import Uniform
from ..description.models import NeuronModel
from ..description.network import Network
from ..description.rules import AllToAll
from ..experiment import Experiment
from ..results import Check, Results
from ..runs import Runs
from ..settings import Setting
from ..units import Hz, ms, mV  # type: ignore[attr-defined]

if TYPE_CHECKING:
    from matplotlib.figure import Figure

REWARDS = (1.0, 0.7, 0.4, 0.1)  # for aiming 0, 1, 2, 3 columns beside the ball
HEIGHT, SPEED = 12, 2  # rows of the field; columns that the paddle moves in one move
LEVEL = 0.01
"""Of the test that learning players get more reward than control players."""

_MOVE_MS = 200.0  # simulated for each move of the ball
_RATE = 100.0  # Hz, of the neuron that sees the ball
_W_START, _W_MAX, _W_INH = 1.6, 6.0, 2.0  # mV
_TAU_C_MS, _ETA, _BASELINE = 500.0, 0.6, 0.5
_PARTS = 20  # of a game, for the course of the reward
_SHOWN = 120  # moves
_COLOURS = {"learning": EXCITATORY, "control": OTHERS[1]}
_PAPER = "Wunderlich et al. 2019, Front. Neurosci. 13:260"
Floats = NDArray[np.float64]


@dataclass
class World:
    """The field, the ball and the paddle, and what was played.

    The ball starts at the top, moves diagonally, one row in each move, and is served anew from
    the bottom. It is hit if the paddle is then at most one column beside it.

    Attributes
    ----------
    columns : int
    seed : int
    rewards : list of float
        Of each move, for what the player wanted.
    hits : list of bool
        Of each ball that came down.
    track : list of (int, int)
        Columns of ball and paddle after each move.
    """

    columns: int
    seed: int
    rewards: list[float] = field(default_factory=list)
    hits: list[bool] = field(default_factory=list)
    track: list[tuple[int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rng = np.random.default_rng(self.seed)
        self.paddle = self.columns // 2
        self._serve()

    def _serve(self) -> None:
        self.ball, self.row = int(self.rng.integers(self.columns)), HEIGHT - 1
        self.velocity = int(self.rng.choice([-1, 1]))

    def move(self, wanted: int) -> float:
        """Move the paddle towards a column and the ball on; return what aiming there is worth."""
        distance = abs(wanted - self.ball)
        reward = REWARDS[distance] if distance < len(REWARDS) else 0.0
        self.rewards.append(reward)
        self.paddle += int(np.clip(wanted - self.paddle, -SPEED, SPEED))
        self.ball += self.velocity
        if not 0 <= self.ball < self.columns:
            self.velocity = -self.velocity
            self.ball += 2 * self.velocity
        self.track.append((self.ball, self.paddle))
        self.row -= 1
        if self.row == 0:
            self.hits.append(abs(self.paddle - self.ball) <= 1)
            self._serve()
        return reward


class Player:
    """Shows the ball to a network, moves the paddle where it wants it, and rewards it.

    Parameters
    ----------
    world : World
    others : list of float, optional
        Rewards to give in place of its own.
    """

    def __init__(self, world: World, others: list[float] | None = None) -> None:
        self.world, self.others = world, others
        self.expected = np.zeros(world.columns)

    def __call__(self, now: Moment) -> None:
        """Act on the spikes since the last move; called after each."""
        if now.step:
            counts = np.bincount(now.spikes("motor")[1], minlength=self.world.columns)
            most = np.flatnonzero(counts == counts.max())
            seen = self.world.ball
            reward = self.world.move(int(self.world.rng.choice(most)))
            if self.others is not None:
                reward = self.others[len(self.world.rewards) - 1]
            now.write("motor", "reward", reward)
            now.write("motor", "expected", self.expected[seen])
            now.write("motor", "outcome", 1.0)
            self.expected[seen] += _BASELINE * (reward - self.expected[seen])
        rates = np.zeros(self.world.columns)
        rates[self.world.ball] = _RATE
        now.write("ball", "rate", rates)


@dataclass(frozen=True)
class Game:
    """What a player got, and the weights in mV (columns, columns) that it ended with.

    ``track`` (moves, 2) holds the columns of ball and paddle.
    """

    rewards: Floats
    hits: NDArray[np.bool_]
    weights: Floats
    track: NDArray[np.int64]

    def late(self, values: NDArray[Any]) -> float:
        """Return the mean over the last quarter."""
        return float(np.mean(values[-max(1, values.size // 4) :]))


def network(columns: int, seed: int) -> Network:
    """Return the network of a player: ``ball`` sees, ``motor`` wants, ``eyes`` learns."""
    net = Network(seed=seed, name="pong")
    model = NeuronModel(
        "dv/dt = -v/tau_m + sigma*sqrt(2/tau_m)*xi : volt (unless refractory)",
        threshold="v > V_th",
        reset="v = 0*mV",
        refractory=2 * ms,
        parameters={"tau_m": 20 * ms, "sigma": 3 * mV, "V_th": 10 * mV},
        name="motor",
    )
    ball = net.poisson_population("ball", columns, rate=0 * Hz)
    motor = net.population("motor", columns, plasticity.with_reward(model))
    rule = plasticity.eligibility_stdp(
        w_max=_W_MAX * mV,
        trace="cleared",
        tau_c=_TAU_C_MS * ms,
        A_minus=0.0,
        eta=_ETA,
    )
    start = Uniform(0.9 * _W_START * mV, 1.1 * _W_START * mV)
    net.project(ball, motor, AllToAll(), "v", synapse=rule, weight=start, delay=1 * ms, name="eyes")
    net.project(motor, motor, AllToAll(autapses=False), "v", weight=-_W_INH * mV, delay=1 * ms)
    return net


def perform(runs: Runs, columns: int = 12, moves: int = 2000, players: int = 5) -> Results:
    """Let ``players`` pairs of a learning and a control player play ``moves`` moves."""
    learning, control = [], []
    for k in range(players):
        seed = runs.seed + 2 * k  # with the same one both would play the same game
        learning.append(_play(runs, f"learning{k}", seed, columns, moves, None))
        rewards = list(learning[-1].rewards)
        control.append(_play(runs, f"control{k}", seed + 1, columns, moves, rewards))
    found = _found(learning, control)
    return Results(
        metrics=found,
        checks=[] if runs.quick or players < 5 else _checks(found),
        figure=_figure(learning, control),
        lines=_table(found),
    )


def _play(
    runs: Runs, name: str, seed: int, columns: int, moves: int, others: list[float] | None
) -> Game:
    world = World(columns, seed)
    player = Callback(Player(world, others), every=_MOVE_MS * ms)
    net = network(columns, seed)
    with runs.simulation(name, net, callbacks=[player], threads=1) as simulation:
        simulation.run((moves * _MOVE_MS + 1) * ms)  # the last move is told at its end
        synapses = simulation.synapses("eyes")
        weights = np.zeros((columns, columns))
        weights[synapses["source"], synapses["target"]] = simulation.read("eyes", "w") / 1e-3
    rewards, hits = np.array(world.rewards), np.array(world.hits, bool)
    return Game(rewards, hits, weights, np.array(world.track))


def _found(learning: list[Game], control: list[Game]) -> dict[str, Any]:
    from scipy.stats import mannwhitneyu  # noqa: PLC0415 - slow to import

    rows: dict[str, Any] = {}
    for name, games in (("learning", learning), ("control", control)):
        rows[f"{name}_first_reward"] = [
            float(g.rewards[: max(1, g.rewards.size // _PARTS)].mean()) for g in games
        ]
        rows[f"{name}_reward"] = [g.late(g.rewards) for g in games]
        rows[f"{name}_hits"] = [g.late(g.hits) for g in games]
    rows["p"] = float(
        mannwhitneyu(
            rows["learning_reward"], rows["control_reward"], alternative="greater", method="exact"
        ).pvalue
    )
    return rows


def chance(columns: int) -> float:
    """Return the mean reward of a player that aims anywhere, at a ball that is anywhere."""
    distance = np.abs(np.subtract.outer(np.arange(columns), np.arange(columns)))
    worth = np.append(REWARDS, np.zeros(max(0, columns - len(REWARDS))))
    return float(worth[distance].mean())


def _checks(found: dict[str, Any]) -> list[Check]:
    late, early = found["learning_reward"], found["learning_first_reward"]
    risen = float(np.mean(late) - np.mean(early))
    return [
        Check.between("p, learning and control get as much", found["p"], high=LEVEL),
        Check.between("reward after learning, worst player", min(late), low=0.6, source=_PAPER),
        Check.between("rise of the reward", risen, low=0.3, source=_PAPER),
        Check.between("reward of the best control", max(found["control_reward"]), high=0.45),
        Check.between("balls hit after learning", float(np.mean(found["learning_hits"])), low=0.7),
    ]


def _table(found: dict[str, Any]) -> list[str]:
    lines = ["", "players    reward at first  after learning  balls hit"]
    for name in ("learning", "control"):
        first, reward, hits = (
            float(np.mean(found[f"{name}_{what}"])) for what in ("first_reward", "reward", "hits")
        )
        lines.append(f"{name:<10} {first:15.2f}  {reward:14.2f}  {100 * hits:7.0f} %")
    return [*lines, f"Mann-Whitney, exact, one-sided: p = {found['p']:.4f}"]


def _figure(learning: list[Game], control: list[Game]) -> Figure:
    with canvas.style():
        figure = canvas.figure(4.2)
        grid = figure.add_gridspec(2, 3, width_ratios=[1.5, 1.0, 1.0])
        panels = [
            figure.add_subplot(grid[0, :2]),
            figure.add_subplot(grid[1, :2]),
            figure.add_subplot(grid[0, 2]),
            figure.add_subplot(grid[1, 2]),
        ]
        _track(panels[0], learning[0], control[0])
        _course(panels[1], learning, control)
        _weights(figure, panels[2], learning[0])
        _hits(panels[3], learning, control)
        for axes, text in zip(panels, "ABCD", strict=True):
            canvas.letter(axes, text)
    return figure


def _track(axes: Any, learning: Game, control: Game) -> None:
    shown = min(_SHOWN, len(learning.track))
    for game, offset, name in ((learning, 0, "learning"), (control, 1, "control")):
        columns = game.weights.shape[0]
        base = (1 - offset) * (columns + 2)
        ball, paddle = game.track[-shown:].T + base
        axes.fill_between(
            np.arange(shown), paddle - 1.0, paddle + 1.0, step="mid", linewidth=0,
            color=_COLOURS[name], alpha=0.35, label=f"paddle, {name}",
        )  # fmt: skip
        axes.plot(ball, "o", color="0.2", markersize=1.8, label=None if offset else "ball")
    axes.set(xlim=(-0.5, shown - 0.5), ylim=(-1.5, 2 * columns + 2.5), xlabel="Last moves")
    axes.set_ylabel("Column")
    axes.set_yticks([(columns - 1) / 2, (columns - 1) / 2 + columns + 2], ["control", "learning"])
    axes.tick_params(axis="y", length=0)


def _course(axes: Any, learning: list[Game], control: list[Game]) -> None:
    for name, games in (("learning", learning), ("control", control)):
        parts = np.array([[p.mean() for p in np.array_split(g.rewards, _PARTS)] for g in games])
        moves = (np.arange(_PARTS) + 0.5) * games[0].rewards.size / _PARTS
        axes.plot(moves, parts.T, color=_COLOURS[name], linewidth=0.5, alpha=0.5)
        axes.plot(moves, parts.mean(axis=0), color=_COLOURS[name], linewidth=1.4, label=name)
    columns = learning[0].weights.shape[0]
    axes.axhline(chance(columns), color="0.5", linestyle="--", linewidth=0.7, label="chance")
    axes.set(xlim=(0, learning[0].rewards.size), ylim=(0, 1), xlabel="Move", ylabel="Reward")
    axes.legend(loc="upper left", ncols=3)
    axes.set_ylim(0, 1.12)


def _weights(figure: Any, axes: Any, game: Game) -> None:
    image = axes.imshow(game.weights.T, origin="lower", cmap="viridis", vmin=0, vmax=_W_MAX)
    axes.set(xlabel="Ball seen in column", ylabel="Column wanted", title="weights")
    axes.locator_params(integer=True, nbins=6)
    figure.colorbar(image, ax=axes, label="mV")


def _hits(axes: Any, learning: list[Game], control: list[Game]) -> None:
    rng = np.random.default_rng(0)  # only spreads the dots
    for k, (name, games) in enumerate((("learning", learning), ("control", control))):
        values = [100 * g.late(g.hits) if g.hits.size else np.nan for g in games]
        places = k + 0.15 * (rng.random(len(values)) - 0.5)
        axes.plot(places, values, "o", color=_COLOURS[name], markersize=4, alpha=0.8)
    axes.set(xlim=(-0.5, 1.5), ylim=(0, 103), ylabel="Balls hit at the end (%)")
    axes.set_xticks([0, 1], ["learning", "control"])


experiment = Experiment(
    perform=perform,
    dt=0.5 * ms,
    scale=None,
    description="Pong in a closed loop, learnt from reward by STDP with eligibility traces",
    reference=(
        "after Wunderlich et al. (2019), Frontiers in Neuroscience 13:260, "
        "doi:10.3389/fnins.2019.00260"
    ),
    parameters=(
        Setting("columns", 12, "of the field, and neurons of each layer", low=4, high=100),
        Setting("moves", 2000, "of each game", low=20, high=1_000_000),
        Setting("players", 5, "pairs of a learning and a control player", low=1, high=100),
    ),
    quick={"columns": 6, "moves": 60, "players": 1},
)

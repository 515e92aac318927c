"""Experiments that learn: small ones run, full ones pass their checks, parts do as they say."""

import json
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from neurosim.experiments import digits, distal_reward, pong
from neurosim.networks.diehl_cook import LEARNT, diehl_cook
from neurosim.networks.vogels_sprekeler import PLASTIC, vogels_sprekeler

import neurosim as ns
from neurosim.errors import DescriptionError, UnsupportedError
from neurosim.units import Hz, ms, mV

SIMULATIONS = {
    "digits": ["homeostasis", "none"],
    "distal_reward": ["network0"],
    "pong": ["learning0", "control0"],
    "vogels_sprekeler": ["network"],
}
CHECKS = {"digits": 6, "distal_reward": 5, "pong": 5, "vogels_sprekeler": 7}


@pytest.mark.parametrize("name", SIMULATIONS)
def test_small_version_is_run_and_kept(name, tmp_path):
    _, experiment = ns.load_experiment(name)
    results = experiment.run(quick=True, output=tmp_path / "out", name=name, threads=1)
    assert list(results.recordings) == SIMULATIONS[name]
    files = {p.name for p in (tmp_path / "out").iterdir()}
    assert files == {f"{n}.h5" for n in SIMULATIONS[name]} | {"results.json", "figure.png"}
    kept = json.loads((tmp_path / "out" / "results.json").read_text())
    assert kept["metrics"]
    assert kept["experiment"] == name
    assert results.lines
    assert all(setting.help for setting in experiment.parameters)


@pytest.mark.slow
@pytest.mark.parametrize("name", SIMULATIONS)
def test_full_version_passes_its_checks(name):
    _, experiment = ns.load_experiment(name)
    results = experiment.run(name=name)
    assert len(results.checks) == CHECKS[name]
    assert results.passed, results.table()


def test_ball_moves_diagonally_and_bounces():
    world = pong.World(5, seed=1)
    world.ball, world.row, world.velocity, world.paddle = 3, 5, 1, 0
    rewards = [world.move(wanted) for wanted in (3, 3, 0, 4)]
    # aimed at 3, 4, 3, 2: the ball turns at the wall; each column beside it is worth less
    assert rewards == [1.0, 0.7, 0.1, 0.4]
    assert world.track == [(4, 2), (3, 3), (2, 1), (1, 3)]
    assert world.row == 1
    assert world.move(1) == 1.0
    assert world.hits == [True]  # the ball was at 0, the paddle at 1
    assert (world.row, len(world.rewards)) == (pong.HEIGHT - 1, 5)


def test_a_paddle_that_is_elsewhere_misses():
    world = pong.World(8, seed=2)
    world.ball, world.row, world.velocity, world.paddle = 6, 1, -1, 0
    world.move(0)
    assert world.hits == [False]


def test_chance_is_what_aiming_anywhere_gets():
    """10,000 moves: the standard error of the mean is 0.004."""
    world = pong.World(12, seed=3)
    rng = np.random.default_rng(1)
    for _ in range(10_000):
        world.ball = int(rng.integers(12))
        world.move(int(rng.integers(12)))
    assert np.mean(world.rewards) == pytest.approx(pong.chance(12), abs=0.016)


class Spy:
    """What a player writes, and the spikes it is told of."""

    def __init__(self, step, ids):
        self.step, self._ids, self.written = step, np.asarray(ids), {}

    def spikes(self, _):
        return np.zeros(self._ids.size, np.int64), self._ids

    def write(self, population, variable, values):
        self.written[population, variable] = values


def test_player_rewards_what_the_busiest_neuron_wants():
    world = pong.World(6, seed=1)
    player, control = pong.Player(world), pong.Player(pong.World(6, seed=2), others=[0.7])
    first = Spy(0, [])
    player(first)
    assert set(first.written) == {("ball", "rate")}
    world.ball = 2
    told = Spy(400, [2, 2, 4])
    player(told)
    assert told.written["motor", "reward"] == 1.0
    assert told.written["motor", "expected"] == 0.0
    assert told.written["motor", "outcome"] == 1.0
    assert player.expected[2] == 0.5
    assert np.flatnonzero(told.written["ball", "rate"]).tolist() == [world.ball]
    other = Spy(400, [0])
    control(other)
    assert other.written["motor", "reward"] == 0.7


def test_reward_follows_the_right_order_within_twenty_ms():
    reward = distal_reward.Reward(1, pre=3, post=5)
    spikes = [(100, 3), (110, 5), (200, 5), (205, 3), (225, 5), (300, 3), (300, 5), (319, 5)]
    steps, ids = (np.array(column) for column in zip(*spikes, strict=True))
    written = []
    now = SimpleNamespace(
        step=400, spikes=lambda _: (steps, ids), write=lambda *given: written.append(given)
    )
    reward(now)
    assert written == []
    now.spikes = lambda _: (steps[:0], ids[:0])
    while now.step < 4000:
        now.step += 100
        reward(now)
    # 110 after 100, and 319 after 300: not 225 (20 ms after 205), not 300 (the same step)
    assert len(reward.given) == 2
    for given, coincidence in zip(reward.given, sorted(reward.given), strict=True):
        assert given == coincidence
    assert 1110 <= reward.given[0] <= 3110 + 99 + 209
    assert {name for name, *_ in written} == {"E", "I"}


def test_sum_of_ranks_has_the_exact_chance():
    assert distal_reward.rank_sum_p([100], 100) == pytest.approx(0.01)
    assert distal_reward.rank_sum_p([1, 1], 100) == pytest.approx(1.0)
    assert distal_reward.rank_sum_p([3, 2], 3) == pytest.approx(3 / 9)  # of (3,2), (2,3), (3,3)


def test_neurons_stand_for_what_they_fire_for():
    counts = np.array([[5, 0, 0], [4, 1, 0], [0, 6, 0]])
    labels = digits.assign(counts, np.array([7, 7, 2]))
    assert labels.tolist() == [7, 2, -1]
    assert digits.recognise(np.array([[1, 3, 9], [2, 1, 0]]), labels).tolist() == [2, 7]


def test_mcnemar_counts_only_what_one_of_two_gets_right():
    one = np.array([1, 1, 1, 1, 1, 0, 1, 0], bool)
    other = np.array([0, 0, 0, 0, 0, 0, 1, 0], bool)
    assert digits.mcnemar(one, other) == pytest.approx(2 * 0.5**5)
    assert digits.mcnemar(one, one) == 1.0


def test_images_to_test_are_not_learnt():
    found = digits.load(1297, 500, seed=4)
    assert (len(found.images), len(found.test_images)) == (1297, 500)
    assert found.images.min() == 0
    assert found.images.max() == 1
    other = digits.load(1297, 500, seed=5)
    assert not np.array_equal(found.images, other.images)
    everything = np.concatenate([found.images, found.test_images])
    again = np.concatenate([other.images, other.test_images])
    assert np.array_equal(np.sort(everything.sum(axis=1)), np.sort(again.sum(axis=1)))


def test_without_scikit_learn_the_next_step_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(UnsupportedError, match=r"neurosim\[digits\]"):
        digits.load(10, 10, seed=1)


def test_weights_onto_a_neuron_keep_their_sum_while_they_learn():
    net = diehl_cook(64, 10, jump=2 * mV, every=100 * ms)
    with ns.Simulation(net, dt=0.5 * ms, threads=1, record=False) as simulation:
        simulation.run(0.5 * ms)
        before = simulation.read(LEARNT, "w").reshape(10, 64)
        simulation.write("X", "rate", 60.0 * np.arange(64) / 32)
        simulation.run(100 * ms)
        after = simulation.read(LEARNT, "w").reshape(10, 64)
        theta = simulation.read("E", "theta")
    assert before.sum(axis=1) == pytest.approx(12.0)
    assert after.sum(axis=1) == pytest.approx(12.0)
    assert np.abs(after - before).max() > 0.01
    assert theta.max() > 1e-3


def test_target_rate_is_followed():
    """Scale 0.1: the rate goes up with the target, from less than 4 to more than 6 Hz."""
    net = vogels_sprekeler(0.1, target=2 * Hz, eta=0.02)
    with ns.Simulation(net, threads=1) as simulation:
        simulation.run(1500 * ms)
        simulation.write(PLASTIC, "rho_0", 20 * Hz)
        simulation.run(1000 * ms)
    n = simulation.recording.populations["E"].size
    low, high = (
        simulation.recording.spikes("E", start, start + 500.0)[0].size / (0.5 * n)
        for start in (1000.0, 2000.0)
    )
    assert low < 4
    assert high > 6


def test_networks_of_impossible_size_are_refused():
    with pytest.raises(DescriptionError, match=r"scale is 0\.01"):
        vogels_sprekeler(0.01)
    with pytest.raises(DescriptionError, match="at least 1 and 2"):
        diehl_cook(0)

"""Pong on BrainScaleS-2: the field and the player do as they say, a small version runs."""

import json

import numpy as np
import pytest
from neurosim.experiments import brainscales_pong as pong

import neurosim as ns


def test_wanting_the_balls_row_or_one_near_it_is_worth_something():
    court = pong.Field(32, seed=1)
    court.ball, court.direction = np.array([0.5, 0.5]), np.array([-1.0, 0.0])
    assert [court.move(16 + k) for k in (0, 1, -2, 3, 4, 12)] == [1.0, 0.7, 0.4, 0.1, 0.0, 0.0]
    assert court.seen == [16] * 6
    assert court.wanted == [16, 17, 14, 19, 20, 28]
    assert court.ball[0] == pytest.approx(0.5 - 6 * 0.025)


def test_ball_is_reflected_by_three_walls_and_the_paddle():
    court = pong.Field(32, seed=1)
    court.ball, court.direction = np.array([0.015, 0.985]), np.array([-0.5, 0.5])
    court.move(0)
    assert court.direction.tolist() == [0.5, -0.5]
    court.ball, court.paddle = np.array([0.985, 0.5]), 0.53
    court.move(16)
    assert court.direction.tolist() == [-0.5, -0.5]  # met: half the paddle is 0.035
    court.ball, court.direction, court.paddle = np.array([0.985, 0.5]), np.array([0.5, 0.5]), 0.54
    court.move(16)
    assert court.ball.tolist() == [0.5, 0.5]  # missed: a new game
    assert np.abs(court.direction).sum() == pytest.approx(1.0)
    assert court.paddle == 0.5


def test_paddle_moves_a_twentieth_of_the_field_and_stays_within():
    court = pong.Field(32, seed=1)
    court.move(31)
    assert court.paddle == pytest.approx(0.55)
    for _ in range(12):
        court.move(31)
    assert court.paddle == pytest.approx(1.0)
    assert court.row(1.0) == 31
    assert court.row(-0.1) == 0


def test_chance_is_what_wanting_any_row_is_worth():
    rng = np.random.default_rng(1)
    worth = dict(enumerate(pong.REWARDS))
    drawn = [worth.get(abs(a - b), 0.0) for a, b in rng.integers(0, 32, (40_000, 2))]
    # the standard error is 0.0013; four of them
    assert np.mean(drawn) == pytest.approx(pong.chance(32), abs=0.0053)


def test_expected_reward_starts_at_the_first_and_moves_half_way():
    player = pong.Player(pong.Field(8, seed=1))
    assert [player.success(3, r) for r in (0.4, 1.0, 1.0)] == pytest.approx([0.0, 0.6, 0.3])
    assert player.success(5, 1.0) == 0.0
    assert player.expected[3] == pytest.approx(0.85)


def test_numbers_are_those_of_the_published_task():
    told = pong.network(32, 1).describe()
    ball, motor = told["populations"]
    assert (ball["size"], motor["size"]) == (32, 32)
    neuron = {k: v["value"] for k, v in motor["model"]["parameters"].items()}
    wanted = {"tau_m": 28.5e-3, "t_ref": 4e-3, "tau_syn": 1.8e-3}
    assert {k: neuron[k] for k in wanted} == pytest.approx(wanted)
    (eyes,) = told["projections"]
    assert (eyes["weight"]["mean"], eyes["weight"]["sd"]) == (14, 2)
    assert eyes["delay"] == 0
    (rule,) = eyes["operations"]
    assert rule["every"] == pytest.approx(0.2)
    assert "w + learning_rate*causal*success" in rule["code"]
    (noise,) = told["injections"]
    assert noise["wave"]["sd"] == pytest.approx(100e-12)
    values = pong.network(32, 1).projections[0].synapse.values
    single = {k: v.content for k, v in values.items() if isinstance(v.content, float)}
    assert single["step"] == pytest.approx(400e-12 / 63)
    assert (single["offset"], single["ceiling"], single["learning_rate"]) == (32, 128, 0.125)
    assert values["amplitude_causal"].content.a == 36
    assert values["tau_causal"].content.a == pytest.approx(64e-3)
    assert pong.machine(1).power_w == 0.057


def test_small_version_is_run_and_kept(tmp_path):
    _, experiment = ns.load_experiment("brainscales_pong")
    out = tmp_path / "out"
    results = experiment.run(quick=True, output=out, name="brainscales_pong", threads=1)
    assert list(results.recordings) == ["learning0", "control0"]
    files = {p.name for p in out.iterdir()}
    assert files == {"learning0.h5", "control0.h5", "results.json", "figure.png"}
    found = json.loads((out / "results.json").read_text())["metrics"]
    assert found["energy_uJ_per_move"] == pytest.approx(11.4)
    assert found["whole_weights"] == 1.0
    assert not results.checks
    times, ids = results.recordings["learning0"].spikes("ball")
    first = ids[times < 200]
    assert np.unique(first).size == 1  # the row that sees the ball
    assert times[:20] == pytest.approx(1 + 10 * np.arange(20), abs=0.21)


@pytest.mark.slow
def test_full_version_passes_its_checks():
    _, experiment = ns.load_experiment("brainscales_pong")
    results = experiment.run(name="brainscales_pong")
    assert len(results.checks) == 6
    assert results.passed, results.table()

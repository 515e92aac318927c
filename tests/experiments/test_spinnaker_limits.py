"""When a SpiNNaker core misses its deadline: the recursion by hand, and the simulated counters."""

import json

import numpy as np
import pytest
from neurosim.experiments.spinnaker_limits import SETUPS, Outcome, experiment, worked_off
from neurosim.networks.core_load import CELLS, Group, arrivals, core_load

from neurosim.errors import DescriptionError
from neurosim.units import ms


def test_what_fits_a_tick_is_in_time():
    # 50 spikes of 256 events are 12,800 of 13,000
    assert worked_off(np.full(100, 50), 13000.0) == Outcome(5000, 0, 0, 0)


def test_one_spike_more_than_fits_piles_up():
    # 51 spikes are 56 events too many: the last one of each tick waits
    found = worked_off(np.full(3, 51), 13000.0)
    assert found == Outcome(153, 3, 0, 1)


def test_a_queue_that_is_full_loses_the_rest():
    found = worked_off(np.array([400, 0, 0, 0, 0, 0, 0, 0]), 13000.0)
    assert found == Outcome(400, 255, 400 - 50 - 255, 6)  # 50 in time, 255 wait
    assert -(-305 * CELLS // 13000) - 1 == 6


def test_lost_spikes_take_no_time():
    once = worked_off(np.array([400, 0, 0, 0, 0, 0, 0, 100]), 13000.0)
    apart = worked_off(np.array([100]), 13000.0)
    assert (once.late, once.lost) == (255 + apart.late, 95)


def test_the_limit_is_where_all_of_a_tick_is_needed():
    one, two, learning = SETUPS
    assert one.limit(1000) == pytest.approx(50.78125)
    assert two.limit(1000) == 2 * one.limit(1000)
    assert learning.limit(250) == pytest.approx(21.875)


def test_sources_fire_as_their_seed_says():
    group = Group(40, 0.25)
    fired = arrivals(group, 500, 1, 0)
    assert fired.shape == (500, 40)
    assert np.array_equal(fired, arrivals(group, 500, 1, 0))
    assert not np.array_equal(fired, arrivals(group, 500, 2, 0))
    # null: binomial, sd of the mean sqrt(p (1 - p) / 20000) = 0.0031; 4 sd
    assert abs(fired.mean() - 0.25) < 0.0122
    with pytest.raises(DescriptionError, match="from 0 to 1"):
        arrivals(Group(1, 1.1), 1, 0, 0)


def test_every_source_reaches_every_cell_of_its_core():
    net = core_load([Group(3, 0.1), Group(5, 0.2)], 20, 1, learning=True, dt=1 * ms)
    assert list(net.populations) == ["cells0", "cells1"]
    assert net.populations["cells1"].size == CELLS


def test_simulated_and_predicted_counters_are_equal(tmp_path):
    results = experiment.run(quick=True, output=tmp_path / "out", name="limits", threads=1)
    assert [check.name for check in results.checks if not check.passed] == []
    exact = [c for c in results.checks if "simulated - predicted" in c.name]
    assert len(exact) == 4 * len(SETUPS)
    told = json.loads((tmp_path / "out" / "results.json").read_text())
    assert told["metrics"]["learning"]["late"]["500 sources, load 1.3"] > 0.5
    assert (tmp_path / "out" / "figure.png").stat().st_size > 0

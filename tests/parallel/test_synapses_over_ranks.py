"""Synapse models, inputs and sums: the same bits on any number of ranks and threads."""

import json
from pathlib import Path

import numpy as np
import pytest
from brian2 import ms
from hypothesis import given, settings
from hypothesis import strategies as st
from launch import launch
from synapses_on_ranks import NETWORKS, digest

import neurosim as ns
from neurosim.engines import get_engine
from neurosim.engines.base import EngineOptions
from neurosim.engines.native.phases import Kind, phases
from neurosim.errors import UnsupportedError
from neurosim.parallel.communicator import Serial
from neurosim.parallel.exact_sums import add_words, exact_total
from neurosim.parallel.share import Share

SCRIPT = Path(__file__).with_name("synapses_on_ranks.py")
SLOW = ("facilitation", "calcium", "from_a_source")
QUICK = [name for name in NETWORKS if name not in SLOW]


class Serially(dict):
    """What one thread of one process finds, worked out when asked for."""

    def __missing__(self, name):
        self[name] = digest(name, 1, Serial())
        return self[name]


@pytest.fixture(scope="session")
def serial():
    return Serially()


def on_ranks(folder, ranks, threads, names=(), env=None):
    output = folder / "found.json"
    launch([SCRIPT, output, threads, *names], ranks, timeout=540, check=True, env=env)
    return json.loads(output.read_text())


@pytest.fixture(scope="session")
def spread(tmp_path_factory):
    return on_ranks(tmp_path_factory.mktemp("ranks"), 2, 2, QUICK)


@pytest.mark.parametrize("name", QUICK)
def test_two_ranks_of_two_threads_find_what_one_does(name, serial, spread):
    assert spread[name] == serial[name]


@pytest.mark.slow
@pytest.mark.parametrize(("ranks", "threads"), [(2, 1), (3, 2), (4, 1)])
def test_any_ranks_and_threads_find_what_one_does(ranks, threads, serial, tmp_path):
    assert on_ranks(tmp_path, ranks, threads) == {name: serial[name] for name in NETWORKS}


@pytest.mark.slow
def test_rows_of_only_the_sources_that_have_synapses(serial, tmp_path):
    """Large networks keep no others; told to, small ones find the same."""
    names = ["bursts", "listed", "few_sources", "pair_stdp"]
    env = {"NEUROSIM_CXXFLAGS": "-DNEUROSIM_DENSE_ROWS=0"}
    found = on_ranks(tmp_path, 3, 1, names, env)
    assert found == {name: serial[name] for name in names}


def shares(name):
    found = phases(ns.lower(NETWORKS[name](), 0.1 * ms))
    return [(phase.kind, sorted(phase.shares)) for phase in found if phase.shares]


def test_ranks_share_only_what_was_changed_and_is_read():
    assert shares("gap_junctions") == [(Kind.SUM_GATHER, [("E", "v")])]
    # the pool's total changes before it is read, within the step
    assert (Kind.SUM_GATHER, [("pool", "total")]) in shares("gating")
    # `I_pre` is a parameter that nothing changes: it is read at t = 0 only
    assert shares("noisy_weights") == []
    for name in ("facilitation", "pair_stdp", "calcium", "release", "bursts", "listed"):
        reads = name == "listed"  # its postsynaptic pathway reads the source
        assert bool(shares(name)) == reads


class Two(Serial):
    share = Share(0, 2)


def test_the_reference_refuses_ranks_by_name():
    program = ns.lower(NETWORKS["facilitation"](), 0.1 * ms, share=Two.share)
    with pytest.raises(UnsupportedError, match=r"one process, not on 2 ranks.*'native'"):
        get_engine("brian2").compile(program, EngineOptions(communicator=Two()))


def words(total, flag=0):
    return np.array([[total & (2**63 - 1), total >> 63, flag]])


TOTALS = st.integers(-(2**124), 2**124)


@settings(max_examples=200, deadline=None)
@given(TOTALS, TOTALS)
def test_words_add_up_as_integers(one, other):
    found = add_words(words(one), words(other))
    np.testing.assert_array_equal(found, words(one + other))
    assert exact_total(found)[0] == float(one + other) * 2.0**-90


@pytest.mark.parametrize("limit", [2**125, -(2**125)])
def test_sums_beyond_what_is_counted_are_not_numbers(limit):
    beyond = 1 if limit > 0 else -1
    within = add_words(words(limit - 5), words(5))
    assert exact_total(within)[0] == limit * 2.0**-90
    assert np.isnan(exact_total(add_words(within, words(beyond)))[0])
    assert np.isnan(exact_total(add_words(words(1), words(2, flag=1)))[0])

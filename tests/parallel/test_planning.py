"""What is told of a rank before it is run: memory, work, and one rank of many, alone."""

import numpy as np
import pytest

import neurosim as ns
from neurosim.engines.base import EngineOptions
from neurosim.engines.native.estimate import layout, memory
from neurosim.errors import ParallelError
from neurosim.parallel.dry_run import DryRun
from neurosim.parallel.share import Share
from neurosim.units import ms, mV


def network(n=300):
    """Two populations, fixed and drawn weights, delays of one and of many steps."""
    net = ns.Network(seed=3)
    lif = ns.NeuronModel("dv/dt = -v/(10*ms) : volt", threshold="v > 20*mV", reset="v = 0*mV")
    e, i = net.population("E", n, lif), net.population("I", n // 3, lif)
    net.project(e, e, ns.FixedTotalNumber(40 * n), "v", weight=1 * mV, delay=1 * ms)
    net.project(
        i, [e, i], ns.Bernoulli(0.2), "v", weight=ns.Normal(-1 * mV, 0.1 * mV), delay=2 * ms
    )
    net.project(
        e[:50], i, ns.FixedInDegree(5), "v", weight=1 * mV, delay=ns.Uniform(1 * ms, 3 * ms)
    )
    return net


@pytest.mark.parametrize("n_ranks", [2, 3])
def test_shares_of_the_synapses_add_up(n_ranks):
    whole = ns.lower(network(), 0.1 * ms)
    for p in range(len(whole.projections)):
        parts = 0.0
        for rank in range(n_ranks):
            share = Share(rank, n_ranks)
            program = ns.lower(network(), 0.1 * ms, share=share)
            parts += program.projections[p].own_synapses
        assert parts == pytest.approx(whole.projections[p].own_synapses, rel=1e-12)


def test_segments_and_sources_are_those_in_memory():
    program = ns.lower(network(), 0.1 * ms)
    made = layout(program, 1)
    engine = ns.Simulation(network(), engine="native", threads=1, record=False)
    with engine as simulation:
        table = simulation.prepare().synapses()
    pairs = np.unique(table[["source", "delay"]])
    assert made.synapses == pytest.approx(table.size, rel=0.02)
    assert made.segments == pytest.approx(pairs.size, rel=0.03)
    assert made.sources == pytest.approx(np.unique(table["source"]).size, rel=0.02)


def test_a_rank_needs_less_than_the_whole():
    options = EngineOptions(threads=1)
    whole = memory(ns.lower(network(3000), 0.1 * ms), options)
    part = memory(ns.lower(network(3000), 0.1 * ms, share=Share(1, 10)), options)
    assert part["synapses"] == pytest.approx(whole["synapses"] / 10, rel=0.1)
    assert part["state"] < 0.15 * whole["state"]


def test_one_rank_alone_answers_for_all():
    alone = DryRun(Share(2, 5), rate=3.0)
    assert alone.messages.kind == "pretend"
    assert alone.messages.rate == 3.0
    assert alone.sum([1, 2]).tolist() == [1, 2]
    assert [part.size for part in alone.gather(np.ones(4))] == [0, 0, 4, 0, 0]
    assert DryRun(Share()).messages.kind == "none"


@pytest.mark.parametrize(("share", "rate"), [(Share(5, 5), 1.0), (Share(0, 2), float("nan"))])
def test_one_rank_alone_refuses(share, rate):
    with pytest.raises(ParallelError, match=r"Give one of those|give a finite rate"):
        DryRun(share, rate)

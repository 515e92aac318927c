"""Slices and cores; what the report says of rounded weights and changed delays."""

import numpy as np
import pytest
from neurosim.neuromorphic import quantise
from neurosim.neuromorphic.draft import Draft
from neurosim.neuromorphic.placement import cut, cut_all, make_cores, place
from neurosim.neuromorphic.platform import Machine
from neurosim.neuromorphic.report import MappingReport

import neurosim as ns
from neurosim.errors import DescriptionError
from neurosim.lowering.edges import instantiate
from neurosim.lowering.lower import lower
from neurosim.lowering.machine_program import Grid
from neurosim.parallel.communicator import Serial
from neurosim.parallel.share import Share
from neurosim.units import ms, pA

NORMAL = ns.Normal(20 * pA, 5 * pA, low=0 * pA)


def network():
    net = ns.Network(seed=3)
    e = net.population("E", 40, ns.models.lif_curr_exp())
    i = net.population("I", 30, ns.models.lif_curr_exp())
    s = net.spike_source("S", times=[1.0] * ms, ids=[0], size=9)
    net.project(e, i, ns.FixedTotalNumber(600), "I_syn", weight=NORMAL,
                delay=ns.Normal(1.5 * ms, 0.5 * ms), name="drawn")  # fmt: skip
    net.project(s, i, ns.AllToAll(), "I_syn", weight=-30 * pA, delay=2 * ms, name="same")
    net.project(e, e, ns.Edges([0, 1, 2], [3, 4, 5]), "I_syn", weight=[1, 2, 3] * pA,
                delay=[1.0, 0.2, 3.0] * ms, name="listed")  # fmt: skip
    return net


def draft_of(share=None):
    program = lower(network(), 0.1 * ms, share)
    return Draft(Machine(), program, program, Serial(), MappingReport("toy"))


def projection(draft, name):
    return next(p for p in draft.program.projections if p.name == name)


def test_slices_in_order_of_ids():
    assert [(s.first, s.size) for s in cut("E", 600, 256)] == [(0, 256), (256, 256), (512, 88)]
    assert [s.size for s in cut("E", 512, 256)] == [256, 256]
    parts = cut_all(draft_of().program, lambda name: {"E": 16, "I": 30}[name])
    assert [(s.population, s.first, s.size) for s in parts] == [
        ("E", 0, 16), ("E", 16, 16), ("E", 32, 8), ("I", 0, 30)
    ]  # fmt: skip


def test_a_slices_cores_are_on_one_chip():
    where = place("abcd", [3, 2, 2, 4], cores_per_chip=5, chips_per_board=2)
    assert where.chip.tolist() == [0, 0, 1, 2]
    assert where.first_core.tolist() == [0, 3, 0, 0]
    assert where.board.tolist() == [0, 0, 0, 1]
    assert (where.n_cores, where.n_chips, where.n_boards) == (11, 3, 2)
    with pytest.raises(DescriptionError, match="a chip has 1 to 5"):
        place("a", 6, cores_per_chip=5, chips_per_board=2)


def test_cores_of_neurons_and_of_sources():
    program = draft_of().program
    cores = make_cores(program, cut_all(program, 16), lanes=2, source_most=4)
    assert cores.source_slice.tolist() == (
        [0] * 16 + [1] * 16 + [2] * 8 + [3] * 16 + [4] * 14 + [5] * 4 + [6] * 4 + [7]
    )
    assert cores.lanes.tolist() == [2] * 5
    assert cores.base_load.tolist() == [0.0] * 5


def test_rounded_weights_are_counted_edge_by_edge():
    draft = draft_of()
    grid = Grid(factor=1e9, quantum=2.0**-9, low=0, high=12)
    before = projection(draft, "drawn")
    drawn = instantiate(draft.program, before).weight.astype(float)
    quantise.round_weights(draft, before, grid)
    after = projection(draft, "drawn")
    assert after.weight.grid == grid
    (found,) = draft.report.rounded
    became = grid.apply(drawn)
    assert found.count == found.of == 600
    assert found.unit == "A"
    assert found.changed == 600
    assert found.clipped == int((np.rint(drawn * 1e9 * 512) > 12).sum()) > 0
    assert found.worst == pytest.approx(np.abs(became / 1e9 - drawn).max(), rel=1e-6)
    assert found.mean_relative == pytest.approx(np.mean(np.abs(became / 1e9 / drawn - 1)), 1e-5)
    assert sum(found.histogram) == 600


def test_values_that_fit_are_not_changed():
    draft = draft_of()
    grid = Grid(factor=1e12, quantum=1.0, low=0, high=65535, absolute=True)
    quantise.round_weights(draft, projection(draft, "same"), grid)
    (found,) = draft.report.rounded
    assert (found.count, found.changed, found.worst) == (270, 0, 0.0)
    assert found.histogram[0] == 270


def test_large_projections_are_sampled_by_whole_targets(monkeypatch):
    monkeypatch.setattr(quantise, "ALL_UP_TO", 500)
    monkeypatch.setattr(quantise, "SAMPLE", 200)
    draft = draft_of()
    given = projection(draft, "drawn")
    assert quantise.looked_at(given).tolist() == list(range(0, 30, 3))
    quantise.round_weights(draft, given, Grid(factor=1e9, quantum=2.0**-9, low=0, high=99))
    (found,) = draft.report.rounded
    assert found.of == 600
    assert 100 < found.count < 300


def test_every_rank_looks_at_its_part_of_the_same_sample(monkeypatch):
    monkeypatch.setattr(quantise, "ALL_UP_TO", 500)
    parts = []
    for rank in range(3):
        share = Share(rank, 3)
        own = projection(draft_of(share), "drawn")
        parts += own.post.local_ids_at(quantise.looked_at(own)).tolist()
    assert sorted(parts) == quantise.looked_at(projection(draft_of(), "drawn")).tolist()


def test_delays_are_changed_edge_by_edge_alike():
    def change(steps):
        return np.minimum((steps + 4) // 5 * 5, 20)

    draft = draft_of()
    before = {p.name: instantiate(draft.program, p).delay for p in draft.program.projections}
    quantise.map_delays(draft, change)
    for p in draft.program.projections:
        assert (instantiate(draft.program, p).delay == change(before[p.name])).all(), p.name
    found = {r.where: r for r in draft.report.rounded}
    assert found["drawn"].changed == int((change(before["drawn"]) != before["drawn"]).sum()) > 0
    assert found["same"].changed == 0
    assert found["same"].count == 270
    assert (found["listed"].worst_given, found["listed"].worst_became) == (30, 20)


def test_longer_delays_stay_longer():
    with pytest.raises(DescriptionError, match="list the edges"):
        quantise.map_delays(draft_of(), lambda steps: 50 - steps)

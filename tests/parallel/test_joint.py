"""What ranks agree on, without processes: a communicator whose other rank is as this one."""

import numpy as np
import pytest

import neurosim as ns
from neurosim import summary
from neurosim.engines.base import Chunk, Failure
from neurosim.errors import DescriptionError, MemoryLimitError, NumericalError, RecordingWriteError
from neurosim.joint import Account, Ranks, SynapseOrder, trimmed
from neurosim.parallel.communicator import Serial
from neurosim.parallel.outcome import together
from neurosim.parallel.share import Share
from neurosim.summary import Estimate, require_memory
from neurosim.units import ms, mV


class Twins(Serial):
    """Two ranks; the other one tells ``other(values)``, or the same."""

    share = Share(0, 2)

    def __init__(self, other=lambda values: values):
        self.other = other

    def sum(self, values):
        return np.asarray(values) + self.other(np.asarray(values))

    def largest(self, values):
        return np.maximum(values, self.other(np.asarray(values)))

    def smallest(self, values):
        return np.minimum(values, self.other(np.asarray(values)))

    def gather(self, values, root=None):
        return [np.asarray(values), self.other(np.asarray(values))]


def program():
    net = ns.Network(seed=1)
    model = ns.NeuronModel("dv/dt = -v/(10*ms) : volt", threshold="v > 1*mV", reset="v = 0*mV")
    e = net.population("E", 6, model, initial={"v": 0.5 * mV})
    net.record(e, "v", every=0.2 * ms)
    net.record_sum(e, "v", every=0.1 * ms)
    return ns.lower(net, 0.1 * ms)


def test_one_rank_asks_nobody():
    ranks = Ranks(Serial())
    own = Account(steps=3, seconds=0.5, interrupted=True)
    assert ranks.agree(own) is own
    values = np.arange(3.0)
    assert ranks.whole(values) is values
    ranks.same(lambda: 1 / 0)  # the facts are not even made


def test_ranks_agree_on_the_fewest_steps_and_the_slowest():
    def other(told):
        there = told.copy()
        there[0], there[4], there[5], there[6] = 1, -40, 0.7, 1  # interrupted, steps, s, rank 1
        return there

    agreed = Ranks(Twins(other)).agree(Account(steps=50, seconds=0.4, stopped=True))
    expected = Account(40, 0.7, interrupted=True, stopped=True, broken=1)
    assert agreed == expected


def test_chunks_are_cut_to_what_all_did():
    states = [np.ones((4, 6)), np.ones((8, 1))]
    sums = {1: np.ones((8, 3), np.int64)}
    steps, ids = np.array([10, 12, 13, 17]), np.array([3, 1, 2, 0])
    chunk = Chunk(10, 8, steps, ids, states, sums=sums)
    cut = trimmed(program(), chunk, 3)
    assert cut.n_steps == 3
    np.testing.assert_array_equal(cut.spike_steps, [10, 12])
    np.testing.assert_array_equal(cut.spike_ids, [3, 1])
    assert [samples.shape for samples in cut.states] == [(2, 6), (3, 1)]
    assert cut.sums[1].shape == (3, 3)
    assert trimmed(program(), chunk, 8) is chunk


def test_the_first_failure_counts_wherever_it_is():
    own = Failure("E", "v", 4, step=20)
    first, rank = Ranks(Twins(lambda row: np.add(row, [0, 0, 0, -1, 0, 1]))).earliest(
        program(), own
    )
    assert (first, rank) == (Failure("E", "v", 3, 20), 1)
    first, rank = Ranks(Twins(lambda row: np.add(row, [1, 0, 0, -1, 0, 1]))).earliest(
        program(), own
    )
    assert (first, rank) == (own, 0)
    first, _ = Ranks(Twins(lambda row: row[:0])).earliest(program(), own)
    assert first == own


def test_synapses_are_in_order_of_their_targets():
    order = SynapseOrder(Ranks(Twins(lambda own: own + 1)), np.array([0, 0, 2, 4]))
    assert order.size == 8
    whole = np.arange(8)  # targets 0 0 1 1 2 3 4 5, of ranks 0 0 1 1 0 1 0 1
    np.testing.assert_array_equal(order.own(whole), [0, 1, 4, 6])
    assert [order.position(1, k) for k in range(4)] == [2, 3, 5, 7]


@pytest.mark.parametrize("error", [RecordingWriteError("full"), MemoryError("none left")])
def test_an_error_of_one_rank_is_of_all(error):
    class Failing(Twins):
        share = Share(1, 2)

    def fail():
        raise error

    with pytest.raises(ns.errors.NeurosimError, match="rank 1: ") as found:
        together(Failing(lambda rank: rank * 0 + 2), fail)  # the other rank has no error
    assert found.value.everywhere
    assert found.value.__cause__ is error


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (NumericalError("E", "v", 3, 1.0), ns.errors.NeurosimError),
        (ns.errors.UnknownNameError("population", "X", ["E"]), DescriptionError),
    ],
)
def test_errors_made_of_parts_are_told_as_text(error, kind):
    class Failing(Twins):
        def broadcast(self, data, root=0):
            return data

    with pytest.raises(kind, match="rank 0: ") as found:
        together(Failing(), lambda: (_ for _ in ()).throw(error))
    assert type(found.value) is kind
    assert str(error) in str(found.value)


def test_ranks_of_one_machine_share_its_memory(monkeypatch):
    monkeypatch.setattr(summary, "machine_bytes", lambda: 150)
    estimate = Estimate(10, {}, bytes_needed=100, bytes_available=120)
    estimate.require_memory()
    with pytest.raises(MemoryLimitError, match="2 ranks on the machine of rank 0") as found:
        require_memory(Ranks(Twins()), estimate)
    assert found.value.everywhere

    def elsewhere(told):
        return np.add(told, [1, 0, 0]) if told.ndim == 2 else told

    require_memory(Ranks(Twins(elsewhere)), estimate)

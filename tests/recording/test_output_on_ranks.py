"""The output of a simulation on ranks (threads here): one file, and one error for all ranks."""

import itertools
import threading
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from shard_samples import engine_words

import neurosim as ns
from neurosim import output as output_module
from neurosim.engines.base import Chunk
from neurosim.errors import NeurosimError, ParallelError, RecordingError, RecordingWriteError
from neurosim.lowering.lower import lower
from neurosim.output import Output
from neurosim.parallel import exact_sums
from neurosim.parallel.communicator import Messages
from neurosim.parallel.share import Share
from neurosim.recording import read
from neurosim.recording.merge import merge
from neurosim.recording.shards import folder_of, shard_path
from neurosim.units import ms, mV

FACTS = {"engine": "native", "precision": "double", "warmup_ms": 1.0}


class Rank:
    """A rank that is a thread; all share ``slots`` and ``meet``."""

    messages = Messages()

    def __init__(self, rank, slots, meet):
        self.share, self._slots, self._meet = Share(rank, len(slots)), slots, meet

    def _all(self, value):
        self._slots[self.share.rank] = value
        self._meet.wait()
        found = list(self._slots)
        self._meet.wait()
        return found

    def smallest(self, values):
        return np.min(self._all(np.asarray(values)), axis=0)

    def gather(self, values, root=None):
        return self._all(values)

    def broadcast(self, data, root=0):
        return self._all(data)[root]

    def barrier(self):
        self._meet.wait()


def on_ranks(n_ranks, work):
    """What each rank returned or raised."""
    slots, meet, found = [None] * n_ranks, threading.Barrier(n_ranks, timeout=20), [None] * n_ranks

    def run(rank):
        try:
            found[rank] = work(Rank(rank, slots, meet))
        except (NeurosimError, threading.BrokenBarrierError) as error:
            found[rank] = error

    threads = [threading.Thread(target=run, args=(rank,)) for rank in range(n_ranks)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


def program(share=Share(), recorded=("E", "I", "input")):  # noqa: B008 - it cannot be changed
    net = ns.Network(seed=3)
    model = ns.NeuronModel("dv/dt = -v/(10*ms) : volt", threshold="v > 20*mV", reset="v = 0*mV")
    e, i = net.population("E", 11, model), net.population("I", 4, model)
    source = net.spike_source("input", times=[1] * ms, ids=[0], size=2)
    net.project(e, i, ns.AllToAll(), "v", weight=0.1 * mV, delay=1 * ms)
    net.record(e, "v", every=0.2 * ms, start=0.5 * ms, stop=3 * ms)
    net.record(e[2:9], "v*i/N + 2*mV*sin(t/ms)")
    net.record(i[:1], "v**2")
    net.record_sum(e, "v", every=0.3 * ms)
    net.record_mean(i[:3], "v*(i + 1) + t*mV/ms")
    net.record_spikes([p for p in (e, i, source) if p.name in recorded])
    return lower(net, 0.1 * ms, share)


def chunk_of(made, first, n_steps, share):
    """What an engine makes of some steps: numbers that tell step and neuron."""
    rng = np.random.default_rng(first)
    pairs = np.unique(rng.integers((first, 0), (first + n_steps, 17), (90, 2)), axis=0)
    local = pairs[:, 1] - np.array([0, 11, 15])[np.searchsorted([11, 15], pairs[:, 1], "right")]
    mine = np.where(pairs[:, 1] < 15, share.mine(local), share.rank == 0)
    states, sums = [], {}
    for index, recorder in enumerate(made.state_recorders):
        steps = np.array([s for s in range(first, first + n_steps) if recorder.due(s)], np.int64)
        ids = recorder.ids[share.mine(recorder.ids)]
        values = np.sin(steps[:, None] * 0.7 + ids[None, :]) * 0.01 + ids[None, :] / 3000
        if recorder.reduce:
            sums[index] = engine_words(values)
            values = exact_sums.exact_total(sums[index])[:, None]
        states.append(values)
    return Chunk(first, n_steps, pairs[mine, 0], pairs[mine, 1], states, None, sums)


def executable(share):
    degrees = np.full(11, len(share.ids(4)), np.uint32)
    return SimpleNamespace(
        n_threads=1,
        compiler="",
        bytes_per_synapse=8.0,
        synapse_count=lambda name: int(degrees.sum()),
        outdegrees=lambda name: degrees,
    )


def recorded(path, ranks=None, steps=(0, 7, 20, 41), continues=None, **kwargs):
    """Record some steps; return the output."""
    share = Share() if ranks is None else ranks.share
    made = program(share, **kwargs)
    output = Output(path, {}, communicator=ranks, continues=continues)
    output.open(made, executable(share), FACTS)
    for first, last in itertools.pairwise(steps):
        output.append(chunk_of(made, first, last - first, share))
    output.flush()
    output.finish({"n_spikes": 3}, "complete")
    return output


def values_of(run, report):
    return run.state(report.population, report.variable, recorder=report.recorder)


def assert_same(path, expected):
    found, wanted = read(path), read(expected)
    assert found.stop_ms == wanted.stop_ms
    for name, population in wanted.populations.items():
        if population.spikes:
            for one, other in zip(found.spikes(name), wanted.spikes(name), strict=True):
                assert one.tobytes() == other.tobytes()
    assert found.reports == wanted.reports
    for report in wanted.reports:
        one, other = (values_of(run, report) for run in (found, wanted))
        assert one.values.tobytes() == other.values.tobytes(), report
        assert one.times_ms.tobytes() == other.times_ms.tobytes(), report
        assert one.ids.tobytes() == other.ids.tobytes(), report
    for name in wanted.projections:
        assert np.array_equal(found.outdegree(name), wanted.outdegree(name))
    assert found.spikes_sha256() == wanted.spikes_sha256()


@pytest.fixture(scope="module")
def serial(tmp_path_factory):
    path = tmp_path_factory.mktemp("serial") / "run.h5"
    recorded(path)
    return path


@pytest.mark.parametrize("n_ranks", [2, 5])
def test_ranks_record_what_one_process_does(tmp_path, serial, n_ranks):
    path = tmp_path / "run.h5"
    outputs = on_ranks(n_ranks, lambda rank: recorded(path, rank))
    assert_same(path, serial)
    assert {o.spikes_sha256 for o in outputs} == {read(path).spikes_sha256()}
    assert [o.reading().n_ranks for o in outputs] == [n_ranks] * n_ranks
    assert read(path).summary["n_spikes"] == 3
    assert not folder_of(path).exists()


def test_the_digest_is_of_the_recorded_spikes(tmp_path):
    for names in (("E", "input"), ("I",), ()):
        one = recorded(tmp_path / "one.h5", recorded=names)
        on_ranks(3, lambda rank, names=names: recorded(tmp_path / "run.h5", rank, recorded=names))
        assert one.spikes_sha256 == read(tmp_path / "one.h5").spikes_sha256()
        assert one.spikes_sha256 == read(tmp_path / "run.h5").summary["spikes_sha256"]


def test_a_resumed_run_goes_on_with_the_recording(tmp_path, serial):
    path = tmp_path / "run.h5"
    on_ranks(3, lambda rank: recorded(path, rank, (0, 7, 20)))
    recorded(path, None, (7, 20), 7)
    outputs = on_ranks(2, lambda rank: recorded(path, rank, (20, 41), 20))
    assert_same(path, serial)
    assert outputs[1].spikes_sha256 == read(path).spikes_sha256()
    missing = on_ranks(2, lambda rank: recorded(tmp_path / "none.h5", rank, (20, 41), 20))
    assert all(isinstance(error, RecordingError) for error in missing)
    assert "is not there" in str(missing[1])
    with pytest.raises(RecordingError, match="give its name as the output"):
        Output(None, {}, continues=20)


def test_a_temporary_recording_stays_for_each_rank_that_uses_it(serial):
    runs = on_ranks(3, lambda rank: recorded(None, rank).reading())
    runs[0] = None  # rank 0 is done with it
    assert len({run.path for run in runs[1:]}) == 2
    for run in runs[1:]:
        assert_same(run.path, serial)


def test_a_rank_on_another_host_does_not_see_the_folder(monkeypatch):
    soon = output_module.soon
    monkeypatch.setattr(
        output_module, "soon", lambda s: threading.current_thread().name != "1" and soon(s)
    )

    def work(rank):
        threading.current_thread().name = str(rank.share.rank)
        return Output(None, {}, communicator=rank)

    errors = on_ranks(3, work)
    assert all(isinstance(error, ParallelError) for error in errors)
    assert "rank 1: this rank does not see" in str(errors[2])
    assert "Give an output on a file system that all hosts share" in str(errors[2])


def test_a_full_disk_on_one_rank_is_everybody_s_error(tmp_path, serial, monkeypatch):
    path = tmp_path / "run.h5"

    def work(rank):
        made = program(rank.share)
        output = Output(path, {}, communicator=rank)
        output.open(made, executable(rank.share), FACTS)
        output.append(chunk_of(made, 0, 20, rank.share))
        output.flush()
        output.append(chunk_of(made, 20, 21, rank.share))
        if rank.share.rank == 1:
            full = RecordingWriteError("the disk is full")
            monkeypatch.setattr(output._writer, "finish", lambda *_: (_ for _ in ()).throw(full))
        output.finish({}, "complete")

    errors = on_ranks(3, work)
    assert len({str(error) for error in errors}) == 1
    assert str(errors[0]).startswith("rank 1: the disk is full What all ranks have becomes")
    assert not read(path).complete
    assert merge(path).stop_ms == 2.0
    assert read(path).spikes("E")[0].size > 0


def test_a_merge_that_fails_is_everybody_s_error(tmp_path, monkeypatch):
    path = tmp_path / "run.h5"
    full = RecordingWriteError("the disk is full; the parts are kept")
    with monkeypatch.context() as patch:
        patch.setattr(output_module, "merge_parts", lambda *_: (_ for _ in ()).throw(full))
        errors = on_ranks(2, lambda rank: recorded(path, rank))
    assert {str(error) for error in errors} == {"rank 0: the disk is full; the parts are kept"}
    assert merge(path).status == "complete"


def test_two_runs_do_not_write_one_recording(tmp_path):
    path = tmp_path / "run.h5"

    def work(rank):
        made = program(rank.share)
        output = Output(path, {}, communicator=rank)
        output.open(made, executable(rank.share), FACTS)
        rank.barrier()
        if rank.share.rank == 0:
            seen = on_ranks(2, lambda other: recorded(path, other))
        rank.barrier()
        output.append(chunk_of(made, 0, 41, rank.share))
        output.abandon()
        return seen if rank.share.rank == 0 else None

    errors = on_ranks(2, work)[0]
    assert ["another run is writing" in str(error) for error in errors] == [True, True]
    assert shard_path(path, 0, 1).exists()
    assert on_ranks(2, lambda rank: recorded(path, rank).spikes_sha256)[0] is not None


def test_only_chunks_of_own_neurons_are_taken(tmp_path):
    """A rank that records what is not its own is found out when the parts are merged."""
    path = tmp_path / "run.h5"

    def work(rank):
        made = program(rank.share)
        output = Output(path, {}, communicator=rank)
        output.open(made, executable(rank.share), FACTS)
        whole = chunk_of(program(), 0, 20, Share())
        own = chunk_of(made, 0, 20, rank.share)
        output.append(replace(own, spike_steps=whole.spike_steps, spike_ids=whole.spike_ids))
        output.finish({}, "complete")

    errors = on_ranks(2, work)
    assert all("are not of this rank" in str(error) for error in errors)

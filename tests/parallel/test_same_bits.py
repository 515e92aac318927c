"""The same bits on any number of ranks and threads, for all that a simulation gives.

Equality with one rank and one thread: digests of the spikes, of every variable of every neuron
as ``Simulation.read`` gives it on each rank, and of every dataset of the recording.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from launch import launch

from neurosim.engines.native.compiler import find_compiler
from neurosim.errors import CompilerNotFoundError

SCRIPT = Path(__file__).with_name("same_bits.py")
NETWORKS = ["everything", "pieces", "slow delays", "slow pieces", "no delay"]
NETWORKS += ["microcircuit", "Brunel", "COBA", "callbacks"]
NETWORKS += ["synapses"]
ENDINGS = ["NaN", "signal", "full disk"]
ALL = (*NETWORKS, *ENDINGS, "written once")
FEW = ("everything", "slow pieces", "no delay", "NaN")
DEFAULT = [(2, 1, FEW), (3, 2, ALL), (4, 1, FEW)]
REST = [(1, 2), (2, 2), (3, 1), (4, 1), (4, 2)]
IDS = [f"{ranks} ranks, {threads} threads" for ranks, threads, _ in DEFAULT]


@pytest.fixture(scope="session")
def found(tmp_path_factory):
    """``found(ranks, threads)``: what each rank found, case by case; each is launched once."""
    try:
        find_compiler()
    except CompilerNotFoundError as error:
        pytest.skip(str(error))
    results = {}

    def give(ranks, threads, cases=ALL, timeout=240):
        key = (ranks, threads, *cases)
        if key not in results:
            folder = tmp_path_factory.mktemp(f"ranks_{ranks}_threads_{threads}")
            extra = ["disagreement"] if ranks > 1 else []
            arguments = [str(a) for a in (SCRIPT, folder, threads, *cases, *extra)]
            if ranks > 1:
                launch(arguments, ranks, timeout=timeout, check=True)
            else:
                subprocess.run([sys.executable, *arguments], check=True, timeout=timeout)
            files = [folder / f"{rank}.json" for rank in range(ranks)]
            results[key] = [json.loads(file.read_text()) for file in files]
        return results[key]

    return give


def differences(one, other):
    """The names of what is not equal, of two levels of plain data."""
    wrong = []
    for name in {*one, *other}:
        a, b = one.get(name), other.get(name)
        if a != b and isinstance(a, dict) and isinstance(b, dict):
            wrong += [f"{name}: {k}" for k in sorted({*a, *b}) if a.get(k) != b.get(k)]
        elif a != b:
            wrong.append(f"{name}: {a} became {b}")
    return wrong


def check_same(found, ranks, threads, cases, names):
    """Compare what some of the cases found with the same of one rank and thread."""
    serial = found(1, 1, cases if "single" in cases else ALL)[0]
    for rank, given in enumerate(found(ranks, threads, cases)):
        for name in names:
            assert serial[name], f"{name} found nothing"
            wrong = differences(serial[name], given[name])
            assert not wrong, f"{name}, rank {rank} of {ranks}, {threads} threads: {wrong}"


@pytest.mark.parametrize(("ranks", "threads", "cases"), DEFAULT, ids=IDS)
def test_ranks_and_threads_change_no_bit(found, ranks, threads, cases):
    check_same(found, ranks, threads, cases, [c for c in cases if c in NETWORKS])


@pytest.mark.parametrize(("ranks", "threads", "cases"), DEFAULT, ids=IDS)
def test_runs_end_alike(found, ranks, threads, cases):
    """After a NaN, a signal to the last rank alone, and a full disk of the last rank."""
    check_same(found, ranks, threads, cases, [c for c in cases if c in ENDINGS])


@pytest.mark.slow
@pytest.mark.parametrize(("ranks", "threads"), REST)
def test_more_ranks_and_threads_change_no_bit(found, ranks, threads):
    cases = (*NETWORKS, "single", *ENDINGS)
    check_same(found, ranks, threads, cases, cases)


def test_cutting_a_run_changes_no_bit(found):
    serial = found(1, 1)[0]
    assert not differences(serial["everything"], serial["pieces"])
    assert not differences(serial["slow delays"], serial["slow pieces"])
    assert differences(serial["everything"], serial["no delay"]), "the delays act"


def test_networks_are_active(found):
    """Else equality would say little."""
    serial = found(1, 1)[0]
    for name in NETWORKS:
        assert serial[name]["n_spikes"] > 20, name
        assert serial[name]["n_synapses"] > 100, name


def test_files_are_written_once_and_summaries_are_of_all_ranks(found):
    serial, ranks = found(1, 1)[0]["written once"], found(3, 2)
    assert serial["files"], "one process alone writes"
    told = [given["written once"]["summary"] for given in ranks]
    for given, summary in zip(ranks, told, strict=True):
        assert given["written once"]["files"], "only the first rank writes"
        assert {**summary, "recording": ""} == {**told[0], "recording": ""}
    for name in ("n_neurons", "n_synapses", "n_spikes", "spikes_sha256", "duration_ms", "status"):
        assert told[0][name] == serial["summary"][name], name
    assert (told[0]["ranks"], told[0]["threads"]) == (3, 2)
    assert told[0]["exchanges"] == 50, "one for each step, as the smallest delay is one"
    assert told[0]["exchange_bytes"] > 0
    assert told[0]["peak_rss_bytes"] < told[0]["total_rss_bytes"] <= 3 * told[0]["peak_rss_bytes"]


@pytest.mark.parametrize(("ranks", "threads", "cases"), DEFAULT, ids=IDS)
def test_ranks_with_other_networks_are_refused(found, ranks, threads, cases):
    for given in found(ranks, threads, cases):
        assert given["disagreement"] == {"error": "ParallelError", "named": True}


@pytest.mark.slow
@pytest.mark.parametrize(("ranks", "threads"), [(2, 1), (3, 2), (4, 2)])
def test_larger_networks(found, ranks, threads):
    cases = ("large microcircuit", "large Brunel", "large COBA")
    serial = found(1, 1, cases, 900)[0]
    for given in found(ranks, threads, cases, 900):
        for name in cases:
            assert not differences(serial[name], given[name]), name


def test_one_process_alone_loads_no_mpi(found):
    """It would take time, and might start MPI."""
    assert found(1, 1)[0]["mpi4py"] is False
    assert all(given["mpi4py"] is True for given in found(3, 2))

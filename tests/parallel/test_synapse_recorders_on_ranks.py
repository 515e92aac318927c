"""What is recorded of synapses is the same on any ranks, and for a run that was resumed."""

from pathlib import Path

import h5py
import numpy as np
import pytest
from launch import launch
from synapse_recorders_on_ranks import resume, whole

import neurosim as ns

SCRIPT = Path(__file__).with_name("synapse_recorders_on_ranks.py")


@pytest.fixture(scope="module")
def serial(tmp_path_factory):
    folder = tmp_path_factory.mktemp("serial")
    whole(folder, threads=2)
    return folder


@pytest.fixture(scope="module")
def ranks(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ranks")
    launch([SCRIPT, folder], 2, check=True, timeout=300)
    resume(folder)
    return folder


def content(path, group):
    found = {}

    def add(name, item):
        found[name] = dict(item.attrs)
        if isinstance(item, h5py.Dataset):
            found[name, "values"] = item[()]

    with h5py.File(path) as file:
        file[group].visititems(add)
    return found


@pytest.mark.parametrize("name", ["whole.h5", "first.h5"])
def test_the_datasets_are_the_same(serial, ranks, name):
    wanted = content(serial / "whole.h5", "neurosim/synapses")
    found = content(ranks / name, "neurosim/synapses")
    assert found.keys() == wanted.keys()
    assert len(wanted) > 100
    for key, values in wanted.items():
        np.testing.assert_equal(found[key], values, err_msg=str(key))
    assert ns.read(ranks / name).complete


def test_weights_saved_on_ranks_are_the_same(serial, ranks):
    wanted = content(serial / "weights.h5", "edges")
    found = content(ranks / "weights.h5", "edges")
    assert found.keys() == wanted.keys()
    for key, values in wanted.items():
        np.testing.assert_equal(found[key], values)
    edges = ns.Edges.from_sonata(ranks / "weights.h5")
    recorded = ns.read(ranks / "whole.h5").synapses().snapshot("w", 5.0)
    np.testing.assert_array_equal(edges.post, recorded.target)
    np.testing.assert_allclose(np.asarray(edges.weight) * 1e3, recorded.values, rtol=1e-15)

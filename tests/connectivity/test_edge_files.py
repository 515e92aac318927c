"""Edges from sparse matrices and SONATA files, and SONATA files of networks."""

import subprocess
import sys

import h5py
import libsonata
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import sparse

import neurosim as ns
from neurosim.errors import DescriptionError, DimensionError, EdgeFileError, NeurosimError
from neurosim.lowering.edges import instantiate
from neurosim.units import ms, mV, nS, pA, volt


def network(edges, n=5, m=4, **options):
    net = ns.Network(weight_bits=64)
    e = net.population("E", n, ns.models.lif_curr_exp())
    i = net.population("I", m, ns.models.lif_curr_exp())
    net.project(e, i, edges, "I_syn", **options)
    return net


def listed(net, k=0):
    program = ns.lower(net, 0.1 * ms)
    return instantiate(program, program.projections[k])


@pytest.mark.parametrize("kind", ["coo", "csr", "csc", "lil"])
def test_sparse_matrices(kind):
    dense = np.zeros((5, 4))
    dense[0, 3], dense[2, 1], dense[4, 1] = 1.5, -2.0, 3.0
    edges = ns.Edges.from_sparse(sparse.coo_matrix(dense).asformat(kind), unit=pA)
    found = listed(network(edges, delay=1 * ms))
    assert found.pre.tolist() == [2, 4, 0]
    assert found.post.tolist() == [1, 1, 3]
    assert found.weight.tolist() == pytest.approx([-2e-12, 3e-12, 1.5e-12])
    assert listed(network(ns.Edges.from_sparse(dense, unit=pA), delay=1 * ms)).pre.size == 3


def test_every_stored_entry_is_a_synapse():
    twice = sparse.coo_array(([1.0, 2.0, 0.0], ([0, 0, 1], [3, 3, 2])), shape=(5, 4))
    found = listed(network(ns.Edges.from_sparse(twice, unit=pA), delay=1 * ms))
    assert found.weight.tolist() == pytest.approx([0, 1e-12, 2e-12])
    assert found.post.tolist() == [2, 3, 3]


def test_what_is_wrong_with_a_matrix_is_named():
    good = sparse.eye(5, 4).tocsr()
    with pytest.raises(DescriptionError, match=r"5 x 4.*'E' has 6 neurons"):
        network(ns.Edges.from_sparse(good, unit=pA), n=6, delay=1 * ms)
    with pytest.raises(DimensionError, match=r"'E->I'.*weight"):
        network(ns.Edges.from_sparse(good), delay=1 * ms)
    with pytest.raises(DescriptionError, match="nan"):
        network(ns.Edges.from_sparse(good * np.nan, unit=pA), delay=1 * ms)
    with pytest.raises(DescriptionError, match="complex"):
        ns.Edges.from_sparse(good * 1j)
    with pytest.raises(DescriptionError, match="two-dimensional"):
        ns.Edges.from_sparse([1, 2, 3])
    with pytest.raises(DescriptionError, match="delay is missing"):
        network(ns.Edges.from_sparse(good, unit=pA))
    with pytest.raises(DescriptionError, match="no population"):
        ns.Edges(np.array([2**63], np.uint64), [0])


def written(tmp_path, rule=None):
    net = ns.Network(seed=4, weight_bits=64)
    e = net.population("E", 30, ns.models.lif_curr_exp())
    i = net.population("I", 20, ns.models.lif_curr_exp())
    s = net.spike_source("S", times=[1] * ms, ids=[0], size=7)
    drawn = {"weight": ns.Normal(20 * pA, 2 * pA), "delay": ns.Normal(1.5 * ms, 0.5 * ms)}
    net.project(e[::2], [e, i], rule or ns.Bernoulli(0.3), "I_syn", **drawn)
    net.project(s, i, ns.AllToAll(), "I_syn", weight=1 * pA, delay=0 * ms)
    net.project(s, e, ns.Bernoulli(0), "I_syn", weight=1 * pA, delay=1 * ms, name="none")
    path = tmp_path / "edges.h5"
    ns.write_sonata_edges(net, path, 0.1 * ms)
    return net, path


def test_a_network_comes_back_from_its_file(tmp_path):
    net, path = written(tmp_path)
    for k, (name, pre, post) in enumerate(
        [("E->E", "E", "E"), ("E->I", "E", "I"), ("S->I", "S", "I")]
    ):
        again = ns.Network(weight_bits=64)
        sizes = {"E": 30, "I": 20, "S": 7}
        a = again.population(f"{pre}_a", sizes[pre], ns.models.lif_curr_exp())
        b = again.population(f"{post}_b", sizes[post], ns.models.lif_curr_exp())
        again.project(a, b, ns.Edges.from_sonata(path, name), "I_syn")
        ours, theirs = listed(net, k), listed(again)
        expected = ns.lower(net, 0.1 * ms).projections[k].pre.local_ids()[ours.pre]
        assert np.array_equal(theirs.pre, expected)
        assert np.array_equal(theirs.post, ours.post)
        assert theirs.weight == pytest.approx(ours.weight, rel=1e-15)
        assert np.array_equal(theirs.delay, ours.delay)
    assert ns.Edges.from_sonata(path, "none").pre.size == 0


def test_libsonata_reads_what_is_written(tmp_path):
    net, path = written(tmp_path)
    storage = libsonata.EdgeStorage(str(path))
    assert storage.population_names == {"E->E", "E->I", "S->I", "none"}
    population = storage.open_population("E->I")
    ours = listed(net, 1)
    assert (population.source, population.target, population.size) == ("E", "I", ours.pre.size)
    every = population.select_all()
    assert np.array_equal(population.source_nodes(every), 2 * ours.pre)
    assert np.array_equal(population.target_nodes(every), ours.post)
    assert population.get_attribute("syn_weight", every) == pytest.approx(ours.weight)
    assert population.get_attribute("delay", every) == pytest.approx(ours.delay * 0.1)
    with h5py.File(path) as file:
        assert file.attrs["magic"] == 0x0A7A
        assert file["edges/E->I/0/syn_weight"].attrs["units"] == b"A"


def test_libsonata_indices_do_not_disturb(tmp_path):
    net, path = written(tmp_path)
    libsonata.EdgePopulation.write_indices(str(path), "E->I", 30, 20)
    assert ns.Edges.from_sonata(path, "E->I").pre.size == listed(net, 1).pre.size


def sonata(path, groups=None, **datasets):
    with h5py.File(path, "w", libver=("earliest", "v110")) as file:
        own = file.create_group("edges/E_to_I")
        for name, values in {
            "source_node_id": np.array([0, 1, 4], np.uint64),
            "target_node_id": np.array([3, 3, 0], np.uint64),
            **datasets,
        }.items():
            own[name] = values
        for name, values in (groups or {}).items():
            own[name] = values
    return path


def test_groups_of_attributes(tmp_path):
    groups = {"0/syn_weight": [1.0, 2.0], "7/syn_weight": [5.0], "0/delay": [1.0, 2.0]}
    of = {"edge_group_id": [7, 0, 0], "edge_group_index": [0, 1, 0]}
    found = ns.Edges.from_sonata(sonata(tmp_path / "a.h5", groups, **of), unit=nS)
    assert found.weight / nS == pytest.approx([5, 2, 1])
    assert found.delay is None
    plain = ns.Edges.from_sonata(sonata(tmp_path / "b.h5", {"0/delay": [0.1, 0.2, 0.3]}))
    assert plain.delay / ms == pytest.approx([0.1, 0.2, 0.3])
    assert plain.weight is None


def test_units_of_the_file(tmp_path):
    path = sonata(tmp_path / "a.h5", {"0/syn_weight": [1.0, 2.0, 3.0]})
    for text, unit in (("mV", mV), ("V", volt), ("nonsense", 1)):
        with h5py.File(path, "a") as file:
            file["edges/E_to_I/0/syn_weight"].attrs["units"] = np.bytes_(text)
        assert (ns.Edges.from_sonata(path).weight == np.array([1, 2, 3]) * unit).all()
        assert (ns.Edges.from_sonata(path, unit=pA).weight == [1, 2, 3] * pA).all()


@pytest.mark.parametrize(
    ("datasets", "groups", "words"),
    [
        ({"target_node_id": [1, 2]}, {}, "3 source_node_id and 2"),
        ({"source_node_id": [-1, 0, 0]}, {}, "from -1"),
        ({"source_node_id": np.array([0, 0, 2**63], np.uint64)}, {}, "9223372036854775808"),
        ({"source_node_id": [0.5, 1, 2]}, {}, "not a vector"),
        ({"source_node_id": np.zeros((3, 1), int)}, {}, "not a vector"),
        ({"source_node_id": np.array([b"a", b"b", b"c"])}, {}, "not a vector"),
        ({"edge_group_id": [0, 0, 0]}, {"0/delay": [1.0, 2, 3]}, "edge_group_index"),
        (
            {"edge_group_id": [0] * 3, "edge_group_index": [0, 1, 9]},
            {"0/delay": [1.0, 2, 3]},
            "beyond the 3 values",
        ),
        ({}, {"0/syn_weight": [1.0, np.nan, 2]}, "not finite for edge 1"),
        ({}, {"0/syn_weight/x": 3}, "not a vector"),
    ],
)
def test_files_that_lie_are_named(tmp_path, datasets, groups, words):
    path = sonata(tmp_path / "a.h5", groups, **datasets)
    with pytest.raises(EdgeFileError, match=words) as caught:
        ns.Edges.from_sonata(path)
    assert "a.h5" in str(caught.value)


def test_links_and_claims_are_not_followed(tmp_path):
    outside = sonata(tmp_path / "outside.h5")
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["edges/x/target_node_id"] = [0, 1, 2]
        file["edges/x/source_node_id"] = h5py.ExternalLink(
            outside.name, "edges/E_to_I/source_node_id"
        )
        file["edges/soft"] = h5py.SoftLink("/edges/x")
        file.create_dataset("edges/y/source_node_id", (2**40,), "u8", chunks=(1024,))
        file["edges/y/target_node_id"] = [0]
        own = file.create_group("edges/z")
        own["target_node_id"] = [0, 1, 2]
        raw = [(str(tmp_path / "raw"), 0, 24)]
        own.create_dataset("source_node_id", (3,), "i8", external=raw)
        layout = h5py.VirtualLayout((3,), "i8")
        layout[:] = h5py.VirtualSource(str(outside), "edges/E_to_I/source_node_id", (3,))
        file.create_group("edges/v")["target_node_id"] = [0, 1, 2]
        file["edges/v"].create_virtual_dataset("source_node_id", layout)
    for population, words in (
        ("x", "no dataset"),
        ("soft", "unknown edge population"),
        ("y", "claims more data"),
        ("z", "points to data elsewhere"),
        ("v", "points to data elsewhere"),
    ):
        with pytest.raises(NeurosimError, match=words):
            ns.Edges.from_sonata(path, population)


def test_files_that_are_none(tmp_path):
    for content in (b"", b"not HDF5", b"\x89HDF\r\n\x1a\n" + bytes(5000)):
        (tmp_path / "bad.h5").write_bytes(content)
        with pytest.raises(EdgeFileError):
            ns.Edges.from_sonata(tmp_path / "bad.h5")
    with pytest.raises(EdgeFileError, match="there is no edge file"):
        ns.Edges.from_sonata(tmp_path / "nothing.h5")
    with h5py.File(tmp_path / "spikes.h5", "w") as file:
        file["spikes/E/timestamps"] = [1.0]
    with pytest.raises(EdgeFileError, match="no group /edges"):
        ns.Edges.from_sonata(tmp_path / "spikes.h5")
    with pytest.raises(EdgeFileError, match="4 edge populations"):
        ns.Edges.from_sonata(written(tmp_path)[1])
    with pytest.raises(NeurosimError, match="E->I"):
        ns.Edges.from_sonata(tmp_path / "edges.h5", "E->J")


def test_files_are_not_replaced_unasked(tmp_path):
    net, path = written(tmp_path)
    with pytest.raises(EdgeFileError, match="overwrite=True"):
        ns.write_sonata_edges(net, path, 0.1 * ms)
    ns.write_sonata_edges(net, path, 0.1 * ms, overwrite=True)
    with pytest.raises(EdgeFileError, match="cannot be written"):
        ns.write_sonata_edges(net, tmp_path / "no" / "edges.h5", 0.1 * ms)
    assert [p.name for p in tmp_path.iterdir()] == ["edges.h5"]


_MUTATE = """
import sys
import numpy as np
import neurosim as ns
from neurosim.errors import NeurosimError
source, target, first, n = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
whole = open(source, "rb").read()
for seed in range(first, first + n):
    rng = np.random.default_rng(seed)
    data = bytearray(whole)
    for place in rng.integers(0, len(data), rng.integers(1, 6)):
        data[place] = rng.integers(0, 256)
    if rng.random() < 0.1:
        del data[rng.integers(0, len(data)):]
    open(target, "wb").write(data)
    try:
        ns.Edges.from_sonata(target, "E->I")
    except NeurosimError:
        pass
print("done")
"""


def test_mutated_files_give_typed_errors_or_edges(tmp_path):
    """1000 files with up to five bytes changed, some cut short; in a process that may crash."""
    _, path = written(tmp_path)
    arguments = [str(path), str(tmp_path / "mutated.h5"), "0", "1000"]
    run = subprocess.run(
        [sys.executable, "-c", _MUTATE, *arguments],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.stdout.strip() == "done", run.stderr[-2000:]


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.binary(max_size=300))
def test_random_bytes_are_refused(tmp_path, content):
    path = tmp_path / "random.h5"
    path.write_bytes(content)
    with pytest.raises(EdgeFileError):
        ns.Edges.from_sonata(path)

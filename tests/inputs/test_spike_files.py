"""Spike files: every format, and a typed error for whatever is wrong with one."""

import h5py
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import neurosim as ns
from neurosim.errors import NeurosimError, SpikeFileError, UnknownNameError
from neurosim.units import ms, mV, second

TIMES_MS = np.array([1.5, 0.5, 3.25, 3.25])
IDS = np.array([2, 0, 7, 1])
ORDER = np.lexsort((IDS, TIMES_MS))


def assert_read(trains):
    np.testing.assert_allclose(np.asarray(trains.times, float), TIMES_MS[ORDER] * 1e-3, rtol=1e-12)
    np.testing.assert_array_equal(trains.ids, IDS[ORDER])


def sonata(path, populations=("net",), unit="ms", scale=1.0, **options):
    with h5py.File(path, "w") as file:
        for name in populations:
            group = file.create_group(f"spikes/{name}")
            group.create_dataset("timestamps", data=TIMES_MS * scale, **options)
            if unit:
                group["timestamps"].attrs["units"] = unit
            group.create_dataset("node_ids", data=IDS.astype(np.uint64), **options)
    return path


def nwb(path):
    order = np.lexsort((TIMES_MS, IDS))
    counts = np.bincount(IDS, minlength=8)
    with h5py.File(path, "w") as file:
        units = file.create_group("units")
        units["spike_times"] = TIMES_MS[order] * 1e-3
        units["spike_times_index"] = np.cumsum(counts).astype(np.uint32)
        units["id"] = np.arange(8)
    return path


@pytest.mark.parametrize(
    ("unit", "scale"), [("ms", 1.0), ("s", 1e-3), ("", 1.0), ("milliseconds", 1.0)]
)
def test_sonata(tmp_path, unit, scale):
    assert_read(ns.read_spikes(sonata(tmp_path / "spikes.h5", unit=unit, scale=scale)))


def test_sonata_compressed(tmp_path):
    path = sonata(tmp_path / "s.h5", compression="gzip", chunks=(2,))
    assert_read(ns.read_spikes(path, "net"))


def test_sonata_populations(tmp_path):
    path = sonata(tmp_path / "spikes.h5", ("a", "b"))
    assert_read(ns.read_spikes(path, "b"))
    with pytest.raises(SpikeFileError, match="2 populations"):
        ns.read_spikes(path)
    with pytest.raises(UnknownNameError, match="'c'"):
        ns.read_spikes(path, population="c")


def test_nwb(tmp_path):
    assert_read(ns.read_spikes(nwb(tmp_path / "units.nwb")))


@pytest.mark.parametrize(
    "text",
    [
        "1.5 2\n0.5 0\n3.25 7\n3.25 1\n",
        "# made by hand\n1.5,2\n0.5,0\n\n3.25,7\n3.25,1",
        "sender\ttime_ms\n2\t1.5\n0\t0.5\n7\t3.25\n1\t3.25\n",
        "timestamps population node_ids\n1.5 net 2\n0.5 net 0\n3.25 net 7\n3.25 net 1\n",
        "time_s;neuron\n1.5e-3;2\n0.5e-3;0\n3.25e-3;7\n3.25e-3;1\n",
    ],
)
def test_text(tmp_path, text):
    path = tmp_path / "spikes.csv"
    path.write_text(text)
    assert_read(ns.read_spikes(path))


def test_text_unit(tmp_path):
    path = tmp_path / "spikes.txt"
    path.write_text("0.25 3\n")
    assert float(ns.read_spikes(path, unit=1 * second).times[0]) == 0.25


def test_a_recording_of_ours_drives_another_network(tmp_path):
    net = ns.Network(seed=1)
    net.spike_source("in", TIMES_MS * ms, IDS, 8)
    net.population("p", 1, ns.NeuronModel("dv/dt = -v/(10*ms) : volt"))
    ns.simulate(net, 5 * ms, engine="brian2", output=tmp_path / "run.h5")
    trains = ns.read_spikes(tmp_path / "run.h5", "in")
    np.testing.assert_array_equal(trains.ids, IDS[ORDER])
    np.testing.assert_allclose(
        np.asarray(trains.times, float) * 1e3, [0.5, 1.5, 3.2, 3.2], rtol=1e-9
    )


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("1.0\n", "line 1"),
        ("1.0 2\nhello 3\n", "line 2"),
        ("a,b\n1,2\n", "header"),
        ("-1.0 2\n", "negative"),
        ("nan 2\n", "negative or not finite"),
        ("1.0 2.5\n", "whole number"),
        ("1.0 -2\n", "id"),
        ("1.0 1e30\n", "id"),
        ("\x89PNG\x00", "line 1"),
    ],
)
def test_wrong_text(tmp_path, text, words):
    path = tmp_path / "spikes.txt"
    path.write_text(text)
    with pytest.raises(SpikeFileError, match=words):
        ns.read_spikes(path)


def test_wrong_hdf5(tmp_path):
    with pytest.raises(SpikeFileError, match="no spike file"):
        ns.read_spikes(tmp_path / "nothing.h5")
    path = tmp_path / "x.h5"
    with h5py.File(path, "w") as file:
        file["data"] = [1, 2]
    with pytest.raises(SpikeFileError, match="without /spikes"):
        ns.read_spikes(path)
    with h5py.File(path, "w") as file:
        file["spikes/p/timestamps"], file["spikes/p/node_ids"] = [1.0, 2.0], [1]
    with pytest.raises(SpikeFileError, match="2 times and 1 ids"):
        ns.read_spikes(path)
    with h5py.File(path, "w") as file:
        file["units/spike_times"], file["units/spike_times_index"] = [1.0, 2.0], [2, 1]
    with pytest.raises(SpikeFileError, match="spike_times_index"):
        ns.read_spikes(path)
    with h5py.File(path, "w") as file:
        data = file.create_dataset("spikes/p/timestamps", (1 << 44,), "f8", chunks=(1 << 16,))
        data.attrs["units"] = "ms"
        file["spikes/p/node_ids"] = [1]
    with pytest.raises(SpikeFileError, match="claims more data"):
        ns.read_spikes(path)
    with pytest.raises(SpikeFileError, match="'fortnight'"):
        ns.read_spikes(sonata(path, unit="fortnight"))
    with pytest.raises(NeurosimError):
        ns.read_spikes(sonata(path), unit=1 * mV)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=st.data(), kind=st.sampled_from(["sonata", "nwb", "text", "bytes"]))
def test_mutated_files_give_spikes_or_a_typed_error(tmp_path, data, kind):
    path = tmp_path / "mutated"
    if kind == "sonata":
        sonata(path)
    elif kind == "nwb":
        nwb(path)
    elif kind == "text":
        path.write_text("time,id\n1.5,2\n0.5,0\n")
    if kind == "bytes":
        path.write_bytes(data.draw(st.binary(max_size=300)))
    else:
        content = bytearray(path.read_bytes())
        for _ in range(data.draw(st.integers(1, 8))):
            position = data.draw(st.integers(0, len(content) - 1))
            content[position] = data.draw(st.integers(0, 255))
        path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    try:
        trains = ns.read_spikes(path)
    except NeurosimError:
        return
    assert (np.asarray(trains.times, float) >= 0).all()
    assert trains.ids.size == np.size(trains.times)

"""Any malformed file gives RecordingError, and nothing else."""

import subprocess
import sys

import h5py
import numpy as np
import pytest
from recording_samples import write

from neurosim.errors import RecordingError, UnknownNameError
from neurosim.recording import read
from neurosim.recording.texts import stored


def use(path):
    """Do with a recording all that can be done."""
    recording = read(path)
    for name in recording.populations:
        recording.spikes(name)
        recording.spikes(name, 10.0, 20.0)
        recording.n_spikes(name)
    for report in recording.reports:
        recording.state(report.population, report.variable, recorder=report.recorder)
    for name in recording.projections:
        recording.outdegree(name)
    recording.spikes_sha256()
    recording.metrics(0.0)


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    path = tmp_path_factory.mktemp("good") / "run.h5"
    write(path)
    return path


@pytest.fixture
def file(good, tmp_path):
    path = tmp_path / "bad.h5"
    path.write_bytes(good.read_bytes())
    return path


def test_the_good_file_is_good(good):
    use(good)


def test_missing(tmp_path):
    with pytest.raises(RecordingError, match="there is no recording"):
        read(tmp_path / "nothing.h5")
    with pytest.raises(RecordingError, match="there is no recording"):
        read(tmp_path)


@pytest.mark.parametrize("content", [b"", b"not HDF5", b"\x89HDF\r\n\x1a\n", bytes(10_000)])
def test_not_hdf5(tmp_path, content):
    (tmp_path / "bad.h5").write_bytes(content)
    with pytest.raises(RecordingError):
        read(tmp_path / "bad.h5")


def test_text_is_called_not_hdf5(tmp_path):
    (tmp_path / "bad.h5").write_bytes(b"time id\n" * 1000)
    with pytest.raises(RecordingError, match="not an HDF5 file"):
        read(tmp_path / "bad.h5")


def test_hdf5_of_others(tmp_path):
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["spikes/E/timestamps"] = np.arange(3.0)
    with pytest.raises(RecordingError, match="not a recording of neurosim"):
        read(tmp_path / "other.h5")


@pytest.mark.parametrize("share", [0.02, 0.1, 0.3, 0.5, 0.8, 0.99])
def test_truncated(file, good, share):
    content = good.read_bytes()
    file.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(RecordingError, match="truncated"):
        read(file)


def test_newer_schema(file):
    with h5py.File(file, "r+") as h5:
        h5["neurosim"].attrs["schema_version"] = 99
    with pytest.raises(RecordingError, match="upgrade"):
        read(file)


ATTRIBUTES = [
    "dt_ms", "warmup_ms", "steps_recorded", "seed", "threads", "engine", "precision", "status",
    "completed", "bytes_per_synapse", "summary", "schema_version",
]  # fmt: skip


@pytest.mark.parametrize("attribute", ATTRIBUTES)
@pytest.mark.parametrize("value", [None, "text", b"\xff\xfe", [1, 2], "[]"])
def test_attribute_missing_or_of_a_wrong_type(file, attribute, value):
    with h5py.File(file, "r+") as h5:
        del h5["neurosim"].attrs[attribute]
        if value is not None:
            h5["neurosim"].attrs[attribute] = stored(value)
    text = attribute in ("engine", "precision", "status")
    if text and value in ("text", "[]"):
        use(file)
        return
    with pytest.raises(RecordingError):
        use(file)


def test_text_of_variable_length_is_refused(file):
    # it lies in HDF5's global heap, where one damaged byte can hold the library for ever
    with h5py.File(file, "r+") as h5:
        assert not h5["neurosim"].attrs.get_id("engine").get_type().is_variable_str()
        del h5["neurosim"].attrs["engine"]
        h5["neurosim"].attrs["engine"] = "native"
    with pytest.raises(RecordingError, match="fixed width"):
        read(file)


@pytest.mark.parametrize("dt", [0.0, -0.1, np.nan, np.inf])
def test_impossible_dt(file, dt):
    with h5py.File(file, "r+") as h5:
        h5["neurosim"].attrs["dt_ms"] = dt
    with pytest.raises(RecordingError, match="dt_ms"):
        read(file)


OBJECTS = [
    "neurosim/description", "neurosim/populations", "neurosim/projections", "neurosim/timings",
    "neurosim/projections/E_I/outdegree", "spikes", "spikes/E", "spikes/E/timestamps",
    "spikes/E/node_ids", "report/E.v/data", "report/E.v/mapping", "report/E.v/mapping/node_ids",
]  # fmt: skip


@pytest.mark.parametrize("name", OBJECTS)
@pytest.mark.parametrize("instead", ["nothing", "group", "text", "table", "number"])
def test_object_missing_or_of_a_wrong_type(file, name, instead):
    with h5py.File(file, "r+") as h5:
        del h5[name]
        if instead == "group":
            h5.create_group(name)
        elif instead != "nothing":
            h5[name] = {"text": "x", "table": np.zeros((2, 3, 4)), "number": 3}[instead]
    if (name, instead) in (("neurosim/projections", "group"),):
        use(file)  # a network without projections is one
        return
    with pytest.raises(RecordingError):
        use(file)


@pytest.mark.parametrize(
    ("group", "attribute", "value"),
    [
        ("populations/E", "n", 0),
        ("populations/E", "n", -5),
        ("populations/E", "n", 1 << 60),
        ("populations/E", "n", 79),
        ("populations/E", "kind", "dendrite"),
        ("populations/E", "first_id", 3),
        ("populations/I", "order", "x"),
        ("projections/E_I", "n_pre", -1),
        ("projections/E_I", "pre", 3),
        ("timings", "simulate_s", "soon"),
    ],
)
def test_network_that_contradicts_itself(file, group, attribute, value):
    with h5py.File(file, "r+") as h5:
        h5[f"neurosim/{group}"].attrs[attribute] = value
    with pytest.raises(RecordingError):
        use(file)


def test_ids_beyond_the_population(file):
    with h5py.File(file, "r+") as h5:
        h5["spikes/E/node_ids"][5] = 80
    with pytest.raises(RecordingError, match="beyond its size"):
        use(file)


@pytest.mark.parametrize("value", [np.nan, np.inf, 1e9, -1.0])
@pytest.mark.parametrize("row", [0, 7, -1])
def test_times_out_of_order(file, row, value):
    with h5py.File(file, "r+") as h5:
        times = h5["spikes/E/timestamps"]
        times[len(times) - 1 if row < 0 else row] = value
    if (row, value) in ((0, -1.0), (-1, 1e9)):
        return  # still in ascending order
    with pytest.raises(RecordingError, match="ascending"):
        read(file).spikes("E")


def test_extent_beyond_the_data(file):
    with h5py.File(file, "r+") as h5:
        for name in ("timestamps", "node_ids"):
            h5[f"spikes/E/{name}"].resize((10**12,))
    with pytest.raises(RecordingError, match="more data than the file holds"):
        use(file)


def test_one_row_more_in_one_of_two_datasets_is_cut(file, good):
    with h5py.File(file, "r+") as h5:
        ids = h5["spikes/E/node_ids"]
        ids.resize((len(ids) - 3,))
    times, ids = read(file).spikes("E")
    whole, _ = read(good).spikes("E")
    assert times.size == ids.size == whole.size - 3


def test_names_that_are_not_there_are_listed(good):
    recording = read(good)
    with pytest.raises(UnknownNameError, match="Known: E, I, input"):
        recording.spikes("X")
    with pytest.raises(UnknownNameError, match=r"E\.v"):
        recording.state("E", "u")
    with pytest.raises(UnknownNameError, match="E_I"):
        recording.outdegree("X")


FUZZ = """
import sys, random
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_malformed import use
from neurosim.errors import RecordingError
good = Path(sys.argv[1]).read_bytes()
path = Path(sys.argv[1] + ".fuzz")
used = [at for at in range(len(good)) if good[at]]
for seed in range(int(sys.argv[3])):
    random.seed(seed)
    content = bytearray(good)
    for _ in range(random.choice([1, 4, 30])):
        # Mostly among the bytes that mean something, not the zeros of unused space.
        content[random.choice(used)] = random.randrange(256)
    path.write_bytes(content)
    try:
        use(path)
        print("read")
    except RecordingError:
        print("refused")
"""


def test_random_bytes_changed(good):
    # In a process of its own: a crash inside HDF5 would end it with a signal.
    here = str(__file__).rsplit("/", 1)[0]
    done = subprocess.run(
        [sys.executable, "-c", FUZZ, str(good), here, "150"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("refused") > 20
    assert done.stdout.count("read") > 5

"""The account of a neuromorphic machine in a recording: kept, merged, and refused if damaged."""

import h5py
import numpy as np
import pytest

import neurosim as ns
from neurosim.errors import RecordingError
from neurosim.recording import Layout, PlatformLayout, PopulationLayout, RecordingWriter

ROUNDED = {
    "where": "a->b", "what": "weights", "unit": "V", "count": 1, "of": 1, "changed": 1,
    "clipped": 0, "worst": 0.5, "worst_given": 1.0, "worst_became": 1.5, "mean_relative": 0.5,
    "edges": [0.0, float("inf")], "histogram": [1],
}  # fmt: skip
MAPPING = {"platform": "box", "rounded": [ROUNDED], "notes": ["µ"]}
KNOWN = PlatformLayout("box", {"chips": np.int64(2)}, MAPPING)
LOAD = np.arange(150 * 70, dtype=np.float32).reshape(150, 70)


def write(path, platform=KNOWN, finished=True):
    layout = Layout((PopulationLayout("E", 0, 3),), platform=platform)
    with RecordingWriter(path, layout, 0.1) as writer:
        if finished:
            writer.machine.finish({"late": np.int64(3), "J": float("nan")}, LOAD, 10.0)
        writer.finish({}, "complete")
    return ns.read(path)


def test_what_was_told_is_read_again(tmp_path):
    told = write(tmp_path / "a.h5").platform
    assert (told.name, told.settings) == ("box", {"chips": 2})
    assert told.mapping["rounded"] == [{**ROUNDED, "edges": [0.0, None]}]
    assert told.mapping["notes"] == ["µ"]
    assert told.execution == {"late": 3, "J": None}
    assert told.load.dtype == np.float32
    np.testing.assert_array_equal(told.load, LOAD)
    assert told.load_every_ms == 10.0
    assert "late  3" in told.report()


def test_a_run_that_did_not_end_has_its_mapping_and_one_without_a_machine_nothing(tmp_path):
    killed = write(tmp_path / "a.h5", finished=False).platform
    assert killed.mapping["platform"] == "box"
    assert killed.execution == {}
    assert killed.load.size == 0
    assert "execution" not in killed.report()
    assert write(tmp_path / "b.h5", platform=None).platform is None


@pytest.mark.parametrize(
    "damage",
    [
        lambda g: g.attrs.create("name", 7),
        lambda g: g["execution"].write_direct(np.full(g["execution"].shape, 0xFF, np.uint8)),
        lambda g: g["execution"].write_direct(
            np.frombuffer(b"[1]".ljust(len(g["execution"])), np.uint8).copy()
        ),
        lambda g: g.__delitem__("mapping"),
        lambda g: g.__delitem__("load"),
        lambda g: g.move("settings", "mapping_of_old") or g.create_group("settings"),
    ],
)
def test_a_damaged_account_is_one_typed_error(tmp_path, damage):
    path = tmp_path / "a.h5"
    write(path)
    with h5py.File(path, "r+") as file:
        damage(file["neurosim/platform"])
    recording = ns.read(path)
    with pytest.raises(RecordingError, match="is damaged"):
        _ = recording.platform


def test_a_report_of_another_shape_is_one_typed_error(tmp_path):
    strange = PlatformLayout("box", {}, {"platform": "box", "rounded": [{"count": "many"}]})
    told = write(tmp_path / "a.h5", platform=strange).platform
    with pytest.raises(RecordingError, match="not as neurosim writes it"):
        told.report()

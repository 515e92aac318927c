"""Checkpoints that were damaged or forged: a typed error, or what was written."""

import zlib

import h5py
import numpy as np
import pytest
from checkpoint_samples import SIZE, read_all, write_on

from neurosim.errors import CheckpointError
from neurosim.parallel.share import Share


def test_every_damaged_byte_is_noticed_or_harmless(tmp_path):
    """No crash and no other state: what can be read is what was written."""
    path, copy = tmp_path / "run.ckpt.h5", tmp_path / "copy.h5"
    write_on(path, 1)
    whole = path.read_bytes()
    expected = read_all(path, Share())
    rng = np.random.default_rng(2)
    refused = 0
    for _ in range(120):
        data = bytearray(whole)
        data[rng.integers(len(data))] ^= 1 << rng.integers(8)
        copy.write_bytes(data)
        try:
            header, found = read_all(copy, Share())
        except CheckpointError:
            refused += 1
            continue
        assert header == expected[0]
        for name, values in expected[1].items():
            np.testing.assert_array_equal(found[name], values)
    assert refused > 30


@pytest.mark.parametrize("keep", [0, 100, 3000, 0.5, 0.99])
def test_a_cut_file_is_refused(tmp_path, keep):
    path = tmp_path / "run.ckpt.h5"
    write_on(path, 1)
    data = path.read_bytes()
    path.write_bytes(data[: int(keep if keep > 1 else keep * len(data))])
    with pytest.raises(CheckpointError, match="cannot be read as a checkpoint"):
        read_all(path, Share())


def edited(path, change):
    """Change a checkpoint's header text as somebody who means harm would, checksum included."""
    with h5py.File(path, "r+") as file:
        text = change(file["header"][()].tobytes())
        del file["header"]
        file["header"] = np.frombuffer(text, np.uint8)
        file.attrs["crc"] = zlib.crc32(text)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"step": 17', b'"step": -1'),
        (b'"step": 17', b'"step": 1e400'),
        (b'"step": 17', b'"step": true'),
        (b'"step": 17', b'"step": ' + b"9" * 5000),
        (b'"dt": 0.0001', b'"dt": NaN'),
        (b'"digest": "abab', b'"digest": 7, "x": "abab'),
        (b'"arrays": [', b'"arrays": {}, "more": ['),
        (b'"shape": [1003]', b'"shape": [100000000000000]'),
        (b'"size": 1003', b'"size": 1000000000000000000'),
        (b'"kind": "synapses"', b'"kind": "neurons"'),
        (b'"kind": "events"', b'"kind": "pickle"'),
        (b'"name": "spikes"', b'"name": "../header"'),
        (b'"counts": "projections/E->E/counts"', b'"counts": "nowhere"'),
        (b'"dtype": "<f8"', b'"dtype": "O"'),
        (b'{"format"', b"[" * 100_000 + b'{"format"'),
        (b'{"format"', b'\xff{"format"'),
    ],
)
def test_a_forged_header_is_refused(tmp_path, old, new):
    path = tmp_path / "run.ckpt.h5"
    write_on(path, 1)
    edited(path, lambda text: text.replace(old, new))
    with pytest.raises(CheckpointError):
        read_all(path, Share())


def test_nothing_outside_the_file_is_read(tmp_path):
    path, other = tmp_path / "run.ckpt.h5", tmp_path / "other.h5"
    name = "state/populations/E/variables/v"
    for link in (
        lambda file: h5py.ExternalLink(str(other), name),
        lambda file: h5py.SoftLink("/state/populations/E/small"),
    ):
        write_on(path, 1)
        write_on(other, 1)
        with h5py.File(path, "r+") as file:
            del file[name]
            file[name] = link(file)
        with pytest.raises(CheckpointError, match="not in the file itself"):
            read_all(path, Share())
    write_on(path, 1)
    with h5py.File(path, "r+") as file:
        del file[name]
        layout = h5py.VirtualLayout((SIZE,), "<f8")
        layout[:] = h5py.VirtualSource(str(other), name, (SIZE,))
        file.create_virtual_dataset(name, layout)
    with pytest.raises(CheckpointError, match="elsewhere"):
        read_all(path, Share())


def test_a_later_schema_is_named(tmp_path):
    path = tmp_path / "run.ckpt.h5"
    write_on(path, 1)
    with h5py.File(path, "r+") as file:
        file.attrs["schema_version"] = np.int64(99)
    with pytest.raises(CheckpointError, match="version 99 of the format"):
        read_all(path, Share())


def test_a_recording_is_no_checkpoint(tmp_path):
    path = tmp_path / "run.h5"
    with h5py.File(path, "w") as file:
        file.attrs["magic"] = 3
    with pytest.raises(CheckpointError, match="cannot be read as a checkpoint"):
        read_all(path, Share())

"""Every single write of a commit leaves a valid file that holds all of the previous commit."""

import errno
import os
import random
import time

import h5py
import numpy as np
import pytest

from neurosim.errors import RecordingWriteError
from neurosim.recording import ordered_file
from neurosim.recording.ordered_file import OPEN_OPTIONS, OrderedFile

CHUNK = 64  # small, so that many chunks make B-trees deep


class Journal:
    """Records every pwrite of the process's OrderedFile."""

    def __init__(self, monkeypatch):
        self.writes = []
        real = os.pwrite

        def pwrite(fd, data, offset):
            self.writes.append((offset, bytes(data)))
            return real(fd, data, offset)

        monkeypatch.setattr(ordered_file.os, "pwrite", pwrite)

    def take(self):
        taken, self.writes = self.writes, []
        return taken


def content(file):
    """Read every dataset and attribute fully."""
    found = {}

    def visit(name, item):
        for key in item.attrs:
            _ = item.attrs[key]
        if isinstance(item, h5py.Dataset):
            found[name] = item[()]

    file.visititems(visit)
    return found


class Recorder:
    """A file with growing 1-D and 2-D datasets, as a recording has."""

    def __init__(self, path):
        self.ordered = OrderedFile(path)
        self.file = h5py.File(self.ordered, "w", **OPEN_OPTIONS)
        for name in ("a", "b", "g/c"):
            self.file.create_dataset(name, (0,), "f8", maxshape=(None,), chunks=(CHUNK,))
        self.file.create_dataset("rows", (0, 7), "f4", maxshape=(None, 7), chunks=(8, 4))
        self.file.create_dataset("late", (50,), "u4")
        self.file.attrs["n"] = np.int64(0)
        self.commit()

    def append(self, n):
        for name in ("a", "b", "g/c"):
            data = self.file[name]
            old = len(data)
            data.resize(old + n, axis=0)
            data[old:] = np.arange(old, old + n) + 1.0
        data = self.file["rows"]
        old = len(data)
        data.resize(old + n // 8, axis=0)
        data[old:] = (np.arange(old, old + n // 8) + 1.0)[:, None]

    def commit(self, **kwargs):
        self.file.flush()
        self.ordered.commit(**kwargs)

    def close(self):
        self.file.close()
        self.ordered.close()


def check_holds(image, path, previous):
    """The image opens, reads completely and begins with what the previous commit held."""
    path.write_bytes(image)
    with h5py.File(path, "r") as file:
        now = content(file)
    assert set(now) == set(previous)
    for name, old in previous.items():
        if name == "late":
            assert np.array_equal(now[name], old) or not old.any()
            continue
        assert len(now[name]) >= len(old), name
        # Rows beyond those of the previous commit, if any, are real too: no fill values.
        rows = now[name].reshape(len(now[name]), 7 if name == "rows" else 1)
        assert np.array_equal(rows, np.arange(1.0, len(rows) + 1)[:, None] + 0 * rows), name


def replay(tmp_path, monkeypatch, sizes):
    """Check every prefix of every commit's writes; return the number of prefixes."""
    journal = Journal(monkeypatch)
    recorder = Recorder(tmp_path / "live.h5")
    journal.take()
    image = bytearray((tmp_path / "live.h5").read_bytes())
    checked = 0
    for index, size in enumerate(sizes):
        with h5py.File(tmp_path / "live.h5", "r") as file:
            previous = content(file)
        recorder.append(size)
        if index == 3:
            recorder.file["late"][:] = np.arange(50) + 1
        recorder.file.attrs.modify("n", np.int64(index))
        recorder.commit()
        for offset, data in journal.take():
            image[len(image) : offset] = bytes(max(0, offset - len(image)))
            image[offset : offset + len(data)] = data
            check_holds(image, tmp_path / "copy.h5", previous)
            checked += 1
        assert image == (tmp_path / "live.h5").read_bytes()
    recorder.close()
    with h5py.File(tmp_path / "live.h5", "r") as file:
        assert np.array_equal(file["g/c"], np.arange(sum(sizes)) + 1.0)
        assert np.array_equal(file["late"], np.arange(50) + 1)
    return checked


def test_each_write_of_a_commit_leaves_a_valid_file(tmp_path, monkeypatch):
    # 64 chunks fill a B-tree node: these commits split leaves at 65 and more chunks, one commit
    # adds many nodes at once, and partly filled chunks are rewritten.
    sizes = [12, 400, 90, 4200, 64, 2500, 3, 5000, 400, 75, 1]
    assert replay(tmp_path, monkeypatch, sizes) > 60


def test_root_of_a_deep_tree_splits_safely(tmp_path, monkeypatch):
    # More than 64 * 32 chunks: three levels. Most of the file comes in one commit to save time.
    sizes = [CHUNK * 2000, *[CHUNK * 25] * 5, CHUNK * 300, 5, CHUNK * 64]
    assert replay(tmp_path, monkeypatch, sizes) > 40
    image = (tmp_path / "live.h5").read_bytes()
    levels = {image[at + 5] for at in tree_nodes(image) if image[at + 4] == 1}
    assert levels == {0, 1, 2}


def tree_nodes(image):
    at = image.find(b"TREE")
    while at >= 0:
        yield at
        at = image.find(b"TREE", at + 4)


def test_order_of_the_writes_is_what_keeps_the_file_valid(tmp_path, monkeypatch):
    # The same commits with B-tree nodes written from the leaves up must be caught by the check.
    def rank(start, block):
        order = original(start, block)
        return (order[0], -order[1])

    original = ordered_file._rank
    monkeypatch.setattr(ordered_file, "_rank", rank)
    with pytest.raises(AssertionError):
        replay(tmp_path, monkeypatch, [12, 4200, 2500, 5000, 400, *[1000] * 6])


def test_nodes_and_objects_do_not_cross_what_the_kernel_writes_at_once(tmp_path):
    # A pwrite cut by SIGKILL ends at a page boundary, so B-tree nodes lie within one page.
    recorder = Recorder(tmp_path / "pages.h5")
    for _ in range(5):
        recorder.append(CHUNK * 40)
        recorder.commit()
    recorder.close()
    image = (tmp_path / "pages.h5").read_bytes()
    chunk_index = [at for at in tree_nodes(image) if image[at + 4] == 1]
    assert len(chunk_index) > 8
    assert all(at % 4096 == 0 for at in chunk_index)


def test_only_superblock_version_0_and_signatures_the_order_knows(tmp_path):
    recorder = Recorder(tmp_path / "version.h5")
    recorder.append(5000)
    recorder.commit()
    recorder.close()
    image = (tmp_path / "version.h5").read_bytes()
    assert image[8] == 0
    for signature in (b"OHDR", b"BTHD", b"FRHP", b"FADB", b"EAHD", b"FSHD"):
        assert signature not in image


def failing_pwrite(fail_at, code):
    """Return a pwrite that fails at its n-th call, after half of the bytes."""
    count = iter(range(100))
    real = os.pwrite

    def pwrite(fd, data, offset):
        if next(count) == fail_at:
            real(fd, bytes(data)[: len(data) // 2], offset)
            raise OSError(code, os.strerror(code))
        return real(fd, data, offset)

    return pwrite


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.EDQUOT])
def test_a_write_error_at_any_write_leaves_the_previous_commit(tmp_path, monkeypatch, code):
    for fail_at in (0, 1, 2, 4, 7):
        path = tmp_path / f"fail{fail_at}.h5"
        with monkeypatch.context() as patch:
            recorder = Recorder(path)
            recorder.append(5000)
            recorder.commit()
            recorder.ordered.safe_until = "everything up to 7 ms"
            recorder.append(50_000)
            size = path.stat().st_size
            patch.setattr(ordered_file.os, "pwrite", failing_pwrite(fail_at, code))
            with pytest.raises(RecordingWriteError) as caught:
                recorder.commit()
        message = str(caught.value)
        assert str(path) in message
        assert os.strerror(code) in message
        assert "bytes more are needed" in message
        assert "everything up to 7 ms" in message
        assert caught.value.errno == code
        if fail_at == 0:
            assert path.stat().st_size == size  # the space of the failed commit is given back
        with pytest.raises(RecordingWriteError):
            recorder.ordered.commit()
        recorder.append(10)
        recorder.close()
        with h5py.File(path, "r") as file:
            for name in ("a", "b", "g/c"):
                assert np.array_equal(file[name][:5000], np.arange(5000) + 1.0)


def test_failing_first_commit_leaves_nothing_and_keeps_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "old.h5"
    path.write_text("an older recording")

    def pwrite(fd, data, offset):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(ordered_file.os, "pwrite", pwrite)
    ordered = OrderedFile(path)
    file = h5py.File(ordered, "w", **OPEN_OPTIONS)
    file.flush()
    with pytest.raises(RecordingWriteError, match="not created"):
        ordered.commit()
    file.close()
    ordered.close()
    assert path.read_text() == "an older recording"
    assert list(tmp_path.iterdir()) == [path]


def test_device_without_space_gives_the_same_error():
    # /dev/full answers ENOSPC to every write.
    ordered = OrderedFile("/dev/shm/neurosim-full.h5")
    try:
        full = os.open("/dev/full", os.O_RDWR)
        os.dup2(full, ordered._fd)
        os.close(full)
        ordered.write(b"x" * 10)
        with pytest.raises(RecordingWriteError, match="No space left"):
            ordered.commit()
    finally:
        ordered.close()


def test_folder_that_does_not_exist(tmp_path):
    with pytest.raises(RecordingWriteError, match="existing folder"):
        OrderedFile(tmp_path / "missing" / "file.h5")


def test_commits_in_the_background_are_the_same_writes(tmp_path, monkeypatch):
    """Each write still leaves a valid file, in the order of the commits, while HDF5 goes on."""
    journal = Journal(monkeypatch)
    recorder = Recorder(tmp_path / "live.h5")
    image = bytearray((tmp_path / "live.h5").read_bytes())
    journal.take()
    quick = ordered_file.os.pwrite

    def slow(fd, data, offset):
        time.sleep(0.003)
        return quick(fd, data, offset)

    monkeypatch.setattr(ordered_file.os, "pwrite", slow)
    held = {}
    for size in (12, 400, 90, 4200, 64, 2500, 3, 5000):
        recorder.append(size)
        recorder.commit(safe_until=f"{size}", wait=False)
    recorder.ordered.commit()
    assert recorder.ordered.safe_until == "5000"
    path = tmp_path / "copy.h5"
    path.write_bytes(image)
    with h5py.File(path, "r") as file:
        held = content(file)
    for offset, data in journal.take():
        image[len(image) : offset] = bytes(max(0, offset - len(image)))
        image[offset : offset + len(data)] = data
        check_holds(image, path, held)
        with h5py.File(path, "r") as file:
            held = content(file)
    assert len(held["a"]) == 12269
    recorder.close()
    assert image == (tmp_path / "live.h5").read_bytes()


def test_an_error_in_the_background_is_raised_by_a_later_commit(tmp_path, monkeypatch):
    path = tmp_path / "fail.h5"
    recorder = Recorder(path)
    recorder.append(5000)
    recorder.commit(safe_until="everything up to 7 ms")
    with monkeypatch.context() as patch:
        patch.setattr(ordered_file.os, "pwrite", failing_pwrite(1, errno.ENOSPC))
        recorder.append(500)
        recorder.commit(safe_until="more", wait=False)
        recorder.append(500)
        with pytest.raises(RecordingWriteError, match="everything up to 7 ms"):
            recorder.commit()
    assert recorder.ordered.failed
    recorder.close()
    with h5py.File(path, "r") as file:
        assert np.array_equal(file["a"][:5000], np.arange(5000) + 1.0)


@pytest.mark.parametrize("seed", range(20))
def test_reads_see_disk_and_pending_as_a_plain_file_would(tmp_path, monkeypatch, seed):
    random.seed(seed)
    real = os.pwrite

    def slow(fd, data, offset):
        time.sleep(0.0005)
        return real(fd, data, offset)

    monkeypatch.setattr(ordered_file.os, "pwrite", slow)
    ordered = OrderedFile(tmp_path / "plain.bin")
    twin = bytearray(5000)
    ordered.write(bytes(5000))
    for _ in range(300):
        start, length = random.randrange(4900), random.randrange(1, 100)
        if random.random() < 0.5:
            data = random.randbytes(length)
            ordered.seek(start)
            assert ordered.write(data) == length
            twin[start : start + length] = data
        elif random.random() < 0.2:
            ordered.commit(wait=random.random() < 0.3)
        else:
            ordered.seek(start)
            got = bytearray(length)
            ordered.readinto(got)
            assert got == twin[start : start + length]
    ordered.commit()
    ordered.close()
    assert (tmp_path / "plain.bin").read_bytes() == twin

"""A file for HDF5 to write into that is valid on disk after every single write.

HDF5 keeps no journal: a process killed while it flushes, or a full disk, can leave a file that
does not open. Here HDF5 writes into memory, and :meth:`OrderedFile.commit` puts the pending
bytes on disk in an order in which each write leaves a valid file holding at least everything
of the previous commit:

1. space that nothing on disk refers to yet: new chunks, new B-tree nodes, the longer file;
2. the superblock, whose end-of-file address must cover what follows and not exceed the file;
3. raw data in place: a partly filled chunk again, its earlier rows unchanged;
4. B-tree nodes in place, upper levels first: a parent learns of a new (already written) sibling
   before the node that was split gives up its entries, so no entry is ever out of reach;
5. object headers in place: the extents of datasets grow only when their chunks are reachable.

The argument holds for files of libver ``earliest`` (superblock 0, version 1 object headers and
B-trees, no checksums) in which no space is freed and no object is created after the first
commit; the first one appears by renaming, whole. B-tree nodes are aligned to pages
(``OPEN_OPTIONS``) because the kernel may cut a write short, on SIGKILL, between two pages.
What is promised covers killed processes, not power cuts: nothing is synced to the device.
"""

from __future__ import annotations

import io
import os
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from ..errors import RecordingWriteError

OPEN_OPTIONS = {
    "libver": ("earliest", "v110"),
    "alignment_threshold": 2048,
    "alignment_interval": 4096,
}
"""Arguments for ``h5py.File`` under which the order of writes is sound."""

_PIECE = 8 << 20


class OrderedFile(io.RawIOBase):
    """A new file at ``path``, for ``h5py.File(ordered, "w", **OPEN_OPTIONS)``.

    Call ``h5file.flush()`` and then :meth:`commit`; a commit is only meaningful between two
    operations on the HDF5 file. The file appears at ``path``, replacing what was there, at the
    first commit.

    Parameters
    ----------
    path : path
        Its folder must exist.

    Attributes
    ----------
    safe_until : str
        What of the content is on disk, in words, for the error message.

    Raises
    ------
    RecordingWriteError
        The file cannot be created.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        super().__init__()
        self.path = Path(path)
        self.safe_until = "nothing"
        self._temporary: Path | None = self.path.with_name(f".{self.path.name}.{os.getpid()}.new")
        self._fd = -1
        self._position = 0
        self._size = 0
        self._blocks = _Blocks()
        self._on_disk = _Ranges()
        self._disk_end = 0
        self._failure: RecordingWriteError | None = None
        try:
            flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
            self._fd = os.open(self._temporary, flags, 0o666)
        except OSError as cause:
            raise RecordingWriteError(
                f"cannot create the recording {str(self.path)!r}: {cause.strerror}. Give a file "
                "name in an existing folder that you may write to."
            ) from cause

    @property
    def pending_bytes(self) -> int:
        """Bytes that HDF5 has written and that are not on disk."""
        return self._blocks.n_bytes

    @property
    def failed(self) -> bool:
        """Whether a commit failed; nothing is put on disk any more."""
        return self._failure is not None

    def readable(self) -> bool:
        """Return True."""
        return True

    def writable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move to an offset, as any file does."""
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        self._position = base + offset
        return self._position

    def tell(self) -> int:
        """Return the current offset."""
        return self._position

    def truncate(self, size: int | None = None) -> int:
        """Set the size HDF5 believes in; the file on disk only ever grows."""
        self._size = self._position if size is None else size
        return self._size

    def readinto(self, buffer) -> int:
        """Fill ``buffer`` from the disk, overlaid with what is pending; zeros beyond both."""
        view = memoryview(buffer).cast("B")
        stored = os.preadv(self._fd, [view], self._position) if len(view) else 0
        view[stored:] = bytes(len(view) - stored)
        self._blocks.overlay(self._position, view)
        self._position += len(view)
        return len(view)

    def write(self, data) -> int:
        """Hold ``data`` in memory until the next commit."""
        content = bytes(data)
        self._blocks.put(self._position, content)
        self._position += len(content)
        self._size = max(self._size, self._position)
        return len(content)

    def commit(self) -> None:
        """Put everything pending on disk, in the order that keeps the file valid.

        Raises
        ------
        RecordingWriteError
            The disk is full or fails. The file stays valid with what earlier commits put
            there, and every later commit raises the same error.
        """
        if self._failure is not None:
            raise self._failure
        end = max(self._size, self._blocks.end, self._disk_end)
        written = 0
        try:
            for offset, content in self._writes(end):
                self._write_at(offset, content)
                written += len(content)
            if self._temporary is not None:
                os.replace(self._temporary, self.path)
                self._temporary = None
        except OSError as cause:
            self._fail(cause, max(end - self._disk_end, self.pending_bytes) - written)
        self._disk_end = end
        for start, block in self._blocks.items():
            self._on_disk.add(start, start + len(block))
        self._blocks = _Blocks()

    def close(self) -> None:
        """Close the file, dropping what was not committed."""
        if self.closed:
            return
        super().close()
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        if self._temporary is not None:
            self._temporary.unlink(missing_ok=True)

    def _writes(self, end: int) -> Iterator[tuple[int, bytes]]:
        """Yield (offset, bytes) in the order described in the module's docstring."""
        fresh: list[tuple[int, bytearray]] = []
        in_place: list[tuple[int, bytearray]] = []
        for start, content in self._blocks.items():
            stop = start + len(content)
            if start >= self._disk_end:
                continue
            (in_place if self._on_disk.overlap(start, stop) else fresh).append((start, content))
        yield from self._tail(end)
        for start, content in fresh:
            yield start, bytes(content)
        for start, content in sorted(in_place, key=lambda block: (*_rank(*block), block[0])):
            yield start, bytes(content)

    def _tail(self, end: int) -> Iterator[tuple[int, bytes]]:
        """Yield everything beyond the end on disk, gaps as zeros so that no hole is left."""
        for start in range(self._disk_end, end, _PIECE):
            piece = bytearray(min(_PIECE, end - start))
            self._blocks.overlay(start, memoryview(piece))
            yield start, bytes(piece)

    def _write_at(self, offset: int, content: bytes) -> None:
        view = memoryview(content)
        while view:
            count = os.pwrite(self._fd, view, offset)
            view, offset = view[count:], offset + count

    def _fail(self, cause: OSError, needed: int) -> NoReturn:
        """Give back the space beyond the last commit and raise the error that says what is left."""
        try:
            # Only space that nothing refers to lies beyond: an in-place write has not happened
            # unless the tail was complete, and then the superblock may already cover it.
            if not self._covered():
                os.ftruncate(self._fd, self._disk_end)
            status = os.fstatvfs(self._fd)
            free = f"{status.f_bavail * status.f_frsize} bytes are free on its file system"
        except OSError as second:
            free = f"the free space is unknown ({second.strerror})"
        kept = (
            "The file was not created."
            if self._temporary is not None
            else (f"The file is valid and holds {self.safe_until}.")
        )
        self._failure = RecordingWriteError(
            f"cannot write the recording {str(self.path)!r}: {cause.strerror}. {max(needed, 0)} "
            f"bytes more are needed, {free}. {kept} Free some space, raise the quota or file size "
            "limit, or record to another place, then run again."
        )
        self._failure.errno = cause.errno
        raise self._failure from cause

    def _covered(self) -> bool:
        """Whether the superblock on disk may already refer to space of the failed commit."""
        return self._disk_end > 0 and _end_of_file(os.pread(self._fd, 96, 0)) > self._disk_end


def _end_of_file(superblock: bytes) -> int:
    """Return the end-of-file address of a version 0 superblock."""
    return int.from_bytes(superblock[40:48], "little")


def _rank(start: int, content: bytes | bytearray) -> tuple[int, int]:
    """Order of an in-place write: superblock, raw data, B-tree from the top, object headers."""
    if start == 0:
        return 0, 0
    if content[:4] == b"TREE":
        return 2, -content[5]
    # Version 1 object header: version, 0, message count, reference count, size of the rest.
    size = int.from_bytes(content[8:12], "little") + 16
    if content[:2] == b"\x01\x00" and size == len(content):
        return 3, 0
    return 1, 0


class _Blocks:
    """Byte strings at offsets, never overlapping; writes of HDF5 are kept apart otherwise."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._content: dict[int, bytearray] = {}
        self.n_bytes = 0

    @property
    def end(self) -> int:
        return self._starts[-1] + len(self._content[self._starts[-1]]) if self._starts else 0

    def items(self) -> Iterator[tuple[int, bytearray]]:
        for start in self._starts:
            yield start, self._content[start]

    def _overlapping(self, start: int, stop: int) -> tuple[int, int]:
        first = bisect_right(self._starts, start)
        if first and self._starts[first - 1] + len(self._content[self._starts[first - 1]]) > start:
            first -= 1
        return first, max(first, bisect_left(self._starts, stop))

    def put(self, start: int, data: bytes) -> None:
        if not data:
            return
        stop = start + len(data)
        first, last = self._overlapping(start, stop)
        old = self._starts[first:last]
        if len(old) == 1 and old[0] <= start and stop <= old[0] + len(self._content[old[0]]):
            self._content[old[0]][start - old[0] : stop - old[0]] = data
            return
        low = min([start, *old])
        high = max([stop, *(s + len(self._content[s]) for s in old)])
        merged = bytearray(high - low)
        for s in old:
            block = self._content.pop(s)
            merged[s - low : s - low + len(block)] = block
            self.n_bytes -= len(block)
        merged[start - low : stop - low] = data
        self._starts[first:last] = [low]
        self._content[low] = merged
        self.n_bytes += len(merged)

    def overlay(self, start: int, view: memoryview) -> None:
        """Copy what is held for [start, start + len(view)) into ``view``."""
        stop = start + len(view)
        first, last = self._overlapping(start, stop)
        for s in self._starts[first:last]:
            block = self._content[s]
            low, high = max(s, start), min(s + len(block), stop)
            view[low - start : high - start] = block[low - s : high - s]


class _Ranges:
    """A set of offsets, as disjoint ranges in ascending order."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._stops: list[int] = []

    def add(self, start: int, stop: int) -> None:
        first = bisect_left(self._stops, start)
        last = bisect_right(self._starts, stop)
        if first < last:
            start = min(start, self._starts[first])
            stop = max(stop, self._stops[last - 1])
        self._starts[first:last] = [start]
        self._stops[first:last] = [stop]

    def overlap(self, start: int, stop: int) -> bool:
        first = bisect_right(self._stops, start)
        return first < len(self._starts) and self._starts[first] < stop

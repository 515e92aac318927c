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

import os
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import numpy as np
from numpy.typing import NDArray

from ..errors import RecordingWriteError
from .byte_ranges import Blocks, Content, Ranges
from .positioned import Positioned

OPEN_OPTIONS = {
    "libver": ("earliest", "v110"),
    "alignment_threshold": 2048,
    "alignment_interval": 4096,
}
"""Arguments for ``h5py.File`` under which the order of writes is sound."""

_PIECE = 8 << 20
_LARGE = 64 << 10
_MOST_BATCHES = 8


_Loan = tuple[NDArray, list[NDArray]]


@dataclass
class _Batch:
    """What one commit writes: its blocks, the order of the writes, and the end before and after."""

    blocks: Blocks
    writes: list[tuple[int, Content]]
    start: int
    end: int
    safe_until: str | None
    loans: list[_Loan]
    done: Future[None] = field(default_factory=Future)

    def give_back(self) -> None:
        """Let go of the memory that was lent; whoever lent it may use it again."""
        self.blocks, self.writes = Blocks(), []
        for array, pool in self.loans:
            pool.append(array)
        self.loans = []


class OrderedFile(Positioned):
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
        self._blocks = Blocks()
        self._on_disk = Ranges()
        self._disk_end = 0  # when all batches are written
        self._batches: deque[_Batch] = deque()
        self._writer: ThreadPoolExecutor | None = None
        self._lent: tuple[int, memoryview] | None = None
        self._loans: list[_Loan] = []
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
        """Bytes that HDF5 has written and that no commit has taken."""
        return self._blocks.n_bytes

    @property
    def failed(self) -> bool:
        """Whether a commit failed; nothing is put on disk any more."""
        return self._failure is not None

    def truncate(self, size: int | None = None) -> int:
        """Set the size HDF5 believes in; the file on disk only ever grows."""
        self._size = self._position if size is None else size
        return self._size

    def readinto(self, buffer) -> int:
        """Fill ``buffer`` from the disk, overlaid with what is pending; zeros beyond both."""
        view = memoryview(buffer).cast("B")
        stored = os.preadv(self._fd, [view], self._position) if len(view) else 0
        view[stored:] = bytes(len(view) - stored)
        for batch in self._batches:
            batch.blocks.overlay(self._position, view)
        self._blocks.overlay(self._position, view)
        self._position += len(view)
        return len(view)

    @contextmanager
    def lent(self, array: NDArray, pool: list[NDArray]) -> Iterator[None]:
        """Within the context, keep what HDF5 writes straight from ``array`` without a copy.

        The array must be C-contiguous, and not be changed until it is put into ``pool``, which
        happens once it is on disk.
        """
        self._lent = array.ctypes.data, memoryview(array.data).cast("B").toreadonly()
        self._loans.append((array, pool))
        try:
            yield
        finally:
            self._lent = None

    def write(self, data) -> int:
        """Hold ``data`` in memory until the next commit."""
        lent = self._lent_content(data)
        content = bytes(data) if lent is None else lent
        self._blocks.put(self._position, content)
        self._position += len(content)
        self._size = max(self._size, self._position)
        return len(content)

    def _lent_content(self, data) -> memoryview | None:
        if self._lent is None or len(data) != len(self._lent[1]):
            return None
        return self._lent[1] if np.frombuffer(data, "u1").ctypes.data == self._lent[0] else None

    def commit(self, safe_until: str | None = None, *, wait: bool = True) -> None:
        """Put everything pending on disk, in the order that keeps the file valid.

        Parameters
        ----------
        safe_until : str, optional
            What of the content is on disk then, for later error messages.
        wait : bool
            False: a thread writes it, after what was committed before; an error is raised by a
            later call. Waits all the same while too many commits are being written.

        Raises
        ------
        RecordingWriteError
            The disk is full or fails. The file stays valid with what earlier commits put
            there, and every later commit raises the same error.
        """
        self._settle(_MOST_BATCHES - 1)
        start = self._disk_end
        end = max(self._size, self._blocks.end, start)
        writes = list(self._writes(start, end))
        batch = _Batch(self._blocks, writes, start, end, safe_until, self._loans)
        self._loans = []
        for first, block in self._blocks.items():
            self._on_disk.add(first, first + len(block))
        self._disk_end, self._blocks = end, Blocks()
        if wait:
            self._settle(0)
            self._write(batch)
            batch.give_back()
        else:
            if self._writer is None:
                self._writer = ThreadPoolExecutor(1, thread_name_prefix="neurosim-recording")
            batch.done = self._writer.submit(self._write, batch)
            self._batches.append(batch)

    def _settle(self, most: int) -> None:
        """Wait until at most so many batches are being written; raise what went wrong."""
        while self._batches and (len(self._batches) > most or self._batches[0].done.done()):
            self._batches[0].done.exception()  # waits; an error is kept in self._failure
            self._batches.popleft().give_back()
        if self._failure is not None:
            raise self._failure

    def close(self) -> None:
        """Close the file, dropping what was not committed."""
        if self.closed:
            return
        super().close()
        if self._writer is not None:
            self._writer.shutdown()
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
        if self._temporary is not None:
            self._temporary.unlink(missing_ok=True)

    def _write(self, batch: _Batch) -> None:
        """Write a batch; nothing any more once a write has failed."""
        if self._failure is not None:
            raise self._failure
        written = 0
        try:
            for offset, content in batch.writes:
                self._write_at(offset, content)
                written += len(content)
            if self._temporary is not None:
                os.replace(self._temporary, self.path)
                self._temporary = None
        except OSError as cause:
            needed = max(batch.end - batch.start, batch.blocks.n_bytes) - written
            self._fail(cause, needed, batch.start)
        if batch.safe_until is not None:
            self.safe_until = batch.safe_until

    def _writes(self, disk_end: int, end: int) -> Iterator[tuple[int, Content]]:
        """Yield (offset, bytes) in the order described in the module's docstring."""
        fresh: list[tuple[int, Content]] = []
        in_place: list[tuple[int, Content]] = []
        for start, content in self._blocks.items():
            stop = start + len(content)
            if start >= disk_end:
                continue
            (in_place if self._on_disk.overlap(start, stop) else fresh).append((start, content))
        yield from self._tail(disk_end, end)
        yield from fresh
        yield from sorted(in_place, key=lambda block: (*_rank(*block), block[0]))

    def _tail(self, disk_end: int, end: int) -> Iterator[tuple[int, Content]]:
        """Yield everything beyond the end on disk, gaps as zeros so that no hole is left.

        Large blocks are yielded as they are, small ones and gaps together.
        """
        piece, reached = bytearray(), disk_end
        for start, content in (*self._blocks.items(), (end, b"")):
            stop = start + len(content)
            if stop <= disk_end and start < end:
                continue
            while reached < start:
                zeros = min(start - reached, _PIECE)
                piece += bytes(zeros)
                reached += zeros
                if len(piece) >= _PIECE:
                    yield reached - len(piece), piece
                    piece = bytearray()
            rest = memoryview(content)[reached - start :]
            if len(rest) < _LARGE:
                piece += rest
            if piece and (len(rest) >= _LARGE or len(piece) >= _PIECE or start == end):
                yield reached + (len(rest) if len(rest) < _LARGE else 0) - len(piece), piece
                piece = bytearray()
            if len(rest) >= _LARGE:
                yield reached, rest
            reached += len(rest)

    def _write_at(self, offset: int, content: Content) -> None:
        view = memoryview(content)
        while view:
            count = os.pwrite(self._fd, view, offset)
            view, offset = view[count:], offset + count

    def _fail(self, cause: OSError, needed: int, disk_end: int) -> NoReturn:
        """Give back the space beyond the last commit and raise the error that says what is left."""
        try:
            # Only space that nothing refers to lies beyond: an in-place write has not happened
            # unless the tail was complete, and then the superblock may already cover it.
            if not self._covered(disk_end):
                os.ftruncate(self._fd, disk_end)
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

    def _covered(self, disk_end: int) -> bool:
        """Whether the superblock on disk may already refer to space of the failed commit."""
        return disk_end > 0 and _end_of_file(os.pread(self._fd, 96, 0)) > disk_end


def _end_of_file(superblock: bytes) -> int:
    """Return the end-of-file address of a version 0 superblock."""
    return int.from_bytes(superblock[40:48], "little")


def _rank(start: int, content: Content) -> tuple[int, int]:
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

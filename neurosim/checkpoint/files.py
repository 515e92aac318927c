"""A file that appears whole or not at all, and keeps the one before it."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from ..errors import CheckpointError
from ..recording.positioned import Positioned


def previous_of(path: Path) -> Path:
    """Return where the checkpoint before the last one is kept: ``run.ckpt.previous.h5``."""
    name, suffix = _name_and_suffix(path)
    return path.with_name(f"{name}.previous{suffix}")


def latest_of(path: Path) -> Path:
    """Return where the last checkpoint is, given that or the one before it."""
    return path.with_name("".join(_name_and_suffix(path)))


def _name_and_suffix(path: Path) -> tuple[str, str]:
    if path.suffix == ".previous":  # of a file without a suffix
        return path.stem, ""
    return path.stem.removesuffix(".previous"), path.suffix


class NewFile(Positioned):
    """What HDF5 writes into, beside the file that it will replace.

    HDF5 cannot close a file whose disk is full (the process crashes at exit), so what fails is
    kept in ``error`` and the rest of the writes are dropped.

    Parameters
    ----------
    path : Path
        The file to be replaced by :meth:`appear`.

    Raises
    ------
    CheckpointError
        The file beside it cannot be created.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        self.error: OSError | None = None
        self._beside = path.with_name(f".{path.name}.new")  # one left by a killed run is reused
        try:
            self._fd = os.open(self._beside, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o666)
        except OSError as cause:
            raise cannot_write(path, cause) from cause

    def readinto(self, buffer) -> int:
        """Read what is there, zeros where nothing was kept."""
        view = memoryview(buffer).cast("B")
        data = b"" if self.error else os.pread(self._fd, len(view), self._position)
        view[: len(data)] = data
        view[len(data) :] = bytes(len(view) - len(data))
        self._position += len(view)
        return len(view)

    def write(self, data) -> int:
        """Write all, or note why it failed."""
        view = memoryview(data).cast("B")
        size, rest, at = len(view), view, self._position
        try:
            while rest and self.error is None:
                count = os.pwrite(self._fd, rest, at)
                rest, at = rest[count:], at + count
        except OSError as error:
            self.error = error
        self._position += size
        self._size = max(self._size, self._position)
        return size

    def truncate(self, size: int | None = None) -> int:
        """Set the size."""
        self._size = self._position if size is None else size
        try:
            if self.error is None:
                os.ftruncate(self._fd, self._size)
        except OSError as error:
            self.error = error
        return self._size

    def appear(self) -> None:
        """Put everything on the device, keep the file there as the previous one, replace it.

        Raises
        ------
        CheckpointError
            What was written is not complete; the earlier files are as they were.
        """
        if self.error is not None:
            raise cannot_write(self.path, self.error) from self.error
        try:
            os.fsync(self._fd)
            if self.path.exists():
                _keep(self.path, previous_of(self.path))
            os.replace(self._beside, self.path)
            _sync_folder(self.path.parent)
        except OSError as cause:
            raise cannot_write(self.path, cause) from cause

    def close(self) -> None:
        """Close, and remove the file beside if it did not appear."""
        if not self.closed:
            os.close(self._fd)
            with suppress(OSError):
                self._beside.unlink(missing_ok=True)
        super().close()


def _keep(path: Path, previous: Path) -> None:
    """Make ``previous`` another name of a file; there is a file at ``path`` at any moment."""
    link = previous.with_name(f".{previous.name}.link")
    with suppress(OSError):
        link.unlink()
    try:
        os.link(path, link)
    except OSError:  # a file system without links: for a moment there is only the previous file
        os.replace(path, previous)
        return
    os.replace(link, previous)


def _sync_folder(folder: Path) -> None:
    with suppress(OSError):  # not every file system can
        fd = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)


def cannot_write(path: Path, cause: OSError) -> CheckpointError:
    """Return the error of a checkpoint that cannot be written."""
    kept = "The checkpoint before it is kept." if path.exists() else "There is none before it."
    return CheckpointError(
        f"cannot write the checkpoint {str(path)!r}: {cause.strerror or cause}. {kept} Free some "
        "space, or give another place with --checkpoint."
    )

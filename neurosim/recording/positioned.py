"""What files that HDF5 writes into have in common: a position and a size."""

from __future__ import annotations

import io
import os


class Positioned(io.RawIOBase):
    """A file for reading and writing at any offset; what it does with the bytes is left open."""

    def __init__(self) -> None:
        super().__init__()
        self._position = self._size = 0

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

"""Files and folders of a recording that is being written: temporary ones, and what may go."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
import weakref
from collections.abc import Callable
from pathlib import Path

from .errors import RecordingError, RecordingWriteError
from .recording import read

_VISIBLE_WITHIN_S = 5.0  # network file systems show a new file after a while


class VanishingFolder:
    """A temporary folder that is removed when the last reference to this object goes."""

    def __init__(self, where: Path | None = None) -> None:
        self.path = Path(tempfile.mkdtemp(prefix="neurosim-", dir=where))
        weakref.finalize(self, shutil.rmtree, self.path, ignore_errors=True)


def let_go(folder: VanishingFolder) -> None:
    """Do nothing: holding this call's argument is what keeps the folder there."""


def soon(seen: Callable[[], bool]) -> bool:
    """Whether what another process wrote is seen, or is soon."""
    end = time.monotonic() + _VISIBLE_WITHIN_S
    while not seen():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def check_replaceable(path: Path) -> None:
    """Raise RecordingWriteError if a recording cannot be written there, or is no recording."""
    parent = path.parent
    if not parent.is_dir() or not os.access(parent, os.W_OK | os.X_OK):
        raise RecordingWriteError(
            f"the recording {path} cannot be created: {parent} is not a folder that can be "
            "written to. Make the folder, or choose another --output."
        )
    if not path.exists():
        return
    try:
        read(path)
    except (RecordingError, OSError) as error:
        raise RecordingWriteError(
            f"{path} exists and is not a recording of this package, so it is not replaced. "
            "Choose another output, or remove the file."
        ) from error

"""The cache folder: files that are whole or not there, whoever else writes at the same time.

Every file is written beside its place and moved over it, which is atomic, so no locks are
needed: of several processes that make the same thing, the last one's is kept. Nothing is ever
unpickled; texts carry their own digest.
"""

from __future__ import annotations

import atexit
import functools
import hashlib
import json
import os
import shutil
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

LIMIT_BYTES = 500_000_000
_STALE_S = 86400.0


def cache_dir() -> Path:
    r"""Return a folder that can be written, made if need be.

    ``$NEUROSIM_CACHE_DIR``, else the platform's: ``$XDG_CACHE_HOME/neurosim`` or
    ``~/.cache/neurosim``; ``~/Library/Caches/neurosim``; ``%LOCALAPPDATA%\neurosim\Cache``.
    When that cannot be written, a private folder for this process, with a warning.
    """
    wanted = wanted_cache_dir()
    if _writable(wanted):
        return wanted
    return _private_dir(str(wanted))


def wanted_cache_dir() -> Path:
    """Return where the cache belongs, whether or not it can be written there."""
    chosen = os.environ.get("NEUROSIM_CACHE_DIR")
    if chosen:
        return Path(chosen).expanduser().absolute()
    home = Path(os.path.expanduser("~"))
    if sys.platform == "darwin":
        return home / "Library" / "Caches" / "neurosim"
    if os.name == "nt":
        return Path(os.environ.get("LOCALAPPDATA", home)) / "neurosim" / "Cache"
    return Path(os.environ.get("XDG_CACHE_HOME") or home / ".cache") / "neurosim"


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


@functools.cache
def _private_dir(wanted: str) -> Path:
    folder = Path(tempfile.mkdtemp(prefix="neurosim-cache-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    warnings.warn(
        f"the cache folder {wanted} cannot be written; compiled code is kept in {folder} for this "
        "process only. Set NEUROSIM_CACHE_DIR to a folder of yours.",
        stacklevel=4,
    )
    return folder


def write_atomically(path: Path, content: bytes) -> None:
    """Put ``content`` at ``path``: readers see the old file or the new one, never a part."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.stem, suffix=".tmp")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.replace(name, path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise


def digest(content: bytes) -> str:
    """Return the SHA-256 of some bytes, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def cached_text(key: str, producer: Callable[[], str]) -> str:
    """Return the text stored under ``key``; produce and store it when there is none.

    Parameters
    ----------
    key : str
        Everything that the text depends on, of any length.
    producer : callable
        Makes the text. Its exceptions pass through and nothing is stored.

    Returns
    -------
    str
        A stored text whose digest or key does not fit (a broken file) is produced anew.
    """
    path = cache_dir() / "texts" / f"{digest(key.encode())[:40]}.json"
    found = _read_text(path, key)
    if found is not None:
        return found
    text = producer()
    entry = {"key": key, "sha256": digest(text.encode()), "text": text}
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        write_atomically(path, json.dumps(entry).encode())
    except OSError as error:  # a full disk costs the cache, not the result
        warnings.warn(f"could not write to the cache: {error}", stacklevel=2)
    return text


def _read_text(path: Path, key: str) -> str | None:
    try:
        entry = json.loads(path.read_bytes())
        text = entry["text"]
        whole = entry["key"] == key and entry["sha256"] == digest(text.encode())
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    return text if whole else None


def cache_bytes(folder: Path) -> int:
    """Return the size of all files in a cache folder."""
    return sum(size for _, size, _ in _files(folder))


def prune(folder: Path, limit: int = LIMIT_BYTES, keep: frozenset[Path] = frozenset()) -> None:
    """Delete the files used longest ago until at most ``limit`` bytes remain.

    Files in ``keep`` stay; temporary files of processes that died go after a day.
    """
    files = sorted(_files(folder))
    total = sum(size for _, size, _ in files)
    for used, size, path in files:
        dead = path.suffix == ".tmp" and time.time() - used > _STALE_S
        if not dead and (total <= limit or path in keep or path.suffix == ".tmp"):
            continue
        try:
            path.unlink()
        except OSError:
            continue
        total -= size


def _files(folder: Path) -> list[tuple[float, int, Path]]:
    found = []
    for path in folder.glob("*/*"):
        try:
            state = path.stat()
        except OSError:
            continue
        if path.is_file():
            found.append((state.st_mtime, state.st_size, path))
    return found

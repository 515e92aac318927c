"""Compile once: shared libraries kept on disk under a digest of all that made them.

An entry is three files: ``KEY.cpp`` (the generated source, for reading), ``KEY-DIGEST.so`` (the
library, named by its own content) and ``KEY.json`` (which library belongs to the key, its size
and digest). The last is moved into place last, so an entry is whole or not there, and a
damaged library is noticed and made again. Processes that need the same thing at the same time
wait for the one that compiles it; should that take too long, each ends with a whole library of
its own making.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from ...errors import CompilationError
from ...locks import held
from ...store import LIMIT_BYTES, cache_dir, cached_text, digest, prune, write_atomically
from .compiler import Compiler, cpu_identity, find_compiler

__all__ = ["CompiledLibrary", "cache_dir", "cached_text", "compile_cached"]

_FORMAT = "neurosim-library-1"
_PATIENCE_S = 300.0  # longer than any compilation seen, shorter than a user's


@dataclass(frozen=True)
class CompiledLibrary:
    """A shared library on disk: its path, the seconds it took, whether it was there already."""

    path: Path
    seconds: float
    from_cache: bool


def compile_cached(
    source: str,
    include_dir: Path | None = None,
    extra_flags: tuple[str, ...] = (),
    compiler: Compiler | None = None,
    limit_bytes: int = LIMIT_BYTES,
) -> CompiledLibrary:
    """Return the shared library of a C++20 source, compiling it if it is not in the cache.

    Parameters
    ----------
    source : str
    include_dir : Path, optional
        Folder of headers; the content of all of them is part of the key.
    extra_flags : tuple of str
    compiler : Compiler, optional
        Default: :func:`~neurosim.engines.native.compiler.find_compiler`.
    limit_bytes : int
        The cache is cut to this size after a compilation, what was used longest ago first.

    Raises
    ------
    CompilerNotFoundError
    CompilationError
        With the compiler's message and where the source lies.
    """
    start = time.perf_counter()
    compiler = compiler if compiler is not None else find_compiler()
    folder = cache_dir() / "native"
    key = _key(source, include_dir, extra_flags, compiler)
    found = _lookup(folder, key)
    if found is not None:
        return CompiledLibrary(found, time.perf_counter() - start, True)

    def compile_to(source_path: Path, library: Path) -> None:
        compiler.compile(source_path, library, include_dir, extra_flags)

    with _alone(folder, key):
        found = _lookup(folder, key)  # made by another process while this one waited
        if found is not None:
            return CompiledLibrary(found, time.perf_counter() - start, True)
        path = _build(folder, key, source, compile_to)
    entry = {path, folder / f"{key}.json", folder / f"{key}.cpp"}
    prune(folder.parent, limit_bytes, frozenset(entry))
    return CompiledLibrary(path, time.perf_counter() - start, False)


def _key(
    source: str, include_dir: Path | None, extra_flags: tuple[str, ...], compiler: Compiler
) -> str:
    headers = sorted(include_dir.rglob("*.h*")) if include_dir else []
    parts = [
        _FORMAT,
        source,
        *(f"{path.name}:{digest(path.read_bytes())}" for path in headers),
        *compiler.command,
        compiler.version,
        *compiler.flags,
        *extra_flags,
        cpu_identity(),
    ]
    return digest(json.dumps(parts).encode())[:32]


def _lookup(folder: Path, key: str) -> Path | None:
    """Return a key's library if it is there and undamaged."""
    try:
        entry = json.loads((folder / f"{key}.json").read_bytes())
        path = folder / str(entry["library"])
        content = path.read_bytes()
        whole = len(content) == entry["size"] and digest(content) == entry["sha256"]
        if whole:
            os.utime(path)
            os.utime(folder / f"{key}.json")
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return path if whole else None


@contextmanager
def _alone(folder: Path, key: str) -> Iterator[None]:
    """Keep other processes and threads from making the same library within the block."""
    lock = folder / f"{key}.lock"
    with suppress(OSError):
        folder.mkdir(mode=0o700, exist_ok=True)
    with held(lock, _PATIENCE_S):
        try:
            yield
        finally:
            with suppress(OSError):
                lock.unlink()


def _build(folder: Path, key: str, source: str, compile_to: Callable[[Path, Path], None]) -> Path:
    """Compile beside the entry's place, then move library and manifest there."""
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        source_path = folder / f"{key}.cpp"
        write_atomically(source_path, source.encode())
        handle, name = tempfile.mkstemp(dir=folder, prefix=key, suffix=".tmp")
        os.close(handle)
        fresh = Path(name)
        try:
            fresh.unlink()  # so that its being there means that the compiler wrote it
            compile_to(source_path, fresh)
            content = fresh.read_bytes()
            path = folder / f"{key}-{digest(content)[:12]}.so"
            os.replace(fresh, path)
        finally:
            fresh.unlink(missing_ok=True)
        entry = {"library": path.name, "size": len(content), "sha256": digest(content)}
        write_atomically(folder / f"{key}.json", json.dumps(entry).encode())
    except OSError as error:
        raise CompilationError(
            f"could not write compiled code to {folder}: {error}. Free some space there or set "
            "NEUROSIM_CACHE_DIR to another folder."
        ) from error
    return path

"""A small store of JSON texts on disk, so that symbolic work is done once per model."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

_memory: dict[str, str] = {}


def cache_folder() -> Path:
    """Return the folder of cached files: ``$NEUROSIM_CACHE``, else the user's cache folder."""
    chosen = os.environ.get("NEUROSIM_CACHE")
    if chosen:
        return Path(chosen)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "neurosim"


def cached(content: Any, make: Callable[[], Any], folder: Path | None = None) -> Any:
    """Return ``make()``, or what it returned before for the same content.

    Parameters
    ----------
    content : JSON-able
        Everything the result depends on.
    make : callable
        Returns something JSON-able.
    folder : Path, optional
        Where to keep it; by default ``cache_folder() / "models"``.

    Returns
    -------
    JSON-able
        A fresh copy. A store that cannot be read or written is done without.
    """
    key = hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
    if key in _memory:
        return json.loads(_memory[key])
    path = (folder or cache_folder() / "models") / f"{key}.json"
    text = _read(path)
    if text is None:
        text = json.dumps(make())
        _write(path, text)
    _memory[key] = text
    return json.loads(text)


def _read(path: Path) -> str | None:
    """Return the stored text, or None if there is none or it is damaged."""
    try:
        text = path.read_text(encoding="utf-8")
        json.loads(text)
    except (OSError, ValueError):
        return None
    return text


def _write(path: Path, text: str) -> None:
    """Write a file so that other processes see it whole or not at all."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".tmp-")
    except OSError:
        return
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(name, path)
    except OSError:
        Path(name).unlink(missing_ok=True)

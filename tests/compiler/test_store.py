"""Texts in the cache folder: whole or not there, and which folder it is."""

import os
import threading
import time

import pytest

from neurosim import store
from neurosim.store import cached_text, prune, wanted_cache_dir, write_atomically


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("NEUROSIM_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def test_a_text_is_produced_once_per_key():
    made = []

    def producer(text):
        made.append(text)
        return text

    assert cached_text("a", lambda: producer("größe\n")) == "größe\n"
    assert cached_text("a", lambda: producer("other")) == "größe\n"
    assert cached_text("b" * 10_000, lambda: producer("")) == ""
    assert cached_text("b" * 10_000, lambda: producer("x")) == ""
    assert made == ["größe\n", ""]


@pytest.mark.parametrize("damage", [b"", b"{", b"[1]", b"\xff\xfe", b'{"key": "k"}', b"null"])
def test_a_damaged_text_is_produced_again(folder, damage):
    cached_text("k", lambda: "first")
    path = next((folder / "texts").glob("*.json"))
    path.write_bytes(damage)
    assert cached_text("k", lambda: "second") == "second"
    assert cached_text("k", lambda: "third") == "second"


def test_a_changed_text_is_noticed(folder):
    cached_text("k", lambda: "first")
    path = next((folder / "texts").glob("*.json"))
    path.write_text(path.read_text().replace("first", "fIrst"))
    assert cached_text("k", lambda: "second") == "second"


def test_what_fails_is_not_stored(folder):
    with pytest.raises(ZeroDivisionError):
        cached_text("k", lambda: str(1 // 0))
    assert cached_text("k", lambda: "good") == "good"


def test_a_text_that_cannot_be_stored_is_still_given(monkeypatch):
    def full(path, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(store, "write_atomically", full)
    with pytest.warns(UserWarning, match="No space left"):
        assert cached_text("k", lambda: "text") == "text"


def test_readers_never_see_a_part(tmp_path):
    path = tmp_path / "file"
    contents = {bytes([c]) * 200_000 for c in b"abc"}
    write_atomically(path, min(contents))
    stop = time.monotonic() + 0.5

    def write():
        while time.monotonic() < stop:
            for content in contents:
                write_atomically(path, content)

    writers = [threading.Thread(target=write) for _ in range(2)]
    for writer in writers:
        writer.start()
    while time.monotonic() < stop:
        assert path.read_bytes() in contents
    for writer in writers:
        writer.join()
    assert [p.name for p in tmp_path.iterdir()] == ["file"]


def test_prune_keeps_the_newest_and_removes_what_died(tmp_path):
    folder = tmp_path / "kind"
    folder.mkdir()
    for i in range(5):
        (folder / f"{i}.so").write_bytes(b"x" * 100)
        os.utime(folder / f"{i}.so", (1e9 + i, 1e9 + i))
    (folder / "dead.tmp").write_bytes(b"x")
    os.utime(folder / "dead.tmp", (1e9, 1e9))
    (folder / "alive.tmp").write_bytes(b"x")
    prune(tmp_path, limit=301, keep=frozenset({folder / "0.so"}))
    assert sorted(p.name for p in folder.iterdir()) == ["0.so", "3.so", "4.so", "alive.tmp"]


def test_where_the_cache_is(monkeypatch, tmp_path):
    monkeypatch.setenv("NEUROSIM_CACHE_DIR", str(tmp_path / "mine"))
    assert wanted_cache_dir() == tmp_path / "mine"
    monkeypatch.delenv("NEUROSIM_CACHE_DIR")
    monkeypatch.setattr(store.sys, "platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert wanted_cache_dir() == tmp_path / "xdg" / "neurosim"
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert wanted_cache_dir() == tmp_path / ".cache" / "neurosim"
    monkeypatch.setattr(store.sys, "platform", "darwin")
    assert wanted_cache_dir() == tmp_path / "Library" / "Caches" / "neurosim"

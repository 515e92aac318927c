"""The cache of compiled libraries: hits, what makes a new key, damage, many processes."""

import ctypes
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from neurosim.engines.native import cache
from neurosim.engines.native.cache import compile_cached
from neurosim.engines.native.compiler import Compiler, find_compiler
from neurosim.errors import CompilationError, CompilerNotFoundError

SOURCE = '#include "number.hpp"\nextern "C" int answer() { return number; }\n'


@pytest.fixture(scope="module")
def compiler():
    try:
        return find_compiler()
    except CompilerNotFoundError:
        pytest.skip("no C++ compiler")


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("NEUROSIM_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache" / "native"


@pytest.fixture
def include(tmp_path):
    path = tmp_path / "include"
    path.mkdir()
    (path / "number.hpp").write_text("constexpr int number = 42;\n")
    return path


def answer(library):
    return ctypes.CDLL(str(library.path)).answer()


def test_second_time_comes_from_the_cache(compiler, include, folder):
    first = compile_cached(SOURCE, include, compiler=compiler)
    second = compile_cached(SOURCE, include, compiler=compiler)
    assert (first.from_cache, second.from_cache) == (False, True)
    assert first.path == second.path
    assert answer(second) == 42
    assert second.seconds < 0.1
    kept = next(folder.glob("*.cpp"))
    assert kept.read_text() == SOURCE
    assert not list(folder.glob("*.tmp"))


def test_everything_that_matters_makes_a_new_entry(compiler, include):
    first = compile_cached(SOURCE, include, compiler=compiler)
    other_flags = compile_cached(SOURCE, include, ("-DX",), compiler)
    other_source = compile_cached(SOURCE + "// more\n", include, compiler=compiler)
    newer = Compiler(compiler.command, compiler.kind, compiler.version + " newer", compiler.flags)
    other_compiler = compile_cached(SOURCE, include, compiler=newer)
    (include / "number.hpp").write_text("constexpr int number = 43;\n")
    other_header = compile_cached(SOURCE, include, compiler=compiler)
    found = [first, other_flags, other_source, other_compiler, other_header]
    assert not any(library.from_cache for library in found)
    assert [answer(library) for library in found] == [42, 42, 42, 42, 43]


@pytest.mark.parametrize("damage", ["truncated", "flipped", "empty", "gone", "manifest", "garbage"])
def test_a_damaged_entry_is_made_again(compiler, include, folder, damage):
    path = compile_cached(SOURCE, include, compiler=compiler).path
    manifest = next(folder.glob("*.json"))
    content = bytearray(path.read_bytes())
    if damage == "truncated":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "flipped":
        content[len(content) // 3] ^= 0xFF
        path.write_bytes(content)
    elif damage == "empty":
        path.write_bytes(b"")
    elif damage == "gone":
        path.unlink()
    elif damage == "manifest":
        manifest.write_text(json.dumps({"library": path.name}))
    else:
        manifest.write_bytes(b"\x00\xff{")
    again = compile_cached(SOURCE, include, compiler=compiler)
    assert not again.from_cache
    assert answer(again) == 42
    assert compile_cached(SOURCE, include, compiler=compiler).from_cache


def test_compile_error_names_message_and_source(compiler, folder):
    with pytest.raises(CompilationError, match="no_such_thing") as caught:
        compile_cached("int f() { return no_such_thing; }", compiler=compiler)
    kept = next(folder.glob("*.cpp"))
    assert str(kept) in str(caught.value)
    assert "no_such_thing" in kept.read_text()
    assert not list(folder.glob("*.so"))
    assert not list(folder.glob("*.tmp"))


def test_a_cache_that_cannot_be_written_is_replaced_with_a_warning(
    compiler, include, tmp_path, monkeypatch
):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("NEUROSIM_CACHE_DIR", str(tmp_path / "file" / "cache"))
    with pytest.warns(UserWarning, match="cannot be written.*NEUROSIM_CACHE_DIR"):
        first = compile_cached(SOURCE, include, compiler=compiler)
    assert answer(first) == 42
    assert compile_cached(SOURCE, include, compiler=compiler).from_cache


def test_a_disk_that_is_full_is_a_clear_error(compiler, include, monkeypatch):
    def full(path, content):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(cache, "write_atomically", full)
    with pytest.raises(CompilationError, match=r"No space left.*NEUROSIM_CACHE_DIR"):
        compile_cached(SOURCE, include, compiler=compiler)


def test_the_oldest_entries_go_when_the_cache_is_full(compiler, include, folder):
    paths = []
    for i in range(3):
        paths.append(compile_cached(f"{SOURCE}// {i}\n", include, compiler=compiler).path)
        for path in folder.iterdir():
            if time.time() - path.stat().st_mtime < 50:
                os.utime(path, (1e9 + i, 1e9 + i))
    compile_cached(f"{SOURCE}// 0\n", include, compiler=compiler)  # used again: now the newest
    size = paths[0].stat().st_size
    last = compile_cached(f"{SOURCE}// 9\n", include, compiler=compiler, limit_bytes=2.6 * size)
    assert [path.exists() for path in paths] == [True, False, False]
    assert last.path.exists()


CHILD = """
import ctypes, pathlib, sys
from neurosim.engines.native.cache import compile_cached
library = compile_cached({source!r}, pathlib.Path({include!r}))
print(ctypes.CDLL(str(library.path)).answer(), library.path, library.from_cache)
"""


@pytest.mark.usefixtures("compiler")
def test_eight_processes_compile_the_same_source_once(include, folder):
    code = CHILD.format(source=SOURCE, include=str(include))
    running = [
        subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        for _ in range(8)
    ]
    printed = [process.communicate(timeout=100)[0].split() for process in running]
    assert [process.returncode for process in running] == [0] * 8
    assert {words[0] for words in printed} == {"42"}
    assert len({words[1] for words in printed}) == 1
    assert sorted(words[2] for words in printed) == ["False", *["True"] * 7]
    assert not [*folder.glob("*.tmp"), *folder.glob("*.lock")]
    assert len(list(folder.glob("*.so"))) == 1
    assert answer(compile_cached(SOURCE, include)) == 42


def test_a_process_that_died_while_compiling_holds_nobody_up(compiler, include, folder):
    code = (
        "import fcntl, os, pathlib, sys\n"
        "file = open(sys.argv[1], 'w'); fcntl.flock(file, fcntl.LOCK_EX)\n"
        "print('held', flush=True); sys.stdin.read()"
    )
    folder.mkdir(parents=True)
    key = cache._key(SOURCE, include, (), compiler)
    holder = subprocess.Popen(
        [sys.executable, "-c", code, str(folder / f"{key}.lock")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert holder.stdout.readline() == b"held\n"
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(compile_cached, SOURCE, include, compiler=compiler)
        time.sleep(0.2)
        assert not waiting.done()
        holder.kill()
        holder.wait()
        assert answer(waiting.result(60)) == 42

"""Finding a compiler: order, what does not work, what is remembered, none at all."""

import os
import stat
import sys

import pytest

from neurosim import store
from neurosim.engines.native import compiler as module
from neurosim.engines.native.compiler import find_compiler
from neurosim.errors import CompilationError, CompilerNotFoundError


@pytest.fixture(autouse=True)
def _fresh(tmp_path, monkeypatch):
    monkeypatch.setenv("NEUROSIM_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.delenv("CXX", raising=False)
    monkeypatch.delenv("NEUROSIM_NO_COMPILER", raising=False)
    module._find.cache_clear()
    yield
    module._find.cache_clear()


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    """The compiler of this machine, tried out once."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NEUROSIM_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        patch.delenv("CXX", raising=False)
        patch.delenv("NEUROSIM_NO_COMPILER", raising=False)
        module._find.cache_clear()
        try:
            return find_compiler()
        except CompilerNotFoundError:
            pytest.skip("no C++ compiler")
        finally:
            module._find.cache_clear()


def _script(path, text):
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_flags_keep_ieee_arithmetic(real):
    assert "-ffp-contract=off" in real.flags
    assert not {"-ffast-math", "-Ofast", "-funsafe-math-optimizations"} & set(real.flags)


@pytest.mark.usefixtures("real")
def test_hidden_compilers_are_not_found_and_what_is_found_is_stored(monkeypatch, tmp_path):
    monkeypatch.setenv("NEUROSIM_NO_COMPILER", "1")
    with pytest.raises(CompilerNotFoundError, match=r"NEUROSIM_NO_COMPILER=1.*engine='brian2'"):
        find_compiler()
    assert not (tmp_path / "cache" / "texts").exists()
    monkeypatch.setenv("NEUROSIM_NO_COMPILER", "0")
    find_compiler()
    assert len(list((tmp_path / "cache" / "texts").glob("*.json"))) == 1
    assert store.cache_bytes(tmp_path / "cache") > 0


def test_no_compiler_at_all_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(CompilerNotFoundError) as caught:
        find_compiler()
    for word in (
        "apt install g++",
        "xcode-select",
        "conda",
        "pip install ziglang",
        "brian2",
        "CXX",
    ):
        assert word in str(caught.value)


def test_cxx_comes_first(real, monkeypatch, tmp_path):
    wrapper = _script(tmp_path / "mine", f'exec {" ".join(real.command)} "$@"\n')
    monkeypatch.setenv("CXX", str(wrapper))
    assert find_compiler().command == (str(wrapper),)


def test_a_cxx_that_does_not_work_is_named_and_passed_over(real, monkeypatch, tmp_path):
    broken = _script(tmp_path / "broken", 'echo "license expired" >&2; exit 3\n')
    monkeypatch.setenv("CXX", str(broken))
    with pytest.warns(UserWarning, match="broken does not work.*license expired"):
        assert find_compiler().command == real.command


def test_a_compiler_whose_output_does_not_load_is_refused(monkeypatch, tmp_path):
    liar = _script(
        tmp_path / "g++",
        'case "$*" in *--version*) echo "g++ 99 Free Software Foundation";; '
        '*) while [ "$1" != -o ]; do shift; done; echo nothing > "$2";; esac\n',
    )
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(module.importlib.util, "find_spec", lambda _: None)
    with pytest.raises(CompilerNotFoundError, match="does not load"):
        find_compiler()
    assert liar.exists()


def test_what_was_found_is_remembered_until_the_program_changes(real, monkeypatch, tmp_path):
    log = tmp_path / "log"
    wrapper = _script(
        tmp_path / "mine", f'echo called >> {log}\nexec {" ".join(real.command)} "$@"\n'
    )
    monkeypatch.setenv("CXX", str(wrapper))
    first = find_compiler()
    calls = len(log.read_text().splitlines())
    assert calls > 0
    module._find.cache_clear()
    assert find_compiler() == first
    assert len(log.read_text().splitlines()) == calls
    os.utime(wrapper, ns=(1, 1))
    module._find.cache_clear()
    assert find_compiler() == first
    assert len(log.read_text().splitlines()) > calls


def test_untuned_flags_are_used_where_tuning_is_refused(real, monkeypatch, tmp_path):
    wrapper = _script(
        tmp_path / "plain",
        'for a in "$@"; do case "$a" in -march=*|-mcpu=*) echo "unknown $a" >&2; exit 1;; esac; '
        f'done\nexec {" ".join(real.command)} "$@"\n',
    )
    monkeypatch.setenv("CXX", str(wrapper))
    flags = find_compiler().flags
    assert not [flag for flag in flags if flag.startswith("-m")]
    assert "-O3" in flags


def test_compilation_error_has_message_source_and_command(real, tmp_path):
    source = tmp_path / "wrong.cpp"
    source.write_text("int f() { return undeclared_name; }\n")
    with pytest.raises(CompilationError) as caught:
        real.compile(source, tmp_path / "wrong.so")
    for part in ("undeclared_name", str(source), "-ffp-contract=off", "exit status"):
        assert part in str(caught.value)


def test_cpu_is_described():
    assert module.cpu_model()
    assert len(module.cpu_identity()) == 64
    if sys.platform == "linux":
        assert module.cpu_flags()

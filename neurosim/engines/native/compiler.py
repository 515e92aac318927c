"""Find a C++20 compiler that really works, and say with which flags it is to be called."""

from __future__ import annotations

import ctypes
import functools
import hashlib
import importlib.util
import json
import os
import platform
import shlex
import shutil
import subprocess
import sys
import tempfile
import threading
import warnings
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal, get_args

from ...errors import CompilationError, CompilerNotFoundError
from ...store import cached_text

Kind = Literal["gcc", "clang", "zig"]

_TIMEOUT_S = 900
_FINDING = threading.Lock()  # threads that come at once try a compiler once
_FLAGS = (
    "-std=c++20",
    "-O3",
    "-ffp-contract=off",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-fPIC",
    "-shared",
    "-pthread",
)
_PROBE = """
#include <bit>
#include <thread>
#include <vector>
extern "C" int neurosim_probe(int n) {
    std::vector<int> v(n, 1);
    try { v.at(n + 1) = 0; } catch (const std::exception&) { v.push_back(1); }
    std::thread t([&] { v.push_back(std::popcount(7u)); });
    t.join();
    return static_cast<int>(v.size()) + v.back();
}
"""
_ADVICE = (
    "Install one (Debian/Ubuntu: apt install g++; macOS: xcode-select --install; conda: "
    "conda install -c conda-forge cxx-compiler; anywhere: pip install ziglang), or set CXX to "
    "yours, or run without a compiler: engine='brian2' (--engine brian2)."
)


@dataclass(frozen=True)
class Compiler:
    """A C++20 compiler that was seen to work.

    Attributes
    ----------
    command : tuple of str
        How to start it; arguments follow.
    kind : {"gcc", "clang", "zig"}
    version : str
        The first line that it prints about itself.
    flags : tuple of str
        For a shared library tuned to this CPU, with plain IEEE arithmetic.
    """

    command: tuple[str, ...]
    kind: Kind
    version: str
    flags: tuple[str, ...]

    def compile(
        self, source: Path, output: Path, include: Path | None = None, extra: tuple[str, ...] = ()
    ) -> None:
        """Compile a source file into a shared library.

        Parameters
        ----------
        source, output : Path
        include : Path, optional
            Folder of headers.
        extra : tuple of str
            More flags.

        Raises
        ------
        CompilationError
            With what the compiler said, and where the source lies.
        """
        folder = (f"-I{include}",) if include else ()
        arguments = [*self.command, *self.flags, *extra, *folder, str(source), "-o", str(output)]
        done = _run(arguments)
        if done.returncode or not output.exists():
            raise CompilationError(
                f"{shlex.join(self.command)} could not compile {source} "
                f"(exit status {done.returncode}). It said:\n{_shortened(done.stderr)}\n"
                f"The command was: {shlex.join(arguments)}"
            )


def find_compiler() -> Compiler:
    """Return the first that works of $CXX, g++, clang++, c++ and the ``ziglang`` wheel.

    What was found is remembered in the cache folder until the program file changes.
    ``NEUROSIM_NO_COMPILER=1`` hides every compiler.

    Raises
    ------
    CompilerNotFoundError
        Naming what was tried and what to do.
    """
    with _FINDING:
        return _find(
            os.environ.get("NEUROSIM_NO_COMPILER", ""),
            os.environ.get("CXX", "").strip(),
            os.environ.get("PATH", ""),
        )


@functools.lru_cache(maxsize=8)
def _find(hidden: str, chosen: str, _path: str) -> Compiler:
    if hidden not in ("", "0"):
        raise CompilerNotFoundError(
            f"NEUROSIM_NO_COMPILER={hidden} hides every C++ compiler, and the native engine needs "
            "one. Unset it, or use engine='brian2' (--engine brian2)."
        )
    tried = []
    for command in _candidates(chosen):
        try:
            return _remembered(command)
        except (CompilationError, OSError, subprocess.SubprocessError) as error:
            tried.append(f"{shlex.join(command)}: {_first_line(str(error))}")
            if chosen and list(command) == shlex.split(chosen):
                warnings.warn(f"CXX={chosen} does not work: {error}", stacklevel=3)
    listed = "; ".join(tried) or "none of CXX, g++, clang++, c++ and ziglang is there"
    raise CompilerNotFoundError(
        f"The native engine needs a C++20 compiler and found none that works ({listed}). {_ADVICE}"
    )


def _candidates(chosen: str) -> Iterator[tuple[str, ...]]:
    if chosen:
        yield tuple(shlex.split(chosen))
    for name in ("g++", "clang++", "c++"):
        if shutil.which(name):
            yield (name,)
    if importlib.util.find_spec("ziglang") is not None:
        yield (sys.executable, "-m", "ziglang", "c++")


def _remembered(command: tuple[str, ...]) -> Compiler:
    """Return what is known of a compiler, from the cache or by trying it out."""
    program = _program_file(command)
    state = program.stat()
    flags = [_FLAGS, *map(_tuning, get_args(Kind))]
    key = json.dumps(
        [
            "compiler",
            *command,
            str(program),
            state.st_mtime_ns,
            state.st_size,
            cpu_identity(),
            flags,
        ]
    )

    def probe() -> str:
        return json.dumps(asdict(_probe(command)))

    known = json.loads(cached_text(key, probe))
    return Compiler(tuple(known["command"]), known["kind"], known["version"], tuple(known["flags"]))


def _program_file(command: tuple[str, ...]) -> Path:
    """Return the file whose change means another compiler."""
    if command[1:3] == ("-m", "ziglang"):
        spec = importlib.util.find_spec("ziglang")
        if spec is not None and spec.origin:
            return Path(spec.origin).resolve()
    found = shutil.which(command[0])
    if found is None:
        raise CompilationError(f"there is no program {command[0]!r}")
    return Path(found).resolve()


def _probe(command: tuple[str, ...]) -> Compiler:
    """Try a compiler on a small library, load that and call it."""
    asked = _run([*command, "--version"])
    if asked.returncode:
        raise CompilationError(f"--version failed: {_first_line(asked.stderr)}")
    version = _first_line(asked.stdout)
    kind: Kind = "clang" if "clang" in asked.stdout else "gcc"
    if command[1:3] == ("-m", "ziglang"):
        kind = "zig"
        warnings.warn(
            "ziglang builds its C++ library before it compiles for the first time; this takes one "
            "to three minutes, once.",
            stacklevel=2,
        )
    problem: CompilationError | None = None
    for tuning in (_tuning(kind), ()):
        compiler = Compiler(command, kind, version, (*_FLAGS, *tuning))
        try:
            _try_out(compiler)
        except CompilationError as error:
            problem = problem or error
        else:
            return compiler
    raise problem or CompilationError("does not compile")


def _tuning(kind: Kind) -> tuple[str, ...]:
    """Return the flags for this CPU."""
    flags = ["-mcpu=native" if platform.machine() in ("arm64", "aarch64") else "-march=native"]
    if "avx512f" in cpu_flags():
        flags.append("-mprefer-vector-width=512")
    if kind == "gcc":
        # turns a guard used twice into branches, and the loop over neurons is not vectorised
        flags.append("-fno-thread-jumps")
    if kind == "zig":
        flags.append("-fno-sanitize=undefined")
    return tuple(flags)


def _try_out(compiler: Compiler) -> None:
    with tempfile.TemporaryDirectory(prefix="neurosim-probe-") as folder:
        source, library = Path(folder, "probe.cpp"), Path(folder, "probe.so")
        source.write_text(_PROBE, encoding="utf-8")
        compiler.compile(source, library)
        try:
            answer = ctypes.CDLL(str(library)).neurosim_probe(5)
        except (OSError, AttributeError) as error:
            raise CompilationError(f"its library does not load: {error}") from error
    if answer != 10:
        raise CompilationError(f"its code gave {answer} where 10 is right")


def _run(arguments: list[str]) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "LC_ALL": "C"}
    return subprocess.run(
        arguments,
        capture_output=True,
        text=True,
        errors="replace",
        env=environment,
        stdin=subprocess.DEVNULL,
        timeout=_TIMEOUT_S,
        check=False,
    )


def cpu_flags() -> frozenset[str]:
    """Return the CPU's feature names in lower case, as the system lists them."""
    return _cpu()[1]


def cpu_model() -> str:
    """Return the CPU's name."""
    return _cpu()[0]


def cpu_identity() -> str:
    """Return a digest of architecture, CPU name and features: code tuned to one runs there."""
    model, flags = _cpu()
    return hashlib.sha256(
        " ".join([platform.machine(), model, *sorted(flags)]).encode()
    ).hexdigest()


@functools.cache
def _cpu() -> tuple[str, frozenset[str]]:
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return _cpu_of_macos()
    fields = _fields(text.split("\n\n")[0])
    listed = fields.get("flags", fields.get("Features", ""))
    return fields.get("model name", platform.machine()), frozenset(listed.lower().split())


def _cpu_of_macos() -> tuple[str, frozenset[str]]:
    try:
        values = _fields(_run(["sysctl", "machdep.cpu.brand_string", "hw.optional"]).stdout)
    except OSError:
        return platform.processor(), frozenset()
    model = values.pop("machdep.cpu.brand_string", platform.processor())
    present = (name.rsplit(".", 1)[-1].lower() for name, value in values.items() if value == "1")
    return model, frozenset(present)


def _fields(text: str) -> dict[str, str]:
    pairs = (line.partition(":") for line in text.splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}


def _first_line(text: str) -> str:
    return next((line.strip() for line in text.splitlines() if line.strip()), "no output")


def _shortened(text: str, limit: int = 6000) -> str:
    return text.strip() if len(text) <= limit else text[:limit].strip() + "\n[...]"

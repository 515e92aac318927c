"""Loops over the elementary functions become vector code, and nothing calls libm."""

import subprocess
from pathlib import Path

import pytest

import neurosim.engines.native
from neurosim.engines.native.compiler import find_compiler
from neurosim.errors import CompilerNotFoundError

INCLUDE = Path(neurosim.engines.native.__file__).parent / "include"
LIBM = ("exp", "expm1", "log", "log1p", "pow", "sin", "cos", "tan", "tanh", "sinh", "cosh", "atan")


def test_every_function_vectorises_and_calls_no_library(source, tmp_path):
    try:
        compiler = find_compiler()
    except CompilerNotFoundError:
        pytest.skip("no C++ compiler")
    if compiler.kind != "gcc":
        pytest.skip("the report of vectorised loops is GCC's")
    loops = [line for line in source.splitlines() if "y[i] = neurosim::" in line]
    text = '#include "elementary.hpp"\n' + source[source.index('extern "C" void exp_double') :]
    path = tmp_path / "loops.cpp"
    path.write_text(text)
    arguments = [*compiler.command, *compiler.flags, f"-I{INCLUDE}", "-fopt-info-vec-optimized"]
    done = subprocess.run(
        [*arguments, "-S", str(path), "-o", str(tmp_path / "loops.s")],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    vectorised = {line.split(":")[1] for line in done.stderr.splitlines() if "vectorized" in line}
    assert len(vectorised) == len(loops)
    called = [
        line.split()[-1].split("@")[0]
        for line in (tmp_path / "loops.s").read_text().splitlines()
        if line.strip().startswith(("call", "jmp"))
    ]
    assert not [name for name in called if name.rstrip("f") in LIBM]

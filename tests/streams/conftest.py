"""Compile the C++ twins once per session and call them on arrays."""

import ctypes
from pathlib import Path

import numpy as np
import pytest

import neurosim.engines.native
from neurosim.engines.native.cache import compile_cached
from neurosim.engines.native.compiler import cpu_flags, find_compiler
from neurosim.errors import CompilerNotFoundError

INCLUDE = Path(neurosim.engines.native.__file__).parent / "include"

UNARY = """
extern "C" void {name}_{type}(const {type}* __restrict x, {type}* __restrict y, long n) {{
    for (long i = 0; i < n; ++i) y[i] = neurosim::{name}(x[i]);
}}
"""
NAMES = """exp expm1 log log1p ndtri sin cos tan sinh cosh tanh exprel arcsin arccos arctan log2
log10 sqrt abs floor ceil sign"""
BINARY = """
extern "C" void pow_double(const double* __restrict x, const double* __restrict y,
                           double* __restrict z, long n) {
    for (long i = 0; i < n; ++i) z[i] = neurosim::pow(x[i], y[i]);
}
extern "C" void philox(const uint32_t* c0, const uint32_t* c1, const uint32_t* rest,
                       uint32_t* out, long n) {
    for (long i = 0; i < n; i += 16) {
        uint32_t w[4][16];
        neurosim::philox4x32_lanes<16>(c0 + i, c1 + i, rest[0], rest[1], rest[2], rest[3], w[0],
                                       w[1], w[2], w[3]);
        for (int lane = 0; lane < 16; ++lane)
            for (int k = 0; k < 4; ++k) out[4 * (i + lane) + k] = w[k][lane];
    }
}
extern "C" void philox_one(const uint32_t* c0, const uint32_t* c1, const uint32_t* rest,
                           uint32_t* out, long n) {
    for (long i = 0; i < n; ++i)
        neurosim::philox4x32(c0[i], c1[i], rest[0], rest[1], rest[2], rest[3], out + 4 * i);
}
"""


class Functions:
    """The functions of the headers, called as ``functions("exp", x)``; float32 stays float32."""

    def __init__(self, path):
        self.library = ctypes.CDLL(str(path))

    def __call__(self, name, *arrays):
        arrays = [np.ascontiguousarray(a) for a in arrays]
        kind = {np.dtype(np.float64): "double", np.dtype(np.float32): "float"}[arrays[0].dtype]
        out = np.empty_like(arrays[0])
        self.raw(f"{name}_{kind}", *arrays, out, n=out.size)
        return out

    def raw(self, name, *arrays, n):
        pointers = [ctypes.c_void_p(a.ctypes.data) for a in arrays]
        getattr(self.library, name)(*pointers, ctypes.c_long(n))


@pytest.fixture(scope="session")
def source():
    text = '#include "elementary.hpp"\n#include "philox.hpp"\n' + BINARY
    for name in NAMES.split():
        text += UNARY.format(name=name, type="double") + UNARY.format(name=name, type="float")
    return text


@pytest.fixture(scope="session", params=[(), ("-march=x86-64-v3",)], ids=["native", "avx2"])
def functions(request, source, tmp_path_factory):
    """The library for this CPU, and on x86 one with shorter vectors: both give the same bits."""
    try:
        compiler = find_compiler()
    except CompilerNotFoundError:
        pytest.skip("no C++ compiler")
    if request.param and not {"avx2", "bmi2"} <= cpu_flags():
        pytest.skip("the CPU has no AVX2")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NEUROSIM_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
        return Functions(compile_cached(source, INCLUDE, request.param, compiler).path)

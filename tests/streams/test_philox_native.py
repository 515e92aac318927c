"""The C++ generator gives the words of the NumPy one."""

import numpy as np
import pytest

from neurosim.streams import words


@pytest.mark.parametrize("form", ["philox", "philox_one"])
def test_cpp_words_are_the_numpy_words(functions, form):
    rng = np.random.default_rng(0)
    c0, c1 = rng.integers(0, 2**32, (2, 16 * 4096), dtype=np.uint32)
    c0[:16], c1[:16] = 0xFFFFFFFF, 0
    rest = np.array([0xFFFFFFFF, 6, 0x89ABCDEF, 0x01234567], np.uint32)
    out = np.empty((c0.size, 4), np.uint32)
    functions.raw(form, c0, c1, rest, out, n=c0.size)
    expected = words(0x0123456789ABCDEF, 6, 0xFFFFFFFF, c1, c0)
    np.testing.assert_array_equal(out, expected)

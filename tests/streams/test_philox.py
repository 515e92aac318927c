"""Philox words: published vectors, the two forms agree, and no structure between streams."""

import numpy as np
import pytest
from scipy import stats

from neurosim.errors import DescriptionError
from neurosim.streams import Purpose, name_id, philox4x32, uniform32, uniform53, words

PUBLISHED = [  # Random123, kat_vectors, philox4x32_10: counter, key, output
    ((0,) * 4, (0,) * 2, (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]


def _reference(counter, key):
    """Philox4x32-10 written from the paper with Python integers."""
    c, k, mask = list(counter), list(key), 0xFFFFFFFF
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(p1 >> 32) ^ c[1] ^ k[0], p1 & mask, (p0 >> 32) ^ c[3] ^ k[1], p0 & mask]
        k = [(k[0] + 0x9E3779B9) & mask, (k[1] + 0xBB67AE85) & mask]
    return tuple(c)


@pytest.mark.parametrize(("counter", "key", "expected"), PUBLISHED)
def test_published_vectors(counter, key, expected):
    got = words(key[0] | key[1] << 32, counter[3], counter[2], counter[1], counter[0])
    assert tuple(int(w) for w in got) == expected
    assert _reference(counter, key) == expected


def test_blocks_and_broadcasting_do_not_show():
    ids, index = np.arange(70_000, 70_101)[:, None], np.arange(211)[None, :]
    seed = 0x0123456789ABCDEF
    table = words(seed, Purpose.EDGES, 7, ids, index)
    assert table.shape == (101, 211, 4)
    assert table.dtype == np.uint32
    for i, k in [(0, 0), (3, 150), (50, 111), (100, 210)]:
        expected = _reference((k, 70_000 + i, 7, 1), (seed & 0xFFFFFFFF, seed >> 32))
        assert tuple(int(w) for w in table[i, k]) == expected
    np.testing.assert_array_equal(table[17], words(seed, Purpose.EDGES, 7, 70_017, index[0]))


def test_no_ids_give_no_words():
    assert words(1, Purpose.POISSON, 0, [], 3).shape == (0, 4)
    out = np.empty((0, 4), np.uint32)
    philox4x32(np.empty(0, np.uint32), np.empty(0, np.uint32), (0, 0), (0, 0), out)


@pytest.mark.parametrize(
    "arguments",
    [
        (-1, 1, 0, 0, 0),
        (2**64, 1, 0, 0, 0),
        (1, 1, -1, 0, 0),
        (1, 1, 0, -3, 0),
        (1, 1, 0, 0, 2**32),
    ],
)
def test_numbers_that_do_not_fit_are_refused(arguments):
    with pytest.raises(DescriptionError, match="must be an integer from 0"):
        words(*arguments)


def test_fractions_are_refused():
    with pytest.raises(DescriptionError, match="must be integers, not float64"):
        words(1, 1, 0, [0.5], 0)


def test_purposes_and_names_are_fixed():
    """Files and other programs rely on these numbers."""
    assert [(p.name, int(p)) for p in Purpose] == [
        ("EDGES", 1), ("POISSON", 2), ("INITIAL", 3), ("PARAMETER", 4), ("INDEGREE", 5),
        ("REMAINDER", 6), ("NOISE", 7), ("SYNAPSE", 8), ("ENCODING", 9), ("SYNAPTIC_VALUE", 20),
        ("TARGETS", 21), ("EDGE_VALUE", 22), ("POSITION", 23), ("STRUCTURE", 24),
        ("CHOSEN", 40), ("SPIKE_LOSS", 41), ("CHIP", 50), ("TRIAL", 51),
    ]  # fmt: skip
    assert name_id("123456789") == 0xCBF43926


def _streams():
    """Words that differ in one part of the counter or key only, (6, n) each."""
    n = 40_000
    i = np.arange(n)
    draws = {
        "index": words(42, Purpose.EDGES, 0, 5, i),
        "ids": words(42, Purpose.EDGES, 0, i, 5),
        "object": np.stack([words(42, Purpose.EDGES, k, 5, 5) for k in range(2000)]),
        "seed": np.stack([words(k, Purpose.EDGES, 0, 5, 5) for k in range(2000)]),
    }
    return {name: uniform32(w).reshape(-1) for name, w in draws.items()}


@pytest.mark.parametrize("varied", ["index", "ids", "object", "seed"])
def test_words_are_uniform_and_successive_words_independent(varied):
    """Null: uniform, and pairs of successive words uniform on the square.

    Chi-square over 64 bins and over 8 x 8 cells of disjoint pairs; level 1e-4 each.
    """
    u = _streams()[varied]
    counts = np.bincount((u * 64).astype(int), minlength=64)
    assert stats.chisquare(counts).pvalue > 1e-4
    cells = (u[0::2] * 8).astype(int) * 8 + (u[1::2] * 8).astype(int)
    assert stats.chisquare(np.bincount(cells, minlength=64)).pvalue > 1e-4


def test_streams_of_neighbours_are_independent():
    """Null: the same word for neighbouring ids, objects, purposes, seeds is independent.

    Chi-square over 16 x 16 cells of 20,000 pairs; level 1e-4 each, fixed seed 42.
    """
    i = np.arange(20_000)
    base = uniform32(words(42, Purpose.EDGES, 3, 9, i)[:, 0])
    others = [
        words(42, Purpose.EDGES, 3, 10, i),
        words(42, Purpose.EDGES, 4, 9, i),
        words(42, Purpose.POISSON, 3, 9, i),
        words(43, Purpose.EDGES, 3, 9, i),
        words(42 + 2**32, Purpose.EDGES, 3, 9, i),
    ]
    for other in others:
        u = uniform32(other[:, 0])
        cells = (base * 16).astype(int) * 16 + (u * 16).astype(int)
        assert stats.chisquare(np.bincount(cells, minlength=256)).pvalue > 1e-4


def test_uniform_numbers_at_the_edges():
    ends = np.array([0, 1, 0xFFFFFFFE, 0xFFFFFFFF], np.uint32)
    np.testing.assert_array_equal(
        uniform32(ends), [0.5 * 2**-32, 1.5 * 2**-32, 1 - 1.5 * 2**-32, 1 - 0.5 * 2**-32]
    )
    assert uniform53(0, 0) == 2.0**-54
    assert uniform53(0, 1 << 11) == 1.5 * 2.0**-53
    assert uniform53(1 << 31, 0) == 0.5 + 0.0
    assert np.all(uniform53(ends, ends[::-1]) > 0)

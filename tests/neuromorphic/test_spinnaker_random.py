"""SpiNNaker's generators against their recurrences, its Poisson sources against the distribution.

Statistical tests: null hypothesis, the source's counts have mean and variance L (Gaussian
approximation: mean L + 1/4 before rounding is part of the algorithm and below the tolerance);
level 1e-4 two-sided (z = 3.9); seed: the generators' own.
"""

from __future__ import annotations

import numpy as np
import pytest
from neurosim.neuromorphic.spinnaker import random as machine
from neurosim.neuromorphic.spinnaker.random import Kiss32, Kiss64, PoissonSource, Well1024a

from neurosim.errors import DescriptionError

_M = 2**32


def test_kiss64_by_its_recurrences() -> None:
    draw = Kiss64()
    x, y, z, c = 123456789, 987654321, 43219876, 6543217
    for _ in range(1000):
        x = (314527869 * x + 1234567) % _M
        y = y ^ (y * 2**5) % _M
        y = y ^ y // 2**7
        y = y ^ (y * 2**22) % _M
        c, z = divmod(4294584393 * z + c, _M)
        assert draw() == (x + y + z) % _M


def test_the_first_words_of_kiss64() -> None:
    assert [Kiss64()(), *(w for d in [Kiss64()] for w in (d(), d(), d()))] == [
        560241513, 560241513, 2602615593, 2542353780,
    ]  # fmt: skip


def test_kiss32_carries() -> None:
    draw = Kiss32(z=0x7FFFFFFF, w=0x7FFFFFFF, c=1)
    draw()
    assert (draw.z, draw.w, draw.c) == (0x7FFFFFFF, 0x7FFFFFFF, 1)


def test_seeds_are_made_valid() -> None:
    draw = Kiss64.seeded([1, 0, 0, 698769067])
    assert (draw.y, draw.c) == (13031301, 698769068)
    assert Kiss64.seeded([1, 2, 3, 698769068]).c == 1
    with pytest.raises(DescriptionError, match="must have 4"):
        Kiss64.seeded([1, 2, 3])


@pytest.mark.parametrize("make", [Kiss64, Kiss32, Well1024a])
def test_words_are_uniform(make: type) -> None:
    """Null: 16 classes of equal probability; chi2(15) < 44.3 is the 1e-4 quantile."""
    draw = make()
    counts = np.bincount([draw() >> 28 for _ in range(8000)], minlength=16)
    assert ((counts - 500) ** 2 / 500).sum() < 44.3


def test_two_generators_do_not_share_state() -> None:
    assert Well1024a()() == Well1024a()()


def test_poisson_algorithms_by_expected_count() -> None:
    draw = Kiss64()
    found = [PoissonSource(rate, 1e-3, draw).method for rate in (9.9, 10.1, 9_999, 10_001)]
    assert found == ["isi", "knuth", "knuth", "gaussian"]


@pytest.mark.parametrize("rate", [5.0, 500.0, 30_000.0])
def test_poisson_counts(rate: float) -> None:
    n = 20_000 if rate < 10 else 6_000
    source = PoissonSource(rate, 1e-3, Kiss64())
    counts = np.array([source.tick() for _ in range(n)])
    mean = rate * 1e-3
    assert abs(counts.mean() - mean) < 3.9 * np.sqrt(mean / n) + (
        0.27 if mean > 10 else 0.01 * mean
    )
    spread = 3.9 * np.sqrt((2 * mean**2 + mean) / n)
    assert abs(counts.var() - mean) < spread + 0.05 * mean


def test_a_fast_source_is_the_rounded_square() -> None:
    root = int(5.5 * 32768)
    assert machine.rounded_square(0, root) == 30  # 30.25
    assert machine.rounded_square(2 * 32768, root) == 42  # 6.5^2 = 42.25
    assert machine.rounded_square(-32768, root) == 25


def test_knuth_stops_at_the_product() -> None:
    words = iter([2**31, 2**31, 2**31])
    assert machine.knuth(lambda: next(words), 2**30) == 1  # 1/2, then just below 1/4
    assert machine.knuth(lambda: 0, 0) == 0


def test_silent_and_impossible_sources() -> None:
    assert [PoissonSource(0, 1e-3, Kiss64()).tick() for _ in range(5)] == [0] * 5
    with pytest.raises(DescriptionError, match="must not be negative"):
        PoissonSource(-1, 1e-3, Kiss64())

"""The elementary functions: twins bit for bit, and errors against extended precision."""

import numpy as np
import pytest
from scipy import special

from neurosim import elementary

N = 300_000
EXTENDED = np.finfo(np.longdouble).nmant >= 63  # x86; elsewhere long double is no reference
needs_extended = pytest.mark.skipif(not EXTENDED, reason="long double is no wider than double")

EDGES = np.array(
    [0.0, -0.0, np.inf, -np.inf, np.nan, 5e-324, -5e-324, 1e-310, 2.0**-1022, 1e-300, 2.0**-54,
     -(2.0**-54), 2.0**-53, 1e-20, 0.075, 0.925, 0.5, 1.0, -1.0, 1 - 2.0**-53, -1 + 2.0**-53,
     1 + 2.0**-52, 2.0, 709.78271289338397, 709.782712893384, 709.79, 710.5, 711.0, 711.1, 720.0,
     -708.39, -708.4, -745.13, -745.14, -746.0, -1e4, 1.7976931348623157e308,
     -1.7976931348623157e308, np.sqrt(0.5), np.nextafter(np.sqrt(0.5), 0), np.sqrt(2.0)]
)  # fmt: skip


def arguments(name):
    """Arrays that cover a function's regions: every bit pattern, and where it bends."""
    rng = np.random.default_rng(20)
    patterns = rng.integers(0, 2**64, N, dtype=np.uint64).view(np.float64)
    tiny_to_one = rng.normal(size=N) * 10.0 ** rng.uniform(-20, 0, N)
    positive = 10.0 ** rng.uniform(-320, 308, N)
    return [EDGES, patterns, *{
        "exp": [rng.uniform(-750, 712, N), rng.uniform(-1, 1, N), rng.uniform(-746, -700, N)],
        "expm1": [rng.uniform(-50, 712, N), rng.uniform(-1, 1, N), tiny_to_one],
        "log": [rng.uniform(0, 3, N), positive, 1 + 1e-3 * tiny_to_one],
        "log1p": [rng.uniform(-1, 3, N), positive, tiny_to_one, -1 + 10 ** rng.uniform(-16, 0, N)],
        "ndtri": [rng.uniform(0, 1, N), 10 ** rng.uniform(-320, 0, N),
                  1 - 10 ** rng.uniform(-16, 0, N), rng.uniform(0.07, 0.08, N)],
    }[name]]  # fmt: skip


def error_in_ulp(values, exact):
    """Largest distance from the exact values in units in the last place, where both are finite."""
    rounded = exact.astype(values.dtype)
    where = np.isfinite(rounded) & np.isfinite(values) & (rounded != 0)
    distance = np.abs(values[where].astype(exact.dtype) - exact[where])
    return float(np.max(distance / np.spacing(np.abs(rounded[where])), initial=0))


def assert_same_specials(values, exact):
    """Infinities, zeros and NaN are where the exact function has them."""
    rounded = exact.astype(values.dtype)
    np.testing.assert_array_equal(np.isnan(values), np.isnan(rounded))
    special_values = np.isinf(rounded) | (rounded == 0)
    np.testing.assert_array_equal(values[special_values], rounded[special_values])
    assert np.isfinite(values[np.isfinite(rounded)]).all()


@pytest.mark.parametrize("name", ["exp", "expm1", "log", "log1p", "ndtri"])
def test_numpy_and_cpp_have_the_same_bits(functions, name):
    for x in arguments(name):
        ours, theirs = getattr(elementary, name)(x), functions(name, x)
        same = (ours.view(np.int64) == theirs.view(np.int64)) | (np.isnan(ours) & np.isnan(theirs))
        assert same.all(), (name, x[~same][:5], ours[~same][:5], theirs[~same][:5])


@needs_extended
@pytest.mark.parametrize(
    ("name", "bound"), [("exp", 1.0), ("expm1", 1.7), ("log", 0.9), ("log1p", 0.9)]
)
def test_errors_are_within_what_is_stated(name, bound):
    with np.errstate(all="ignore"):
        for x in arguments(name):
            values = getattr(elementary, name)(x)
            exact = getattr(np, name)(x.astype(np.longdouble))
            assert error_in_ulp(values, exact) <= bound
            assert_same_specials(values, exact)


@pytest.mark.parametrize(("name", "bound"), [("exp", 1.0), ("log", 0.9)])
def test_errors_in_single_precision(functions, name, bound):
    rng = np.random.default_rng(3)
    patterns = rng.integers(0, 2**32, N, dtype=np.uint32).view(np.float32)
    region = rng.uniform(-104, 90, N) if name == "exp" else rng.uniform(0, 3, N)
    with np.errstate(all="ignore"):
        for x in (patterns, region.astype(np.float32), EDGES.astype(np.float32)):
            values = functions(name, x)
            exact = getattr(np, name)(x.astype(np.float64))
            assert error_in_ulp(values, exact) <= bound
            assert_same_specials(values, exact)


def test_ndtri_agrees_with_scipy():
    for x in arguments("ndtri")[:1] + arguments("ndtri")[2:]:
        expected = special.ndtri(x)
        np.testing.assert_allclose(elementary.ndtri(x), expected, rtol=2e-15, atol=1e-17)


@needs_extended
def test_ndtri_inverts_the_normal_distribution():
    """In the body, where the distribution itself is accurate: relative error below 1e-15."""
    p = np.random.default_rng(1).uniform(1e-12, 0.5, 20_000)
    x = elementary.ndtri(p)
    slope = np.exp(-0.5 * x * x) / np.sqrt(2 * np.pi)
    assert np.max(np.abs((special.ndtr(x) - p) / (slope * np.maximum(np.abs(x), 1e-3)))) < 2e-15


def test_shapes_are_kept():
    assert elementary.exp(0.0).shape == ()
    assert float(elementary.exp(0.0)) == 1.0
    assert elementary.log(np.ones((2, 0, 3))).shape == (2, 0, 3)
    np.testing.assert_array_equal(elementary.log1p([[0, 0], [0, 0]]), np.zeros((2, 2)))


def test_a_value_does_not_depend_on_its_place():
    x = np.random.default_rng(5).uniform(-5, 5, 20_011)
    whole = elementary.exp(x)
    for i in (0, 8191, 8192, 20_010):
        assert whole[i] == elementary.exp(x[i])


def test_a_lane_does_not_depend_on_its_neighbours(functions):
    x = np.random.default_rng(6).uniform(0.01, 0.99, 1000)
    for name in ("exp", "log", "ndtri", "sin", "tanh", "exprel"):
        whole = functions(name, x)
        for start, stop in ((0, 1), (1, 8), (3, 20), (990, 1000)):
            np.testing.assert_array_equal(functions(name, x[start:stop]), whole[start:stop])

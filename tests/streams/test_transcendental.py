"""The functions that only C++ has: errors against extended precision, and their edges."""

import math

import numpy as np
import pytest

N = 100_000
pytestmark = pytest.mark.skipif(
    np.finfo(np.longdouble).nmant < 63, reason="long double is no wider than double"
)
EDGES = np.array(
    [0.0, -0.0, np.inf, -np.inf, np.nan, 5e-324, -5e-324, 1e-310, 1.0, -1.0, 0.5, -0.5, 2.0, -2.0,
     3.0, 1.5, 1e300, -1e300, 700.0, 710.4, -710.4, 711.0, 2.0**-28, 1e-9, 1e-20]
)  # fmt: skip


def regions(name):
    rng = np.random.default_rng(4)

    def between(low, high):
        return rng.uniform(low, high, N)

    small = rng.normal(size=N) * 10.0 ** between(-20, 0)
    turns = np.arange(1, 30_000) * (np.pi / 2)
    circle = [between(-1, 1), between(-1e4, 1e4), between(-1e8, 1e8), small, turns]
    logarithm = [between(0.5, 2), 10 ** between(-320, 308), 1 + small / 10]
    return {
        "sin": circle, "cos": circle, "tan": circle,
        "sinh": [between(-3, 3), between(-711, 711), small],
        "cosh": [between(-3, 3), between(-711, 711)],
        "tanh": [between(-3, 3), between(-25, 25), small],
        "exprel": [between(-2, 2), between(-50, 709), small],
        "arcsin": [between(-1, 1), small / 10],
        "arccos": [between(-1, 1), 1 - 10 ** between(-16, 0), -1 + 10 ** between(-16, 0)],
        "arctan": [between(-4, 4), 10 ** between(-300, 300), small],
        "log2": logarithm, "log10": logarithm,
    }[name]  # fmt: skip


def exact(name, x):
    x = x.astype(np.longdouble)
    if name == "exprel":
        return np.where(x == 0, 1, np.expm1(x) / x)
    return getattr(np, name)(x)


def error_in_ulp(values, reference):
    rounded = reference.astype(np.float64)
    where = np.isfinite(rounded) & np.isfinite(values) & (rounded != 0)
    distance = np.abs(values[where].astype(np.longdouble) - reference[where])
    return float(np.max(distance / np.spacing(np.abs(rounded[where])), initial=0))


BOUNDS = {
    "sin": 0.9, "cos": 0.9, "tan": 2.3, "sinh": 2.5, "cosh": 1.6, "tanh": 2.7, "exprel": 2.2,
    "arcsin": 2.3, "arccos": 1.4, "arctan": 1.9, "log2": 0.6, "log10": 0.6,
}  # fmt: skip


@pytest.mark.parametrize("name", BOUNDS)
def test_errors_are_within_what_is_stated(functions, name):
    with np.errstate(all="ignore"):
        for x in regions(name):
            assert error_in_ulp(functions(name, x), exact(name, x)) <= BOUNDS[name]


@pytest.mark.parametrize("name", BOUNDS)
def test_edges(functions, name):
    x = EDGES
    if name in ("sin", "cos", "tan"):
        x = x[~(np.abs(x) > 1e8) | np.isinf(x)]
    if name == "exprel":
        x = x[~((x > 709) & (x < np.inf))]
    with np.errstate(all="ignore"):
        expected = exact(name, x).astype(np.float64)
    if name == "exprel":
        expected[x == np.inf] = np.inf
    values = functions(name, x)
    np.testing.assert_allclose(values, expected, rtol=1e-15, atol=0)
    zero = expected == 0
    np.testing.assert_array_equal(np.signbit(values[zero]), np.signbit(expected[zero]))


def test_angles_too_large_are_refused_as_nan(functions):
    x = np.array([1e8, np.nextafter(1e8, 2e8), -1e300])
    for name in ("sin", "cos", "tan"):
        assert np.isnan(functions(name, x)).tolist() == [False, True, True]


@pytest.mark.parametrize("region", range(6))
def test_pow_error(functions, region):
    rng = np.random.default_rng(9)
    u = rng.uniform
    x, y = [
        (10 ** u(-10, 10, N), u(-10, 10, N)),
        (u(0.5, 2, N), u(-1000, 1000, N)),
        (1 + 1e-3 * u(-1, 1, N), u(-1e5, 1e5, N)),
        (10 ** u(-300, 300, N), u(-1, 1, N)),
        (u(0, 3, N), np.full(N, 0.5)),
        (-u(0, 3, N), rng.integers(-20, 20, N).astype(float)),
    ][region]
    reference = np.power(x.astype(np.longdouble), y.astype(np.longdouble))
    assert error_in_ulp(functions("pow", x, y), reference) <= 1.3


def _libm_pow(x, y):
    try:
        return math.pow(x, y)
    except OverflowError:
        return -math.inf if x < 0 and y % 2 == 1 else math.inf
    except ValueError:
        return math.nan if x != 0 else math.copysign(math.inf, x if y % 2 == 1 else 1.0)


def test_pow_at_the_edges(functions):
    exponents = np.append(EDGES, [0.3, -0.3, -3.0, 4.0, 1e18, 2.0**53 - 1])
    x, y = (grid.ravel() for grid in np.meshgrid(EDGES, exponents))
    expected = np.array([_libm_pow(a, b) for a, b in zip(x, y, strict=True)])
    values = functions("pow", x, y)
    np.testing.assert_allclose(values, expected, rtol=1e-15, atol=0)
    zero = expected == 0
    np.testing.assert_array_equal(np.signbit(values[zero]), np.signbit(expected[zero]))


def test_powers_of_the_base_are_exact(functions):
    powers = np.arange(-1074, 1024)
    np.testing.assert_array_equal(functions("log2", np.ldexp(1.0, powers)), powers)
    np.testing.assert_array_equal(functions("log10", 10.0 ** np.arange(23)), np.arange(23))


def test_what_is_one_instruction(functions):
    x = np.concatenate([EDGES, np.random.default_rng(2).uniform(-9, 9, 1000)])
    with np.errstate(all="ignore"):
        for name in ("sqrt", "abs", "floor", "ceil", "sign"):
            np.testing.assert_array_equal(functions(name, x), getattr(np, name)(x))
            single = x.astype(np.float32)
            np.testing.assert_array_equal(functions(name, single), getattr(np, name)(single))


@pytest.mark.parametrize("name", [*BOUNDS, "expm1", "log1p"])
def test_single_precision_is_rounded_from_double(functions, name):
    x = np.random.default_rng(8).uniform(0.01, 0.99, 1000).astype(np.float32)
    expected = functions(name, x.astype(np.float64)).astype(np.float32)
    np.testing.assert_array_equal(functions(name, x), expected)

"""Neuron code in a machine's arithmetic, beside Python integers and NumPy's float32."""

import math
from dataclasses import replace

import numpy as np
import pytest
from machines import Bare

import neurosim as ns
from neurosim.errors import UnsupportedError
from neurosim.lowering.machine_program import Scalar
from neurosim.units import ms

ONE = 1 << 15
EDGES = [0, 1, -1, ONE, -ONE, 2**31 - 1, -(2**31), 3277, 3276, -3277, 16384, -16385, 65535, -65536]
N = 3000
VARIABLES = """a b f added taken product quotient scaled grown negative size whole bounded cut
power shifted"""
CODE = """
added = a + b
taken = a - b
product = a*b
quotient = a/b
scaled = a*f
grown = exp(a)
negative = -a
size = abs(a)
whole = floor(a)
bounded = clip(a, -2.5, 2.5)
cut = a*0.04 + 0.1
power = b**3
shifted = a/1024
"""


def values():
    """Random s16.15 numbers a and b as integers, edge cases first, and u0.32 factors."""
    rng = np.random.default_rng(11)
    scale = 2.0 ** rng.uniform(0, 31, (2, N))
    a, b = np.rint(rng.uniform(-1, 1, (2, N)) * scale).astype(np.int64)
    pairs = np.array([(x, y) for x in EDGES for y in EDGES]).T
    a[: pairs.shape[1]], b[: pairs.shape[1]] = pairs
    f = rng.integers(0, 2**32, N)
    f[:3] = [0, 1, 2**32 - 1]
    return a, b, f


def computed(scalar, a, b, f):
    """What the native engine makes of CODE in one step."""
    names = VARIABLES.split()
    model = ns.NeuronModel("\n".join(f"{name} : 1" for name in names))
    net = ns.Network(seed=1)
    net.population("P", N, model)

    def to_machine(draft):
        def change(population):
            code = population.code
            formats = {"f": "u0.32"} if scalar.format == "s16.15" else {}
            variables = tuple(
                replace(v, shared=False, format=formats.get(v.name, "")) for v in code.variables
            )
            made = replace(code, update=CODE, variables=variables, scalar=scalar)
            given = {**population.values, "a": a, "b": b, "f": f}
            return replace(population, code=made, values=given)

        draft.populations(change)

    with ns.Simulation(net, platform=Bare(steps=(to_machine,)), record=False) as sim:
        sim.run(0.1 * ms)
        return {name: sim.read("P", name) for name in names}


def wrapped(n):
    """A Python integer as a 32-bit register holds it."""
    return (n + 2**31) % 2**32 - 2**31


@pytest.fixture(scope="module")
def fixed():
    """Integers given, and what came out, as integers."""
    a, b, f = values()
    found = computed(Scalar("s16.15", 1e-3), a / ONE, b / ONE, f / 2**32)
    return (a, b, f), {name: np.rint(x * ONE).astype(np.int64) for name, x in found.items()}


def by_hand(a, b, f):
    """CODE in Python integers."""
    third = wrapped(b * b >> 15)
    return {
        "added": wrapped(a + b),
        "taken": wrapped(a - b),
        "product": wrapped(a * b >> 15),
        "quotient": wrapped((a << 15) // b) if b else 0,
        "scaled": wrapped(a * f >> 32),
        "negative": wrapped(-a),
        "size": wrapped(abs(a)),
        "whole": wrapped(a >> 15 << 15),
        "bounded": min(max(a, -(5 << 14)), 5 << 14),
        "cut": wrapped((a * 1310 >> 15) + 3276),
        "power": wrapped(third * b >> 15),
        "shifted": (a << 15) // (1024 << 15),
    }


def test_s16_15_code_is_computed_as_with_python_integers(fixed):
    given, found = fixed
    wrong = [
        (k, name, int(found[name][k]), value)
        for k, triple in enumerate(zip(*(x.tolist() for x in given), strict=True))
        for name, value in by_hand(*triple).items()
        if found[name][k] != value
    ]
    assert not wrong, wrong[:5]


def test_s16_15_exponential_is_the_floor_and_saturates(fixed):
    (a, _, _), found = fixed
    for n, grown in zip(a.tolist(), found["grown"].tolist(), strict=True):
        if n > 363408:
            assert grown == 2**31 - 1
        elif n < -340695:
            assert grown == 0
        else:
            exact = math.exp(n / ONE) * ONE
            assert abs(grown - math.floor(exact)) <= (exact > 2**22)
            assert grown == math.floor(exact) or abs(exact - round(exact)) < 1e-6 * exact


def test_float32_code_is_computed_in_float32():
    rng = np.random.default_rng(3)
    a, b, f = (rng.normal(0, 3, N).astype(np.float32) for _ in range(3))
    found = computed(Scalar("float32"), *(x.astype(np.float64) for x in (a, b, f)))
    cut = np.float32(0.04) * a + np.float32(0.1)
    expected = {
        "product": a * b,
        "quotient": a / b,
        "scaled": a * f,
        "cut": cut,
        "power": b * b * b,
    }
    for name, value in expected.items():
        assert np.array_equal(found[name].astype(np.float32), value), name
        assert np.array_equal(found[name], found[name].astype(np.float32)), name


@pytest.mark.parametrize(
    ("code", "named"), [("product = a**0.5", "whole powers"), ("product = sin(a)", r"sin\(\)")]
)
def test_what_the_arithmetic_has_not_is_refused_by_name(code, named):
    net = ns.Network(seed=1)
    net.population("P", 1, ns.NeuronModel("a : 1\nproduct : 1", name="odd"))

    def change(draft):
        draft.populations(
            lambda p: replace(p, code=replace(p.code, update=code, scalar=Scalar("s16.15")))
        )

    with (
        ns.Simulation(net, platform=Bare(steps=(change,)), record=False) as sim,
        pytest.raises(UnsupportedError, match=rf"model 'odd'.*{named}"),
    ):
        sim.run(1 * ms)

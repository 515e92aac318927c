"""Every function and operator of the equation language means the same on both engines."""

import numpy as np
import pytest
from brian2 import ms

import neurosim as ns
from neurosim.description.syntax import FUNCTIONS

NEGATIVE = [-709.0, -37.5, -8.0, -3.0, -2.5, -1.0, -0.75, -0.3, -1e-3, -1e-9, -0.0]
ABOVE = [0.0, 1e-300, 1e-17, 1e-9, 1e-3, 0.3, 0.5, 0.999, 1.0, 1.5, 2.0, 3.0, 7.5, 42.0, 700.0]
GRID = np.array([*NEGATIVE, *ABOVE])
UNIT = GRID[np.abs(GRID) <= 1]
POSITIVE = GRID[GRID > 0]
SMALL = GRID[np.abs(GRID) < 100]

# expression: (values of x, another way to say it in NumPy)
CASES = {
    "sin(x)": (SMALL, np.sin),
    "cos(x)": (SMALL, np.cos),
    "tan(x)": (SMALL, np.tan),
    "sinh(x)": (GRID, np.sinh),
    "cosh(x)": (GRID, np.cosh),
    "tanh(x)": (GRID, np.tanh),
    "arcsin(x)": (UNIT, np.arcsin),
    "arccos(x)": (UNIT, np.arccos),
    "arctan(x)": (GRID, np.arctan),
    "exp(x)": (GRID, np.exp),
    "expm1(x)": (GRID, np.expm1),
    "exprel(x)": (GRID, lambda x: np.where(np.abs(x) < 1e-16, 1, np.expm1(x) / (x + (x == 0)))),
    "log(x)": (POSITIVE, np.log),
    "log10(x)": (POSITIVE, np.log10),
    "log1p(x)": (GRID[GRID > -1], np.log1p),
    "sqrt(x)": (POSITIVE, np.sqrt),
    "abs(x)": (GRID, np.abs),
    "sign(x)": (GRID, np.sign),
    "floor(x)": (GRID, np.floor),
    "ceil(x)": (GRID, np.ceil),
    "clip(x, -1, 2.5)": (GRID, lambda x: np.clip(x, -1, 2.5)),
    "1.0*int(x)": (GRID, np.trunc),
    "1.0*int(x > 0.3)": (GRID, lambda x: 1.0 * (x > 0.3)),
    "1.0*int(x >= 1 or not (x > -1))": (GRID, lambda x: 1.0 * ((x >= 1) | (x <= -1))),
    "1.0*int(x != 0 and x <= 2)": (GRID, lambda x: 1.0 * ((x != 0) & (x <= 2))),
    "1.0*int(x == 3)": (GRID, lambda x: 1.0 * (x == 3)),
    "x % 3": (SMALL, lambda x: np.mod(x, 3)),
    "x // 3": (SMALL, lambda x: np.floor_divide(x, 3)),
    "x**2": (GRID, lambda x: x**2),
    "x**3": (SMALL, lambda x: x**3),
    "x**-1": (POSITIVE[1:], lambda x: 1 / x),
    "x**0.5": (POSITIVE, np.sqrt),
    "(x + 1000)**-1.25": (GRID, lambda x: (x + 1000) ** -1.25),
    "2**x": (SMALL, lambda x: 2.0**x),
    "-x**2": (GRID, lambda x: -(x**2)),
    "3/4*x": (GRID, lambda x: 0.75 * x),
    "pi*x*e": (GRID, lambda x: np.pi * x * np.e),
    "1.0*timestep(x*ms, 0.3*ms)": (POSITIVE, lambda x: np.floor((x + 3e-4) / 0.3)),
}


def test_every_function_has_a_case():
    called = {name for name in FUNCTIONS if any(f"{name}(" in code for code in CASES)}
    assert called == FUNCTIONS


@pytest.fixture(scope="module")
def network():
    net = ns.Network()
    for index, (code, (x, _)) in enumerate(CASES.items()):
        model = ns.NeuronModel(
            f"dy/dt = ({code})/tau : 1\nx : 1 (constant)",
            parameters={"tau": 0.1 * ms, "x": x},
            method="euler",
            name=f"case_{index}",
        )
        net.population(f"p{index}", x.size, model)
    return ns.lower(net, 0.1 * ms)


def test_functions_and_operators(start, engine, network):
    executable = start(engine, network)
    executable.advance(1)
    wrong = {}
    for index, (code, (x, function)) in enumerate(CASES.items()):
        found, wanted = executable.read(f"p{index}", "y"), function(x)
        with np.errstate(invalid="ignore"):
            close = np.isclose(found, wanted, rtol=4e-15, atol=0) | (found == wanted)
        if not close.all():
            k = int(np.flatnonzero(~close)[0])
            wrong[code] = (float(x[k]), float(found[k]), float(wanted[k]))
    assert not wrong


def test_time_is_the_start_of_the_step(start, engine):
    model = ns.NeuronModel(
        "dy/dt = sin(2*pi*50*Hz*t)/tau : 1\ndz/dt = t/tau**2 : 1",
        parameters={"tau": 0.1 * ms},
        method="euler",
        name="clocked",
    )
    net = ns.Network()
    net.population("n", 1, model)
    executable = start(engine, ns.lower(net, 0.1 * ms))
    executable.advance(137)
    steps = np.arange(137)
    assert executable.read("n", "y")[0] == pytest.approx(
        np.sin(steps * 0.01 * np.pi).sum(), rel=1e-12
    )
    assert executable.read("n", "z")[0] == pytest.approx(steps.sum(), rel=1e-12)

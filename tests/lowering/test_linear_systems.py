"""Exact solutions of linear systems, those without a state of rest among them."""

import numpy as np
import pytest
from brian2.core.variables import Variable
from brian2.equations.equations import Equations
from brian2.stateupdaters.base import UnsupportedEquationsException
from scipy.linalg import expm

from neurosim.lowering.linear_systems import solved

NAMES = ("a", "b", "k", "tau_1", "tau_2", "x", "y", "z")
VALUES = {"a": 0.7, "b": -1.3, "k": 2.5, "tau_1": 0.02, "tau_2": 0.3, "x": 1.5, "y": -0.4, "z": 0.9}

SYSTEMS = {
    "integrator": ("dx/dt = k*y : 1\ndy/dt = -y/tau_1 : 1", [[0, 2.5], [0, -50]], [0, 0]),
    "drift": ("dx/dt = a : 1\ndy/dt = -y/tau_1 : 1", [[0, 0], [0, -50]], [0.7, 0]),
    "products": (
        "dx/dt = k*(y + a*z) : 1\ndy/dt = -y/tau_1 - y/tau_2 : 1\ndz/dt = -z/tau_2 : 1",
        [[0, 2.5, 1.75], [0, -50 - 1 / 0.3, 0], [0, 0, -1 / 0.3]],
        [0, 0, 0],
    ),
    "chain": (
        "dx/dt = (b - x - y)/tau_2 : 1\ndy/dt = -y/tau_1 : 1",
        [[-1 / 0.3, -1 / 0.3], [0, -50]],
        [-1.3 / 0.3, 0],
    ),
    "independent": ("dx/dt = (a - x)/tau_1 : 1", [[-50]], [35.0]),
}


def advanced(equations, dt):
    known = {name: Variable(name) for name in NAMES}
    values = VALUES | {"dt": dt, "exp": np.exp}
    exec(solved(Equations(equations), known), {}, values)
    return values


@pytest.mark.parametrize("name", SYSTEMS)
@pytest.mark.parametrize("dt", [1e-4, 0.05, 3.0])
def test_equals_the_exponential_of_the_matrix(name, dt):
    equations, matrix, constant = SYSTEMS[name]
    size = len(matrix)
    whole = np.zeros((size + 1, size + 1))
    whole[:size, :size], whole[:size, size] = matrix, constant
    start = np.array([VALUES[n] for n in "xyz"[:size]] + [1.0])
    found = advanced(equations, dt)
    wanted = (expm(whole * dt) @ start)[:size]
    np.testing.assert_allclose([found[n] for n in "xyz"[:size]], wanted, rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("name", SYSTEMS)
def test_stays_finite_after_long_times(name):
    """Exponentials that grow overflow where dt is more than 709 time constants."""
    found = advanced(SYSTEMS[name][0], 1e4)
    assert all(np.isfinite(found[n]) for n in "xyz")


def test_refuses_what_is_not_linear():
    known = {name: Variable(name) for name in NAMES}
    with pytest.raises(UnsupportedEquationsException):
        solved(Equations("dx/dt = x*y : 1\ndy/dt = -y/tau_1 : 1"), known)
    with pytest.raises(UnsupportedEquationsException):
        solved(
            Equations("dx/dt = y*t : 1/second\ndy/dt = -y/tau_1 : 1"), known | {"t": Variable("t")}
        )

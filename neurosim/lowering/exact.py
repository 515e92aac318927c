"""Exact integration of linear equations by matrix exponentials.

For dX/dt = M X + b with M and b constant over a step,

    X(t + dt) = P X(t) + Q b,    P = exp(M dt),    Q = integral of exp(M s) ds, 0 to dt,

and both come from one exponential, exp([[M, 1], [0, 0]] dt) = [[P, Q], [0, 1]] (Van Loan 1978,
IEEE Trans. Autom. Control 23:395). Unlike a symbolic solution this holds for equal time
constants and for singular M (the plain integrate-and-fire neuron). Rotter & Diesmann 1999,
Biol. Cybern. 81:381 introduced the scheme to neural simulation.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from .expressions import evaluate, names_in
from .program import Value


@dataclass(frozen=True)
class Coefficient:
    """One number of the propagator: row, column (-1 for the constant term), and which kind.

    ``frozen`` coefficients hold while the ``unless refractory`` variables stand still.
    """

    name: str
    kind: Literal["P", "Q", "C"]
    frozen: bool
    row: int
    column: int


@dataclass(frozen=True)
class LinearSystem:
    """dX/dt = M X + b as expressions.

    Attributes
    ----------
    names : tuple of str
        The variables X.
    matrix : dict of (row, column) to str
        Entries of M that are not 0.
    constants : tuple of (row, str)
        Terms of b; a row may have one that is fixed and one that is not.
    held : tuple of str
        Variables that stand still while the neuron is refractory.
    fixed : frozenset of str
        Names that keep their value during a run.
    """

    names: tuple[str, ...]
    matrix: dict[tuple[int, int], str]
    constants: tuple[tuple[int, str], ...]
    held: tuple[str, ...]
    fixed: frozenset[str]

    def to_json(self) -> dict[str, Any]:
        """Return the system as JSON-able data."""
        return {
            "names": list(self.names),
            "matrix": [[i, j, code] for (i, j), code in sorted(self.matrix.items())],
            "constants": [[i, code] for i, code in self.constants],
            "held": list(self.held),
            "fixed": sorted(self.fixed),
        }

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> LinearSystem:
        """Return the system that ``to_json`` described."""
        return cls(
            names=tuple(data["names"]),
            matrix={(i, j): code for i, j, code in data["matrix"]},
            constants=tuple((i, code) for i, code in data["constants"]),
            held=tuple(data["held"]),
            fixed=frozenset(data["fixed"]),
        )

    def reach(self, frozen: bool) -> NDArray[np.bool_]:
        """Return which entries of P can differ from 0: (n, n) bool."""
        n = len(self.names)
        linked = np.eye(n, dtype=bool)
        for i, j in self.matrix:
            if not (frozen and self.names[i] in self.held):
                linked[i, j] = True
        for k in range(n):
            linked |= np.outer(linked[:, k], linked[k, :])
        return linked

    def names_behind(self, coefficient: Coefficient) -> set[str]:
        """Return the names that the value of a coefficient depends on."""
        reach, row = self.reach(coefficient.frozen), coefficient.row
        columns = [coefficient.column]
        names: set[str] = set()
        if coefficient.kind == "C":
            fixed = [(j, code) for j, code in self.constants if names_in(code) <= self.fixed]
            columns = [j for j, _ in fixed if reach[row, j]]
            names = names.union(*(names_in(code) for j, code in fixed if reach[row, j]))
        for (a, b), code in self.matrix.items():
            if reach[row, a] and any(reach[b, j] for j in columns):
                names |= names_in(code)
        return names


def propagate(system: LinearSystem, prefix: dict[str, str]) -> tuple[str, tuple[Coefficient, ...]]:
    """Return the statements of one step and the coefficients they use.

    Parameters
    ----------
    system : LinearSystem
    prefix : dict of str to str
        First letters of the coefficients' names, for the kinds "P", "Q", "C" and their frozen
        versions "Pf", "Qf", "Cf".
    """
    lines, used = [], []
    moving, standing = system.reach(False), system.reach(True)
    held = {k for k, name in enumerate(system.names) if name in system.held}
    for i, name in enumerate(system.names):
        code, coefficients = _row(system, i, moving, False, prefix)
        used += coefficients
        # Writes to held variables are dropped while refractory, so their row needs no other form.
        if i not in held and any(moving[i, k] for k in held):
            frozen_code, frozen_coefficients = _row(system, i, standing, True, prefix)
            used += frozen_coefficients
            code = f"int(not_refractory)*({code}) + (1 - int(not_refractory))*({frozen_code})"
        lines.append(f"_{name} = {code}")
    lines += [f"{name} = _{name}" for name in system.names]
    return "\n".join(lines), tuple(used)


def _row(
    system: LinearSystem, i: int, reach: NDArray[np.bool_], frozen: bool, prefix: dict[str, str]
) -> tuple[str, list[Coefficient]]:
    """Return the new value of variable i as a sum, and the coefficients in it."""
    name, terms, used, folded = system.names[i], [], [], False
    letter = {kind: prefix[kind + ("f" if frozen else "")] for kind in "PQC"}
    for j, other in enumerate(system.names):
        if reach[i, j]:
            coefficient = Coefficient(f"{letter['P']}_{name}_{other}", "P", frozen, i, j)
            terms.append(f"{coefficient.name}*{other}")
            used.append(coefficient)
    for j, code in system.constants:
        if not reach[i, j] or (frozen and system.names[j] in system.held):
            continue
        if names_in(code) <= system.fixed:
            folded = True
            continue
        coefficient = Coefficient(f"{letter['Q']}_{name}_{system.names[j]}", "Q", frozen, i, j)
        terms.append(f"{coefficient.name}*({code})")
        used.append(coefficient)
    if folded:
        coefficient = Coefficient(f"{letter['C']}_{name}", "C", frozen, i, -1)
        terms.append(coefficient.name)
        used.append(coefficient)
    return " + ".join(terms), used


def coefficient_values(
    system: LinearSystem,
    coefficients: tuple[Coefficient, ...],
    values: dict[str, Value],
    dt: float,
    where: str,
) -> dict[str, Value]:
    """Evaluate the coefficients.

    Parameters
    ----------
    system, coefficients
        As for and from :func:`propagate`.
    values : dict of str to float or (size,) array
        Every fixed name, SI units.
    dt : float
        Step, s.
    where : str
        Model and population, for messages.

    Returns
    -------
    dict of str to float or (size,) array
        Arrays where a parameter behind the coefficient is an array.
    """
    b = {
        i: evaluate(code, values, where)
        for i, code in system.constants
        if names_in(code) <= system.fixed
    }
    found: dict[str, Value] = {}
    for frozen in sorted({c.frozen for c in coefficients}):
        p, q = _matrices(system, values, dt, frozen, where)
        for c in coefficients:
            if c.frozen != frozen:
                continue
            if c.kind == "P":
                found[c.name] = _plain(p[:, c.row, c.column])
            elif c.kind == "Q":
                found[c.name] = _plain(q[:, c.row, c.column])
            else:
                held = system.held if frozen else ()
                terms = [
                    q[:, c.row, j] * value for j, value in b.items() if system.names[j] not in held
                ]
                # one by one: np.sum adds in another order where there is one neuron
                found[c.name] = _plain(reduce(np.add, terms))
    return found


def _plain(values: NDArray[np.float64]) -> Value:
    return float(values[0]) if values.shape[0] == 1 else np.ascontiguousarray(values)


def _matrices(
    system: LinearSystem, values: dict[str, Value], dt: float, frozen: bool, where: str
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return P and Q, each (1 or size, n, n)."""
    n = len(system.names)
    entries = {
        key: np.atleast_1d(np.asarray(evaluate(code, values, where), dtype=np.float64))
        for key, code in system.matrix.items()
        if not (frozen and system.names[key[0]] in system.held)
    }
    size = max((e.size for e in entries.values()), default=1)
    table = np.stack([np.broadcast_to(e, size) for e in entries.values()] or [np.zeros(size)], 1)
    rows, inverse = np.unique(table, axis=0, return_inverse=True)
    m = np.zeros((len(rows), n, n))
    for column, (i, j) in enumerate(entries):
        m[:, i, j] = rows[:, column]
    p, q = propagators(m, dt)
    index = inverse.reshape(-1)
    return p[index], q[index]


def propagators(
    m: NDArray[np.float64], dt: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return P = exp(M dt) and Q = integral of exp(M s) ds over a step.

    Parameters
    ----------
    m : (k, n, n) array, 1/s
    dt : float, s

    Returns
    -------
    p, q : (k, n, n) arrays
    """
    k, n, _ = m.shape
    scale = _scales(m, dt)
    ratio = scale[:, :, None] / scale[:, None, :]
    augmented = np.zeros((k, 2 * n, 2 * n))
    augmented[:, :n, :n] = m * dt / ratio
    # A sixteenth keeps this block, which enters linearly, from setting the number of squarings.
    augmented[:, :n, n:] = np.eye(n) / 16.0
    result = matrix_exponential(augmented)
    return result[:, :n, :n] * ratio, result[:, :n, n:] * ratio * (16.0 * dt)


def _scales(m: NDArray[np.float64], dt: float) -> NDArray[np.float64]:
    """Return a power of two per variable that brings off-diagonal entries near the diagonal's.

    In SI units entries differ by 1e12 (1/C beside 1/tau), and an exponential of such a matrix
    would lose digits to scaling and squaring. Balancing routines skip triangular matrices.
    """
    n = m.shape[1]
    size = np.abs(m)
    diagonal = size[:, np.arange(n), np.arange(n)]
    top = diagonal.max(axis=1)
    top[top == 0] = 1.0 / dt
    size[:, np.arange(n), np.arange(n)] = 0.0
    scale = np.ones(m.shape[:2])
    for _ in range(n):
        reached = (size * scale[:, None, :]).max(axis=2) / top[:, None]
        scale = np.maximum(scale, reached)
    return np.exp2(np.round(np.log2(scale)))


def matrix_exponential(a: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the exponentials of many small matrices, (k, n, n).

    Taylor's series to order 15 of a / 2**s, squared s times, with s such that the norm is at
    most 1/2: the truncation is then below 1e-17. A step is short beside the time constants, so
    s is mostly 0. (SciPy's expm loops over matrices and takes 0.1 s to import.) A matrix that is
    not finite gives NaN.
    """
    finite = np.isfinite(a).all(axis=(1, 2))
    norm = np.maximum(np.abs(a[finite]).sum(axis=2).max(axis=1), 0.5)
    squarings = np.full(finite.size, -1, np.int64)
    squarings[finite] = np.ceil(np.log2(norm / 0.5))
    result = np.full_like(a, np.nan)
    for s in np.unique(squarings[finite]):
        chosen = squarings == s
        result[chosen] = _squared_taylor(a[chosen] / 2.0**s, int(s))
    return result


def _squared_taylor(a: NDArray[np.float64], squarings: int) -> NDArray[np.float64]:
    identity = np.broadcast_to(np.eye(a.shape[1]), a.shape)
    result = identity.copy()
    for order in range(15, 0, -1):
        result = identity + a @ result / order
    for _ in range(squarings):
        result = result @ result
    return result

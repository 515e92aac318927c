"""Exact solutions of linear equations, also where one variable only adds up others."""

from __future__ import annotations

from itertools import chain
from typing import Any

import sympy
from brian2.equations.equations import Equations
from brian2.parsing.sympytools import sympy_to_str
from brian2.stateupdaters.base import UnsupportedEquationsException
from brian2.stateupdaters.exact import get_linear_system, linear
from brian2.utils.stringtools import get_identifiers


def solved(equations: Equations, known: dict[str, Any]) -> str:
    """Return statements that advance linear equations exactly by ``dt``.

    Equations that do not depend on each other are solved by Brian2. For others its solution
    overflows after long times (it divides growing exponentials), and it has none where there is
    no state of rest (``dw/dt = c``). They are solved here by the exponential of the matrix that
    holds the constant terms in a further column.

    Parameters
    ----------
    equations : Equations
    known : dict of str to Variable
        Every name that the equations use.

    Raises
    ------
    UnsupportedEquationsException
        The equations are not linear with constant coefficients.
    """
    names, matrix, constants = get_linear_system(equations, known)
    if matrix.is_diagonal() and all(matrix.diagonal()):
        return str(linear(equations, known))
    return _coupled(names, matrix, constants)


def _coupled(names: list[str], matrix: Any, constants: Any) -> str:
    for entry in chain(matrix, constants):
        if get_identifiers(str(entry)) & {"t", "rand", "randn"}:
            raise UnsupportedEquationsException(f"'{entry}' changes in between")
    step = sympy.Symbol("dt", real=True, positive=True)
    size = len(names)
    below = sympy.zeros(1, size + 1)
    whole = sympy.Matrix(matrix.row_join(constants)).col_join(below)
    try:
        advance = (whole * step).exp()
    except NotImplementedError as error:
        raise UnsupportedEquationsException("their matrix has no known exponential") from error
    if advance.has(sympy.I, sympy.re, sympy.im):
        raise UnsupportedEquationsException("their solution is complex")
    variables = [sympy.Symbol(name, real=True) for name in names]
    statements = []
    for row, name in enumerate(names):
        terms = [_simple(advance[row, column]) * variables[column] for column in range(size)]
        solution = sum(terms, _simple(advance[row, size]))
        statements.append(f"_{name} = {sympy_to_str(solution)}")
    return "\n".join([*statements, *(f"{name} = _{name}" for name in names)])


def _simple(entry: Any) -> Any:
    """Write an entry as a sum of exponentials that decay.

    A quotient of growing ones, as solvers give it, is not a number after some hundred time
    constants.
    """
    stands_for: dict[Any, Any] = {}  # a decaying exponential, by its negative exponent

    def decays(growth: Any) -> Any:
        product = sympy.S.One
        for term in sympy.Add.make_args(sympy.expand(growth.args[0])):
            count, rest = term.as_coeff_Mul()
            if not count.is_Integer:
                count, rest = sympy.sign(count), abs(count) * rest
            # the name decides the order of terms: the same in every process
            product /= stands_for.setdefault(rest, sympy.Dummy(str(rest), positive=True)) ** count
        return product

    replaced = entry.replace(lambda part: isinstance(part, sympy.exp), decays)
    above, below = sympy.fraction(sympy.cancel(sympy.together(replaced)))
    symbols = sorted(stands_for.values(), key=str)
    if not symbols or below.has(*symbols):
        return sympy.factor_terms(entry)
    exponents = {symbol: rest for rest, symbol in stands_for.items()}
    total = sympy.S.Zero
    for counts, factor in sympy.Poly(above, *symbols).terms():
        exponent = sum((n * exponents[s] for n, s in zip(counts, symbols, strict=True)), 0)
        total += sympy.factor_terms(factor / below) * sympy.exp(-exponent)
    return total

"""What equations may call besides Brian2's functions: tables over time and the user's own."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from typing import Any

import brian2
import numpy as np
from brian2.units.fundamentalunits import DIMENSIONLESS, Dimension
from numpy.typing import NDArray

from ..errors import DescriptionError, UnsupportedError
from .quantities import SECOND, dimensions, scalar, symbol, to_si

_DEFINITION = re.compile(
    r"\s*(?:inline\s+|static\s+|constexpr\s+)*(?:double|float|real)\s+(\w+)\s*\("
)


class TimedArray:
    """Values that follow one another in time: ``I(t)`` in a model's equations.

    Parameters
    ----------
    values : (n,) or (n, m) array with a unit
        ``values[k]`` holds from k dt on; the first value before that, the last one after the
        end. With two dimensions, ``I(t, i)`` takes column i.
    dt : Quantity
        How long a value holds. A multiple of the simulation's time step, or not: a value is taken
        over at the first step that starts at its time or later, as with Brian2's TimedArray.

    Examples
    --------
    >>> ns.NeuronModel("dv/dt = (R*I(t) - v)/tau : volt",
    ...     parameters=dict(I=ns.TimedArray([0, 1, 0]*nA, dt=10*ms), ...))  # doctest: +SKIP
    """

    def __init__(self, values: Any, dt: Any) -> None:
        self.dim: Dimension = dimensions(values)
        self.values: NDArray[np.float64] = to_si(values, None, "TimedArray: values")
        if self.values.ndim not in (1, 2) or self.values.size == 0:
            raise DescriptionError(
                f"TimedArray: values have shape {self.values.shape}; give (times,) or "
                "(times, columns), at least one."
            )
        self.values.flags.writeable = False
        self.dt = scalar(dt, SECOND, "TimedArray: dt")
        if not self.dt > 0:
            raise DescriptionError(f"TimedArray: dt is {self.dt!r} s; it must be positive.")

    @property
    def arguments(self) -> tuple[str, ...]:
        """Names of the arguments."""
        return ("t",) if self.values.ndim == 1 else ("t", "i")

    def brian2_function(self) -> brian2.Function:
        """Return what Brian2 needs to know to check and rearrange expressions."""
        units = [brian2.second, 1][: self.values.ndim]
        return brian2.Function(
            _nothing, arg_units=units, return_unit=_unit(self.dim), arg_names=self.arguments
        )

    def describe(self) -> dict[str, Any]:
        """Return a JSON-able account."""
        return {
            "timed_array": list(self.values.shape),
            "dt": self.dt,
            "min": float(self.values.min()),
            "max": float(self.values.max()),
            "unit": symbol(self.dim),
        }


class Function:
    """A function of your own that a model's equations call.

    Parameters
    ----------
    python : callable
        Takes and returns NumPy arrays in SI base units; used by the engine ``brian2``. It must
        depend on its arguments only.
    cpp : str, optional
        The same in C++, for the native engine: a definition such as
        ``"double f(double x) { return x < 0 ? 0 : x*x; }"``, or an expression of the names of
        ``python``'s arguments, such as ``"x*x"``. Numbers are in SI base units.
    arg_units : sequence of units
        Of each argument; 1 for a number without unit.
    return_unit : unit

    Notes
    -----
    ``cpp`` is compiled and run with the rights of the process; it can only be given in Python,
    never in a configuration file.

    Examples
    --------
    >>> rectify = ns.Function(lambda x: np.maximum(x, 0), cpp="x > 0 ? x : 0.0",
    ...                       arg_units=[1], return_unit=1)                  # doctest: +SKIP
    """

    def __init__(
        self,
        python: Callable[..., Any],
        cpp: str | None = None,
        *,
        arg_units: Sequence[Any],
        return_unit: Any,
    ) -> None:
        if not callable(python):
            raise DescriptionError("Function: the first argument must be a Python callable.")
        self.python, self.cpp = python, cpp
        self.arg_dims = tuple(_dimension(u) for u in arg_units)
        self.dim = _dimension(return_unit)
        self.arguments = self._argument_names()
        if cpp is not None and not (isinstance(cpp, str) and cpp.strip()):
            raise DescriptionError("Function: cpp must be a C++ definition or expression.")

    def _argument_names(self) -> tuple[str, ...]:
        try:
            signature = inspect.signature(self.python)
            names = [p.name for p in signature.parameters.values() if p.default is p.empty]
        except (TypeError, ValueError):  # some built-in functions do not tell
            names = []
        if len(names) != len(self.arg_dims):
            names = [f"x{k}" for k in range(len(self.arg_dims))]
        return tuple(names)

    def definition(self, name: str) -> str:
        """Return the C++ definition; UnsupportedError if none was given."""
        if self.cpp is None:
            raise UnsupportedError(
                f"the function {name!r} has no C++ form, which the native engine needs. Give it: "
                "Function(..., cpp=\"double f(double x) { ... }\"), or use engine 'brian2'."
            )
        if _DEFINITION.match(self.cpp):
            return self.cpp
        declared = ", ".join(f"double {a}" for a in self.arguments)
        return f"inline double {name}({declared}) {{ return {self.cpp}; }}"

    def brian2_function(self) -> brian2.Function:
        """Return what Brian2 needs to know to check and rearrange expressions."""
        return brian2.Function(
            _nothing,
            arg_units=[_unit(d) for d in self.arg_dims],
            return_unit=_unit(self.dim),
            arg_names=list(self.arguments),
        )

    def describe(self) -> dict[str, Any]:
        """Return a JSON-able account."""
        return {
            "function": getattr(self.python, "__name__", repr(self.python)),
            "cpp": self.cpp,
            "arguments": [symbol(d) for d in self.arg_dims],
            "unit": symbol(self.dim),
        }


Callee = TimedArray | Function


def split_callees(parameters: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Callee]]:
    """Separate values from what is called."""
    callees = {k: v for k, v in parameters.items() if isinstance(v, (TimedArray, Function))}
    return {k: v for k, v in parameters.items() if k not in callees}, callees


def _nothing(*_: Any) -> float:
    """Stand for a function where only its units matter."""
    return 0.0


def _dimension(unit: Any) -> Dimension:
    return DIMENSIONLESS if isinstance(unit, (int, float)) and unit == 1 else dimensions(unit)


def _unit(dim: Dimension) -> Any:
    return 1 if dim is DIMENSIONLESS else brian2.get_unit(dim)

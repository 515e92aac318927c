"""Recorders of state variables: of which neurons, what, when, and whether summed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from brian2.units.fundamentalunits import Dimension

from ..errors import DescriptionError, UnknownNameError, UnsupportedError
from . import syntax
from .equations import expression_dimensions
from .names import check_name
from .population import Population, PopulationView
from .quantities import SECOND, scalar, symbol

Reduce = Literal["", "sum", "mean"]


@dataclass(frozen=True, eq=False)
class Recorder:
    """Recording of something of some neurons.

    Attributes
    ----------
    name : str
    neurons : PopulationView
    variable : str
        A variable of the model, or an expression of its variables.
    every, start, stop : float or None
        Seconds: interval (None: every step), first sample (None: 0), end (None: never).
    reduce : {"", "sum", "mean"}
        Over the neurons.
    unit : str
        SI unit of what is recorded, as Brian2 writes it.
    """

    name: str
    neurons: PopulationView
    variable: str
    every: float | None
    start: float | None = None
    stop: float | None = None
    reduce: Reduce = ""
    unit: str = "1"

    @property
    def label(self) -> str:
        """What is recorded, as it is called in the recording: ``v`` or ``sum(v)``."""
        return f"{self.reduce}({self.variable})" if self.reduce else self.variable

    def describe(self) -> dict[str, Any]:
        """Return a JSON-able account of the recorder."""
        return {
            "name": self.name,
            "neurons": self.neurons.label,
            "variable": self.label,
            "every": self.every,
            "start": self.start,
            "stop": self.stop,
        }


@dataclass(frozen=True)
class Window:
    """When to sample, in seconds; None stands for every step, from 0, without end."""

    every: float | None
    start: float | None
    stop: float | None


def check_window(every: Any, start: Any, stop: Any, where: str) -> Window:
    """Return when to sample; DescriptionError if the interval or the window is empty."""
    seconds = [
        None if value is None else scalar(value, SECOND, f"{where}: {name}")
        for name, value in (("every", every), ("start", start), ("stop", stop))
    ]
    window = Window(*seconds)
    if window.every is not None and window.every <= 0:
        raise DescriptionError(f"{where}: every is {window.every!r} s; it must be > 0.")
    begin, end = window.start or 0.0, window.stop
    if begin < 0 or (end is not None and end <= begin):
        raise DescriptionError(
            f"{where}: nothing is recorded from {begin * 1e3:g} ms to "
            f"{'the end' if end is None else f'{end * 1e3:g} ms'}; start must be 0 or later, stop "
            "later than start. Times count from the start of the simulation, warm-up included."
        )
    return window


def make_recorder(
    target: PopulationView, code: Any, window: Window, reduce: Reduce, name: str | None
) -> Recorder:
    """Return a recorder of a variable, a subexpression or an expression of variables.

    Raises
    ------
    DescriptionError, UnknownNameError, ExpressionError, UnsupportedError
        A source, a name the model does not have, or an expression that cannot be recorded.
    """
    where = f"recorder of {target.label!r}"
    if not isinstance(target.parent, Population):
        raise DescriptionError(f"{where}: a spike source has no variables; record 'spikes'.")
    declared = target.parent.model.declared
    if isinstance(code, str) and code.strip().isidentifier() and code.strip() not in declared.dims:
        raise UnknownNameError("variable", code, (*declared.dims, "spikes"), where)
    known: dict[str, Dimension] = {**declared.dims, "t": SECOND, "dt": SECOND}
    dim = expression_dimensions(code, known, where)
    _, called = syntax.names(syntax.parse(code, where))
    if called & syntax.RANDOM_FUNCTIONS:
        raise UnsupportedError(
            f"{where}: {code!r} draws random numbers, which would not be those of the simulation. "
            "Make it a variable of the model and record that."
        )
    text = " ".join(code.split())
    label = f"{reduce}({text})" if reduce else text
    given = check_name(name, "recorder") if name is not None else f"{target.name}.{label}"
    return Recorder(
        given, target, text, window.every, window.start, window.stop, reduce, symbol(dim)
    )

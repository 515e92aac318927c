"""Recorders of synapses: of which projection, what, of which synapses, and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from brian2.units.fundamentalunits import Dimension
from numpy.typing import NDArray

from ..errors import DescriptionError, UnknownNameError, UnsupportedError
from . import syntax
from .equations import expression_dimensions
from .names import check_count, check_name
from .projection import Projection
from .quantities import SECOND, scalar, symbol
from .recorders import Window
from .synapse_binding import BoundSynapse

Kind = Literal["all", "chosen", "histogram"]
MAX_BINS = 100_000


@dataclass(frozen=True, eq=False)
class SynapseRecorder:
    """Recording of something of the synapses of a projection.

    Attributes
    ----------
    name, projection : str
    variable : str
        A synaptic variable, or an expression of some.
    every, start, stop : float or None
        Seconds: interval (None: every step), first sample (None: 0), end (None: never).
    synapses : (n,) int64, int or None
        Those recorded: positions in the order of ``Simulation.synapses``, or how many are drawn
        at random; None: all.
    bins : (low, high, n) or None
        SI units: how many values lie in each of n equal bins is recorded, not the values.
    unit : str
        SI unit of what is recorded, as Brian2 writes it.
    """

    name: str
    projection: str
    variable: str
    every: float | None
    start: float | None = None
    stop: float | None = None
    synapses: NDArray[np.int64] | int | None = None
    bins: tuple[float, float, int] | None = None
    unit: str = "1"

    @property
    def kind(self) -> Kind:
        """Whether values of all synapses are recorded, of chosen ones, or a histogram."""
        if self.bins is not None:
            return "histogram"
        return "all" if self.synapses is None else "chosen"

    def describe(self) -> dict[str, Any]:
        """Return a JSON-able account of the recorder."""
        account: dict[str, Any] = {
            "name": self.name,
            "projection": self.projection,
            "variable": self.variable,
            "every": self.every,
            "start": self.start,
            "stop": self.stop,
        }
        if self.synapses is not None:
            account["synapses"] = np.size(self.synapses)
            if not isinstance(self.synapses, np.ndarray):
                account["synapses"] = self.synapses
        return account | ({} if self.bins is None else {"bins": list(self.bins)})


def find_projection(projections: list[Projection], given: Any, where: str) -> Projection | None:
    """Return the projection that is meant, None if it is none; refuse one of another network."""
    if isinstance(given, str):
        return next((p for p in projections if p.name == given), None)
    if not isinstance(given, Projection):
        return None
    found = next((p for p in projections if p.name == given.name), None)
    if found is None or (found is not given and found.rule is not given.rule):
        raise DescriptionError(
            f"{where}: the projection {given.name!r} belongs to another network. Declare it in "
            "this one."
        )
    return found


def make_synapse_recorder(
    projection: Projection,
    code: Any,
    window: Window,
    synapses: Any,
    bins: Any,
    name: str | None,
) -> SynapseRecorder:
    """Return a checked recorder.

    Raises
    ------
    DescriptionError, UnknownNameError, ExpressionError, UnsupportedError
        Synapses that only add a constant weight, a name the synapses do not have, an expression
        that cannot be recorded, or no interval where all synapses would be recorded.
    """
    where = f"recorder of {projection.name!r}"
    bound = with_model(projection, where)
    text, dim = _checked(code, bound, where)
    if window.every is None and (synapses is None or bins is not None):
        raise DescriptionError(
            f"{where}: every is missing. All synapses are recorded at intervals, every=1*second; "
            "in every step only chosen ones: synapses=20 (drawn at random) or [0, 5, 7]."
        )
    given = check_name(name, "recorder") if name is not None else f"{projection.name}.{text}"
    return SynapseRecorder(
        name=given,
        projection=projection.name,
        variable=text,
        every=window.every,
        start=window.start,
        stop=window.stop,
        synapses=None if synapses is None else _checked_synapses(synapses, where),
        bins=None if bins is None else _checked_bins(bins, dim, where),
        unit=symbol(dim),
    )


def with_model(projection: Projection, where: str) -> BoundSynapse:
    """Return the synapse model of a projection; UnsupportedError if it has none."""
    if projection.synapse is None:
        raise UnsupportedError(
            f"{where}: its synapses only add a constant weight, which the run does not change, so "
            "there is nothing to record. Give project() a synapse model, or declare first what "
            "changes the weights (run_regularly, restructure)."
        )
    return projection.synapse


def _checked(code: Any, bound: BoundSynapse, where: str) -> tuple[str, Dimension]:
    """Return what is recorded and its dimensions."""
    subexpressions = {name: bound.model.text.own[name].dim for name in bound.model.text.computed}
    known: Mapping[str, Dimension] = {**bound.dims, **subexpressions}
    if not isinstance(code, str) or (code.strip().isidentifier() and code.strip() not in known):
        raise UnknownNameError("synaptic variable", code, known, where)
    dim = expression_dimensions(code, {**known, "t": SECOND, "dt": SECOND}, where)
    used, called = syntax.names(syntax.parse(code, where))
    if called & syntax.RANDOM_FUNCTIONS:
        raise UnsupportedError(
            f"{where}: {code!r} draws random numbers, which would not be those of the simulation. "
            "Make it a variable of the synapses and record that."
        )
    if not used & known.keys():
        raise DescriptionError(
            f"{where}: {code!r} is of no synaptic variable; the synapses have "
            f"{', '.join(map(repr, known))}."
        )
    return " ".join(code.split()), dim


def _checked_synapses(given: Any, where: str) -> NDArray[np.int64] | int:
    if np.ndim(given) == 0:
        return check_count(given, f"{where}: synapses")
    chosen = np.asarray(given)
    wrong = chosen.ndim != 1 or not chosen.size or chosen.dtype.kind not in "iu"
    if wrong or int(chosen.min()) < 0 or np.unique(chosen).size < chosen.size:
        raise DescriptionError(
            f"{where}: synapses is {given!r}; give different positions in the order of "
            "Simulation.synapses (0 or more), or how many to draw at random."
        )
    return chosen.astype(np.int64)


def _checked_bins(given: Any, dim: Dimension, where: str) -> tuple[float, float, int]:
    if not isinstance(given, (tuple, list)) or len(given) != 3:
        raise DescriptionError(
            f"{where}: bins is {given!r}; give the lower end, the upper end and how many: "
            "bins=(0*nS, 1*nS, 50)."
        )
    low, high = (scalar(value, dim, f"{where}: bins") for value in given[:2])
    n = check_count(given[2], f"{where}: the number of bins", largest=MAX_BINS)
    if not low < high:
        raise DescriptionError(
            f"{where}: the bins go from {given[0]!r} to {given[1]!r}; the upper end must be larger."
        )
    return low, high, n

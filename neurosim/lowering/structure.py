"""Structural plasticity lowered: when synapses change, and what new ones are drawn from."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .. import streams
from ..description.distributions import Distribution
from ..description.network import Network
from ..description.projection import Projection
from ..description.rules import Bernoulli, Edges
from ..description.structure import Restructuring, StructureRule
from ..description.wiring import OWN_STREAMS, structure_words
from ..errors import DescriptionError, UnsupportedError
from .draws import delay_draw, draw_values, on_grid, value_draw
from .projection_program import DelayDraw, Draw

if TYPE_CHECKING:
    from .program import Program
    from .projection_program import ProjectionProgram

_WEIGHT = "w"
_DELAY, _VALUES = OWN_STREAMS, OWN_STREAMS + 1  # streams of new synapses' numbers


@dataclass(frozen=True, eq=False)
class StructureProgram:
    """A projection whose synapses change at the steps ``start``, ``start + every``, ...

    Attributes
    ----------
    projection : str
    rule : StructureRule
        Says what changes.
    every, start : int
        Steps.
    autapses, multapses : bool
        What the projection's connection rule allows.
    delay : DelayDraw or None
        Of new synapses; None: only the rule can say.
    values : dict of str to Draw
        What new synapses' variables are drawn from; those that are missing only the rule can say.
    variables : tuple of str
        Every variable that has a value per synapse.
    """

    projection: str
    rule: StructureRule
    every: int
    start: int
    autapses: bool
    multapses: bool
    delay: DelayDraw | None
    values: dict[str, Draw] = field(default_factory=dict)
    variables: tuple[str, ...] = ()

    def due(self, step: int) -> bool:
        """Return whether the synapses change as ``step`` starts."""
        return step >= self.start and (step - self.start) % self.every == 0

    def steps_to_next(self, step: int) -> int:
        """Return the number of steps from ``step`` to the first change after it."""
        if step < self.start:
            return self.start - step
        return self.every - (step - self.start) % self.every


def with_structure(network: Network, program: Program) -> Program:
    """Return a lowered network with the structural plasticity of its projections.

    Parameters
    ----------
    network : Network
    program : Program
        All of the network but this, synapse models included.

    Raises
    ------
    DescriptionError, UnsupportedError
    """
    if not network.restructurings:
        return program
    names = [given.name for given in network.projections]
    made = []
    for given in network.restructurings:
        index = names.index(given.projection)
        described, base = network.projections[index], program.projections[index]
        made.append(_lowered(given, described, base, program))
    return replace(program, structures=tuple(made))


def _lowered(
    given: Restructuring, described: Projection, base: ProjectionProgram, program: Program
) -> StructureProgram:
    where = f"restructuring of {given.projection!r}"
    every = on_grid(given.every, program.dt, f"{where}: every")
    start = every if given.start is None else on_grid(given.start, program.dt, f"{where}: start")
    _check_pathways(base, where)
    rule = described.rule
    single = isinstance(rule, Bernoulli) or not hasattr(rule, "multapses")
    delay = _new_delay(given, base, program, where)
    return StructureProgram(
        projection=given.projection,
        rule=given.rule,
        every=every,
        start=start,
        autapses=bool(getattr(rule, "autapses", True)),
        multapses=isinstance(rule, Edges) or (not single and bool(getattr(rule, "multapses", 1))),
        delay=delay,
        values=_draws(given, base, where),
        variables=tuple(_per_synapse(base)),
    )


def _check_pathways(base: ProjectionProgram, where: str) -> None:
    """Refuse what cannot be entered again for synapses that were not there at the event."""
    if base.synapse is None:
        return
    for path in base.synapse.code.pathways:
        if path.event != "spike":
            raise UnsupportedError(
                f"{where}: its pathway {path.name!r} listens to the event {path.event!r}; synapses "
                "that come and go can only listen to spikes. Project from "
                "net.event_source(population, event) instead."
            )


def _per_synapse(base: ProjectionProgram) -> list[str]:
    if base.synapse is None:
        return []
    kept = ("state", "parameter")
    return [v.name for v in base.synapse.code.variables if not v.shared and v.role in kept]


def _draws(given: Restructuring, base: ProjectionProgram, where: str) -> dict[str, Draw]:
    """Return what each variable of a new synapse is drawn from, where there is such a thing."""
    synapse = base.synapse
    if synapse is None:
        return {}
    found: dict[str, Draw] = {}
    for name in _per_synapse(base):
        value = synapse.values.get(name, base.weight if name == _WEIGHT else None)
        if name == _WEIGHT and given.weight is not None:
            value = _amount(given.weight, where)
        if isinstance(value, Draw) and value.kind != "listed":
            found[name] = value
    if given.weight is not None and _WEIGHT not in found:
        raise DescriptionError(
            f"{where}: weight is given, but all its synapses have one weight, which never changes. "
            "Leave it out."
        )
    return found


def _amount(amount: object, where: str) -> Draw:
    if not isinstance(amount, (float, Distribution)):
        raise DescriptionError(f"{where}: weight must be a quantity or a distribution.")
    return value_draw(amount, f"{where}: weight")


def _new_delay(
    given: Restructuring, base: ProjectionProgram, program: Program, where: str
) -> DelayDraw | None:
    if given.delay is None:
        return None if base.delay.values is not None else base.delay
    if not isinstance(given.delay, (float, Distribution)):
        raise DescriptionError(f"{where}: delay must be a quantity or a distribution.")
    return delay_draw(given.delay, program.dt, where)


def new_delays(
    structure: StructureProgram,
    base: ProjectionProgram,
    key: tuple[int, int],
    ids: NDArray[np.int64],
    number: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Return delays of new synapses in steps.

    Parameters
    ----------
    structure : StructureProgram
    base : ProjectionProgram
    key : (int, int)
        Seed and step.
    ids : (n_new,) int64
        Network-wide ids of the targets.
    number : (n_new,) int64
        Of each among the new synapses of its target.

    Raises
    ------
    DescriptionError
        The projection lists its delays, so there is nothing to draw from.
    """
    if structure.delay is None:
        raise DescriptionError(_no_draw(structure, "delay", "delay=1.5*ms"))
    word = structure_words(key[0], base.index, key[1], _DELAY, ids, number)[:, 0]
    later = np.searchsorted(structure.delay.thresholds, word, side="right")
    return (structure.delay.first + later).astype(np.int64)


def new_values(
    structure: StructureProgram,
    base: ProjectionProgram,
    variable: str,
    key: tuple[int, int],
    ids: ArrayLike,
    number: ArrayLike,
) -> NDArray[np.float64]:
    """Return a variable of new synapses, SI units; arguments as of :func:`new_delays`."""
    if variable not in structure.values:
        raise DescriptionError(_no_draw(structure, repr(variable), "weight=20*pA"))
    stream = _VALUES + structure.variables.index(variable)
    word = structure_words(key[0], base.index, key[1], stream, ids, number)
    return draw_values(structure.values[variable], streams.uniform32(word[..., 0]))


def _no_draw(structure: StructureProgram, what: str, example: str) -> str:
    return (
        f"restructuring of {structure.projection!r}: {what} is listed synapse by synapse or given "
        "by an expression of source and target, so a new synapse has none. Let the rule give it "
        f"(StructureChange), or restructure(..., {example})."
    )

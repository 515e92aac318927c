"""Synapse types: which ring buffer each projection adds to, and how its weights are scaled."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ...lowering.program import ProjectionProgram
from .scaling import FULL

RING_UNIT = 2.0**-15
RING_FULL = FULL * RING_UNIT
_ADDS = re.compile(r"^(\w+)_post \+= w$", re.MULTILINE)


@dataclass(frozen=True)
class Receptor:
    """A synapse type of a population.

    Attributes
    ----------
    population : str
    variable : str
        Of the network's model: what its synapses add to.
    sign : {1, -1}
        Of the weights that arrive here.
    acts : {1, -1}
        Whether it excites; an inhibitory conductance has positive weights.
    unit : float
        SI units of one machine unit of weight (nA: 1e-9); above 0.
    scale : float
        Global scale of weights: 1, or 1024 for conductances.
    shift : int
        Left shift p of the ring buffer.
    expected : float
        Largest sum to expect in a tick, M, in scaled units.
    """

    population: str
    variable: str
    sign: int
    acts: int
    unit: float
    scale: float = 1.0
    shift: int = 0
    expected: float = 0.0

    @property
    def kind(self) -> str:
        """``exc`` or ``inh``."""
        return "exc" if self.acts > 0 else "inh"

    @property
    def ring(self) -> str:
        """Name of the accumulator: an integer weight w adds w / 32768 to it."""
        return f"ring_{self.variable}_{self.kind}"

    @property
    def suffix(self) -> str:
        """End of the names of this receptor's own variables and coefficients."""
        return f"{self.variable}_{self.kind}"

    @property
    def factor(self) -> float:
        """What a weight in SI units is multiplied by to be in the accumulator's unit."""
        return 2.0**-self.shift * self.scale / self.unit

    @property
    def per_weight(self) -> float:
        """Integer weight per SI unit."""
        return self.factor / RING_UNIT


def target_variable(projection: ProjectionProgram) -> str:
    """Return the variable that a plastic projection's weights are added to."""
    if projection.synapse is None:
        return projection.variable
    for pathway in projection.synapse.code.pathways:
        found = _ADDS.search(pathway.code)
        if found:
            return found[1]
    return projection.variable

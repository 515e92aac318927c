"""Which synaptic variables are the same for all synapses of a source, or of a target.

The trace of the source's spikes in a rule such as pair-based STDP is: it starts from one value,
decays alike in all synapses and grows at the same spikes. Kept once per source (and delay) or per
target, it takes no memory of the synapse and one exponential per spike.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from ..description import syntax
from ..description.brian2_errors import UNIT_PREFIX
from ..description.synapse_binding import BoundSynapse
from . import program as p
from .expressions import names_in

_FREE = frozenset({"t", "dt"})
_SYNAPSES_PER_PLACE = 16  # of a source with one delay, so that keeping its variables there pays


class Lifting:
    """The variables of one synapse model that can be kept outside of its synapses.

    Parameters
    ----------
    bound : BoundSynapse
    inlined : callable
        Returns code with subexpressions written out.
    uniform : set of str
        Parameters and initial values that are equal for all synapses.
    excluded : set of str
        Names that code besides the pathways uses.
    """

    def __init__(
        self,
        bound: BoundSynapse,
        inlined: Callable[[str], str],
        uniform: set[str],
        excluded: set[str],
    ) -> None:
        text = bound.model.text
        self._bound, self._inlined = bound, inlined
        self._event = [n for n in text.differential if "event-driven" in text.own[n].flags]
        self._equations = {n: inlined(bound.equations[n]) for n in self._event}
        self._shared = uniform - bound.assigned
        self._candidates = {n for n in self._event if n in uniform and n not in excluded}

    def variables(self, side: Literal["pre", "post"]) -> tuple[str, ...]:
        """Return those that spikes of one side change, all in the same way."""
        found = set(self._candidates)
        while True:
            kept = {name for name in found if self._fits(name, side, found)}
            if kept == found:
                return tuple(name for name in self._event if name in found)
            found = kept

    def _fits(self, name: str, side: str, found: set[str]) -> bool:
        writing = [
            (path, code)
            for path in self._bound.pathways
            for target, _, code in path.statements
            if target == name
        ]
        if not writing or any(path.side != side for path, _ in writing):
            return False
        codes = [self._equations[name], *(self._inlined(code) for _, code in writing)]
        others = [code for n, code in self._equations.items() if n not in found]
        return all(self._common(code, found) for code in codes) and not any(
            name in names_in(code) for code in others
        )

    def _common(self, code: str, found: set[str]) -> bool:
        """Return whether code has one value for all synapses that have the names of ``found``."""
        names, called = syntax.names(syntax.parse(code, self._bound.model.name))
        known = self._shared | found | _FREE
        return not called & syntax.RANDOM_FUNCTIONS and all(
            name in known or name.startswith(UNIT_PREFIX) for name in names
        )


def sources_pay(base: p.ProjectionProgram, delays: tuple[int | None, ...]) -> bool:
    """Return whether variables may be kept once per source and delay, on any share alike.

    Parameters
    ----------
    base : ProjectionProgram
        Before its edges are listed for the sake of formulas.
    delays : tuple of int or None
        Of the presynaptic pathways; None: the synapse's own.
    """
    if all(delay is not None for delay in delays):
        return True
    if any(delay is not None for delay in delays) or base.delay.values is not None:
        return False
    places = base.pre.size * (base.delay.thresholds.size + 1)
    if places == base.pre.size:
        return True
    return _total(base) >= _SYNAPSES_PER_PLACE * places


def _total(base: p.ProjectionProgram) -> float:
    """Return the number of synapses as far as every rank knows it, else 0."""
    rule = base.rule
    if base.total is None:
        if isinstance(rule, p.ListedEdges):
            return 0.0
        if isinstance(rule, p.RandomSources):
            return float(rule.indegree[0]) * base.post.size if rule.indegree.size == 1 else 0.0
    return base.expected_synapses

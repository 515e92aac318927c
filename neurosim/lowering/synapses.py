"""Synapse models to SynapseCode: state updaters, event-driven solutions, names and values."""

from __future__ import annotations

import json
import re
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy
from brian2.core.functions import DEFAULT_FUNCTIONS
from brian2.core.namespace import DEFAULT_UNITS
from brian2.core.variables import Variable as BrianVariable
from brian2.equations.equations import Equations
from brian2.stateupdaters.base import StateUpdateMethod, UnsupportedEquationsException
from brian2.units.fundamentalunits import Dimension

from .. import _version
from ..description import syntax
from ..description.brian2_errors import UNIT_PREFIX
from ..description.population import Population, PopulationView
from ..description.quantities import declaration, symbol
from ..description.synapse_binding import BoundSynapse
from ..description.synapse_text import SINCE_UPDATE, side_of
from ..errors import EquationError
from ..store import cached_text
from .expressions import names_in
from .integrators import substitutions
from .lifting import Lifting
from .linear_systems import solved
from .noise import NoiseSites
from .program import Variable
from .synapse_operations import lower_operation, words_of
from .synapse_program import PathwayCode, Settling, SummedCode, SynapseCode

if TYPE_CHECKING:
    from ..description.network import Network

_FORMAT = 2
_METHODS = ("exact", "euler", "heun")
_WORD = re.compile(r"[A-Za-z_]\w*")


def written_by_synapses(population: Population, network: Network) -> set[str]:
    """Return the variables of a population that synapses with a model write."""
    found = set()
    for projection in network.projections:
        bound = projection.synapse
        if bound is None:
            continue
        for side, neurons in (("pre", projection.pre), ("post", projection.post)):
            if neurons.name == population.name:
                found |= _written(bound, side)
    return found


def _written(bound: BoundSynapse, side: str) -> set[str]:
    targets = {target for p in bound.pathways for target, _, _ in p.statements}
    targets |= {f"{variable}_post" for variable in bound.summed}
    sides = [side_of(target) for target in targets]
    return {found[0] for found in sides if found is not None and found[1] == side}


def lower_synapse(
    bound: BoundSynapse,
    pre: PopulationView,
    post: PopulationView,
    uniform: set[str],
    where: str,
    *,
    by_source: bool = True,
    mentioned: frozenset[str] = frozenset(),
) -> SynapseCode:
    """Lower a synapse model as one projection uses it.

    Parameters
    ----------
    bound : BoundSynapse
    pre, post : PopulationView
    uniform : set of str
        Parameters and initial values that are equal for all synapses.
    where : str
        The projection, for messages.
    by_source : bool
        Whether variables may be kept once per source and delay.
    mentioned : frozenset of str
        Synaptic variables that code outside of the model uses.

    Returns
    -------
    SynapseCode
    """
    return _Lowering(bound, pre, post, uniform, where).code(by_source, mentioned)


class _Lowering:
    def __init__(
        self,
        bound: BoundSynapse,
        pre: PopulationView,
        post: PopulationView,
        uniform: set[str],
        where: str,
    ) -> None:
        self.bound, self.text, self.uniform = bound, bound.model.text, uniform
        self.where = f"{where}: synapse {bound.model.name!r}"
        self.expanded = _neurons_expanded(bound, pre, post) | self._subexpressions()
        self.noise = NoiseSites(set(bound.dims) | set(bound.neurons), self.where)
        own = self.text.own
        self.event = [n for n in self.text.differential if "event-driven" in own[n].flags]
        self.clock = [n for n in self.text.differential if "clock-driven" in own[n].flags]
        self._check_apart()

    def code(self, by_source: bool, mentioned: frozenset[str]) -> SynapseCode:
        settling, of_sources, of_targets = self._settlings(by_source, mentioned)
        pathways = tuple(
            PathwayCode(p.name, p.side, p.event, self._pathway(p.statements))
            for p in self.bound.pathways
        )
        update, method = self._clock_driven() if self.clock else ("", "none")
        update = self.noise.replace(update)
        summed = tuple(
            SummedCode(variable, self.noise.replace(self._inlined(self.bound.equations[name])))
            for variable, name in self.bound.summed.items()
        )
        operations = tuple(
            lower_operation(o, self._inlined, self.noise.replace, set(self.event), self.where)
            for o in self.bound.operations
        )
        texts = [update, *(p.code for p in pathways), *(s.code for s in summed)]
        texts += [text for operation in operations for text in operation.texts]
        texts += [settling.code, of_sources.code, of_targets.code]
        variables = self._variables(texts)
        written = {side: _written(self.bound, side) for side in ("pre", "post")}
        read = {side: _mentioned(texts, side) for side in ("pre", "post")}
        return SynapseCode(
            name=self.bound.model.name,
            variables=variables,
            declarations=self._declarations(variables),
            pathways=pathways,
            update=update,
            method=method,
            summed=summed,
            settling=settling,
            of_sources=of_sources,
            of_targets=of_targets,
            noise=self.noise.found,
            reads_pre=tuple(sorted(read["pre"])),
            reads_post=tuple(sorted(read["post"])),
            writes_pre=tuple(sorted(written["pre"])),
            writes_post=tuple(sorted(written["post"])),
            operations=operations,
        )

    def _subexpressions(self) -> dict[str, str]:
        """Return the synapses' own subexpressions in terms of variables and parameters."""
        found: dict[str, str] = {}
        pending = {name: self.bound.equations[name] for name in self.text.computed}
        while pending:
            ready = [n for n, code in pending.items() if not names_in(code) & pending.keys()]
            if not ready:
                raise EquationError(
                    f"synapse {self.bound.model.name!r}: the subexpressions "
                    f"{', '.join(sorted(pending))} refer to each other in a circle."
                )
            for name in ready:
                found[name] = f"({syntax.rename(pending.pop(name), found)})"
        return found

    def _inlined(self, code: str) -> str:
        """Return code with all subexpressions, of synapses and of neurons, written out."""
        # a synapse's subexpression may name a neuron's, so twice
        return syntax.rename(syntax.rename(code, self.expanded), self.expanded)

    def _pathway(self, statements: Any) -> str:
        return "\n".join(
            f"{target} {sign or ''}= {self.noise.replace(self._inlined(code))}"
            for target, sign, code in statements
        )

    def _settlings(
        self, by_source: bool, mentioned: frozenset[str]
    ) -> tuple[Settling, Settling, Settling]:
        """Return what brings up to date the variables of synapses, of sources, of targets."""
        other = [*self.clock, *self.text.summed]
        used = words_of(self.bound.operations, self._inlined)
        used |= set().union(*(names_in(self._inlined(self.bound.equations[n])) for n in other))
        lifting = Lifting(self.bound, self._inlined, self.uniform, used | mentioned)
        of_sources = lifting.variables("pre") if by_source else ()
        of_targets = lifting.variables("post")
        own = tuple(n for n in self.event if n not in {*of_sources, *of_targets})
        return self._settling(own), self._settling(of_sources), self._settling(of_targets)

    def _settling(self, names: tuple[str, ...]) -> Settling:
        return Settling(self._event_driven(list(names)), names) if names else Settling()

    def _at(self, name: str) -> str:
        """Return the model and the line that a message is about."""
        return f"{self.where}: {self.text.own[name].line}"

    def _check_apart(self) -> None:
        """Refuse what Brian2 refuses: event-driven variables that others need at other times."""
        uses = {n: names_in(self._inlined(c)) for n, c in self.bound.equations.items()}
        for name in [*self.clock, *self.text.summed]:
            for other in sorted(uses[name] & set(self.event)):
                raise EquationError(
                    f"{self._at(name)}: {name!r} needs {other!r} in every step, but {other!r} is "
                    "event-driven and up to date only at spikes. Mark it '(clock-driven)'."
                )
        for name in self.event:
            for other in sorted(uses[name] & set(self.clock)):
                raise EquationError(
                    f"{self._at(name)}: {name!r} is event-driven and cannot depend on {other!r}, "
                    "which changes in every step. Mark both '(clock-driven)'."
                )

    # -- state updaters ----------------------------------------------------------------------

    def _equations(self, names: list[str]) -> str:
        own, safe = self.text.own, self._safe(names)
        return "\n".join(
            f"d{safe.get(n, n)}/dt = "
            f"{syntax.rename(self._inlined(self.bound.equations[n]), safe)} : "
            f"{declaration(own[n].dim)}"
            for n in names
        )

    def _safe(self, names: list[str]) -> dict[str, str]:
        """Return other names for variables that SymPy would take for something of its own.

        Brian2's solvers hand over the names of differential variables as text: ``S``, ``trace``.
        """
        taken = self.bound.dims.keys() | self.bound.neurons.keys()
        found: dict[str, str] = {}
        for name in names:
            if hasattr(sympy, name):
                found[name] = next(other for k in count(1) if (other := f"{name}_{k}") not in taken)
        return found

    def _restored(self, code: str, names: list[str]) -> str:
        """Return code with the variables' own names."""
        given = {safe: name for name, safe in self._safe(names).items()}
        return _WORD.sub(lambda word: given.get(word[0], word[0]), code)

    def _known(self) -> dict[str, Any]:
        dims = self.bound.dims | self.bound.neurons
        names = {n for n in self._all_words() if n.startswith(UNIT_PREFIX)}
        variables: dict[str, Any] = {n: BrianVariable(n, dimensions=d) for n, d in dims.items()}
        for code in self.expanded.values():
            variables |= {n: BrianVariable(n) for n in names_in(code) if n not in variables}
        variables |= {n: BrianVariable(n, dimensions=_unit(n)) for n in names}
        functions = syntax.FUNCTIONS | syntax.RANDOM_FUNCTIONS
        return variables | {name: DEFAULT_FUNCTIONS[name] for name in functions}

    def _all_words(self) -> set[str]:
        codes = [*self.bound.equations.values(), *self.expanded.values()]
        return set().union(*(names_in(code) for code in codes))

    def _event_driven(self, names: list[str]) -> str:
        """Return the solution of event-driven equations over the time since the last event."""
        equations = self._equations(names)

        def solve() -> str:
            try:
                return solved(Equations(equations), self._known())
            except UnsupportedEquationsException as error:
                raise EquationError(
                    f"{self._at(names[0])}: {', '.join(names)} cannot be solved between spikes, as "
                    f"event-driven equations must be linear ({' '.join(str(error).split())}). "
                    "Mark them '(clock-driven)'."
                ) from error

        code = self._restored(self._cached("event", equations, "solved", solve), names)
        return self._bounded(re.sub(r"\bdt\b", SINCE_UPDATE, code), names)

    def _clock_driven(self) -> tuple[str, str]:
        equations = self._equations(self.clock)
        given = self.bound.model.method

        def find() -> str:
            return json.dumps(self._stepped(equations, given))

        code, method = json.loads(self._cached("clock", equations, given or "", find))
        return self._bounded(self._restored(code, self.clock), self.clock), method

    def _bounded(self, code: str, names: list[str]) -> str:
        """Return code that advances variables, and then moves them to within their bounds."""
        limits = self.bound.limits
        clips = [f"{n} = {self._inlined(limits[n].clipped(n, n))}" for n in names if n in limits]
        return "\n".join([code, *clips])

    def _stepped(self, equations: str, given: str | None) -> tuple[str, str]:
        """Return the statements of one step, and the state updater that made them."""
        reasons = []
        for method in (given,) if given else _METHODS:
            try:
                return self._step(equations, method), method
            except UnsupportedEquationsException as error:
                reasons.append(f"{method}: {' '.join(str(error).split())}")
        raise EquationError(
            f"{self._at(self.clock[0])}: {', '.join(self.clock)} cannot be integrated "
            f"({'; '.join(reasons)}). Choose another method, such as 'euler' or 'rk4'."
        )

    def _step(self, equations: str, method: str) -> str:
        parsed = Equations(equations)
        code = StateUpdateMethod.apply_stateupdater(parsed, self._known(), method)
        return str(code).replace("dt**.5", "sqrt(dt)")

    def _cached(self, kind: str, equations: str, method: str, make: Any) -> str:
        dims = {n: str(d) for n, d in sorted((self.bound.dims | self.bound.neurons).items())}
        content = [_FORMAT, _version.__version__, kind, equations, method, dims]
        return cached_text("neurosim.lowering.synapses " + json.dumps(content), make)

    # -- variables -----------------------------------------------------------------------------

    def _variables(self, texts: list[str]) -> tuple[Variable, ...]:
        found = []
        for name, dim in self.bound.dims.items():
            if name in self.text.computed:
                continue
            changes = name in self.bound.assigned
            role = "state" if changes else "parameter"
            found.append(Variable(name, symbol(dim), role, name in self.uniform and not changes))  # type: ignore[arg-type]
        words = set(_WORD.findall("\n".join(texts)))
        for name in sorted(word for word in words if word.startswith(UNIT_PREFIX)):
            found.append(Variable(name, symbol(_unit(name)), "coefficient", True))
        return tuple(found)

    def _declarations(self, variables: tuple[Variable, ...]) -> str:
        lines = []
        for variable in variables:
            dim = self.bound.dims.get(variable.name)
            written = variable.role == "parameter"  # see equation_text
            flags = ("shared" if written else "shared, constant") if variable.shared else "constant"
            listed = "" if variable.role == "state" else f" ({flags})"
            unit = declaration(_unit(variable.name) if dim is None else dim)
            lines.append(f"{variable.name} : {unit}{listed}")
        return "\n".join(lines)


def _unit(name: str) -> Dimension:
    return DEFAULT_UNITS[name.removeprefix(UNIT_PREFIX)].dim


def unit_value(name: str) -> float:
    """Return the SI value of a unit's variable, ``unit_mV``."""
    return float(np.asarray(DEFAULT_UNITS[name.removeprefix(UNIT_PREFIX)]))


def _mentioned(texts: list[str], side: str) -> set[str]:
    sides = [side_of(word) for word in _WORD.findall("\n".join(texts))]
    return {found[0] for found in sides if found is not None and found[1] == side}


def _neurons_expanded(
    bound: BoundSynapse, pre: PopulationView, post: PopulationView
) -> dict[str, str]:
    """Return the neurons' subexpressions that the code mentions, in terms of variables."""
    found = {}
    for name in bound.neurons:
        variable, side = side_of(name)  # type: ignore[misc]
        parent = (pre if side == "pre" else post).parent
        code = substitutions(parent.model.declared).get(variable)
        if code is not None:
            found[name] = f"({_suffixed(code, side)})"
    return found


def _suffixed(code: str, side: str) -> str:
    names = {n for n in names_in(code) if not n.startswith(UNIT_PREFIX) and n not in ("t", "dt")}
    return syntax.rename(code, {name: f"{name}_{side}" for name in names})

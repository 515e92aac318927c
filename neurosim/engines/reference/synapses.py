"""Synapses with code of their own, as Brian2's Synapses.

Order within a step, beside what :mod:`.executable` says: sums come before the neurons' state
update, in order of declaration; clock-driven equations after Poisson kicks; then all presynaptic
pathways and all postsynaptic ones, each in order of declaration.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import brian2
import numpy as np
from brian2.codegen.runtime.numpy_rt import NumpyCodeObject
from brian2.groups.group import CodeRunner
from numpy.typing import NDArray

from ... import streams
from ...elementary import ndtri
from ...lowering.program import Noise, Program, ProjectionProgram
from ...lowering.settled import settled_values
from ...lowering.synapse_edges import SynapseArrays, synapse_arrays
from ...lowering.synapse_program import SynapseCode, SynapseProgram
from ..base import SYNAPSE
from .objects import Edges, Neurons
from .synapse_operations import OperationRunner, Rewriter, operation_variables

_SINCE = "since_update"
_WORD = re.compile(r"(?<![\w.])[A-Za-z_]\w*")
_SUMMAND = "summand_{}"
_UPDATE_ORDER = -1.5  # after Poisson kicks (-2), before any pathway (-1 and more)
_SUM_ORDER = -1000


@dataclass
class General:
    """One projection: Brian2's object (None where it has no synapses) and what runs beside it.

    ``hidden`` names objects that run only where one of ``operations`` lets them.
    """

    projection: ProjectionProgram
    arrays: SynapseArrays
    synapses: brian2.Synapses | None
    names: dict[str, str]
    operations: list[brian2.NetworkOperation] = field(default_factory=list)
    sides: dict[str, Neurons] = field(default_factory=dict)
    hidden: list[str] = field(default_factory=list)

    @property
    def synapse(self) -> SynapseProgram:
        """The model; only projections that have one come here."""
        found = self.projection.synapse
        return found  # type: ignore[return-value]

    def edges(self) -> Edges:
        """Return where the synapses are, as for projections without a model."""
        return Edges(self.synapses, 0, self.arrays.pre.size)

    def array(self, variable: str) -> NDArray[np.float64]:
        """Return the memory of a synaptic variable, (n,) or (1,) where it is shared."""
        if self.synapses is None:
            return np.empty(0)
        return self.synapses.variables[self.names[variable]].get_value()

    def table(self) -> NDArray[np.void]:
        """Return every synapse, target-major; see ``Executable.synapse_table``."""
        out = np.empty(self.arrays.order.size, SYNAPSE)
        for name, column in (
            ("source", self.arrays.pre),
            ("target", self.arrays.post),
            ("delay", self.arrays.delay),
        ):
            out[name][self.arrays.order] = column
        return out

    def find_nan(self) -> tuple[str, int] | None:
        """Return (variable, synapse in target-major order) of a NaN, or None."""
        for variable in self.synapse.code.variables:
            if variable.role == "state" and np.isnan(self.array(variable.name)).any():
                return variable.name, int(np.flatnonzero(np.isnan(self.read(variable.name)))[0])
        return None

    def read(self, variable: str) -> NDArray[np.float64]:
        """Return a variable's values, target-major, (n,); event-driven ones as of now."""
        out = np.empty(self.arrays.order.size)
        event_driven = variable in self.synapse.code.event_driven and self.synapses is not None
        out[self.arrays.order] = self._settled()[variable] if event_driven else self.array(variable)
        return out

    def write(self, variable: str, values: NDArray[np.float64]) -> None:
        """Replace a variable's values, given target-major, (n,)."""
        if self.synapses is None:
            return
        if variable in self.synapse.code.event_driven:
            self._settle()
        self.array(variable)[:] = values[self.arrays.order]

    def shared_value(self, variable: str) -> float:
        """Return the current value of a parameter that all synapses share."""
        if self.synapses is None:
            return float(self.synapse.values[variable])  # type: ignore[arg-type]
        return float(self.array(variable)[0])

    def write_shared(self, variable: str, value: float) -> None:
        """Replace a parameter that all synapses share; what depends on it is up to date before."""
        if self.synapses is None:
            return
        self.settle_what_uses({variable})
        self.array(variable)[:] = value

    def settle_what_uses(self, names: set[str]) -> None:
        """Bring event-driven variables up to date if their equations use one of the names."""
        words = set(_WORD.findall("\n".join(s.code for s in self.synapse.code.settlings)))
        if self.synapses is not None and words & names:
            self._settle()

    def _settle(self) -> None:
        for name, current in self._settled().items():
            self.array(name)[:] = current
        self._brian2_array("lastupdate")[:] = self._brian2_array("t")

    def _settled(self) -> dict[str, NDArray[np.float64]]:
        """Return all event-driven variables as of now, in the order of ``arrays``."""
        elapsed = self._brian2_array("t") - self._brian2_array("lastupdate")
        found: dict[str, NDArray[np.float64]] = {}
        for settling in self.synapse.code.settlings:
            where = f"projection {self.projection.name!r}"
            found |= settled_values(settling, self._value, elapsed, where)
        return found

    def _value(self, name: str) -> NDArray[np.float64]:
        """Return a variable of the synapses, or of their sources or targets, for each synapse."""
        if name in self.names:
            return self.array(name)
        variable, _, side = name.rpartition("_")
        neurons = self.sides[side]
        values = np.broadcast_to(neurons.array(variable), (neurons.size,))
        return values[self.arrays.pre if side == "pre" else self.arrays.post]

    def _brian2_array(self, name: str) -> NDArray[np.float64]:
        return self.synapses.variables[name].get_value()  # type: ignore[union-attr]


def general_synapses(
    program: Program, neurons: dict[str, Neurons], clock: brian2.Clock
) -> list[General]:
    """Return every projection that has a synapse model."""
    several = _several_sums(program)
    found = []
    orders = _Orders()
    for projection in program.projections:
        if projection.synapse is not None:
            made = _Maker(program, projection, neurons, clock, several)
            found.append(made.general(orders))
    return found


def _several_sums(program: Program) -> set[tuple[str, str]]:
    """Return the (population, variable)s that more than one projection sums into."""
    targets = [
        (p.post.population, s.variable)
        for p in program.projections
        if p.synapse is not None
        for s in p.synapse.code.summed
    ]
    return {target for target in targets if targets.count(target) > 1}


class _Orders:
    """Hands out the order of pathways and sums within Brian2's slots."""

    def __init__(self) -> None:
        self._next = {"pre": 0, "post": 100_000, "sum": _SUM_ORDER, "operation": 0}
        self.summed: set[tuple[str, str]] = set()

    def next(self, kind: str) -> int:
        self._next[kind] += 1
        return self._next[kind]


class _Maker:
    def __init__(
        self,
        program: Program,
        projection: ProjectionProgram,
        neurons: dict[str, Neurons],
        clock: brian2.Clock,
        several: set[tuple[str, str]],
    ) -> None:
        self.program, self.projection, self.clock = program, projection, clock
        self.pre = neurons[projection.pre.population]
        self.post = neurons[projection.post.population]
        self.several = several
        self.arrays = synapse_arrays(program, projection)
        self.label = f"general_{projection.index}"
        self.replace = {f"{a}_pre": f"{b}_pre" for a, b in self.pre.names.items()}
        self.replace |= {f"{a}_post": f"{b}_post" for a, b in self.post.names.items()}
        # Brian2 refuses synaptic variables that are called as a variable of the neurons
        own = [*(v.name for v in self.code.variables), *(n.name for n in self.code.noise)]
        self.names = {name: f"{name}_syn" for name in own}
        self.replace |= self.names

    @property
    def synapse(self) -> SynapseProgram:
        return self.projection.synapse  # type: ignore[return-value]

    @property
    def code(self) -> SynapseCode:
        return self.synapse.code

    def general(self, orders: _Orders) -> General:
        synapses = self._synapses() if self.arrays.pre.size else None
        sides = {"pre": self.pre, "post": self.post}
        made = General(self.projection, self.arrays, synapses, self.names, sides=sides)
        for i, summed in enumerate(self.code.summed):
            self._sum(made, i, summed.variable, orders)
        if synapses is None:
            return made
        for side in ("pre", "post"):
            for i, _ in self.synapse.pathways(side):
                getattr(synapses, f"path_{i}").order = orders.next(side)
        if self.code.noise:
            made.operations.append(self._noise(synapses))
        for i, _ in enumerate(self.code.operations):
            self._operate(made, synapses, i, orders)
        if self.code.update:
            self._run(synapses, self._renamed(self.code.update), "synapses", _UPDATE_ORDER, "step")
        return made

    def _renamed(self, code: str) -> str:
        # all at once: a new name may be an old one of another variable
        return _WORD.sub(lambda match: self.replace.get(match[0], match[0]), code)

    def _model(self) -> str:
        lines = [self._renamed(self.code.declarations)]
        if self.code.event_driven:
            lines.append("lastupdate : second")
        lines += [f"{self.names[noise.name]} : 1" for noise in self.code.noise]
        # the sum's unit was checked in the description, and nothing checks it again
        lines += [f"{_SUMMAND.format(i)} : 1" for i, _ in enumerate(self.code.summed)]
        lines += operation_variables(self.code)
        return "\n".join(lines)

    def _pathway(self, code: str) -> str:
        code = self._renamed(code)
        if self.code.event_driven:
            settling = "\n".join(self._renamed(s.code) for s in self.code.settlings if s.code)
            return f"{_SINCE} = t - lastupdate\n{settling}\n{code}\nlastupdate = t"
        return code

    def _synapses(self) -> brian2.Synapses:
        sides: dict[str, dict[str, str]] = {"pre": {}, "post": {}}
        events = {}
        for i, path in enumerate(self.code.pathways):
            sides[path.side][f"path_{i}"] = self._pathway(path.code)
            own = self.pre.event if path.side == "pre" else "spike"
            events[f"path_{i}"] = own if path.event == "spike" else path.event
        synapses = brian2.Synapses(
            self.pre.group,
            self.post.group,
            model=self._model(),
            on_pre=sides["pre"] or None,
            on_post=sides["post"] or None,
            on_event=events or "spike",
            namespace={},
            dtype=np.float64,
            clock=self.clock,
            codeobj_class=NumpyCodeObject,
            name=self.label,
        )
        synapses.connect(i=self.arrays.pre, j=self.arrays.post)
        for variable in self.code.variables:
            value = self.synapse.values.get(variable.name)
            values = value if isinstance(value, float) else self.arrays.values[variable.name]
            synapses.variables[self.names[variable.name]].get_value()[:] = values
        for i, _ in enumerate(self.code.pathways):
            constant = self.synapse.delays[i]
            steps = (
                self.arrays.delay if constant is None else np.full(self.arrays.pre.size, constant)
            )
            getattr(synapses, f"path_{i}").variables["delay"].set_value(steps * self.program.dt)
        return synapses

    def _run(self, synapses: Any, code: str, when: str, order: float, name: str) -> None:
        synapses.contained_objects.append(
            CodeRunner(
                synapses,
                "stateupdate",
                code=code,
                clock=self.clock,
                when=when,
                order=order,
                name=f"{self.label}_{name}",
                check_units=False,
                codeobj_class=NumpyCodeObject,
            )
        )

    def _sum(self, made: General, index: int, variable: str, orders: _Orders) -> None:
        """Sum what each synapse gives; the first sum of a variable replaces, others add."""
        target = (self.projection.post.population, variable)
        replaces = target not in orders.summed
        orders.summed.add(target)
        values = self.post.array(variable)
        inside = self.projection.post.local_ids()
        if made.synapses is not None:
            code = f"{_SUMMAND.format(index)} = {self._renamed(self.code.summed[index].code)}"
            self._run(made.synapses, code, "groups", orders.next("sum"), f"summand_{index}")
            summands = made.synapses.variables[_SUMMAND.format(index)].get_value()
        else:
            summands = np.empty(0)
        others = self._others(variable) if replaces else np.empty(0, np.int64)

        def add_up() -> None:
            total = np.bincount(self.arrays.post, weights=summands, minlength=values.size)
            if replaces:
                values[others] = 0.0
                values[inside] = total[inside]
            else:
                values[inside] += total[inside]

        made.operations.append(
            self._operation(add_up, "groups", orders.next("sum"), f"sum_{index}")
        )

    def _others(self, variable: str) -> NDArray[np.int64]:
        """Return the neurons that only later projections sum into, local ids."""
        spans = [
            p.post.local_ids()
            for p in self.program.projections
            if p.synapse is not None
            and p.post.population == self.projection.post.population
            and variable in [s.variable for s in p.synapse.code.summed]
        ]
        return np.setdiff1d(np.concatenate(spans), self.projection.post.local_ids())

    def _operate(
        self, made: General, synapses: brian2.Synapses, index: int, orders: _Orders
    ) -> None:
        code = self.code.operations[index]
        runner = OperationRunner(
            code,
            self.synapse.times[index],
            synapses,
            self.arrays,
            Rewriter(self.names, self._renamed, self._pathway),
            self._draw(synapses, code.texts),
            f"{self.label}_operation_{index}",
        )
        made.operations.append(runner.operation(self.clock, orders.next("operation")))
        made.hidden += runner.hidden

    def _noise(self, synapses: brian2.Synapses) -> brian2.NetworkOperation:
        step = self.clock.variables["timestep"].get_value()
        code = self.code
        texts = (code.update, *(p.code for p in code.pathways), *(s.code for s in code.summed))
        draw = self._draw(synapses, texts)
        return self._operation(lambda: draw(int(step[0])), "start", -2, "noise")

    def _draw(self, synapses: brian2.Synapses, texts: tuple[str, ...]) -> Callable[[int], None]:
        """Return what draws the random numbers that some code uses, in a given step."""
        words = set(_WORD.findall("\n".join(texts)))
        held = [
            (noise, synapses.variables[self.names[noise.name]].get_value())
            for noise in self.code.noise
            if noise.name in words
        ]

        def draw(step: int) -> None:
            for noise, values in held:
                values[:] = _numbers(self.program.seed, self.projection, self.arrays, noise, step)

        return draw

    def _operation(
        self, function: Callable[[], None], when: str, order: float, name: str
    ) -> brian2.NetworkOperation:
        return brian2.NetworkOperation(
            function, clock=self.clock, when=when, order=order, name=f"{self.label}_{name}"
        )


def _numbers(
    seed: int, projection: ProjectionProgram, arrays: SynapseArrays, noise: Noise, step: int
) -> NDArray[np.float64]:
    """Return what a random call has for every synapse in a step."""
    now = int(step)
    named = (now & 0xFFFFFFFF, now >> 32, projection.index << 8 | noise.site)
    purpose = streams.Purpose.SYNAPSE
    word = streams.synaptic_words(seed, purpose, named, arrays.post_id, arrays.number)
    u = np.minimum(streams.uniform53(word[..., 0], word[..., 1]), 1.0 - 2.0**-53)
    return ndtri(u) if noise.kind == "normal" else u

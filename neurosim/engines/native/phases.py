"""The phases of a step with synapse models, and where threads must meet between them.

A thread writes its own neurons only; it reads others' where synapses use variables of their
source. Threads meet before a phase that reads what another has written since they last met, and
before one that writes what another may still be reading. Where neurons are spread over ranks, the
ranks first give each other what a phase reads and has changed since they last did.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum

from ...lowering.program import Program, ProjectionProgram
from ...lowering.synapse_program import SynapseCode


class Kind(IntEnum):
    """As PhaseKind of include/general_types.hpp."""

    SUM_GATHER = 0
    SUM_APPLY = 1
    NEURONS = 2
    UPDATE_GATHER = 3
    UPDATE_APPLY = 4
    DELIVER = 5
    PRE_GATHER = 6
    PRE_APPLY = 7
    POST_APPLY = 8
    RESET = 9


Variables = frozenset[tuple[str, str]]
_NOTHING: Variables = frozenset()


@dataclass(frozen=True)
class Phase:
    """One phase: what it does, for which projection and part, what it touches.

    ``reads`` are (population, variable)s of neurons that other threads own, ``writes`` of own
    ones; ``barrier`` tells that all threads meet before it, ``shares`` which variables ranks give
    each other before it.
    """

    kind: Kind
    general: int = -1
    part: int = -1
    reads: Variables = _NOTHING
    writes: Variables = _NOTHING
    barrier: bool = False
    shares: Variables = _NOTHING


def phases(program: Program) -> list[Phase]:
    """Return the phases of a step; none where no projection has a synapse model."""
    general = [p for p in program.projections if p.synapse is not None]
    if not general:
        return []
    everything = _stored(program)
    plain = frozenset(
        (p.post.population, p.variable) for p in program.projections if p.synapse is None
    )
    step = [
        *_sums(general),
        Phase(Kind.NEURONS, writes=everything),
        *_updates(general),
        Phase(Kind.DELIVER, writes=plain),
        *_pathways(general, "pre"),
        *_pathways(general, "post"),
        Phase(Kind.RESET, writes=everything),
    ]
    return _with_shares(_with_barriers(step), everything - _constant(program))


def read_by_synapses(program: Program) -> list[tuple[str, str]]:
    """Return the (population, variable)s of sources that synapses read, one value per neuron."""
    general = [p for p in program.projections if p.synapse is not None]
    read = {place for projection in general for place in _all_reads(projection)}
    return sorted(read & _stored(program))


def changing_reads(program: Program, projection: ProjectionProgram) -> list[int]:
    """Return which of those variables a projection reads that change while a run goes on."""
    changing = _all_reads(projection) & (_stored(program) - _constant(program))
    return [i for i, place in enumerate(read_by_synapses(program)) if place in changing]


def _stored(program: Program) -> Variables:
    """Return all variables with one value per neuron."""
    return frozenset(
        (population.name, variable.name)
        for population in program.populations
        for variable in population.code.variables
        if not variable.shared
    )


def _constant(program: Program) -> Variables:
    """Return the parameters that nothing changes while a run goes on."""
    parameters = frozenset(
        (population.name, variable.name)
        for population in program.populations
        for variable in population.code.variables
        if variable.role == "parameter"
    )
    changed = {(c.span.population, c.variable) for c in program.currents}
    changed |= {(o.span.population, name) for o in program.operations for name in o.writes}
    changed |= {(p.post.population, p.variable) for p in program.projections}
    changed |= {(p.post.population, p.variable) for p in program.poisson}
    return parameters - changed


def _code(projection: ProjectionProgram) -> SynapseCode:
    return projection.synapse.code  # type: ignore[union-attr]


def _reads(projection: ProjectionProgram) -> Variables:
    """Return what is read of sources in every step: operations see to what they read."""
    return frozenset((projection.pre.population, name) for name in _code(projection).steadily_read)


def _all_reads(projection: ProjectionProgram) -> Variables:
    return frozenset((projection.pre.population, name) for name in _code(projection).reads_pre)


def _sums(general: list[ProjectionProgram]) -> list[Phase]:
    found = []
    for g, projection in enumerate(general):
        for part, summed in enumerate(_code(projection).summed):
            writes = frozenset({(projection.post.population, summed.variable)})
            found.append(Phase(Kind.SUM_GATHER, g, part, reads=_reads(projection)))
            found.append(Phase(Kind.SUM_APPLY, g, part, writes=writes))
    return found


def _updates(general: list[ProjectionProgram]) -> list[Phase]:
    found = []
    for g, projection in enumerate(general):
        if _code(projection).update:
            found.append(Phase(Kind.UPDATE_GATHER, g, reads=_reads(projection)))
            found.append(Phase(Kind.UPDATE_APPLY, g))
    return found


def _pathways(general: list[ProjectionProgram], side: str) -> list[Phase]:
    found = []
    for g, projection in enumerate(general):
        code = _code(projection)
        writes = frozenset((projection.post.population, name) for name in code.writes_post)
        for part, path in enumerate(code.pathways):
            if path.side != side:
                continue
            if side == "pre":
                found.append(Phase(Kind.PRE_GATHER, g, part, reads=_reads(projection)))
                found.append(Phase(Kind.PRE_APPLY, g, part, writes=writes))
            else:
                reads = _reads(projection)
                found.append(Phase(Kind.POST_APPLY, g, part, reads=reads, writes=writes))
    return found


def _with_barriers(step: list[Phase]) -> list[Phase]:
    """Put a meeting before each phase that needs one, going round the step twice."""
    needed = [False] * len(step)
    reads: set[tuple[str, str]] = set()
    writes: set[tuple[str, str]] = set()
    for i in [*range(len(step)), *range(len(step))]:
        phase = step[i]
        if phase.reads & writes or phase.writes & reads:
            needed[i] = True
            reads, writes = set(), set()
        reads |= phase.reads
        writes |= phase.writes
    return [replace(phase, barrier=b) for phase, b in zip(step, needed, strict=True)]


def _with_shares(step: list[Phase], changing: Variables) -> list[Phase]:
    """Put before each phase what ranks give each other; all is shared as an advance begins."""
    shares = [_NOTHING] * len(step)
    changed: Variables = _NOTHING
    for i in [*range(len(step)), *range(len(step))]:
        phase = step[i]
        shares[i] = phase.reads & changed
        everywhere = phase.kind in (Kind.NEURONS, Kind.RESET)
        written = phase.writes & changing if everywhere else phase.writes
        changed = (changed - shares[i]) | written
    return [replace(phase, shares=s) for phase, s in zip(step, shares, strict=True)]

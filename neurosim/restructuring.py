"""Structural plasticity while a network runs: when rules act, and what becomes of their answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .description.wiring import StructureChange, Wiring, integers, ranks_within
from .engines.base import SYNAPSE, Executable
from .errors import DescriptionError, UnknownNameError
from .joint import Ranks
from .lowering.program import Program, ProjectionProgram, Span
from .lowering.structure import StructureProgram, new_delays, new_values
from .parallel.share import Share
from .state_values import check_limits


@dataclass(frozen=True)
class StructureCount:
    """What a restructuring did to the synapses onto a rank's own neurons.

    Attributes
    ----------
    projection : str
    step : int
        The first with the new synapses.
    created, deleted : int
    n_synapses : int
        Afterwards.
    """

    projection: str
    step: int
    created: int
    deleted: int
    n_synapses: int


@dataclass(frozen=True, eq=False)
class _Structure:
    """Synapses as they shall be; ``kept`` tells where each was, -1 for new ones."""

    table: NDArray[np.void]
    kept: NDArray[np.int64]
    values: dict[str, NDArray[np.float64]]
    created: int
    deleted: int


class Restructurer:
    """Changes the synapses of a running network where its rules say so.

    Every rank makes the same calls.

    Parameters
    ----------
    program : Program
    ranks : Ranks
    """

    def __init__(self, program: Program, ranks: Ranks) -> None:
        self._program, self._ranks = program, ranks
        self._by_name = {p.name: p for p in program.projections}

    def limit(self, step: int, wanted: int) -> int:
        """Return how many of ``wanted`` steps may be simulated before synapses change."""
        return min([wanted, *(s.steps_to_next(step) for s in self._program.structures)])

    def apply(self, executable: Executable, step: int) -> list[StructureCount]:
        """Change what is due as ``step`` starts; return what was done.

        Raises
        ------
        DescriptionError
            A rule's answer does not fit; or whatever a user's rule raises.
        """
        due = [s for s in self._program.structures if s.due(step)]
        return [self._apply(executable, structure, step) for structure in due]

    def _apply(
        self, executable: Executable, structure: StructureProgram, step: int
    ) -> StructureCount:
        base = self._by_name[structure.projection]
        table = executable.synapse_table(base.name)
        wiring = self._wiring(executable, structure, base, table, step)
        change = structure.rule.change(wiring)
        shared = partial(executable.read_shared, base.name)
        answered = partial(self._answered, structure, base, wiring, table, change, shared)
        new = self._ranks.together(answered)
        if self._ranks.total(np.array([new.created + new.deleted]))[0]:
            executable.replace_synapses(base.name, new.table, new.kept, new.values)
        for span, values, whole in ((base.pre, change.pre, True), (base.post, change.post, False)):
            for variable, given in values.items():
                self._write(executable, span, variable, given, whole, structure)
        return StructureCount(base.name, step, new.created, new.deleted, new.table.size)

    def _wiring(
        self,
        executable: Executable,
        structure: StructureProgram,
        base: ProjectionProgram,
        table: NDArray[np.void],
        step: int,
    ) -> Wiring:
        share = self._program.share
        own = base.post.own(share)
        sources, targets = base.pre.local_ids(), base.post.local_ids_at(own)
        return Wiring(
            projection=base.name,
            step=step,
            dt=self._program.dt,
            sources=sources,
            targets=targets,
            source=np.searchsorted(sources, table["source"]),
            target=np.searchsorted(targets, table["target"]),
            delay=table["delay"].copy(),
            source_ids=base.pre.global_ids(),
            target_ids=base.post.global_ids_at(own),
            autapses=structure.autapses,
            multapses=structure.multapses,
            n_ranks=share.n_ranks,
            seed=self._program.seed,
            index=base.index,
            read=partial(self._read, executable, base),
            exchange=self._ranks.communicator.gather,
        )

    def _read(
        self, executable: Executable, base: ProjectionProgram, side: str, variable: str
    ) -> NDArray[np.float64]:
        if side == "synapse":
            return executable.read_synapses(base.name, variable)
        span = base.pre if side == "pre" else base.post
        self._check_neurons(span)
        values = executable.read(span.population, variable)
        if side == "pre":
            return self._ranks.whole(values)[span.local_ids()]
        return values[_own_places(span, self._program.share)]

    def _check_neurons(self, span: Span) -> None:
        names = [p.name for p in self._program.populations]
        if span.population not in names:
            raise UnknownNameError("population of neurons", span.population, names)

    def _answered(
        self,
        structure: StructureProgram,
        base: ProjectionProgram,
        wiring: Wiring,
        table: NDArray[np.void],
        change: StructureChange,
        shared: Callable[[str], float],
    ) -> _Structure:
        where = f"the rule of {base.name!r}"
        if not isinstance(change, StructureChange):
            raise DescriptionError(
                f"{where} answered {type(change).__name__}; it must return a ns.StructureChange."
            )
        gone = _deleted(change.delete, table.size, where)
        source = integers(change.source, wiring.sources.size, f"{where}: source")
        target = integers(change.target, wiring.targets.size, f"{where}: target")
        if source.size != target.size:
            raise DescriptionError(
                f"{where} gives {source.size} sources and {target.size} targets of new synapses."
            )
        ids, number = wiring.target_ids[target], ranks_within(target)
        key = (self._program.seed, wiring.step)
        new = np.empty(source.size, SYNAPSE)
        new["source"], new["target"] = wiring.sources[source], wiring.targets[target]
        if change.delay is None:
            new["delay"] = new_delays(structure, base, key, ids, number) if new.size else 0
        else:
            new["delay"] = _steps(change.delay, new.size, f"{where}: delay")
        if _delays_matter(base):
            self._check_delays(new["delay"], where)
        values = self._values(structure, base, change.values, key, ids, number)
        values = {
            name: check_limits(self._program, base.name, name, given, shared)
            for name, given in values.items()
        }
        stay = np.flatnonzero(~gone)
        whole = np.concatenate([table[stay], new])
        order = np.argsort(whole["target"], kind="stable")
        kept = np.concatenate([stay, np.full(new.size, -1)])[order]
        in_order = order[kept < 0] - stay.size
        values = {name: given[in_order] for name, given in values.items()}
        return _Structure(whole[order], kept, values, new.size, int(gone.sum()))

    def _check_delays(self, delays: NDArray[np.int64], where: str) -> None:
        if not delays.size:
            return
        low, high = self._program.smallest_delay, self._program.largest_delay
        if delays.min() < low or delays.max() > high:
            ms = self._program.dt * 1e3
            raise DescriptionError(
                f"{where}: new delays go from {delays.min() * ms:g} to {delays.max() * ms:g} ms, "
                f"those of the network as built from {low * ms:g} to {high * ms:g} ms. Ranks and "
                "buffers are made for these: give delays within them."
            )

    def _values(
        self,
        structure: StructureProgram,
        base: ProjectionProgram,
        given: Mapping[str, ArrayLike],
        key: tuple[int, int],
        ids: NDArray[np.int64],
        number: NDArray[np.int64],
    ) -> dict[str, NDArray[np.float64]]:
        where = f"the rule of {base.name!r}"
        for name in given:
            if name not in structure.variables:
                raise UnknownNameError(
                    "variable of single synapses", name, structure.variables, where
                )
        if not ids.size:
            return {name: np.empty(0) for name in structure.variables}
        return {
            name: _row(given[name], ids.size, f"{where}: {name!r}")
            if name in given
            else new_values(structure, base, name, key, ids, number)
            for name in structure.variables
        }

    def _write(
        self,
        executable: Executable,
        span: Span,
        variable: str,
        given: ArrayLike,
        whole: bool,
        structure: StructureProgram,
    ) -> None:
        """Write a variable of neurons: of all sources, or of the rank's own targets."""
        share = self._program.share
        self._check_neurons(span)
        own = span.own(share)
        size = span.size if whole else own.size
        values = _row(given, size, f"the rule of {structure.projection!r}: {variable!r}")
        now = np.array(executable.read(span.population, variable))
        now[_own_places(span, share)] = values[own] if whole else values
        executable.write(span.population, variable, now)


def _delays_matter(base: ProjectionProgram) -> bool:
    """Return whether some pathway has the synapses' own delays."""
    synapse = base.synapse
    return synapse is None or any(synapse.delays[i] is None for i, _ in synapse.pathways("pre"))


def _own_places(span: Span, share: Share) -> NDArray[np.int64]:
    """Return where a rank's neurons of a span stand among its neurons of the population."""
    return share.position(span.local_ids_at(span.own(share)))


def _deleted(given: ArrayLike, n: int, where: str) -> NDArray[np.bool_]:
    array: NDArray[Any] = np.asarray(given)
    if array.dtype == bool:
        if array.shape != (n,):
            raise DescriptionError(
                f"{where}: delete has the shape {array.shape}; a mask has one entry for each of "
                f"the {n} synapses."
            )
        return array
    gone = np.zeros(n, bool)
    gone[integers(array, n, f"{where}: delete")] = True
    return gone


def _steps(given: ArrayLike, n: int, what: str) -> NDArray[np.int64]:
    steps = _row(given, n, what)
    if (steps != np.rint(steps)).any():
        raise DescriptionError(f"{what} must be whole numbers of steps.")
    return steps.astype(np.int64)


def _row(given: ArrayLike, n: int, what: str) -> NDArray[np.float64]:
    """Return one finite number for each of n, (n,)."""
    try:
        row = np.broadcast_to(np.asarray(given, np.float64), (n,)).copy()
    except (TypeError, ValueError) as error:
        raise DescriptionError(f"{what} must be one number or {n} of them.") from error
    if not np.isfinite(row).all():
        raise DescriptionError(f"{what} must be finite.")
    return row

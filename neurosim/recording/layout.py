"""What a recording will hold, in plain data: the recording package needs no engine."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import DescriptionError
from ..parallel.share import Share
from .machine import PlatformLayout
from .synapse_layout import SynapseLayout, check


@dataclass(frozen=True)
class PopulationLayout:
    """A population of neurons or a pure source of spikes (a generator).

    Attributes
    ----------
    name : str
    first_id, size : int
        Its network-wide ids are ``first_id`` to ``first_id + size - 1``.
    kind : {"neuron", "source"}
        Sources do not count as neurons in any metric.
    model : str
        Name of the neuron model.
    spikes : bool
        Whether its spikes are recorded.
    """

    name: str
    first_id: int
    size: int
    kind: Literal["neuron", "source"] = "neuron"
    model: str = ""
    spikes: bool = True

    @property
    def n(self) -> int:
        """Number of neurons."""
        return self.size


@dataclass(frozen=True)
class ProjectionLayout:
    """A projection: names of the two populations and the neurons of each that take part."""

    name: str
    pre: str
    post: str
    n_pre: int
    n_post: int
    variable: str
    pre_start: int = 0
    post_start: int = 0


@dataclass(frozen=True)
class StateLayout:
    """A recorded state variable.

    Attributes
    ----------
    name, population, variable : str
    unit : str
        Unit of the stored values, for instance ``"mV"``.
    ids : (n_ids,) int64
        Local ids of the recorded neurons.
    every : int
        Sampling interval in steps.
    scale : float
        Stored value = value in SI units * scale.
    dtype : {"float32", "float64", "int64"}
        SONATA's reports are float32; with ``float64`` they are a view of exact values.
    start : int
        First step that is sampled; then every ``every`` steps.
    reduce : {"", "sum", "mean"}
        Whether the one stored value per sample is the sum or mean over ``ids``.
    words : int
        In the part of one rank, whose ``ids`` are the rank's own: a sum is stored exactly, as so
        many words (dtype ``int64``), and ``scale`` is left to who adds the ranks' words.
    """

    name: str
    population: str
    variable: str
    unit: str
    ids: NDArray[np.int64]
    every: int = 1
    scale: float = 1.0
    dtype: Literal["float32", "float64", "int64"] = "float32"
    start: int = 0
    reduce: Literal["", "sum", "mean"] = ""
    words: int = 0

    @property
    def width(self) -> int:
        """Values per sample."""
        return self.words or (1 if self.reduce else len(self.ids))

    def samples_before(self, step: int) -> int:
        """Return how many samples there are of the steps before ``step``."""
        return -(-max(0, step - self.start) // self.every)


@dataclass(frozen=True)
class Part:
    """Of what a file is a part, where ranks or a resumed run record into several files.

    Attributes
    ----------
    run_id : str
        The same in all files of one run.
    n_ranks : int
    rank : int or None
        Whose neurons it holds; None: everybody's.
    piece, first_step : int
        Number of the stretch of time, and its start; a resumed run starts a piece.
    continues : str
        The ``run_id`` of the piece before.
    data_elsewhere : bool
        The file has everything but data, which are in files of their own.
    """

    run_id: str
    n_ranks: int = 1
    rank: int | None = None
    piece: int = 0
    first_step: int = 0
    continues: str = ""
    data_elsewhere: bool = False

    def attributes(self) -> dict[str, Any]:
        """Return the attributes that say so in a file."""
        said: dict[str, Any] = {"run_id": self.run_id, "n_ranks": np.int64(self.n_ranks)}
        if self.rank is not None:
            said["rank"] = np.int64(self.rank)
        if self.piece or self.first_step:
            said["piece"] = np.int64(self.piece)
            said["first_step"] = np.int64(self.first_step)
        if self.continues:
            said["continues"] = self.continues
        if self.data_elsewhere:
            said["data_elsewhere"] = np.int64(1)
        return said


@dataclass(frozen=True)
class Layout:
    """Everything a recording needs to know of the network before the simulation.

    ``populations`` in order of declaration, sources last, as their ids ascend; ``states`` in
    the order of ``Chunk.states``; ``description`` is stored as JSON. In the part of one rank, its
    ``share`` of several, recorders have the rank's own neurons, which may be none. ``structures``
    names the projections whose synapses come and go; ``platform`` is the machine it is run as.
    """

    populations: tuple[PopulationLayout, ...]
    projections: tuple[ProjectionLayout, ...] = ()
    states: tuple[StateLayout, ...] = ()
    description: Mapping[str, Any] = field(default_factory=dict)
    share: Share = field(default_factory=Share)
    synapses: tuple[SynapseLayout, ...] = ()
    structures: tuple[str, ...] = ()
    platform: PlatformLayout | None = None

    def __post_init__(self) -> None:
        check(self.synapses, [p.name for p in self.projections])
        _check_names("population", [p.name for p in self.populations])
        _check_names("projection", [p.name for p in self.projections])
        first = 0
        for population in self.populations:
            if population.first_id != first or population.size < 1:
                raise DescriptionError(
                    f"population {population.name!r} has first id {population.first_id} and size "
                    f"{population.size}; ids must follow one another from 0 and sizes be positive"
                )
            first += population.size
        known = {p.name: p for p in self.populations}
        for state in self.states:
            ids = np.asarray(state.ids)
            steps_are_wrong = state.every < 1 or state.start < 0
            none = ids.ndim != 1 or (not ids.size and self.share.whole)
            if state.population not in known or steps_are_wrong or none:
                raise DescriptionError(
                    f"recorder {state.name!r} needs a known population (given "
                    f"{state.population!r}), at least one neuron id, an interval of one step "
                    f"or more (given {state.every}) and a start of 0 or later ({state.start})"
                )
            if ids.size and (np.min(ids) < 0 or np.max(ids) >= known[state.population].size):
                raise DescriptionError(
                    f"recorder {state.name!r} has ids outside 0 to "
                    f"{known[state.population].size - 1}, the neurons of {state.population!r}"
                )

    @property
    def n_neurons(self) -> int:
        """Number of neurons, sources not counted."""
        return sum(p.size for p in self.populations if p.kind == "neuron")

    def report_names(self) -> list[str]:
        """Name the report of each state recorder: ``population.variable``, then ``....2``."""
        names: list[str] = []
        for state in self.states:
            base = f"{state.population}.{_plain_name(state)}"
            name, number = base, 1
            while name in names:
                number += 1
                name = f"{base}.{number}"
            names.append(name)
        return names


def _plain_name(state: StateLayout) -> str:
    """Return what a report is called after: ``v``, ``sum_v``, or ``expression``."""
    inner = re.sub(r"^(sum|mean)\((.*)\)$", r"\2", state.variable)
    name = inner if inner.isidentifier() else "expression"
    return f"{state.reduce}_{name}" if state.reduce else name


def _check_names(kind: str, names: Iterable[str]) -> None:
    """Refuse names that HDF5 would take for paths, and names used twice."""
    seen: set[str] = set()
    for name in names:
        if not name or name in seen or name == "." or "/" in name or "\0" in name:
            raise DescriptionError(
                f"{kind} name {name!r} cannot be used in a recording: names must be unique, not "
                "empty, and without '/'"
            )
        seen.add(name)

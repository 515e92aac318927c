"""Reads the account of the network from a recording's ``/neurosim`` group."""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass
from typing import Any

import h5py

from ..errors import RecordingError
from . import guard
from .layout import Part, PopulationLayout, ProjectionLayout


@dataclass(frozen=True)
class Report:
    """Where a state recorder's values are.

    Attributes
    ----------
    name : str
        Of the report in the file.
    population, variable, recorder : str
    every, start : int
        Interval and first sample, in steps.
    reduce : {"", "sum", "mean"}
        Whether there is one value per sample, the sum or mean over the recorded neurons.
    """

    name: str
    population: str
    variable: str
    recorder: str
    every: int
    start: int = 0
    reduce: str = ""


def part(attributes: Any) -> Part:
    """Return of what a file is a part; files of earlier versions are whole."""
    if "run_id" not in attributes:
        return Part("")
    rank = guard.scalar(attributes, "rank", "i") if "rank" in attributes else None
    n_ranks = guard.count(guard.scalar(attributes, "n_ranks", "iu"), "n_ranks", 1)
    if rank is not None and not 0 <= rank < n_ranks:
        raise ValueError(f"rank is {rank} of {n_ranks}")
    piece = guard.scalar(attributes, "piece", "iu") if "piece" in attributes else 0
    first = guard.scalar(attributes, "first_step", "iu") if "first_step" in attributes else 0
    return Part(
        run_id=guard.text(attributes, "run_id"),
        n_ranks=n_ranks,
        rank=rank,
        piece=guard.count(piece, "piece"),
        first_step=guard.count(first, "first_step"),
        continues=guard.text(attributes, "continues") if "continues" in attributes else "",
        data_elsewhere="data_elsewhere" in attributes,
    )


def refuse_one_rank(of: Part, path: str) -> None:
    """Raise RecordingError for a file of one rank, which looks as if the others were silent."""
    if of.rank is not None:
        raise RecordingError(
            f"{path!r} is what rank {of.rank} of {of.n_ranks} recorded of a run, without the other "
            "ranks' neurons. 'neurosim merge' makes one recording of all of them."
        )


def refuse_without_data(of: Part, path: str) -> None:
    """Raise RecordingError for a file whose data are elsewhere."""
    if of.data_elsewhere:
        raise RecordingError(
            f"{path!r} says what was simulated; its spikes and states are still in parts, in "
            f"{path + '.parts'!r}. When the run has ended, 'neurosim merge {path}' makes one "
            "recording of them."
        )


def _ordered(parent: h5py.Group) -> list[tuple[str, h5py.Group]]:
    """Return the groups of ``parent`` by their ``order`` attribute."""
    groups = [(guard.plain(name), parent[name]) for name in parent]
    return sorted(groups, key=lambda item: guard.scalar(item[1].attrs, "order", "iu"))


def populations(parent: h5py.Group) -> Iterator[PopulationLayout]:
    """Yield the populations in order of declaration."""
    first = 0
    for name, group in _ordered(parent):
        attributes = group.attrs
        size = guard.count(guard.scalar(attributes, "n", "iu"), f"size of {name!r}", 1)
        kind = guard.text(attributes, "kind")
        if guard.scalar(attributes, "first_id", "iu") != first or kind not in ("neuron", "source"):
            raise ValueError(f"population {name!r} has a wrong first_id or kind {kind!r}")
        model = guard.text(attributes, "model")
        spikes = bool(guard.scalar(attributes, "spikes_recorded", "iub"))
        yield PopulationLayout(name, first, size, kind, model, spikes)  # type: ignore[arg-type]
        first += size


def projections(parent: h5py.Group) -> Iterator[tuple[ProjectionLayout, int | None]]:
    """Yield each projection and its number of synapses, None when it was not built."""
    for name, group in _ordered(parent):
        words: dict[str, Any] = {
            key: guard.text(group.attrs, key) for key in ("pre", "post", "variable")
        }
        counts: dict[str, Any] = {
            key: guard.count(guard.scalar(group.attrs, key, "iu"), f"{key} of {name!r}")
            for key in ("n_pre", "n_post", "pre_start", "post_start")
        }
        n_synapses = guard.scalar(group.attrs, "n_synapses", "iu")
        yield ProjectionLayout(name, **words, **counts), n_synapses if n_synapses >= 0 else None


def reports(file: h5py.File, known: Container[str]) -> Iterator[Report]:
    """Yield the reports of state recorders, whose populations must be known."""
    if "report" not in file:
        return
    for name in file["report"]:
        attributes = file[f"report/{name}"].attrs
        words = [guard.text(attributes, key) for key in ("population", "variable", "recorder")]
        every = guard.count(guard.scalar(attributes, "every_steps", "iu"), f"interval of {name}", 1)
        if words[0] not in known:
            raise ValueError(f"report {name!r} names an unknown population {words[0]!r}")
        late = "start_step" in attributes
        start = guard.scalar(attributes, "start_step", "iu") if late else 0
        first = guard.count(start, f"first step of {name}")
        reduce = guard.text(attributes, "reduce") if "reduce" in attributes else ""
        yield Report(name, words[0], words[1], words[2], every, first, reduce)

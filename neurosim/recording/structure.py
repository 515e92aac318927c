"""How the synapses of a network came and went, as a recording tells."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..errors import RecordingError, UnknownNameError
from . import guard, structure_store

if TYPE_CHECKING:
    from .reader import Recording


@dataclass(frozen=True, eq=False)
class StructureTrace:
    """Numbers of synapses over time, of a projection or of the whole network.

    The first entry is the network as built, at 0 ms; the others follow the restructurings.

    Attributes
    ----------
    projection : str
        Empty: of the whole network.
    times_ms : (n,) float64
    created, deleted : (n,) int64
        Synapses that came and went then.
    n_synapses : (n,) int64
        Afterwards.
    density : (n,) float64
        N_syn / (N_pre N_post) of the projection; of the whole network as ``C_eff``.
    C_eff : (n,) float64
        Connectivity efficiency of the whole network then, N_syn / N_neur**2 (see
        :mod:`neurosim.analysis.metrics`).
    """

    projection: str
    times_ms: NDArray[np.float64]
    created: NDArray[np.int64]
    deleted: NDArray[np.int64]
    n_synapses: NDArray[np.int64]
    density: NDArray[np.float64]
    C_eff: NDArray[np.float64]


def structure_of(recording: Recording, projection: str | None = None) -> StructureTrace:
    """Return how synapses came and went; see ``Recording.structure``."""
    recording.require_data()
    with guard.opened(recording.path) as file:
        tables = {name: structure_store.rows(file, name) for name in structure_store.names(file)}
    if projection is not None and projection not in tables:
        raise UnknownNameError(
            "restructured projection", projection, tables, f"the recording {recording.path!r}"
        )
    if not tables:
        raise RecordingError(
            f"no projection of {recording.path!r} has structural plasticity; declare it with "
            "net.restructure(projection, rule, every=...)."
        )
    built = {name: recording.synapse_counts[name] or 0 for name in recording.projections}
    tables = {name: _with_start(rows, built[name]) for name, rows in tables.items()}
    whole = _whole(tables, sum(n for name, n in built.items() if name not in tables))
    efficiency = whole[:, 3] / recording.n_neurons**2
    if projection is None:
        return _trace(recording, "", whole, efficiency, efficiency)
    rows = tables[projection]
    at = np.searchsorted(whole[:, 0], rows[:, 0])
    of = recording.projections[projection]
    density = rows[:, 3] / (of.n_pre * of.n_post)
    return _trace(recording, projection, rows, density, efficiency[at])


def _with_start(rows: NDArray[np.int64], n_synapses: int) -> NDArray[np.int64]:
    """Return a table with a row for the network as built, one step before the first."""
    return np.concatenate([[[-1, 0, 0, n_synapses]], rows])


def _whole(tables: dict[str, NDArray[np.int64]], others: int) -> NDArray[np.int64]:
    """Return the table of all projections together."""
    steps = np.unique(np.concatenate([rows[:, 0] for rows in tables.values()]))
    total = np.zeros((steps.size, 4), np.int64)
    total[:, 0], total[:, 3] = steps, others
    for rows in tables.values():
        at = np.searchsorted(steps, rows[:, 0])
        total[at, 1:3] += rows[:, 1:3]
        total[:, 3] += rows[np.searchsorted(rows[:, 0], steps, side="right") - 1, 3]
    return total


def _trace(
    recording: Recording,
    projection: str,
    rows: NDArray[np.int64],
    density: NDArray[np.float64],
    efficiency: NDArray[np.float64],
) -> StructureTrace:
    times = np.asarray(recording.clock.time_ms(np.maximum(rows[:, 0], 0)), np.float64)
    return StructureTrace(
        projection, times, rows[:, 1], rows[:, 2], rows[:, 3], density, efficiency
    )

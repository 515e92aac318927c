"""The rule that lists its synapses: from arrays, matrices or files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import DescriptionError
from .connection_rule import ConnectionRule, index_array
from .edge_files import EdgeColumn, FileEdgeList, sonata_edges, sparse_edges
from .quantities import named_unit, quantity, unit_of_symbol
from .views import PopulationView


class Edges(ConnectionRule):
    """Explicit synapses ``pre[k] -> post[k]``; a pair may occur more than once.

    Parameters
    ----------
    pre, post : array_like of int, shape (n_edges,)
        Indices within the source and target given to ``project``.
    weight, delay : (n_edges,) Quantity, optional
        What ``project`` takes where it is given none.
    """

    def __init__(
        self, pre: ArrayLike, post: ArrayLike, *, weight: Any = None, delay: Any = None
    ) -> None:
        sources, targets = index_array(pre, "Edges: pre"), index_array(post, "Edges: post")
        self._given = sources, targets
        self._brought = {"weight": weight, "delay": delay}
        self._file: FileEdgeList | None = None
        self.shape: tuple[int, int] | None = None
        if sources.size != targets.size:
            raise DescriptionError(
                f"Edges: pre has {sources.size} entries and post {targets.size}; "
                "give one source and one target per synapse."
            )

    @classmethod
    def from_sparse(cls, matrix: Any, unit: Any = None) -> Edges:
        """Return the stored entries of a matrix as edges with weights.

        Parameters
        ----------
        matrix : scipy sparse matrix, or (n_pre, n_post) array of which entries that are not 0 count
            Rows are sources, columns targets.
        unit : Quantity, optional
            What the entries are multiplied with to give ``weight``.
        """
        found, shape = sparse_edges(matrix, unit)
        edges = cls(found.pre, found.post, weight=found.weight)
        edges.shape = int(shape[0]), int(shape[1])
        return edges

    @classmethod
    def from_sonata(
        cls, path: str | os.PathLike[str], population: str | None = None, unit: Any = None
    ) -> Edges:
        """Return the edges of a SONATA file, with ``syn_weight`` and ``delay`` (ms) if it has them.

        Parameters
        ----------
        path : path
        population : str, optional
            Which edge population; needed if the file has several.
        unit : Quantity, optional
            Unit of ``syn_weight``; by default what its attribute ``units`` says, if that is text
            of fixed length, else 1.

        Raises
        ------
        EdgeFileError
            No such file, no SONATA edges, or damaged.
        UnknownNameError
            The file has no such population.
        """
        edges = cls([], [])
        edges._file = sonata_edges(path, population, unit)
        return edges

    @classmethod
    def from_recording(
        cls,
        path: str | os.PathLike[str],
        projection: str,
        time: Any = None,
        *,
        variable: str = "w",
        unit: Any = None,
    ) -> Edges:
        """Return the synapses of a recorded projection, with their delays and recorded weights.

        Parameters
        ----------
        path : path
            A recording in which the variable of all synapses was recorded
            (``net.record(projection, "w", every=...)``).
        projection : str
        time : time, optional
            The last sample up to this time (a plain number is in ms); by default the last of all.
        variable : str
            What becomes the weights.
        unit : Quantity, optional
            What the recorded numbers are multiplied with; by default the unit in which they were
            recorded. (Values are kept in mV, pA, nS or ms, else in SI units, so that they come
            back to within a rounding.)

        Raises
        ------
        RecordingError
            No such recording, or no sample up to that time.
        UnknownNameError
            It was not recorded.

        Notes
        -----
        Sources and targets are ids within their populations: project from and to whole ones.
        """
        from ..recording import read  # noqa: PLC0415 - only where there is one

        found = read(path).synapses(projection).snapshot(variable, time)
        known = unit_of_symbol(found.unit) if unit is None else unit
        return cls(
            found.source,
            found.target,
            weight=found.values.astype(np.float64) * known,
            delay=found.delay_ms * named_unit("ms"),
        )

    @cached_property
    def pre(self) -> NDArray[np.int64]:
        """Sources, (n_edges,)."""
        return self._given[0] if self._file is None else self._file.pre.whole()

    @cached_property
    def post(self) -> NDArray[np.int64]:
        """Targets, (n_edges,)."""
        return self._given[1] if self._file is None else self._file.post.whole()

    @cached_property
    def weight(self) -> Any:
        """Weights that were given, or are in the file, (n_edges,) Quantity; None for none."""
        return _loaded(self.brought("weight"))

    @cached_property
    def delay(self) -> Any:
        """Delays that were given, or are in the file, (n_edges,) Quantity; None for none."""
        return _loaded(self.brought("delay"))

    @property
    def size(self) -> int:
        """Number of edges."""
        return int(self.columns[0].size)

    @property
    def columns(self) -> tuple[Any, Any]:
        """Sources and targets: arrays, or what reads them from a file when asked for."""
        return self._given if self._file is None else (self._file.pre, self._file.post)

    def brought(self, name: str) -> Any:
        """Return the ``weight`` or ``delay`` that ``project`` takes where it is given none."""
        return self._brought[name] if self._file is None else getattr(self._file, name)

    def target_blocks(self, size: int) -> Iterator[tuple[int, NDArray[np.int64]]]:
        """Yield the number of the first edge and the targets of each block of about ``size``."""
        if self._file is not None:
            yield from self._file.post.blocks()
            return
        for start in range(0, self.size, size):
            yield start, self.post[start : start + size]

    def describe(self) -> dict[str, Any]:
        """Return a JSON-able account of the rule."""
        return {"rule": "edges", "n": self.size}

    def check(self, pre: PopulationView, post: PopulationView, where: str) -> None:
        """Raise DescriptionError if an index is beyond the neurons of its side."""
        if self.shape is not None and self.shape != (pre.size, post.size):
            raise DescriptionError(
                f"{where}: the matrix of Edges.from_sparse is {self.shape[0]} x {self.shape[1]}, "
                f"but {pre.label!r} has {pre.size} neurons (rows) and {post.label!r} {post.size}."
            )
        for side, indices, label in zip((pre, post), self.columns, ("pre", "post"), strict=True):
            largest = int(indices.max()) if indices.size else -1
            if largest >= side.size:
                raise DescriptionError(
                    f"{where}: Edges: {label} has the index {largest}, but {side.label!r} has "
                    f"{side.size} neurons (0 to {side.size - 1})."
                )


def _loaded(amount: Any) -> Any:
    if not isinstance(amount, EdgeColumn):
        return amount
    return quantity(amount.whole(), amount.dim)

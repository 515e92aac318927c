"""The rule that lists its synapses: from arrays, matrices or files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import DescriptionError
from .connection_rule import ConnectionRule, index_array
from .edge_files import EdgeColumn, FileEdgeList, sonata_edges, sparse_edges
from .quantities import quantity
from .views import PopulationView


@dataclass(frozen=True, eq=False)
class Edges(ConnectionRule):
    """Explicit synapses ``pre[k] -> post[k]``; a pair may occur more than once.

    Parameters
    ----------
    pre, post : array_like of int, shape (n_edges,)
        Indices within the source and target given to ``project``.
    weight, delay : (n_edges,) Quantity, optional
        What ``project`` takes where it is given none.
    """

    pre: NDArray[np.int64]
    post: NDArray[np.int64]
    weight: Any = None
    delay: Any = None
    shape: tuple[int, int] | None = None

    def __init__(
        self, pre: ArrayLike, post: ArrayLike, *, weight: Any = None, delay: Any = None
    ) -> None:
        object.__setattr__(self, "pre", index_array(pre, "Edges: pre"))
        object.__setattr__(self, "post", index_array(post, "Edges: post"))
        object.__setattr__(self, "weight", weight)
        object.__setattr__(self, "delay", delay)
        if self.pre.size != self.post.size:
            raise DescriptionError(
                f"Edges: pre has {self.pre.size} entries and post {self.post.size}; "
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
        object.__setattr__(edges, "shape", (int(shape[0]), int(shape[1])))
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
        return FileEdges(sonata_edges(path, population, unit))

    @property
    def size(self) -> int:
        """Number of edges."""
        return int(self.pre.size)

    @property
    def columns(self) -> tuple[Any, Any]:
        """Sources and targets, as something with ``size``, ``max()`` and ``[edges]``."""
        return self.pre, self.post

    def brought(self, name: str) -> Any:
        """Return the ``weight`` or ``delay`` that ``project`` takes where it is given none."""
        return getattr(self, name)

    def target_blocks(self, size: int) -> Iterator[tuple[int, NDArray[np.int64]]]:
        """Yield the number of the first edge and the targets of each block of about ``size``."""
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


class FileEdges(Edges):
    """Edges in a SONATA file, of which each rank reads its own. Made by ``Edges.from_sonata``."""

    listed: FileEdgeList

    def __init__(self, listed: FileEdgeList) -> None:
        object.__setattr__(self, "listed", listed)

    def __repr__(self) -> str:
        return f"FileEdges({self.listed.pre.path!r}, {self.listed.pre.population!r})"

    @cached_property
    def pre(self) -> NDArray[np.int64]:
        """All sources."""
        return self.listed.pre.whole()

    @cached_property
    def post(self) -> NDArray[np.int64]:
        """All targets."""
        return self.listed.post.whole()

    @cached_property
    def weight(self) -> Any:
        """All weights, a Quantity; None if the file has none."""
        column = self.listed.weight
        return None if column is None else quantity(column.whole(), column.dim)

    @cached_property
    def delay(self) -> Any:
        """All delays, a Quantity; None if the file has none."""
        column = self.listed.delay
        return None if column is None else quantity(column.whole(), column.dim)

    @property
    def size(self) -> int:
        """Number of edges."""
        return self.listed.pre.size

    @property
    def columns(self) -> tuple[EdgeColumn, EdgeColumn]:
        """Sources and targets, read when asked for."""
        return self.listed.pre, self.listed.post

    def brought(self, name: str) -> EdgeColumn | None:
        """Return the file's ``weight`` or ``delay``, read when asked for."""
        return getattr(self.listed, name)

    def target_blocks(self, size: int) -> Iterator[tuple[int, NDArray[np.int64]]]:
        """Yield the number of the first edge and the targets of each block."""
        return self.listed.post.blocks()

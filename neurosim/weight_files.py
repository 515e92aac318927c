"""Weights of a running simulation written to a file, and taken from one."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .description.listed_edges import Edges
from .engines.checks import synaptic
from .errors import DescriptionError
from .sonata_edges import new_edge_file, write_edge_population
from .state_access import StateAccess


class WeightFiles(StateAccess):
    """The part of Simulation that saves and loads the weights of projections."""

    def save_weights(
        self,
        path: str | os.PathLike[str],
        projection: str,
        variable: str = "w",
        *,
        overwrite: bool = False,
    ) -> None:
        """Write a variable of a projection's synapses as they are now, as a SONATA edge file.

        The file has source, target, delay and the variable (as ``syn_weight``, SI units) of
        every synapse: :meth:`load_weights` and ``Edges.from_sonata`` take it. On several ranks
        all call it, and the first writes.

        Parameters
        ----------
        path : path
        projection : str
        variable : str
        overwrite : bool
            Whether a file that exists is replaced.

        Raises
        ------
        EdgeFileError
            The file exists, or cannot be written.
        UnknownNameError
        """
        table, values = self.synapses(projection), self.read(projection, variable)
        found = synaptic(self.program, projection, variable, ("state", "parameter"))
        unit = "" if found.synapse is None else found.synapse.code.variable(variable).dimension

        def write() -> None:
            if self._ranks.share.rank == 0:
                with new_edge_file(path, overwrite=overwrite) as edges:
                    write_edge_population(
                        edges.create_group(projection),
                        (found.pre.population, found.post.population),
                        (table["source"], table["target"]),
                        values,
                        unit,
                        table["delay"] * (self.program.dt * 1e3),
                    )

        self._ranks.together(write)

    def load_weights(
        self,
        path: str | os.PathLike[str],
        projection: str,
        variable: str = "w",
        *,
        population: str | None = None,
        unit: Any = None,
    ) -> None:
        """Give a projection's synapses the weights of a SONATA edge file.

        Its edges must be the projection's synapses, in any order. (Other edges need another
        projection: ``net.project(pre, post, ns.Edges.from_sonata(path), ...)``.)

        Parameters
        ----------
        path : path
            What :meth:`save_weights` wrote, or another program.
        projection : str
        variable : str
        population, unit
            As of ``Edges.from_sonata``.

        Raises
        ------
        EdgeFileError
            No such file, or no SONATA edges.
        DescriptionError
            The edges are not the synapses of the projection, or have no weights.
        """
        edges = self._ranks.together(lambda: Edges.from_sonata(path, population, unit))
        table = self.synapses(projection)
        weight, delay = edges.weight, edges.delay
        where = f"load_weights: the edges of {os.fspath(path)!r}"
        if weight is None:
            raise DescriptionError(f"{where} have no syn_weight. Give a file with weights.")
        steps = table["delay"]
        if delay is not None:
            steps = np.rint(np.asarray(delay, np.float64) / self.program.dt).astype(np.int64)
        given = _order(edges.pre, edges.post, steps)
        own = _order(table["source"], table["target"], table["delay"])
        columns = ((edges.pre, "source"), (edges.post, "target"), (steps, "delay"))
        if edges.size != table.size or not all(
            np.array_equal(values[given], table[name][own]) for values, name in columns
        ):
            raise DescriptionError(
                f"{where} ({edges.size}) are not the synapses of {projection!r} ({table.size}). "
                "Project them instead: net.project(pre, post, ns.Edges.from_sonata(path), ...)."
            )
        values = np.empty(table.size)
        values[own] = np.asarray(weight, np.float64)[given]
        if unit is None and weight.dim.is_dimensionless:
            return self.write(projection, variable, values)
        return self.write(projection, variable, type(weight)(values, dim=weight.dim))


def _order(
    source: NDArray[np.int64], target: NDArray[np.int64], delay: NDArray[np.int64]
) -> NDArray[np.intp]:
    if source.size != target.size or source.size != delay.size:
        return np.arange(source.size)
    return np.lexsort((delay, source, target))

"""What a recording will hold of synapses, in plain data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..errors import DescriptionError
from ..parallel.share import Share

TABLE = np.dtype([("source", np.int64), ("target", np.int64), ("delay", np.int64)])
"""A synapse: ids of source and target within their populations, delay in steps."""

Kind = Literal["all", "chosen", "histogram"]


@dataclass(frozen=True, eq=False)
class SynapseLayout:
    """What is recorded of the synapses of a projection.

    Attributes
    ----------
    name, projection, variable : str
    unit : str
        Unit of the stored values, for instance ``"mV"``.
    kind : {"all", "chosen", "histogram"}
    every, start : int
        Steps; one more sample is taken where the run ends.
    scale : float
        Stored value = value in SI units * scale.
    dtype : {"float32", "float64"}
    positions, table : (n,) int64, (n,) of TABLE
        Chosen: which synapses of the whole projection, and what they connect.
    edges : (n_bins + 1,) float64
        Histogram: between the bins, in ``unit``.
    size : int
        About how many synapses a file will have, for the size of its chunks.
    """

    name: str
    projection: str
    variable: str
    unit: str
    kind: Kind
    every: int
    start: int = 0
    scale: float = 1.0
    dtype: Literal["float32", "float64"] = "float64"
    positions: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    table: NDArray[np.void] = field(default_factory=lambda: np.empty(0, TABLE))
    edges: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    size: int = 0

    @property
    def width(self) -> int:
        """Numbers per sample, of those recorders that have as many in each."""
        return len(self.edges) + 1 if self.kind == "histogram" else len(self.positions)

    def of_rank(self, share: Share) -> SynapseLayout:
        """Return the part of a rank, which has the synapses onto its own neurons."""
        if self.kind != "chosen":
            return self
        mine = share.mine(self.table["target"])
        return replace(self, positions=self.positions[mine], table=self.table[mine])


def report_paths(layouts: Iterable[SynapseLayout]) -> list[str]:
    """Name what each recorder leaves, below ``/neurosim/synapses``."""
    names: list[str] = []
    for layout in layouts:
        plain = layout.variable if layout.variable.isidentifier() else "expression"
        base = f"{layout.projection}/reports/{plain}"
        name, number = base, 1
        while name in names:
            number += 1
            name = f"{base}.{number}"
        names.append(name)
    return names


def check(layouts: Iterable[SynapseLayout], projections: Iterable[str]) -> None:
    """Raise DescriptionError if a recorder cannot be stored."""
    known = set(projections)
    for layout in layouts:
        ends = np.asarray(layout.edges)
        bad_bins = layout.kind == "histogram" and (ends.size < 2 or not np.all(np.diff(ends) > 0))
        bad_steps = layout.every < 1 or layout.start < 0
        bad_table = len(layout.table) != len(layout.positions)
        if layout.projection not in known or bad_steps or bad_bins or bad_table:
            raise DescriptionError(
                f"recorder {layout.name!r} needs a known projection (given "
                f"{layout.projection!r}), an interval of one step or more (given {layout.every}), "
                f"a start of 0 or later ({layout.start}), and ascending ends of its bins"
            )

"""Where neurons go on a machine: populations cut into slices, slices put on cores, in order."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..errors import DescriptionError
from ..lowering.machine_program import Cores, CoreSlice
from ..lowering.program import Program


def cut(population: str, size: int, most: int) -> tuple[CoreSlice, ...]:
    """Return a population's neurons in slices of ``most``, in order of ids; the last has the rest.

    Examples
    --------
    >>> [(s.first, s.size) for s in cut("E", 600, 256)]
    [(0, 256), (256, 256), (512, 88)]
    """
    if most < 1:
        raise DescriptionError(f"population {population!r}: {most} neurons a core; at least 1.")
    return tuple(
        CoreSlice(population, first, min(most, size - first)) for first in range(0, size, most)
    )


def cut_all(program: Program, most: int | Callable[[str], int]) -> tuple[CoreSlice, ...]:
    """Return the slices of all populations, in order of ids.

    Parameters
    ----------
    program : Program
    most : int or callable
        Neurons that a core can have: one number, or by the name of the population.
    """
    limit = most if callable(most) else lambda _: most
    return tuple(s for p in program.populations for s in cut(p.name, p.size, limit(p.name)))


@dataclass(frozen=True, eq=False)
class Placement:
    """What was put where.

    Attributes
    ----------
    items : tuple
        What was placed, in order; for neurons :class:`CoreSlice`.
    cores : (n_items,) int64
        Cores that each has.
    first_core : (n_items,) int64
        Number of its first core among the cores of its chip.
    chip : (n_items,) int64
        Counted over all boards.
    cores_per_chip : int
    chips_per_board : int
    """

    items: tuple[Any, ...]
    cores: NDArray[np.int64]
    first_core: NDArray[np.int64]
    chip: NDArray[np.int64]
    cores_per_chip: int
    chips_per_board: int

    @property
    def board(self) -> NDArray[np.int64]:
        """Board of each item, (n_items,)."""
        return self.chip // self.chips_per_board

    @property
    def n_cores(self) -> int:
        """Cores that have something to do."""
        return int(self.cores.sum())

    @property
    def n_chips(self) -> int:
        """Chips with at least one such core."""
        return int(np.unique(self.chip).size)

    @property
    def n_boards(self) -> int:
        """Boards up to the last one used."""
        return int(self.board.max(initial=-1)) + 1

    def table(self) -> list[dict[str, Any]]:
        """Return a JSON-able row for each slice: population, neurons, board, chip, core, cores."""
        rows = zip(
            self.items, self.board, self.chip % self.chips_per_board, self.first_core, self.cores,
            strict=True,
        )  # fmt: skip
        return [
            {
                "population": getattr(item, "population", str(item)),
                "first": int(getattr(item, "first", 0)),
                "size": int(getattr(item, "size", 0)),
                "board": int(board),
                "chip": int(chip),
                "core": int(core),
                "cores": int(cores),
            }
            for item, board, chip, core, cores in rows
        ]


def place(
    items: Iterable[Any],
    cores: int | ArrayLike = 1,
    *,
    cores_per_chip: int,
    chips_per_board: int,
    memory: ArrayLike = 0.0,
    memory_per_chip: float = np.inf,
) -> Placement:
    """Put items on cores, chip after chip; the cores of one item are on one chip.

    A chip is full when its cores or its memory do not suffice for the next item.

    Parameters
    ----------
    items : iterable
        Slices, or anything else that takes cores.
    cores : int or (n_items,) int
        Cores that each takes.
    cores_per_chip, chips_per_board : int
        What there is.
    memory : float or (n_items,) float
        Bytes that each takes of its chip.
    memory_per_chip : float
        An item that takes more has a chip to itself.

    Raises
    ------
    DescriptionError
        An item takes more cores than a chip has, or none.
    """
    listed = tuple(items)
    wanted = np.broadcast_to(np.asarray(cores, np.int64), len(listed)).copy()
    if wanted.size and (wanted.min() < 1 or wanted.max() > cores_per_chip):
        raise DescriptionError(
            f"{wanted.min()} to {wanted.max()} cores for one slice; a chip has 1 to "
            f"{cores_per_chip}. Put fewer neurons on a core."
        )
    first, chip = np.empty_like(wanted), np.empty_like(wanted)
    taken = np.broadcast_to(np.asarray(memory, np.float64), len(listed))
    now, used, stored = 0, 0, 0.0
    for k, (n, size) in enumerate(zip(wanted, taken, strict=True)):
        if used + n > cores_per_chip or (used and stored + size > memory_per_chip):
            now, used, stored = now + 1, 0, 0.0
        first[k], chip[k] = used, now
        used, stored = used + int(n), stored + float(size)
    return Placement(listed, wanted, first, chip, cores_per_chip, chips_per_board)


def make_cores(
    program: Program,
    slices: Sequence[CoreSlice],
    *,
    lanes: int | ArrayLike = 1,
    source_most: int | None = None,
    budget: float | ArrayLike = np.inf,
    fifo: int = 2**31 - 1,
    drops_late: bool = False,
    skips_late: bool = False,
    base_load: float | ArrayLike = 0.0,
    load_every: int = 1,
    delay_shift: int = 1,
    colours: int = 0,
    slots: ArrayLike | None = None,
) -> Cores:
    """Return the cores of a machine as the engine takes them; see :class:`Cores`.

    Parameters
    ----------
    program : Program
    slices : sequence of CoreSlice
        Every neuron in exactly one, in order of ids (:func:`cut_all`).
    lanes : int or (n_slices,) int
        Cores that share the synapses of each slice.
    source_most : int, optional
        Spike sources that are together on a core; by default each source population is on one.
    budget, fifo, drops_late, skips_late, base_load, load_every, delay_shift, colours, slots
        As in :class:`Cores`; by default nothing is limited and only counted.
    """
    n = len(slices)
    first_ids = {p.name: p.first_id for p in program.populations}
    source_slice = np.empty(program.n_ids, np.int32)
    for k, part in enumerate(slices):
        first = first_ids[part.population] + part.first
        source_slice[first : first + part.size] = k
    following = n
    for source in program.sources:
        parts = cut(source.name, source.size, source_most or max(source.size, 1))
        for k, part in enumerate(parts, following):
            first = source.first_id + part.first
            source_slice[first : first + part.size] = k
        following += len(parts)
    return Cores(
        slices=tuple(slices),
        lanes=np.broadcast_to(np.asarray(lanes, np.int64), n).copy(),
        source_slice=source_slice,
        budget=np.broadcast_to(np.asarray(budget, np.float64), n).copy(),
        fifo=fifo,
        drops_late=drops_late,
        skips_late=skips_late,
        base_load=np.broadcast_to(np.asarray(base_load, np.float64), n).copy(),
        load_every=load_every,
        delay_shift=delay_shift,
        colours=colours,
        slots=None if slots is None else np.asarray(slots, np.int64),
    )

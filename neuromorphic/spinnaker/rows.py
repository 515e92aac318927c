"""SpiNNaker's synaptic rows: what a spike's synapses on a core take in memory, and their fetch.

A row holds the synapses of one presynaptic neuron onto one slice of a population (sheet, sections
1.4 and 1.5; sPyNNaker ``synapse_row.h``, ``synapse_io``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...errors import DescriptionError
from .words import Synapse, WordLayout

HEADER_WORDS = 3
ROW_CAP = 256  # synapses of a row
WORD = 4  # bytes
SDRAM = 123_469_792  # usable bytes of a chip


@dataclass(frozen=True)
class RowFormat:
    """How the synapses of a row are stored.

    Attributes
    ----------
    plastic : bool
        2 B of weight and 2 B of control per synapse after the time of the last spike and its
        trace; else a word per synapse.
    trace_bytes : int
        Of the presynaptic trace: 2 for a pair rule, 4 for a triplet rule, 0 for nearest pairs; in
        whole words.
    """

    plastic: bool = False
    trace_bytes: int = 2

    @property
    def history_words(self) -> int:
        """Words before the synapses of a plastic row: time and trace."""
        return 1 + -(-self.trace_bytes // WORD) if self.plastic else 0

    def words(self, synapses: int) -> int:
        """Return the words of a row of so many synapses.

        Plastic weights and controls are rounded up to whole words each.
        """
        if not self.plastic:
            return HEADER_WORDS + synapses
        return HEADER_WORDS + self.history_words + 2 * (-(-synapses // 2))

    def bytes(self, synapses: int) -> int:
        """Return the bytes of a row of so many synapses."""
        return WORD * self.words(synapses)


STATIC = RowFormat()


def matrix_bytes(row_lengths: NDArray[np.integer] | Sequence[int], form: RowFormat = STATIC) -> int:
    """Return the memory of a synaptic matrix: all rows are as long as the longest.

    Parameters
    ----------
    row_lengths : array (n_pre,)
        Synapses of each presynaptic neuron onto the slice.
    form : RowFormat
    """
    lengths = np.asarray(row_lengths)
    if not lengths.size or not int(lengths.max()):
        return 0
    return int(lengths.size) * form.bytes(int(lengths.max()))


def row_memory(row_lengths: NDArray[np.integer] | Sequence[int]) -> int:
    """Return the sheet's memory model: sum over rows of 12 + 4 length, in bytes."""
    lengths = np.asarray(row_lengths, np.int64)
    return int((HEADER_WORDS * WORD + WORD * lengths).sum())


def too_long(row_lengths: NDArray[np.integer] | Sequence[int]) -> int:
    """Return how many rows hold more synapses than a row can."""
    return int((np.asarray(row_lengths) > ROW_CAP).sum())


def static_row(words: Sequence[int]) -> NDArray[np.uint32]:
    """Return a row of static synapses as it stands in memory: a header of 3 words, the synapses.

    The header counts the words of plastic data (0), the static synapses and the plastic ones (0).

    Raises
    ------
    DescriptionError
        There are more synapses than a row holds.
    """
    if len(words) > ROW_CAP:
        raise DescriptionError(
            f"a row of {len(words)} synapses is not allowed; at most {ROW_CAP}. Let a core have "
            "fewer neurons."
        )
    return np.array([0, len(words), 0, *words], np.uint32)


def read_row(row: NDArray[np.uint32], layout: WordLayout) -> list[Synapse]:
    """Return what the words of a row's static synapses say."""
    first = HEADER_WORDS + int(row[0])
    return [layout.unpack(int(word)) for word in row[first : first + int(row[1])]]

"""SpiNNaker's synaptic word: how a synapse is written in 32 bits, and how many delay slots fit.

``weight[31:16] | delay | type | target``; the widths of the last three depend on the core they are
for (sheet, section 1.4; sPyNNaker ``synapse_row.h``, ``synapses.c``, ``synapse_io``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from ...errors import DescriptionError

RING_BITS = 14  # 2^14 entries of 16 bits: 32 KB of a core's data memory
MAX_WEIGHT = 0xFFFF
MAX_STAGES = 8  # of a delay extension
LEGACY_SLOTS = 16


def n_bits(count: int) -> int:
    """Return the width of a field that tells ``count`` things apart; one thing takes a bit too.

    Raises
    ------
    DescriptionError
        There is nothing to tell apart.
    """
    if count < 1:
        raise DescriptionError(f"a field for {count} values is not allowed; at least 1.")
    return max(1, (count - 1).bit_length())


class Synapse(NamedTuple):
    """What a word says: ``delay`` is the field, 0 for a whole turn of the ring."""

    weight: int
    delay: int
    kind: int
    target: int


@dataclass(frozen=True)
class WordLayout:
    """Widths of a word's fields, in bits.

    Attributes
    ----------
    target_bits : int
        Neurons of the core.
    type_bits : int
        Synapse types (receptors).
    delay_bits : int
    """

    target_bits: int
    type_bits: int
    delay_bits: int

    def __post_init__(self) -> None:
        used = self.target_bits + self.type_bits + self.delay_bits
        if min(self.target_bits, self.type_bits) < 1 or self.delay_bits < 0 or used > 16:
            raise DescriptionError(
                f"{self.target_bits} target, {self.type_bits} type and {self.delay_bits} delay "
                "bits are not allowed; 16 together, at least 1 for target and type. Fewer neurons "
                "per core leave more delay bits."
            )

    @classmethod
    def of(cls, neurons: int, types: int, slots: int | None = None) -> WordLayout:
        """Return the layout for a core: ``slots`` of its ring, or as many as there is room for."""
        target, kind = n_bits(neurons), n_bits(types)
        if slots is None:
            slots = 1 << available_delay_bits(neurons, types)
        return cls(target, kind, (slots - 1).bit_length())

    @property
    def slots(self) -> int:
        """Ticks that the ring of such a core holds."""
        return 1 << self.delay_bits

    def pack(self, weight: int, delay: int, kind: int, target: int) -> int:
        """Return the word of a synapse; a delay of as many ticks as slots is written as 0.

        Raises
        ------
        DescriptionError
            Something does not fit its field.
        """
        wrapped = 0 if delay == self.slots else delay
        for name, value, bits in (
            ("weight", weight, 16),
            ("delay", wrapped, self.delay_bits),
            ("type", kind, self.type_bits),
            ("target", target, self.target_bits),
        ):
            if not 0 <= value < 1 << bits:
                raise DescriptionError(
                    f"a {name} of {value} is not allowed in a synaptic word; it must be 0 to "
                    f"{(1 << bits) - 1}."
                )
        word = (wrapped << self.type_bits | kind) << self.target_bits | target
        return weight << 16 | word

    def unpack(self, word: int) -> Synapse:
        """Return what a word says; bits above the delay are not looked at, as on the core."""
        target = word & (1 << self.target_bits) - 1
        rest = word >> self.target_bits
        kind = rest & (1 << self.type_bits) - 1
        delay = rest >> self.type_bits & (1 << self.delay_bits) - 1
        return Synapse(word >> 16 & 0xFFFF, delay, kind, target)

    def ring_index(self, tick: int, kind: int, target: int) -> int:
        """Return the entry of the ring buffer that a tick's input is summed in."""
        slot = tick & self.slots - 1
        return (slot << self.type_bits | kind) << self.target_bits | target


def available_delay_bits(neurons: int, types: int, ring_bits: int = RING_BITS) -> int:
    """Return how many delay bits the ring buffer leaves for a core's neurons and types."""
    return max(0, ring_bits - n_bits(neurons) - n_bits(types))


def delay_slots(max_delay: float, neurons: int, types: int) -> int:
    """Return the slots of a core's ring: enough for the longest delay if there is room for them.

    Parameters
    ----------
    max_delay : float
        Longest delay of all projections onto the core's population, in ticks.
    neurons, types : int
        Neurons on a core, synapse types of the model.
    """
    ticks = max(1, -int(-max_delay // 1))
    wanted = (ticks - 1).bit_length()
    return 1 << min(wanted, available_delay_bits(neurons, types))


@dataclass(frozen=True)
class Staged:
    """A delay, in ticks, as a core with an extension makes it: ``stage`` turns and a rest."""

    stage: int
    residual: int


def extension_stages(max_delay: int, slots: int) -> int:
    """Return how many stages a delay extension needs; 0: there need be none.

    Raises
    ------
    DescriptionError
        More than the 8 an extension has.
    """
    stages = -(-max_delay // slots) - 1
    if stages > MAX_STAGES:
        longest = slots * (MAX_STAGES + 1)
        raise DescriptionError(
            f"a delay of {max_delay} ticks is not allowed; {slots} slots and {MAX_STAGES} stages "
            f"of extension make at most {longest}. Use a shorter delay, a longer step or fewer "
            "neurons per core."
        )
    return max(0, stages)


def staged(delay: int, slots: int) -> Staged:
    """Return the stage and the rest that make a delay of some ticks.

    Raises
    ------
    DescriptionError
        The delay is 0, or longer than 9 turns of the ring.
    """
    if delay < 1:
        raise DescriptionError(f"a delay of {delay} ticks is not allowed; at least 1.")
    extension_stages(delay, slots)
    stage = (delay - 1) // slots
    return Staged(stage, delay - slots * stage)


def saturating_sum(weights: list[int] | tuple[int, ...], start: int = 0) -> tuple[int, int]:
    """Return the ring's entry after some weights were added to it, and how often it saturated."""
    total, saturated = start, 0
    for weight in weights:
        total += weight
        if total > MAX_WEIGHT:
            total, saturated = MAX_WEIGHT, saturated + 1
    return total, saturated

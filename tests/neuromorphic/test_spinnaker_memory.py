"""SpiNNaker's words, rows, delay slots and tables: the sheet's values, to the integer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from neurosim.neuromorphic.spinnaker import luts, rows, words
from neurosim.neuromorphic.spinnaker.luts import DecayTable
from neurosim.neuromorphic.spinnaker.words import WordLayout

from neurosim.errors import DescriptionError


def test_the_sheets_word() -> None:
    layout = WordLayout.of(neurons=256, types=2, slots=32)
    assert (layout.target_bits, layout.type_bits, layout.delay_bits) == (8, 1, 5)
    assert layout.pack(16384, 3, 1, 5) == 0x40000705
    assert layout.unpack(0x40000705) == (16384, 3, 1, 5)


def test_one_neuron_or_one_type_takes_a_bit() -> None:
    assert [words.n_bits(n) for n in (1, 2, 3, 4, 5, 255, 256, 257)] == [1, 1, 2, 2, 3, 8, 8, 9]
    layout = WordLayout.of(1, 1)
    assert (layout.target_bits, layout.type_bits, layout.delay_bits) == (1, 1, 12)


def test_a_whole_turn_is_written_as_no_delay() -> None:
    layout = WordLayout.of(256, 2, 32)
    assert layout.pack(1, 32, 0, 0) == layout.pack(1, 0, 0, 0)
    with pytest.raises(DescriptionError, match="delay of 33"):
        layout.pack(1, 33, 0, 0)


@given(neurons=st.integers(1, 256), types=st.integers(1, 4), data=st.data())
def test_words_come_back(neurons: int, types: int, data: st.DataObject) -> None:
    layout = WordLayout.of(neurons, types)
    given_ = (
        data.draw(st.integers(0, 65535)),
        data.draw(st.integers(0, layout.slots - 1)),
        data.draw(st.integers(0, types - 1)),
        data.draw(st.integers(0, neurons - 1)),
    )
    word = layout.pack(*given_)
    assert 0 <= word < 2**32
    assert layout.unpack(word) == given_


@pytest.mark.parametrize(
    ("what", "value"),
    [("weight", (65536, 0, 0, 0)), ("type", (0, 0, 2, 0)), ("target", (0, 0, 0, 256))],
)
def test_what_does_not_fit_a_word_is_refused(what: str, value: tuple[int, ...]) -> None:
    with pytest.raises(DescriptionError, match=what):
        WordLayout.of(256, 2, 32).pack(*value)


def test_layouts_that_do_not_fit_are_refused() -> None:
    with pytest.raises(DescriptionError, match="16 together"):
        WordLayout(8, 1, 8)
    with pytest.raises(DescriptionError, match="at least 1"):
        words.n_bits(0)


def test_twenty_milliseconds_need_no_extension_at_one() -> None:
    assert words.delay_slots(20, 256, 2) == 32
    assert 1 << words.available_delay_bits(256, 2) == 32
    assert words.extension_stages(20, 32) == 0
    assert 1 << words.available_delay_bits(64, 2) == 128
    assert words.delay_slots(20, 64, 2) == 32
    assert words.extension_stages(20, words.LEGACY_SLOTS) == 1
    assert words.staged(20, words.LEGACY_SLOTS) == words.Staged(1, 4)


@pytest.mark.parametrize(("slots", "longest"), [(16, 144), (32, 288)])
def test_nine_turns_are_the_longest_delay(slots: int, longest: int) -> None:
    assert words.extension_stages(longest, slots) == 8
    assert words.staged(longest, slots) == words.Staged(8, slots)
    with pytest.raises(DescriptionError, match=f"at most {longest}"):
        words.staged(longest + 1, slots)


@pytest.mark.parametrize("slots", [1, 16, 32])
def test_stage_and_rest_make_the_delay(slots: int) -> None:
    for delay in range(1, 9 * slots + 1):
        found = words.staged(delay, slots)
        assert found.stage * slots + found.residual == delay
        assert 1 <= found.residual <= slots


def test_delays_of_nothing_are_refused() -> None:
    with pytest.raises(DescriptionError, match="at least 1"):
        words.staged(0, 16)


def test_slots_are_a_power_of_two_with_room_for_the_neurons() -> None:
    assert [words.delay_slots(d, 256, 2) for d in (1, 2, 3, 8.5, 16, 17, 33, 1000)] == [
        1, 2, 4, 16, 16, 32, 32, 32,
    ]  # fmt: skip


def test_the_ring_saturates_and_counts() -> None:
    assert words.saturating_sum((26214,) * 3) == (65535, 1)
    assert words.saturating_sum((26214,) * 2) == (52428, 0)
    assert words.saturating_sum((65535, 1, 1)) == (65535, 2)


def test_ring_entries_are_all_different() -> None:
    layout = WordLayout.of(4, 2, 8)
    found = {layout.ring_index(t, k, n) for t in range(8) for k in range(2) for n in range(4)}
    assert found == set(range(64))
    assert layout.ring_index(9, 1, 2) == layout.ring_index(1, 1, 2)


def test_rows_in_memory() -> None:
    assert rows.STATIC.bytes(10) == 12 + 40
    pair = rows.RowFormat(plastic=True, trace_bytes=2)
    assert pair.bytes(10) == 4 * (3 + 2) + 10 * 2 + 10 * 2
    assert pair.bytes(11) == 4 * (3 + 2) + 12 * 2 + 12 * 2
    assert rows.RowFormat(True, 0).bytes(2) == 4 * (3 + 1) + 8
    assert rows.row_memory([0, 1, 256]) == 12 + 16 + 12 + 1024
    assert rows.matrix_bytes([0, 1, 5]) == 3 * (12 + 20)
    assert rows.matrix_bytes([0, 0]) == 0
    assert rows.too_long([256, 257]) == 1


def test_a_row_reads_back() -> None:
    layout = WordLayout.of(256, 2, 32)
    synapses = [(16384, 3, 1, 5), (1, 31, 0, 255)]
    row = rows.static_row([layout.pack(*s) for s in synapses])
    assert row.nbytes == rows.STATIC.bytes(2)
    assert rows.read_row(row, layout) == synapses
    with pytest.raises(DescriptionError, match="at most 256"):
        rows.static_row([0] * 257)


@pytest.mark.parametrize(
    ("tau", "dt", "length", "entries"),
    [
        (20, 1, 154, {0: 2048, 1: 1948, 2: 1853, 3: 1762, 4: 1676, 5: 1594, 10: 1242, 20: 753}),
        (16.7, 1, 128, {10: 1125}),
        (20, 0.1, 1526, {100: 1242}),
    ],
)
def test_the_sheets_tables(tau: float, dt: float, length: int, entries: dict[int, int]) -> None:
    table = DecayTable.of(dt, tau)
    assert len(table) == length
    assert {i: table[i] for i in entries} == entries
    assert table[length] == table[10**6] == 0
    assert table.values.dtype == np.int16
    assert table.bytes == 4 + 2 * length


def test_traces_multiply_downwards_in_16_bits() -> None:
    assert luts.ONE == 2048
    assert luts.multiply(2048, 1948) == 1948
    assert luts.multiply(-1, 1) == -1  # not 0: rounded down
    assert luts.multiply(3, 1024) == 1
    assert luts.multiply(0x8000, 2048) == -0x8000  # the low 16 bits are signed
    assert luts.to_s411(1.0) == 2048
    assert luts.to_s411(0.5 / 2048) == 0  # half to even
    with pytest.raises(DescriptionError, match=r"s4\.11"):
        luts.to_s411(16)


@pytest.mark.parametrize(("dt", "tau"), [(1, 0), (0, 20), (1, float("inf"))])
def test_tables_of_nothing_are_refused(dt: float, tau: float) -> None:
    with pytest.raises(DescriptionError, match="above 0"):
        DecayTable.of(dt, tau)

"""Bytes at offsets of a file, and sets of offsets."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator

Content = bytes | bytearray | memoryview


class Blocks:
    """Byte strings at offsets, never overlapping; writes of HDF5 are kept apart otherwise.

    What is put is kept as it is, without a copy, until a part of it is replaced.
    """

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._content: dict[int, Content] = {}
        self.n_bytes = 0

    @property
    def end(self) -> int:
        """Where the last one ends."""
        return self._starts[-1] + len(self._content[self._starts[-1]]) if self._starts else 0

    def items(self) -> Iterator[tuple[int, Content]]:
        """Yield (offset, content) in ascending order."""
        for start in self._starts:
            yield start, self._content[start]

    def _overlapping(self, start: int, stop: int) -> tuple[int, int]:
        first = bisect_right(self._starts, start)
        if first and self._starts[first - 1] + len(self._content[self._starts[first - 1]]) > start:
            first -= 1
        return first, max(first, bisect_left(self._starts, stop))

    def put(self, start: int, data: bytes | memoryview) -> None:
        """Replace what is held for [start, start + len(data))."""
        if not data:
            return
        stop = start + len(data)
        first, last = self._overlapping(start, stop)
        old = self._starts[first:last]
        if not old:
            self._starts.insert(first, start)
            self._content[start] = data
            self.n_bytes += len(data)
            return
        if len(old) == 1 and old[0] <= start and stop <= old[0] + len(self._content[old[0]]):
            self._replace_within(old[0], start, data)
            return
        low = min([start, *old])
        high = max([stop, *(s + len(self._content[s]) for s in old)])
        merged = bytearray(high - low)
        for s in old:
            block = self._content.pop(s)
            merged[s - low : s - low + len(block)] = block
            self.n_bytes -= len(block)
        merged[start - low : stop - low] = data
        self._starts[first:last] = [low]
        self._content[low] = merged
        self.n_bytes += len(merged)

    def _replace_within(self, held: int, start: int, data: bytes | memoryview) -> None:
        content = self._content[held]
        if len(data) == len(content):
            self._content[held] = data
            return
        if not isinstance(content, bytearray):
            content = self._content[held] = bytearray(content)
        content[start - held : start - held + len(data)] = data

    def overlay(self, start: int, view: memoryview) -> None:
        """Copy what is held for [start, start + len(view)) into ``view``."""
        stop = start + len(view)
        first, last = self._overlapping(start, stop)
        for s in self._starts[first:last]:
            block = self._content[s]
            low, high = max(s, start), min(s + len(block), stop)
            view[low - start : high - start] = block[low - s : high - s]


class Ranges:
    """A set of offsets, as disjoint ranges in ascending order."""

    def __init__(self) -> None:
        self._starts: list[int] = []
        self._stops: list[int] = []

    def add(self, start: int, stop: int) -> None:
        """Add [start, stop)."""
        first = bisect_left(self._stops, start)
        last = bisect_right(self._starts, stop)
        if first < last:
            start = min(start, self._starts[first])
            stop = max(stop, self._stops[last - 1])
        self._starts[first:last] = [start]
        self._stops[first:last] = [stop]

    def overlap(self, start: int, stop: int) -> bool:
        """Whether any of [start, stop) is in the set."""
        first = bisect_right(self._stops, start)
        return first < len(self._starts) and self._starts[first] < stop

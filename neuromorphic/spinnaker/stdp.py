"""SpiNNaker's STDP, integer by integer: what the native engine's learning store must equal.

Weights change when a presynaptic spike's row is fetched: the postsynaptic spikes since the last
fetch are gone through, then the presynaptic spike itself. Sheet, section 1.7; sPyNNaker
``plasticity/stdp`` (``synapse_dynamics_stdp_mad_impl.c``, ``post_events.h``, ``timing_*``,
``weight_*``). Plain Python integers; times are ticks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from .luts import ONE, TO_S1615, DecayTable, int16, multiply

HISTORY = 16  # postsynaptic events of a neuron, the first of them a placeholder at time 0
Timing = Literal["pair", "nearest", "triplet"]
Dependence = Literal["additive", "multiplicative"]


class Trace(NamedTuple):
    """Of one neuron, s4.11: the fast trace, and the slow one as it was before the spike."""

    fast: int = 0
    slow: int = 0


class Event(NamedTuple):
    """A spike and the traces with it."""

    time: int = 0
    trace: Trace = Trace()


@dataclass(frozen=True, eq=False)
class StdpRule:
    """A rule with its numbers as the core has them.

    Attributes
    ----------
    timing : {"pair", "nearest", "triplet"}
    dependence : {"additive", "multiplicative"}
    plus, minus : DecayTable
        Of the presynaptic and the postsynaptic trace.
    low, high : int
        Smallest and largest weight, s16.15.
    a_plus, a_minus : int
        s16.15; for the additive dependence already times the largest weight.
    x, y : DecayTable, optional
        Of the slow presynaptic and postsynaptic trace (triplet).
    a3_plus, a3_minus : int
        Of the triplet terms.
    """

    timing: Timing
    dependence: Dependence
    plus: DecayTable
    minus: DecayTable
    low: int
    high: int
    a_plus: int
    a_minus: int
    x: DecayTable | None = None
    y: DecayTable | None = None
    a3_plus: int = 0
    a3_minus: int = 0

    @property
    def trace_bytes(self) -> int:
        """Size of a presynaptic trace in a row."""
        return {"pair": 2, "nearest": 0, "triplet": 4}[self.timing]

    def after_pre(self, time: int, last: Event) -> Trace:
        """Return the presynaptic trace with a spike added."""
        return self._after(time, last, self.plus, self.x)

    def after_post(self, time: int, last: Event) -> Trace:
        """Return the postsynaptic trace with a spike added."""
        return self._after(time, last, self.minus, self.y)

    def _after(self, time: int, last: Event, fast: DecayTable, slow: DecayTable | None) -> Trace:
        if self.timing == "nearest":
            return Trace()
        passed = time - last.time
        first = int16(multiply(last.trace.fast, fast[passed]) + ONE)
        if slow is None or last.time == 0:  # time 0 stands for "never"
            return Trace(first)
        return Trace(first, int16(multiply(last.trace.slow + ONE, slow[passed])))

    def pre_spike(self, weight: int, time: int, trace: Trace, post: Event) -> int:
        """Return the weight, s16.15, after a presynaptic spike; ``post`` is the last event."""
        passed = time - post.time
        if self.timing == "nearest":
            return self.depressed(weight, self.minus[passed], 0)
        fast = multiply(post.trace.fast, self.minus[passed])
        return self.depressed(weight, fast, multiply(fast, trace.slow))

    def post_spike(self, weight: int, time: int, trace: Trace, pre: Event, before: int) -> int:
        """Return the weight, s16.15, after a postsynaptic spike.

        ``pre`` is the last presynaptic event, ``before`` the time of the postsynaptic spike before
        this one (without the dendritic delay).
        """
        passed = time - pre.time
        if passed <= 0:
            return weight
        if self.timing == "nearest":  # only the first after a presynaptic spike
            fast = 0 if time - before < passed else self.plus[passed]
            return self.potentiated(weight, fast, 0)
        fast = multiply(pre.trace.fast, self.plus[passed])
        return self.potentiated(weight, fast, multiply(fast, trace.slow))

    def depressed(self, weight: int, fast: int, both: int) -> int:
        """Return the weight after a depression by traces of s4.11."""
        if self.dependence == "multiplicative":
            return int32(weight - by_trace(s1615(weight - self.low, self.a_minus), fast))
        weight = int32(weight - by_trace(self.a_minus, fast))
        if self.timing == "triplet":
            weight = int32(weight - by_trace(self.a3_minus, both))
        return max(weight, self.low)

    def potentiated(self, weight: int, fast: int, both: int) -> int:
        """Return the weight after a potentiation by traces of s4.11."""
        if self.dependence == "multiplicative":
            return int32(weight + by_trace(s1615(self.high - weight, self.a_plus), fast))
        weight = int32(weight + by_trace(self.a_plus, fast))
        if self.timing == "triplet":
            weight = int32(weight + by_trace(self.a3_plus, both))
        return min(weight, self.high)


def int32(value: int) -> int:
    """Return the low 32 bits of an integer, as a signed number."""
    return (value + 0x8000_0000 & 0xFFFF_FFFF) - 0x8000_0000


def s1615(a: int, b: int) -> int:
    """Return the s16.15 product of two numbers, rounded down."""
    return int32(a * b >> 15)


def by_trace(a: int, trace: int) -> int:
    """Return the s16.15 product of an s16.15 number and an s4.11 trace, rounded down."""
    return s1615(a, trace << TO_S1615)


@dataclass
class PostHistory:
    """The last spikes of a postsynaptic neuron; when it is full the oldest is forgotten."""

    events: list[Event] = field(default_factory=lambda: [Event()])

    def add(self, rule: StdpRule, time: int) -> None:
        """Note a spike."""
        event = Event(time, rule.after_post(time, self.events[-1]))
        if len(self.events) == HISTORY:
            del self.events[1]
        self.events.append(event)

    def window(self, begin: int, end: int) -> tuple[Event, bool, list[Event]]:
        """Return the event before a window (begin, end], whether it is a spike, and those in it."""
        events = self.events
        first = len(events) - 1
        while first > 0 and events[first].time > begin:
            first -= 1
        inside = [e for e in events[first + 1 :] if e.time <= end]
        return events[first], first > 0, inside


_NEVER = Event()


@dataclass
class PlasticRow:
    """One presynaptic neuron's plastic synapses onto a core.

    Attributes
    ----------
    weights : list of int
        16 bits, unsigned.
    targets : sequence of int
        Index of the postsynaptic neuron's history.
    delays : sequence of int
        Delay field of each synapse, in ticks: that of the dendrite.
    shift : int
        Left shift from a weight to s16.15.
    backprop_delay : bool
        Whether postsynaptic spikes reach the synapse after the dendritic delay, or at once.
    """

    weights: list[int]
    targets: Sequence[int]
    delays: Sequence[int]
    shift: int
    backprop_delay: bool = True
    last: Event = _NEVER

    def fetch(self, rule: StdpRule, time: int, histories: Sequence[PostHistory]) -> list[int]:
        """Work off a presynaptic spike; return the weights to be added to the ring buffer."""
        before, self.last = self.last, Event(time, rule.after_pre(time, self.last))
        for k, (target, delay) in enumerate(zip(self.targets, self.delays, strict=True)):
            dendritic = delay if self.backprop_delay else 0
            weight = self._updated(rule, k, before, dendritic, histories[target])
            self.weights[k] = weight >> self.shift & 0xFFFF
        return list(self.weights)

    def _updated(
        self, rule: StdpRule, k: int, before: Event, dendritic: int, history: PostHistory
    ) -> int:
        begin, end = max(0, before.time - dendritic), max(0, self.last.time - dendritic)
        post, valid, inside = history.window(begin, end)
        weight = int32(self.weights[k] << self.shift)
        for event in inside:
            at = event.time + dendritic
            weight = rule.post_spike(weight, at, event.trace, before, post.time)
            post, valid = event, True
        if valid:
            arrived = Event(post.time + dendritic, post.trace)
            weight = rule.pre_spike(weight, self.last.time, self.last.trace, arrived)
        return weight

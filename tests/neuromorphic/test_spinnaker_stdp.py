"""SpiNNaker's deferred STDP: the literal model by hand, and the native engine against it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from neurosim.neuromorphic.spinnaker import stdp
from neurosim.neuromorphic.spinnaker.luts import DecayTable, multiply
from neurosim.neuromorphic.spinnaker.stdp import PlasticRow, PostHistory, StdpRule, Trace

import neurosim as ns
from neurosim.engines.base import EngineOptions
from neurosim.engines.native import NativeEngine
from neurosim.lowering.learning_program import DeferredStdp
from neurosim.lowering.machine_program import MachineProgram, Saturation
from neurosim.lowering.program import DelayDraw, Program
from neurosim.units import ms

PLUS, MINUS = DecayTable.of(1, 20), DecayTable.of(1, 16.7)
SLOW_X, SLOW_Y = DecayTable.of(1, 101), DecayTable.of(1, 125)
ONE = 32768  # s16.15


def rule(timing: str = "pair", dependence: str = "additive", **changes: int) -> StdpRule:
    slow = (SLOW_X, SLOW_Y) if timing == "triplet" else (None, None)
    numbers = {"low": 0, "high": 4 * ONE, "a_plus": ONE // 10, "a_minus": ONE // 8} | changes
    return StdpRule(
        timing, dependence, PLUS, MINUS, **numbers, x=slow[0], y=slow[1],
        a3_plus=ONE // 20, a3_minus=ONE // 30,
    )  # fmt: skip


def play(
    given: StdpRule, pre: list[int], post: list[int], delay: int = 1, backprop: bool = True
) -> list[int]:
    """Return the weight after each presynaptic spike, starting at 1, shift 2."""
    row, history, found = PlasticRow([8192], [0], [delay], 2, backprop), PostHistory(), []
    for t in range(max(pre) + 1):
        if t in post:
            history.add(given, t)
        if t in pre:
            found += row.fetch(given, t, [history])
    return found


def test_a_first_spike_changes_nothing() -> None:
    assert play(rule(), [5], []) == [8192]


def test_depression_by_hand() -> None:
    # one post spike at 10 reaches the synapse at 11; pre at 15: 4 ticks after
    change = (ONE // 8) * (multiply(2048, MINUS[4]) << 4) >> 15
    assert play(rule(), [15], [10]) == [(ONE - change) >> 2]
    assert play(rule(), [15], [10], backprop=False) == [
        (ONE - ((ONE // 8) * (multiply(2048, MINUS[5]) << 4) >> 15)) >> 2
    ]


def test_potentiation_waits_for_the_next_presynaptic_spike() -> None:
    up = (ONE // 10) * (multiply(2048, PLUS[6]) << 4) >> 15  # pre 5, post 10 + 1
    down = (ONE // 8) * (multiply(2048, MINUS[189]) << 4) >> 15
    assert down == 0
    assert play(rule(), [5, 200], [10]) == [8192, (ONE + up) >> 2]


def test_a_post_spike_together_with_the_last_pre_does_not_potentiate() -> None:
    # pre at 5, post at 4 arrives at 5: in no window after it; depresses with lag 0
    full = (ONE // 8) * (2048 << 4) >> 15
    assert play(rule(), [5], [4]) == [(ONE - full) >> 2]


def test_weights_end_at_the_bounds() -> None:
    assert play(rule(a_plus=100 * ONE), [5, 20], [8])[-1] == 4 * ONE - (
        (ONE // 8) * (multiply(2048, MINUS[11]) << 4) >> 15
    ) >> 2  # fmt: skip
    assert play(rule(a_minus=100 * ONE), [5, 20], [18])[-1] == 0


def test_traces_add_up_and_decay() -> None:
    given_ = rule()
    first = given_.after_pre(10, stdp.Event())
    assert first == Trace(2048)
    second_ = given_.after_pre(15, stdp.Event(10, first))
    assert second_ == Trace((2048 * PLUS[5] >> 11) + 2048)
    assert rule("nearest").after_pre(15, stdp.Event(10, first)) == Trace()


def test_triplet_traces_are_those_before_the_spike() -> None:
    given_ = rule("triplet")
    first = given_.after_post(10, stdp.Event())
    assert first == Trace(2048, 0)
    second_ = given_.after_post(30, stdp.Event(10, first))
    assert second_.slow == multiply(0 + 2048, SLOW_Y[20])
    third = given_.after_post(50, stdp.Event(30, second_))
    assert third.slow == multiply(second_.slow + 2048, SLOW_Y[20])


def test_nearest_pairs_use_the_first_post_spike_only() -> None:
    one = play(rule("nearest", a_minus=0), [5, 300], [10])
    assert play(rule("nearest", a_minus=0), [5, 300], [10, 20, 30]) == one
    assert one[-1] == ONE + ((ONE // 10) * (PLUS[6] << 4) >> 15) >> 2


def test_multiplicative_changes_scale_with_what_is_left() -> None:
    scale = (4 * ONE - ONE) * (ONE // 10) >> 15
    up = scale * (multiply(2048, PLUS[6]) << 4) >> 15
    assert play(rule("pair", "multiplicative", a_minus=0), [5, 200], [10])[-1] == (ONE + up) >> 2


def test_sixteen_events_are_remembered_the_first_a_placeholder() -> None:
    history, given_ = PostHistory(), rule()
    for t in range(10, 40):
        history.add(given_, t)
    assert len(history.events) == 16
    assert history.events[0] == stdp.Event()
    assert [e.time for e in history.events[1:]] == list(range(25, 40))
    remembered = [(ONE // 10) * (multiply(2048, PLUS[t + 1 - 5]) << 4) >> 15 for t in range(25, 40)]
    learnt = play(rule(a_minus=0, high=2**31 - 1), [5, 60], list(range(10, 40)))
    assert learnt[-1] == (ONE + sum(remembered)) >> 2
    before, valid, inside = history.window(5, 60)
    assert (before.time, valid, len(inside)) == (0, False, 15)


def test_the_window_is_open_at_its_start() -> None:
    history = PostHistory()
    for t in (3, 7, 9):
        history.add(rule(), t)
    before, valid, inside = history.window(7, 9)
    assert (before.time, valid, [e.time for e in inside]) == (7, True, [9])
    assert history.window(2, 7)[2][-1].time == 7
    assert history.window(2, 6)[2][-1].time == 3


@given(
    weight=st.integers(0, 65535), shift=st.integers(0, 8), fast=st.integers(-(2**15), 2**15 - 1),
    both=st.integers(-(2**15), 2**15 - 1), a=st.integers(0, 2**20),
)  # fmt: skip
def test_products_are_floors(weight: int, shift: int, fast: int, both: int, a: int) -> None:
    """Of exact fractions: depressed() loses the whole part that is not above the exact loss."""
    given_ = rule("triplet", low=-(2**31), a_minus=a)
    start = weight << shift
    lost = start - given_.depressed(start, fast, both)
    exact = a * fast / 2048, (ONE // 30) * both / 2048
    assert lost == int(np.floor(exact[0])) + int(np.floor(exact[1]))


# --- the engine --------------------------------------------------------------------------------

N_PRE, N_POST, STEPS = 12, 7, 600


@dataclass(frozen=True)
class Case:
    timing: str = "pair"
    dependence: str = "additive"
    backprop: bool = True
    least: int = 1  # shortest delay, in ticks
    slots: int = 64
    rate: float = 60.0  # of the postsynaptic neurons, in Hz

    @property
    def rule(self) -> StdpRule:
        return rule(self.timing, self.dependence)


def drawn(case: Case) -> tuple[np.ndarray, ...]:
    """Return sources, targets (ascending), delays in ticks, weights of the plastic synapses."""
    rng = np.random.default_rng(7)
    n = 60
    post = np.sort(rng.integers(0, N_POST, n))
    pre, delay = rng.integers(0, N_PRE, n), rng.integers(case.least, case.least + 12, n)
    return pre, post, delay, rng.integers(0, 20000, n)


def network(case: Case) -> ns.Network:
    rng = np.random.default_rng(3)
    model = ns.NeuronModel(
        "dv/dt = -v/second : 1\nring : 1", threshold="v > 0.5", reset="v = 0", name="driven"
    )
    net = ns.Network(seed=1)
    cells = net.population("cells", N_POST, model())
    dt = 1e-3
    for name, size, rate in (("pre", N_PRE, 40.0), ("drive", N_POST, case.rate)):
        times, ids = np.nonzero(rng.random((STEPS, size)) < rate * dt)
        source = net.spike_source(name, times=times * ms, ids=ids, size=size)
        if name == "drive":
            net.project(source, cells, ns.OneToOne(), "v", weight=1, delay=case.least * ms)
        else:
            pre, post, _, _ = drawn(case)
            net.project(
                source, cells, ns.Edges(pre, post), "ring", weight=0, delay=case.least * ms,
                name="plastic",
            )  # fmt: skip
    net.record(cells, "ring", every=1 * ms)
    return net


def program(case: Case, limit: float = np.inf, beside: float = 0.0) -> Program:
    """Return the network with a projection that learns; delays are a tick shorter in steps.

    ``beside``: weight of a static projection onto the same sums.
    """
    net = network(case)
    if beside:
        net.project("drive", "cells", ns.OneToOne(), "ring", weight=beside, delay=3 * ms)
    found = ns.lower(net, 1 * ms)
    pre, post, delay, weights = drawn(case)
    given_, stage = case.rule, (delay - 1) // case.slots * case.slots
    projections = list(found.projections)
    k = next(i for i, p in enumerate(projections) if p.name == "plastic")
    assert np.array_equal(projections[k].rule.pre, pre)
    assert np.array_equal(projections[k].rule.post, post)
    steps = delay - 1
    projections[k] = replace(
        projections[k], delay=DelayDraw(int(steps.min()), values=steps),
    )  # fmt: skip
    none = np.zeros(0, np.int16)
    learning = DeferredStdp(
        "plastic", "ring", case.timing, case.dependence == "multiplicative", case.backprop,
        shift=2, low=given_.low, high=given_.high, a_plus=given_.a_plus, a_minus=given_.a_minus,
        plus=PLUS.values, minus=MINUS.values, weights=weights, fields=delay - stage, stages=stage,
        a3_plus=given_.a3_plus, a3_minus=given_.a3_minus,
        x=SLOW_X.values if case.timing == "triplet" else none,
        y=SLOW_Y.values if case.timing == "triplet" else none, limit=limit,
    )  # fmt: skip
    saturations = () if np.isinf(limit) else (Saturation("cells", "ring", limit),)
    machine = MachineProgram("test", saturations, learning=(learning,))
    return replace(found, projections=tuple(projections), machine=machine)


def expected(case: Case, spikes: dict[str, list[tuple[int, int]]]) -> tuple[np.ndarray, ...]:
    """Return the weights at the end and what arrived at each target by step, literally."""
    pre, post, delay, weights = drawn(case)
    histories = [PostHistory() for _ in range(N_POST)]
    stage = (delay - 1) // case.slots * case.slots
    rows, members = {}, {}
    for key in sorted(set(zip(pre, stage, strict=True))):
        members[key] = np.flatnonzero((pre == key[0]) & (stage == key[1]))
        m = members[key]
        rows[key] = PlasticRow(
            list(map(int, weights[m])), list(post[m]), list(map(int, (delay - stage)[m])), 2,
            case.backprop,
        )  # fmt: skip
    fired = defaultdict(list)
    for step, k in spikes["cells"]:
        fired[step].append(k)
    # rows are fetched when the shortest delay of the network has passed
    sent = {(t, k) for t, k in spikes["pre"] if t < STEPS - (case.least - 1)}
    arrived = np.zeros((STEPS + 200, N_POST))
    for t in range(STEPS):
        for k in fired[t]:
            histories[k].add(case.rule, t)
        for (source, wait), row in rows.items():
            if (t - wait, source) not in sent:
                continue
            fetched = row.fetch(case.rule, t, histories)
            m = members[source, wait]
            np.add.at(arrived, (t + np.array(row.delays) - 1, post[m]), fetched)
    found = np.zeros(weights.size, int)
    for key, row in rows.items():
        found[members[key]] = row.weights
    return found, np.cumsum(arrived, axis=0)[:STEPS]


def run(given_: Program, threads: int = 1) -> tuple[np.ndarray, ...]:
    """Return weights, ring over time (as each step starts), spikes by name, counts."""
    with NativeEngine().compile(given_, EngineOptions(threads=threads)) as executable:
        executable.build()
        chunks = [executable.advance(n) for n in (100, 1, STEPS - 101)]
        spikes: dict[str, list[tuple[int, int]]] = defaultdict(list)
        for chunk in chunks:
            for step, i in zip(chunk.spike_steps, chunk.spike_ids, strict=True):
                for group in given_.emitters():
                    if group.first_id <= i < group.first_id + group.size:
                        spikes[group.name].append((int(step), int(i - group.first_id)))
        ring = np.concatenate([chunk.states[0] for chunk in chunks])
        weights = executable.read_synapses("plastic", "w")
        table = executable.synapse_table("plastic")
        degrees = np.bincount(table["source"], minlength=N_PRE)
        assert np.array_equal(executable.outdegrees("plastic"), degrees)
        return weights, ring, spikes, executable.machine_counts()


CASES = [
    Case(),
    Case("pair", "multiplicative"),
    Case("nearest", least=4),
    Case("triplet", least=3, rate=250.0),
    Case("pair", backprop=False, least=2),
    Case("pair", least=5, slots=4),
    Case("triplet", "additive", slots=2, rate=250.0),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_engine_learns_as_the_literal_model(case: Case) -> None:
    weights, ring, spikes, counts = run(program(case))
    assert len(spikes["cells"]) > 100
    learnt, arrived = expected(case, spikes)
    assert not np.array_equal(learnt, drawn(case)[3])
    assert np.array_equal(weights, learnt)
    assert np.array_equal(ring[1:], arrived[:-1])
    assert counts.learning[0, 0] == 0


def test_threads_learn_the_same() -> None:
    case = Case("triplet", least=3, rate=250.0)
    one, three = run(program(case)), run(program(case), threads=3)
    for a, b in zip(one[:2], three[:2], strict=True):
        assert np.array_equal(a, b)
    assert np.array_equal(one[3].learning, three[3].learning)


def test_sums_end_at_the_limit_and_are_counted() -> None:
    case, limit = Case(), 65535.0
    free, cut = run(program(case)), run(program(case, limit))
    assert free[1].max() > limit
    assert cut[1].max() == limit
    assert np.array_equal(np.minimum(free[1], limit), cut[1])
    arrivals = np.bincount(drawn(case)[0], minlength=N_PRE)
    sent = sum(int(arrivals[k]) for _, k in cut[2]["pre"])
    assert cut[3].learning[0, 1] == sent  # every synapse of every spike, fetched once
    assert 0 < cut[3].learning[0, 0] < sent
    assert cut[3].saturated[0] == 0  # those are of synapses that only add their weight


def test_static_and_learning_synapses_share_a_sum() -> None:
    """The limit holds for both together; each kind counts what it added in vain."""
    case, limit = Case(), 3e5
    free, cut = run(program(case, beside=20000.0)), run(program(case, limit, beside=20000.0))
    assert np.array_equal(np.minimum(free[1], limit), cut[1])
    assert cut[1].max() == limit
    assert cut[3].saturated[0] > 0
    assert cut[3].learning[0, 0] > 0
    assert np.array_equal(free[0], cut[0])


def test_weights_are_written_as_whole_numbers() -> None:
    with NativeEngine().compile(program(Case()), EngineOptions(threads=2)) as executable:
        executable.build()
        assert np.array_equal(executable.read_synapses("plastic", "w"), drawn(Case())[3])
        given_ = np.arange(60.0) * 1000
        executable.write_synapses("plastic", "w", given_)
        assert np.array_equal(executable.read_synapses("plastic", "w"), given_)
        with pytest.raises(ns.errors.DescriptionError, match="whole numbers"):
            executable.write_synapses("plastic", "w", given_ + 0.5)
        with pytest.raises(ns.errors.UnknownNameError, match="'x'"):
            executable.read_synapses("plastic", "x")
        with pytest.raises(ns.errors.UnsupportedError, match="yet to learn from"):
            executable.snapshot()

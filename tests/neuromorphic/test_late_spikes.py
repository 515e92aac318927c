"""Spikes that a core works off late: when their synapses act, by the ring of delay slots itself.

sPyNNaker ``synapses.c``: with c = (t_now - colour) mod 16 a synapse of delay field d is left out if
0 < d <= c, and else added to slot (t_now + d - c) mod n_slots, which is read when its tick comes.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from itertools import product
from typing import Any

import numpy as np
import pytest
from machines import CoresTwin
from neurosim.neuromorphic.spinnaker.stdp import PlasticRow, PostHistory, StdpRule
from test_spinnaker_stdp import Case, drawn, network, rule

import neurosim as ns
from neurosim.engines.base import Chunk, EngineOptions
from neurosim.engines.native import NativeEngine
from neurosim.lowering.learning_program import DeferredStdp
from neurosim.lowering.machine_program import Cores, CoreSlice, MachineProgram
from neurosim.lowering.program import DelayDraw, Draw, Program
from neurosim.units import ms

STEPS, SLOTS, COLOURS = 300, 8, 16
TABLE = np.array([2048], np.int16)


def edges() -> tuple[np.ndarray, ...]:
    pre, post, delay, weight = drawn(Case())
    return pre, post, np.minimum(delay, SLOTS), weight % 1000 + 1


def cores(
    program: Program, coloured: bool, sizes: tuple[int, ...] = (7,), fifo: int = 10_000
) -> Cores:
    first = np.cumsum((0, *sizes))
    slices = tuple(CoreSlice("cells", int(k), n) for k, n in zip(first, sizes, strict=False))
    n = len(slices)
    return Cores(
        slices, np.ones(n, np.int64), np.zeros(program.n_ids, np.int32), 3.0 / n, fifo, False,
        coloured, np.zeros(n), 1, colours=COLOURS, slots=np.full(n, SLOTS),
    )  # fmt: skip


def late_program(learns: bool, coloured: bool) -> Program:
    """Return a network on a core that falls behind; its plastic synapses do not change."""
    found = ns.lower(network(Case()), 1 * ms)
    _, _, delay, weight = edges()
    projections = list(found.projections)
    k = next(i for i, p in enumerate(projections) if p.name == "plastic")
    draw = Draw("listed", values=weight.astype(float))
    projections[k] = replace(
        projections[k], delay=DelayDraw(0, values=delay - 1), weight=draw, weight_bits=32
    )
    learning = DeferredStdp(
        "plastic", "ring", "pair", False, True, 0, 0, 2**30, 0, 0, TABLE, TABLE, weight, delay,
        delay * 0,
    )  # fmt: skip
    machine = MachineProgram(
        "late", cores=cores(found, coloured), learning=(learning,) if learns else ()
    )
    return replace(found, projections=tuple(projections), machine=machine)


def expected(
    program: Program, coloured: bool, learns: bool
) -> tuple[np.ndarray, tuple[int, int], int]:
    """Return sums of what arrived by step, synapses left out (of both kinds), largest lateness."""
    pre, post, delay, weight = edges()
    source, drive = program.sources
    rows = np.zeros((program.n_ids, 1), int)
    np.add.at(rows, source.first_id + pre, 1)
    rows[drive.first_id : drive.first_id + drive.size] = 1
    twin = CoresTwin(program.machine.cores, rows)
    arrived, left_out, largest, others = np.zeros((STEPS + 2000, 7)), 0, 0, 0
    for t in range(STEPS):
        ids = [g.first_id + i for g in (source, drive) for i in g.ids[g.steps == t]]
        late = twin.step(t, ids)
        for i in ids:
            now = t + late.get((i, 0), 0)
            largest = max(largest, now - t)
            others += (
                coloured and i >= drive.first_id and (now - t) % COLOURS >= 2
            )  # delay: 2 ticks
            for e in np.flatnonzero(pre == i - source.first_id):
                if not coloured:
                    tick = now + delay[e]
                else:
                    c, field = (now - t) % COLOURS, delay[e] % SLOTS
                    if 0 < field <= c:
                        left_out += not learns or now - c < STEPS  # counted when it is fetched
                        continue
                    slot = (now + field - c) % SLOTS
                    tick = next(k for k in range(now + 1, now + 1 + SLOTS) if k % SLOTS == slot)
                arrived[tick - 1, post[e]] += weight[e]  # in the Program a tick earlier
    return np.cumsum(arrived, axis=0)[:STEPS], (left_out, others), largest


@pytest.mark.parametrize("learns", [False, True], ids=["static", "learning"])
@pytest.mark.parametrize("coloured", [True, False], ids=["coloured", "plain"])
def test_late_spikes_act_as_the_ring_says(learns: bool, coloured: bool) -> None:
    program = late_program(learns, coloured)
    with NativeEngine().compile(program, EngineOptions(threads=2)) as executable:
        executable.build()
        ring = executable.advance(STEPS).states[0]
        counts = executable.machine_counts()
    arrived, (left_out, others), largest = expected(program, coloured, learns)
    assert largest > COLOURS + 3  # colours begin anew
    assert counts.core_lateness[0] == largest
    assert np.array_equal(ring[1:], arrived[:-1])
    skipped = counts.learning[0, 2] if learns else counts.skipped - others
    assert skipped == left_out
    assert (left_out > 0) == coloured
    assert counts.skipped >= others


@pytest.mark.parametrize("coloured", [True, False], ids=["coloured", "plain"])
def test_late_and_lost_spikes_learn_row_by_row(coloured: bool) -> None:
    """Two cores, each with its own rows: a spike that one has lost, that one never learns from."""
    program = late_program(True, coloured)
    given = rule()
    learning = replace(
        program.machine.learning[0], shift=2, low=given.low, high=given.high,
        a_plus=given.a_plus, a_minus=given.a_minus, plus=given.plus.values,
        minus=given.minus.values,
    )  # fmt: skip
    machine = replace(
        program.machine, cores=cores(program, coloured, (3, 4), 12), learning=(learning,)
    )
    program = replace(program, machine=machine)
    found = []
    for threads in (1, 3):
        with NativeEngine().compile(program, EngineOptions(threads=threads)) as executable:
            executable.build()
            chunk = executable.advance(STEPS)
            found.append(executable.read_synapses("plastic", "w"))
            lost = executable.machine_counts().learning[0, 3]
    assert np.array_equal(*found)
    wanted, unheard = learnt(program, given, chunk, coloured)
    assert np.array_equal(found[0], wanted)
    assert lost == unheard > 0
    assert not np.array_equal(wanted, edges()[3])


def learnt(program: Program, given: StdpRule, chunk: Chunk, coloured: bool) -> tuple[Any, int]:
    """Return the weights at the end, and how many synapses were of lost spikes, literally."""
    pre, post, delay, weight = edges()
    source, drive = program.sources
    on = (post >= 3).astype(int)  # which core
    table = np.zeros((program.n_ids, 2), int)
    np.add.at(table, (source.first_id + pre, on), 1)
    table[drive.first_id : drive.first_id + 7] = [1, 0]
    table[drive.first_id + 3 : drive.first_id + 7] = [0, 1]
    twin = CoresTwin(program.machine.cores, table)
    histories = [PostHistory() for _ in range(7)]
    members = {k: np.flatnonzero((pre == k[0]) & (on == k[1])) for k in product(range(12), (0, 1))}
    rows = {
        k: PlasticRow([int(w) for w in weight[m]], post[m].tolist(), delay[m].tolist(), 2)
        for k, m in members.items()
    }
    waiting, lost = defaultdict(list), 0
    for t in range(STEPS):
        for i in chunk.spike_ids[(chunk.spike_steps == t) & (chunk.spike_ids < 7)]:
            histories[i].add(given, t)
        ids = [g.first_id + i for g in (source, drive) for i in g.ids[g.steps == t]]
        late = twin.step(t, ids)
        for i in (i - source.first_id for i in ids if i < drive.first_id):
            for core in (0, 1):
                by = late.get((source.first_id + i, core), 0)
                if by == np.inf:
                    lost += members[i, core].size
                else:
                    waiting[t + (by - by % COLOURS if coloured else by)].append((i, core))
        for key in waiting[t]:
            rows[key].fetch(given, t, histories)
    found = np.zeros(weight.size, int)
    for key, m in members.items():
        found[m] = rows[key].weights
    return found, lost

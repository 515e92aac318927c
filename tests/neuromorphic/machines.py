"""Machines for tests, made of single passes; and the limits of machines once more, in Python."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from neurosim.neuromorphic.platform import Machine

from neurosim import streams


@dataclass(frozen=True, kw_only=True)
class Bare(Machine):
    """A machine whose mapping is whatever ``steps`` holds."""

    name: ClassVar[str] = "bare"
    steps: tuple = ()

    def passes(self):
        return self.steps

    def settings(self):
        return {}

    def account(self, draft, counts, run):
        return {"counts": counts, "run": run}


class GateTwin:
    """As include/gates.hpp, one spike at a time."""

    def __init__(self, spec, index=0):
        self.spec, self.index = spec, index
        self.lines: dict[int, deque] = {}
        self.places: dict[int, float] = {}
        self.counted: dict[int, int] = {}
        self.passed = self.lost = self.unlucky = self.waited = self.most_waiting = 0

    def step(self, step, spikes):
        """Return the ids that act in a step."""
        out = []
        for i in sorted(spikes):
            group = int(self.spec.group[i])
            if group < 0:
                out.append(i)
                continue
            line = self.lines.setdefault(group, deque())
            if self.spec.own_place and i in [other for other, _ in line]:
                self.lost += 1
            else:
                line.append((i, step))
        for group, line in self.lines.items():
            if line:
                out += self._work_off(group, line, step)
        return sorted(out)

    def _work_off(self, group, line, step):
        most = max(1.0, self.spec.per_step)
        since = step - self.counted.get(group, step)
        gained = self.spec.per_step * since if group in self.counted else most
        self.places[group] = min(most, self.places.get(group, 0.0) + gained)
        self.counted[group] = step
        out = []
        while self.places[group] >= 1 and line:
            self.places[group] -= 1
            i, entered = line.popleft()
            self.waited += step - entered
            word = streams.words(
                self.spec.seed, streams.Purpose.SPIKE_LOSS, self.index, i, step
            ).ravel()[0]
            if self.spec.loss and (float(word) + 0.5) * 2.0**-32 < self.spec.loss:
                self.unlucky += 1
            else:
                self.passed += 1
                out.append(i)
        while len(line) > self.spec.depth:
            line.pop()
            self.lost += 1
        self.most_waiting = max(self.most_waiting, len(line))
        return out


class CoresTwin:
    """As include/cores.hpp: ``rows[i][s]`` synapses of source i onto slice s."""

    def __init__(self, spec, rows):
        self.spec, self.rows = spec, rows
        n = int(spec.lanes.sum())
        self.first = [int(spec.lanes[:k].sum()) for k in range(len(spec.lanes))]
        self.budget = np.repeat(np.broadcast_to(spec.budget, len(spec.lanes)), spec.lanes)
        self.backlog = [0.0] * n
        self.finished = [deque() for _ in range(n)]
        self.late, self.lost, self.events = [0] * n, [0] * n, [0] * n

    def step(self, step, spikes):
        """Return {(id, slice): lateness} of what is late; inf: never worked off."""
        found, spec = {}, self.spec
        arrived = [0.0] * len(self.backlog)
        for s, base in enumerate(spec.base_load):
            arrived[self.first[s]] += float(base)
        for queue in self.finished:
            while queue and queue[0] <= step:
                queue.popleft()
        for i in sorted(spikes):
            for s, events in enumerate(self.rows[i]):
                if not events:
                    continue
                q = self.first[s] + int(spec.source_slice[i]) % int(spec.lanes[s])
                if len(self.finished[q]) >= spec.fifo:
                    self.lost[q] += 1
                    found[i, s] = math.inf
                    continue
                done = self.backlog[q] + arrived[q] + events
                late = math.ceil(done / self.budget[q]) - 1 if done > self.budget[q] else 0
                if late:
                    self.late[q] += 1
                    found[i, s] = math.inf if spec.drops_late else late
                    if spec.drops_late:
                        continue
                    self.finished[q].append(step + late)
                arrived[q] += events
                self.events[q] += events
        for q, more in enumerate(arrived):
            self.backlog[q] = max(0.0, self.backlog[q] + more - self.budget[q])
        return found

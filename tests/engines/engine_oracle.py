"""A Program run neuron by neuron in plain Python: the order of a step, written once more.

Only listed edges; code of one neuron is run by ``exec``, so it must be Python as it stands.
"""

import math
from collections import defaultdict

import numpy as np

from neurosim.streams import Purpose, words

LONG_AGO = -(10**9)


def _timestep(duration, dt):
    return int((duration + 1e-3 * dt) / dt)


class Oracle:
    def __init__(self, program):
        self.program, self.step = program, 0
        self.values, self.last, self.free = {}, {}, {}
        for p in program.populations:
            self.values[p.name] = [
                {k: float(np.broadcast_to(v, p.size)[n]) for k, v in p.values.items()}
                for n in range(p.size)
            ]
            self.last[p.name] = [LONG_AGO] * p.size
            self.free[p.name] = [True] * p.size
        self.code = {p.name: _compiled(p.code) for p in program.populations}
        self.pending = defaultdict(list)
        self.spikes, self.samples = [], [[] for _ in program.state_recorders]

    def run(self, n_steps):
        for _ in range(n_steps):
            self._sample()
            spiked = self._update()
            self._kick()
            self._deliver(spiked)
            for name, local in spiked:
                if name in self.values:
                    self._exec(name, local, "reset", guard=False)
            self.step += 1
        return self

    def _sample(self):
        for recorder, rows in zip(self.program.state_recorders, self.samples, strict=True):
            if self.step % recorder.every == 0:
                values = self.values[recorder.population]
                rows.append([values[n][recorder.variable] for n in recorder.ids])

    def _update(self):
        spiked = []
        for p in self.program.populations:
            for n in range(p.size):
                self._refresh(p, n)
                self._exec(p.name, n, "update", guard=True)
                scope = self._scope(p.name, n)
                crossed = p.code.threshold and eval(self.code[p.name]["threshold"], scope)
                if crossed and self.free[p.name][n]:
                    spiked.append((p.name, n))
                    self.last[p.name][n] = self.step
                    self.free[p.name][n] = p.code.refractory_kind == "none"
        for s in self.program.sources:
            spiked += [
                (s.name, int(i)) for t, i in zip(s.steps, s.ids, strict=True) if t == self.step
            ]
        first = {e.name: e.first_id for e in self.program.emitters()}
        self.spikes += sorted((self.step, first[n] + i) for n, i in spiked)
        return spiked

    def _refresh(self, p, n):
        kind = p.code.refractory_kind
        if kind == "none":
            return
        value = eval(self.code[p.name]["refractory"], self._scope(p.name, n))
        if kind == "duration":
            elapsed = self.step - self.last[p.name][n]
            self.free[p.name][n] = elapsed >= _timestep(value, self.program.dt)
        else:
            self.free[p.name][n] = self.free[p.name][n] or not value

    def _kick(self):
        for q in self.program.poisson:
            ids = q.post.first_id + np.arange(q.post.size)
            drawn = words(self.program.seed, Purpose.POISSON, q.index, ids, self.step // 4)
            for n, word in enumerate(drawn[:, self.step % 4]):
                k = 0 if q.table is None else int(q.table[n])
                count = int(q.first[k]) + sum(int(t) <= int(word) for t in q.thresholds[k])
                self._add(q.post.population, q.post.start + n, q.variable, q.weight * count)

    def _deliver(self, spiked):
        for p in self.program.projections:
            now = {local - p.pre.start for name, local in spiked if name == p.pre.population}
            edges = zip(p.rule.pre, p.rule.post, p.weight.values, p.delay.values, strict=True)
            for i, j, weight, delay in edges:
                if i in now:
                    event = (
                        p.post.population,
                        p.post.start + j,
                        p.variable,
                        float(np.float32(weight)),
                    )
                    self.pending[self.step + delay].append(event)
        for event in self.pending.pop(self.step, []):
            self._add(*event)

    def _add(self, name, n, variable, amount):
        if self._writable(name, n, variable):
            self.values[name][n][variable] += amount

    def _writable(self, name, n, variable):
        guarded = variable in self.program.population(name).code.unless_refractory
        return not guarded or self.free[name][n]

    def _scope(self, name, n):
        functions = {"exp": math.exp, "sqrt": math.sqrt, "int": int, "dt": self.program.dt}
        return {**functions, **self.values[name][n], "not_refractory": self.free[name][n]}

    def _exec(self, name, n, part, guard):
        scope = self._scope(name, n)
        exec(self.code[name][part], scope)
        for variable in self.values[name][n]:
            if not guard or self._writable(name, n, variable):
                self.values[name][n][variable] = scope[variable]


def _compiled(code):
    return {
        "update": compile(code.update, "update", "exec"),
        "reset": compile(code.reset, "reset", "exec"),
        "threshold": compile(code.threshold or "False", "threshold", "eval"),
        "refractory": compile(code.refractory or "False", "refractory", "eval"),
    }

"""SpiNNaker's neurons against models in plain Python integers, bit by bit.

The integer models below are written from the machine's sources (sheet, section 1.6), one neuron and
one tick at a time, and share nothing with the code that the engine runs but the tables of exp.
"""

import dataclasses
from typing import ClassVar

import numpy as np
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from neurosim.neuromorphic import SpiNNaker
from neurosim.neuromorphic.spinnaker.fixed import (
    decay_and_init,
    decayed,
    divide,
    encode,
    expulr,
    literal,
    membrane_factor,
    multiply,
    refractory_ticks,
    wrapped,
)

import neurosim as ns
from neurosim.units import ms, mV, nA, nF, uS

ONE = 32768
TICKS = 300


class IntegerLif:
    """IF_curr_exp and IF_cond_exp, in s16.15."""

    def __init__(self, dt, p, conductance=False):
        self.conductance = conductance
        self.v = encode(p["v"])
        self.rest, self.reset, self.threshold = (encode(p[k]) for k in ("rest", "reset", "th"))
        self.offset = encode(p["offset"])
        tau = encode(p["tau_m"])
        self.r = divide(tau, encode(p["cm"]))
        self.e = membrane_factor(encode(dt), tau)
        self.pause, self.timer = refractory_ticks(encode(p["t_ref"]), encode(dt)), 0
        self.syn = [0, 0]
        self.factors = [decay_and_init(encode(dt), encode(p[k])) for k in ("tau_e", "tau_i")]
        self.reversal = [encode(p.get(k, 0)) for k in ("rev_e", "rev_i")]

    def tick(self, ring, shift):
        """Take in the ring's 16-bit sums; return (v, exc, inh as recorded, spiked)."""
        for k in (0, 1):
            added = decayed(wrapped(min(ring[k], 0xFFFF) << shift[k]), self.factors[k][1])
            self.syn[k] = wrapped(self.syn[k] + added)
        seen = (self.v, *self.syn)
        exc, inh = self.syn
        if self.conductance:
            exc = multiply(exc >> 10, wrapped(self.reversal[0] - self.v))
            inh = multiply(-(inh >> 10), wrapped(self.reversal[1] - self.v))
        if self.timer <= 0:
            current = wrapped(exc - inh + self.offset)
            alpha = wrapped(multiply(current, self.r) + self.rest)
            self.v = wrapped(alpha - multiply(self.e, wrapped(alpha - self.v)))
        else:
            self.timer -= 1
        spiked = self.v >= self.threshold
        if spiked:
            self.v, self.timer = self.reset, self.pause
        self.syn = [decayed(s, f[0]) for s, f in zip(self.syn, self.factors, strict=True)]
        return (*seen, spiked)


class IntegerIzhikevich:
    """IZK_curr_exp, in s16.15."""

    def __init__(self, dt, p):
        self.a, self.b, self.c, self.d, self.v, self.u, self.offset = (
            encode(p[k]) for k in ("a", "b", "c", "d", "v", "u", "offset")
        )
        self.dt = self.h = encode(dt)
        self.syn, self.factors = [0, 0], decay_and_init(encode(dt), encode(p["tau"]))

    def tick(self, ring, shift):
        for k in (0, 1):
            added = decayed(wrapped(min(ring[k], 0xFFFF) << shift[k]), self.factors[1])
            self.syn[k] = wrapped(self.syn[k] + added)
        seen = (self.v, self.u, wrapped(self.syn[0] - self.syn[1]))
        current = wrapped(self.syn[0] - self.syn[1] + self.offset)
        v, u, h, half = self.v, self.u, self.h, ONE // 2
        magic, five = literal(0.040008544921875), 5 * ONE
        pre = wrapped(140 * ONE + current - u)
        slope = wrapped(pre + multiply(wrapped(five + multiply(magic, v)), v))
        eta = wrapped(v + multiply(multiply(h, slope), half))
        beta = multiply(multiply(multiply(h, wrapped(multiply(self.b, v) - u)), self.a), half)
        change = wrapped(pre - beta + multiply(wrapped(five + multiply(magic, eta)), eta))
        self.v = wrapped(v + multiply(h, change))
        recovery = wrapped(-u - beta + multiply(self.b, eta))
        self.u = wrapped(u + multiply(multiply(self.a, h), recovery))
        self.h = self.dt
        spiked = self.v >= 30 * ONE
        if spiked:
            self.v, self.u = self.c, wrapped(self.u + self.d)
            self.h = multiply(self.dt, literal(1.85))
        self.syn = [decayed(s, self.factors[0]) for s in self.syn]
        return (*seen, spiked)


class IntegerAlpha(IntegerLif):
    """IF_curr_alpha: the linear and the exponential part of each input."""

    def __init__(self, dt, p):
        super().__init__(dt, p)
        tau = encode(p["tau_e"])
        self.fall = expulr(-divide(encode(dt), tau))
        self.slope = divide(encode(dt), multiply(tau, tau))
        self.parts = [[0, 0, 0], [0, 0, 0]]  # linear, exponential, last input

    def tick(self, ring, shift):
        for part, r, p in zip(self.parts, ring, shift, strict=True):
            given = wrapped(min(r, 0xFFFF) << p)
            if given > 0:
                part[2] = given
                part[1] = wrapped(decayed(part[1], self.fall) + ONE)
                share = wrapped(ONE - divide(ONE, part[1]))
                part[0] = multiply(wrapped(part[0] + multiply(given, self.slope)), share)
        exc, inh = (multiply(p[0], p[1]) for p in self.parts)
        seen = (self.v, wrapped(exc - inh), 0)
        if self.timer <= 0:
            alpha = wrapped(multiply(wrapped(exc - inh + self.offset), self.r) + self.rest)
            self.v = wrapped(alpha - multiply(self.e, wrapped(alpha - self.v)))
        else:
            self.timer -= 1
        spiked = self.v >= self.threshold
        if spiked:
            self.v, self.timer = self.reset, self.pause
        for part in self.parts:
            part[0] = wrapped(part[0] + multiply(part[2], self.slope))
            part[1] = decayed(part[1], self.fall)
        return (*seen, spiked)


class IntegerDelta(IntegerLif):
    """IF_curr_delta: a charge that arrives within the tick."""

    def __init__(self, dt, p):
        super().__init__(dt, p)
        self.per_step = divide(ONE, encode(dt))

    def tick(self, ring, shift):
        exc, inh = (
            multiply(wrapped(min(r, 0xFFFF) << p), self.per_step)
            for r, p in zip(ring, shift, strict=True)
        )
        seen = (self.v, 0, 0)
        if self.timer <= 0:
            alpha = wrapped(multiply(wrapped(exc - inh + self.offset), self.r) + self.rest)
            self.v = wrapped(alpha - multiply(self.e, wrapped(alpha - self.v)))
        else:
            self.timer -= 1
        spiked = self.v >= self.threshold
        if spiked:
            self.v, self.timer = self.reset, self.pause
        return (*seen, spiked)


@dataclasses.dataclass(frozen=True, kw_only=True)
class Probed(SpiNNaker):
    """SpiNNaker that keeps what the mapping left, to look at."""

    seen: ClassVar[list] = []

    def passes(self):
        return (*super().passes(), self.seen.append)


N = 12
MEMBRANE = {
    "v": (-80, -50), "rest": (-75, -55), "reset": (-80, -60), "th": (-55, -45), "offset": (0, 0.9),
    "tau_m": (5, 30), "cm": (0.1, 1.5), "t_ref": (0, 6), "tau_e": (0.3, 12), "tau_i": (0.3, 12),
}  # fmt: skip
IZHIKEVICH = {
    "a": (0.01, 0.1), "b": (0.15, 0.3), "c": (-70, -45), "d": (0.05, 8), "v": (-80, -40),
    "u": (-16, -8), "offset": (0, 15), "tau": (0.5, 10),
}  # fmt: skip


def drawn(rng, ranges, **same):
    found = {k: rng.uniform(*r, N).round(3) for k, r in ranges.items()}
    return found | {k: np.full(N, v) for k, v in same.items()}


def lif(model, p, tau, **more):
    return model(
        E_L=p["rest"] * mV, V_th=p["th"] * mV, V_r=p["reset"] * mV, t_ref=p["t_ref"] * ms,
        I_e=p["offset"] * nA, C_m=p["cm"] * nF, **{k: p[v] * ms for k, v in tau.items()}, **more,
    )  # fmt: skip


def cases(rng):
    """Return name -> (model, integer model, parameters, [(variable, unit, sign, size)] * 2)."""
    models, found = ns.models, {}
    p = drawn(rng, MEMBRANE)
    p["tau_i"] = p["tau_e"]
    p["th"][0] = p["v"][0] = p["rest"][0]  # at the threshold, which is a spike
    p["offset"][0] = 0
    found["exp"] = (
        lif(models.lif_curr_exp, p, {"tau_m": "tau_m", "tau_syn": "tau_e"}), IntegerLif, p,
        [("I_syn", nA, 1, 4.0), ("I_syn", nA, -1, 2.0)],
    )  # fmt: skip
    p = drawn(rng, MEMBRANE)
    tau = {"tau_m": "tau_m", "tau_exc": "tau_e", "tau_inh": "tau_i"}
    found["exp2"] = (
        lif(models.lif_curr_exp2, p, tau), IntegerLif, p,
        [("I_exc", nA, 1, 90.0), ("I_inh", nA, -1, 0.4)],
    )  # fmt: skip
    p = drawn(rng, {**MEMBRANE, "rev_e": (-10, 10), "rev_i": (-90, -70)})
    p["g"] = (p["cm"] / p["tau_m"]).round(6)
    p["tau_m"] = p["cm"] / p["g"]
    found["cond"] = (
        lif(models.lif_cond_exp, p, {"tau_exc": "tau_e", "tau_inh": "tau_i"}, g_L=p["g"] * uS,
            E_exc=p["rev_e"] * mV, E_inh=p["rev_i"] * mV),
        IntegerLif, p, [("g_exc", uS, 1, 0.08), ("g_inh", uS, 1, 0.02)],
    )  # fmt: skip
    p = drawn(rng, MEMBRANE, tau_e=round(rng.uniform(0.5, 8), 2))
    found["alpha"] = (
        lif(models.lif_curr_alpha, p, {"tau_m": "tau_m"}, tau_syn=p["tau_e"][0] * ms),
        IntegerAlpha, p, [("J_syn", nA, 1, 4.0), ("J_syn", nA, -1, 1.0)],
    )  # fmt: skip
    p = drawn(rng, MEMBRANE, tau_m=round(rng.uniform(5, 20), 2), cm=round(rng.uniform(0.2, 1), 3))
    found["delta"] = (
        lif(models.lif_delta, p | {"cm": p["cm"][0]}, {}, tau_m=p["tau_m"][0] * ms),
        IntegerDelta, p, [("v", mV, 1, 9.0), ("v", mV, -1, 3.0)],
    )  # fmt: skip
    p = drawn(rng, IZHIKEVICH)
    found["izhikevich"] = (
        models.izhikevich(a=p["a"] / ms, b=p["b"] / ms, c=p["c"] * mV, d=p["d"] * mV / ms,
                          I_e=p["offset"] * mV / ms, tau_syn=p["tau"] * ms),
        IntegerIzhikevich, p, [("I_syn", mV / ms, 1, 12.0), ("I_syn", mV / ms, -1, 6.0)],
    )  # fmt: skip
    return found


RECORDED = {
    "exp": ("v", "I_syn"), "exp2": ("v", "I_exc", "I_inh"), "cond": ("v", "g_exc", "g_inh"),
    "alpha": ("v", "I_syn"), "delta": ("v",), "izhikevich": ("v", "u", "I_syn"),
}  # fmt: skip
UNITS = {"mV": 1.0, "pA": 1e-3, "nS": 1e-3, "V/s": 1.0}  # of recordings, in machine units


class Driven:
    """One network of all models, each neuron with an excitatory and an inhibitory source."""

    def __init__(self, seed, dt_ms):
        rng = np.random.default_rng(seed)
        self.dt_ms, dt = dt_ms, dt_ms * ms
        self.cases = cases(rng)
        self.fired = rng.random((TICKS, 2 * N)) < 0.04
        self.delays = rng.integers(1, 40, 2 * N)
        net = ns.Network(seed=1)
        steps, ids = np.nonzero(self.fired)
        source = net.spike_source("S", times=(steps + 0.5) * dt, ids=ids, size=2 * N)
        self.weights = {}
        for name, (model, _, p, kinds) in self.cases.items():
            states = {"v": p["v"] * mV}
            if name == "izhikevich":
                states["u"] = p["u"] * mV / ms
            cells = net.population(name, N, model, initial=states)
            self.weights[name] = rng.uniform(0.1, 1, 2 * N) * np.repeat([k[3] for k in kinds], N)
            for kind, (variable, unit, sign, _) in enumerate(kinds):
                own = slice(kind * N, (kind + 1) * N)
                net.project(source[own], cells, ns.Edges(np.arange(N), np.arange(N)), variable,
                            weight=sign * self.weights[name][own] * unit,
                            delay=self.delays[own] * dt, name=f"{name}_{kind}")  # fmt: skip
            for variable in RECORDED[name]:
                net.record(cells, variable, every=dt)
        Probed.seen.clear()
        self.run = ns.simulate(net, TICKS * dt, dt=dt, platform=Probed(), threads=1)
        self.receptors = Probed.seen[0].facts["spinnaker"].receptors

    def bits(self, name):
        """Return what was recorded as the machine's integers, (variables, ticks, neurons)."""
        found = []
        for variable in RECORDED[name]:
            trace = self.run.state(name, variable)
            sign = -1 if variable == "I_inh" else 1
            values = sign * trace.values.astype(float) * UNITS[trace.unit] * ONE
            assert np.abs(values - np.rint(values)).max() < 1e-3, "recorded values are s16.15"
            found.append(np.rint(values).astype(np.int64))
        return np.array(found)

    def spikes(self, name):
        times, ids = self.run.spikes(name)
        found = np.zeros((TICKS, N), bool)
        found[np.rint(times / self.dt_ms).astype(int), ids] = True
        return found

    def expected(self, name):
        """Return the integer model's recorded bits and spikes."""
        _, model, p, kinds = self.cases[name]
        shifts, ring = [], np.zeros((TICKS + 50, N, 2), np.int64)
        for kind, (variable, unit, sign, _) in enumerate(kinds):
            receptor = self.receptors[name, variable, sign]
            shifts.append(receptor.shift)
            for k in range(N):
                source = kind * N + k
                given = self.weights[name][source] * float(unit)
                integer = round(given * receptor.per_weight) & 0xFFFF
                for step in np.flatnonzero(self.fired[:, source]):
                    ring[step + self.delays[source], k, kind] += integer
        seen, spikes = [], np.zeros((TICKS, N), bool)
        for k in range(N):
            one = {key: float(value[k]) for key, value in p.items()}
            cell = (
                model(self.dt_ms, one)
                if model is IntegerIzhikevich
                else model(self.dt_ms, one, **({"conductance": True} if name == "cond" else {}))
            )
            rows = [cell.tick([int(x) for x in ring[t, k]], shifts) for t in range(TICKS)]
            spikes[:, k] = [row[-1] for row in rows]
            if name == "cond":
                rows = [(v, e >> 10, i >> 10) for v, e, i, _ in rows]
            if name == "exp":
                rows = [(v, wrapped(e - i), 0) for v, e, i, _ in rows]
            seen.append([row[: len(RECORDED[name])] for row in rows])
        return np.array(seen).transpose(2, 1, 0), spikes


@settings(max_examples=4, deadline=None, derandomize=True,
    phases=(Phase.generate,),
          suppress_health_check=list(HealthCheck))  # fmt: skip
@given(seed=st.integers(0, 2**32 - 1), dt_ms=st.sampled_from([0.1, 1.0]))
def test_every_model_is_the_integer_model_bit_by_bit(seed, dt_ms):
    driven = Driven(seed, dt_ms)
    for name in driven.cases:
        bits, spikes = driven.expected(name)
        assert (driven.spikes(name) == spikes).all(), name
        assert (driven.bits(name) == bits).all(), name


def test_the_neurons_compared_do_spike():
    driven = Driven(3, 1.0)
    for name in driven.cases:
        assert driven.spikes(name).sum() > 10, name

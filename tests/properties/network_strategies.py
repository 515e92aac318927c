"""Whole networks drawn by hypothesis, as plain data that prints as the user would write it."""

import re
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

import neurosim as ns
from neurosim import units
from neurosim.models.catalogue import ENTRIES


@dataclass(frozen=True)
class ModelSpec:
    """A model: of the catalogue when ``base`` is given, else from its own equations.

    ``inputs`` are (variable, weight, unit): what synapses may act on, and a weight that matters.
    """

    name: str
    inputs: tuple
    dt_ms: float = 0.1
    base: str | None = None
    equations: str = ""
    threshold: str = ""
    reset: str = ""
    refractory: str | None = None
    method: str | None = None
    parameters: dict = field(default_factory=dict)
    initial: dict = field(default_factory=dict)
    drive: Any = None

    def build(self):
        if self.base is not None:
            return getattr(ns.models, self.base)(**self.parameters)
        return ns.NeuronModel(
            self.equations,
            threshold=self.threshold,
            reset=self.reset,
            refractory=self.refractory,
            method=self.method,
            parameters=self.parameters,
            name=self.name,
        )


@dataclass(frozen=True)
class NetworkSpec:
    """A network: models of populations, then calls of the Network's methods, in this order."""

    seed: int
    weight_bits: int
    sizes: tuple
    models: tuple
    source: tuple | None
    projections: tuple
    poisson: tuple
    currents: tuple
    operations: tuple
    recorders: tuple

    @property
    def dt_ms(self):
        return min(model.dt_ms for model in self.models)

    def build(self):
        net = ns.Network(seed=self.seed, weight_bits=self.weight_bits)
        groups = []
        for k, (size, model) in enumerate(zip(self.sizes, self.models, strict=True)):
            groups.append(net.population(f"P{k}", size, model.build(), initial=model.initial))
        if self.source is not None:
            steps, ids, size = self.source
            times = [s * self.dt_ms for s in steps] * units.ms
            groups.append(net.spike_source("S", times=times, ids=list(ids), size=size))
        for pre, post, rule, variable, weight, delay, synapse in self.projections:
            args = {"weight": weight, "delay": self._delay(delay)}
            if synapse is not None:
                args["synapse"] = ns.SynapseModel(**SYNAPSE_MODELS[synapse], name=synapse)
            net.project(_part(groups, pre), _part(groups, post), rule, variable, **args)
        for post, variable, rate, indegree, weight in self.poisson:
            target = _part(groups, post)
            net.poisson(target, variable, rate=rate, indegree=indegree, weight=weight)
        for part, variable, wave in self.currents:
            net.inject(_part(groups, part), variable, wave)
        for part, code, every, when in self.operations:
            net.run_regularly(_part(groups, part), code, every * self.dt_ms * units.ms, when)
        for part, variable, every in self.recorders:
            net.record(_part(groups, part), variable, every=every * self.dt_ms * units.ms)
        return net

    def _delay(self, delay):
        if isinstance(delay, int):
            return delay * self.dt_ms * units.ms
        if isinstance(delay, tuple):
            return [d * self.dt_ms for d in delay] * units.ms
        return delay


def _part(groups, part):
    index, chosen = part
    if chosen is None:
        return groups[index]
    return groups[index][list(chosen) if isinstance(chosen, tuple) else chosen]


def quantity(value, unit):
    """``value`` in the unit of that name, which may be a quotient."""
    upper, *lower = unit.split("/")
    result = value * getattr(units, upper)
    for name in lower:
        result = result / getattr(units, name)
    return result


def numbers(low, high):
    """Numbers of no special value, so that sums do not meet a threshold exactly."""
    return st.integers(0, 9973).map(lambda k: low + (high - low) * (k + 0.37) / 9973.7)


def amounts(low, high, unit):
    """A parameter: one value, or one that differs from neuron to neuron."""
    span = quantity(low, unit), quantity(high, unit)
    return st.one_of(
        numbers(low, high).map(lambda x: quantity(x, unit)),
        st.just(ns.Uniform(*span)),
        st.just(ns.Normal((span[0] + span[1]) / 2, abs(span[1] - span[0]) / 5)),
        st.just(f"({low!r} + {high - low!r}*rand())*{unit}"),
    )


@st.composite
def catalogue_models(draw):
    entry = ENTRIES[draw(st.sampled_from(sorted(ENTRIES)))]
    units_of = {p.name: p.unit for p in entry.parameters}
    current = entry.figure.current
    parameters = {"I_e": draw(amounts(0.9 * current, 1.4 * current, units_of["I_e"]))}
    return ModelSpec(
        name=entry.name,
        base=entry.name,
        inputs=tuple((i.variable, i.weight, i.unit) for i in entry.inputs),
        dt_ms=entry.figure.dt,
        parameters=parameters,
        drive=quantity(current, units_of["I_e"]),
    )


def quantity_list(factors, one):
    """The products of numbers and a quantity, as an array with its unit."""
    return units.Quantity([factor * float(one) for factor in factors], dim=one.dim)


SYNAPSE_MODELS = {
    "depressing": {
        "equations": "dx/dt = (0.9 - x)/(20*ms) : 1 (event-driven)",
        "on_pre": "target_post += w*x; x *= 0.7",
        "initial": {"x": 0.9},
    },
    "unreliable": {"on_pre": "target_post += w*int(rand() < 0.6)"},
    "counting": {
        "equations": "n_post_spikes : 1",
        "on_pre": "target_post += w/(1 + n_post_spikes)",
        "on_post": "n_post_spikes += 0.37",
    },
    "facilitating": {
        "equations": "du/dt = -u/(15*ms) : 1 (clock-driven)",
        "on_pre": "u += 0.3; target_post += w*u",
    },
}
# kind of synapse: (current in dv/dt, equations, what synapses act on)
SYNAPSES = {
    "delta": ("0*pA", "", ("v", 0.9, "mV")),
    "exponential": ("I_s", "dI_s/dt = -I_s/tau_s : amp", ("I_s", 70.0, "pA")),
    "alpha": (
        "I_s",
        "dI_s/dt = (J_s - I_s)/tau_s : amp\ndJ_s/dt = -J_s/tau_s : amp",
        ("J_s", 80.0, "pA"),
    ),
    "conductance": (
        "g_s*(0*mV - v)",
        "dg_s/dt = -g_s/tau_s : siemens",
        ("g_s", 1.1, "nS"),
    ),
    "squared": ("g_s**2*(0*mV - v)/nS", "dg_s/dt = -g_s/tau_s : siemens", ("g_s", 0.9, "nS")),
}
# membrane: current from v beside the leak, whether it is linear
MEMBRANES = {
    "leak": ("0*pA", True),
    "exponential": ("g_L*D*exp(clip((v - V_T)/D, -100, 5))", False),
    "quadratic": ("k_q*(v - E_L)*(v - V_T)", False),
    "piecewise": ("2*nS*(v - V_T)*int(v > V_T)", False),
    "saturating": ("20*pA*tanh((v - E_L)/(5*mV))", False),
}
METHODS = {
    True: (None, "exact", "euler", "rk4", "exponential_euler"),
    False: ("euler", "rk2", "rk4", "heun"),
}


@st.composite
def own_models(draw, name="own"):
    synapse, extra, target = SYNAPSES[draw(st.sampled_from(sorted(SYNAPSES)))]
    membrane, linear = MEMBRANES[draw(st.sampled_from(sorted(MEMBRANES)))]
    adapts, moves = draw(st.booleans()), draw(st.booleans())
    refractory = draw(st.sampled_from([None, "2*ms", "t_r", "v > V_T", "1*ms + t_r*rand_r"]))
    linear = linear and target[0] in ("v", "I_s", "J_s")
    adaptation = " - w" if adapts else ""
    guard = " (unless refractory)" if refractory and draw(st.booleans()) else ""
    lines = [
        f"dv/dt = (g_L*(E_L - v) + {membrane} + I_all{adaptation})/C : volt{guard}",
        f"I_all = {synapse} + I_e : amp",
        extra,
        "dw/dt = (a*(v - E_L) - w)/tau_w : amp" if adapts else "",
        "dtheta/dt = (V_T - theta)/tau_w : volt" if moves else "",
    ]
    reset = draw(st.sampled_from(["v = V_r", "v = E_L + 0.25*(v - E_L)", "v -= 17.3*mV"]))
    parameters = {
        "C": draw(amounts(150, 300, "pF")),
        "g_L": draw(amounts(8, 20, "nS")),
        "E_L": draw(amounts(-72, -65, "mV")),
        "V_T": draw(amounts(-54, -49, "mV")),
        "V_r": draw(amounts(-69, -60, "mV")),
        "I_e": draw(amounts(250, 700, "pA")),
        "tau_s": draw(amounts(0.5, 6, "ms")),
        "tau_w": draw(amounts(20, 150, "ms")),
        "a": quantity(2.1, "nS"),
        "b": quantity(31.7, "pA"),
        "D": quantity(2.3, "mV"),
        "k_q": quantity(0.83, "nS/mV"),
        "t_r": draw(amounts(1, 4, "ms")),
        "rand_r": draw(numbers(0.2, 0.9)),
    }
    reset += ("\nw += b" if adapts else "") + ("; theta += 3.1*mV" if moves else "")
    threshold = "v > theta" if moves else "v > V_T + 4*mV"
    initial = {"v": "E_L + 14*mV*rand()"} | ({"theta": "V_T + 5*mV*rand()"} if moves else {})
    text = "\n".join(line for line in lines if line)
    everything = " ".join([text, threshold, reset, refractory or ""])
    return ModelSpec(
        name=name,
        inputs=(target,),
        equations=text,
        threshold=threshold,
        reset=reset,
        refractory=refractory,
        method=draw(st.sampled_from(METHODS[linear and not (guard and moves)])),
        parameters={k: v for k, v in parameters.items() if _mentions(everything, k)},
        initial=initial,
        drive=quantity(300, "pA"),
    )


def _mentions(text, name):
    return re.search(rf"(?<!\w){name}(?!\w)", text) is not None


@st.composite
def parts(draw, sizes, index):
    """Some neurons of a population: (index, None, a slice, or a list of indices)."""
    size = sizes[index]
    kind = draw(st.sampled_from(["all", "all", "slice", "step", "list"]))
    if kind == "all" or size == 1:
        return index, None
    start = draw(st.integers(0, size - 1))
    stop = draw(st.integers(start + 1, size))
    if kind == "slice":
        return index, slice(start, stop)
    if kind == "step":
        return index, slice(start, stop, draw(st.integers(1, 3)))
    chosen = draw(st.lists(st.integers(0, size - 1), min_size=1, max_size=size, unique=True))
    return index, tuple(sorted(chosen))


def part_size(sizes, part):
    index, chosen = part
    if chosen is None:
        return sizes[index]
    return len(range(sizes[index])[chosen] if isinstance(chosen, slice) else chosen)


@st.composite
def rules(draw, n_pre, n_post):
    """A rule that fits the sizes, and its number of listed edges (None: not listed)."""
    kinds = ["total", "bernoulli", "all", "edges", "in", "out", "pairs"]
    kinds += ["one"] if n_pre == n_post else []
    kind = draw(st.sampled_from(kinds))
    flag = draw(st.booleans())
    number, p = draw(st.integers(0, 5)), draw(st.sampled_from([0.0, 0.07, 0.4, 1.0]))
    unlisted = {
        "total": lambda: ns.FixedTotalNumber(12 * number),
        "bernoulli": lambda: ns.Bernoulli(p, autapses=flag),
        "all": lambda: ns.AllToAll(autapses=flag),
        "one": ns.OneToOne,
        "in": lambda: ns.FixedInDegree(number),
        "out": lambda: ns.FixedOutDegree(number),
        "pairs": lambda: ns.Pairwise("0.7*exp(-abs(i - j)/3.3)", autapses=flag),
    }
    if kind in unlisted:
        return unlisted[kind](), None
    pairs = st.tuples(st.integers(0, n_pre - 1), st.integers(0, n_post - 1))
    listed = draw(st.lists(pairs, max_size=30))
    return ns.Edges([a for a, _ in listed], [b for _, b in listed]), len(listed)


@st.composite
def projections(draw, sizes, models):
    pre = draw(parts(sizes, draw(st.integers(0, len(sizes) - 1))))
    target = draw(st.integers(0, len(models) - 1))
    post = draw(parts(sizes, target))
    rule, n_edges = draw(rules(part_size(sizes, pre), part_size(sizes, post)))
    variable, typical, unit = draw(st.sampled_from(models[target].inputs))
    factor = draw(numbers(0.3, 2.0))
    one = quantity(typical * factor, unit)
    low, high = sorted((0.2 * typical * factor, 1.9 * typical * factor))
    weight: Any = draw(
        st.sampled_from(
            [
                one,
                ns.Normal(one, abs(one) / 4),
                ns.Uniform(quantity(low, unit), quantity(high, unit)),
            ]
        )
    )
    delay: Any = draw(
        st.one_of(
            st.integers(0, 30),
            st.just(ns.Uniform(0.5 * units.ms, 3 * units.ms)),
            st.just(ns.Normal(1.5 * units.ms, 0.7 * units.ms)),
            st.just(ns.Exponential(1 * units.ms, high=6 * units.ms)),
        )
    )
    if n_edges and draw(st.booleans()):
        weight = [typical * factor * (1 + 0.01 * k) for k in range(n_edges)]
        weight = quantity(1.0, unit) * weight
        delay = tuple(draw(st.lists(st.integers(0, 25), min_size=n_edges, max_size=n_edges)))
    synapse = None if n_edges is not None else draw(st.sampled_from([None, None, *SYNAPSE_MODELS]))
    return pre, post, rule, variable, weight, delay, synapse


@st.composite
def poisson_inputs(draw, sizes, models):
    target = draw(st.integers(0, len(models) - 1))
    variable, typical, unit = draw(st.sampled_from(models[target].inputs))
    rate = draw(st.sampled_from([0.0, 7.3, 61.0])) * units.Hz
    weight = quantity(typical * draw(numbers(0.2, 0.8)), unit)
    indegree = draw(st.sampled_from([1, 12, 30.5]))
    return draw(parts(sizes, target)), variable, rate, indegree, weight


@st.composite
def currents(draw, sizes, models):
    """An injected current; it takes the place of the drive's differences between neurons."""
    index = draw(st.integers(0, len(models) - 1))
    amplitude = models[index].drive
    wave = draw(
        st.sampled_from(
            [
                ns.ConstantCurrent(0.3 * amplitude, start=5 * units.ms, stop=20 * units.ms),
                ns.StepCurrent([3, 11] * units.ms, quantity_list([0.21, -0.33], amplitude)),
                ns.SineCurrent(0.4 * amplitude, 71 * units.Hz),
                ns.NoisyCurrent(0.1 * amplitude, 0.2 * amplitude),
            ]
        )
    )
    return draw(parts(sizes, index)), "I_e", wave


@st.composite
def operations(draw, sizes, models):
    index = draw(st.integers(0, len(models) - 1))
    variable, typical, unit = models[index].inputs[0]
    code = draw(
        st.sampled_from(
            [f"{variable} += {0.31 * typical!r}*{unit}*rand()", f"{variable} = 0.9*{variable}"]
        )
    )
    when = draw(st.sampled_from(["start", "end"]))
    return draw(parts(sizes, index)), code, draw(st.integers(1, 40)), when


@st.composite
def recorders(draw, sizes, models):
    index = draw(st.integers(0, len(models) - 1))
    variable = draw(st.sampled_from(models[index].build().declared.differential))
    return draw(parts(sizes, index)), variable, draw(st.sampled_from([1, 1, 3, 10]))


@st.composite
def some(draw, kind, counts):
    """Return a tuple of one of several lengths, each as likely."""
    return tuple(draw(kind) for _ in range(draw(st.sampled_from(counts))))


@st.composite
def networks(draw, model=None):
    """A whole network of one to three populations of up to 12 neurons."""
    kinds = st.one_of(own_models(), own_models(), catalogue_models()) if model is None else model
    models = draw(some(kinds, (1, 2, 3)))
    count = len(models)
    sizes = list(draw(some(st.sampled_from([1, 2, 5, 8, 12]), (count,))))
    source = None
    if draw(st.booleans()):
        size = draw(st.integers(1, 5))
        spikes = st.tuples(st.integers(0, 290), st.integers(0, size - 1))
        listed = draw(st.lists(spikes, max_size=20, unique=True))
        source = tuple(s for s, _ in listed), tuple(i for _, i in listed), size
        sizes.append(size)
    return NetworkSpec(
        seed=draw(st.integers(0, 2**64 - 1)),
        weight_bits=draw(st.sampled_from([32, 64])),
        sizes=tuple(sizes[:count]),
        models=models,
        source=source,
        projections=draw(some(projections(sizes, models), (0, 1, 2, 3, 4))),
        poisson=draw(some(poisson_inputs(sizes, models), (0, 0, 1, 2))),
        currents=draw(some(currents(sizes, models), (0, 0, 1))),
        operations=draw(some(operations(sizes, models), (0, 0, 1))),
        recorders=draw(some(recorders(sizes, models), (0, 1, 2, 3))),
    )

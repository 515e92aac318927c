"""What the rules of the catalogue must find, by sums over spikes instead of traces; and pairs of
neurons that spike when told, to find out what they do find."""

import numpy as np

import neurosim as ns
from neurosim.units import ms, mV

DT = 0.1 * ms
DT_MS = 0.1
SCALE = 1 * mV  # w_max, or w_0
START = float(np.float32(0.5e-3)) / 1e-3  # weights at t = 0 are drawn in single precision

RELAY = """
    fire : 1
    dx/dt = -x/second : 1
    dg/dt = -g/(5*ms) : volt
    """


def required(entry, choices, scale=SCALE):
    """The parameters that the user must give, with the scale of the weights for each."""
    parameters = entry.chosen(**choices)[1]
    return {name: scale for name, p in parameters.items() if p.value is None}


def label(name, choices):
    return "_".join([name, *choices.values()])


def driven_pairs(rules, pre, post, *, weight=0.5 * SCALE, delay=0 * ms, delay_post=0 * ms, seed=1):
    """A network of neuron pairs that spike at the steps told, one projection for each rule.

    ``pre`` and ``post`` are lists of arrays of steps, one for each pair; postsynaptic steps are at
    least 2 apart and at least 1. ``delay`` may be a dict of rule name -> delay.
    """
    net = ns.Network(seed=seed)
    n = len(pre)

    def source(name, trains):
        steps = np.concatenate([np.asarray(t, int) for t in trains])
        ids = np.repeat(np.arange(n), [len(t) for t in trains])
        return net.spike_source(name, steps * DT, ids, size=n)

    kicks = source("kicks", [np.asarray(t, int) - 1 for t in post])
    relay = ns.NeuronModel(RELAY, threshold="fire > 0.5", reset="fire = 0", name="relay")
    cells = net.population("cells", n, relay)
    net.project(kicks, cells, ns.OneToOne(), "fire", weight=1, delay=0 * ms)
    pres = source("pre", pre)
    for name, rule in rules.items():
        own = delay.get(name, 0 * ms) if isinstance(delay, dict) else delay
        posts = any(p.side == "post" for p in rule.text.pathways)
        net.project(
            pres, cells, ns.OneToOne(), "g", synapse=rule, weight=weight, delay=own, name=name,
            delay_post=delay_post if posts else None,
        )  # fmt: skip
    return net


def values_after(net, names, steps, *, engine="native", variable="w", dt=DT, threads=1):
    """Return {projection: values of a synaptic variable} after some steps."""
    with ns.Simulation(net, dt=dt, engine=engine, threads=threads, record=False) as sim:
        sim.run(steps * dt)
        return {name: sim.read(name, variable) for name in names}


def in_order(pre, post, delay=0, delay_post=0):
    """(step, side) of every spike at the synapse; presynaptic first within a step."""
    events = [(int(t) + delay, 0) for t in pre] + [(int(t) + delay_post, 1) for t in post]
    return sorted(events)


def _partners(past, own, pairing):
    """Steps of the other side's spikes that a spike pairs with; ``past`` is before it, in order."""
    others = [i for i, (_, side) in enumerate(past) if side != own]
    if pairing == "all_to_all":
        chosen = others
    elif pairing == "nearest_symmetric":
        chosen = others[-1:]
    elif pairing == "presynaptic_centred":
        if own == 0:
            chosen = others[-1:]
        else:
            before = [i for i, (_, side) in enumerate(past) if side == 1]
            chosen = [i for i in others if not before or i > before[-1]]
    else:
        chosen = [i for i in others[-1:] if i == len(past) - 1]
    return np.array([past[i][0] for i in chosen], float)


FACTORS = {
    "additive": (lambda w, p: 1.0, lambda w, p: 1.0),
    "multiplicative": (lambda w, p: 1 - w, lambda w, p: w),
    "power_law": (lambda w, p: (1 - w) ** p["mu_plus"], lambda w, p: w ** p["mu_minus"]),
    "van_rossum": (lambda w, p: 1.0, lambda w, p: w),
    "morrison": (lambda w, p: w ** p["mu_plus"], lambda w, p: w),
}


def pair_weight(pre, post, parameters, choices, w=START, delay=0, delay_post=0):
    """The weight, relative to w_max or w_0, after all spikes: the sum over the pairs of each."""
    plus, minus = FACTORS[choices["dependence"]]
    unbounded = choices["dependence"] in ("van_rossum", "morrison")
    top = np.inf if unbounded else 1.0
    events = in_order(pre, post, delay, delay_post)
    for k, (now, side) in enumerate(events):
        lags = (now - _partners(events[:k], side, choices["pairing"])) * DT_MS
        if side == 1:
            window = np.exp(-lags / parameters["tau_plus"]).sum()
            w += parameters["A_plus"] * plus(w, parameters) * window
        else:
            window = np.exp(-lags / parameters["tau_minus"]).sum()
            w -= parameters["A_minus"] * minus(w, parameters) * window
        w = min(max(w, 0.0), top)
    return w


def triplet_weight(pre, post, p, choices, w=START, delay=0, delay_post=0, high=1.0):
    """As pair_weight, for the triplet rule: sums over pairs and triplets of each spike."""
    nearest = choices["pairing"] == "nearest"
    events = in_order(pre, post, delay, delay_post)

    def window(now, past, side, tau):
        steps = np.array([t for t, s in past if s == side], float)
        lags = now - (steps[-1:] if nearest else steps)
        return np.exp(-lags * DT_MS / tau).sum()

    for k, (now, side) in enumerate(events):
        past = events[:k]
        if side == 1:
            slow = p["A2_plus"] + p["A3_plus"] * window(now, past, 1, p["tau_y"])
            w += window(now, past, 0, p["tau_plus"]) * slow
        else:
            slow = p["A2_minus"]
            if choices["model"] == "full":
                slow += p["A3_minus"] * window(now, past, 0, p["tau_x"])
            w -= window(now, past, 1, p["tau_minus"]) * slow
        w = min(max(w, 0.0), high)
    return w


def numbers(entry, choices):
    """{parameter: default} of a form of a rule, in the parameters' own units."""
    return {n: p.value for n, p in entry.chosen(**choices)[1].items() if p.value is not None}

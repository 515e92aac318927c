"""A recurrent network in which every rule of the catalogue learns, in a projection each."""

import hashlib

import numpy as np
from neurosim.plasticity import RULES

import neurosim as ns
from neurosim.units import ms, mV

SIZE = 200
LIF = """
    dv/dt = (drive - v + g)/(10*ms) : volt (unless refractory)
    drive : volt (constant)
    dg/dt = -g/(5*ms) : volt
    du_minus/dt = (v - u_minus)/(10*ms) : volt
    du_plus/dt = (v - u_plus)/(7*ms) : volt
    """
OWN = ("v_post", "g_post", "u_minus_post", "u_plus_post")

# parameters with which a rule learns something in a tenth of a second
PARAMETERS = {
    "clopath": {"theta_minus": -62 * mV, "theta_plus": -56 * mV},
    "graupner_brunel": {"tau": 2000 * ms},
}
# a rule that must be built otherwise: function(net, neurons, entry, name), and equations that it
# needs of the neurons
SPECIAL = {}
EXTRA = {}


# rules whose synapses are also tried with one delay for all, as networks of textbooks have
ONE_DELAY = ("pair_stdp", "triplet_stdp")


def cases(every_variant=False):
    """{projection's name: (entry, choices)}: the default form of every rule, or every form."""
    found = {f"{name}_one_delay": (RULES[name], RULES[name].variants()[0]) for name in ONE_DELAY}
    for name, entry in RULES.items():
        variants = entry.variants() if every_variant else entry.variants()[:1]
        for variant in variants:
            found["_".join([name, *variant.values()])] = (entry, variant)
    return found


def delays(rule):
    """Heterogeneous delays of one pathway, constant ones of the others."""
    pre = [p.name for p in rule.text.pathways if p.side == "pre"]
    spread = ns.Uniform(0.5 * ms, 3 * ms)
    if len(pre) <= 1:
        return spread if pre else None
    return {name: spread if name == "transmit" else 1.2 * ms for name in pre}


def neurons(chosen, seed=5, size=SIZE):
    net = ns.Network(seed=seed)
    names = dict.fromkeys(entry.name for entry, _ in chosen.values())
    needed = {n.name: n for entry, _ in chosen.values() for n in entry.needs}
    heard = {event for entry, _ in chosen.values() for event in entry.events.values()}
    start = {"v": "-60*mV + 10*mV*rand()", "u_minus": "-60*mV", "u_plus": "-60*mV"}
    lines = [EXTRA[name] for name in names if name in EXTRA]
    text = LIF + "\n".join(lines)
    for name, need in needed.items():
        variable = name.removesuffix("_post")
        if name.endswith("_post") and name not in OWN and f"d{variable}/dt" not in text:
            text += f"\nd{variable}/dt = -{variable}/(20*ms) : {need.unit}"
            start[variable] = "rand()" if need.unit == "1" else f"rand()*{need.unit}"
    model = ns.NeuronModel(
        text,
        threshold="v > -50*mV",
        reset="v = -60*mV",
        refractory=2 * ms,
        parameters={"drive": np.linspace(-53, -44, size) * mV},
        events=dict.fromkeys(sorted(heard), "v > -51*mV") or None,
        name="lif",
    )
    return net, net.population("E", size, model, initial=start)


def network(chosen=None, seed=5, size=SIZE, probability=0.03):
    """All cases in one network."""
    chosen = cases() if chosen is None else chosen
    net, e = neurons(chosen, seed, size)
    for name, (entry, choices) in chosen.items():
        if entry.name in SPECIAL:
            SPECIAL[entry.name](net, e, entry, name)
            continue
        parameters = entry.chosen(**choices)[1]
        required = {n: 1 * mV for n, p in parameters.items() if p.value is None}
        rule = entry.rule(**choices, **required, **PARAMETERS.get(entry.name, {}))
        posts = any(p.side == "post" for p in rule.text.pathways)
        net.project(
            e, e, ns.Bernoulli(probability), "g", synapse=rule, name=name,
            weight=ns.Uniform(0.2 * mV, 0.8 * mV),
            delay=1.5 * ms if name.endswith("_one_delay") else delays(rule),
            delay_post=(3 * ms if name.endswith("_one_delay") else 0.7 * ms) if posts else None,
        )  # fmt: skip
    return net


def learnt(chosen):
    """(projection, variable) of everything that is learnt."""
    return [(name, v) for name, (entry, _) in chosen.items() for v in entry.learns]


def final_values(sim):
    """{what: values} of all neurons and synapses of a simulation."""
    found = {}
    for population in sim.program.populations:
        for variable in population.code.variables:
            if variable.role == "state":
                found[population.name, variable.name] = sim.read(population.name, variable.name)
    for projection in sim.program.projections:
        if projection.synapse is not None:
            for variable in projection.synapse.code.variables:
                if variable.role == "state":
                    values = sim.read(projection.name, variable.name)
                    found[projection.name, variable.name] = values
    return found


def digests(values):
    """{what: digest of the bits}."""
    return {
        ".".join(key): hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()[:16]
        for key, array in values.items()
    }

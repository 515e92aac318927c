"""What may stand in a network file: the keys of every section, as data.

The reader, its messages and the table in the documentation all come from here.
"""

from __future__ import annotations

from dataclasses import dataclass

VERSION = 1


@dataclass(frozen=True)
class Key:
    """A key of a section.

    Attributes
    ----------
    kind : str
        How the value is read; see ``KINDS``.
    meaning : str
        For the documentation.
    required : bool
    """

    kind: str
    meaning: str
    required: bool = False


KINDS = {
    "text": "text",
    "name": "the name of something in this file",
    "count": "a whole number, or arithmetic with settings that gives one",
    "flag": "true or false",
    "value": "a number, quantity (`20 pA`), list, expression, or distribution "
    "(`Normal(20*pA, 2*pA)`)",
    "quantity": "a quantity, or arithmetic with units and settings that gives one",
    "quantities": "a list of quantities, or `[1, 2]*ms`",
    "indices": "a list of whole numbers",
    "values": "a mapping of names to values",
    "code": "text in the equation language",
    "texts": "a mapping of names to code",
    "codes": "code, or a mapping of names to code",
    "either": "a value, or a mapping of names to values",
    "object": "as in Python: `Grid(...)`, `SineCurrent(...)`",
    "synapse": "the name of a synapse model of this file or of the catalogue; or one as in "
    "`synapses.NAME`",
    "bounds": "a mapping of names to `[low, high]`, each a quantity, shared parameters or `none`",
    "plasticity": "the name of a plasticity rule of the catalogue",
    "target": "neurons, or the name of a projection",
    "refractory": "a duration, or a condition in the equation language",
    "neurons": "`E`, `E[:10]`, `E[3]`, `E[10:20:2]` or `E[1, 5, 7]`",
    "many": "neurons, or a list of them",
    "names": "a name or a list of names",
    "rule": "a rule, as in Python: `Bernoulli(0.1)`, `AllToAll`",
    "model": "the name of a model of this file or of the catalogue",
    "bins": "a list of two quantities and a number",
    "section": "a section of its own",
}

FILE = {
    "neurosim": Key("count", f"version of this format, {VERSION}"),
    "name": Key("text", "name of the network"),
    "description": Key("text", "one line"),
    "reference": Key("text", "where the network was published"),
    "settings": Key("section", "names and values that `--set NAME=VALUE` may change"),
    "network": Key("section", "seed and precision of weights"),
    "models": Key("section", "neuron models by name"),
    "synapses": Key("section", "synapse models by name"),
    "populations": Key("section", "neurons by name"),
    "sources": Key("section", "sources of given spikes by name"),
    "projections": Key("section", "a list of connections"),
    "poisson": Key("section", "a list of Poisson inputs"),
    "inject": Key("section", "a list of injected currents"),
    "run_regularly": Key("section", "a list of operations run at intervals"),
    "record": Key("section", "a list of recorders of state variables"),
    "record_sum": Key("section", "a list of recorders of sums over neurons"),
    "record_mean": Key("section", "a list of recorders of means over neurons"),
    "record_histogram": Key("section", "a list of histograms of synaptic variables"),
    "record_spikes": Key("names", "populations whose spikes are recorded; all unless given"),
    "simulation": Key("section", "how long it runs"),
    "figures": Key("names", "kinds of plot drawn beside the recording"),
}

NETWORK = {
    "seed": Key("count", "of every random number; `--seed` goes before it"),
    "weight_bits": Key("count", "32 or 64"),
}

MODEL = {
    "base": Key("model", "a model whose parameters are changed, in place of equations"),
    "equations": Key("code", "one equation per line"),
    "threshold": Key("code", "condition on which a neuron spikes"),
    "reset": Key("code", "statements for neurons that spiked"),
    "refractory": Key("refractory", "duration or condition"),
    "parameters": Key("values", "value of every name the equations do not define"),
    "initial": Key("values", "values at t = 0"),
    "events": Key("texts", "conditions of events besides spikes, by name"),
    "on_event": Key("texts", "statements after the event of that name"),
    "method": Key("text", "integrator"),
}

SYNAPSE = {
    "rule": Key("plasticity", "with the rule's choices and parameters as the only other keys"),
    "base": Key("synapse", "a synapse model of the catalogue, in place of equations and code"),
    "equations": Key("code", "one equation per line"),
    "on_pre": Key("codes", "statements at a spike of the source"),
    "on_post": Key("codes", "statements at a spike of the target"),
    "parameters": Key("values", "values of names that the code uses and never writes"),
    "initial": Key("values", "values at t = 0"),
    "events": Key("codes", "events that pathways listen to, in place of spikes"),
    "method": Key("text", "integrator of clock-driven equations"),
    "bounds": Key("bounds", "between which a variable stays"),
    "learns": Key("names", "what is learnt; with this or one of the next it is a plasticity rule"),
    "eligibility": Key("names", "traces that must decay"),
    "sign": Key("text", "`excitatory` or `inhibitory`: Dale's law"),
    "source": Key("text", "where the rule was published"),
}

POPULATION = {
    "size": Key("count", "number of neurons", required=True),
    "model": Key("model", "model of the neurons", required=True),
    "parameters": Key("values", "other values of the model's parameters"),
    "initial": Key("values", "values at t = 0"),
    "positions": Key("object", "where the neurons are: `Grid`, `UniformBox`, `UniformDisc`..."),
}

SOURCE = {
    "times": Key("quantities", "time of each spike", required=True),
    "ids": Key("indices", "neuron of each spike", required=True),
    "size": Key("count", "number of neurons"),
    "period": Key("quantity", "after which the spikes come again"),
    "positions": Key("object", "where the sources are"),
}

PROJECTION = {
    "pre": Key("many", "where the connections come from", required=True),
    "post": Key("many", "where they go to", required=True),
    "rule": Key("rule", "who is connected to whom", required=True),
    "variable": Key("text", "what a spike changes"),
    "weight": Key("value", "added to the variable"),
    "delay": Key("either", "from spike to effect"),
    "synapse": Key("synapse", "what synapses do instead of adding their weight"),
    "delay_post": Key("either", "from a target's spike to `on_post`"),
    "learning": Key("flag", "false: nothing is learnt until it is switched on"),
    "name": Key("text", "by default `E->I`"),
}

POISSON = {
    "post": Key("many", "who is driven", required=True),
    "variable": Key("text", "what an event changes", required=True),
    "rate": Key("value", "of each train", required=True),
    "weight": Key("value", "added to the variable", required=True),
    "indegree": Key("value", "trains per neuron; 1 unless given"),
}

INJECT = {
    "neurons": Key("many", "who gets it", required=True),
    "variable": Key("text", "the parameter that is the current", required=True),
    "wave": Key("object", "`StepCurrent(...)`, `SineCurrent(...)`...", required=True),
    "name": Key("text", "by default `E.I`"),
}

RUN_REGULARLY = {
    "neurons": Key("target", "whose variables it may change", required=True),
    "code": Key("code", "statements", required=True),
    "every": Key("quantity", "interval; every step unless given"),
    "when": Key("text", "`start` of the step, or `end`"),
    "start": Key("quantity", "the first time"),
    "parameters": Key("values", "for a projection: names in the code that have one value"),
}

RECORD = {
    "neurons": Key("target", "which neurons, or the synapses of which projection", required=True),
    "variables": Key("names", "which variables or expressions", required=True),
    "every": Key("quantity", "interval of the samples; every step unless given"),
    "start": Key("quantity", "time of the first sample"),
    "stop": Key("quantity", "time before which it ends"),
    "name": Key("text", "of the recorder"),
}

_VARIABLE = {"variable": Key("text", "which variable or expression", required=True)}
_NEURONS = {"neurons": Key("neurons", "which neurons", required=True)}
RECORD_ONE = (
    _VARIABLE | {name: key for name, key in RECORD.items() if name != "variables"} | _NEURONS
)
RECORD["synapses"] = Key("either", "of a projection: how many, at random, or which; all by default")

RECORD_HISTOGRAM = {
    "projection": Key("name", "whose synapses", required=True),
    "variable": Key("text", "`w` unless given"),
    "bins": Key("bins", "`[low, high, number]`", required=True),
    "every": Key("quantity", "interval", required=True),
    "start": Key("quantity", "time of the first"),
    "stop": Key("quantity", "time before which it ends"),
    "name": Key("text", "of the recorder"),
}

SIMULATION = {
    "duration": Key("quantity", "time after the warm-up; 1 s unless given"),
    "warmup": Key("quantity", "simulated first; 500 ms unless given"),
    "dt": Key("quantity", "time step; 0.1 ms unless given"),
}

SECTIONS = {
    "the file": FILE,
    "network": NETWORK,
    "models.NAME": MODEL,
    "synapses.NAME": SYNAPSE,
    "populations.NAME": POPULATION,
    "sources.NAME": SOURCE,
    "projections[]": PROJECTION,
    "poisson[]": POISSON,
    "inject[]": INJECT,
    "run_regularly[]": RUN_REGULARLY,
    "record[]": RECORD,
    "record_sum[], record_mean[]": RECORD_ONE,
    "record_histogram[]": RECORD_HISTOGRAM,
    "simulation": SIMULATION,
}

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
    "refractory": "a duration, or a condition in the equation language",
    "neurons": "`E`, `E[:10]`, `E[3]`, `E[10:20:2]` or `E[1, 5, 7]`",
    "many": "neurons, or a list of them",
    "names": "a name or a list of names",
    "rule": "a rule, as in Python: `Bernoulli(0.1)`, `AllToAll`",
    "model": "the name of a model of this file or of the catalogue",
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
    "populations": Key("section", "neurons by name"),
    "sources": Key("section", "sources of given spikes by name"),
    "projections": Key("section", "a list of connections"),
    "poisson": Key("section", "a list of Poisson inputs"),
    "record": Key("section", "a list of recorders of state variables"),
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
    "method": Key("text", "integrator"),
}

POPULATION = {
    "size": Key("count", "number of neurons", required=True),
    "model": Key("model", "model of the neurons", required=True),
    "parameters": Key("values", "other values of the model's parameters"),
    "initial": Key("values", "values at t = 0"),
}

SOURCE = {
    "times": Key("quantities", "time of each spike", required=True),
    "ids": Key("indices", "neuron of each spike", required=True),
    "size": Key("count", "number of neurons"),
}

PROJECTION = {
    "pre": Key("many", "where the connections come from", required=True),
    "post": Key("many", "where they go to", required=True),
    "rule": Key("rule", "who is connected to whom", required=True),
    "variable": Key("text", "what a spike changes", required=True),
    "weight": Key("value", "added to the variable", required=True),
    "delay": Key("value", "from spike to effect", required=True),
    "name": Key("text", "by default `E->I`"),
}

POISSON = {
    "post": Key("many", "who is driven", required=True),
    "variable": Key("text", "what an event changes", required=True),
    "rate": Key("value", "of each train", required=True),
    "weight": Key("value", "added to the variable", required=True),
    "indegree": Key("value", "trains per neuron; 1 unless given"),
}

RECORD = {
    "neurons": Key("neurons", "which neurons", required=True),
    "variables": Key("names", "which variables", required=True),
    "every": Key("quantity", "interval of the samples; every step unless given"),
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
    "populations.NAME": POPULATION,
    "sources.NAME": SOURCE,
    "projections[]": PROJECTION,
    "poisson[]": POISSON,
    "record[]": RECORD,
    "simulation": SIMULATION,
}

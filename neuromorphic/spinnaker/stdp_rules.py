"""Which of the catalogue's STDP rules are SpiNNaker's: recognised by their code."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ...lowering.program import Draw, Program, ProjectionProgram
from ...lowering.synapse_program import SynapseProgram
from .stdp import Dependence, Timing

NEAREST = "nearest_pairs"
DENDRITIC = "dendritic_delays"
APPROXIMATIONS = {
    NEAREST: (
        "STDP that pairs nearest spikes in some way becomes the machine's: a presynaptic spike "
        "pairs with the last postsynaptic one, and with the first after it"
    ),
    DENDRITIC: "the delay of plastic synapses, which the axon has, is the dendrite's instead",
}

HAS = (
    "the machine has the catalogue's pair_stdp, additive or multiplicative, and triplet_stdp of "
    "all spikes, recorded as a whole"
)
INSTEAD = "Use one of these, or plasticity='native' with the neurons' own numbers"

_LEARN = r"w = learning\*\(clip\(w {}, {}\)\) \+ \(1 - learning\)\*w"
_BOUNDS = r"(?:0\*w_max, w_max|w_max, 0\*w_max)"
_PAIR_PRE = re.compile(
    r"(?:\w+_post \+= w\n)?x_source (?P<source>\+?=) 1\n"
    + _LEARN.format(r"- A_minus\*(?P<minus>w_max|w)\*x_target", _BOUNDS)
    + r"(?P<ends>\nx_target = 0)?"
)
_PAIR_POST = re.compile(
    r"x_target (?P<target>\+?=) 1\n"
    + _LEARN.format(r"\+ A_plus\*(?P<plus>w_max|\(w_max - w\))\*x_source", _BOUNDS)
    + r"(?P<ends>\nx_source = 0)?"
)
_TRIPLET_PRE = re.compile(
    r"\w+_post \+= w\n"
    + _LEARN.format(r"- w_0\*x_target\*(?:A2_minus|\(A2_minus \+ A3_minus\*y_source\))", _BOUNDS)
    + r"\nx_source (?P<jump>\+?=) 1(?:\ny_source \+?= 1)?"
)
_TRIPLET_POST = re.compile(
    _LEARN.format(r"\+ w_0\*x_source\*\(A2_plus \+ A3_plus\*y_target\)", _BOUNDS)
    + r"\nx_target \+?= 1\ny_target \+?= 1"
)
_TRACES = {
    "x_source": "tau_plus", "x_target": "tau_minus", "y_source": "tau_x", "y_target": "tau_y"
}  # fmt: skip


@dataclass(frozen=True)
class PlasticRule:
    """A rule that the machine has, with its numbers.

    Attributes
    ----------
    timing, dependence
        See :class:`~neurosim.neuromorphic.spinnaker.stdp.StdpRule`.
    sign : {1, -1}
        Of the weights.
    largest : float
        |w_max|, SI units.
    tau : dict of str to float
        Time constants of ``plus``, ``minus``, ``x`` and ``y``, in seconds.
    amplitudes : dict of str to float
        ``a_plus``, ``a_minus``, ``a3_plus``, ``a3_minus``: in SI units of weight if additive.
    transmit : int or None
        Delay in steps from the spike to its effect; None: each synapse's own.
    approximations : tuple of str
        Names of what the machine does otherwise.
    """

    timing: Timing
    dependence: Dependence
    sign: int
    largest: float
    tau: Mapping[str, float]
    amplitudes: Mapping[str, float]
    transmit: int | None
    approximations: tuple[str, ...] = field(default=())

    @property
    def trace_bytes(self) -> int:
        """Size of a presynaptic trace in a row."""
        return {"pair": 2, "nearest": 0, "triplet": 4}[self.timing]


def plastic_rule(program: Program, projection: ProjectionProgram) -> PlasticRule | str:
    """Return the machine's form of a projection's rule, or what it has that the machine lacks."""
    synapse = projection.synapse
    if synapse is None:
        return "no synapse model"
    code = synapse.code
    for having, what in (
        (synapse.code.operations, "operations on synapses"),
        (projection.restructured, "synapses that come and go"),
        (code.update or code.summed or code.noise, "equations that are not event-driven"),
    ):
        if having:
            return f"{code.name} with {what}"
    found = _pair(synapse) or _triplet(synapse)
    if found is None:
        return f"{code.name} with code or a dependence on the weight that the machine lacks"
    watched = any(
        r.kind == "chosen" and r.projection == projection.name for r in program.synapse_reports
    )
    if watched and not isinstance(found, str):
        return "recording of chosen synapses while they learn"
    return found


def _numbers(synapse: SynapseProgram) -> dict[str, float] | str:
    """Return the values of the rule's parameters, or what the machine cannot have."""
    found = {}
    for variable in synapse.code.variables:
        value = synapse.values.get(variable.name)
        if variable.name in _TRACES:
            if not isinstance(value, Draw) or (value.kind, value.a) != ("constant", 0.0):
                return f"traces that do not start at 0 ({variable.name})"
        elif variable.name == "w":
            if variable.shared:
                return "one weight for all synapses, which cannot learn"
        elif not isinstance(value, float):
            return f"{variable.name!r} that differs between synapses; one value for all"
        else:
            found[variable.name] = value
    if found.get("learning") not in (0.0, 1.0):
        return "learning that is neither on nor off"
    return found


def _decays(synapse: SynapseProgram) -> bool:
    """Whether traces decay exponentially with the catalogue's time constants."""
    text = "\n".join(s.code for s in synapse.code.settlings if s.code)
    lines = [line for line in text.splitlines() if line.startswith("_")]
    usual = {f"_{x} = {x}*exp(-since_update/{tau})" for x, tau in _TRACES.items()}
    return bool(lines) and set(lines) <= usual


def _delays(synapse: SynapseProgram) -> tuple[int | None, bool]:
    """Return the delay of the effect, and whether learning is with the dendrite's delay."""
    delays = dict(zip((p.name for p in synapse.code.pathways), synapse.delays, strict=True))
    if "transmit" in delays:
        dendrite = delays["transmit"]
        return dendrite, delays["pre"] == 0 and dendrite is not None and delays["post"] == dendrite
    return delays["pre"], delays["pre"] == 0 == delays["post"]


def _pair(synapse: SynapseProgram) -> PlasticRule | str | None:
    paths = {p.name: p.code for p in synapse.code.pathways}
    pre = _PAIR_PRE.fullmatch(paths.get("pre", ""))
    post = _PAIR_POST.fullmatch(paths.get("post", ""))
    extra = set(paths) - {"pre", "post"}
    sends = re.fullmatch(r"\w+_post \+= w", paths.get("transmit", ""))
    if pre is None or post is None or extra - {"transmit"} or not _decays(synapse):
        return None
    if bool(extra) != bool(sends) or bool(extra) == paths["pre"].startswith(
        f"{_target(paths)}_post"
    ):
        return None
    form = (pre["source"], post["target"], bool(post["ends"]), bool(pre["ends"]))
    dependence = {("w_max", "w_max"): "additive", ("(w_max - w)", "w"): "multiplicative"}.get(
        (post["plus"], pre["minus"])
    )
    if dependence is None:
        return (
            f"{synapse.code.name} with potentiation by {post['plus']} and depression by w or w_max"
        )
    values = _numbers(synapse)
    if isinstance(values, str):
        return f"{synapse.code.name} with {values}"
    nearest = form != ("+=", "+=", False, False)
    scale = values["learning"] * (abs(values["w_max"]) if dependence == "additive" else 1.0)
    transmit, dendritic = _delays(synapse)
    return PlasticRule(
        "nearest" if nearest else "pair",
        "additive" if dependence == "additive" else "multiplicative",
        -1 if values["w_max"] < 0 else 1,
        abs(values["w_max"]),
        {"plus": values["tau_plus"], "minus": values["tau_minus"]},
        {"a_plus": values["A_plus"] * scale, "a_minus": values["A_minus"] * scale},
        transmit,
        ((NEAREST,) if nearest else ()) + (() if dendritic else (DENDRITIC,)),
    )


def _target(paths: Mapping[str, str]) -> str:
    """Return the variable that a pathway adds the weight to; "-" if none does."""
    for text in paths.values():
        found = re.match(r"(\w+)_post \+= w(?:\n|$)", text)
        if found:
            return found[1]
    return "-"


def _triplet(synapse: SynapseProgram) -> PlasticRule | str | None:
    paths = {p.name: p.code for p in synapse.code.pathways}
    pre = _TRIPLET_PRE.fullmatch(paths.get("pre", ""))
    post = _TRIPLET_POST.fullmatch(paths.get("post", ""))
    if pre is None or post is None or set(paths) != {"pre", "post"} or not _decays(synapse):
        return None
    if pre["jump"] != "+=":
        return f"{synapse.code.name} of nearest spikes"
    values = _numbers(synapse)
    if isinstance(values, str):
        return f"{synapse.code.name} with {values}"
    names = {
        "a_plus": "A2_plus",
        "a_minus": "A2_minus",
        "a3_plus": "A3_plus",
        "a3_minus": "A3_minus",
    }
    scale = values["learning"] * abs(values["w_0"])
    transmit, dendritic = _delays(synapse)
    return PlasticRule(
        "triplet",
        "additive",
        -1 if values["w_max"] < 0 else 1,
        abs(values["w_max"]),
        {
            "plus": values["tau_plus"], "minus": values["tau_minus"],
            "x": values.get("tau_x", values["tau_plus"]), "y": values["tau_y"],
        },
        {k: values.get(name, 0.0) * scale for k, name in names.items()},
        transmit,
        () if dendritic else (DENDRITIC,),
    )  # fmt: skip

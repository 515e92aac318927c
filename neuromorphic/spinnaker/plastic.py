"""The catalogue's STDP rules as SpiNNaker's: recognised by their code, and put on the machine.

What the machine has: pairs of all spikes, nearest pairs and triplets with additive or
multiplicative dependence (sPyNNaker ``plasticity/stdp``), dendritic delays, no axonal ones.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ...lowering.edges import instantiate
from ...lowering.learning_program import DeferredStdp
from ...lowering.program import DelayDraw, Draw, ListedEdges, Program, ProjectionProgram
from ...lowering.synapse_program import SynapseProgram
from ..draft import Draft, Reading
from ..quantise import Tally, weight_unit
from .luts import DecayTable
from .stdp import Dependence, Timing
from .words import MAX_WEIGHT, staged

NEAREST = "nearest_pairs"
DENDRITIC = "dendritic_delays"
APPROXIMATIONS = {
    NEAREST: (
        "STDP that pairs nearest spikes in some way becomes the machine's: a presynaptic spike "
        "pairs with the last postsynaptic one, and with the first after it"
    ),
    DENDRITIC: "the delay of plastic synapses, which the axon has, is the dendrite's instead",
}

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
    """Return the machine's form of a projection's rule, or why it has none."""
    synapse = projection.synapse
    where = f"projection {projection.name!r}"
    if synapse is None:
        return f"{where}: no synapse model"
    code = synapse.code
    allowed = "the machine has the catalogue's pair_stdp and triplet_stdp"
    for having, what in (
        (synapse.code.operations, "operations on synapses"),
        (projection.restructured, "synapses that come and go"),
        (code.update or code.summed or code.noise, "equations that are not event-driven"),
    ):
        if having:
            return f"{where}: {code.name} with {what}; {allowed}"
    found = _pair(synapse) or _triplet(synapse)
    if found is None:
        return f"{where}: {code.name} is no rule of the machine's, or has other code; {allowed}"
    if isinstance(found, str):
        return f"{where}: {found}"
    watched = any(
        r.kind == "chosen" and r.projection == projection.name for r in program.synapse_reports
    )
    if watched:
        return f"{where}: recording of single synapses while they learn; record all, every so often"
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
    if found.get("learning") != 1.0:
        return "learning that is switched off; leave it on, or let weights be static"
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
    scale = abs(values["w_max"]) if dependence == "additive" else 1.0
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
        return f"{synapse.code.name} with nearest spikes; the machine's triplets are of all spikes"
    values = _numbers(synapse)
    if isinstance(values, str):
        return f"{synapse.code.name} with {values}"
    names = {
        "a_plus": "A2_plus",
        "a_minus": "A2_minus",
        "a3_plus": "A3_plus",
        "a3_minus": "A3_minus",
    }
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
        {k: values.get(name, 0.0) * abs(values["w_0"]) for k, name in names.items()},
        transmit,
        () if dendritic else (DENDRITIC,),
    )  # fmt: skip


def map_learning(
    draft: Draft,
    projection: ProjectionProgram,
    *,
    shift: int,
    scale: float,
    slots: int,
    ring: str,
    unit: float = 2.0**-15,
    limit: float = float("inf"),
    earlier: int = 1,
    backprop_delay: bool = True,
) -> None:
    """Let a projection learn as the machine does; what stands in the way goes into the report.

    Parameters
    ----------
    draft : Draft
        Every rank must call it.
    projection : ProjectionProgram
        Of ``draft.program``, with a rule that :func:`plastic_rule` knows.
    shift : int
        Left shift of the ring buffer.
    scale : float
        Integer weight per SI unit.
    slots : int
        Of the ring buffer: longer delays pass through the stages of an extension.
    ring : str
        The accumulator of the target population's model.
    unit, limit : float
        What an integer weight of 1 adds to it; where it ends.
    earlier : int
        Steps by which the Program's delays are shorter than the machine's.
    backprop_delay : bool
        Whether postsynaptic spikes reach synapses after the dendrite's delay.
    """
    original = next(p for p in draft.original.projections if p.name == projection.name)
    rule = plastic_rule(draft.original, original)
    if isinstance(rule, str):
        draft.report.obstacle(rule, "given", "not on this machine", "Use another rule.")
        return
    where = f"projection {projection.name!r}"
    for name in rule.approximations:
        if not draft.allowed(name, where, APPROXIMATIONS[name]):
            draft.report.obstacle(
                where,
                f"{original.synapse.code.name if original.synapse else ''} as it is",
                f"the machine does otherwise: {APPROXIMATIONS[name]}",
                f"Allow it: allow=({name!r},).",
            )
    numbers = _machine_numbers(draft, rule, where, scale * 2.0**shift)
    edges = instantiate(draft.program, replace(original, synapse=None, weight_bits=64))
    ticks = np.maximum(edges.delay if rule.transmit is None else edges.delay * 0 + rule.transmit, 1)
    weights = _integer_weights(draft, original, rule, edges.weight.astype(np.float64), scale)
    stages, too_long = _stages(ticks, slots)
    if too_long:
        draft.report.obstacle(
            where, f"a delay of {too_long} ticks", f"at most {9 * slots} with an extension",
            "Use a shorter delay or fewer neurons per core.",
        )  # fmt: skip
    dt = draft.program.dt
    tables = {k: DecayTable.of(dt, tau).values for k, tau in rule.tau.items()}
    learning = DeferredStdp(
        projection.name, ring, rule.timing, rule.dependence == "multiplicative", backprop_delay,
        shift, 0, weights=weights, fields=ticks - stages, stages=stages, unit=unit, limit=limit,
        dimension=weight_unit(draft, original),
        **numbers, **tables,
    )  # fmt: skip
    _list_edges(draft, projection, ListedEdges(edges.pre, edges.post), weights, ticks - earlier)
    draft.limits(learning=(learning,))
    draft.readings[projection.name, "w"] = Reading(rule.sign / scale, 0.0, _whole)


def _whole(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.clip(np.rint(values), 0, MAX_WEIGHT)


def _list_edges(
    draft: Draft,
    projection: ProjectionProgram,
    rule: ListedEdges,
    weights: NDArray[np.int64],
    delays: NDArray[np.int64],
) -> None:
    """Put a projection without a synapse model and with listed edges in the projection's place."""
    span = np.array([delays.max(initial=0), -delays.min(initial=2**31)], np.int64)
    longest, shortest = draft.ranks.largest(span)
    listed = replace(
        projection,
        rule=rule,
        weight=Draw("listed", values=weights.astype(np.float64)),
        weight_bits=32,
        delay=DelayDraw(int(-shortest), values=delays, bounds=(int(-shortest), int(longest))),
        synapse=None,
        total=int(draft.ranks.sum(np.array([delays.size], np.int64))[0]),
    )
    draft.projections(lambda p: listed if p.name == projection.name else p)


def _machine_numbers(draft: Draft, rule: PlasticRule, where: str, scale: float) -> dict[str, int]:
    """Return bounds and amplitudes in s16.15; ``scale``: of a weight in SI units."""
    by = scale if rule.dependence == "additive" else 32768.0
    wanted = {name: value * by for name, value in rule.amplitudes.items()}
    wanted["high"] = rule.largest * scale
    found = {name: round(value) for name, value in wanted.items()}
    for name, value in wanted.items():
        if abs(found[name]) >= 2**31:
            draft.report.obstacle(
                where, f"{name} is {value / 32768:g} in the machine's unit",
                "it must be below 65536", "Use smaller weights or amplitudes.",
            )  # fmt: skip
        elif value and abs(found[name] - value) > 0.01 * abs(value):
            draft.report.note(
                f"{where}: {name} is {value:.3g} steps of s16.15 and became {found[name]}."
            )
    return {name: int(np.clip(v, -(2**31), 2**31 - 1)) for name, v in found.items()}


def _integer_weights(
    draft: Draft,
    projection: ProjectionProgram,
    rule: PlasticRule,
    given: NDArray[np.float64],
    scale: float,
) -> NDArray[np.int64]:
    """Return weights at t = 0 as 16 bits have them, and report how they changed."""
    rounded = np.rint(np.abs(given) * scale)
    found = np.mod(rounded, MAX_WEIGHT + 1).astype(np.int64)
    tally = Tally()
    tally.add(given, rule.sign * found / scale, (rounded > MAX_WEIGHT) | (rule.sign * given < 0))
    whole = tally.over_ranks(draft)
    unit = weight_unit(draft, projection)
    draft.report.rounded.append(whole.report(projection.name, "weights", unit, whole.count))
    if given.size and (rule.sign * given < 0).any():
        draft.report.obstacle(
            f"projection {projection.name!r}",
            f"weights of both signs, or not of that of w_max ({rule.sign * rule.largest:g})",
            "the weights of a synapse type have one sign",
            "Give weights between 0 and w_max.",
        )
    return found


def _stages(ticks: NDArray[np.int64], slots: int) -> tuple[NDArray[np.int64], int]:
    """Return the ticks that spikes wait in an extension; and a delay that is too long, or 0."""
    longest = int(ticks.max(initial=1))
    if longest > 9 * slots:
        return np.zeros_like(ticks), longest
    table = np.array([0, *(staged(t, slots).stage * slots for t in range(1, longest + 1))])
    return table[ticks], 0

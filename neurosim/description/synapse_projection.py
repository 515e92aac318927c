"""Making a projection whose synapses follow a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..errors import DescriptionError, UnknownNameError
from .bounds import check_value
from .pairwise import PairExpression
from .population import Population, PopulationView
from .projection import Amount, Projection, check_amount, check_delay, check_variable, check_weight
from .quantities import SECOND, quantity, scalar, symbol
from .rules import Edges, Rule
from .synapse_binding import BoundSynapse, bind
from .synapses import WEIGHT, SynapseModel


@dataclass(frozen=True)
class Wanted:
    """What a user gave to ``project`` besides source, target and rule."""

    variable: str | None
    weight: Any
    delay: Any
    delay_post: Any
    synapse: Any
    learning: bool = True


def with_edge_values(wanted: Wanted, rule: Rule) -> Wanted:
    """Return what is wanted with the weight and delay that listed edges bring along."""
    if not isinstance(rule, Edges):
        return wanted
    weight = rule.brought("weight") if wanted.weight is None else wanted.weight
    delay = rule.brought("delay") if wanted.delay is None else wanted.delay
    return replace(wanted, weight=weight, delay=delay)


def make_projection(
    name: str, pre: PopulationView, post: PopulationView, rule: Rule, wanted: Wanted
) -> Projection:
    """Return a checked projection, with or without a synapse model.

    Raises
    ------
    DescriptionError
        And its kinds, naming the projection.
    """
    where = f"projection {name!r}"
    if not isinstance(wanted.learning, (bool, np.bool_)):
        raise DescriptionError(f"{where}: learning is {wanted.learning!r}; it is True or False.")
    if wanted.synapse is None and not wanted.learning:
        raise DescriptionError(f"{where}: learning=False, but without a synapse nothing is learnt.")
    if wanted.synapse is None:
        return _plain(name, pre, post, rule, wanted)
    if not isinstance(wanted.synapse, SynapseModel):
        raise DescriptionError(
            f"{where}: synapse must be a SynapseModel, not {type(wanted.synapse).__name__}."
        )
    if not isinstance(post.parent, Population):
        raise DescriptionError(f"{where}: {post.name!r} is a spike source and has no variables.")
    variable = wanted.variable
    if variable is not None:
        variable = check_variable(post, variable, where)
    bound = bind(wanted.synapse, pre, post, variable, rule, where, wanted.learning)
    added = bound.added_variable
    if added is not None:
        delay = quantity(0.0, SECOND) if wanted.delay is None else wanted.delay
        plain = Wanted(added, wanted.weight, delay, wanted.delay_post, None)
        made = _plain(name, pre, post, rule, plain)
        _check_values(bound, made.weight, where)
        return replace(made, plain_of=bound)
    weight = _weight(bound, wanted.weight, rule, where)
    _check_values(bound, weight, where)
    delay, others = _delays(bound, wanted, rule, where)
    return Projection(
        name=name,
        pre=pre,
        post=post,
        rule=rule,
        variable=variable or "",
        weight=weight,
        delay=delay,
        synapse=bound,
        pathway_delays=others,
    )


def _plain(
    name: str, pre: PopulationView, post: PopulationView, rule: Rule, wanted: Wanted
) -> Projection:
    where = f"projection {name!r}"
    if wanted.delay_post is not None:
        raise DescriptionError(f"{where}: delay_post is of on_post, which it does not have.")
    for label in ("variable", "weight", "delay"):
        if getattr(wanted, label) is None:
            raise DescriptionError(
                f"{where}: {label} is missing. Each synapse adds its weight to the variable after "
                "its delay: net.project(pre, post, rule, 'I_syn', weight=20*pA, delay=1.5*ms)."
            )
    variable = check_variable(post, wanted.variable, where)
    return Projection(
        name=name,
        pre=pre,
        post=post,
        rule=rule,
        variable=variable,
        weight=check_weight(wanted.weight, post, variable, rule, where),
        delay=check_delay(wanted.delay, rule, where),
    )


def _weight(bound: BoundSynapse, given: Any, rule: Rule, where: str) -> Amount:
    if not bound.uses_weight:
        if given is not None:
            raise DescriptionError(
                f"{where}: weight is given, but synapse {bound.model.name!r} has no variable "
                f"{WEIGHT!r}. Use it in the model, or leave the weight out."
            )
        return 1.0
    if given is None:
        raise DescriptionError(
            f"{where}: synapse {bound.model.name!r} has the variable {WEIGHT!r}; give weight=..."
        )
    return check_amount(given, bound.dims[WEIGHT], rule, f"{where}: weight")


def _check_values(bound: BoundSynapse, weight: Amount, where: str) -> None:
    """Refuse values at t = 0 beyond their bounds, or a weight of the wrong sign."""
    for name, limit in bound.limits.items():
        given = bound.values.get(name)
        value: Any = weight if name == WEIGHT else 0.0 if given is None else given.content
        if not isinstance(value, PairExpression):
            place = f"{where}: synapse {bound.model.name!r}"
            what = "weight" if name == WEIGHT else f"{name!r} at t = 0"
            check_value(value, limit, symbol(bound.dims[name]), f"{place}: {what}")
    if bound.uses_weight:
        bound.model.check_weight(weight, bound.dims[WEIGHT], where)


def _delays(
    bound: BoundSynapse, wanted: Wanted, rule: Rule, where: str
) -> tuple[Amount, dict[str, float]]:
    """Return the delay that presynaptic pathways share, and those of the other pathways."""
    pre = [p.name for p in bound.pathways if p.side == "pre"]
    post = [p.name for p in bound.pathways if p.side == "post"]
    shared: Amount = 0.0
    others: dict[str, float] = {}
    if wanted.delay is not None and not pre:
        raise DescriptionError(
            f"{where}: a delay is given, but synapse {bound.model.name!r} has no on_pre: sums and "
            "clock-driven equations act without delay."
        )
    if isinstance(wanted.delay, Mapping):
        shared, others = _named(wanted.delay, pre, rule, where)
    elif wanted.delay is not None:
        shared = check_delay(wanted.delay, rule, where)
    given = wanted.delay_post
    if given is not None and not post:
        raise DescriptionError(f"{where}: delay_post is given, but there is no on_post.")
    later = given if isinstance(given, Mapping) else dict.fromkeys(post, given)
    _check_names(later, post, f"{where}: delay_post")
    for name in post:
        value = later.get(name)
        others[name] = (
            0.0 if value is None else _constant(value, f"{where}: delay_post of {name!r}")
        )
    return shared, others


def _named(
    given: Mapping[str, Any], pre: list[str], rule: Rule, where: str
) -> tuple[Amount, dict[str, float]]:
    """Split delays by pathway into the one that may vary and those that are constant."""
    _check_names(given, pre, f"{where}: delay")
    amounts = {name: check_delay(given[name], rule, f"{where}: {name!r}") for name in given}
    varied = [name for name, amount in amounts.items() if not isinstance(amount, float)]
    if len(varied) > 1:
        raise DescriptionError(
            f"{where}: the delays of {' and '.join(map(repr, varied))} vary from synapse to "
            "synapse; only one pathway's may. Give all pathways the same delay=..., or make the "
            "others constant."
        )
    if not varied:
        return 0.0, {name: float(amounts.get(name, 0.0)) for name in pre}  # type: ignore[arg-type]
    rest = {name: float(amounts.get(name, 0.0)) for name in pre if name != varied[0]}  # type: ignore[arg-type]
    return amounts[varied[0]], rest


def _check_names(given: Mapping[str, Any], known: list[str], where: str) -> None:
    for name in given:
        if name not in known:
            raise UnknownNameError("pathway", name, known, where)


def _constant(value: Any, what: str) -> float:
    seconds = scalar(value, SECOND, what)
    if seconds < 0:
        raise DescriptionError(f"{what} is {seconds!r} s; it must be 0 or more.")
    return seconds

"""TrueNorth's weights: whole numbers, four to a neuron by the type of axon."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np

from ..lowering.program import Draw, ProjectionProgram
from .draft import Draft
from .linear import LinearNeuron
from .loihi.weights import draw_range
from .quantise import drawn_weights
from .report import Shared
from .truenorth_ticks import arrival_name

MOST_WEIGHT = 255
AXON_TYPES = 4


@dataclass(frozen=True, eq=False)
class Scaled:
    """A leaky integrate-and-fire population in integers; ``gain``: per unit of weight."""

    unit: float
    offset: float
    neuron: LinearNeuron
    gain: dict[str, float]


def four_weights(draft: Draft, found: dict[str, Scaled | None]) -> None:
    """Leave each population four weights, where the user allows it, and tell which."""
    for name, own in found.items():
        kinds = _kinds(draft, name, own)
        weights = sorted({weight for some in kinds.values() for weight in some})
        where = f"population {name!r}"
        if len(weights) > AXON_TYPES:
            text = f"{len(weights)} different weights become {AXON_TYPES}"
            if not draft.allowed("four_weights", where, text):
                draft.report.obstacle(
                    where, f"{len(weights)} different weights onto it",
                    f"a neuron of TrueNorth has {AXON_TYPES}",
                    "Give fewer different weights, or allow 'four_weights'.",
                )  # fmt: skip
                continue
            weights = _merged(draft, name, own, kinds, weights)
        listed = ", ".join(map(str, weights)) or "none"
        draft.report.shared.append(
            Shared(name, "weights", len(weights), f"axon types with the weights {listed}")
        )


def _kinds(draft: Draft, name: str, own: Scaled | None) -> dict[str, list[int]]:
    """Return the integer weights of every projection and Poisson input onto a population."""
    kinds: dict[str, list[int]] = {}
    for projection in draft.program.projections:
        if projection.post.population == name and projection.synapse is None:
            gain = 1.0 if own is None else own.gain.get(projection.variable, 0.0)
            low, high = (round(x * gain) for x in draw_range(draft, projection.weight))
            kinds[projection.name] = _distinct(draft, projection, gain, low, high)
    for given in draft.program.poisson:
        if given.post.population == name:
            gain = 1.0 if own is None else own.gain.get(given.variable, 0.0)
            kinds[given.name] = [round(given.weight * gain)]
    return kinds


def _merged(
    draft: Draft,
    name: str,
    own: Scaled | None,
    kinds: dict[str, list[int]],
    weights: list[int],
) -> list[int]:
    """Give projections that are nearest to each other one weight; four are left."""
    groups = nearest_groups(weights, AXON_TYPES)
    new = {w: round(sum(group) / len(group)) for group in groups for w in group}

    def weight_of(one: str, variable: str) -> float:
        gain = 1.0 if own is None else own.gain.get(variable, 0.0)
        return new[kinds[one][0]] / gain if gain else 0.0

    for one in draft.program.projections:
        if one.name in kinds and one.post.population == name and len(kinds[one.name]) == 1:
            number = weight_of(one.name, one.variable)
            change(draft, one.name, weight=Draw("constant", a=number))
    poisson = tuple(
        replace(one, weight=weight_of(one.name, one.variable))
        if one.post.population == name
        else one
        for one in draft.program.poisson
    )
    draft.program = replace(draft.program, poisson=poisson)
    return sorted(set(new.values()))


def nearest_groups(values: list[int], most: int) -> list[list[int]]:
    """Return ascending numbers in at most so many groups; neighbours nearest are joined first.

    Numbers of different sign are joined last.

    Examples
    --------
    >>> nearest_groups([-90, 9, 10, 40, 44, 45], 4)
    [[-90], [9, 10], [40], [44, 45]]
    """
    groups = [[value] for value in sorted(values)]
    while len(groups) > most:
        apart = [
            (below[-1] < 0 <= above[0], above[0] - below[-1]) for below, above in pairwise(groups)
        ]
        k = apart.index(min(apart))
        groups[k : k + 2] = [groups[k] + groups[k + 1]]
    return groups


def _distinct(
    draft: Draft, projection: ProjectionProgram, gain: float, low: int, high: int
) -> list[int]:
    """Return the integer weights of a projection; its mean alone where that is allowed."""
    if low == high:
        return [low]
    values = drawn_weights(draft, projection)
    where = f"projection {projection.name!r}"
    text = f"weights from {low} to {high} become their mean"
    if draft.allowed("four_weights", where, text):
        sums = draft.ranks.sum(np.array([values.sum(), float(values.size)]))
        mean = float(sums[0] / max(sums[1], 1.0))
        change(draft, projection.name, weight=Draw("constant", a=mean))
        return [round(mean * gain)]
    own = np.unique(np.rint(values * gain))
    return [int(x) for x in np.unique(np.concatenate(draft.ranks.gather(own)))]


def put_poisson(
    draft: Draft, found: dict[str, Scaled | None], *, weights: bool, moves: bool
) -> None:
    """Round the weights of Poisson inputs; ``moves``: into the machine's units and variables."""
    changed = []
    for given in draft.program.poisson:
        own = found.get(given.post.population)
        if given.post.population not in found:
            changed.append(given)
            continue
        gain = 1.0 if own is None else own.gain.get(given.variable, 0.0)
        number = given.weight * gain
        if weights:
            number = float(np.clip(np.rint(number), -MOST_WEIGHT, MOST_WEIGHT))
        population = draft.program.population(given.post.population)
        if moves:
            changed.append(replace(given, weight=number, variable=arrival_name(population)))
        else:
            changed.append(replace(given, weight=number / gain if gain else given.weight))
    draft.program = replace(draft.program, poisson=tuple(changed))


def change(draft: Draft, name: str, **changes: Any) -> None:
    """Replace attributes of a projection."""
    draft.projections(lambda p: replace(p, **changes) if p.name == name else p)

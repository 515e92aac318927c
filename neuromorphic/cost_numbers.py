"""The numbers of a cost model by name: how sure each is, and others in their place."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from typing import Any

from ..errors import DescriptionError, UnknownNameError
from .costs import CostModel
from .hardware import Clock, Figure, Part

_JOINT = re.compile(r"(?<![eE])\+")
_CLOCKS = {
    "factor": "wall time over biological time",
    "speedup": "biological time over wall time",
    "offset": "time before a run begins, s",
    "tick": "time of a step, s",
    "barrier": "time of a step in which nothing happens, s",
    "neuron": "time of a neuron's update, s",
    "synapse": "time of a synaptic event, s",
    "spike": "time of a spike, s",
}
_ALSO = {"synaptic_events": "input_events"}


def cost_numbers(model: CostModel) -> dict[str, tuple[Figure, str]]:
    """Return every number of a cost model, and what it is, by name.

    Names are those of parts (W), of events (J), ``neurons_per_`` and ``synapses_per_`` a part, of
    the numbers of the clock, ``bytes_per_synapse`` and ``neurons_per_destination``.
    """
    found = {name: (figure, _CLOCKS.get(name, name)) for name, figure in _of_clock(model.clock)}
    for part in model.parts:
        found[part.name] = part.watts, f"power of one of the {part.name}, W"
        for what in ("neurons", "synapses"):
            figure = getattr(part, what)
            if figure is not None:
                text = f"{what} that one of the {part.name} holds, where no mapping tells"
                found[f"{what}_per_{part.name}"] = figure, text
    for event in model.events:
        found[event.what] = event.joules, f"energy of one of the {_words(event.what)}, J"
    found["bytes_per_synapse"] = model.bytes_per_synapse, "bytes of a synapse"
    if model.neurons_per_destination is not None:
        text = "neurons at a place that packets are copied to"
        found["neurons_per_destination"] = model.neurons_per_destination, text
    return found


def parse_costs(text: str, where: str) -> dict[str, float]:
    """Return numbers by name from ``synaptic_events=1e-8+boards=30``.

    Raises
    ------
    DescriptionError
        A part is not a name, '=' and a number of 0 or more.
    """
    found = {}
    for part in filter(None, _JOINT.split(text)):
        name, given, value = part.strip().partition("=")
        try:
            number = float(value)
        except ValueError:
            number = math.nan
        if not given or not 0 <= number < math.inf:
            raise DescriptionError(
                f"{where}: {part.strip()!r} is not a name, '=' and a number of 0 or more, such as "
                "synaptic_events=1e-8; several are joined by '+'."
            )
        found[name.strip()] = number
    return found


def with_numbers(model: CostModel, given: Mapping[str, float], where: str) -> CostModel:
    """Return a cost model with other numbers, in SI units, by the names of :func:`cost_numbers`.

    The energy of synaptic events is also that of Poisson inputs, unless that is given as well.

    Raises
    ------
    UnknownNameError
        The model has no number of that name.
    """
    known = cost_numbers(model)
    for name in given:
        if name not in known:
            raise UnknownNameError("number", name, known, where)
    wanted = {_ALSO[name]: value for name, value in given.items() if _ALSO.get(name) in known}
    new = {name: Figure(value, "choice", "given") for name, value in {**wanted, **given}.items()}
    return replace(
        model,
        clock=_clock(model.clock, new),
        parts=tuple(_part(part, new) for part in model.parts),
        events=tuple(replace(e, joules=new.get(e.what, e.joules)) for e in model.events),
        bytes_per_synapse=new.get("bytes_per_synapse", model.bytes_per_synapse),
        neurons_per_destination=new.get("neurons_per_destination", model.neurons_per_destination),
    )


def _of_clock(clock: Any) -> list[tuple[str, Figure]]:
    owned = fields(clock) if is_dataclass(clock) else ()
    values = [(own.name, getattr(clock, own.name)) for own in owned]
    return [(name, value) for name, value in values if isinstance(value, Figure)]


def _clock(clock: Any, new: Mapping[str, Figure]) -> Clock:
    changes: dict[str, Any] = {name: new[name] for name, _ in _of_clock(clock) if name in new}
    cores = getattr(clock, "cores", None)
    if isinstance(cores, Part):
        changes["cores"] = _part(cores, new)
    changed: Clock = replace(clock, **changes) if changes else clock
    return changed


def _part(part: Part, new: Mapping[str, Figure]) -> Part:
    return replace(
        part,
        watts=new.get(part.name, part.watts),
        neurons=new.get(f"neurons_per_{part.name}", part.neurons),
        synapses=new.get(f"synapses_per_{part.name}", part.synapses),
    )


def _words(name: str) -> str:
    return name.replace("_", " ")

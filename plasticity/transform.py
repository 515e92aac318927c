"""Adding to a neuron model: variables, what a spike does to them, events."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..errors import DescriptionError

if TYPE_CHECKING:
    from ..description.models import NeuronModel


def extended(
    model: Any,
    by: str,
    *,
    equations: str,
    threshold: str | None = None,
    reset: str = "",
    events: Mapping[str, str] | None = None,
    on_event: Mapping[str, str] | None = None,
    parameters: Mapping[str, Any] | None = None,
    initial: Mapping[str, Any] | None = None,
    renamed: Mapping[str, str] | None = None,
) -> NeuronModel:
    """Return a model with more equations.

    Parameters
    ----------
    model : NeuronModel
    by : str
        Who adds them, for messages.
    equations : str
    threshold : str, optional
        In place of the model's.
    reset : str
        Done at a spike after what the model does.
    events, on_event : dict of str to str, optional
    parameters, initial : dict, optional
    renamed : dict of str to str, optional
        What stands for a name in the model's own equations.

    Raises
    ------
    DescriptionError
        Not a model, or it has something of that name already.
    """
    from ..description.models import NeuronModel  # noqa: PLC0415 (imports Brian2)

    if not isinstance(model, NeuronModel):
        raise DescriptionError(
            f"{by}: {model!r} is not a NeuronModel. Give one, such as neurosim.models.lif_delta()."
        )
    added = {a or b for a, b in re.findall(r"^\s*(?:d(\w+)/dt|(\w+))\s*[=:]", equations, re.M)}
    more = dict(parameters or {})
    taken = {*model.parameters, *model.callees, *model.declared.dims}
    clash = sorted((added | more.keys()) & taken)
    if clash:
        raise DescriptionError(
            f"{by}: model {model.name!r} has {clash[0]!r} already, which would get another meaning."
        )
    text = model.text
    if reset and not text.threshold:
        raise DescriptionError(
            f"{by}: model {model.name!r} has no threshold, so it never spikes. Give it one."
        )
    own = text.equations
    for name, replacement in (renamed or {}).items():
        own = re.sub(rf"\b{name}\b", replacement, own)
    code = {name: statements for name, _, statements in text.events if statements}
    return NeuronModel(
        f"{own}\n{equations}",
        threshold=threshold or text.threshold or None,
        reset="\n".join(part for part in (text.reset.strip(), reset) if part) or None,
        refractory=text.refractory or None,
        parameters={**model.parameters, **model.callees, **more},
        initial={**model.initial, **(initial or {})},
        events={name: condition for name, condition, _ in text.events} | dict(events or {}),
        on_event=code | dict(on_event or {}),
        method=model.method,
        name=model.name,
    )

"""The catalogue of neuron models: ``neurosim.models.lif_curr_exp()``, ``neurosim.models.names()``.

Each model is data (see :class:`~neurosim.models.entry.Entry`): equations, parameters with unit,
meaning and source, a reference, and what can be recorded. A model is made by calling it, with
other parameter values as keywords; importing this package does not import Brian2.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..errors import UnknownNameError
from .catalogue import ENTRIES
from .entry import Entry, Parameter

if TYPE_CHECKING:
    from ..description.models import NeuronModel

__all__ = ["Entry", "Parameter", "entry", "names"]


def names() -> list[str]:
    """Return the names of the models in the catalogue."""
    return list(ENTRIES)


def entry(name: str) -> Entry:
    """Return the catalogue's entry of that name; UnknownNameError if there is none."""
    if name not in ENTRIES:
        raise UnknownNameError("model", name, ENTRIES, "the catalogue")
    return ENTRIES[name]


def __getattr__(name: str) -> Callable[..., NeuronModel]:
    """Return the maker of a catalogue model."""
    if name.startswith("_") or name not in ENTRIES:
        raise AttributeError(str(UnknownNameError("model", name, ENTRIES, "the catalogue")))
    found = ENTRIES[name]

    def make(**parameters: Any) -> NeuronModel:
        return found.model(**parameters)

    make.__name__ = make.__qualname__ = name
    make.__doc__ = found.documentation()
    return make


def __dir__() -> list[str]:
    return sorted([*__all__, *ENTRIES])

"""The catalogue of neuron models: ``neurosim.models.lif_curr_exp()``, ``neurosim.models.names()``.

Each model is data (see :class:`~neurosim.models.entry.Entry`): equations, parameters with unit,
meaning and source, a reference, and what can be recorded. A model is made by calling it, with
other parameter values as keywords; importing this package does not import Brian2. Synapse models
are made in the same way: ``neurosim.models.gap_junction()``, ``neurosim.models.synapse_names()``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..errors import UnknownNameError
from .catalogue import ENTRIES
from .entry import Entry, Figure, Input, Parameter
from .synapses import SYNAPSES, SynapseEntry

if TYPE_CHECKING:
    from ..description.models import NeuronModel
    from ..description.synapses import SynapseModel

__all__ = [
    "Entry",
    "Figure",
    "Input",
    "Parameter",
    "SynapseEntry",
    "entry",
    "names",
    "synapse_entry",
    "synapse_names",
]


def names() -> list[str]:
    """Return the names of the models in the catalogue."""
    return list(ENTRIES)


def entry(name: str) -> Entry:
    """Return the catalogue's entry of that name; UnknownNameError if there is none."""
    if name not in ENTRIES:
        raise UnknownNameError("model", name, ENTRIES, "the catalogue")
    return ENTRIES[name]


def synapse_names() -> list[str]:
    """Return the names of the synapse models in the catalogue."""
    return list(SYNAPSES)


def synapse_entry(name: str) -> SynapseEntry:
    """Return the entry of the synapse model of that name; UnknownNameError if there is none."""
    if name not in SYNAPSES:
        raise UnknownNameError("synapse model", name, SYNAPSES, "the catalogue")
    return SYNAPSES[name]


def __getattr__(name: str) -> Callable[..., NeuronModel | SynapseModel]:
    """Return the maker of a catalogue model."""
    found: Entry | SynapseEntry | None = ENTRIES.get(name) or SYNAPSES.get(name)
    if found is None:
        known = [*ENTRIES, *SYNAPSES]
        raise AttributeError(str(UnknownNameError("model", name, known, "the catalogue")))
    declared = found

    def make(**parameters: Any) -> NeuronModel | SynapseModel:
        return declared.model(**parameters)

    make.__name__ = make.__qualname__ = name
    make.__doc__ = declared.documentation()
    return make


def __dir__() -> list[str]:
    return sorted([*__all__, *ENTRIES, *SYNAPSES])

"""The catalogue's index."""

from __future__ import annotations

from .adaptive import ADAPTIVE
from .compartments import COMPARTMENTS
from .conductance_based import CONDUCTANCE_BASED
from .conductance_synapses import CONDUCTANCE_SYNAPSES
from .entry import Entry
from .integrate_and_fire import INTEGRATE_AND_FIRE
from .nonlinear import NONLINEAR

ENTRIES: dict[str, Entry] = {
    entry.name: entry
    for entry in (
        *INTEGRATE_AND_FIRE,
        *CONDUCTANCE_SYNAPSES,
        *ADAPTIVE,
        *NONLINEAR,
        *CONDUCTANCE_BASED,
        *COMPARTMENTS,
    )
}

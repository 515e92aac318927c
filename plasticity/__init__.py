"""The catalogue of plasticity rules: ``neurosim.plasticity.pair_stdp(w_max=...)``.

Each rule is data (see :class:`~neurosim.plasticity.rule.RuleEntry`): equations, code at spikes,
parameters with unit, meaning and source, bounds, what it learns. A rule is made by calling it by
its name and given to ``Network.project(..., synapse=rule)``. Importing this package does not
import Brian2.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..errors import UnknownNameError
from .calcium import CALCIUM
from .homeostasis import HOMEOSTASIS
from .reward import REWARD
from .rule import Choice, Needed, Option, RuleEntry, RuleParameter
from .short_term import SHORT_TERM
from .stdp import STDP
from .triplet import TRIPLET
from .voltage import VOLTAGE

if TYPE_CHECKING:
    from ..description.plasticity_rule import PlasticityRule

_ENTRIES = (*STDP, *TRIPLET, *VOLTAGE, *CALCIUM, *REWARD, *HOMEOSTASIS, *SHORT_TERM)
RULES: dict[str, RuleEntry] = {entry.name: entry for entry in _ENTRIES}

# functions that are not rules: name -> module
_FUNCTIONS: dict[str, str] = {
    "rewire": "structural",
    "grow_and_prune": "growing",
    "normalise": "normalisation",
    "with_dopamine": "reward",
    "with_modulator": "reward",
    "with_reward": "reward",
    "adaptive_threshold": "homeostasis",
    "regulated_threshold": "homeostasis",
    "voltage_traces": "voltage_neuron",
    "clopath_neuron": "voltage_neuron",
    "scaling": "homeostasis",
    "with_rate": "homeostasis",
    "intrinsic_plasticity": "intrinsic",
}

__all__ = [
    "RULES",
    "Choice",
    "Needed",
    "Option",
    "RuleEntry",
    "RuleParameter",
    "entry",
    "names",
]


def names() -> list[str]:
    """Return the names of the rules in the catalogue."""
    return list(RULES)


def entry(name: str) -> RuleEntry:
    """Return the catalogue's entry of that name; UnknownNameError if there is none."""
    if name not in RULES:
        raise UnknownNameError("rule", name, RULES, "the catalogue of plasticity rules")
    return RULES[name]


def __getattr__(name: str) -> Callable[..., Any]:
    """Return the maker of a rule, or a function of this package."""
    if name in _FUNCTIONS:
        from importlib import import_module  # noqa: PLC0415 (not at start-up)

        function: Callable[..., Any] = getattr(
            import_module(f".{_FUNCTIONS[name]}", __name__), name
        )
        return function
    declared = RULES.get(name)
    if declared is None:
        known = [*RULES, *_FUNCTIONS]
        raise AttributeError(str(UnknownNameError("rule", name, known, "neurosim.plasticity")))

    def make(**values: Any) -> PlasticityRule:
        return declared.rule(**values)

    make.__name__ = make.__qualname__ = name
    make.__doc__ = declared.documentation()
    return make


def __dir__() -> list[str]:
    return sorted([*__all__, *RULES, *_FUNCTIONS])

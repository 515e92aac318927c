"""Plasticity rules: none is shipped in this version.

All synapses are static: a spike adds its weight to a variable of the target. A projection has
no place yet to name a rule; that, and the rules, come in a later version. ``RULES`` is where
they will be listed, and what ``neurosim list`` shows.
"""

RULES: dict[str, type] = {}

__all__ = ["RULES"]

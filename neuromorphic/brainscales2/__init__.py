"""BrainScaleS-2: analog AdEx circuits on a chip with 6-bit synapses and processors beside them."""

from .platform import BrainScaleS2
from .sensors import correlation_synapse, plasticity_rule

__all__ = ["BrainScaleS2", "correlation_synapse", "plasticity_rule"]

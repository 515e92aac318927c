"""Loihi and Loihi 2: integer neurons on cores that step together."""

from .model import loihi_lif, loihi_weight
from .platform import Loihi, Loihi2

__all__ = ["Loihi", "Loihi2", "loihi_lif", "loihi_weight"]

"""Neuromorphic platforms: none is shipped in this version.

A platform is an engine that runs a lowered network under a machine's number format, execution
order and limits. ``PLATFORMS`` is where they will be listed, and what ``neurosim list`` shows.
"""

PLATFORMS: dict[str, type] = {}

__all__ = ["PLATFORMS"]

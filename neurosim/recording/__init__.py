"""Recordings: one crash-safe HDF5 file per run, in SONATA layout with provenance."""

from .digest import SpikeDigest
from .layout import Layout, PopulationLayout, ProjectionLayout, StateLayout
from .writer import RecordingWriter

__all__ = [
    "Layout",
    "PopulationLayout",
    "ProjectionLayout",
    "RecordingWriter",
    "SpikeDigest",
    "StateLayout",
]

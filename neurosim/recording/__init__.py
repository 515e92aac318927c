"""Recordings: one crash-safe HDF5 file per run, in SONATA layout with provenance."""

from .digest import SpikeDigest
from .layout import Layout, PopulationLayout, ProjectionLayout, StateLayout
from .reader import Recording, StateTrace, read
from .writer import RecordingWriter

__all__ = [
    "Layout",
    "PopulationLayout",
    "ProjectionLayout",
    "Recording",
    "RecordingWriter",
    "SpikeDigest",
    "StateLayout",
    "StateTrace",
    "read",
]

"""Recordings: one crash-safe HDF5 file per run, in SONATA layout with provenance."""

from .digest import SpikeDigest
from .layout import Layout, Part, PopulationLayout, ProjectionLayout, StateLayout
from .population import RecordedPopulation
from .reader import Recording, read
from .states import StateTrace
from .writer import RecordingWriter

__all__ = [
    "Layout",
    "Part",
    "PopulationLayout",
    "ProjectionLayout",
    "RecordedPopulation",
    "Recording",
    "RecordingWriter",
    "SpikeDigest",
    "StateLayout",
    "StateTrace",
    "read",
]

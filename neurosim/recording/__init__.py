"""Recordings: one crash-safe HDF5 file per run, in SONATA layout with provenance."""

from .digest import SpikeDigest
from .layout import Layout, Part, PopulationLayout, ProjectionLayout, StateLayout
from .machine import PlatformLayout, RecordedPlatform
from .population import RecordedPopulation
from .reader import Recording, read
from .states import StateTrace
from .synapses import RecordedSynapses, SynapseHistogram, SynapseSnapshot, SynapseTrace
from .writer import RecordingWriter

__all__ = [
    "Layout",
    "Part",
    "PlatformLayout",
    "PopulationLayout",
    "ProjectionLayout",
    "RecordedPlatform",
    "RecordedPopulation",
    "RecordedSynapses",
    "Recording",
    "RecordingWriter",
    "SpikeDigest",
    "StateLayout",
    "StateTrace",
    "SynapseHistogram",
    "SynapseSnapshot",
    "SynapseTrace",
    "read",
]

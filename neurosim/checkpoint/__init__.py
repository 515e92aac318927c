"""Checkpoints: files from which a simulation goes on as if it had never stopped.

A file holds the state of the whole network in an order that depends on neither ranks nor
threads, so any number of them can go on from it. It is HDF5 without references to other files
and without anything that is executed.
"""

from .files import latest_of, previous_of
from .reader import Saved, is_checkpoint, opened
from .schedule import Checkpoints
from .schema import SCHEMA_VERSION, Header

__all__ = [
    "SCHEMA_VERSION",
    "Checkpoints",
    "Header",
    "Saved",
    "is_checkpoint",
    "latest_of",
    "opened",
    "previous_of",
]

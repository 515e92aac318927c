"""Sweeps: one network or experiment at many parameters and seeds, with an index of the runs."""

from .course import SweepInterrupted
from .results import SweepResults, SweepRun, read_sweep
from .sweeping import sweep

__all__ = ["SweepInterrupted", "SweepResults", "SweepRun", "read_sweep", "sweep"]

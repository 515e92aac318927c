"""BrainScaleS-1: analog AdEx circuits on a wafer, thousands of times faster than biology."""

"""Experiments: networks with how to run them, for ``neurosim run``."""

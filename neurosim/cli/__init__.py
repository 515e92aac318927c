"""The command line: ``neurosim`` and ``python -m neurosim``."""

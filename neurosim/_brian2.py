"""Import Brian2, but leave the process's hook for uncaught exceptions as it was.

Brian2 installs a hook that reports every uncaught exception, also those of other packages, as a
possible defect of Brian2. Packages of neurosim that use Brian2 import this module first.
"""

import sys

_hook = sys.excepthook

import brian2  # noqa: E402, F401

sys.excepthook = _hook

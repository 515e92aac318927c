"""Import Brian2, but leave the process's hook for uncaught exceptions as it was.

Brian2 installs a hook that reports every uncaught exception, also those of other packages, as a
possible defect of Brian2. Packages of neurosim that use Brian2 import this module first.

The garbage collector rests meanwhile: on all that Brian2 and SymPy create it spends a tenth of
the import's time, and finds nothing.
"""

import gc
import sys

_hook, _collecting = sys.excepthook, gc.isenabled()
gc.disable()

import brian2  # noqa: E402, F401

sys.excepthook = _hook
if _collecting:
    gc.enable()

"""What holds for all tests."""

import sys


def pytest_collection_finish():
    """Brian2's own scripts run on NumPy: compiling each with Cython takes far longer."""
    brian2 = sys.modules.get("brian2")
    if brian2 is not None:
        brian2.prefs.codegen.target = "numpy"

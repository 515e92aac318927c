"""The comparison of both engines as a fixture."""

import pytest
from connectivity_tables import compare_engines


@pytest.fixture
def same_edges():
    """Check that 1 to 4 threads and the NumPy twin make the same synapses; return them."""
    return compare_engines

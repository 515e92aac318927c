"""The engines that can run here."""

import pytest

from neurosim.engines.native.compiler import find_compiler
from neurosim.errors import CompilerNotFoundError


@pytest.fixture(params=["native", "brian2"])
def engine(request):
    """Name of an engine; native only where there is a compiler."""
    if request.param == "native":
        try:
            find_compiler()
        except CompilerNotFoundError as error:
            pytest.skip(str(error))
    return request.param

import pytest

from neurosim.engines import engine_names, get_engine
from neurosim.errors import UnknownNameError


@pytest.mark.parametrize("name", ["brian2", "native"])
def test_engine_is_registered_and_importable(name):
    # the other tests skip an engine that cannot be imported; this one must then be red
    assert name in engine_names()
    assert get_engine(name).name == name


def test_unknown_engine_is_named_with_a_hint():
    with pytest.raises(UnknownNameError, match=r"natve.*Did you mean 'native'"):
        get_engine("natve")

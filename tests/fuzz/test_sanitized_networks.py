"""The networks that the sanitizers run cover everything, and the two engines agree on them."""

import sys
from pathlib import Path

import numpy as np
import pytest

import neurosim as ns
from neurosim.description.distributions import Distribution
from neurosim.description.rules import ConnectionRule
from neurosim.description.waveforms import Waveform
from neurosim.engines import get_engine
from neurosim.engines.base import EngineOptions
from neurosim.errors import CompilerNotFoundError
from neurosim.models.catalogue import ENTRIES
from neurosim.units import ms

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools"))
import small_networks


def public(base):
    """Names of the public kinds below a base class."""
    below = {kind for direct in base.__subclasses__() for kind in public(direct)}
    return below | ({base.__name__} & set(ns.__all__))


@pytest.mark.parametrize("base", [ConnectionRule, Distribution, Waveform])
def test_every_kind_is_used(base):
    source = Path(small_networks.__file__).read_text()
    assert len(public(base)) >= 4
    for name in public(base):
        assert f"ns.{name}(" in source, f"add {name} to tools/small_networks.py"


def test_every_model_is_used():
    assert {f"model {name}" for name in ENTRIES} <= set(small_networks.FEATURES)


# each model of the catalogue is compared by itself in tests/engines; Brian2 cannot remove synapses
GROUPS = [
    pytest.param(group, marks=pytest.mark.slow) if group == "models" else group
    for group in dict.fromkeys(group for group, _ in small_networks.FEATURES.values())
    if group != "structure"
]


@pytest.mark.parametrize("group", GROUPS)
def test_engines_agree_on_all_of_them(group):
    ((_, net, dt_ms),) = [found for found in small_networks.networks() if found[0] == group]
    program = ns.lower(net, dt_ms * ms)
    found = []
    for engine, threads in (("native", 1), ("native", 3), ("brian2", 1)):
        try:
            executable = get_engine(engine).compile(program, EngineOptions(threads, "double"))
        except CompilerNotFoundError as error:
            pytest.skip(str(error))
        executable.build()
        chunk = executable.advance(300)
        executable.close()
        assert chunk.failure is None
        found.append(np.stack([chunk.spike_steps, chunk.spike_ids], axis=1))
    assert len(found[0]) > 10
    np.testing.assert_array_equal(found[0], found[2])
    np.testing.assert_array_equal(found[0], found[1])

"""Each switch of Loihi 2, TrueNorth and Tianjic alone changes what it should, and nothing else.

Networks are mapped, not run.
"""

from __future__ import annotations

import numpy as np
import pytest
from neurosim.neuromorphic import Loihi2, Tianjic, TrueNorth
from test_each_alone import DELAYS, NEURONS, WEIGHTS, changed

import neurosim as ns
from neurosim.models import iaf
from neurosim.units import Hz, ms, mV

CHANGES = {
    Loihi2: {
        "arithmetic": {NEURONS},
        "parameters": {NEURONS},
        "weights": {WEIGHTS},
        "order": {NEURONS},
        "delays": set(),
    },
    TrueNorth: {
        "arithmetic": {NEURONS},
        "weights": {WEIGHTS},
        "order": {DELAYS},
        "delays": set(),
    },
    Tianjic: {"weights": {WEIGHTS}, "weight_indices": {WEIGHTS}},
}
SWITCHES = [(machine, knob) for machine, known in CHANGES.items() for knob in known]


def network():
    """Integrators with synapses on the potential, four different weights, delays of 1 to 9."""
    net = ns.Network(seed=1)
    cells = net.population("E", 30, iaf(t_ref=0 * ms), initial={"v": "V_r + 3*mV*rand()"})
    edges = np.arange(30), np.roll(np.arange(30), 1)
    drawn = np.tile([0.11, 0.27, 0.4], 10) * mV
    delays = np.tile([1, 5, 9], 10) * ms
    net.project(cells, cells, ns.Edges(*edges), "v", weight=drawn, delay=delays)
    net.poisson(cells, "v", rate=8 * Hz, indegree=20, weight=0.07 * mV)
    return net


def simulation(machine):
    return ns.Simulation(network(), dt=1 * ms, platform=machine)


@pytest.fixture(scope="module")
def native():
    return ns.Simulation(network(), dt=1 * ms).program


@pytest.mark.parametrize("machine", CHANGES)
def test_transparent_changes_nothing_and_tells_of_nothing(machine, native) -> None:
    ideal = simulation(machine.transparent())
    assert changed(native, ideal.program) == set()
    assert ideal.mapping["rounded"] == ideal.mapping["approximated"] == []


@pytest.mark.parametrize(("machine", "knob"), SWITCHES)
def test_a_switch_changes_what_it_should(machine, knob, native) -> None:
    default = machine.imperfections()[knob]
    alone = simulation(machine.transparent(**{knob: default}))
    assert changed(native, alone.program) == CHANGES[machine][knob]


@pytest.mark.parametrize("machine", CHANGES)
def test_every_imperfection_is_looked_at(machine) -> None:
    assert machine.imperfections().keys() == CHANGES[machine].keys()

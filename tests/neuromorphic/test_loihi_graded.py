"""Graded spikes of Loihi 2: weights times what a spike carries, against Python's integers."""

from __future__ import annotations

import numpy as np
import pytest
from neurosim.neuromorphic import Loihi, Loihi2, loihi_lif, loihi_weight
from neurosim.neuromorphic.loihi import arithmetic

import neurosim as ns
from neurosim.errors import MappingError, UnknownNameError
from neurosim.units import ms

STEPS, SENDERS = 60, 4
GRADED = ns.SynapseModel("w : 1", on_pre="target_post += w*v_pre", name="graded")
BIASES = np.array([37, 90, 113, 200])


def network(weight=3, exponent=2, delay=0 * ms, model=GRADED):
    net = ns.Network(seed=1)
    senders = net.population("A", SENDERS, loihi_lif(vth=10, dv=60, bias_mant=BIASES))
    others = net.population("B", 2, loihi_lif(du=1000, dv=30, vth=9000))
    net.record(others, "u")
    net.project(
        senders, others, ns.AllToAll(), "u", synapse=model, weight=loihi_weight(weight, exponent),
        delay=delay, name="graded",
    )  # fmt: skip
    return net


def literal(weight: int, exponent: int) -> list[int]:
    """u of a receiver after each step; spikes carry the sender's v, as they are sent."""
    v, u, w, arriving, found = [0] * SENDERS, 0, 0, 0, []
    for _ in range(STEPS):
        u = (abs(u) * (4096 - 1001)) >> 12
        u, arriving = u + arriving, 0
        w = ((w * (4096 - 30)) >> 12) + u
        w = 0 if w > 9000 * 64 else w
        for k in range(SENDERS):
            v[k] = ((v[k] * (4096 - 60)) >> 12) + int(BIASES[k])
            if v[k] > 10 * 64:
                arriving += (weight * v[k] << exponent) << 6
                v[k] = 0
        found.append(u)
    return found


@pytest.mark.slow
@pytest.mark.parametrize(("weight", "exponent"), [(3, 2), (30, 0)])
def test_what_arrives_is_the_weight_times_the_payload(weight: int, exponent: int) -> None:
    run = ns.simulate(
        network(weight, exponent), (STEPS + 1) * ms, dt=1 * ms, platform=Loihi2()
    )  # fmt: skip
    expected = literal(weight, exponent)
    assert 0 < max(expected) < 2**23
    np.testing.assert_array_equal(run.state("B", "u").values[1:, 0], expected)


def test_payloads_times_weights_are_shifted_as_sums_are() -> None:
    assert int(arithmetic.activation(3 * 700 + 5 * -20, 2)) == (3 * 700 - 100) * 4 * 64


def mapped(net, machine):
    return ns.Simulation(net, dt=1 * ms, platform=machine).mapping


def test_loihi_has_none() -> None:
    with pytest.raises(MappingError, match="graded spikes are not"):
        mapped(network(), Loihi())
    with pytest.raises(UnknownNameError, match="graded_spikes"):
        Loihi(graded_spikes=True)
    assert mapped(network(), Loihi2())["details"]["weights"]["graded"]["exponent"] == 0


def test_payloads_are_read_as_spikes_are_sent() -> None:
    with pytest.raises(MappingError, match="delay of up to 2 steps"):
        mapped(network(delay=2 * ms), Loihi2())


def test_other_code_is_refused() -> None:
    both = ns.SynapseModel("w : 1", on_pre="target_post += w*v_pre + 1", name="more")
    with pytest.raises(MappingError, match="code of their own"):
        mapped(network(model=both), Loihi2())


def test_a_weight_that_does_not_fit_is_told() -> None:
    notes = mapped(network(weight=2.5, exponent=0), Loihi2())["notes"]
    assert any("the weight 160 of graded spikes becomes 128" in note for note in notes)

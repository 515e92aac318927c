"""What users see of a machine's values is in SI units: samples, sums of them, and what is read."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from machines import Bare
from neurosim.neuromorphic.draft import Reading
from neurosim.neuromorphic.units import MILLI_NANO

import neurosim as ns
from neurosim.parallel import exact_sums
from neurosim.units import ms, nA, nF, volt

RISING = ns.NeuronModel("dv/dt = 1*mV/ms : volt", threshold="v > 1e6*mV", reset="v = 0*mV")


def meant(draft):
    """A machine that counts potentials in steps of 2 mV from -70 mV."""
    draft.readings["T", "v"] = Reading(2.0, -0.07, np.rint)


@pytest.mark.parametrize("machine", [None, Bare(steps=(meant,))])
def test_samples_sums_and_means_agree(machine):
    net = ns.Network(seed=1)
    cells = net.population("T", 7, RISING, initial={"v": "i*mV"})
    net.record(cells, "v", every=1 * ms)
    net.record_sum(cells, "v", every=1 * ms, name="total")
    net.record_mean(cells, "v", every=1 * ms, name="mean")
    with ns.Simulation(net, platform=machine) as sim:
        sim.run(5 * ms)
        seen = sim.read("T", "v")
        sim.write("T", "v", seen)
        assert np.allclose(sim.read("T", "v"), np.asarray(seen), atol=1e-9 + 2.0 * bool(machine))
    run = sim.recording
    each = run.states("T", "v").values
    assert np.allclose(run.states("T", "total").values[:, 0], each.sum(axis=1), rtol=1e-12)
    assert np.allclose(run.states("T", "mean").values[:, 0], each.mean(axis=1), rtol=1e-12)
    first = np.arange(7.0) if machine is None else -70.0 + 2.0 * np.arange(7)
    assert np.allclose(each[0], first)
    assert float(seen[0] / volt) == pytest.approx(0.005 if machine is None else -0.06)


def test_sums_are_transformed_exactly():
    rng = np.random.default_rng(5)
    numbers = np.ldexp(rng.integers(-(2**52), 2**52, 200).astype(np.float64), -60)
    whole = [int(Fraction(x) * 2**90) for x in numbers]
    words = np.array([(n & (2**63 - 1), n >> 63, 0) for n in whole], np.int64)
    for scale, offset, count in ((1e-3, -0.065, 3), (-0.7, 1e-9, 1), (1e-9, 0.0, 500)):
        found = exact_sums.transformed(words, scale, offset, count)
        for (low, high, flag), n in zip(found.tolist(), whole, strict=True):
            exact = Fraction(scale) * n + count * Fraction(offset) * 2**90
            assert flag == 0
            assert abs((high << 63) + low - exact) <= 1


def test_sums_that_are_not_numbers_stay_so():
    words = np.array([(0, 0, 1), (0, 2**61, 0)], np.int64)
    assert exact_sums.transformed(words, 1e3, 0.0, 1)[:, 2].tolist() == [1, 1]


def test_a_changed_current_is_given_in_the_machines_units():
    net = ns.Network(seed=1)
    model = ns.NeuronModel("dv/dt = I/C : volt\nI : amp\nC : farad", parameters={"C": 1 * nF})
    cells = net.population("T", 2, model)
    net.inject(cells, "I", ns.StepCurrent([0, 1] * ms, [1, 2] * nA), name="step")

    def in_nano(draft):
        draft.readings["T", "I"] = Reading(1e-9)

        def change(given):
            return replace(given, wave=replace(given.wave, values=given.wave.values / 1e-9))

        currents = tuple(change(c) for c in draft.program.currents)
        draft.program = replace(draft.program, currents=currents)

    with ns.Simulation(net, platform=Bare(steps=(in_nano,)), record=False) as sim:
        sim.run(2 * ms)
        assert np.allclose(sim.read("T", "I"), 2e-9)
        sim.set_input("step", 5 * nA)
        sim.run(1 * ms)
        assert np.allclose(sim.read("T", "I"), 5e-9)


@pytest.mark.parametrize(
    ("dimension", "unit"),
    [("V", 1e-3), ("S", 1e-6), ("F", 1e-9), ("Hz", 1e3), ("1", 1.0),
     ("m^-4 kg^-2 s^6 A^3", 1e-3), ("s^-1 A^-1", 1e12), ("m^2 kg s^-3 A^-1", 1e-3)],
)  # fmt: skip
def test_units_of_a_machine_are_coherent(dimension, unit):
    assert MILLI_NANO.of(dimension) == pytest.approx(unit, rel=1e-12)

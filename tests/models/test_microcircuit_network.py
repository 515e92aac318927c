"""The microcircuit's numbers at scales 0.1 and 0.5, against those of the authors' code.

Expected values: PyNEST implementation of Potjans & Diesmann (2014), nest/nest-simulator
pynest/examples/Potjans_2014 at 09c1a3ccf^, run with N_scaling = K_scaling = scale.
"""

import numpy as np
import pytest
from neurosim.networks.microcircuit import (
    POPULATIONS,
    PROBABILITIES,
    full_synapses,
    microcircuit,
    scaled_numbers,
)

from neurosim.errors import DescriptionError
from neurosim.lowering.lower import lower
from neurosim.units import ms

EXPECTED = {
    0.1: {
        "sizes": [2068, 583, 2192, 548, 485, 106, 1440, 295],
        "k_external": [160, 150, 210, 190, 200, 190, 290, 210],
        "weight": 277.67483746045554,
        "current": [
            29.035009174000756,
            112.37119818355639,
            112.96972161898728,
            114.99034928139342,
            125.41827675997986,
            151.68446638693993,
            43.846889639717055,
            153.70971965061685,
        ],
        "synapses": [
            [454998, 223236, 202536, 96709, 32936, 0, 22714, 0],
            [174437, 50188, 41053, 16901, 22212, 0, 3535, 0],
            [35037, 7566, 244828, 174136, 7145, 70, 146244, 0],
            [81143, 928, 99335, 52233, 878, 0, 88109, 0],
            [106136, 18171, 55078, 1519, 20407, 24079, 14390, 0],
            [12414, 1694, 6077, 129, 3196, 4304, 1324, 0],
            [46812, 5561, 67276, 13202, 41122, 3050, 83726, 108277],
            [22608, 172, 2200, 81, 4016, 252, 28884, 13543],
        ],
    },
    0.5: {
        "sizes": [10342, 2917, 10958, 2740, 2425, 532, 7198, 1474],
        "k_external": [800, 750, 1050, 950, 1000, 950, 1450, 1050],
        "weight": 124.17996244055672,
        "current": [
            12.43711995398254,
            48.13410124330479,
            48.390478216258856,
            49.256012250330514,
            53.72280556681906,
            64.97390416874664,
            18.7817755727285,
            65.8414195749446,
        ],
        "synapses": [
            [11374951, 5580894, 5063412, 2417730, 823394, 0, 567851, 0],
            [4360924, 1254691, 1026335, 422518, 555303, 0, 88365, 0],
            [875917, 189140, 6120712, 4353394, 178631, 1751, 3656108, 0],
            [2028563, 23208, 2483384, 1305818, 21959, 0, 2202726, 0],
            [2653394, 454265, 1376951, 37975, 510185, 601972, 359742, 0],
            [310359, 42356, 151917, 3213, 79900, 107611, 33104, 0],
            [1170306, 139027, 1681892, 330058, 1028056, 76257, 2093162, 2706919],
            [565209, 4302, 55008, 2020, 100409, 6304, 722107, 338580],
        ],
    },
}
FULL = [
    [45499805, 22323577, 20253647, 9670918, 3293578, 0, 2271404, 0],
    [17443694, 5018763, 4105338, 1690074, 2221213, 0, 353461, 0],
    [3503670, 756561, 24482849, 17413576, 714524, 7003, 14624432, 0],
    [8114254, 92832, 9933538, 5223272, 87836, 0, 8810905, 0],
    [10613575, 1817058, 5507804, 151900, 2040738, 2407889, 1438969, 0],
    [1241436, 169424, 607667, 12851, 319602, 430444, 132414, 0],
    [4681225, 556108, 6727570, 1320234, 4112225, 305029, 8372649, 10827677],
    [2260836, 17207, 220033, 8078, 401638, 25218, 2888426, 1354320],
]
FULL_DC = [
    561.974358586934,
    526.8509611752506,
    737.5913456453509,
    667.3445508219841,
    702.4679482336676,
    667.3445508219841,
    1018.5785249388178,
    737.5913456453509,
]


@pytest.mark.parametrize("scale", EXPECTED)
def test_scaled_numbers(scale):
    numbers, expected = scaled_numbers(scale), EXPECTED[scale]
    assert numbers.sizes.tolist() == expected["sizes"]
    assert numbers.k_external.tolist() == expected["k_external"]
    assert numbers.synapses.tolist() == expected["synapses"]
    assert numbers.weight_external == expected["weight"]
    weights = np.full((8, 8), expected["weight"])
    weights[:, 1::2] *= -4
    weights[0, 2] *= 2
    assert numbers.weights == pytest.approx(weights, rel=1e-15)
    # A sum of eight terms that cancel: its last bits depend on the order of addition.
    assert numbers.current == pytest.approx(expected["current"], rel=1e-13)


def test_full_scale_numbers():
    numbers = scaled_numbers(1.0)
    assert numbers.synapses.tolist() == FULL
    assert numbers.synapses.sum() == 298880968
    assert numbers.sizes.sum() == 77169
    assert numbers.current.tolist() == [0.0] * 8
    assert numbers.weight_external == pytest.approx(87.80849352920843, rel=1e-15)
    assert scaled_numbers(1.0, "dc").current == pytest.approx(FULL_DC, rel=1e-14)
    assert full_synapses().shape == (8, 8)


def test_network_at_a_tenth():
    network = microcircuit(0.1, seed=7)
    assert list(network.populations) == list(POPULATIONS)
    assert len(network.projections) == np.count_nonzero(PROBABILITIES)
    program = lower(network, 0.1 * ms)
    expected = EXPECTED[0.1]
    assert [p.size for p in program.populations] == expected["sizes"]
    by_name = {p.name: p for p in program.projections}
    for target, post in enumerate(POPULATIONS):
        for source, pre in enumerate(POPULATIONS):
            count = expected["synapses"][target][source]
            found = by_name.get(f"{pre}->{post}")
            assert count == (0 if found is None else found.expected_synapses)
    inhibitory, doubled = by_name["L4I->L4E"], by_name["L4E->L23E"]
    weight = expected["weight"] * 1e-12
    assert (inhibitory.weight.a, inhibitory.weight.b) == pytest.approx((-4 * weight, 0.4 * weight))
    assert (inhibitory.weight.low, inhibitory.weight.high) == (-np.inf, 0.0)
    assert (doubled.weight.a, doubled.weight.b) == pytest.approx((2 * weight, 0.2 * weight))
    assert (doubled.weight.low, doubled.weight.high) == (0.0, np.inf)
    assert inhibitory.delay.first == doubled.delay.first == 1
    values = program.populations[0].values
    assert values["I_e"] == pytest.approx(29.035009174000756e-12)
    assert [values[k] for k in ("tau_m", "tau_syn", "C_m")] == pytest.approx([1e-2, 5e-4, 2.5e-10])
    drive = program.poisson[0]
    assert drive.mean.tolist() == pytest.approx([8 * 160 * 1e-4])
    assert drive.weight == pytest.approx(weight)
    assert program.n_neurons == 7717


def test_initial_potentials_are_those_of_each_population():
    """Null: mean and sd as published; four standard errors."""
    program = lower(microcircuit(0.1, seed=3), 0.1 * ms)
    for population, mean, sd in (
        (program.population("L23E"), -68.28e-3, 5.36e-3),
        (program.population("L6I"), -61.43e-3, 4.48e-3),
    ):
        v = population.values["v"]
        assert v.mean() == pytest.approx(mean, abs=4 * sd / np.sqrt(v.size))
        assert v.std() == pytest.approx(sd, abs=4 * sd / np.sqrt(2 * v.size))


def test_constant_drive_replaces_poisson():
    network = microcircuit(1.0, drive="dc")
    assert network.poisson_inputs == []
    current = network.populations["L5E"].parameters["I_e"].content
    assert current == pytest.approx(702.4679482336676e-12)


@pytest.mark.parametrize("scale", [0, -1, 1e4, "0.1", None, True, float("nan"), 1e-4])
def test_scales_beyond_reason_are_refused(scale):
    with pytest.raises(DescriptionError, match="scale"):
        microcircuit(scale)


def test_unknown_drive_is_refused():
    with pytest.raises(DescriptionError, match="poisson"):
        microcircuit(0.1, drive="none")

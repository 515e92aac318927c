"""Each imperfection of a machine changes the part of a network that it is about, and no other."""

from __future__ import annotations

import numpy as np
import pytest
from neurosim.neuromorphic.knobs import ideal_values
from noisy_networks import CLASSES, MAPPED

import neurosim as ns
from neurosim import neuromorphic as machines
from neurosim.lowering.edges import instantiate

NEURONS, WEIGHTS, DELAYS, INPUT, LIMITS = "neurons", "weights", "delays", "input", "limits"
# what changes in these networks; where the neurons' units do, all weights do by one factor
SPINNAKER = {
    "arithmetic": {NEURONS},
    "models": {NEURONS},
    "weights": {WEIGHTS},
    "saturation": {NEURONS, LIMITS},
    "order": {DELAYS},
    "delays": set(),
    "poisson": {INPUT},
    "plasticity": set(),
    "deadlines": {LIMITS},
    "router_drop": set(),
}
LOIHI = {
    "arithmetic": {NEURONS},
    "parameters": {NEURONS},
    "weights": {WEIGHTS},
    "order": set(),
    "delays": set(),
}
CHANGES = {
    "spinnaker": SPINNAKER,
    "spinnaker2": SPINNAKER,
    "brainscales1": {
        "integrator": {NEURONS},
        "digital_parameters": {NEURONS},
        "parameter_ranges": set(),
        "shared_reset": set(),
        "digital_weights": {WEIGHTS},
        "shared_gain": set(),
        "weight_noise": {WEIGHTS},
        "fixed_delays": {DELAYS},
        "mapping_loss": set(),
        "spike_bandwidth": {LIMITS},
        "input_bandwidth": set(),
        "fixed_pattern": {NEURONS},
        "trial_potential_mv": {NEURONS},
        "trial_cv": {NEURONS},
        "membrane_noise_mv": {NEURONS},
    },
    "brainscales2": {
        "limits": set(),
        "delays": {DELAYS},
        "translate": {NEURONS},
        "quantise_weights": {WEIGHTS},
        "potential_spread": {NEURONS},
        "time_spread": {NEURONS},
        "strength_spread": {WEIGHTS},
        "weight_spread": {WEIGHTS},
        "sensor_spread": set(),
        "capmem_dither": {NEURONS},
        "membrane_noise": {NEURONS},
        "cadc": set(),
        "readout_noise": set(),
    },
    "loihi": LOIHI,
    "loihi2": LOIHI,
    "truenorth": {
        "arithmetic": {NEURONS},
        "weights": {WEIGHTS},
        "order": {DELAYS},
        "delays": set(),
    },
    "tianjic": {"weights": {WEIGHTS}, "weight_indices": {WEIGHTS}},
}
SWITCHES = [(name, knob) for name, known in CHANGES.items() for knob in known]


def changed(given, became):
    """Which parts of a Program are not what they were."""
    found = set()
    for old, new in zip(given.populations, became.populations, strict=True):
        if old.code != new.code or not _same(old.values, new.values):
            found.add(NEURONS)
    assert [p.name for p in given.projections] == [p.name for p in became.projections]
    for old, new in zip(given.projections, became.projections, strict=True):
        before, after = instantiate(given, old), instantiate(became, new)
        assert _same(vars(before), vars(after), {"pre", "post"})
        if _weights_changed(before.weight, after.weight, NEURONS in found):
            found.add(WEIGHTS)
        if not np.array_equal(before.delay, after.delay):
            found.add(DELAYS)
    for old, new in zip(given.poisson, became.poisson, strict=True):
        same = len(old.thresholds) == len(new.thresholds) and all(
            np.array_equal(a, b) for a, b in zip(old.thresholds, new.thresholds, strict=True)
        )
        if not (same and _same(vars(old), vars(new), {"mean", "first"})):
            found.add(INPUT)
        if _weights_changed(old.weight, new.weight, NEURONS in found):
            found.add(WEIGHTS)
    limits = became.machine
    if limits is not None and (limits.gates or limits.saturations or limits.cores):
        found.add(LIMITS)
    return found


def _weights_changed(old, new, units_may):
    """Whether weights changed other than by one factor, and that only with the units."""
    ratio = np.atleast_1d(np.asarray(new, float) / np.asarray(old, float))
    unit = np.abs(ratio).mean() if units_may else 1.0
    return not np.allclose(np.abs(ratio) if units_may else ratio, unit, rtol=1e-6, atol=0)


def _same(old, new, names=None):
    wanted = set(old) if names is None else names
    return wanted <= set(new) and all(np.array_equal(old[name], new[name]) for name in wanted)


def mapped(name, **switches):
    build, dt, settings = MAPPED[name]
    made = getattr(machines, CLASSES[name]).transparent(**settings, **switches)
    return ns.Simulation(build(), dt=dt, platform=made)


@pytest.fixture(scope="module")
def native():
    return {name: ns.Simulation(build(), dt=dt).program for name, (build, dt, _) in MAPPED.items()}


@pytest.mark.parametrize("name", CHANGES)
def test_transparent_changes_nothing_and_tells_of_nothing(name, native):
    ideal = mapped(name)
    assert changed(native[name], ideal.program) == set()
    assert not any(one["changed"] or one["clipped"] for one in ideal.mapping["rounded"])
    assert not ideal.mapping["lost"]
    assert not ideal.mapping["shared"]


@pytest.mark.parametrize(("name", "knob"), SWITCHES)
def test_alone_it_changes_its_own_part(name, knob, native):
    usual = getattr(getattr(machines, CLASSES[name])(), knob)
    one = mapped(name, **{knob: usual})
    assert changed(native[name], one.program) == CHANGES[name][knob]
    told = {row["what"] for row in one.mapping["rounded"] if row["changed"]}
    assert not told & ({WEIGHTS, DELAYS} - CHANGES[name][knob])


def test_every_imperfection_is_looked_at():
    for name, known in CHANGES.items():
        made = getattr(machines, CLASSES[name])
        assert set(made.imperfections()) == set(known)
        assert set(known) <= set(ideal_values(made))

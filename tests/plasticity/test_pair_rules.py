"""Rules with a closed form equal it, whatever the spike trains, in both engines."""

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from neurosim.plasticity import RULES
from oracles import (
    DT,
    SCALE,
    driven_pairs,
    label,
    numbers,
    pair_weight,
    required,
    triplet_weight,
    values_after,
)

PAIR, TRIPLET = RULES["pair_stdp"], RULES["triplet_stdp"]
STEPS = 260
ENTRIES = {"pair_stdp": (PAIR, pair_weight), "triplet_stdp": (TRIPLET, triplet_weight)}
AMPLITUDES = ("A_plus", "A_minus", "A2_plus", "A3_plus", "A2_minus", "A3_minus")


def every_option_once(entry):
    """Each option with the others' defaults."""
    default = {c.name: c.default for c in entry.choices}
    every = [default | {c.name: option} for c in entry.choices for option in c.options]
    return [dict(t) for t in dict.fromkeys(tuple(v.items()) for v in every)]


QUICK = [("pair_stdp", v) for v in every_option_once(PAIR)]
QUICK += [("triplet_stdp", v) for v in TRIPLET.variants()]
ALL = [(name, v) for name in ENTRIES for v in ENTRIES[name][0].variants()]

# 10 pairs of neurons; postsynaptic ones are told to spike a step before and cannot at once again
SIDE = st.lists(st.sets(st.integers(0, 99), max_size=14), min_size=10, max_size=10)
DELAY = st.integers(0, 25)


def found_and_expected(drawn, variants, engine, strength, delay, delay_post):
    """The weights of every rule, relative to their scale, and those of the oracle."""
    pre, post = ([np.array(sorted(slots), int) * 2 + 1 for slots in side] for side in drawn)
    rules, values, delays = {}, {}, {}
    for name, variant in variants:
        entry, key = ENTRIES[name][0], label(name, variant)
        values[key] = numbers(entry, variant)
        for amplitude in AMPLITUDES:
            if amplitude in values[key]:
                values[key][amplitude] *= strength
        given_ones = {k: v for k, v in values[key].items() if k in AMPLITUDES}
        rules[key] = entry.rule(**variant, **required(entry, variant), **given_ones)
        delays[key] = delay * DT
        if variant.get("delays") == "axonal_and_dendritic":
            delays[key] = {"pre": delay * DT, "transmit": (delay + delay_post) * DT}
    net = driven_pairs(rules, pre, post, delay=delays, delay_post=delay_post * DT)
    found = values_after(net, rules, STEPS, engine=engine)
    for name, variant in variants:
        key, oracle = label(name, variant), ENTRIES[name][1]
        expected = [
            oracle(a, b, values[key], variant, delay=delay, delay_post=delay_post)
            for a, b in zip(pre, post, strict=True)
        ]
        yield key, found[key] / float(np.asarray(SCALE)), np.array(expected)


def drawn_cases(examples, test):
    """Run a test for drawn trains; without shrinking, as a run builds a network."""
    options = settings(
        max_examples=examples,
        deadline=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    sides = st.tuples(SIDE, SIDE)
    options(given(sides, st.sampled_from([1.0, 40.0]), DELAY, DELAY)(test))()


def check(engine, variants, examples):
    moved = dict.fromkeys([label(*v) for v in variants], 0.0)

    def test(drawn, strength, delay, delay_post):
        pairs = found_and_expected(drawn, variants, engine, strength, delay, delay_post)
        for key, found, expected in pairs:
            np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-10, err_msg=key)
            moved[key] = max(moved[key], np.ptp(expected))

    drawn_cases(examples, test)
    assert min(moved.values()) > 1e-3  # the weights that were compared had changed


@pytest.mark.parametrize(("engine", "examples"), [("native", 4), ("brian2", 2)])
def test_pairs_and_triplets_equal_their_sums_over_spikes(engine, examples):
    check(engine, QUICK, examples)


@pytest.mark.slow
@pytest.mark.parametrize(("engine", "examples"), [("native", 40), ("brian2", 6)])
def test_every_combination_equals_its_sums_over_spikes(engine, examples):
    check(engine, ALL, examples)

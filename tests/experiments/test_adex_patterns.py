"""The eight patterns of the adaptive exponential neuron."""

import numpy as np
import pytest
from neurosim.experiments import adex_patterns

import neurosim as ns


@pytest.fixture(scope="module")
def results():
    return adex_patterns.perform(ns.Runs(threads=1))


def test_every_pattern_is_classified(results):
    assert len(adex_patterns.PATTERNS) == 8
    for check in results.checks:
        assert check.passed, check
    named = {check.name.split(":")[0] for check in results.checks}
    assert named == set(adex_patterns.PATTERNS)


def test_classifiers_tell_patterns_apart(results):
    trains = {
        name: np.array(results.metrics[f"{name} spikes (ms)"]) for name in adex_patterns.PATTERNS
    }
    for name, classify in adex_patterns.CLASSIFIERS.items():
        for other in ("tonic", "adaptation", "regular bursting", "delayed accelerating"):
            if other != name:
                assert not all(check.passed for check in classify(trains[other])), (name, other)


def test_two_panels_for_each_pattern(results):
    assert len(results.figure.axes) == 16

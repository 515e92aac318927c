"""The twenty patterns: each classified, and spike for spike those of the author's loop."""

import numpy as np
import pytest
from neurosim.experiments import izhikevich_patterns as patterns

import neurosim as ns


@pytest.fixture(scope="module")
def responses():
    return patterns.simulate(ns.Runs(threads=1))


def original(pattern):
    """The loop of the author's figure1.m: v first, then u with the new v, then the reset."""
    v, u = pattern.v, pattern.b * pattern.v if pattern.u is None else pattern.u
    times = np.arange(round(pattern.duration / pattern.dt) + 1) * pattern.dt
    spikes = []
    for t, current in zip(times, patterns.current(pattern, times), strict=True):
        slope = 0.04 * v**2 + pattern.linear * v + pattern.constant - u + current
        v += pattern.dt * slope
        decay = 0 if pattern.shifted else u
        u += pattern.dt * pattern.a * (pattern.b * (v + pattern.shifted) - decay)
        if v > 30:
            v, u = pattern.c, u + pattern.d
            spikes.append(t)
    return np.array(spikes)


@pytest.mark.parametrize("pattern", patterns.PATTERNS, ids=lambda p: p.name)
def test_spikes_are_those_of_the_original(responses, pattern):
    assert responses[pattern.name].spikes_ms == pytest.approx(original(pattern), abs=1e-6)


@pytest.mark.parametrize("pattern", patterns.PATTERNS, ids=lambda p: p.name)
def test_patterns_are_classified(responses, pattern):
    for check in patterns.classify(responses[pattern.name]):
        assert check.passed, check
        assert check.name.startswith(pattern.name)


def test_classifiers_tell_patterns_apart(responses):
    """The spike train of one pattern does not pass for another: tonic for phasic, and so on."""
    for name, other in (
        ("tonic spiking", "phasic spiking"),
        ("phasic spiking", "phasic bursting"),
        ("class 2", "class 1"),
        ("rebound spike", "rebound burst"),
    ):
        swapped = patterns.Response(
            responses[other].pattern,
            responses[name].times_ms,
            responses[name].v,
            responses[name].current,
            responses[name].spikes_ms,
        )
        assert not all(check.passed for check in patterns.classify(swapped)), (name, other)


def test_the_figure_has_twenty_panels(responses):
    assert len(patterns.draw(responses).axes) == 20

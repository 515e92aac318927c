"""The experiments on single neurons: every check of each passes, and can fail."""

from dataclasses import replace

import numpy as np
import pytest
from neurosim.experiments import catalogue, fi_curves, hodgkin_huxley, lif_fi, psp

import neurosim as ns
from neurosim.errors import DescriptionError, UnknownNameError


def assert_passed(results, least):
    assert len(results.checks) >= least
    for check in results.checks:
        assert check.passed, check
    assert results.figure is not None


def test_squid_axon():
    results = hodgkin_huxley.perform(ns.Runs(threads=1))
    assert_passed(results, 14)
    # the numbers that are asked for, whatever the experiment itself allows
    assert results.check("spikes at 2.20 uA/cm2").value == 0
    assert results.check("spikes at 2.25 uA/cm2").value == 1
    assert results.check("late rate at 6.2 uA/cm2 (Hz)").value == 0
    assert results.check("late rate at 6.3 uA/cm2 (Hz)").value > 0
    for density, rate in ((10, 68.3), (15, 78.6), (20, 86.4)):
        found = results.check(f"rate at {density} uA/cm2 (Hz)").value
        assert found == pytest.approx(rate, abs=0.1)


def test_gating_curves_are_those_of_the_paper():
    """Hodgkin & Huxley's rates at their resting potential, -65 mV here."""
    curves = hodgkin_huxley.gates()
    rest = np.abs(curves["v"] + 65).argmin()
    for gate, steady, tau in (("m", 0.0529, 0.237), ("h", 0.5961, 8.516), ("n", 0.3177, 5.459)):
        assert curves[f"{gate}_inf"][rest] == pytest.approx(steady, abs=1e-4)
        assert curves[f"{gate}_tau"][rest] == pytest.approx(tau, abs=1e-3)


def test_leaky_integrator():
    results = lif_fi.perform(ns.Runs(threads=1))
    assert_passed(results, 12)
    for mu, rate in ((20.5, 15.90), (25.0, 41.71), (30.0, 63.04)):
        assert results.check(f"rate at mu = {mu} mV (Hz)").value == pytest.approx(rate, abs=0.02)


def test_postsynaptic_responses():
    assert_passed(psp.perform(ns.Runs(threads=1)), 13)


def test_a_wrong_time_constant_is_noticed(monkeypatch):
    alpha = psp.SYNAPSES["alpha current"]
    wrong = replace(alpha, closed_form=lambda since: 1.01 * alpha.closed_form(since))
    monkeypatch.setattr(psp, "SYNAPSES", {"alpha current": wrong})
    results = psp.perform(ns.Runs(threads=1))
    assert not results.check("alpha current: error against the closed form").passed


def test_fi_curves_of_the_whole_catalogue():
    results = fi_curves.perform(ns.Runs(threads=2))
    assert_passed(results, 2 * len(fi_curves.CLOSED_FORMS) + len(fi_curves.ONSETS))
    assert len(results.figure.axes) == len(ns.models.names())


def test_gallery_of_the_catalogue():
    results = catalogue.perform(ns.Runs(threads=1))
    assert_passed(results, len(ns.models.names()))
    assert len(results.figure.axes) == len(ns.models.names())


def test_figure_of_one_model(tmp_path):
    path = tmp_path / "adex.png"
    drawn = catalogue.figure("adex", path)
    assert path.stat().st_size > 10_000
    assert [axes.get_ylabel() for axes in drawn.axes] == ["I_e\n(pA)", "v\n(mV)", "w\n(pA)"]
    with pytest.raises(UnknownNameError, match="adex"):
        catalogue.figure("adx")


def test_settings_name_the_models():
    experiment = catalogue.experiment
    with pytest.raises(DescriptionError, match="adex"):
        experiment.parameters[0].check("adx")

"""The catalogue of rules as data: complete, documented, refused by name where a user errs."""

import re

import numpy as np
import pytest
from neurosim.plasticity import RULES
from neurosim.plasticity.rule import WEIGHT_UNIT, RuleEntry, RuleParameter
from neurosim.plasticity.triplet import _SETS
from oracles import in_order, triplet_weight

import neurosim as ns
from neurosim.description.quantities import named_unit
from neurosim.errors import DescriptionError, UnknownNameError
from neurosim.units import ms, mV, nS


def scales(entry, choices, unit=1 * mV):
    parameters = entry.chosen(**choices)[1]
    return {n: unit for n, p in parameters.items() if p.value is None}


@pytest.mark.parametrize("name", RULES)
def test_entries_are_complete(name):
    entry = RULES[name]
    assert entry.name == name
    assert name.isidentifier()
    assert entry.summary.endswith(".")
    assert re.search(r"(19|20)\d\d", entry.reference)
    assert set(entry.learns) <= set(entry.bounds)
    for choice in entry.choices:
        assert len(choice.options) > 1, choice.name
    for choices in entry.variants():
        for parameter in entry.chosen(**choices)[1].values():
            assert parameter.meaning
            if parameter.unit != WEIGHT_UNIT:
                named_unit(parameter.unit)
    text = entry.documentation()
    assert entry.reference in text
    assert all(p.name in text for p in entry.parameters)
    assert getattr(ns.plasticity, name).__doc__ == text


@pytest.mark.parametrize("name", RULES)
def test_every_form_is_a_rule(name):
    entry = RULES[name]
    for choices in entry.variants():
        rule = entry.rule(**choices, **scales(entry, choices))
        told = rule.describe()
        codes = [told["equations"], *told["on_pre"].values(), *told["on_post"].values()]
        assert rule.name == name
        assert not [code for code in codes if "{" in code], choices
        if entry.learns:
            assert isinstance(rule, ns.PlasticityRule)
            assert entry.reference in rule.source
            assert set(rule.learns) == set(entry.learns)


def test_the_same_rule_in_other_units():
    for unit in (1 * nS, 1.0, 1 * mV):
        rule = ns.plasticity.pair_stdp(w_max=unit)
        assert rule.parameters["w_max"].dim == getattr(unit, "dim", rule.parameters["A_plus"].dim)


def test_negative_scales_have_their_bounds_below_zero():
    for sign, scale in (("excitatory", 1 * mV), ("inhibitory", -1 * mV)):
        rule = ns.plasticity.pair_stdp(w_max=scale, sign=sign)
        bound = rule.text.bounds["w"]
        assert {bound.low, bound.high} == {"0*w_max", "w_max"}
        with pytest.raises(DescriptionError, match=r"pair_stdp.*sign"):
            ns.plasticity.pair_stdp(w_max=-scale, sign=sign)


def test_defaults_go_with_the_options_chosen():
    def values(**choices):
        return {n: p.value for n, p in RULES["triplet_stdp"].chosen(**choices)[1].items()}

    assert values()["A3_plus"] == 6.2e-3
    assert values(model="minimal")["tau_y"] == 114
    assert "A3_minus" not in values(model="minimal")
    nearest = values(pairing="nearest", data="hippocampus")
    assert (nearest["tau_x"], nearest["A3_minus"]) == (575, 7.5e-9)
    morrison = RULES["pair_stdp"].chosen(dependence="morrison")[1]
    assert "w_max" not in morrison
    assert morrison["A_plus"].value == 0.1


def test_parameters_may_be_given():
    rule = ns.plasticity.pair_stdp(w_max=2 * mV, tau_plus=17 * ms, name="mine")
    assert rule.name == "mine"
    assert rule.parameters["tau_plus"].content == pytest.approx(0.017)
    assert rule.parameters["tau_minus"].content == pytest.approx(0.020)


def test_errors_name_the_rule_and_what_there_is():
    plasticity = ns.plasticity
    with pytest.raises(DescriptionError, match=r"'pair_stdp' needs w_max.*pair_stdp\(w_max=\.\.\."):
        plasticity.pair_stdp()
    with pytest.raises(UnknownNameError, match=r"'nearest'.*pair_stdp.*nearest_symmetric"):
        plasticity.pair_stdp(w_max=1 * mV, pairing="nearest")
    with pytest.raises(UnknownNameError, match=r"'w_0'.*pair_stdp.*w_max"):
        plasticity.pair_stdp(w_max=1 * mV, w_0=1 * mV)
    with pytest.raises(UnknownNameError, match=r"tau_pluss.*tau_plus"):
        plasticity.pair_stdp(w_max=1 * mV, tau_pluss=1 * ms)
    with pytest.raises(DescriptionError, match=r"'2\*mV'.*quantity"):
        plasticity.pair_stdp(w_max="2*mV")
    with pytest.raises(AttributeError, match=r"'pair_sdtp'.*pair_stdp"):
        plasticity.pair_sdtp(w_max=1 * mV)
    with pytest.raises(UnknownNameError, match="no_rule"):
        plasticity.entry("no_rule")


def test_an_entry_of_ones_own():
    entry = RuleEntry(
        name="hebb",
        summary="What fires together wires together.",
        equations="w : {weight}",
        on_pre="target_post += w",
        on_post="w += eta*w_max",
        parameters=(
            RuleParameter("eta", 0.01, "1", "eta", "learning rate"),
            RuleParameter("w_max", None, WEIGHT_UNIT, "w_max", "largest weight"),
        ),
        reference="Hebb 1949",
        bounds={"w": ("0*w_max", "w_max")},
    )
    assert entry.required == ("w_max",)
    assert entry.variants() == [{}]
    assert entry.rule(w_max=1 * nS).text.bounds["w"].high == "w_max"


# potentiation after 60 pairs at each frequency, mean and standard error of the data: Sjoestroem,
# Turrigiano & Nelson 2001, as tabulated for the fit in Pfister & Gerstner 2006
FREQUENCIES = (0.1, 10.0, 20.0, 40.0, 50.0)
DATA = {
    10: ((-0.04, 0.14, 0.29, 0.53, 0.56), (0.05, 0.10, 0.14, 0.11, 0.26)),
    -10: ((-0.29, -0.41, -0.34, 0.56, 0.75), (0.08, 0.11, 0.10, 0.32, 0.19)),
}


def fit_error(choices, values):
    """Mean squared distance of ten data points in units of their standard error."""
    errors = []
    for lag, (means, deviations) in DATA.items():
        for f, mean, deviation in zip(FREQUENCIES, means, deviations, strict=True):
            # all changes of 60 pairs add up; far from any bound
            pre = np.arange(60) * round(1e4 / f) + 1000
            w = triplet_weight(pre, pre + 10 * lag, values, choices, w=100.0, high=1e3) - 100.0
            errors.append(((w - mean) / deviation) ** 2)
    return np.mean(errors)


@pytest.mark.parametrize("key", [k for k in _SETS if k[2] == "visual_cortex"], ids="-".join)
def test_the_triplet_sets_fit_the_data_that_they_were_fitted_to(key):
    """Below 0.4 in units of the data's standard error; the values that NESTML has do not."""
    choices = dict(zip(("model", "pairing", "data"), key, strict=True))
    entry = RULES["triplet_stdp"]
    values = {n: p.value for n, p in entry.chosen(**choices)[1].items()}
    assert fit_error(choices, values) < 0.4
    if key[:2] == ("full", "all_to_all"):
        nestml = values | {"A2_plus": 7.5e-10, "A3_plus": 9.3e-3}
        assert fit_error(choices, nestml) > 2


def test_the_oracles_take_a_presynaptic_spike_first():
    assert in_order([3, 5], [3], delay=2) == [(3, 1), (5, 0), (7, 0)]
    assert in_order([3], [3]) == [(3, 0), (3, 1)]

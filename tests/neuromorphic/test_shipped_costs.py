"""Every platform that is shipped has a price; its numbers have names and can be changed."""

import json

import pytest
from neurosim.neuromorphic import energy
from neurosim.neuromorphic.cost_numbers import cost_numbers, parse_costs, with_numbers
from neurosim.neuromorphic.costs import Workload, price
from neurosim.neuromorphic.workload import Connection, Emitter

from neurosim.cli.platform_options import parsed_setting
from neurosim.errors import DescriptionError, UnknownNameError
from neurosim.platforms import get_platform, platform_class, platform_names

SHIPPED = (
    "brainscales1", "brainscales2", "loihi", "loihi2", "spinnaker", "spinnaker2", "tianjic",
    "truenorth",
)  # fmt: skip
MODELS = {name: getattr(energy, f"{name}_costs") for name in SHIPPED}
TASK = Workload(
    1000, 1e-3, {"E": Emitter(500, 4000)}, {"p": Connection("E", "E", 500, 500, 5000, 40_000)},
    input_events=1e5,
)  # fmt: skip


def installed():
    return [name for name in SHIPPED if name in platform_names()]


@pytest.mark.parametrize("name", installed())
def test_platforms_cost_what_is_published(name):
    """As shipped: the same as the model made of the published numbers alone."""
    found, published = get_platform(name).price(TASK), price(MODELS[name](), TASK)
    assert found.platform == name
    assert found.t_run == pytest.approx(published.t_run)
    if name != "brainscales2":  # its power is a setting: 200 mW
        assert found.E_run == pytest.approx(published.E_run)
    assert found.facts == published.facts
    json.dumps(found.as_dict(), allow_nan=False)


@pytest.mark.parametrize(
    ("name", "settings", "factor"),
    [
        ("spinnaker", {"time_scale_factor": 20}, 20),
        ("spinnaker2", {"time_scale_factor": 20}, 20),
        ("brainscales2", {"offset_us": 3000.0}, 4),
        ("truenorth", {"tick": 2e-3}, 2),
        ("tianjic", {"rounds": 3}, 3),
    ],
)
def test_settings_change_the_time_of_a_run(name, settings, factor):
    if name not in platform_names():
        pytest.skip(f"{name} is not installed")
    usual, other = (get_platform(name, s).price(TASK) for s in ({}, settings))
    assert other.t_run == pytest.approx(factor * usual.t_run)


@pytest.mark.parametrize("name", SHIPPED)
def test_every_number_can_be_changed_and_changes_what_it_should(name):
    model = MODELS[name]()
    for one, (figure, meaning) in cost_numbers(model).items():
        assert meaning
        changed = with_numbers(model, {one: 3 * figure.value + 1}, "here")
        new = cost_numbers(changed)
        assert (new[one][0].value, new[one][0].fact) == (3 * figure.value + 1, "choice")
        others = {k for k, (f, _) in new.items() if f != cost_numbers(model)[k][0]} - {one}
        assert others == ({"input_events"} & set(new) if one == "synaptic_events" else set())


def test_loihis_cores_are_those_of_its_clock_too():
    model = with_numbers(energy.loihi_costs(), {"neurons_per_cores": 100}, "here")
    assert price(model, TASK).resources["cores"] == 5
    assert model.clock.cores.needed(TASK)[0] == 5


def test_numbers_as_text():
    assert parse_costs("", "here") == {}
    text = "synaptic_events=1e-8+boards=3e+1+ cores = 0"
    assert parse_costs(text, "here") == {"synaptic_events": 1e-8, "boards": 30, "cores": 0}


@pytest.mark.parametrize("text", ["boards", "boards=", "boards=-1", "boards=inf", "boards=nan"])
def test_text_that_is_not_numbers_is_refused(text):
    with pytest.raises(DescriptionError, match="boards"):
        parse_costs(text, "here")


@pytest.mark.skipif("spinnaker" not in platform_names(), reason="needs SpiNNaker")
def test_numbers_given_as_a_setting():
    usual = get_platform("spinnaker").price(TASK)
    found = get_platform("spinnaker", {"costs": "synaptic_events=1e-8+boards=30"}).price(TASK)
    items = {item.what: item for item in found.items}
    assert items["boards"].joules == pytest.approx(30)
    assert items["synaptic_events"].joules == pytest.approx(4e4 * 1e-8)
    assert items["input_events"].joules == pytest.approx(1e5 * 1e-8)
    assert items["synaptic_events"].fact == "Cx"
    less = 26.84 - 30 + 1.4e5 * (13.3e-9 - 1e-8)
    assert usual.E_run - found.E_run == pytest.approx(less)
    with pytest.raises(UnknownNameError, match="neuron_updates"):
        get_platform("spinnaker", {"costs": "warp=1"})


@pytest.mark.parametrize("name", installed())
def test_unsure_numbers_are_among_the_assumptions(name):
    machine = get_platform(name)
    listed = {one.name: one for one in machine.assumptions()}
    for one, (figure, _) in cost_numbers(machine.cost_model()).items():
        names = {f"costs: {one}", one, one.removesuffix("s")} & set(listed)
        if figure.fact in ("2", "U") and figure.value:
            assert names, one
        if figure.fact in ("C", "Cx"):
            assert f"costs: {one}" not in listed


@pytest.mark.parametrize("quote", ["", "'"])
def test_numbers_on_the_command_line_need_no_quotes(quote):
    text = f"{quote}synaptic_events=1e-8+boards=30{quote}"
    found = parsed_setting(platform_class("spinnaker"), "costs", text)
    assert found == "synaptic_events=1e-8+boards=30"

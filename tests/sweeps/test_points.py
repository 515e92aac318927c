"""The points of a sweep: combinations, samples, seeds and what an index can hold."""

import json

import numpy as np
import pytest

import neurosim as ns
from neurosim.cli.ranges import parse_over
from neurosim.cli.sweep import parse_seeds
from neurosim.errors import DescriptionError, DimensionError
from neurosim.sweeps.points import Point, points_of, seeds_of
from neurosim.sweeps.values import common_unit, restored, shown, stored
from neurosim.units import Hz, ms, mV, nS, second


def found(over, seeds=(1,), **options):
    return [(dict(p.parameters), p.seed) for p in points_of(over, seeds, **options)]


def test_a_grid_is_all_combinations_the_last_name_and_the_seed_varying_fastest():
    assert found({"g": [4, 5], "eta": (1.5, 2.0)}, [1, 2]) == [
        ({"g": 4, "eta": 1.5}, 1),
        ({"g": 4, "eta": 1.5}, 2),
        ({"g": 4, "eta": 2.0}, 1),
        ({"g": 4, "eta": 2.0}, 2),
        ({"g": 5, "eta": 1.5}, 1),
        ({"g": 5, "eta": 1.5}, 2),
        ({"g": 5, "eta": 2.0}, 1),
        ({"g": 5, "eta": 2.0}, 2),
    ]


def test_values_may_be_arrays_quantities_words_or_single():
    points = found({"a": np.array([1, 2]), "tau": [5, 10] * ms, "kind": "x", "b": range(1)})
    assert [p["a"] for p, _ in points] == [1, 1, 2, 2]
    assert [float(p["tau"]) for p, _ in points] == [0.005, 0.01] * 2
    assert points[0][0]["kind"] == "x"
    assert type(points[0][0]["a"]) is int


def test_listed_combinations_and_no_point_twice():
    listed = [{"g": 4, "n": 1}, {"g": 5, "n": 1}, {"n": 1.0, "g": 4.0}]
    assert found(listed, [7]) == [({"g": 4, "n": 1}, 7), ({"g": 5, "n": 1}, 7)]


@pytest.mark.parametrize(
    ("distribution", "mean", "sd"),
    [
        (ns.Uniform(3, 6), 4.5, 3 / 12**0.5),
        (ns.Normal(20 * ms, 2 * ms), 0.02, 0.002),
        (ns.Normal(0, 1, low=0), (2 / np.pi) ** 0.5, (1 - 2 / np.pi) ** 0.5),
        (ns.Exponential(2.0), 2.0, 2.0),
        (ns.LogNormal(1.0, 0.5), np.exp(0.125), np.exp(0.125) * np.expm1(0.25) ** 0.5),
    ],
)
def test_samples_have_the_distribution(distribution, mean, sd):
    """Null: the mean of 2000 draws is the distribution's; z test, level 1e-4, seed 1."""
    points = found({"x": distribution}, samples=2000)
    values = np.array([float(p["x"]) for p, _ in points])
    assert abs(values.mean() - mean) < 3.89 * sd / 2000**0.5
    assert abs(values.std() / sd - 1) < 0.2


def test_the_first_samples_do_not_depend_on_how_many_there_are():
    over = {"g": ns.Uniform(3, 6), "eta": ns.Uniform(3, 6), "n": [1, 2]}
    few, many = found(over, samples=2), found(over, samples=5)
    assert few == many[:4]
    assert len(many) == 10
    assert few[0][0]["g"] == few[1][0]["g"] != few[2][0]["g"]
    assert few[0][0]["g"] != few[0][0]["eta"]
    assert few != found(over, samples=2, sample_seed=2)


@pytest.mark.parametrize(
    ("over", "options", "says"),
    [
        ({"g": ns.Uniform(3, 6)}, {}, "samples=20"),
        ({"g": [1]}, {"samples": 3}, "none of g is a distribution"),
        ([{"g": 1}], {"samples": 3}, "listed combinations"),
        ({"g": []}, {}, "no points"),
        ("g", {}, "mapping"),
        ([3], {}, "combination 0"),
        ({"g": [len]}, {}, "g of the sweep is a builtin_function_or_method"),
        ({"g": [{"a": 1}]}, {}, "a dict; a sweep's parameters"),
    ],
)
def test_what_is_no_sweep_is_refused(over, options, says):
    with pytest.raises(DescriptionError, match=says):
        points_of(over, [1], **options)


def test_seeds():
    assert seeds_of(3, 5) == [5, 6, 7]
    assert seeds_of([9, np.int64(2)], 5) == [9, 2]
    for wrong in (0, True, [1.5], [-1], [2**64]):
        with pytest.raises(DescriptionError, match="seeds"):
            seeds_of(wrong, 1)
    assert parse_seeds("4") == 4
    assert parse_seeds("4,") == [4]
    assert parse_seeds("1,2,7") == [1, 2, 7]
    with pytest.raises(DescriptionError, match="--seeds 'x'"):
        parse_seeds("x")


@pytest.mark.parametrize(
    "value",
    [1, 1.5, "word", True, None, [1, 2.5], 20 * ms, 0.1 * mV, 3 * nS, 8 * Hz, 3 * mV / ms],
)
def test_an_index_gives_values_back(value):
    again = restored(json.loads(json.dumps(stored(value))))
    assert str(again) == str(value)
    if hasattr(value, "dim"):
        assert float(again) == float(value)
        assert again.dim == value.dim
    else:
        assert again == value
        assert type(again) is type(value)


def test_points_are_equal_by_value():
    assert Point({"a": 1, "t": 5 * ms}, 1).key == Point({"t": 0.005 * second, "a": 1.0}, 1).key
    assert Point({"t": 5 * ms}, 1).key != Point({"t": 5 * mV}, 1).key
    assert Point({"a": 1}, 1).key != Point({"a": 1}, 2).key
    assert Point({"a": True}, 1).key != Point({"a": "True"}, 1).key


def test_units_of_columns():
    assert common_unit([5 * ms, 500 * ms]).text == "ms"
    assert common_unit([5 * ms, 500 * ms]).number(5 * ms) == 5.0
    assert common_unit([0.1 * mV]).number(0.2 * mV) == 200.0
    assert common_unit([1, 2]).text == ""
    assert shown(20 * ms) == "20 ms"
    assert shown(3 * mV / ms) == "3 V/s"
    assert str(Point({"g": 4.0, "tau": 20 * ms}, 3)) == "g=4, tau=20 ms, seed 3"


def test_ranges_typed_on_the_command_line():
    over = parse_over(
        ("g=3,4,5", "eta=0.9:2.1:5", "tau=1ms:100ms:3:log", "kind=A,B", "w=[1, 2],[3]", "n=7")
    )
    assert over["g"] == [3, 4, 5]
    assert over["eta"] == [0.9, 1.2, 1.5, 1.8, 2.1]
    assert [float(t) for t in over["tau"]] == [0.001, 0.01, 0.1]
    assert over["kind"] == ["A", "B"]
    assert over["w"] == [[1, 2], [3]]
    assert over["n"] == 7
    drawn = parse_over(("g=Uniform(3, 6)", "t=Normal(20*ms, 2*ms, low=0*ms)"))
    assert isinstance(drawn["g"], ns.Uniform)
    assert isinstance(drawn["t"], ns.Normal)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("g", "not of the form"),
        ("seed=1,2", "--seeds"),
        ("g=1:2", "FIRST:LAST:COUNT"),
        ("g=1:2:1", "from 2 to"),
        ("g=1:2:1e9", "from 2 to"),
        ("g=0:2:3:log", "above 0"),
        ("g=a:b:3", "not a number"),
        ("g=__import__('os')", "--over g"),
        ("g=1,,2", "--over g"),
    ],
)
def test_wrong_ranges_are_refused(text, says):
    with pytest.raises(DescriptionError, match=says):
        parse_over((text,))


def test_ends_of_a_range_have_one_unit():
    with pytest.raises(DimensionError, match="units s and V"):
        parse_over(("t=1ms:2mV:3",))
    with pytest.raises(DescriptionError, match="given twice"):
        parse_over(("g=1", "g=2"))

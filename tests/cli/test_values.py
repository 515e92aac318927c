"""Times and settings typed on the command line; what must not be possible with them."""

import click
import pytest

from neurosim.cli.values import TimeType, parse_settings, parse_value
from neurosim.errors import DescriptionError
from neurosim.units import ms, mV, nS

ATTACKS = [
    "__import__('os').system('touch pwned')",
    "().__class__.__bases__[0].__subclasses__()",
    "mV.__class__",
    "mV.dim.__init__.__globals__",
    "open('pwned', 'w')",
    "exec('x=1')",
    "(lambda: 1)()",
    "[x for x in (1,)]",
    "{**{'a': 1}}",
    "{1: 2}",
    "f'{1}'",
    "1 if 1 else 2",
    "x := 1",
    "a; b",
    "1\nimport os",
    "9**9**9**9",
    "(((9**20)**20)**20)**20",
    "'a'*1000000000",
    "[0]*1000000000",
    "[foo]",
    "foo + bar",
    "1<<1000000000",
    "-" * 5000 + "1",
    "(" * 400 + ")" * 400,
    "b'bytes'",
    "1j",
    "...",
    "*a",
    "$(touch pwned)",
    "`touch pwned`",
    "os.path",
    "mV()",
    "mV[0]",
    "1*mV + 1*ms",
    "1/0",
    "True + 1",
    "-'a'",
    "",
    "1 2",
]


@pytest.mark.parametrize("text", ATTACKS, ids=range(len(ATTACKS)))
def test_what_is_no_value_is_refused(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DescriptionError):
        parse_value(text, "--set x")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("-2.5e-3", -2.5e-3),
        ("True", True),
        ("None", None),
        ("poisson", "poisson"),
        ("'two words'", "two words"),
        ("[1, 2.0]", [1, 2.0]),
        ("(1, 'a')", (1, "a")),
        ("{'a': [1]}", {"a": [1]}),
        ("2**3", 8.0),
        ("20*ms", 20 * ms),
        ("20 ms", 20 * ms),
        ("20ms", 20 * ms),
        ("-65 mV", -65 * mV),
        ("1.5*nS/2", 0.75 * nS),
        ("3*mV**2/mV", 3 * mV),
    ],
)
def test_values(text, value):
    found = parse_value(text, "--set x")
    assert type(found) is type(value)
    assert found == value


def test_settings():
    assert parse_settings(("a=1", " b = 'x=y' ")) == {"a": 1, "b": "x=y"}
    for bad in ("a", "=1", "1a=1", "a.b=1", "a-b=1"):
        with pytest.raises(DescriptionError):
            parse_settings((bad,))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("1s", 1.0), ("500ms", 0.5), ("0.1 ms", 1e-4), ("0.1*ms", 1e-4), ("2min", 120.0), ("0s", 0.0)],
)
def test_times(text, seconds):
    assert TimeType().convert(text, None, None) == seconds


@pytest.mark.parametrize("text", ["1", "s", "1h", "-1s", "nans", "1e999s", "1s; rm", "1 s s"])
def test_times_that_are_none(text):
    with pytest.raises(click.BadParameter):
        TimeType().convert(text, None, None)


def test_zero_where_it_is_not_allowed():
    with pytest.raises(click.BadParameter):
        TimeType(positive=True).convert("0s", None, None)

"""Property: what a value says in a file is what it says in Python, in YAML and in TOML alike."""

import json

from brian2 import Quantity, ms, mV, nS, pA, pF
from hypothesis import given, settings
from hypothesis import strategies as st

from neurosim.config.tree import Node, parse_tree
from neurosim.config.values import Values
from neurosim.errors import NeurosimError

UNITS = {"mV": mV, "ms": ms, "nS": nS, "pA": pA, "pF": pF}
numbers = st.floats(-1e6, 1e6, allow_nan=False).map(lambda x: round(x, 6))


def read(data, name, kind="value"):
    return Values({"w": 2 * mV}).read(parse_tree(data, name).mapping()["x"], kind)


@settings(deadline=None)
@given(numbers, st.sampled_from(sorted(UNITS)), st.sampled_from(["{} {}", "{}*{}", "{}{}"]))
def test_quantities_are_pythons(number, unit, form):
    text = form.format(repr(number), unit)
    for data, name in ((f"x: {text}", "a.yaml"), (f"x = {json.dumps(text)}", "a.toml")):
        value = read(data.encode(), name)
        assert isinstance(value, Quantity)
        assert value.dim == UNITS[unit].dim
        assert float(value) == float(number * UNITS[unit])


@settings(deadline=None)
@given(st.lists(numbers, min_size=1, max_size=5), st.sampled_from(sorted(UNITS)))
def test_lists_are_arrays(values, unit):
    written = ", ".join(f"{v!r} {unit}" for v in values)
    found = read(f"x: [{written}]".encode(), "a.yaml")
    assert [float(v) for v in found] == [float(v * UNITS[unit]) for v in values]


def refusal(action):
    """Return the message of the typed error that an action ends with, or None."""
    try:
        action()
    except NeurosimError as error:
        return str(error)
    return None


KINDS = ("value", "quantity", "rule", "count", "neurons", "object", "either")


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=60) | st.binary(max_size=60))
def test_any_text_is_a_value_or_a_typed_error(text):
    data = text if isinstance(text, bytes) else f"x: {text}".encode("utf-8", "surrogatepass")
    shown = text if isinstance(text, str) else text.decode("latin-1")
    for name in ("a.yaml", "a.toml"):
        message = refusal(lambda name=name: parse_tree(data, name))
        assert message is None or name in message
    node = Node(shown, "a.yaml", "x", 1)
    for kind in KINDS:
        message = refusal(lambda kind=kind: Values({"w": 2 * mV}).read(node, kind))
        assert message is None or "a.yaml:1: x" in message

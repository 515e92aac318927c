"""A plain interpreter of abstract code, for tests of what the lowering makes."""

import re

from neurosim.lowering.expressions import evaluate


def step(code, values, *, dt, t=0.0, not_refractory=True):
    """Run the update statements of a NeuronCode once; returns the new values by name.

    Writes to ``unless_refractory`` variables are dropped while refractory.
    """
    names = dict(values) | {"dt": dt, "t": t, "not_refractory": float(not_refractory)}
    for line in code.update.splitlines():
        target, expression = line.split(" = ", 1)
        name = _legal(target)
        value = evaluate(_legal(expression), names, target)
        if not_refractory or target not in code.unless_refractory:
            names[name] = value
    return {name: names[name] for name in values}


def _legal(text):
    return re.sub(r"(?<!\w)_(\w+)", r"temporary_\1", text)

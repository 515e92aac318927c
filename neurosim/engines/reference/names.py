"""Names in a Program that Brian2's equations refuse, and what they are called there instead."""

from __future__ import annotations

from dataclasses import replace

from brian2 import Equations
from brian2.utils.stringtools import word_substitute

from ...lowering.program import NeuronCode


def brian2_names(code: NeuronCode) -> dict[str, str]:
    """Return the name in Brian2 of every variable of ``code``.

    Brian2 keeps leading underscores and the suffixes ``_pre`` and ``_post`` for itself, and a
    coefficient may be called so; all other names stay as they are.
    """
    taken = {variable.name for variable in code.variables}
    names: dict[str, str] = {}
    for variable in code.variables:
        name = variable.name
        if not _is_legal(name):
            name = f"renamed_{name.strip('_')}_"
            while name in taken:
                name += "x"
            taken.add(name)
        names[variable.name] = name
    return names


def rename(code: NeuronCode, names: dict[str, str]) -> NeuronCode:
    """Return ``code`` with its variables called by ``names``."""
    changed = {old: new for old, new in names.items() if old != new}
    if not changed:
        return code
    return replace(
        code,
        equations=word_substitute(code.equations, changed),
        update=word_substitute(code.update, changed),
        threshold=word_substitute(code.threshold, changed),
        reset=word_substitute(code.reset, changed),
        refractory=word_substitute(code.refractory, changed),
        start=word_substitute(code.start, changed),
        events=tuple(
            replace(
                event,
                condition=word_substitute(event.condition, changed),
                code=word_substitute(event.code, changed),
            )
            for event in code.events
        ),
        unless_refractory=tuple(names[name] for name in code.unless_refractory),
    )


def _is_legal(name: str) -> bool:
    if name.endswith(("_pre", "_post")):
        return False
    try:
        Equations.check_identifier(name)
    except (SyntaxError, ValueError):
        return False
    return True

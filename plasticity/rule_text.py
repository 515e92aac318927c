"""The text of a rule: what options fill in, and the documentation of an entry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .rule import RuleEntry, RuleParameter

Code = str | Mapping[str, str]


def mentions(text: str, name: str) -> bool:
    """Return whether a name is a word of a text."""
    word = "".join(c if c.isalnum() or c == "_" else " " for c in text)
    return name in word.split()


def codes(code: Code) -> list[str]:
    """Return the code of every pathway."""
    return [code] if isinstance(code, str) else list(code.values())


def filled(code: str, fills: Mapping[str, str]) -> str:
    """Return a text with ``{name}`` replaced."""
    for _ in range(2):  # what is filled in may name another
        for name, text in fills.items():
            code = code.replace("{" + name + "}", text)
    return code


def fill(code: Code, fills: Mapping[str, str]) -> str | dict[str, str] | None:
    """Return the pathways that are left once ``{name}`` is replaced; None if none is."""
    if isinstance(code, str):
        return filled(code, fills) or None
    found = {name: filled(text, fills) for name, text in code.items()}
    return {name: text for name, text in found.items() if text} or None


def documentation(entry: RuleEntry) -> str:
    """Return a rule as text: equations, pathways, choices, parameters, reference."""
    lines = [entry.summary, "", "Equations::", ""]
    lines += [f"    {line.strip()}" for line in entry.equations.strip().splitlines()]
    for label, code in (("on_pre", entry.on_pre), ("on_post", entry.on_post)):
        named = {"": code} if isinstance(code, str) else dict(code)
        for path, text in named.items():
            lines += [f"    {label}{f' {path!r}' if path else ''}: {text}"] if text else []
    for choice in entry.choices:
        lines += ["", f"{choice.name}: one of", ""]
        for name, option in choice.options.items():
            lines.append(f"    {name}: {option.summary}")
            lines += [
                f"        {{{key}}}: {text or 'nothing'}" for key, text in option.fills.items()
            ]
    lines += ["", "Parameters::", ""]
    every = {p.name: p for p in entry.parameters}
    for choice in entry.choices:
        for option in choice.options.values():
            every |= {p.name: p for p in option.parameters if p.name not in every}
    lines += [_row(p) for p in every.values()]
    limits = [f"{n} in {pair or 'no bounds'}" for n, pair in entry.bounds.items()]
    if entry.learns:
        lines += ["", f"Learns: {', '.join(entry.learns)}. Bounds: {'; '.join(limits) or 'none'}."]
    lines += [f"Uses {n.name} ({n.unit}): {n.meaning}." for n in entry.needs]
    lines += [f"Weight: {entry.weight}.", f"Reference: {entry.reference}"]
    return "\n".join([*lines, *(["", entry.notes] if entry.notes else []), ""])


def _row(parameter: RuleParameter) -> str:
    value = "required" if parameter.value is None else f"{parameter.value:g}"
    source = f" [{parameter.source}]" if parameter.source else ""
    return f"    {parameter.name:12s} {value:>10s} {parameter.unit:8s} {parameter.meaning}{source}"

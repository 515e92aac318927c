"""The pages of the plasticity rules, made from the catalogue's entries."""

from marks import code, table
from neurosim.plasticity import RULES


def made() -> dict[str, str]:
    """Return every page by its name."""
    return {f"rule-{name}": rule_page(entry) for name, entry in RULES.items()} | {
        "rules": rules_page()
    }


def rules_page() -> str:
    """Return the index of the rules."""
    rows = [[f"[`{name}`](rule-{name}.md)", entry.summary] for name, entry in RULES.items()]
    hidden = "\n".join(f"rule-{name}" for name in RULES)
    return (
        "# The catalogue of rules\n\n"
        f"{len(RULES)} rules, each declared once as data: equations, parameters with unit and "
        "source, bounds, what it learns. `ns.plasticity.pair_stdp(w_max=1*nS)` makes one; "
        "`neurosim list` names them; [plasticity](../plasticity.md) says which is for what.\n\n"
        + table(["rule", "what it is"], rows)
        + f"\n```{{toctree}}\n:hidden:\n\n{hidden}\n```\n"
    )


def rule_page(entry: object) -> str:
    """Return the page of a rule."""
    parts = [f"# {entry.name}\n", f"{entry.summary}\n", code(_call(entry), "python")]
    parts += ["## Equations\n", code(_text(entry, _fills(entry)))]
    if entry.choices:
        parts += [
            "In general, with what the choices below put in braces:\n",
            code(_text(entry, {})),
        ]
    for choice in entry.choices:
        rows = [
            [f"`{name}`", o.summary, _option(o), o.reference] for name, o in choice.options.items()
        ]
        parts += [f"## `{choice.name}`\n", table(["option", "", "puts", "reference"], rows)]
    parts += ["## Parameters\n", table(_HEADER, _parameters(entry))]
    parts.append(f"Where no source is named it is the reference: {entry.reference}.\n")
    if entry.learns:
        limits = "; ".join(_bounds(name, pair) for name, pair in entry.bounds.items())
        names = ", ".join(f"`{name}`" for name in entry.learns)
        parts.append(f"Learnt, and held while learning is off: {names}. Bounds: {limits}.\n")
    parts.append(f"The weight given to `project` is {entry.weight}.\n")
    if entry.needs:
        rows = [[f"`{n.name}`", n.unit, n.meaning] for n in entry.needs]
        parts += ["## Variables of the neurons\n", table(["name", "unit", "meaning"], rows)]
    parts += ["## Notes\n", f"{entry.notes}\n"] if entry.notes else []
    return "\n".join(part for part in parts if part)


_HEADER = ["name", "default", "unit", "in the reference", "meaning", "source"]


def _call(entry: object) -> str:
    given = ", ".join(f"{name}=..." for name in entry.required)
    return f"rule = ns.plasticity.{entry.name}({given})"


def _fills(entry: object) -> dict[str, str]:
    """Return what the default choices put in braces."""
    options = [choice.options[choice.default] for choice in entry.choices]
    return {name: text for option in options for name, text in option.fills.items()}


def _text(entry: object, fills: dict[str, str]) -> str:
    lines = [line.strip() for line in entry.equations.strip().splitlines()]
    for label, codes in (("on_pre", entry.on_pre), ("on_post", entry.on_post)):
        named = {"": codes} if isinstance(codes, str) else codes
        for path, text in named.items():
            lines += [f"{label}{f' {path!r}' if path else ''}: {text}"] if text else []
    whole = "\n".join(lines)
    for _ in range(2):  # what is put in may name another
        for name, text in fills.items():
            whole = whole.replace("{" + name + "}", text)
    whole = whole.replace("{weight}", "unit of the weights")
    kept = [line.rstrip("; ") for line in whole.splitlines()]
    return "\n".join(line for line in kept if line and not line.endswith(":"))


def _options(entry: object) -> list:
    return [option for choice in entry.choices for option in choice.options.values()]


def _option(option: object) -> str:
    shown = {name: text.strip("; ") for name, text in option.fills.items()}
    return "; ".join(
        f"`{{{name}}}`: `{text}`" if text else f"`{{{name}}}`: nothing"
        for name, text in shown.items()
    )


def _parameters(entry: object) -> list[list[str]]:
    every = {p.name: p for p in entry.parameters}
    for option in _options(entry):
        every |= {p.name: p for p in option.parameters if p.name not in every}
    return [
        [
            f"`{p.name}`",
            "required" if p.value is None else f"{p.value:g}",
            "that of the weights" if p.unit == "weight" else p.unit,
            p.symbol,
            p.meaning,
            p.source,
        ]
        for p in every.values()
    ]


def _bounds(name: str, pair: tuple | None) -> str:
    if pair is None:
        return f"`{name}` has none"
    low, high = ("none" if side is None else f"`{side}`" for side in pair)
    return f"`{name}` from {low} to {high}"

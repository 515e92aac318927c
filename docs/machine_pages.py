"""The page of the machines' settings and assumptions, made from what their classes declare."""

from dataclasses import fields

from marks import table
from neurosim.neuromorphic.knobs import CERTAINTY

from neurosim.errors import UnsupportedError
from neurosim.platforms import platform_class, platform_names


def made() -> dict[str, str]:
    """Return the page by its name."""
    return {"machines": machines_page()}


def machines_page() -> str:
    """Return what every machine declares."""
    parts = [
        "# Machines: settings and assumptions\n",
        "Made from what each machine's class declares; `neurosim platforms NAME` and `neurosim "
        "platforms --assumptions` print the same. A setting in **bold** is an imperfection that "
        "can be switched off or on alone. How sure a default is: "
        + "; ".join(f"*{tag}* {meaning}" for tag, meaning in CERTAINTY.items())
        + ".\n",
    ]
    for name in platform_names():
        try:
            found = platform_class(name)
        except UnsupportedError:  # of a third party's, not installed as it should be
            continue
        parts += machine(name, found)
    return "\n".join(parts)


def machine(name: str, found: type) -> list[str]:
    """Return the section of a machine."""
    parts = [f"## {name}\n", f"`ns.neuromorphic.{found.__name__}`: {found.summary}.\n"]
    rows = [setting(own) for own in fields(found) if "fact" in own.metadata]
    parts.append(table(["setting", "default", "", "allowed", "how sure"], rows))
    if found.approximations:
        listed = [[f"`{key}`", text] for key, text in found.approximations.items()]
        parts += ["Approximations, allowed by name:\n", table(["name", ""], listed)]
    assumed = [
        [a.name, a.value, a.meaning, f"*{a.fact}* {a.source}",
         "yes" if a.changeable else "no"]
        for a in found().assumptions()
    ]  # fmt: skip
    head = ["what", "value", "", "how sure", "can be set"]
    return [*parts, "Assumed, as no primary source confirms it:\n", table(head, assumed)]


def setting(own: object) -> list[str]:
    """Return the row of a setting."""
    facts = own.metadata
    shown = f"**{own.name}**" if facts["imperfection"] else f"`{own.name}`"
    low, high = facts["low"], facts["high"]
    allowed = ", ".join(map(str, facts["choices"]))
    if not allowed and (low is not None or high is not None):
        allowed = f"{'' if low is None else f'{low:g}'} to {'' if high is None else f'{high:g}'}"
    default = "" if own.default in (None, ()) else str(own.default)
    sure = f"*{facts['fact']}* {facts['source']}"
    return [shown, default, facts["meaning"], allowed.strip(), sure]

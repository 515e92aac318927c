"""Which populations belong together in a picture: layers, each with E and I."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

# Okabe and Ito's palette: told apart under every common colour blindness, and in grey.
EXCITATORY, INHIBITORY = "#0072B2", "#D55E00"
OTHERS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#000000")

_ROLE = re.compile(r"^(?P<group>.*?)[_ -]?(?P<role>E|I|exc|inh|excitatory|inhibitory)$")


@dataclass(frozen=True)
class Group:
    """Populations shown together: ``members`` maps each one's name to its colour."""

    label: str
    members: Mapping[str, str]


def arrange(names: Iterable[str]) -> list[Group]:
    """Group names such as L23E and L23I into layers, in order of first appearance.

    A population whose name does not end in E or I is a group of its own; then colours cycle,
    otherwise excitatory populations have one colour and inhibitory ones another.
    """
    listed = list(names)
    parsed = {name: _ROLE.match(name) for name in listed}
    if not all(parsed.values()):
        return [Group(name, {name: OTHERS[k % len(OTHERS)]}) for k, name in enumerate(listed)]
    members: dict[str, dict[str, str]] = {}
    for name, match in parsed.items():
        if match is not None:
            colour = EXCITATORY if match["role"].lower().startswith("e") else INHIBITORY
            members.setdefault(match["group"], {})[name] = colour
    return [Group(_label(group), found) for group, found in members.items()]


def _label(group: str) -> str:
    """Write cortical layers as the field does: L23 is layer 2/3."""
    return re.sub(r"^L(\d)(\d)$", r"L\1/\2", group)


def role_name(colour: str) -> str:
    """Name what a colour stands for in the legend of grouped populations."""
    return "excitatory" if colour == EXCITATORY else "inhibitory"

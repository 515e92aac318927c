"""What the account of a network in a recording says of its parts and of its Poisson inputs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_VIEW = re.compile(
    r"(?P<name>.*)\[(?:(?P<size>\d+) of )?(?P<first>\d+):(?P<stop>\d+)(?::(?P<step>\d+))?\]"
)


@dataclass(frozen=True)
class Chosen:
    """``size`` neurons of a population, from ``first`` up to ``stop``, every ``step``-th.

    Where they are not evenly spaced, ``step`` is 1 and ``size`` less than the stretch.
    """

    first: int
    stop: int
    step: int
    size: int


def chosen(label: str, sizes: Mapping[str, int]) -> Chosen | None:
    """Return the neurons that a label such as ``E[0:80:2]`` stands for; None: not known.

    Parameters
    ----------
    label : str
        As a view's ``label``.
    sizes : mapping of str to int
        Of populations.
    """
    if label in sizes:
        return Chosen(0, sizes[label], 1, sizes[label])
    found = _VIEW.fullmatch(label)
    if not found or found["name"] not in sizes:
        return None
    first, stop, step = int(found["first"]), int(found["stop"]), int(found["step"] or 1)
    size = int(found["size"]) if found["size"] else len(range(first, stop, step))
    return Chosen(first, stop, step, size)


def input_rate(
    description: Mapping[str, Any], sizes: Mapping[str, int]
) -> tuple[float, tuple[str, ...]]:
    """Return the events per second of all Poisson inputs, and what is not known of them.

    Parameters
    ----------
    description : mapping
        Account of the network, as it is in a recording.
    sizes : mapping of str to int
        Of populations.
    """
    total, notes = 0.0, []
    for given in description.get("poisson", ()):
        rate = given.get("rate", {})
        mean = rate.get("value", rate.get("mean"))
        post = chosen(str(given.get("post", "")), sizes)
        if not isinstance(mean, int | float) or post is None:
            notes.append(f"Poisson input {given.get('name')!r}: rate not known here; not counted")
            continue
        total += float(mean) * float(given.get("indegree", 1.0)) * post.size
    return total, tuple(notes)

"""That ranks which start one simulation mean the same one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256

import numpy as np

from ..errors import ParallelError
from .communicator import Communicator

_SHOWN = 24  # characters of a value in a message; digests are longer


def require_same(communicator: Communicator, facts: Mapping[str, object]) -> None:
    """Refuse to go on where ranks disagree; collective, one small reduction if they agree.

    Parameters
    ----------
    communicator : Communicator
    facts : mapping of str to object
        What must be the same everywhere, by the name to tell it by; compared as text.

    Raises
    ------
    ParallelError
        On every rank, with the same message: what differs, and on which ranks.
    """
    if communicator.share.whole:
        return
    own = json.dumps([[name, str(value)] for name, value in facts.items()]).encode()
    digest = np.frombuffer(sha256(own).digest()[:16], np.int64)
    extremes = communicator.largest(np.concatenate([digest, ~digest]))
    if (extremes[:2] == ~extremes[2:]).all():
        return
    texts = communicator.gather(np.frombuffer(own, np.uint8))
    told = [dict(json.loads(text.tobytes())) for text in texts]
    error = ParallelError(
        f"the {len(told)} ranks do not run the same simulation: {_differences(told)}. Start every "
        "rank with the same version, script and arguments, and let nothing that describes the "
        "network depend on the rank."
    )
    error.everywhere = True
    raise error


def _differences(told: list[dict[str, str]]) -> str:
    names = list(dict.fromkeys(name for facts in told for name in facts))
    parts = []
    for name in names:
        ranks: dict[str, list[int]] = {}
        for rank, facts in enumerate(told):
            ranks.setdefault(facts.get(name, "missing"), []).append(rank)
        if len(ranks) > 1:
            values = sorted(ranks.items(), key=lambda item: (-len(item[1]), item[1]))
            shown = [f"{_short(value)} on {_listed(where)}" for value, where in values]
            parts.append(f"{name} is {' but '.join(shown)}")
    return "; ".join(parts)


def _short(value: str) -> str:
    return value if len(value) <= _SHOWN else f"{value[:12]}..."


def _listed(ranks: list[int]) -> str:
    shown = ", ".join(map(str, ranks[:8])) + (", ..." if len(ranks) > 8 else "")
    return f"rank {shown}" if len(ranks) == 1 else f"ranks {shown}"

"""What Brian2 says of an equation, in the words of the equation."""

from __future__ import annotations

import re

UNIT_PREFIX = "unit_"
_LONGEST = 1000  # characters; Brian2 quotes the whole equation


def brian2_message(error: BaseException) -> str:
    """Return the message of an error and of its causes, on one line."""
    parts = [str(error.args[0]) if error.args else str(error)]
    cause = error.__cause__
    while cause is not None:
        parts.append(str(cause.args[0]) if cause.args else str(cause))
        cause = cause.__cause__
    text = " ".join(" ".join(part.split()) for part in parts)
    text = re.sub(rf"\b{UNIT_PREFIX}(\w+)", r"\1", text)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ..."

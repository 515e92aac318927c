"""Settings of a platform: what each means, what it may be, and how sure its value is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Any, Literal

from ..errors import DescriptionError, UnknownNameError

Fact = Literal["C", "Cx", "2", "U", "choice"]
CERTAINTY = {
    "C": "confirmed in the source named",
    "Cx": "computed from confirmed arithmetic",
    "2": "a secondary source's number",
    "U": "an assumption",
    "choice": "the user's choice",
}


@dataclass(frozen=True)
class Assumption:
    """A value that no primary source confirms, and where it can be changed.

    Attributes
    ----------
    name : str
        The setting, or the constant of the model.
    value : str
    meaning : str
    fact : {"2", "U"}
    source : str
    changeable : bool
        Whether it is a setting of the platform.
    """

    name: str
    value: str
    meaning: str
    fact: str
    source: str = ""
    changeable: bool = True


def knob(
    default: Any,
    meaning: str,
    *,
    fact: Fact = "choice",
    source: str = "",
    low: float | None = None,
    high: float | None = None,
    choices: tuple[Any, ...] = (),
    imperfection: bool = False,
    ideal: Any = MISSING,
) -> Any:
    """Declare a setting, as ``dataclasses.field`` does.

    Parameters
    ----------
    default
        Value unless the user gives one.
    meaning : str
        One line, with the unit.
    fact : {"C", "Cx", "2", "U", "choice"}
        How sure the default is: a fact about the machine, or the user's choice.
    source : str
        Short name of the source, as in the documentation.
    low, high : float, optional
        Smallest and largest value.
    choices : tuple, optional
        The only values.
    imperfection : bool
        Whether it is something that the machine does otherwise than an ideal one, which can be
        switched on alone.
    ideal
        Value that an ideal machine would have: what ``transparent()`` sets.
    """
    facts = {
        "meaning": meaning, "fact": fact, "source": source, "low": low, "high": high,
        "choices": choices, "imperfection": imperfection, "ideal": ideal,
    }  # fmt: skip
    return field(default=default, metadata=facts)


def declared(owner: Any) -> list[Field[Any]]:
    """Return the fields of a platform that were made with :func:`knob`."""
    return [own for own in fields(owner) if "fact" in own.metadata]


def check(owner: Any) -> None:
    """Raise DescriptionError unless every setting of a platform is allowed."""
    for own in declared(owner):
        value, facts, name = getattr(owner, own.name), own.metadata, own.name
        where = f"platform {owner.name!r}: {name}={value!r}"
        if facts["choices"]:
            if value not in facts["choices"] or isinstance(value, bool) != isinstance(
                own.default, bool
            ):
                raise UnknownNameError(
                    f"value of {name}", value, map(str, facts["choices"]), owner.name
                )
            continue
        if isinstance(own.default, bool) and not isinstance(value, bool):
            raise DescriptionError(f"{where} is not allowed; it is True or False.")
        limits = (facts["low"], facts["high"])
        if limits == (None, None) or (value is None and own.default is None):
            continue
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise DescriptionError(f"{where} is not allowed; it must be a number.")
        if isinstance(own.default, int) and value != int(value):
            raise DescriptionError(f"{where} is not allowed; it must be a whole number.")
        least = float("-inf") if limits[0] is None else limits[0]
        most = float("inf") if limits[1] is None else limits[1]
        if not least <= value <= most:
            raise DescriptionError(f"{where} is not allowed; it must be {least:g} to {most:g}.")


def ideal_values(owner: type) -> dict[str, Any]:
    """Return the settings that switch off whatever a machine does otherwise than an ideal one."""
    return {
        own.name: own.metadata["ideal"]
        for own in declared(owner)
        if own.metadata["ideal"] is not MISSING
    }


def assumed(owner: Any) -> Iterator[Assumption]:
    """Yield the settings of a platform whose default no primary source confirms."""
    for own in declared(owner):
        facts = own.metadata
        if facts["fact"] in ("2", "U"):
            value, source = str(getattr(owner, own.name)), facts["source"]
            yield Assumption(own.name, value, facts["meaning"], facts["fact"], source)

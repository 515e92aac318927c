"""A setting of an experiment: its value otherwise, what it means, and what it may be."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from .errors import DescriptionError


@dataclass(frozen=True)
class Setting:
    """Something ``--set`` may change.

    Parameters
    ----------
    name : str
    default : Quantity, number, bool, str or None
        Other values must have its dimension and its kind: whole numbers where it is whole. With
        None, they are None or numbers without a dimension.
    help : str
        What it is, for ``neurosim list NAME``.
    choices : tuple, optional
        The only values allowed.
    low, high : same kind as the default, optional
        The smallest and largest value allowed.
    """

    name: str
    default: Any
    help: str = ""
    choices: tuple[Any, ...] = ()
    low: Any = None
    high: Any = None

    def check(self, value: Any) -> Any:
        """Return the value, as the kind of the default.

        Raises
        ------
        DescriptionError
            It is of another kind, outside the range or not one of the choices.
        DimensionError
            It has another dimension.
        """
        if self.choices:
            if value not in self.choices or isinstance(value, bool) != isinstance(
                self.default, bool
            ):
                raise DescriptionError(
                    f"--set {self.name}={value}: allowed are "
                    f"{', '.join(str(choice) for choice in self.choices)}."
                )
            return value
        if self.default is None and value is None:
            return None
        if isinstance(self.default, str | bool):
            if type(value) is not type(self.default):
                kind = "True or False" if isinstance(self.default, bool) else "a word"
                raise self._refusal(value, kind)
            return value
        return self._number(value)

    def _number(self, value: Any) -> Any:
        from .description.quantities import dimensions, scalar  # noqa: PLC0415 - needs Brian2

        if isinstance(value, bool | str | list | tuple | dict) or value is None:
            raise self._refusal(value, f"a number such as {self.default or 1}")
        # DimensionError tells which unit is wanted
        wanted = dimensions(1.0 if self.default is None else self.default)
        number = scalar(value, wanted, f"--set {self.name}")
        if isinstance(self.default, int) and not float(number).is_integer():
            raise self._refusal(value, "a whole number")
        lowest = -math.inf if self.low is None else float(self.low)
        highest = math.inf if self.high is None else float(self.high)
        if not lowest <= number <= highest or not math.isfinite(number):
            limits = [f"at least {self.low}"] if self.low is not None else []
            limits += [f"at most {self.high}"] if self.high is not None else []
            raise self._refusal(value, " and ".join(limits) or "finite")
        return int(number) if isinstance(self.default, int) else value

    def _refusal(self, value: Any, wanted: str) -> DescriptionError:
        return DescriptionError(f"--set {self.name}={value} is not allowed; it must be {wanted}.")

    def describe(self) -> str:
        """Return one line: default, range and meaning."""
        text = f"{self.default}"
        if self.choices:
            text += f" (of {', '.join(str(choice) for choice in self.choices)})"
        elif self.low is not None or self.high is not None:
            low = "" if self.low is None else self.low
            high = "" if self.high is None else self.high
            text += f" ({low} .. {high})"
        return f"{text}  {self.help}".rstrip()


def keywords_of(function: Callable[..., Any]) -> list[tuple[str, Any]]:
    """Return the parameters that may be given by name and their defaults, in order."""
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    every = inspect.signature(function).parameters.values()
    return [(p.name, p.default) for p in every if p.kind in kinds]

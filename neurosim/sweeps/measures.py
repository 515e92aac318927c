"""What is kept of each run of a sweep: numbers by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import AnalysisError, SweepError

if TYPE_CHECKING:
    from ..recording import Recording


def standard_measures(recording: Recording) -> dict[str, float]:
    """Return rate and CV of each population, C_eff, the sparsity S and the number of spikes.

    The names are ``"E.rate_hz"``, ``"E.cv_isi"``, ..., ``"C_eff"``, ``"S"``, ``"n_spikes"``; see
    :func:`neurosim.metrics` for what they are.
    """
    found = recording.metrics()
    values: dict[str, float] = {}
    for name, population in found.populations.items():
        values[f"{name}.rate_hz"] = population.rate_hz
        values[f"{name}.cv_isi"] = population.cv_isi
    return values | {"C_eff": found.C_eff, "S": found.S, "n_spikes": found.n_spikes}


def measures_of(
    metrics: Mapping[str, Any],
    recordings: Mapping[str, Recording],
    measure: Callable[[Any], Mapping[str, Any]] | None,
) -> dict[str, float]:
    """Return the measures of one run.

    Parameters
    ----------
    metrics : mapping
        What an experiment with ``perform`` found, nested or not; empty otherwise.
    recordings : mapping
        Of the run, by name of the simulation.
    measure : callable or None
        Given the recording, or each of them; None: the experiment's metrics, or the standard
        measures where it has none.
    """
    if measure is None and metrics:
        return flattened(metrics)
    function = standard_measures if measure is None else measure
    found: dict[str, float] = {}
    for name, recording in recordings.items():
        values = _checked(function(recording), function)
        found |= values if len(recordings) == 1 else {f"{name}.{k}": v for k, v in values.items()}
    return found


def flattened(metrics: Mapping[str, Any], prefix: str = "") -> dict[str, float]:
    """Return the numbers of nested mappings, under names joined by dots."""
    found: dict[str, float] = {}
    for name, value in metrics.items():
        if isinstance(value, Mapping):
            found |= flattened(value, f"{prefix}{name}.")
        elif isinstance(value, bool | int | float | np.number | np.bool_):
            found[f"{prefix}{name}"] = _number(value)
    return found


def _checked(values: Any, function: Callable[..., Any]) -> dict[str, float]:
    name = getattr(function, "__name__", "measure")
    if not isinstance(values, Mapping):
        raise SweepError(
            f"measure: {name}() returned {type(values).__name__}; it must return a dict of names "
            'and numbers, such as {"rate": 5.0}.'
        )
    for key, value in values.items():
        if not isinstance(key, str) or not (value is None or np.ndim(value) == 0):
            raise SweepError(
                f"measure: {name}() returned {key!r}: {type(value).__name__}; names must be text "
                "and values single numbers."
            )
    try:
        return {k: float("nan") if v is None else _number(v) for k, v in values.items()}
    except (TypeError, ValueError) as error:
        raise SweepError(f"measure: {name}() returned something that is no number: {error}.") from (
            error
        )


def _number(value: Any) -> float:
    if isinstance(value, bool | int | np.integer | np.bool_):
        return int(value)
    return float(value)


def require_measures(values: Mapping[str, float], name: str) -> None:
    """Raise AnalysisError unless a measure is there."""
    if name not in values:
        known = ", ".join(values) or "none"
        raise AnalysisError(f"there is no measure {name!r}; there are: {known}")

"""Figures of a sweep: a measure over one parameter or over two."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np

from ..analysis import canvas
from ..errors import AnalysisError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from .results import SweepResults

_MOST_LINES = 12


def lines(results: SweepResults, x: str, y: str, path: str | os.PathLike[str] | None) -> Figure:
    """Draw ``y`` over ``x``, a line for each combination of the other parameters."""
    groups = _groups(results, x, y)
    if not groups:
        raise AnalysisError(f"no run has numbers for {x!r} and {y!r}")
    if len(groups) > _MOST_LINES:
        raise AnalysisError(
            f"{len(groups)} lines of {y!r} would not be told apart (at most {_MOST_LINES}); give a "
            "second parameter: plot(x, parameter, measure)"
        )
    with canvas.style():
        figure = canvas.figure(2.6, width=3.6)
        axes = figure.add_subplot()
        for name, values in groups.items():
            places = sorted(values)
            means = np.array([np.mean(values[place]) for place in places])
            spread = np.array([np.std(values[place]) for place in places])
            (line,) = axes.plot(places, means, marker="o", markersize=2.5, label=name)
            if spread.any():
                axes.fill_between(
                    places, means - spread, means + spread, alpha=0.2, lw=0, color=line.get_color()
                )
        axes.set(xlabel=label(results, x), ylabel=y)
        if len(groups) > 1:
            axes.legend()
    return canvas.save(figure, path)


def plane(
    results: SweepResults, x: str, y: str, z: str, path: str | os.PathLike[str] | None
) -> Figure:
    """Draw ``z`` as the colour of the plane of ``x`` and ``y``, mean over all else."""
    cells: dict[tuple[float, float], list[float]] = {}
    columns = (results.column(name) for name in (x, y, z))
    for row in zip(*columns, strict=True):
        if all(map(_finite, row)):
            cells.setdefault((row[0], row[1]), []).append(row[2])
    if not cells:
        raise AnalysisError(f"no run has numbers for {x!r}, {y!r} and {z!r}")
    across, up = sorted({k for k, _ in cells}), sorted({k for _, k in cells})
    values = np.full((len(up), len(across)), np.nan)
    for (one, other), found in cells.items():
        values[up.index(other), across.index(one)] = np.mean(found)
    with canvas.style():
        figure = canvas.figure(2.8, width=3.6)
        axes = figure.add_subplot()
        mesh = axes.pcolormesh(_edges(across), _edges(up), values)
        figure.colorbar(mesh, ax=axes, label=z)
        axes.set(xlabel=label(results, x), ylabel=label(results, y))
    return canvas.save(figure, path)


def label(results: SweepResults, name: str) -> str:
    """Return the name of a column with its unit."""
    unit = results.units[name].text if name in results.units else ""
    return f"{name} ({unit})" if unit else name


def _groups(results: SweepResults, x: str, y: str) -> dict[str, dict[float, list[float]]]:
    """Return by group and place what was measured there."""
    others = [n for n in results.parameters if n != x and len(_distinct(results.column(n))) > 1]
    groups: dict[str, dict[float, list[float]]] = {}
    columns = [results.column(name) for name in (x, y, *others)]
    for place, value, *rest in zip(*columns, strict=True):
        if _finite(place) and _finite(value):
            name = ", ".join(
                f"{n} = {_text(v)}{results.units[n].text and ' ' + results.units[n].text}"
                for n, v in zip(others, rest, strict=True)
            )
            groups.setdefault(name, {}).setdefault(place, []).append(value)
    return groups


def _distinct(values: Iterable[Any]) -> set[str]:
    return {str(value) for value in values}


def _text(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _finite(value: Any) -> bool:
    return isinstance(value, int | float) and math.isfinite(value)


def _edges(centres: list[float]) -> np.ndarray:
    """Return the edges of cells around ascending centres."""
    middle = np.asarray(centres, dtype=float)
    if middle.size == 1:
        return np.array([middle[0] - 0.5, middle[0] + 0.5])
    between = (middle[1:] + middle[:-1]) / 2
    return np.concatenate([[2 * middle[0] - between[0]], between, [2 * middle[-1] - between[-1]]])

"""Picture of what each imperfection of a machine does alone."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np

from ..analysis import canvas
from ..analysis.comparison_totals import Totals
from ..analysis.plots_common import REFERENCE
from .one_at_a_time import ALL, CONTROL, OneAtATime

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_PANELS = (
    ("rate_change", 100.0, "Rate change (%)"),
    ("rate_ks", 1.0, "KS distance of rates"),
    ("cv_shift", 1.0, "Shift of the CV"),
    ("coincidence", 1.0, "Spikes beyond chance"),
)
_COLOURS = {ALL: "#D55E00", CONTROL: "0.6"}


def draw(found: OneAtATime, path: str | os.PathLike[str] | None = None) -> Figure:
    """Draw a row for each run, and what another seed changes as dashed lines."""
    rows = found.totals
    with canvas.style():
        drawn = canvas.figure(0.9 + 0.18 * len(rows))
        axes = drawn.subplots(1, len(_PANELS), sharey=True)
        for panel, (name, scale, label) in zip(axes, _PANELS, strict=True):
            _bars(panel, rows, name, scale)
            panel.set_xlabel(label)
        axes[0].set_yticks(range(len(rows)), list(rows))
        axes[0].set_ylim(len(rows) - 0.4, -0.6)
        for panel, letter in zip(axes, "ABCD", strict=True):
            canvas.letter(panel, letter)
    return canvas.save(drawn, path)


def _bars(axes: Axes, rows: dict[str, Totals], name: str, scale: float) -> None:
    values = np.array([scale * getattr(one, name) for one in rows.values()])
    colours = [_COLOURS.get(row, "#0072B2") for row in rows]
    axes.barh(range(values.size), np.nan_to_num(values), color=colours, height=0.7)
    axes.axvline(0.0, color="black", linewidth=0.5)
    if CONTROL in rows and name != "coincidence":
        chance = scale * getattr(rows[CONTROL], name)
        for value in {chance, -chance} if name != "rate_ks" else {chance}:
            axes.axvline(value, **REFERENCE)

"""Figures fit to print: their style, size and panels; everything drawn here uses it.

Figures are made without pyplot, so that nothing global changes and no window opens; in a
notebook the returned figure shows itself.
"""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from ..errors import AnalysisError
from ..parallel.world import world

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WIDTH = 7.2
"""Inches: two columns of a journal."""

_STYLE: Any = {
    "font.size": 8,
    "axes.titlesize": 8,
    "axes.labelsize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "legend.fontsize": 7,
    "axes.linewidth": 0.6,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.major.size": 2.5,
    "ytick.major.size": 2.5,
    "xtick.minor.width": 0.4,
    "ytick.minor.width": 0.4,
    "lines.linewidth": 0.9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "legend.frameon": False,
    "pdf.fonttype": 42,
}


def style() -> AbstractContextManager[None]:
    """Return the context in which figures are drawn."""
    import matplotlib  # noqa: PLC0415

    return matplotlib.rc_context(_STYLE)


def figure(height: float, width: float = WIDTH) -> Figure:
    """Return an empty figure, in inches, whose panels arrange themselves."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415
    from matplotlib.figure import Figure  # noqa: PLC0415
    from matplotlib.layout_engine import ConstrainedLayoutEngine  # noqa: PLC0415

    engine = ConstrainedLayoutEngine(h_pad=0.03, w_pad=0.03, hspace=0.01, wspace=0.03)
    made = Figure(figsize=(width, height), layout=engine, dpi=150)
    FigureCanvasAgg(made)
    return made


def save(drawn: Figure, path: str | os.PathLike[str] | None, *, everywhere: bool = False) -> Figure:
    """Save a figure, if there is a path, and return it.

    Of processes that were launched together only the first writes, unless ``everywhere``.

    Raises
    ------
    AnalysisError
        It cannot be saved there.
    """
    if path is not None and (everywhere or world().share.rank == 0):
        try:
            drawn.savefig(path, dpi=300)
        except (OSError, ValueError) as cause:
            raise AnalysisError(
                f"cannot save the picture {os.fspath(path)!r}: {cause}. Give a name ending in "
                ".png, .pdf or .svg in an existing folder"
            ) from cause
    return drawn


def letter(axes: Axes, text: str) -> None:
    """Put a panel's letter at its upper left, outside."""
    axes.set_title(text, loc="left", fontweight="bold", fontsize=9)


def dots(axes: Axes, times_ms: ArrayLike, rows: ArrayLike, colour: str, size: float = 1.2) -> None:
    """Draw spikes as dots; as an image in vector files, since there may be many."""
    axes.plot(
        np.asarray(times_ms), np.asarray(rows), linestyle="none", marker="o", markersize=size,
        markeredgewidth=0, color=colour, rasterized=True,
    )  # fmt: skip

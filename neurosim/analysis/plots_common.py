"""What pictures share: the activity they show, and panels of populations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..errors import AnalysisError
from . import canvas
from .groups import Group, arrange, role_name
from .metrics import stretch

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..recording.reader import Recording

Floats = NDArray[np.float64]
Spikes = dict[str, tuple[NDArray[np.float64], NDArray[np.int64]]]
REFERENCE: dict[str, Any] = {"color": "0.45", "linewidth": 0.6, "linestyle": (0, (4, 2))}
"""How lines to compare with are drawn (a Poisson process, zero)."""

_DASHES: tuple[Any, ...] = ("-", (0, (4, 1.2)), (0, (1.2, 1.0)), (0, (5, 1, 1, 1)), (0, (8, 2)))


@dataclass(frozen=True)
class Activity:
    """The spikes of a stretch of a recording, by population of neurons."""

    start: float
    stop: float
    spikes: Spikes
    sizes: Mapping[str, int]

    @cached_property
    def groups(self) -> list[Group]:
        """Populations shown together."""
        return arrange(self.spikes)

    @property
    def paired(self) -> bool:
        """Whether groups have an excitatory and an inhibitory member."""
        return any(len(group.members) > 1 for group in self.groups)

    @property
    def colours(self) -> dict[str, str]:
        """Colour of each population."""
        return {name: c for group in self.groups for name, c in group.members.items()}

    @property
    def lines(self) -> dict[str, dict[str, Any]]:
        """How a line of each population is drawn: layers that share colours differ in dashes."""
        several = self.paired and len(self.groups) > 1
        return {
            name: {"color": colour, "linestyle": _DASHES[k % len(_DASHES)] if several else "-"}
            for k, group in enumerate(self.groups)
            for name, colour in group.members.items()
        }

    def train(self, name: str) -> tuple[NDArray[np.float64], NDArray[np.int64], int]:
        """Return (times, ids, n) of a population."""
        return (*self.spikes[name], self.sizes[name])


def collect(recording: Recording, start_ms: float | None, stop_ms: float | None) -> Activity:
    """Read the spikes of every recorded population of neurons.

    Raises
    ------
    AnalysisError
        Nothing was recorded in that stretch, or no spikes at all.
    """
    start, stop = stretch(recording, start_ms, stop_ms)
    recorded = [p for p in recording.neurons.values() if p.spikes]
    if not recorded:
        raise AnalysisError(
            f"{recording.path!r} holds no spikes of neurons, so there is nothing to draw; record "
            "the spikes of at least one population"
        )
    return Activity(
        start,
        stop,
        {p.name: recording.spikes(p.name, start, stop) for p in recorded},
        {p.name: p.size for p in recorded},
    )


def population_panels(
    activity: Activity, height: float = 2.3, *, most_columns: int = 4
) -> tuple[Figure, list[tuple[Axes, Mapping[str, str]]]]:
    """Return a figure and its panels, each with the colour of every population in it.

    Layers with excitatory and inhibitory neurons have a panel each; other populations share one.
    Panels share their axes.
    """
    if not activity.paired:
        drawn = canvas.figure(height, canvas.WIDTH / 2)
        return drawn, [(drawn.add_subplot(), activity.colours)]
    groups = activity.groups
    columns = min(len(groups), most_columns)
    rows = -(-len(groups) // columns)
    width = canvas.WIDTH if columns > 1 else canvas.WIDTH / 2
    drawn = canvas.figure(height if rows == 1 else 1.9 * rows, width)
    panels: list[tuple[Axes, Mapping[str, str]]] = []
    for k, group in enumerate(groups):
        first = panels[0][0] if panels else None
        axes = drawn.add_subplot(rows, columns, k + 1, sharex=first, sharey=first)
        axes.tick_params(labelleft=k % columns == 0, labelbottom=k + columns >= len(groups))
        if group.label:
            axes.set_title(group.label)
        panels.append((axes, group.members))
    return drawn, panels


def label_panels(
    drawn: Figure,
    panels: Sequence[tuple[Axes, Mapping[str, str]]],
    x: str,
    y: str,
    title: str | None,
    *,
    loc: Any = "best",
) -> None:
    """Name the axes, once for all panels, the colours, and the figure."""
    if len(panels) == 1:
        panels[0][0].set_xlabel(x)
        panels[0][0].set_ylabel(y)
    else:
        drawn.supxlabel(x, fontsize=8)
        drawn.supylabel(y, fontsize=8)
    colours = panels[-1][1]
    paired = len(panels) > 1 or set(colours) != {*colours} or _roles(colours)
    names = {name: role_name(c) if paired else name for name, c in colours.items()}
    if len(colours) > 1:
        legend(panels[-1][0], {names[name]: c for name, c in colours.items()}, loc)
    if title:
        drawn.suptitle(title, x=0.02, ha="left", fontsize=9)


def _roles(colours: Mapping[str, str]) -> bool:
    """Whether the only group is one of excitatory and inhibitory neurons."""
    groups = arrange(colours)
    return len(groups) == 1 and len(groups[0].members) > 1


def legend(axes: Axes, colours: Mapping[str, str], loc: Any = "best") -> None:
    """Say what colours stand for."""
    from matplotlib.lines import Line2D  # noqa: PLC0415

    handles = [Line2D([], [], color=c, linewidth=1.6, label=name) for name, c in colours.items()]
    axes.legend(handles=handles, loc=loc, handlelength=1.2, borderpad=0.2, labelspacing=0.3)


def name_populations(axes: Axes, shown: Activity, loc: Any = "best") -> None:
    """Say which line is which population: layers by dashes, their neurons' kind by colour."""
    from matplotlib.lines import Line2D  # noqa: PLC0415

    if not any(ids.size for _, ids in shown.spikes.values()):
        nothing(axes, "no spikes")
    if not (shown.paired and len(shown.groups) > 1):
        if len(shown.colours) > 1:
            legend(axes, shown.colours, loc)
        return
    handles = []
    for group in shown.groups:
        dashes = shown.lines[next(iter(group.members))]["linestyle"]
        handles.append(Line2D([], [], color="0.2", linestyle=dashes, label=group.label or "other"))
    for colour in dict.fromkeys(shown.colours.values()):
        handles.append(Line2D([], [], color=colour, linewidth=1.6, label=role_name(colour)))
    axes.legend(
        handles=handles, loc=loc, handlelength=2.4, borderpad=0.2, labelspacing=0.3,
        ncols=2, columnspacing=1.0,
    )  # fmt: skip


def boxes(axes: Axes, values: Mapping[str, Floats], colours: Mapping[str, str]) -> None:
    """Draw a lying box per population, first on top.

    Boxes span the quartiles, the line is the median, whiskers reach the 5th and 95th percentile,
    the diamond is the mean. Populations without values keep their place.
    """
    import matplotlib  # noqa: PLC0415

    new = matplotlib.__version_info__ >= (3, 10)
    lying: dict[str, Any] = {"orientation": "horizontal"} if new else {"vert": False}
    for row, (name, found) in enumerate(values.items()):
        if not found.size:
            continue
        drawn = axes.boxplot(
            found, positions=[row], **lying, widths=0.6, whis=(5, 95),
            showfliers=False, showmeans=True, patch_artist=True, manage_ticks=False,
            boxprops={"facecolor": colours[name], "alpha": 0.45, "linewidth": 0.6},
            medianprops={"color": "black", "linewidth": 1.0},
            whiskerprops={"linewidth": 0.6}, capprops={"linewidth": 0.6},
            meanprops={
                "marker": "D", "markersize": 2.5, "markerfacecolor": "white",
                "markeredgecolor": "black", "markeredgewidth": 0.5,
            },
        )  # fmt: skip
        drawn["boxes"][0].set_edgecolor("black")
    axes.set_yticks(range(len(values)), list(values))
    axes.set_ylim(len(values) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)


def nothing(axes: Axes, words: str) -> None:
    """Say in a panel why it is empty."""
    axes.text(0.5, 0.5, words, transform=axes.transAxes, ha="center", va="center", color="0.45")

"""Pulse packets in a synfire chain: which travel and which die out, after Diesmann et al. (1999).

Packets of different numbers of spikes ``a`` and spreads ``sigma`` are sent into a chain of ten
groups, one after the other. Followed from group to group in the plane of (sigma, a), they are
drawn to a state of nearly all neurons firing within half a millisecond, or to silence.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..analysis import canvas
from ..analysis.groups import EXCITATORY, INHIBITORY
from ..experiment import Experiment
from ..networks.synfire import DELAY, Packet, synfire_chain
from ..results import Check, Results
from ..runs import Runs
from ..settings import Setting
from ..units import ms  # type: ignore[attr-defined]

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..recording import Recording

_FIRST_MS, _SPACING_MS, _QUIET_MS = 150.0, 150.0, 50.0
_WINDOW_MS, _LATENCY_MS = 12.0, 1.0
_SIZES, _SPREADS = (30, 40, 50, 60, 70, 85, 100), (0.0, 1.0, 2.0, 3.0, 4.0)
_TRAVELS, _DIES = (60, 2.0), (50, 3.0)
_QUARTILES = 1.349  # their distance for a normal distribution of standard deviation 1
_FEWEST = 15
_SURVIVES = 0.5  # of a group's neurons, at the end of the chain
_PAPER = "Diesmann et al. 1999, Figs. 1 and 3"


@dataclass(frozen=True)
class Path:
    """A packet on its way: spikes ``a`` and spread ``sigma_ms``, first as sent, then by group."""

    packet: Packet
    a: NDArray[np.float64]
    sigma_ms: NDArray[np.float64]
    group_size: int

    @property
    def survives(self) -> bool:
        """Whether most neurons of the last group take part."""
        return bool(self.a[-1] > _SURVIVES * self.group_size)


def perform(runs: Runs, groups: int = 10, group_size: int = 100, repetitions: int = 3) -> Results:
    """Send every packet ``repetitions`` times and follow each."""
    pairs = list(dict.fromkeys([_TRAVELS, _DIES, *product(_SIZES, _SPREADS)]))
    if runs.quick:
        pairs = [_TRAVELS, _DIES, (30, 0.0), (85, 0.0)]
    packets = [
        Packet(a, sigma, _FIRST_MS + _SPACING_MS * k)
        for k, (a, sigma) in enumerate(pairs * repetitions)
    ]
    network = synfire_chain(packets, runs.seed, n_groups=groups, group_size=group_size)
    stop = packets[-1].time_ms + _SPACING_MS
    recording = runs.simulate("packets", network, stop * ms, warmup=0 * ms)
    paths = follow(recording, packets, groups, group_size)
    return Results(
        metrics=_metrics(paths),
        checks=_checks(paths, group_size),
        figure=_figure(recording, paths, groups, group_size),
    )


def follow(recording: Recording, packets: list[Packet], groups: int, group_size: int) -> list[Path]:
    """Return the spikes and the spread of each packet in each group, background taken off."""
    times, ids = recording.spikes("chain")
    group = ids // group_size
    by_group = [times[group == k] for k in range(groups)]
    quiet = sum(_count(times, p.time_ms - _QUIET_MS, p.time_ms) for p in packets)
    background = quiet / (len(packets) * _QUIET_MS * groups) * _WINDOW_MS
    return [_follow(by_group, packet, group_size, background) for packet in packets]


def _follow(
    by_group: list[NDArray[np.float64]], packet: Packet, group_size: int, background: float
) -> Path:
    a, sigma = [float(packet.a)], [packet.sigma_ms]
    centre = packet.time_ms
    for k, times in enumerate(by_group):
        centre += _LATENCY_MS + (DELAY if k else 0.0)
        near = times[_inside(times, centre - _WINDOW_MS / 2, centre + _WINDOW_MS / 2)]
        if near.size >= group_size / 4:  # a packet tells where it is better than the clock
            centre = float(np.median(near))
            near = times[_inside(times, centre - _WINDOW_MS / 2, centre + _WINDOW_MS / 2)]
        extra = max(near.size - background, 0.0)
        a.append(extra)
        # the quartiles, since spikes of the background lie far from the packet
        width = float(np.subtract(*np.percentile(near, (75, 25)))) if near.size else 0.0
        sigma.append(width / _QUARTILES if extra >= 1 else float("nan"))
    return Path(packet, np.array(a), np.array(sigma), group_size)


def _inside(times: NDArray[np.float64], start: float, stop: float) -> slice:
    return slice(*np.searchsorted(times, (start, stop)))


def _count(times: NDArray[np.float64], start: float, stop: float) -> int:
    found = _inside(times, start, stop)
    return int(found.stop - found.start)


def _metrics(paths: list[Path]) -> dict[str, Any]:
    shares: dict[str, list[bool]] = {}
    for path in paths:
        key = f"a={path.packet.a},sigma_ms={path.packet.sigma_ms:g}"
        shares.setdefault(key, []).append(path.survives)
    final_a, final_sigma = _attractor(paths)
    return {
        "share_surviving": {key: float(np.mean(found)) for key, found in shares.items()},
        "attractor_spikes": final_a,
        "attractor_sigma_ms": final_sigma,
    }


def _attractor(paths: list[Path]) -> tuple[float, float]:
    """Return the median state at the end of the chain of the packets that survive."""
    alive = [path for path in paths if path.survives]
    if not alive:
        return float("nan"), float("nan")
    return (
        float(np.median([p.a[-1] for p in alive])),
        float(np.median([p.sigma_ms[-1] for p in alive])),
    )


def _checks(paths: list[Path], group_size: int) -> list[Check]:
    def share(wanted: Any) -> float:
        return float(np.mean([p.survives for p in paths if wanted(p.packet)]))

    final_a, final_sigma = _attractor(paths)
    return [
        Check.between(
            "share surviving, a = 30, sigma = 0",
            share(lambda p: (p.a, p.sigma_ms) == (30, 0.0)),
            high=0.0,
            source=_PAPER,
        ),
        Check.between(
            "share surviving, a = 85, sigma = 0",
            share(lambda p: (p.a, p.sigma_ms) == (85, 0.0)),
            low=1.0,
            source=_PAPER,
        ),
        Check.between(
            "survivors: spikes in the last group / its size", final_a / group_size, 0.9, 1.02
        ),
        Check.between("survivors: spread in the last group (ms)", final_sigma, 0.0, 1.0),
    ]


def _figure(recording: Recording, paths: list[Path], groups: int, group_size: int) -> Figure:
    with canvas.style():
        figure = canvas.figure(3.4)
        grid = figure.add_gridspec(2, 2, width_ratios=[1.0, 1.15])
        first = next(p for p in paths if (p.packet.a, p.packet.sigma_ms) == _TRAVELS)
        last = next(p for p in paths if (p.packet.a, p.packet.sigma_ms) == _DIES)
        top = figure.add_subplot(grid[0, 0])
        below = figure.add_subplot(grid[1, 0], sharex=top)
        for axes, path, text in ((top, first, "A"), (below, last, "B")):
            _raster(axes, recording, path, groups, group_size)
            canvas.letter(axes, text)
        top.tick_params(axis="x", labelbottom=False)
        below.set_xlabel("Time since the packet (ms)")
        plane = figure.add_subplot(grid[:, 1])
        _plane(plane, paths, group_size)
        canvas.letter(plane, "C")
        return figure


def _raster(axes: Any, recording: Recording, path: Path, groups: int, group_size: int) -> None:
    sent = path.packet.time_ms
    times, ids = recording.spikes("chain", sent - 15, sent + 75)
    colour = EXCITATORY if path.survives else INHIBITORY
    canvas.dots(axes, times - sent, ids / group_size + 0.5, colour, 0.9)
    axes.set(xlim=(-15, 75), ylim=(groups + 0.5, 0.5), ylabel="Group")
    axes.set_yticks([1, groups // 2, groups])
    axes.set_title(f"a = {path.packet.a}, σ = {path.packet.sigma_ms:g} ms")


def _plane(axes: Any, paths: list[Path], group_size: int) -> None:
    for path in paths:
        colour = EXCITATORY if path.survives else INHIBITORY
        few = np.flatnonzero(path.a < _FEWEST)  # so few spikes have no spread worth a line
        end = few[0] if few.size else path.a.size
        axes.plot(path.sigma_ms[:end], path.a[:end], color=colour, linewidth=0.5, alpha=0.55)
        axes.plot(path.sigma_ms[0], path.a[0], "o", color=colour, markersize=2.5)
    axes.set(xlim=(-0.1, 5), ylim=(0, 1.1 * group_size), xlabel="σ (ms)", ylabel="a (spikes)")
    for colour, text in ((EXCITATORY, "travels"), (INHIBITORY, "dies out")):
        axes.plot([], [], "o-", color=colour, markersize=2.5, linewidth=0.8, label=text)
    axes.legend(loc="lower right", bbox_to_anchor=(1.0, 1.0), ncols=2)


experiment = Experiment(
    perform=perform,
    scale=None,
    description="pulse packets that travel along a synfire chain or die out",
    reference="Diesmann, Gewaltig and Aertsen (1999), Nature 402:529, doi:10.1038/990101",
    parameters=(
        Setting("groups", 10, "groups of the chain", low=2, high=100),
        Setting("group_size", 100, "neurons per group", low=10, high=10_000),
        Setting("repetitions", 3, "times each packet is sent", low=1, high=100),
    ),
    quick={"repetitions": 1},
)

"""When a SpiNNaker core misses its deadline: rate and fan-in, predicted and simulated.

A core works off so many synaptic events in a tick. Sources fire onto a core of 256 neurons, each
spike with a synapse onto every one of them: from fan-in and rate follows what there is to do. What
is left of a tick waits in a queue of 255 spikes. The same recursion, tick by tick in a few lines,
must give the counters of the simulated machine to the last spike; its mean over other spike trains
is the curve.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..analysis import canvas
from ..experiment import Experiment
from ..networks.core_load import CELLS, Group, arrivals, core_load
from ..neuromorphic import SpiNNaker
from ..results import Check, Results
from ..runs import Runs
from ..settings import Setting
from ..units import ms  # type: ignore[attr-defined]

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

LOADS = (0.5, 0.7, 0.85, 0.95, 1.0, 1.05, 1.15, 1.3)
FAN_INS = (250, 500, 1000, 2000)
_SHOWN = (0.5, 0.85, 1.05)
_SOURCES_PER_CORE = 125  # so that the synapse cores of a slice share a group's sources evenly
_TRAINS = 200
_SHEET = "13 and 1.4 million events a second and core (sPyNNaker), queue of 255 spikes"
_COLOURS = {"one core": "#3b6ea5", "two synapse cores": "#4f7f3f", "learning": "#b3541e"}


@dataclass(frozen=True)
class Setup:
    """Cores of one kind: events of a core per second, cores per slice, how synapses are."""

    name: str
    per_second: float
    lanes: int = 1
    learning: bool = False
    fan_ins: tuple[int, ...] = FAN_INS

    def machine(self) -> SpiNNaker:
        """Return the machine that has them."""
        cores = 0 if self.lanes == 1 else self.lanes
        return SpiNNaker(synapse_cores=cores, sources_per_core=_SOURCES_PER_CORE)

    def budget(self, dt: float) -> float:
        """Events of a core per tick of ``dt`` seconds."""
        return self.per_second * dt

    def limit(self, fan_in: int) -> float:
        """Spikes of a source per second at which all of every tick is needed."""
        return self.per_second * self.lanes / (fan_in * CELLS)


SETUPS = (
    Setup("one core", 13e6),
    Setup("two synapse cores", 13e6, lanes=2),
    Setup("learning", 1.4e6, learning=True, fan_ins=(250, 500, 1000)),
)


@dataclass(frozen=True)
class Outcome:
    """Of a core: spikes, those late, those lost, and the largest lateness in ticks."""

    spikes: int
    late: int
    lost: int
    lateness: int


@dataclass(frozen=True)
class Point:
    """One group: its load (1: all of every tick), and what became of its spikes."""

    setup: Setup
    group: Group
    load: float
    simulated: Outcome
    predicted: Outcome


def worked_off(counts: NDArray[np.int64], budget: float, queue: int = 255) -> Outcome:
    """Return what becomes of spikes on a core that does ``budget`` events in a tick.

    Parameters
    ----------
    counts : (steps,) or (steps, trains) int64
        Spikes in each tick, of one or several spike trains, which are added up.
    budget : float
        Events; a spike has as many as the core has neurons.
    queue : int
        Spikes that can wait.
    """
    many = counts.reshape(len(counts), -1)
    backlog = np.zeros(many.shape[1])
    late, lost, lateness = 0, 0, 0
    for arrived in many:
        waiting = np.ceil(np.maximum(backlog - budget, 0) / CELLS)  # not done in this tick either
        in_time = np.clip(np.floor((budget - backlog) / CELLS), 0, arrived)
        kept = np.clip(queue - waiting, 0, arrived - in_time)
        late += int(kept.sum())
        lost += int((arrived - in_time - kept).sum())
        done = backlog + CELLS * (in_time + kept)
        if kept.any():
            lateness = max(lateness, math.ceil(done[kept > 0].max() / budget) - 1)
        backlog = np.maximum(done - budget, 0)
    return Outcome(int(many.sum()), late, lost, lateness)


def perform(runs: Runs, trains: int = _TRAINS) -> Results:
    """Simulate the three kinds of cores under all loads, check and draw."""
    points = [point for setup in SETUPS for point in _simulate(runs, setup)]
    metrics = {setup.name: _metrics(runs, setup, points) for setup in SETUPS}
    return Results(
        metrics=metrics,
        checks=_checks(runs, points),
        figure=_figure(runs, points, trains),
        lines=_table(runs, points),
    )


def _dt(runs: Runs) -> float:
    return float(runs.dt / ms) * 1e-3


def _steps(runs: Runs) -> int:
    """Return the ticks in which sources fire: spikes of the last two are still under way."""
    return round(float(runs.duration / runs.dt)) - 2


def _simulate(runs: Runs, setup: Setup) -> list[Point]:
    dt, steps = _dt(runs), _steps(runs)
    fan_ins = setup.fan_ins[:2] if runs.quick else setup.fan_ins
    loads = LOADS[1::3] if runs.quick else LOADS
    groups = [Group(n, load * setup.limit(n) * dt) for n in fan_ins for load in loads]
    net = core_load(groups, steps, runs.seed, learning=setup.learning, dt=runs.dt)
    recording = runs.simulate(
        setup.name.replace(" ", "_"), net, warmup=0 * ms, platform=setup.machine()
    )
    platform = recording.platform
    told = {} if platform is None else platform.execution["each_core"]
    columns = [np.array(told[name]) for name in ("spikes", "late", "lost", "lateness")]
    found = []
    for i, group in enumerate(groups):
        own = slice(i * setup.lanes, (i + 1) * setup.lanes)
        spikes, late, lost = (int(column[own].sum()) for column in columns[:3])
        outcome = Outcome(spikes, late, lost, int(columns[3][own].max()))
        load = loads[i % len(loads)]
        found.append(Point(setup, group, load, outcome, _expected(setup, group, i, steps, runs)))
    return found


def _expected(setup: Setup, group: Group, index: int, steps: int, runs: Runs) -> Outcome:
    """Return what becomes of the very spikes of a group, by the recursion."""
    fired = arrivals(group, steps, runs.seed, index)
    lanes = np.arange(group.sources) // _SOURCES_PER_CORE % setup.lanes
    budget = setup.budget(_dt(runs))
    parts = [worked_off(fired[:, lanes == k].sum(axis=1), budget) for k in range(setup.lanes)]
    return Outcome(
        *(sum(getattr(p, name) for p in parts) for name in ("spikes", "late", "lost")),
        max(p.lateness for p in parts),
    )


def _metrics(runs: Runs, setup: Setup, points: list[Point]) -> dict[str, Any]:
    own = [p for p in points if p.setup is setup]
    return {
        "events_per_tick": setup.budget(_dt(runs)) * setup.lanes,
        "limit_hz": {str(n): setup.limit(n) for n in setup.fan_ins},
        "late": {_label(p): p.simulated.late / max(p.simulated.spikes, 1) for p in own},
        "lost": {_label(p): p.simulated.lost / max(p.simulated.spikes, 1) for p in own},
        "largest_lateness": max(p.simulated.lateness for p in own),
    }


def _label(point: Point) -> str:
    return f"{point.group.sources} sources, load {point.load:g}"


def _checks(runs: Runs, points: list[Point]) -> list[Check]:
    checks = []
    for setup in SETUPS:
        own = [p for p in points if p.setup is setup]
        for what in ("spikes", "late", "lost", "lateness"):
            off = max(abs(getattr(p.simulated, what) - getattr(p.predicted, what)) for p in own)
            checks.append(
                Check.near(f"{setup.name}: {what}, simulated - predicted", off, 0, source=_SHEET)
            )
        most = 1 + math.ceil(255 * CELLS / setup.budget(_dt(runs)))
        worst = max(p.simulated.lateness for p in own)
        checks.append(Check.between(f"{setup.name}: largest lateness (ticks)", worst, 0, most,
                                    source="a full queue, worked off"))  # fmt: skip
        if runs.quick:
            continue
        easy = max(p.simulated.lost for p in own if p.load < 1)
        checks.append(Check.near(f"{setup.name}: lost below the limit", easy, 0))
        hard = [p.simulated for p in own if p.load == max(LOADS)]
        share = sum(o.lost for o in hard) / sum(o.spikes for o in hard)
        checks.append(Check.between(f"{setup.name}: share lost at load {max(LOADS):g}", share, 0.1,
                                    1 - 1 / max(LOADS), source="1 - 1/load once the queue is full")
                      )  # fmt: skip
    limits = {s.name: s.limit(1000) for s in SETUPS}
    for name, expected in (("one core", 50.78), ("two synapse cores", 101.56), ("learning", 5.47)):
        checks.append(Check.near(f"{name}: limit of 1,000 sources (Hz)", limits[name], expected,
                                 absolute=0.005, source=_SHEET))  # fmt: skip
    return checks


def _table(runs: Runs, points: list[Point]) -> list[str]:
    lines = ["", "cores              fan-in  limit (Hz)  load  late (%)  lost (%)  latest (ticks)"]
    for p in points:
        if p.group.sources != max(q.group.sources for q in points if q.setup is p.setup):
            continue
        n = max(p.simulated.spikes, 1)
        lines.append(
            f"{p.setup.name:17}  {p.group.sources:6,}  {p.setup.limit(p.group.sources):10.2f}  "
            f"{p.load:4.2f}  {100 * p.simulated.late / n:8.2f}  {100 * p.simulated.lost / n:8.2f}  "
            f"{p.simulated.lateness:14}"
        )
    return lines


def _figure(runs: Runs, points: list[Point], trains: int) -> Figure:
    with canvas.style():
        figure = canvas.figure(2.4)
        axes = figure.subplots(1, 3)
        _draw_plane(axes[0], points, _dt(runs))
        _draw_share(axes[1], runs, points, trains)
        _draw_lateness(axes[2], runs, points, trains)
        for panel, letter in zip(axes, "ABC", strict=True):
            canvas.letter(panel, letter)
    return figure


def _draw_plane(axes: Axes, points: list[Point], dt: float) -> None:
    """Rate against fan-in: the limit, and which groups were late by more than 1 %."""
    for setup in SETUPS:
        colour = _COLOURS[setup.name]
        fan_in = np.geomspace(200, 2500, 20)
        limit = setup.per_second * setup.lanes / (fan_in * CELLS)
        axes.plot(fan_in, limit, color=colour, label=setup.name)
        for p in (p for p in points if p.setup is setup and p.load in _SHOWN):
            fails = p.simulated.late + p.simulated.lost > 0.01 * p.simulated.spikes
            axes.plot(p.group.sources, p.group.rate / dt, "o", markersize=2.5, color=colour,
                      markerfacecolor=colour if fails else "w", markeredgewidth=0.6)  # fmt: skip
    axes.set(xscale="log", yscale="log", xlabel="Sources onto a core",
             ylabel="Rate of a source (Hz)", ylim=(1, 3000))  # fmt: skip
    axes.set_xticks(FAN_INS, [f"{n:,}" for n in FAN_INS])
    axes.minorticks_off()
    axes.set_title("Limit; filled: over 1 % late")
    axes.legend(loc="upper right")


def _curve(
    runs: Runs, setup: Setup, fan_in: int, trains: int
) -> tuple[NDArray[np.float64], list[Outcome]]:
    """Return loads, and what becomes of other spike trains of these loads."""
    dt, steps = _dt(runs), _steps(runs)
    loads = np.linspace(min(LOADS), max(LOADS), 17)
    found = []
    for load in loads:
        rng = np.random.default_rng([runs.seed, round(1e4 * load)])
        each = fan_in // setup.lanes
        counts = rng.binomial(each, load * setup.limit(fan_in) * dt, (steps, trains))
        found.append(worked_off(counts, setup.budget(dt)))
    return loads, found


def _draw_share(axes: Axes, runs: Runs, points: list[Point], trains: int) -> None:
    for setup in SETUPS:
        colour = _COLOURS[setup.name]
        fan_in = max(p.group.sources for p in points if p.setup is setup)
        loads, curve = _curve(runs, setup, fan_in, trains)
        axes.plot(loads, [100 * (o.late + o.lost) / o.spikes for o in curve], color=colour)
        axes.plot(loads, [100 * o.lost / o.spikes for o in curve], color=colour, linestyle="--")
        own = [p for p in points if p.setup is setup and p.group.sources == fan_in]
        for marker, share in (
            ("o", [(p.simulated.late + p.simulated.lost) / p.simulated.spikes for p in own]),
            ("s", [p.simulated.lost / p.simulated.spikes for p in own]),
        ):
            axes.plot([p.load for p in own], 100 * np.array(share), marker, markersize=2.5,
                      color=colour)  # fmt: skip
    axes.set(xlabel="Load", ylabel="Spikes (%)", ylim=(0, 100))
    axes.set_title("Late or lost; dashed: lost")


def _draw_lateness(axes: Axes, runs: Runs, points: list[Point], trains: int) -> None:
    for setup in SETUPS:
        colour = _COLOURS[setup.name]
        fan_in = max(p.group.sources for p in points if p.setup is setup)
        own = [p for p in points if p.setup is setup and p.group.sources == fan_in]
        axes.plot([p.load for p in own], [p.simulated.lateness for p in own], "o-", markersize=2.5,
                  color=colour)  # fmt: skip
        axes.axhline(255 * CELLS / setup.budget(_dt(runs)), color=colour, linewidth=0.5,
                     linestyle=":")  # fmt: skip
    axes.set(xlabel="Load", ylabel="Largest lateness (ticks)", ylim=(0, None))
    axes.set_title("Dotted: a full queue")


experiment = Experiment(
    perform=perform,
    duration=500 * ms,
    warmup=0 * ms,
    dt=1 * ms,
    scale=None,
    description="when a SpiNNaker core misses its deadline: rate and fan-in, predicted, simulated",
    reference=_SHEET,
    parameters=(
        Setting("trains", _TRAINS, "spike trains behind each predicted curve", low=1, high=100_000),
    ),
    shortest=20 * ms,
    quick={"duration": 60 * ms, "trains": 20},
)

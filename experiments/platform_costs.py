"""One network's time and energy on every machine, beside what is published of these machines.

A network that tells ten patterns apart is run once; its recording is priced on each platform. It
is then run as each of them would, which says what their arithmetic and their noise leave of it, or
what stands in the way. The published numbers [Renner et al. 2024, table 1] are of other networks,
which tell handwritten digits apart: what can be compared is where machines stand, not how good
they are.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..analysis import canvas
from ..analysis.price_text import show
from ..errors import MappingError
from ..experiment import Experiment
from ..networks.patterns import N_CLASSES, PAUSE, SHOWN, Task, pattern_task
from ..neuromorphic.published import PUBLISHED, Published
from ..platforms import get_platform, platform_names
from ..pricing import ALL, Prices, price
from ..results import Check, Results
from ..runs import Runs
from ..settings import Setting
from ..units import ms, second  # type: ignore[attr-defined]

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..recording import Recording

_RENNER = "Renner et al. 2024, table 1"
_COLOURS = {
    "spinnaker": "#b3541e", "spinnaker2": "#d99a6c", "brainscales1": "#3b6ea5",
    "brainscales2": "#7fa8d1", "loihi": "#4f7f3f", "loihi2": "#93b97f", "truenorth": "#7a4e9c",
    "tianjic": "#c0392b",
}  # fmt: skip
_OTHER = "0.4"
# edp_run and mean power as printed there, three digits
_PRINTED = {
    "Loihi nBP training": (8.85e-7, 393e-3),
    "Loihi nBP inference": (4.25e-10, 14.7e-3),
    "Loihi EM-STDP": (2.47e-5, 247e-3),
    "BrainScaleS-2": (4.03e-10, 175e-3),
    "TrueNorth small": (2.7e-10, 0.27e-3),
    "TrueNorth large": (1.08e-7, 108e-3),
    "SpiNNaker": (3.63e-5, 300e-3),
}


@dataclass(frozen=True)
class Row:
    """An inference on one platform: seconds, joules, their product, and its certainty.

    ``others`` are joules by other published ways to price it.
    """

    platform: str
    seconds: float
    joules: float
    edp: float
    fact: str
    others: dict[str, float]

    @property
    def colour(self) -> str:
        """Of the platform in the figure."""
        return _COLOURS.get(self.platform, _OTHER)


@dataclass(frozen=True)
class Executed:
    """What came of the network on one platform; refused where ``right`` is NaN.

    ``joules`` and ``seconds`` are those of an inference in the account of that run, NaN if it has
    none; ``why`` is the first thing in the way.
    """

    right: float
    seconds: float = math.nan
    joules: float = math.nan
    why: str = ""


def perform(runs: Runs, execute: bool = True) -> Results:
    """Simulate, price, run as each machine would, check and draw."""
    n_shown = max(1, round(float(runs.duration / ((SHOWN + PAUSE) * ms))))
    task = pattern_task(n_shown, runs.seed)
    recording = runs.simulate("patterns", task.network, platform=None)
    right = _right(task, recording)
    prices = price(recording, ALL, window_ms=float(SHOWN), inferences=n_shown)
    rows = [_row(name, one, n_shown) for name, one in prices.items()]
    rows.sort(key=lambda row: row.edp)
    done = _execute(runs, task) if execute else {}
    return Results(
        metrics={
            **_metrics(right, n_shown, prices, rows),
            "executed": {name: _without_nan(asdict(one)) for name, one in done.items()},
        },
        checks=_checks(right, prices, {row.platform: row for row in rows}, runs.quick)
        + ([] if runs.quick else _checks_of_runs(done)),
        figure=_figure(rows),
        lines=_table(rows, right, n_shown) + _table_of_runs(done),
    )


def _right(task: Task, recording: Recording) -> float:
    """Return the share of patterns that the network told apart."""
    times, ids = recording.spikes("classes", 0.0)
    return float(np.mean(task.answers(times, ids) == task.labels))


def _execute(runs: Runs, task: Task) -> dict[str, Executed]:
    """Run the network as each platform would, with all its approximations allowed."""
    found = {}
    for name in platform_names():
        machine = get_platform(name, {"allow": ("all",)})
        try:
            recording = runs.simulate(name, task.network, platform=machine)
        except MappingError as error:
            found[name] = Executed(math.nan, why=error.obstacles[0])
            continue
        ran = recording.platform
        energy = ran.execution.get("energy", {}) if ran is not None else {}
        per_task = [energy.get(key, math.nan) / task.labels.size for key in ("t_run", "E_run")]
        found[name] = Executed(_right(task, recording), *per_task)
    return found


def _without_nan(values: dict[str, Any]) -> dict[str, Any]:
    return {k: None if isinstance(v, float) and math.isnan(v) else v for k, v in values.items()}


def _row(name: str, one: Any, n_shown: int) -> Row:
    return Row(
        platform=name,
        seconds=one.t_run / n_shown,
        joules=one.E_run / n_shown,
        edp=one.edp_inference,
        fact=one.facts["edp_inference"],
        others={how: joules / n_shown for how, (joules, _) in one.alternatives.items()},
    )


def _metrics(right: float, n_shown: int, prices: Prices, rows: list[Row]) -> dict[str, Any]:
    return {
        "right": right,
        "inferences": n_shown,
        "per_inference": {
            row.platform: {
                "seconds": row.seconds, "joules": row.joules, "edp_J_s": row.edp,
                "certainty": row.fact, "joules_otherwise": row.others,
            }
            for row in rows
        },
        "runs": prices.as_dict(),
        "published": {
            one.system: {
                "platform": one.platform, "seconds": one.seconds, "joules": one.joules,
                "edp_J_s": one.edp, "mean_power_W": one.mean_power,
            }
            for one in PUBLISHED
        },
    }  # fmt: skip


def _checks(right: float, prices: Prices, rows: dict[str, Row], quick: bool) -> list[Check]:
    checks = [
        Check.near(f"{one.system}: energy x time (J s)", one.edp, _PRINTED[one.system][0],
                   relative=2e-3, source=_RENNER)
        for one in PUBLISHED
    ] + [
        Check.near(f"{one.system}: mean power (W)", one.mean_power, _PRINTED[one.system][1],
                   relative=2e-3, source=_RENNER)
        for one in PUBLISHED
    ]  # fmt: skip
    worst = max((_imbalance(one) for one in prices.values()), default=0.0)
    checks.append(Check.near("energy minus the sum of its parts", worst, 0.0, absolute=1e-12))
    if not quick:
        source = f"this package; chance {1 / N_CLASSES:g}"
        checks.append(Check.between("patterns told apart", right, 0.85, source=source))
    both = [name for name in ("spinnaker", "truenorth", "loihi", "brainscales2") if name in rows]
    if "spinnaker" in both and len(both) > 1:
        most = max(both, key=lambda name: rows[name].edp)
        checks.append(
            Check.holds("SpiNNaker's energy x time is the largest", most == "spinnaker",
                        source=_RENNER)
        )  # fmt: skip
    if "brainscales2" in both and "spinnaker" in both:
        ratio = np.log10(rows["spinnaker"].edp / rows["brainscales2"].edp)
        checks.append(
            Check.between("orders of magnitude, SpiNNaker to BrainScaleS-2", ratio, 4.0,
                          source=f"{_RENNER}: {np.log10(3.63e-5 / 4.03e-10):.2f}")
        )  # fmt: skip
    return checks


def _checks_of_runs(done: dict[str, Executed]) -> list[Check]:
    ran = {name: one.right for name, one in done.items() if not math.isnan(one.right)}
    if not ran:
        return []
    worst = min(ran, key=lambda name: ran[name])
    name = f"patterns told apart on the worst machine, {worst}"
    return [Check.between(name, ran[worst], 0.8, source="this package")]


def _imbalance(one: Any) -> float:
    """Return how far the energy is from the sum of its items, relative."""
    total = sum(item.joules for item in one.items)
    return abs(one.E_run - total) / one.E_run if one.E_run else 0.0


def _table(rows: list[Row], right: float, n_shown: int) -> list[str]:
    lines = [
        "",
        f"{n_shown} patterns shown, {100 * right:.0f} % told apart; for one of them:",
        f"{'platform':14} {'time':>9} {'energy':>9} {'energy x time':>14}",
    ]
    lines += [
        f"{r.platform:14} {show(r.seconds, 's'):>9} {show(r.joules, 'J'):>9} "
        f"{show(r.edp, 'J s'):>14} {r.fact}"
        for r in rows
    ]
    lines += ["", f"published: digits, other networks ({_RENNER})"]
    lines += [
        f"{one.system:20} {show(one.seconds, 's'):>9} {show(one.joules, 'J'):>9} "
        f"{show(one.edp, 'J s'):>14}"
        for one in sorted(PUBLISHED, key=lambda one: one.edp)
    ]
    return lines


def _table_of_runs(done: dict[str, Executed]) -> list[str]:
    lines = ["", "run as each machine would:"] if done else []
    for name, one in done.items():
        if math.isnan(one.right):
            lines.append(f"{name:14} refused: {one.why}")
            continue
        lines.append(
            f"{name:14} {100 * one.right:3.0f} % told apart; one of them {show(one.seconds, 's')}, "
            f"{show(one.joules, 'J')}"
        )
    return lines


def _figure(rows: list[Row]) -> Figure:
    with canvas.style():
        figure = canvas.figure(3.2)
        plane, ranking = figure.subplots(1, 2)
        _draw_plane(plane, rows)
        _draw_ranking(ranking, rows)
        for panel, letter in zip((plane, ranking), "AB", strict=True):
            canvas.letter(panel, letter)
    return figure


def _draw_plane(axes: Axes, rows: list[Row]) -> None:
    """Energy over time of an inference; lines of equal energy x time."""
    for place, row in enumerate(rows):
        spread = [row.joules, *(j for j in row.others.values() if j > 0)]
        beside = sum(abs(math.log10(row.seconds / other.seconds)) < 0.05 for other in rows[:place])
        at = row.seconds * 10 ** (0.04 * beside)  # lines side by side where times are equal
        axes.plot([at, at], [min(spread), max(spread)], color=row.colour, linewidth=0.8)
        axes.plot(row.seconds, row.joules, "o", color=row.colour, markersize=4)
        axes.annotate(row.platform, (row.seconds, row.joules), xytext=(4, 3), fontsize=5.5,
                      textcoords="offset points", color=row.colour)  # fmt: skip
    for one in PUBLISHED:
        axes.plot(one.seconds, one.joules, "s", markersize=3.5, markerfacecolor="none",
                  markeredgecolor=_COLOURS.get(one.platform, _OTHER))  # fmt: skip
    axes.set(xscale="log", yscale="log", xlabel="Time of an inference (s)",
             ylabel="Energy of an inference (J)")  # fmt: skip
    low, high = axes.get_xlim()
    bottom, top = axes.get_ylim()
    for power in range(-15, 3, 3):
        axes.plot([low, high], [10.0**power / low, 10.0**power / high], color="0.85",
                  linewidth=0.5, zorder=0)  # fmt: skip
    axes.set(xlim=(low, high), ylim=(bottom, top))
    axes.set_title("Points: this network. Squares: published")


def _draw_ranking(axes: Axes, rows: list[Row]) -> None:
    """Energy x time of an inference, smallest on top; those published as open bars."""
    mine: list[tuple[str, float, str, bool]] = [
        (f"{row.platform} ({row.fact})", row.edp, row.colour, True) for row in rows
    ]
    theirs = [(one.system, one.edp, _COLOURS.get(one.platform, _OTHER), False) for one in _sorted()]
    shown = [*mine, *theirs][::-1]
    for place, (_, edp, colour, own) in enumerate(shown):
        axes.barh(place, edp, left=1e-13, color=colour if own else "none", edgecolor=colour,
                  height=0.7, linewidth=0.7)  # fmt: skip
    axes.set_yticks(range(len(shown)), [name for name, *_ in shown], fontsize=5.5)
    axes.set(xscale="log", xlim=(1e-13, None), xlabel="Energy x time of an inference (J s)")
    axes.set_title("Filled: this network. Open: published")


def _sorted() -> list[Published]:
    return sorted(PUBLISHED, key=lambda one: one.edp)


experiment = Experiment(
    perform=perform,
    duration=10 * second,
    warmup=0 * ms,
    dt=1 * ms,
    scale=None,
    description="time, energy and their product of one network on every platform",
    reference="Renner et al. (2024), Nat. Commun., table 1",
    parameters=(Setting("execute", True, "whether to run it as each platform would, too"),),
    shortest=(SHOWN + PAUSE) * ms,
    quick={"duration": 0.5 * second, "execute": False},
)

"""Neurons that find the sources which fire together: learning, and another try for weak synapses.

A fifth of the sources fire together. Each neuron has synapses from a tenth of all sources, drawn
at random; learning by spike timing strengthens those that fire together. Where weak synapses are
replaced by others, neurons come to have far more of them, at the same in-degree. As controls,
synapses are replaced at random, and not at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..analysis import canvas
from ..experiment import Experiment
from ..networks.rewiring import INDEGREE, N_SOURCES, N_TARGETS, N_TOGETHER, WAYS, rewiring
from ..results import Check, Results
from ..runs import Runs
from ..settings import Setting
from ..units import ms, second  # type: ignore[attr-defined]

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..recording.structure import StructureTrace

Values = NDArray[np.float64]

CHANCE = N_TOGETHER / N_SOURCES
_LOOKS = 20
_SIGMAS = 4.0  # of a binomial share: what chance leaves out once in 16,000 times
_COLOURS = {"weak": "#b3541e", "random": "#6f8fb5", "fixed": "0.55"}
_LABELS = {"weak": "weak ones replaced", "random": "as many at random", "fixed": "none replaced"}
_CLAIM = "this package: see docs/structural-plasticity.md"


@dataclass(frozen=True)
class Found:
    """One way of rewiring.

    ``share`` (n_looks,) is the part of synapses from sources that fire together, at ``looks`` (s);
    ``drive`` (n_looks,) the sum of their weights (V) onto a neuron; ``together`` and ``alone`` the
    weights (V) in the end; ``indegrees`` the least and the largest at any look; ``trace`` is None
    for fixed synapses.
    """

    looks: Values
    share: Values
    drive: Values
    together: Values
    alone: Values
    indegrees: tuple[int, int]
    trace: StructureTrace | None


def perform(runs: Runs, every: Any = 1 * second) -> Results:
    """Simulate the three ways, check and draw."""
    found = {way: _simulate(runs, way, every) for way in WAYS}
    metrics = {
        way: {
            "share_together": float(one.share[-1]),
            "drive_mV": 1e3 * float(one.drive[-1]),
            "created": 0 if one.trace is None else int(one.trace.created.sum()),
        }
        for way, one in found.items()
    }
    weak = found["weak"].trace
    if weak is not None:
        metrics["C_eff"] = {"first": float(weak.C_eff[0]), "last": float(weak.C_eff[-1])}
    checks = [] if runs.quick else _checks(found)
    return Results(metrics=metrics, checks=checks, figure=_figure(found), lines=_table(found))


def _simulate(runs: Runs, way: Any, every: Any) -> Found:
    net = rewiring(runs.seed, way=way, every=every)
    looks, share, drive, degrees = [], [], [], []
    with runs.simulation(way, net) as simulation:
        for look in range(_LOOKS + 1):
            if look:
                simulation.run(runs.duration / _LOOKS)
            table, w = simulation.synapses("learnt"), simulation.read("learnt", "w")
            together = table["source"] < N_TOGETHER
            looks.append(float(runs.duration / second) * look / _LOOKS)
            share.append(float(together.mean()))
            drive.append(float(w[together].sum() / N_TARGETS))
            degrees.append(np.bincount(table["target"], minlength=N_TARGETS))
    trace = None if way == "fixed" else simulation.recording.structure("learnt")
    return Found(
        looks=np.array(looks),
        share=np.array(share),
        drive=np.array(drive),
        together=w[together],
        alone=w[~together],
        indegrees=(int(np.min(degrees)), int(np.max(degrees))),
        trace=trace,
    )


def _checks(found: dict[str, Found]) -> list[Check]:
    sigma = np.sqrt(CHANCE * (1 - CHANCE) / (N_TARGETS * INDEGREE))
    weak, random, fixed = (found[way] for way in WAYS)
    checks = [
        Check.between("weak replaced: share that fires together", weak.share[-1], 0.45,
                      source=_CLAIM),
        Check.near("replaced at random: the same", random.share[-1], CHANCE,
                   absolute=_SIGMAS * sigma, source="chance, 4 standard deviations"),
        Check.near("none replaced: the same", fixed.share[-1], fixed.share[0]),
        Check.between("their weights: weak replaced / none replaced",
                      weak.drive[-1] / fixed.drive[-1], 2.0, source=_CLAIM),
        Check.near("least in-degree", weak.indegrees[0], INDEGREE),
        Check.near("largest in-degree", weak.indegrees[1], INDEGREE),
    ]  # fmt: skip
    if weak.trace is not None:
        expected = N_TARGETS * INDEGREE / N_TARGETS**2
        worst = float(np.abs(weak.trace.C_eff - expected).max())
        checks.append(Check.near("largest change of C_eff", worst, 0.0, absolute=1e-12))
    return checks


def _table(found: dict[str, Found]) -> list[str]:
    lines = ["", "replaced  share that fires together  their weights (mV)  created"]
    for way, one in found.items():
        created = 0 if one.trace is None else int(one.trace.created.sum())
        lines.append(f"{way:8}  {one.share[-1]:26.3f}  {1e3 * one.drive[-1]:18.2f}  {created:7,}")
    return lines


def _figure(found: dict[str, Found]) -> Figure:
    with canvas.style():
        figure = canvas.figure(2.3)
        axes = figure.subplots(1, 3)
        _draw_share(axes[0], found)
        _draw_weights(axes[1], found["weak"])
        _draw_turnover(axes[2], found)
        for panel, letter in zip(axes, "ABC", strict=True):
            canvas.letter(panel, letter)
    return figure


def _draw_share(axes: Axes, found: dict[str, Found]) -> None:
    for way, one in found.items():
        axes.plot(one.looks, one.share, color=_COLOURS[way], label=_LABELS[way])
    axes.axhline(CHANCE, color="0.8", linewidth=0.6, zorder=0)
    axes.set(xlabel="Time (s)", ylabel="Sources that fire together", ylim=(0, 1))
    axes.set_title("Share of synapses")
    axes.legend()


def _draw_weights(axes: Axes, weak: Found) -> None:
    most = float(max(weak.together.max(), weak.alone.max()))
    bins = np.linspace(0, most, 21)
    for values, label, colour in (
        (weak.together, "fire together", _COLOURS["weak"]),
        (weak.alone, "fire alone", "0.7"),
    ):
        axes.hist(values * 1e3, bins * 1e3, histtype="stepfilled", alpha=0.6, color=colour,
                  label=label)  # fmt: skip
    axes.set(xlabel="Weight (mV)", ylabel="Synapses")
    axes.set_title("In the end")
    axes.legend()


def _draw_turnover(axes: Axes, found: dict[str, Found]) -> None:
    for way in ("random", "weak"):
        trace = found[way].trace
        if trace is not None:
            axes.plot(trace.times_ms[1:] / 1e3, trace.created[1:], color=_COLOURS[way],
                      label=_LABELS[way])  # fmt: skip
    axes.set(xlabel="Time (s)", ylabel="Synapses replaced at a time", ylim=(0, None))
    axes.set_title("Turnover")
    axes.legend()


experiment = Experiment(
    perform=perform,
    duration=200 * second,
    warmup=0 * ms,
    dt=0.1 * ms,
    scale=None,
    description="neurons find the sources that fire together: STDP, and weak synapses replaced",
    reference="rule of this package; cf. Butz, Woergoetter & van Ooyen (2009), Brain Res. Rev. 60",
    parameters=(Setting("every", 1 * second, "between replacements", low=1 * ms),),
    shortest=2 * second,
    quick={"duration": 10 * second},
)

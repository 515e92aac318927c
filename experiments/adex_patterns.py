"""The eight firing patterns of the adaptive exponential neuron (Naud et al. 2008).

Eight neurons with eight sets of parameters, one population. Each pattern has a classifier:
numbers of its spike train beside what makes it that pattern.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .. import models
from ..analysis import canvas
from ..experiment import Experiment
from ..results import Check, Results
from ..runs import Runs
from ..units import ms, mV, nS, pA, pF

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..recording import Recording

_COLUMNS = ("C_m", "g_L", "E_L", "a", "tau_w", "b", "V_r", "I_e")
_UNITS = (pF, nS, mV, nS, ms, pA, mV, pA)
# Naud et al. 2008, Table 1, as adapted to the paper's figures by P. Mueller for the example
# Naud_et_al_2008_adex_firing_patterns of Brian2; V_T = -50 mV, Delta_T = 2 mV in all.
PATTERNS: dict[str, tuple[float, ...]] = {
    "tonic": (200, 10, -70, 2, 30, 0, -58, 500),
    "adaptation": (200, 12, -70, 2, 300, 60, -58, 500),
    "initial burst": (130, 18, -58, 4, 150, 120, -50, 400),
    "regular bursting": (200, 10, -58, 2, 120, 100, -46, 210),
    "delayed accelerating": (200, 12, -70, -10, 300, 0, -58, 300),
    "delayed regular bursting": (100, 10, -65, -10, 90, 30, -47, 110),
    "transient": (100, 10, -65, 10, 90, 100, -47, 180),
    "irregular": (100, 12, -60, -11, 130, 30, -48, 160),
}
_DURATION_MS = 600.0
_GRID_MS = 0.15  # spikes lie on a grid of 0.1 ms
_V_INK, _W_INK = "#1f3b5c", "#b3541e"


def simulate(runs: Runs) -> Recording:
    """Simulate the eight neurons for 600 ms from rest, the current on from the start."""
    from ..description.network import Network  # noqa: PLC0415 - imports Brian2

    table = np.array(list(PATTERNS.values())).T
    values: dict[str, Any] = {
        name: column * unit for name, column, unit in zip(_COLUMNS, table, _UNITS, strict=True)
    }
    model = models.entry("adex").model(V_T=-50 * mV, Delta_T=2 * mV, V_peak=0 * mV, **values)
    net = Network(seed=runs.seed, name="adex_patterns")
    cells = net.population("adex", len(PATTERNS), model)
    net.record(cells, ["v", "w"])
    return runs.simulate("adex_patterns", net, _DURATION_MS * ms, warmup=0 * ms, dt=0.1 * ms)


def bursts(times: NDArray[np.float64]) -> list[NDArray[np.float64]]:
    """Split a spike train where an interval is more than half its longest one."""
    intervals = np.diff(times)
    if intervals.size == 0:
        return [times]
    return np.split(times, np.flatnonzero(intervals > intervals.max() / 2) + 1)


def variation(intervals: NDArray[np.float64]) -> float:
    """Return the coefficient of variation, NaN for fewer than two intervals."""
    return float(intervals.std() / intervals.mean()) if intervals.size > 1 else float("nan")


def _tonic(times: NDArray[np.float64]) -> list[Check]:
    steady = np.diff(times)[1:]
    return [Check.between("tonic: CV of intervals after the first", variation(steady), 0, 1e-2)]


def _adaptation(times: NDArray[np.float64]) -> list[Check]:
    isi = np.diff(times)
    return [
        Check.between("adaptation: last interval / first", isi[-1] / isi[0], 1.5),
        Check.holds("adaptation: intervals never shrink", bool((np.diff(isi) > -_GRID_MS).all())),
    ]


def _initial_burst(times: NDArray[np.float64]) -> list[Check]:
    isi = np.diff(times)
    first = bursts(times)[0]
    later = variation(isi[first.size :])
    contrast = isi[first.size - 1 :].min() / np.diff(first).max() if first.size > 1 else 0.0
    return [
        Check.between("initial burst: spikes in it", first.size, 3),
        Check.between("initial burst: later intervals / those in it", contrast, 3),
        Check.between("initial burst: CV of later intervals", later, 0, 0.05),
    ]


def _bursting(name: str, first_spike: tuple[float, float]) -> Callable[..., list[Check]]:
    def classify(times: NDArray[np.float64]) -> list[Check]:
        groups = bursts(times)
        # the first burst differs, the last may be cut off
        sizes = np.array([group.size for group in groups[1:-1]])
        gaps = np.array([after[0] - before[-1] for before, after in pairwise(groups[1:])])
        return [
            Check.between(f"{name}: first spike (ms)", times[0], *first_spike),
            Check.between(f"{name}: bursts", len(groups), 4),
            Check.between(f"{name}: least spikes in a burst", sizes.min(), 2),
            Check.near(f"{name}: spread of spikes in a burst", np.ptp(sizes), 0),
            Check.between(f"{name}: CV of gaps between bursts", variation(gaps), 0, 0.1),
        ]

    return classify


def _accelerating(times: NDArray[np.float64]) -> list[Check]:
    isi = np.diff(times)
    return [
        Check.between("delayed accelerating: first spike (ms)", times[0], 30),
        Check.between("delayed accelerating: last interval / first", isi[-1] / isi[0], 0, 0.6),
        Check.holds(
            "delayed accelerating: intervals never grow", bool((np.diff(isi) < _GRID_MS).all())
        ),
    ]


def _transient(times: NDArray[np.float64]) -> list[Check]:
    return [
        Check.between("transient: spikes", times.size, 1, 10),
        Check.between("transient: last spike (ms)", times[-1], 0, 200),
    ]


def _irregular(times: NDArray[np.float64]) -> list[Check]:
    isi = np.diff(times)[3:]
    shifts = [np.abs(isi[lag:] - isi[:-lag]).mean() for lag in range(1, 1 + isi.size // 2)]
    repeats = min(shifts, default=0.0) / isi.mean()
    return [
        Check.between("irregular: CV of intervals", variation(isi), 0.3),
        Check.between("irregular: least difference from its shifted self", repeats, 0.15),
    ]


CLASSIFIERS: dict[str, Callable[[NDArray[np.float64]], list[Check]]] = {
    "tonic": _tonic,
    "adaptation": _adaptation,
    "initial burst": _initial_burst,
    "regular bursting": _bursting("regular bursting", (0, 60)),
    "delayed accelerating": _accelerating,
    "delayed regular bursting": _bursting("delayed regular bursting", (30, 300)),
    "transient": _transient,
    "irregular": _irregular,
}


def draw(recording: Recording) -> Figure:
    """Draw potential and adaptation of each pattern."""
    v, w = recording.state("adex", "v"), recording.state("adex", "w")
    times, ids = recording.spikes("adex")
    with canvas.style():
        drawn = canvas.figure(6.6)
        outer = drawn.add_gridspec(4, 2)
        for k, name in enumerate(PATTERNS):
            inner = outer[k // 2, k % 2].subgridspec(2, 1, height_ratios=[2, 1], hspace=0.05)
            top = drawn.add_subplot(inner[0])
            below = drawn.add_subplot(inner[1], sharex=top)
            trace = np.minimum(v.values[:, k], 0.0)
            top.plot(v.times_ms, trace, color=_V_INK, linewidth=0.6)
            mine = times[ids == k]
            foot = trace[np.searchsorted(v.times_ms, mine).clip(max=trace.size - 1)]
            top.vlines(mine, foot, 0, color=_V_INK, linewidth=0.6)
            below.plot(w.times_ms, w.values[:, k], color=_W_INK, linewidth=0.7)
            top.set_title(f"{'abcdefgh'[k]}  {name}", loc="left")
            top.set(ylim=(-78, 4), xlim=(0, _DURATION_MS))
            top.tick_params(labelbottom=False)
            below.tick_params(labelbottom=k >= 6)
            if k % 2 == 0:
                top.set_ylabel("v (mV)")
                below.set_ylabel("w (pA)")
            if k >= 6:
                below.set_xlabel("time (ms)")
        drawn.align_ylabels()
        return drawn


def perform(runs: Runs) -> Results:
    """Simulate, classify and draw the eight patterns."""
    recording = simulate(runs)
    times, ids = recording.spikes("adex")
    checks, metrics = [], {}
    for k, name in enumerate(PATTERNS):
        mine = times[ids == k]
        metrics[f"{name} spikes (ms)"] = mine.tolist()
        checks += CLASSIFIERS[name](mine)
    return Results(metrics=metrics, checks=checks, figure=draw(recording))


experiment = Experiment(
    perform=perform,
    description="the eight firing patterns of the adaptive exponential neuron, classified",
    reference="Naud et al. (2008), Biol. Cybern. 99:335, doi:10.1007/s00422-008-0264-7",
)

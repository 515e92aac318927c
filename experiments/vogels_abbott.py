"""Self-sustained irregular activity in three kinds of network, after Vogels and Abbott (2005).

The networks of benchmarks 1 to 3 of Brette et al. (2007). With ``--set compare=True`` each is
also simulated by Brian2, on the very same synapses, and the rates are compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ..analysis import canvas
from ..analysis.groups import EXCITATORY, INHIBITORY
from ..analysis.intervals import isi_histogram
from ..analysis.statistics import cv_isi
from ..experiment import Experiment
from ..networks.vogels_abbott import KINDS, vogels_abbott
from ..results import Check, Results
from ..runs import Runs
from ..settings import Setting
from ..units import ms, second  # type: ignore[attr-defined]

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..recording import Recording

_NAMES = {"cuba": "CUBA (currents)", "coba": "COBA (conductances)", "cobahh": "COBAHH"}
# The neurons of "cuba" are driven by a constant current above threshold, hence more regular;
# the estimate rises with the length of the run: 0.53 in 1 s, 0.71 in 6 s.
_LEAST_CV = {"cuba": 0.5, "coba": 0.8, "cobahh": 0.8}
_SHOWN_MS, _LAST_MS, _ROWS = 300.0, 200.0, 100
_TRACES, _WANTED_SPIKES = 20, 4
_COMPARED = 1 * second


@dataclass(frozen=True)
class Found:
    """What one network did after the warm-up; ``reference`` is Brian2's run of it, if any."""

    recording: Recording
    rates_hz: dict[str, float]
    last_hz: float
    cv_isi: float
    reference: Recording | None

    def metrics(self) -> dict[str, Any]:
        """Return the numbers, JSON-able."""
        numbers = {
            "rate_E_hz": self.rates_hz["E"],
            "rate_I_hz": self.rates_hz["I"],
            "rate_of_last_200ms_hz": self.last_hz,
            "cv_isi": self.cv_isi,
        }
        if self.reference is not None:
            stop = self.reference.stop_ms
            numbers |= {f"rate_{k}_brian2_hz": v for k, v in self.reference.rates().items()}
            numbers |= {f"rate_{k}_beside_hz": v for k, v in self._beside(stop).items()}
            numbers["equal_until_ms"] = equal_until(self.recording, self.reference)
        return numbers

    def _beside(self, stop: float) -> dict[str, float]:
        return self.recording.rates(None, stop)


def perform(runs: Runs, kind: str = "all", compare: bool = False) -> Results:
    """Simulate one kind of network or all three."""
    found = {}
    for name in KINDS if kind == "all" else (kind,):
        recording = runs.simulate(name, _network(runs, name))
        reference = None
        if compare:
            length = min(runs.duration, _COMPARED)
            again = _network(runs, name)
            reference = runs.simulate(f"{name}_brian2", again, length, engine="brian2")
        found[name] = _measure(recording, reference)
    metrics = {name: one.metrics() for name, one in found.items()}
    return Results(
        metrics=metrics,
        checks=[check for name, one in found.items() for check in _checks(name, one, metrics)],
        figure=_figure(found),
    )


def _network(runs: Runs, kind: str) -> Any:
    network = vogels_abbott(runs.scale, runs.seed, kind=kind)
    network.record(network.populations["E"][:_TRACES], "v")
    return network


def _measure(recording: Recording, reference: Recording | None) -> Found:
    start, stop = recording.warmup_ms, recording.stop_ms
    times, ids = recording.spikes("E", start)
    cv = cv_isi(times, ids, recording.populations["E"].size)
    return Found(
        recording=recording,
        rates_hz=recording.rates(),
        last_hz=recording.rates(max(start, stop - _LAST_MS))["E"],
        cv_isi=float(cv.mean()) if cv.size else float("nan"),
        reference=reference,
    )


def equal_until(first: Recording, second: Recording) -> float:
    """Return the time in ms until which two recordings hold the same spikes."""
    until = min(first.stop_ms, second.stop_ms)
    for name in first.neurons:
        pairs = []
        for recording in (first, second):
            times, ids = recording.spikes(name, 0.0, until)
            order = np.lexsort((ids, times))
            pairs.append((times[order], ids[order]))
        (t1, i1), (t2, i2) = pairs
        n = min(t1.size, t2.size)
        differ = np.flatnonzero((np.abs(t1[:n] - t2[:n]) > 1e-6) | (i1[:n] != i2[:n]))
        if differ.size:
            until = min(until, float(t1[differ[0]]), float(t2[differ[0]]))
        elif t1.size != t2.size:
            until = min(until, float((t1 if t1.size > n else t2)[n]))
    return until


def _checks(name: str, one: Found, metrics: dict[str, Any]) -> list[Check]:
    least = _LEAST_CV[name]
    checks = [
        Check.between(f"{name}: rate of the last 200 ms (Hz)", one.last_hz, low=1.0),
        Check.between(f"{name}: CV of intervals", one.cv_isi, low=least),
    ]
    if one.reference is not None:
        numbers = metrics[name]
        for k in ("E", "I"):
            expected = numbers[f"rate_{k}_brian2_hz"]
            label = f"{name}: rate of {k} (Hz), Brian2's expected"
            value = numbers[f"rate_{k}_beside_hz"]
            checks.append(Check.near(label, value, expected, relative=0.05))
        label = f"{name}: the same spikes as Brian2 until (ms)"
        checks.append(Check.between(label, numbers["equal_until_ms"], low=100.0))
    return checks


def _figure(found: dict[str, Found]) -> Figure:
    with canvas.style():
        figure = canvas.figure(4.6, width=canvas.WIDTH if len(found) > 1 else 3.2)
        grid = figure.add_gridspec(3, len(found), height_ratios=[2.2, 1.0, 1.2])
        for column, (name, one) in enumerate(found.items()):
            panels = [figure.add_subplot(grid[row, column]) for row in range(3)]
            _raster(panels[0], name, one)
            _voltage(panels[1], one)
            _intervals(panels[2], one)
            if column == 0:
                labels = "Neuron", "Potential (mV)", "Density (1/ms)"
                for axes, label in zip(panels, labels, strict=True):
                    axes.set_ylabel(label)
        figure.align_ylabels()
    return figure


def _shown(recording: Recording) -> tuple[float, float]:
    return max(recording.warmup_ms, recording.stop_ms - _SHOWN_MS), recording.stop_ms


def _raster(axes: Any, name: str, one: Found) -> None:
    start, stop = _shown(one.recording)
    n_inh = _ROWS // 5
    for population, colour, first, rows in (
        ("E", EXCITATORY, n_inh, _ROWS - n_inh),
        ("I", INHIBITORY, 0, n_inh),
    ):
        times, ids = one.recording.spikes(population, start, stop)
        few = ids < rows
        canvas.dots(axes, times[few] - start, ids[few] + first, colour, 1.8)
    axes.set(xlim=(0, stop - start), ylim=(-1, _ROWS))
    axes.tick_params(axis="x", labelbottom=False)
    axes.set_title(f"{_NAMES[name]}\nE {one.rates_hz['E']:.1f} Hz, I {one.rates_hz['I']:.1f} Hz")


def _voltage(axes: Any, one: Found) -> None:
    start, stop = _shown(one.recording)
    trace = one.recording.state("E", "v", start, stop)
    times, ids = one.recording.spikes("E", start, stop)
    counts = np.bincount(ids[ids < _TRACES], minlength=_TRACES)
    chosen = int(np.argmin(np.abs(counts - _WANTED_SPIKES)))
    axes.plot(trace.times_ms - start, trace.values[:, chosen], color="0.2", linewidth=0.7)
    if trace.values.max() < -40:  # integrate-and-fire: the spikes themselves are not in v
        axes.vlines(times[ids == chosen] - start, -50, -40, color="0.2", linewidth=0.7)
    axes.set(xlim=(0, stop - start), xlabel="Time (ms)")


def _intervals(axes: Any, one: Found) -> None:
    n = one.recording.populations["E"].size
    times, ids = one.recording.spikes("E", one.recording.warmup_ms)
    edges, density = isi_histogram(times, ids, n, bin_ms=5.0, max_ms=300.0)
    axes.stairs(density, edges, fill=True, color=EXCITATORY, alpha=0.8)
    axes.set_yscale("log")
    axes.set(xlim=(0, 300), xlabel="Interval (ms)")
    axes.text(0.97, 0.9, f"CV {one.cv_isi:.2f}", transform=axes.transAxes, ha="right", fontsize=7)


experiment = Experiment(
    perform=perform,
    duration=3 * second,
    warmup=200 * ms,
    description="self-sustained irregular activity of 4,000 neurons: CUBA, COBA and COBAHH",
    reference=(
        "Vogels and Abbott (2005), Journal of Neuroscience 25:10786; Brette et al. (2007), Journal "
        "of Computational Neuroscience 23:349, doi:10.1007/s10827-007-0038-6"
    ),
    parameters=(
        Setting("kind", "all", "which network", choices=("all", *KINDS)),
        Setting("compare", False, "simulate each with Brian2, too, and compare the rates"),
    ),
    shortest=50 * ms,
    quick={"duration": 300 * ms, "warmup": 100 * ms, "kind": "cuba"},
)

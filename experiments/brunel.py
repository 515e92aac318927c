"""The four regimes of a sparsely connected network, after Brunel (2000), Fig. 8.

Each regime is a simulation of its own. The rate of the asynchronous irregular state is compared
with the mean-field theory of the paper; regularity and rhythm distinguish the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..analysis import canvas
from ..analysis.groups import EXCITATORY
from ..analysis.spectra import rate_spectrum
from ..analysis.statistics import cv_isi, population_rate
from ..experiment import Experiment
from ..networks.brunel import REGIMES, Regime, brunel, mean_field_rate, regime_of
from ..results import Check, Results
from ..runs import Runs
from ..settings import Setting
from ..units import ms, second  # type: ignore[attr-defined]

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..recording import Recording

_SPECTRUM_BIN_MS = 0.1  # fine, as the rhythm of A has harmonics that coarser bins would fold back
_LARGEST_HZ, _PEAK_WIDTH_HZ = 500.0, 12.0
_SHOWN_MS, _SHOWN_NEURONS = 200.0, 60
_PAPER = "Brunel 2000, Fig. 8 and text"


@dataclass(frozen=True)
class Found:
    """What a regime's excitatory neurons did after the warm-up.

    ``peak_hz`` is the frequency of most power up to 500 Hz, ``peak_share`` the part of the power
    from 5 to 500 Hz that lies within 12 Hz of it.
    """

    regime: Regime
    recording: Recording
    theory_hz: float
    rate_hz: float
    cv_isi: float
    peak_hz: float
    peak_share: float
    spectrum: tuple[NDArray[np.float64], NDArray[np.float64]]

    def metrics(self) -> dict[str, Any]:
        """Return the numbers, JSON-able."""
        names = ("theory_hz", "rate_hz", "cv_isi", "peak_hz", "peak_share")
        return {name: float(getattr(self, name)) for name in names}


def perform(
    runs: Runs, regime: str = "all", g: float | None = None, eta: float | None = None
) -> Results:
    """Simulate one regime or all four."""
    names = list(REGIMES) if regime == "all" else [regime]
    found = {}
    for name in names:
        known = regime_of(name)
        point = Regime(
            known.g if g is None else g, known.eta if eta is None else eta, known.meaning
        )
        network = brunel(runs.scale, runs.seed, regime=name, g=point.g, eta=point.eta)
        found[name] = _measure(runs.simulate(name, network), point, runs.scale)
    as_published = runs.scale == 1 and g is None and eta is None
    return Results(
        metrics={name: one.metrics() for name, one in found.items()},
        checks=_checks(found, as_published),
        figure=_figure(found),
        lines=_table(found),
    )


def _measure(recording: Recording, point: Regime, scale: float) -> Found:
    n = recording.populations["E"].size
    start, stop = recording.warmup_ms, recording.stop_ms
    times, ids = recording.spikes("E", start)
    frequencies, density = rate_spectrum(
        times, n, start, stop, bin_ms=_SPECTRUM_BIN_MS, segment_ms=min(250.0, stop - start)
    )
    shown = (frequencies >= 5) & (frequencies <= _LARGEST_HZ)
    frequencies, density = frequencies[shown], density[shown]
    peak = float(frequencies[np.argmax(density)])
    near = np.abs(frequencies - peak) <= _PEAK_WIDTH_HZ
    cv = cv_isi(times, ids, n)
    return Found(
        regime=point,
        recording=recording,
        theory_hz=mean_field_rate(point.g, point.eta, scale),
        rate_hz=times.size * 1e3 / (n * (stop - start)),
        cv_isi=float(cv.mean()) if cv.size else float("nan"),
        peak_hz=peak,
        peak_share=float(density[near].sum() / max(density.sum(), 1e-300)),
        spectrum=(frequencies, density),
    )


def _checks(found: dict[str, Found], as_published: bool) -> list[Check]:
    checks = []
    if "C" in found:
        c = found["C"]
        theory = "mean field (Brunel 2000, eqs. 4, 5, 21)"
        checks.append(
            Check.near("C: rate (Hz)", c.rate_hz, c.theory_hz, relative=0.05, source=theory)
        )
    if not as_published:
        return checks
    for name, one in found.items():
        checks += _CHECKS_OF[name](one)
    if len(found) == len(REGIMES):
        highest = max(one.cv_isi for name, one in found.items() if name != "B")
        checks.append(
            Check.between("B: CV minus the highest other", found["B"].cv_isi - highest, low=0)
        )
    return checks


def _checks_of_a(a: Found) -> list[Check]:
    return [
        Check.between("A: CV of intervals", a.cv_isi, 0.0, 0.1, source=_PAPER),
        Check.near("A: rhythm (Hz) at its rate", a.peak_hz, a.rate_hz, absolute=4.0),
        Check.between("A: power in the peak", a.peak_share, low=0.8),
    ]


def _checks_of_b(b: Found) -> list[Check]:
    return [
        Check.between("B: rhythm (Hz)", b.peak_hz, 140.0, 220.0, source=_PAPER),
        Check.between("B: power in the peak", b.peak_share, low=0.4),
    ]


def _checks_of_c(c: Found) -> list[Check]:
    return [
        Check.between("C: CV of intervals", c.cv_isi, 0.3, 0.8),
        Check.between("C: power in the peak", c.peak_share, high=0.35),
    ]


def _checks_of_d(d: Found) -> list[Check]:
    return [
        Check.between("D: rate (Hz)", d.rate_hz, 4.5, 7.5, source=_PAPER),
        Check.between("D: rhythm (Hz)", d.peak_hz, 12.0, 32.0, source=_PAPER),
    ]


_CHECKS_OF = {"A": _checks_of_a, "B": _checks_of_b, "C": _checks_of_c, "D": _checks_of_d}


def _table(found: dict[str, Found]) -> list[str]:
    lines = ["", "regime     g   eta  rate (Hz)  mean field (Hz)    CV  rhythm (Hz)"]
    for name, one in found.items():
        lines.append(
            f"{name:<6} {one.regime.g:5.2f} {one.regime.eta:5.2f}  {one.rate_hz:9.2f}  "
            f"{one.theory_hz:15.2f}  {one.cv_isi:4.2f}  {one.peak_hz:11.0f}"
        )
    return lines


def _figure(found: dict[str, Found]) -> Figure:
    with canvas.style():
        figure = canvas.figure(4.4, width=canvas.WIDTH if len(found) > 1 else 3.0)
        grid = figure.add_gridspec(3, len(found), height_ratios=[2.0, 1.0, 1.2])
        for column, (name, one) in enumerate(found.items()):
            panels = [figure.add_subplot(grid[row, column]) for row in range(3)]
            _column(panels, name, one)
            if column == 0:
                for axes, label in zip(
                    panels, ("Neuron", "Rate (Hz)", "Power (Hz²/Hz)"), strict=True
                ):
                    axes.set_ylabel(label)
        figure.align_ylabels()
    return figure


def _column(panels: list[Any], name: str, one: Found) -> None:
    raster, rate, power = panels
    start = one.recording.warmup_ms
    stop = min(one.recording.stop_ms, start + _SHOWN_MS)
    times, ids = one.recording.spikes("E", start, stop)
    shown = ids < _SHOWN_NEURONS
    size = 1.6 if one.rate_hz < 150 else 0.9
    canvas.dots(raster, times[shown] - start, ids[shown], EXCITATORY, size)
    canvas.letter(raster, name)
    raster.set_title(
        f"{one.regime.meaning}\ng = {one.regime.g:g}, η = {one.regime.eta:g}", fontsize=7
    )
    raster.set(xlim=(0, stop - start), ylim=(-1, _SHOWN_NEURONS))
    raster.tick_params(axis="x", labelbottom=False)
    bin_ms = 0.5
    n = one.recording.populations["E"].size
    centres, values = population_rate(times, n, start, stop, bin_ms)
    rate.fill_between(centres - start, values, step="mid", color=EXCITATORY, linewidth=0)
    rate.set(xlim=(0, stop - start), xlabel="Time (ms)")
    rate.set_ylim(bottom=0)
    rate.locator_params(axis="y", nbins=3)
    frequencies, density = one.spectrum
    power.plot(frequencies, density, color="0.2", linewidth=0.8)
    if one.rate_hz > 0:
        power.axhline(2 * one.rate_hz / n, color="0.6", linewidth=0.6, linestyle="--")
        power.set_yscale("log")
    power.set(xlim=(0, _LARGEST_HZ), xlabel="Frequency (Hz)")


experiment = Experiment(
    perform=perform,
    duration=2 * second,
    warmup=500 * ms,
    description="four regimes of a sparse network of 12,500 neurons",
    reference=(
        "Brunel (2000), Journal of Computational Neuroscience 8:183, doi:10.1023/A:1008925309027"
    ),
    parameters=(
        Setting("regime", "all", "which of the four", choices=("all", *REGIMES)),
        Setting("g", None, "inhibition relative to excitation, in place of the regime's", low=0),
        Setting("eta", None, "external rate relative to threshold, likewise", low=0),
    ),
    shortest=100 * ms,
    quick={"scale": 0.2, "duration": 300 * ms, "warmup": 200 * ms},
)

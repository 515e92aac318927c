"""Rhythms of a thousand randomly connected neurons, after Izhikevich (2003), Fig. 3.

Without any rhythm in their input the neurons assemble into episodes of alpha (about 10 Hz) and
gamma (about 40 Hz) rhythm; the spectrum of the excitatory rate has a peak in each band.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..analysis import canvas
from ..analysis.groups import EXCITATORY, INHIBITORY
from ..analysis.spectra import rate_spectrum
from ..experiment import Experiment
from ..networks.izhikevich_2003 import STEP, izhikevich_2003
from ..results import Check, Results
from ..units import ms, second  # type: ignore[attr-defined]

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..recording import Recording
    from ..runs import Runs

_ALPHA_HZ, _TROUGH_HZ, _GAMMA_HZ = (5.0, 14.0), (11.0, 20.0), (20.0, 60.0)
_SEGMENT_MS, _SHOWN_MS = 500.0, 1000.0
_PAPER = "Izhikevich 2003, Fig. 3 and text: alpha and gamma band"
Floats = NDArray[np.float64]


def perform(runs: Runs) -> Results:
    """Simulate the network and measure its rhythms."""
    network = izhikevich_2003(runs.scale, runs.seed)
    network.record(network.populations["E"][:1], "v")
    recording = runs.simulate("network", network)
    n = recording.populations["E"].size
    start, stop = recording.warmup_ms, recording.stop_ms
    times, _ = recording.spikes("E", start)
    segment = min(_SEGMENT_MS, (stop - start) / 2)
    frequencies, density = rate_spectrum(times, n, start, stop, segment_ms=segment)
    smooth: Floats = np.convolve(density, [0.25, 0.5, 0.25], mode="same").astype(np.float64)
    found = rhythms(frequencies, smooth)
    rates = recording.rates()
    return Results(
        metrics={"rate_E_hz": rates["E"], "rate_I_hz": rates["I"], **found},
        checks=_checks(found, rates),
        figure=_figure(recording, frequencies, smooth),
    )


def rhythms(frequencies: Floats, density: Floats) -> dict[str, float]:
    """Return the peaks of the alpha and the gamma band, and how far they rise between them."""

    def highest(band: tuple[float, float]) -> tuple[float, float]:
        inside = np.flatnonzero((frequencies >= band[0]) & (frequencies < band[1]))
        best = inside[np.argmax(density[inside])]
        return float(frequencies[best]), float(density[best])

    trough = (frequencies >= _TROUGH_HZ[0]) & (frequencies < _TROUGH_HZ[1])
    lowest = float(density[trough].min())
    alpha, gamma = highest(_ALPHA_HZ), highest(_GAMMA_HZ)
    return {
        "alpha_hz": alpha[0],
        "alpha_over_trough": alpha[1] / max(lowest, 1e-300),
        "gamma_hz": gamma[0],
        "gamma_over_trough": gamma[1] / max(lowest, 1e-300),
    }


def _checks(found: dict[str, float], rates: dict[str, float]) -> list[Check]:
    return [
        Check.between("alpha: peak (Hz)", found["alpha_hz"], 6.0, 13.0, source=_PAPER),
        Check.between("alpha: peak / trough", found["alpha_over_trough"], 2.0),
        Check.between("gamma: peak (Hz)", found["gamma_hz"], 22.0, 50.0, source=_PAPER),
        Check.between("gamma: peak / trough", found["gamma_over_trough"], 1.3),
        Check.between("rate of E (Hz)", rates["E"], 3.0, 15.0),
    ]


def _figure(recording: Recording, frequencies: Floats, density: Floats) -> Figure:
    with canvas.style():
        figure = canvas.figure(3.8)
        grid = figure.add_gridspec(2, 2, width_ratios=[2.2, 1.0], height_ratios=[2.6, 1.0])
        raster, trace = figure.add_subplot(grid[0, 0]), figure.add_subplot(grid[1, 0])
        _raster(raster, recording)
        _trace(trace, recording)
        power = figure.add_subplot(grid[:, 1])
        power.semilogy(frequencies[1:], density[1:], color="0.2")
        for band, name, place in ((_ALPHA_HZ, "alpha", 0.03), (_GAMMA_HZ, "gamma", 0.03)):
            power.axvspan(*band, color=EXCITATORY, alpha=0.12, linewidth=0)
            power.text(
                float(np.mean(band)),
                place,
                name,
                transform=power.get_xaxis_transform(),
                ha="center",
            )
        power.set(xlim=(0, 100), xlabel="Frequency (Hz)", ylabel="Power of the rate of E (Hz²/Hz)")
        for axes, text in ((raster, "A"), (trace, "B"), (power, "C")):
            canvas.letter(axes, text)
        return figure


def _window(recording: Recording) -> tuple[float, float]:
    return recording.warmup_ms, min(recording.stop_ms, recording.warmup_ms + _SHOWN_MS)


def _raster(axes: Any, recording: Recording) -> None:
    start, stop = _window(recording)
    first = 0
    for name, colour in (("E", EXCITATORY), ("I", INHIBITORY)):
        times, ids = recording.spikes(name, start, stop)
        canvas.dots(axes, times - start, ids + first, colour, 1.0)
        first += recording.populations[name].size
    axes.set(xlim=(0, stop - start), ylim=(0, first), ylabel="Neuron")
    axes.tick_params(axis="x", labelbottom=False)


def _trace(axes: Any, recording: Recording) -> None:
    start, stop = _window(recording)
    trace = recording.state("E", "v", start, stop)
    axes.plot(
        trace.times_ms - start, np.minimum(trace.values[:, 0], 30), color="0.2", linewidth=0.6
    )
    axes.set(xlim=(0, stop - start), xlabel="Time (ms)", ylabel="v (mV)")


experiment = Experiment(
    perform=perform,
    duration=10 * second,
    warmup=500 * ms,
    dt=STEP,
    description="alpha and gamma rhythms of 1,000 pulse-coupled neurons with thalamic noise",
    reference=(
        "Izhikevich (2003), IEEE Transactions on Neural Networks 14:1569, "
        "doi:10.1109/TNN.2003.820440"
    ),
    shortest=400 * ms,
    quick={"scale": 0.2, "duration": 500 * ms, "warmup": 100 * ms},
)

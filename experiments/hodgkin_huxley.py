"""The squid axon of Hodgkin & Huxley: action potential, gates, rheobase, f-I curve, rebound.

Currents are densities in uA/cm2; the catalogue's model is a patch of 20000 um2, where 1 uA/cm2 is
200 pA. All currents are one population. The equations are integrated by fourth-order
Runge-Kutta with a step of 0.02 ms, so that rates are right to the last digit given.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .. import models
from ..analysis import canvas
from ..experiment import Experiment
from ..results import Check, Results
from ..runs import Runs
from ..units import ms, pA

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..recording import Recording

PA_PER_DENSITY = 200.0
"""Current of a patch of 20000 um2 at 1 uA/cm2, in pA."""

SWEEP = np.union1d(np.arange(0.0, 20.01, 0.5), [2.2, 2.25, 6.2, 6.3, 6.4, 6.6, 6.8])
# last inter-spike interval of a step from rest, Runge-Kutta with relative tolerance 1e-7
RATES = {10.0: 68.3, 15.0: 78.6, 20.0: 86.4}
REBOUND = (-1.0, -5.0)
_SHOWN = 10.0
_DURATION_MS, _LATE_MS, _TRACE_MS = 1000.0, 500.0, 60.0
_HOLD_MS, _RELEASE_MS = 10.0, 60.0
_COLOURS = {"v": "#1f3b5c", "m": "#b3541e", "h": "#2f7d5b", "n": "#6d4c9f"}
_SOURCE = "independent Runge-Kutta solution, relative tolerance 1e-7"


@dataclass(frozen=True)
class Response:
    """What the neurons did: spikes of the sweep (ms, index of the current) and the recording."""

    recording: Recording
    spikes: list[NDArray[np.float64]]

    def at(self, density: float) -> NDArray[np.float64]:
        """Return the spikes (ms) at a current of the sweep."""
        return self.spikes[int(np.abs(SWEEP - density).argmin())]


def simulate(runs: Runs) -> Response:
    """Simulate the sweep, one traced neuron, the two at rheobase and the two that rebound."""
    from ..description.network import Network  # noqa: PLC0415 - imports Brian2
    from ..description.waveforms import ConstantCurrent  # noqa: PLC0415 - imports Brian2

    entry = replace(models.entry("hodgkin_huxley"), method="rk4")
    net = Network(seed=runs.seed, name="hodgkin_huxley")
    net.population("sweep", SWEEP.size, entry.model(I_e=SWEEP * PA_PER_DENSITY * pA))
    shown = np.array([_SHOWN, 2.2, 2.25]) * PA_PER_DENSITY * pA
    traced = net.population("traced", 3, entry.model(I_e=shown))
    net.record(traced, ["v", "m", "h", "n"], every=0.1 * ms)
    rebound = net.population("rebound", len(REBOUND), entry.model())
    net.record(rebound, "v", every=0.1 * ms)
    hold = np.array(REBOUND) * PA_PER_DENSITY * pA
    net.inject(rebound, "I_e", ConstantCurrent(hold, _HOLD_MS * ms, _RELEASE_MS * ms))
    recording = runs.simulate(
        "hodgkin_huxley", net, _DURATION_MS * ms, warmup=0 * ms, dt=0.02 * ms
    )  # fmt: skip
    times, ids = recording.spikes("sweep")
    return Response(recording, [times[ids == k] for k in range(SWEEP.size)])


def late_rate(spikes: NDArray[np.float64]) -> float:
    """Return the rate (Hz) of the last ten intervals, 0 for neurons that have fallen silent."""
    if spikes.size < 3 or spikes[-1] < _LATE_MS:
        return 0.0
    return float(1e3 / np.diff(spikes)[-10:].mean())


def gates() -> dict[str, NDArray[np.float64]]:
    """Return steady states and time constants (ms) of the gates over v (mV), from the model.

    Returns
    -------
    dict
        ``"v"``, and ``"m_inf"``, ``"m_tau"``, ...
    """
    from ..lowering.expressions import evaluate  # noqa: PLC0415 - imports Brian2

    v = np.linspace(-100.0, 50.0, 301)
    found = {"v": v}
    text = models.entry("hodgkin_huxley").equations
    rates: dict[str, Any] = {
        name: evaluate(code, {"v": v * 1e-3}, name)
        for name, code in re.findall(r"((?:alpha|beta)_\w) = (.+?) : hertz", text)
    }
    for gate in "mhn":
        total = rates[f"alpha_{gate}"] + rates[f"beta_{gate}"]
        found[f"{gate}_inf"] = rates[f"alpha_{gate}"] / total
        found[f"{gate}_tau"] = 1e3 / total
    return found


def check(response: Response) -> list[Check]:
    """Return the checks: rheobase, onset of sustained firing, rates, action potential, rebound."""
    v = response.recording.state("traced", "v")
    first = v.values[v.times_ms < 12.0, 0]
    curves = gates()
    at_rest = int(np.abs(curves["v"] + 65).argmin())
    released, ids = response.recording.spikes("rebound")
    checks = [
        Check.near("spikes at 2.20 uA/cm2", response.at(2.2).size, 0, source=_SOURCE),
        Check.near("spikes at 2.25 uA/cm2", response.at(2.25).size, 1, source=_SOURCE),
        Check.near("late rate at 6.2 uA/cm2 (Hz)", late_rate(response.at(6.2)), 0, source=_SOURCE),
        Check.between("late rate at 6.3 uA/cm2 (Hz)", late_rate(response.at(6.3)), 40, 60),
    ]
    checks += [
        Check.near(
            f"rate at {density:g} uA/cm2 (Hz)", late_rate(response.at(density)), expected,
            absolute=0.1, source=_SOURCE,
        )
        for density, expected in RATES.items()
    ]  # fmt: skip
    checks += [
        Check.near("resting potential (mV)", v.values[0, 0], -65.0, absolute=0.1),
        Check.between("peak of the action potential (mV)", first.max(), 35, 50),
        Check.near("m at rest", curves["m_inf"][at_rest], 0.0529, absolute=1e-4),
        Check.near("h at rest", curves["h_inf"][at_rest], 0.5961, absolute=1e-4),
        Check.near("n at rest", curves["n_inf"][at_rest], 0.3177, absolute=1e-4),
    ]
    for k, density in enumerate(REBOUND):
        count = int(((ids == k) & (released > _RELEASE_MS)).sum())
        expected = 1 if density < -3 else 0
        checks.append(Check.near(f"spikes after release from {density:g} uA/cm2", count, expected))
    return checks


def draw(response: Response) -> Figure:
    """Draw action potential and gates, gating curves, rheobase, f-I curve and rebound."""
    with canvas.style():
        drawn = canvas.figure(5.6)
        grid = drawn.add_gridspec(6, 2, width_ratios=[1.15, 1])
        inner = grid[0:4, 0].subgridspec(2, 1, hspace=0.02)
        left = [drawn.add_subplot(inner[0]), drawn.add_subplot(inner[1])]
        _draw_potential(left, response.recording)
        _draw_rheobase(drawn.add_subplot(grid[4:6, 0]), response.recording)
        curves = gates()
        axes = drawn.add_subplot(grid[0:2, 1])
        _draw_gates(axes, axes.twinx(), curves)
        _draw_rates(drawn.add_subplot(grid[2:4, 1]), response)
        _draw_rebound(drawn.add_subplot(grid[4:6, 1]), response.recording)
        drawn.align_ylabels(left)
        return drawn


def _draw_potential(panels: list[Axes], recording: Recording) -> None:
    for name, colour in _COLOURS.items():
        trace = recording.state("traced", name, stop_ms=_TRACE_MS)
        axes = panels[0] if name == "v" else panels[1]
        axes.plot(trace.times_ms, trace.values[:, 0], color=colour, label=name)
    panels[0].set(ylabel="v (mV)", xlim=(0, _TRACE_MS))
    panels[1].set(ylabel="gates", xlabel="time (ms)", xlim=(0, _TRACE_MS), ylim=(0, 1.05))
    panels[1].legend(ncol=3, loc="lower right", bbox_to_anchor=(1, 0.98), handlelength=1)
    panels[0].tick_params(labelbottom=False)
    canvas.letter(panels[0], "a")
    panels[0].set_title(f"{_SHOWN:g} µA/cm$^2$", fontsize=7)


def _draw_rheobase(axes: Axes, recording: Recording) -> None:
    trace = recording.state("traced", "v", stop_ms=30.0)
    for k, (density, colour) in enumerate(((2.2, "#8a9bb0"), (2.25, _COLOURS["v"])), start=1):
        axes.plot(trace.times_ms, trace.values[:, k], color=colour, label=f"{density:.2f}")
    axes.set(xlabel="time (ms)", ylabel="v (mV)", xlim=(0, 30))
    axes.legend(title="µA/cm$^2$", loc="upper right")
    canvas.letter(axes, "b")


def _draw_gates(axes: Axes, other: Axes, curves: dict[str, NDArray[np.float64]]) -> None:
    for gate in "mhn":
        axes.plot(curves["v"], curves[f"{gate}_inf"], color=_COLOURS[gate], label=gate)
        other.plot(curves["v"], curves[f"{gate}_tau"], color=_COLOURS[gate], linestyle=":")
    axes.set(xlabel="v (mV)", ylabel="steady state (lines)", xlim=(-100, 50), ylim=(0, 1.02))
    other.set(ylabel="time constant (ms, dotted)", ylim=(0, 10))
    other.spines["right"].set_visible(True)
    axes.legend(loc="center right", handlelength=1)
    canvas.letter(axes, "c")


def _draw_rates(axes: Axes, response: Response) -> None:
    rates = np.array([late_rate(spikes) for spikes in response.spikes])
    firing = rates > 0
    axes.plot(SWEEP[~firing], rates[~firing], ".", color="#8a9bb0", markersize=3)
    axes.plot(SWEEP[firing], rates[firing], ".-", color=_COLOURS["v"], markersize=3)
    axes.plot(list(RATES), list(RATES.values()), "x", color=_COLOURS["m"], label="independent")
    axes.set(xlabel="current (µA/cm$^2$)", ylabel="rate (Hz)", xlim=(0, 20.4), ylim=(-3, None))
    axes.legend(loc="lower right")
    canvas.letter(axes, "d")


def _draw_rebound(axes: Axes, recording: Recording) -> None:
    trace = recording.state("rebound", "v", stop_ms=100.0)
    for k, (density, colour) in enumerate(zip(REBOUND, ("#8a9bb0", _COLOURS["v"]), strict=True)):
        axes.plot(trace.times_ms, trace.values[:, k], color=colour, label=f"{density:g}")
    axes.hlines(-102, _HOLD_MS, _RELEASE_MS, color=_COLOURS["m"], linewidth=2)
    axes.set(xlabel="time (ms)", ylabel="v (mV)", xlim=(0, 100))
    axes.legend(title="µA/cm$^2$", loc="upper left")
    canvas.letter(axes, "e")


def perform(runs: Runs) -> Results:
    """Simulate, check and draw."""
    response = simulate(runs)
    metrics = {
        "currents (uA/cm2)": SWEEP.tolist(),
        "late rates (Hz)": [late_rate(spikes) for spikes in response.spikes],
        "spikes in 1 s": [spikes.size for spikes in response.spikes],
    }
    return Results(metrics=metrics, checks=check(response), figure=draw(response))


experiment = Experiment(
    perform=perform,
    description="the squid axon: action potential, gates, rheobase, f-I curve, rebound",
    reference="Hodgkin & Huxley (1952), J. Physiol. 117:500, doi:10.1113/jphysiol.1952.sp004764",
)

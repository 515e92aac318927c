"""Rate over constant current of every neuron model of the catalogue.

Each model is one population whose neurons differ in ``I_e``, from 0 to twice the current of the
model's own figure. Where there is a closed form, the rates are held against it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from .. import models
from ..analysis import canvas
from ..experiment import Experiment
from ..results import Check, Results
from ..runs import Runs
from ..units import ms

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Values = NDArray[np.float64]

_POINTS = 41
_SETTLE_MS, _DURATION_MS = 500.0, 1500.0
_INK, _THEORY = "#1f3b5c", "#b3541e"


@dataclass(frozen=True)
class Curve:
    """A model's curve: currents in the unit of its ``I_e``, rates in Hz once settled."""

    entry: models.Entry
    currents: Values
    rates: Values

    @property
    def onset(self) -> tuple[float, float]:
        """The least current of the sweep that fires, and the rate there."""
        first = int(np.argmax(self.rates > 0))
        return float(self.currents[first]), float(self.rates[first])


def simulate(runs: Runs) -> dict[str, Curve]:
    """Simulate all models, one network for each time step that their declarations ask for."""
    entries = [models.entry(name) for name in models.names()]
    found: dict[str, Curve] = {}
    for dt in sorted({e.figure.dt for e in entries}):
        found |= _sweep([e for e in entries if e.figure.dt == dt], dt, runs)
    return {e.name: found[e.name] for e in entries}


def _sweep(entries: list[models.Entry], dt: float, runs: Runs) -> dict[str, Curve]:
    from ..description.network import Network  # noqa: PLC0415 - imports Brian2
    from ..description.quantities import named_unit  # noqa: PLC0415 - imports Brian2

    net = Network(seed=runs.seed, name="fi_curves")
    sweeps = {}
    for entry in entries:
        sweeps[entry.name] = np.linspace(0, 2 * entry.figure.current, _POINTS)
        drive = sweeps[entry.name] * named_unit(entry.parameter("I_e").unit)
        net.population(entry.name, _POINTS, entry.model(I_e=drive))
    label = f"fi-{round(1000 * dt)}us"
    recording = runs.simulate(label, net, _DURATION_MS * ms, warmup=0 * ms, dt=dt * ms)
    curves = {}
    for entry in entries:
        times, ids = recording.spikes(entry.name, start_ms=_SETTLE_MS)
        rates = [_rate(times[ids == k]) for k in range(_POINTS)]
        curves[entry.name] = Curve(entry, sweeps[entry.name], np.array(rates))
    return curves


def _rate(spikes: Values) -> float:
    """Return the rate (Hz) from the mean interval, from the count where there are too few."""
    if spikes.size > 2:
        return float(1e3 / np.diff(spikes).mean())
    return float(1e3 * spikes.size / (_DURATION_MS - _SETTLE_MS))


def _value(entry: models.Entry, name: str) -> float:
    return entry.parameter(name).value


def _leaky(entry: models.Entry, currents: Values) -> Values:
    """Return the rate of leaky integrate-and-fire neurons (pF, nS or ms, mV, pA)."""
    names = {p.name for p in entry.parameters}
    capacitance = _value(entry, "C_m")
    tau = _value(entry, "tau_m") if "tau_m" in names else capacitance / _value(entry, "g_L")
    steady = _value(entry, "E_L") + currents * tau / capacitance
    threshold, reset = _value(entry, "V_th"), _value(entry, "V_r")
    with np.errstate(divide="ignore", invalid="ignore"):
        period = _value(entry, "t_ref") + tau * np.log((steady - reset) / (steady - threshold))
    return np.where(steady > threshold, 1e3 / period, 0.0)


def _perfect(entry: models.Entry, currents: Values) -> Values:
    gap = _value(entry, "V_th") - _value(entry, "V_r")
    with np.errstate(divide="ignore"):
        period = _value(entry, "t_ref") + gap * _value(entry, "C_m") / currents
    return 1e3 / period


def _quadratic(entry: models.Entry, currents: Values) -> Values:
    """Return the rate of the quadratic neuron: dx/dt = k (x^2 + c^2)/C_m around the middle."""
    middle = (_value(entry, "V_rest") + _value(entry, "V_crit")) / 2
    half = (_value(entry, "V_crit") - _value(entry, "V_rest")) / 2
    k = _value(entry, "k")
    with np.errstate(divide="ignore", invalid="ignore"):
        c = np.sqrt(currents / k - half**2)
        peak, reset = (np.arctan((_value(entry, x) - middle) / c) for x in ("V_peak", "V_r"))
        rate = 1e3 * k * c / (_value(entry, "C_m") * (peak - reset))
    return np.where(currents > k * half**2, rate, 0.0)


CLOSED_FORMS: dict[str, Callable[[models.Entry, Values], Values]] = {
    "iaf": _perfect,
    "lif_delta": _leaky,
    "lif_curr_exp": _leaky,
    "lif_curr_exp2": _leaky,
    "lif_curr_alpha": _leaky,
    "lif_curr_biexp": _leaky,
    "lif_cond_exp": _leaky,
    "lif_cond_alpha": _leaky,
    "lif_cond_biexp": _leaky,
    "lif_nmda": _leaky,
    "qif": _quadratic,
}
# Rates at the onset of firing (Hz): class 2 neurons start at a high rate, class 1 near zero.
ONSETS = {
    "hodgkin_huxley": (40, 70),
    "morris_lecar": (5, 25),
    "wang_buzsaki": (0, 25),
    "qif": (0, 20),
    "eif": (0, 20),
    "izhikevich": (0, 15),
}


def check(curves: dict[str, Curve]) -> list[Check]:
    """Return the checks: closed forms, class at onset, and that current makes every model fire."""
    checks = []
    for name, closed in CLOSED_FORMS.items():
        curve = curves[name]
        expected = closed(curve.entry, curve.currents)
        firing = expected > 2
        error = np.abs(curve.rates - expected)[firing] / expected[firing]
        # an interval is off by at most one step; Euler and Runge-Kutta add their own error
        allowed = 1e-3 * curve.entry.figure.dt * expected[firing].max() + 5e-3
        text = f"{name}: largest error against the closed form"
        checks.append(Check.between(text, error.max(), 0, allowed, source="closed form"))
    for name, (low, high) in ONSETS.items():
        _, rate = curves[name].onset
        checks.append(Check.between(f"{name}: rate where firing starts (Hz)", rate, low, high))
    for name, curve in curves.items():
        gain = curve.rates.max() - curve.rates[0]
        checks.append(Check.between(f"{name}: highest rate - rate at 0 (Hz)", gain, 5))
    return checks


def draw(curves: dict[str, Curve], columns: int = 4) -> Figure:
    """Draw every curve, closed forms as lines below the points."""
    rows = -(-len(curves) // columns)
    with canvas.style():
        drawn = canvas.figure(1.1 * rows + 0.2)
        grid = drawn.add_gridspec(rows, columns)
        for k, (name, curve) in enumerate(curves.items()):
            axes = drawn.add_subplot(grid[k // columns, k % columns])
            if name in CLOSED_FORMS:
                dense = np.linspace(0, curve.currents[-1], 600)
                theory = CLOSED_FORMS[name](curve.entry, dense)
                axes.plot(dense, theory, color=_THEORY, linewidth=1.6, alpha=0.7)
            axes.plot(curve.currents, curve.rates, ".", color=_INK, markersize=2)
            axes.set_title(name, fontsize=6, family="monospace", pad=2)
            axes.set(xlim=(0, curve.currents[-1]), ylim=(0, None))
            axes.tick_params(labelsize=6)
            axes.set_xlabel(f"I_e ({curve.entry.parameter('I_e').unit})", fontsize=6, labelpad=1)
            if k % columns == 0:
                axes.set_ylabel("rate (Hz)", fontsize=7)
        return drawn


def perform(runs: Runs) -> Results:
    """Simulate, check and draw."""
    curves = simulate(runs)
    metrics: dict[str, Any] = {}
    for name, curve in curves.items():
        unit = curve.entry.parameter("I_e").unit
        metrics[f"{name}: currents ({unit})"] = curve.currents.tolist()
        metrics[f"{name}: rates (Hz)"] = curve.rates.tolist()
    return Results(metrics=metrics, checks=check(curves), figure=draw(curves))


experiment = Experiment(
    perform=perform,
    description="f-I curves of every neuron model of the catalogue, closed forms beside them",
    reference="the references of the models, see 'neurosim list'",
)

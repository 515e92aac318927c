"""The rate of the leaky integrate-and-fire neuron beside its closed form.

f = 1/(t_ref + tau ln((mu - V_r)/(mu - V_th))). A sweep over mu is one population; the same sweep is
run at several time steps, since spikes lie on the grid of the step: intervals are off by up to one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .. import models
from ..analysis import canvas
from ..experiment import Experiment
from ..results import Check, Results
from ..runs import Runs
from ..units import ms, mV, pA

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TAU, THRESHOLD, RESET, T_REF = 20.0, 20.0, 10.0, 2.0  # ms, mV, mV, ms; rest is 0 mV
EXPECTED = {20.5: 15.90, 25.0: 41.71, 30.0: 63.04}
SWEEP = np.union1d(np.arange(18.0, 40.01, 0.5), list(EXPECTED))
STEPS = (0.1, 0.05, 0.02, 0.01)
_DURATION_MS = 1000.0
_INK, _POINTS = "#1f3b5c", "#b3541e"


def closed_form(mu: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the rate (Hz) at steady potentials ``mu`` (mV); 0 at and below the threshold."""
    above = mu > THRESHOLD
    safe = np.where(above, mu, THRESHOLD + 1)
    period = T_REF + TAU * np.log((safe - RESET) / (safe - THRESHOLD))
    return np.where(above, 1e3 / period, 0.0)


def simulate(runs: Runs) -> dict[float, NDArray[np.float64]]:
    """Return the rates (Hz) of the sweep at each time step, from the mean interval."""
    from ..description.network import Network  # noqa: PLC0415 - imports Brian2

    rates = {}
    capacitance = models.entry("lif_delta").parameter("C_m").value  # pF, so pF mV/ms = pA
    for dt in STEPS:
        model = models.entry("lif_delta").model(
            tau_m=TAU * ms, E_L=0 * mV, V_th=THRESHOLD * mV, V_r=RESET * mV, t_ref=T_REF * ms,
            I_e=SWEEP * capacitance / TAU * pA,
        )  # fmt: skip
        net = Network(seed=runs.seed, name="lif_fi")
        net.population("sweep", SWEEP.size, model)
        label = f"lif-{round(1000 * dt)}us"
        recording = runs.simulate(label, net, _DURATION_MS * ms, warmup=0 * ms, dt=dt * ms)
        times, ids = recording.spikes("sweep")
        trains = [times[ids == k] for k in range(SWEEP.size)]
        rates[dt] = np.array([1e3 / np.diff(t).mean() if t.size > 1 else 0.0 for t in trains])
    return rates


def check(rates: dict[float, NDArray[np.float64]]) -> list[Check]:
    """Return the checks: three published rates, silence below threshold, the bound of the grid."""
    finest = rates[min(STEPS)]
    checks = [
        Check.near(f"rate at mu = {mu} mV (Hz)", finest[mu == SWEEP][0], expected,
                   relative=1.5e-3, source="closed form")
        for mu, expected in EXPECTED.items()
    ]  # fmt: skip
    exact = closed_form(SWEEP)
    silent = finest[SWEEP <= THRESHOLD]
    checks.append(Check.near("highest rate up to the threshold (Hz)", silent.max(), 0))
    firing = exact > 0
    for dt in STEPS:
        # Brian2's convention: of the t_ref/dt steps the last integrates again, one step early;
        # the crossing is noticed at the end of its step, up to one step late
        late = (1e3 / rates[dt][firing] - 1e3 / exact[firing]) / dt
        for which, value in (("least", late.min()), ("most", late.max())):
            name = f"dt = {dt} ms: {which} interval - exact (steps)"
            checks.append(Check.between(name, value, -1, 0))
    coarse, fine = (np.abs(rates[dt] - exact)[firing].mean() for dt in (STEPS[0], STEPS[-1]))
    order = np.log(coarse / fine) / np.log(STEPS[0] / STEPS[-1])
    checks.append(Check.near("order of the error in dt", order, 1, absolute=0.15))
    return checks


def draw(rates: dict[float, NDArray[np.float64]]) -> Figure:
    """Draw the f-I curve on its closed form, and the error at each time step."""
    dense = np.linspace(SWEEP[0], SWEEP[-1], 2000)
    exact = closed_form(SWEEP)
    firing = exact > 0
    with canvas.style():
        drawn = canvas.figure(2.6)
        left, right = (drawn.add_subplot(1, 2, k) for k in (1, 2))
        left.plot(dense, closed_form(dense), color=_INK, label="closed form")
        left.plot(SWEEP, rates[STEPS[0]], ".", color=_POINTS, markersize=3.5, label="dt = 0.1 ms")
        left.set(xlabel="steady potential (mV)", ylabel="rate (Hz)", xlim=(18, 40), ylim=(0, None))
        left.legend(loc="lower right")
        canvas.letter(left, "a")
        line = np.array([10.0, 110.0])
        for k, dt in enumerate(STEPS):
            error = np.abs(rates[dt] - exact)[firing] / exact[firing]
            shade = str(0.05 + 0.22 * k)
            right.loglog(exact[firing], error, ".", color=shade, markersize=3.5, label=f"{dt:g}")
            right.loglog(line, 1e-3 * line * dt, color=shade, linewidth=0.6, linestyle="--")
        right.set(xlabel="rate (Hz)", ylabel="relative error", xlim=(13, 110))
        right.set_xticks([20, 50, 100], labels=["20", "50", "100"])
        right.set_xticks([], minor=True)
        right.legend(title="dt (ms)", loc="center left", bbox_to_anchor=(1, 0.5))
        canvas.letter(right, "b")
        return drawn


def perform(runs: Runs) -> Results:
    """Simulate, check and draw."""
    rates = simulate(runs)
    metrics = {"mu (mV)": SWEEP.tolist(), "closed form (Hz)": closed_form(SWEEP).tolist()}
    metrics |= {f"rates at dt = {dt} ms (Hz)": values.tolist() for dt, values in rates.items()}
    return Results(metrics=metrics, checks=check(rates), figure=draw(rates))


experiment = Experiment(
    perform=perform,
    description="f-I curve of the leaky integrate-and-fire neuron beside its closed form",
    reference=models.entry("lif_delta").reference,
)

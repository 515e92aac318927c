"""An asynchronous irregular network on BrainScaleS-1: each distortion alone, and all together.

The network of :mod:`neurosim.networks.adex_irregular` is run natively, on the ideal machine, with
each thing that the wafer does otherwise switched on alone, and on the wafer as it is. Rate and
irregularity are then followed over the noise of weights and over the share of synapses lost; and
neurons' rates are compared between trials on one chip and between chips.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..analysis import canvas
from ..analysis.statistics import cv_isi
from ..experiment import Experiment
from ..networks.adex_irregular import adex_irregular
from ..neuromorphic.brainscales1 import BrainScaleS1
from ..results import Check, Results
from ..runs import Runs
from ..settings import Setting
from ..units import ms, second  # type: ignore[attr-defined]

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..description.network import Network
    from ..recording import Recording

Values = NDArray[np.float64]

NOISES = (0.2, 0.35, 0.5, 0.75, 1.0)
LOSSES = (0.1, 0.2, 0.3, 0.4, 0.5)
NATIVE, IDEAL, ALL = "native", "ideal", "all"
# --quick: those that need no code of their own to be compiled, and few others
_FEWER = (0.5, 1.0), (0.2, 0.5)
_QUICK = ("parameter_ranges", "shared_reset", "digital_weights", "weight_noise", "fixed_delays",
          "input_bandwidth")  # fmt: skip
_LOSS_ALONE, _SPIKES_ALONE = 0.3, 0.1
_CV = (0.5, 1.2)
_IDLE = ("parameter_ranges", "shared_reset", "input_bandwidth")
_OURS = "this package: see docs/brainscales1.md"
_E, _I = "#3b6ea5", "#b3541e"
_LABELS = {
    "integrator": "Heun's method",
    "digital_parameters": "10-bit parameters",
    "parameter_ranges": "ranges of parameters",
    "shared_reset": "shared reset",
    "digital_weights": "4-bit weights",
    "shared_gain": "shared gains (float)",
    "weight_noise": "noise of weights",
    "fixed_delays": "fixed delays",
    "mapping_loss": "loss by mapping",
    "spike_bandwidth": "encoders",
    "input_bandwidth": "links' bandwidth",
    "fixed_pattern": "mismatch",
    "trial_potential_mv": "rewritten potentials",
    "trial_cv": "rewritten currents",
    "membrane_noise_mv": "membrane noise",
    "synapse_loss": f"{_LOSS_ALONE:.0%} of synapses lost",
    "l1_loss": f"{_SPIKES_ALONE:.0%} of spikes lost",
    "uncalibrated": "mismatch, uncalibrated",
    ALL: "all",
}


@dataclass(frozen=True)
class Found:
    """What excitatory (and inhibitory) neurons did in one run.

    ``rates`` (n,) in Hz are those of the excitatory neurons; ``rate`` and ``spread`` their mean
    and standard deviation; ``cv`` the mean CV of their intervals; ``inhibitory`` the inhibitory
    neurons' mean rate; ``loss`` the share of synapses that the mapping lost.
    """

    recording: Recording
    rates: Values
    rate: float
    spread: float
    cv: float
    inhibitory: float
    loss: float

    def metrics(self) -> dict[str, float]:
        """Return the numbers, JSON-able."""
        names = ("rate", "spread", "cv", "inhibitory", "loss")
        return {name: float(getattr(self, name)) for name in names}


def perform(runs: Runs, calibrated: bool = True) -> Results:
    """Simulate, check and draw."""
    network = adex_irregular(runs.scale, runs.seed)
    machine = BrainScaleS1(calibrated=calibrated, chip_seed=runs.seed)
    alone = _alone(runs, network, machine)
    noises, losses = _FEWER if runs.quick else (NOISES, LOSSES)
    ideal = BrainScaleS1.transparent(chip_seed=runs.seed)
    noise = _sweep(runs, network, ideal, "weight_noise", noises, alone[NATIVE])
    loss = _sweep(runs, network, ideal, "synapse_loss", losses, alone[NATIVE])
    alike = {
        "another trial": _simulate(runs, network, "another_trial", machine.but(trial_seed=1)),
        "another chip": _simulate(
            runs, network, "another_chip", machine.but(chip_seed=runs.seed + 1)
        ),
    }
    likeness = {
        name: float(np.corrcoef(alone[ALL].rates, one.rates)[0, 1]) for name, one in alike.items()
    }
    return Results(
        metrics={
            "alone": {name: one.metrics() for name, one in alone.items()},
            "weight_noise": {f"{x:g}": one.metrics() for x, one in noise.items()},
            "synapse_loss": {f"{x:g}": one.metrics() for x, one in loss.items()},
            "likeness_of_rates": likeness,
        },
        checks=_checks(runs, alone, noise, loss, likeness),
        figure=_figure(alone, noise, loss, alike["another trial"], alike["another chip"]),
        lines=_table(alone, likeness),
    )


def _alone(runs: Runs, network: Network, machine: BrainScaleS1) -> dict[str, Found]:
    ideal = BrainScaleS1.transparent(chip_seed=machine.chip_seed)
    switches: dict[str, dict[str, Any]] = {
        name: {name: value}
        for name, value in machine.imperfections().items()
        if name in _QUICK or not runs.quick
    }
    switches["synapse_loss"] = {"synapse_loss": _LOSS_ALONE}
    switches["l1_loss"] = {"l1_loss": _SPIKES_ALONE}
    switches["uncalibrated"] = {"fixed_pattern": True, "calibrated": False}
    found = {
        NATIVE: _simulate(runs, network, NATIVE, None),
        IDEAL: _simulate(runs, network, IDEAL, ideal),
    }
    for name, switch in switches.items():
        found[name] = _simulate(runs, network, name, ideal.but(**switch))
    found[ALL] = _simulate(runs, network, ALL, machine)
    return found


def _sweep(
    runs: Runs,
    network: Network,
    ideal: BrainScaleS1,
    setting: str,
    values: tuple[float, ...],
    native: Found,
) -> dict[float, Found]:
    found = {0.0: native}
    for value in values:
        name = f"{setting}-{value:g}".replace(".", "_")
        found[value] = _simulate(runs, network, name, ideal.but(**{setting: value}))
    return found


def _simulate(runs: Runs, network: Network, name: str, platform: BrainScaleS1 | None) -> Found:
    recording = runs.simulate(name, network, platform=platform)
    start, stop = recording.warmup_ms, recording.stop_ms
    means, cv = {}, float("nan")
    rates = np.empty(0)
    for population in ("E", "I"):
        n = recording.populations[population].size
        times, ids = recording.spikes(population, start)
        own = np.bincount(ids, minlength=n) * 1e3 / (stop - start)
        means[population] = float(own.mean())
        if population == "E":
            rates = own
            intervals = cv_isi(times, ids, n)
            cv = float(intervals.mean()) if intervals.size else cv
    asked = realised = 0
    if recording.platform is not None:
        for one in recording.platform.mapping["details"].get("synapses", {}).values():
            asked, realised = asked + one["requested"], realised + one["realised"]
    lost = 1 - realised / asked if asked else 0.0
    return Found(recording, rates, means["E"], float(rates.std()), cv, means["I"], lost)


def _checks(
    runs: Runs,
    alone: dict[str, Found],
    noise: dict[float, Found],
    loss: dict[float, Found],
    likeness: dict[str, float],
) -> list[Check]:
    native = alone[NATIVE].recording
    same = _same(native, alone[IDEAL].recording)
    checks = [Check.holds("the ideal machine gives native's spikes", same)]
    if runs.scale <= 1:
        same = all(_same(native, alone[name].recording) for name in _IDLE)
        checks.append(Check.holds(f"so do {', '.join(_IDLE)}: nothing is beyond them", same))
    for x, one in loss.items():
        # binomial, 5 standard deviations of the least number of synapses that there are
        checks.append(Check.near(f"synapses lost at {x:g}", one.loss, x, absolute=0.01))
    if runs.quick:
        return checks
    steps = np.diff([one.spread for one in noise.values()])
    checks.append(Check.between("least growth of the spread of rates (Hz) over the noise of "
                                "weights", steps.min(), 0.0, source=_OURS))  # fmt: skip
    steps = np.diff([one.spread for one in loss.values()])
    checks.append(Check.between("the same over the share of synapses lost", steps.min(), 0.0,
                                source=_OURS))  # fmt: skip
    cv = [one.cv for one in alone.values()]
    for word, value in (("least", min(cv)), ("largest", max(cv))):
        checks.append(Check.between(f"{word} CV of intervals", value, *_CV, source=_OURS))
    apart = likeness["another trial"] - likeness["another chip"]
    checks.append(Check.between("rates: likeness of trials minus that of chips", apart, 0.2,
                                source=_OURS))  # fmt: skip
    return checks


def _same(one: Recording, other: Recording) -> bool:
    """Return whether all spikes are the same."""
    return all(
        np.array_equal(a, b)
        for population in ("E", "I")
        for a, b in zip(one.spikes(population), other.spikes(population), strict=True)
    )


def _table(alone: dict[str, Found], likeness: dict[str, float]) -> list[str]:
    head = f"{'switched on':24} {'E (Hz)':>7} {'spread':>7} {'CV':>5} {'I (Hz)':>7} {'lost':>6}"
    lines = ["", head]
    for name, one in alone.items():
        lines.append(
            f"{_LABELS.get(name, name):24} {one.rate:7.2f} {one.spread:7.2f} {one.cv:5.2f} "
            f"{one.inhibitory:7.2f} {one.loss:6.1%}"
        )
    return [*lines, *(f"likeness of rates, {k}: {v:.2f}" for k, v in likeness.items())]


def _figure(
    alone: dict[str, Found],
    noise: dict[float, Found],
    loss: dict[float, Found],
    trial: Found,
    chip: Found,
) -> Figure:
    with canvas.style():
        figure = canvas.figure(4.6)
        grid = figure.add_gridspec(2, 3, width_ratios=[1.25, 1.0, 1.0])
        bars = figure.add_subplot(grid[:, 0])
        _draw_alone(bars, alone)
        panels = [figure.add_subplot(grid[k // 2, 1 + k % 2]) for k in range(4)]
        _draw_sweep(panels[0], noise, "Noise of weights (relative s.d.)")
        _draw_sweep(panels[1], loss, "Share of synapses lost")
        _draw_rates(panels[2], alone)
        _draw_likeness(panels[3], alone[ALL], trial, chip)
        for axes, text in zip([bars, *panels], "ABCDE", strict=True):
            canvas.letter(axes, text)
    return figure


def _draw_alone(axes: Axes, alone: dict[str, Found]) -> None:
    native = alone[NATIVE]
    shown = [name for name in alone if name not in (NATIVE, IDEAL)]
    rows = np.arange(len(shown))[::-1]
    for values, colour, label in (
        ([alone[n].rate / native.rate for n in shown], _E, "mean"),
        ([alone[n].spread / native.spread for n in shown], "0.6", "spread"),
    ):
        axes.plot(values, rows, "o", color=colour, markersize=3, label=label)
    axes.axvline(1.0, color="0.8", linewidth=0.6, zorder=0)
    axes.set_yticks(rows, [_LABELS.get(name, name) for name in shown])
    axes.set(xscale="log", xlabel="Rates of E / native")
    axes.set_xticks([0.7, 1, 2, 5], ["0.7", "1", "2", "5"])
    axes.minorticks_off()
    axes.set_title("Each alone")
    axes.legend()


def _draw_sweep(axes: Axes, found: dict[float, Found], label: str) -> None:
    x = list(found)
    mean, spread = (np.array([getattr(f, n) for f in found.values()]) for n in ("rate", "spread"))
    axes.fill_between(x, np.maximum(mean - spread, 0), mean + spread, color=_E, alpha=0.2, lw=0)
    axes.plot(x, mean, "o-", color=_E, markersize=3)
    axes.set(xlabel=label, ylabel="Rate (Hz)", ylim=(0, None))
    right = axes.twinx()
    right.plot(x, [one.cv for one in found.values()], "s--", color=_I, markersize=2.5)
    right.set_ylim(0, 1.2)
    right.set_ylabel("CV", color=_I)


def _draw_rates(axes: Axes, alone: dict[str, Found]) -> None:
    top = float(np.quantile(alone["uncalibrated"].rates, 0.95))
    bins = np.linspace(0, max(top, 1.0), 31).tolist()
    for name, colour in ((NATIVE, "0.4"), (ALL, _E), ("uncalibrated", _I)):
        axes.hist(alone[name].rates, bins, histtype="step", color=colour, label=name)
    axes.set(xlabel="Rate (Hz)", ylabel="Neurons")
    axes.legend(loc="upper right", handlelength=1.0)


def _draw_likeness(axes: Axes, first: Found, trial: Found, chip: Found) -> None:
    for one, colour, label in ((chip, "0.7", "another chip"), (trial, _E, "another trial")):
        axes.plot(first.rates, one.rates, ".", color=colour, markersize=1.5, label=label)
    top = 1.5 * float(max(first.rates.max(), trial.rates.max(), chip.rates.max(), 1.0))
    axes.set(xlabel="Rate on a chip (Hz)", ylabel="Rate (Hz)", ylim=(0, top))
    axes.legend(loc="upper left", markerscale=4.0)


experiment = Experiment(
    perform=perform,
    duration=3 * second,
    warmup=500 * ms,
    dt=0.1 * ms,
    scale=1.0,
    description="an irregular AdEx network on BrainScaleS-1: each distortion alone, and together",
    reference="distortions after Petrovici et al. (2014), PLoS ONE 9:e108590",
    parameters=(
        Setting("calibrated", True, "whether the wafer's circuits are, with all together"),
    ),
    shortest=200 * ms,
    quick={"scale": 0.2, "duration": 500 * ms, "warmup": 100 * ms},
)

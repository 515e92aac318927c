"""The cortical microcircuit on SpiNNaker, at 0.1 ms and at 1 ms, against the native engine.

What the machine's numbers, order and limits do to rates and correlations is told from what the
time step does, and from what another seed does. Boards and energy per synaptic event stand beside
those that were published for this network; other ways to place it are planned and priced, not run.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..analysis import canvas
from ..analysis.comparison import Comparison, compare
from ..analysis.comparison_totals import totals
from ..analysis.train_comparison import STATISTICS, Looks
from ..experiment import Experiment
from ..networks.microcircuit import POPULATIONS, microcircuit
from ..neuromorphic.spinnaker import SpiNNaker
from ..neuromorphic.workload import Workload
from ..results import Check, Results
from ..runs import Runs
from ..settings import Setting
from ..simulation import Simulation
from ..units import ms, second  # type: ignore[attr-defined]

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from ..recording import Recording

Values = NDArray[np.float64]

NATIVE, SEED, COARSE = "native", "other_seed", "native_1ms"
FINE_MACHINE, COARSE_MACHINE = "spinnaker", "spinnaker_1ms"
_LABELS = {
    NATIVE: "native, 0.1 ms",
    SEED: "the same, another seed",
    COARSE: "native, 1 ms",
    FINE_MACHINE: "SpiNNaker, 0.1 ms",
    COARSE_MACHINE: "SpiNNaker, 1 ms",
}
_COLOURS = {
    NATIVE: "black", SEED: "0.6", COARSE: "#56B4E9", FINE_MACHINE: "#D55E00",
    COARSE_MACHINE: "#E69F00",
}  # fmt: skip
_DASHED = (SEED, COARSE)
_SHOWN = ("L23E", "L4E", "L5E", "L6E")
# microjoules per synaptic event, boards, of the same network at full scale
PUBLISHED = {
    "Rhodes 2020": (0.63, 12),
    "van Albada 2018, 20 x slower": (4.4, 6),
}
LARGEST_ALBADA = 5.9  # of that paper's abstract
_RHODES = "Rhodes et al. 2020: 12 boards, 0.63 (Poisson)"
_ALBADA = "van Albada et al. 2018: 6 boards, 4.4 to 5.9"
# How many neurons those authors had on a core is an assumption here.
DEFAULT_CORES, SLOW = "256 neurons a core", "80 a core, 20 x slower"
PLANNED: dict[str, dict[str, float]] = {
    DEFAULT_CORES: {},
    SLOW: {"neurons_per_core": 80, "time_scale_factor": 20.0},
}


@dataclass(frozen=True)
class Placed:
    """What a placement takes: boards, chips, cores; µJ per synaptic event, and watts."""

    boards: float
    chips: float
    cores: float
    microjoules: float
    watts: float

    @classmethod
    def of(cls, resources: dict[str, Any], price: dict[str, Any]) -> Placed:
        """Take the numbers from a mapping report and an account of energy."""
        hardware = (float(resources.get(n, np.nan)) for n in ("boards", "chips", "cores"))
        joules, watts = price.get("energy_per_event"), price.get("mean_power")
        return cls(
            *hardware,
            microjoules=np.nan if joules is None else 1e6 * float(joules),
            watts=np.nan if watts is None else float(watts),
        )


@dataclass(frozen=True)
class Found:
    """A simulation; ``comparison`` is with the native one at 0.1 ms, None for that one itself."""

    recording: Recording
    comparison: Comparison | None = None

    @property
    def placed(self) -> Placed | None:
        """What it took of the machine; None without one."""
        platform = self.recording.platform
        if platform is None:
            return None
        return Placed.of(platform.mapping["resources"], platform.execution["energy"])

    def metrics(self) -> dict[str, Any]:
        """Return the numbers, JSON-able."""
        found: dict[str, Any] = {"rates_hz": self.recording.rates()}
        if self.comparison is not None:
            found["against_native"] = totals(self.comparison).as_dict()
        if self.recording.platform is not None:
            account = self.recording.platform.execution
            found |= {"placed": vars(self.placed), "counters": account.get("counters", {})}
        return found


def perform(
    runs: Runs, coarse: bool = True, slower: float = 1.0, neurons_per_core: int = 64
) -> Results:
    """Simulate natively and as SpiNNaker, compare and draw."""
    own = {"time_scale_factor": slower, "neurons_per_core": neurons_per_core}
    found = {
        name: Found(one, None if name == NATIVE else compare(first, one))
        for first, (name, one) in _simulated(runs, coarse, own)
    }
    workload = Workload.of_recording(found[FINE_MACHINE].recording)
    planned = {name: plan(runs, workload, settings) for name, settings in PLANNED.items()}
    placed = {_LABELS[n]: one.placed for n, one in found.items() if one.placed is not None}
    placed |= {f"planned: {name}": one for name, one in planned.items()}
    as_published = runs.scale == 1 and slower == 1 and neurons_per_core == 64
    return Results(
        metrics={name: one.metrics() for name, one in found.items()}
        | {"planned": {name: vars(one) for name, one in planned.items()}},
        checks=[] if runs.quick else _checks(found, planned if as_published else {}),
        figure=_figure(found, placed),
        lines=[*_table(found), *_placed_table(placed)],
    )


def _simulated(
    runs: Runs, coarse: bool, own: dict[str, Any]
) -> Iterator[tuple[Recording, tuple[str, Recording]]]:
    """Yield the native recording at 0.1 ms with the name and recording of each simulation."""
    first = runs.simulate(NATIVE, microcircuit(runs.scale, runs.seed), platform=None)
    yield first, (NATIVE, first)
    other = microcircuit(runs.scale, runs.seed + 1)
    yield first, (SEED, runs.simulate(SEED, other, platform=None))
    network = microcircuit(runs.scale, runs.seed)
    machine = SpiNNaker(**own)
    yield first, (FINE_MACHINE, runs.simulate(FINE_MACHINE, network, platform=machine))
    if coarse:
        machine = SpiNNaker(neurons_per_core=own["neurons_per_core"])
        for name, platform in ((COARSE, None), (COARSE_MACHINE, machine)):
            network = microcircuit(runs.scale, runs.seed)
            yield first, (name, runs.simulate(name, network, dt=1 * ms, platform=platform))


def plan(runs: Runs, workload: Workload, settings: dict[str, Any]) -> Placed:
    """Place the network otherwise without running it, and price there what was done elsewhere."""
    machine = SpiNNaker(**settings)
    network = microcircuit(runs.scale, runs.seed)
    simulation = Simulation(
        network, dt=runs.dt, platform=machine, record=False, communicator=runs.communicator
    )
    resources = (simulation.mapping or {})["resources"]
    counted = {k: float(v) for k, v in resources.items() if k in ("boards", "chips", "cores")}
    there = replace(workload, resources=counted)
    return Placed.of(resources, machine.price(there).as_dict())


def _checks(found: dict[str, Found], planned: dict[str, Placed]) -> list[Check]:
    fine, seed = found[FINE_MACHINE].comparison, found[SEED].comparison
    placed, checks = found[FINE_MACHINE].placed, []
    if fine is not None and seed is not None:
        for name in POPULATIONS:
            one, chance = fine.populations[name].rate, seed.populations[name].rate
            margin = 3 * abs(chance.shift) + 0.1 * one.mean_a
            checks.append(
                Check.near(f"{name}: rate (Hz), SpiNNaker at 0.1 ms", one.mean_b, one.mean_a,
                           absolute=margin, source="native: 10 % and what another seed does")
            )  # fmt: skip
    if planned and placed is not None:
        slow = planned[SLOW]
        checks += [
            Check.near("boards, real time", placed.boards, 12, absolute=2, source=_RHODES),
            Check.near("µJ per event, real time", placed.microjoules, 0.63, relative=0.2,
                       source=_RHODES),
            Check.near("boards, 20 x slower", slow.boards, 6, absolute=2, source=_ALBADA),
            Check.between("µJ per event, 20 x slower", slow.microjoules, 0.8 * 4.4,
                          1.2 * LARGEST_ALBADA, source=_ALBADA),
        ]  # fmt: skip
    return checks


def _table(found: dict[str, Found]) -> list[str]:
    lines = ["", f"{'':24} rate (Hz)  KS rate     CV  KS corr.  saturated  late spikes"]
    for name, one in found.items():
        cells = f"{_LABELS[name]:24}"
        if one.comparison is None:
            rates, sizes = one.recording.rates(), one.recording.neurons
            every = sum(p.size for p in sizes.values())
            lines.append(f"{cells} {sum(r * sizes[n].size for n, r in rates.items()) / every:9.3f}")
            continue
        all_of = totals(one.comparison)
        cells += f" {all_of.rate_b:9.3f}  {all_of.rate_ks:7.3f}  {all_of.cv_shift:+5.2f}"
        cells += f"  {all_of.correlation_ks:8.3f}"
        if one.recording.platform is not None:
            counters = one.recording.platform.execution["counters"]
            cells += f"  {counters['Times_synaptic_weights_have_saturated']:9,}"
            cells += f"  {counters['Number_of_late_spikes']:11,}"
        lines.append(cells)
    return [*lines, "KS: largest distance of a population to native, 0.1 ms; CV: mean shift"]


def _placed_table(placed: dict[str, Placed]) -> list[str]:
    lines = ["", f"{'':40} boards  cores  power (W)  µJ per synaptic event"]
    for name, one in placed.items():
        cells = f"{one.boards:6.0f}  {one.cores:5.0f}  {one.watts:9.1f}  {one.microjoules:21.2f}"
        lines.append(f"{name:40} {cells}")
    for name, (energy, boards) in PUBLISHED.items():
        lines.append(f"{'published: ' + name:40} {boards:6}  {'':16}  {energy:21.2f}")
    return lines


def _figure(found: dict[str, Found], placed: dict[str, Placed]) -> Figure:
    with canvas.style():
        figure = canvas.figure(3.9)
        axes = figure.subplots(2, len(_SHOWN) + 1, width_ratios=[*[1] * len(_SHOWN), 1.5])
        for column, name in enumerate(_SHOWN):
            for row, statistic in enumerate(("rate", "correlation")):
                _distribution(axes[row, column], found, name, statistic)
            axes[0, column].set_title(name)
            axes[0, column].set_xlabel("Rate (Hz)")
            axes[1, column].set_xlabel("Correlation")
        axes[0, 0].set_ylabel("Share of neurons")
        axes[1, 0].set_ylabel("Share of pairs")
        _rates(axes[0, -1], found)
        _energy(axes[1, -1], placed)
        for panel, letter in zip((axes[0, 0], axes[1, 0], *axes[:, -1]), "ABCD", strict=True):
            canvas.letter(panel, letter)
        handles, labels = axes[0, 0].get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside upper center", ncols=len(found))
    return figure


def _distribution(axes: Axes, found: dict[str, Found], name: str, statistic: str) -> None:
    """Draw the distribution of each simulation; native at 1 ms may lie beyond the panel."""
    highest = 0.0
    for which, one in found.items():
        run = one.recording
        looks = Looks(run.warmup_ms, run.stop_ms)
        n = run.populations[name].size
        values = np.sort(STATISTICS[statistic](run.spikes(name), n, looks))
        if values.size:
            share = np.arange(1, values.size + 1) / values.size
            style = "--" if which in _DASHED else "-"
            axes.plot(values, share, style, color=_COLOURS[which], label=_LABELS[which])
            if which != COARSE:
                highest = max(highest, float(np.percentile(values, 99)))
    axes.set_ylim(0, 1.02)
    if highest > 0:
        axes.set_xlim(0 if statistic == "rate" else -highest / 4, highest)


def _rates(axes: Axes, found: dict[str, Found]) -> None:
    for which, one in found.items():
        rates = one.recording.rates()
        axes.plot([rates[name] for name in POPULATIONS], range(len(POPULATIONS)), "o",
                  color=_COLOURS[which], markersize=3.5, alpha=0.8)  # fmt: skip
    axes.set_yticks(range(len(POPULATIONS)), list(POPULATIONS))
    axes.set(xlabel="Mean rate (Hz)", xlim=(0, None))
    axes.invert_yaxis()


def _energy(axes: Axes, placed: dict[str, Placed]) -> None:
    """Draw the energy per synaptic event beside the published ones; pale: planned, not run."""
    bars = [(name, one.microjoules, one.boards, "#D55E00") for name, one in placed.items()]
    bars += [(name, energy, boards, "0.75") for name, (energy, boards) in PUBLISHED.items()]
    shown = [energy for _, energy, *_ in bars if np.isfinite(energy)]
    for row, (name, energy, boards, colour) in enumerate(bars):
        if np.isfinite(energy):
            solid = not name.startswith("planned")
            axes.barh(row, energy, color=colour, height=0.7, alpha=1.0 if solid else 0.5)
            words = f" {boards:.0f} board{'s' if boards != 1 else ''}"
            axes.text(energy, row, words, va="center", fontsize=6)
    labels = [name.removeprefix("planned: ").replace(", ", ",\n") for name, *_ in bars]
    axes.set_yticks(range(len(bars)), labels)
    axes.tick_params(axis="y", labelsize=5.5)
    axes.set(xlabel="µJ per synaptic event", xscale="log", xlim=(0.1, 8 * max(shown)))
    axes.invert_yaxis()


experiment = Experiment(
    perform=perform,
    scale=0.1,
    duration=2 * second,
    warmup=500 * ms,
    dt=0.1 * ms,
    description="the cortical microcircuit on SpiNNaker at 0.1 and 1 ms against native: rates, "
    "correlations, boards, energy",
    reference="van Albada et al. (2018), Front. Neurosci. 12:291; Rhodes et al. (2020), "
    "Phil. Trans. R. Soc. A 378:20190160",
    parameters=(
        Setting("coarse", True, "also at 1 ms"),
        Setting("slower", 1.0, "wall time over biological time at 0.1 ms", low=1.0),
        Setting("neurons_per_core", 64, "most neurons of a core", low=1, high=256),
    ),
    quick={"scale": 0.02, "duration": 300 * ms, "warmup": 100 * ms},
)

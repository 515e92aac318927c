"""BrainScaleS-2 as a platform: settings, mapping, and the account of a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from ...engines.base import Engine
from ...lowering.machine_program import MachineCounts
from ..costs import CostModel, Figure
from ..draft import Draft
from ..energy import brainscales2_costs
from ..engine import PlatformEngine, RunFacts
from ..knobs import Assumption, knob
from ..platform import Machine, Pass
from ..quantise import total_synapses
from ..report import Rounded
from . import facts
from .circuits import KEY, NOISE, outside, translate
from .readout import ReadoutEngine
from .sensors import learning
from .wiring import delays, weights

if TYPE_CHECKING:
    from ...description.network import Network
    from ...lowering.program import Program

_LAST_SITE = 4095  # of the random numbers of a population; trials use the upper half
_TRIALS = 2047


@dataclass(frozen=True, kw_only=True)
class BrainScaleS2(Machine):
    """One chip of 512 analog neurons, a thousand times faster than biology.

    Times of parameters are biological; the chip's are these divided by ``speedup``. Spreads are
    standard deviations from circuit to circuit before calibration, the same in every trial with
    one ``chip_seed``; what differs between trials follows from ``trial_seed``.

    Examples
    --------
    >>> BrainScaleS2(chip_seed=7).spread("time_spread")
    0.045
    """

    name: ClassVar[str] = "brainscales2"
    summary: ClassVar[str] = (
        "accelerated analog neurons, 6-bit synapses without delays, learning on the chip"
    )
    approximations: ClassVar[dict[str, str]] = {
        "background": "Poisson inputs of more events than the chip's generators can make",
        "clipped_parameters": "parameters out of the calibration's range become the nearest in it",
        "currents": "injected currents, which the chip cannot vary in time, run as described",
        "delays": "delays are left out",
        "learning": "other synapse models and rules run as described",
        "more_chips": "as many chips as the neurons need, whose links cost nothing",
        "operations": "statements run at intervals on neurons run as described",
        "other_models": "neuron models that the chip has no circuit for run as described",
        "structure": "synapses come and go as described",
        "synapse_loss": "synapses that find no row are lost",
    }
    constants: ClassVar[tuple[Assumption, ...]] = (
        Assumption(
            "rows by fan-in", "largest excitatory plus largest inhibitory fan-in of an array",
            "rows needed, if every row can be shared by sources; buses and labels are not routed",
            "U", "this package", False,
        ),
    )  # fmt: skip

    speedup: float = knob(
        float(facts.SPEEDUP), "biological time per hardware time", fact="C",
        source="HCO, PNB", low=1.0, high=1e5,
    )  # fmt: skip
    offset_us: float = knob(
        0.0, "hardware time that loading and reading out a run are counted with, us", low=0.0
    )
    chips: int = knob(
        1, "chips that share the neurons; links between them cost nothing", fact="choice",
        low=1, high=100_000,
    )  # fmt: skip
    circuits_per_neuron: int = knob(
        1, "neuron circuits joined to one neuron, which share its inputs", fact="U",
        source="this package", low=1, high=64,
    )  # fmt: skip
    least_realised: float = knob(
        0.25, "share of the synapses that must find a place, where some may be lost", low=0.0,
        high=1.0,
    )  # fmt: skip
    limits: bool = knob(
        True, "what the chip lacks or has no room for is refused", fact="C", source="HCO, PNB",
        imperfection=True, ideal=False,
    )  # fmt: skip
    delays: str = knob(
        "none", "delays of synapses: none, as on the chip, or as described", fact="C",
        source="PNB", choices=("none", "as described"), imperfection=True, ideal="as described",
    )  # fmt: skip
    event_delay_us: float = knob(
        0.0, "hardware time from a spike to its effect, us, in whole steps", fact="U",
        source="this package", low=0.0,
    )  # fmt: skip
    translate: bool = knob(
        True, "parameters are brought into range and onto their steps", fact="C", source="CALIX",
        imperfection=True, ideal=False,
    )  # fmt: skip
    codes: str = knob(
        "geometric", "how 10-bit codes are spread over time constants", fact="U",
        source="this package", choices=("geometric", "inverse"),
    )  # fmt: skip
    leak_target: int = knob(
        facts.LEAK, "reading at the resting potential, LSB", fact="C", source="CALIX", low=50,
        high=160,
    )  # fmt: skip
    reset_target: int = knob(
        facts.RESET, "reading at the reset where it is above threshold to leak, LSB", fact="C",
        source="CALIX", low=50, high=160,
    )  # fmt: skip
    threshold_target: int = knob(
        facts.THRESHOLD, "reading at the threshold, LSB", fact="C", source="CALIX", low=50,
        high=220,
    )  # fmt: skip
    adex_target: int = knob(
        220, "reading at the potential at which an AdEx neuron's spike is counted, LSB", fact="U",
        source="this package", low=100, high=220,
    )  # fmt: skip
    quantise_weights: bool = knob(
        True, "weights are whole steps of 6 bits and a sign", fact="C", source="HCO, PNB",
        imperfection=True, ideal=False,
    )  # fmt: skip
    synapses_per_weight: int = knob(
        1, "synapses that the strongest weight of a receptor is split over", low=1, high=16
    )
    calibrated: bool = knob(
        True, "spreads are 0.3 of those before calibration", fact="C", source="CALIX tests"
    )
    potential_spread: float = knob(
        4.0, "of potentials, LSB", fact="U", source="this package", low=0.0, high=100.0,
        imperfection=True, ideal=0.0,
    )  # fmt: skip
    time_spread: float = knob(
        0.15, "of time constants, relative", fact="U", source="this package", low=0.0, high=2.0,
        imperfection=True, ideal=0.0,
    )  # fmt: skip
    strength_spread: float = knob(
        0.2, "of a neuron's synaptic inputs, relative", fact="U", source="this package", low=0.0,
        high=2.0, imperfection=True, ideal=0.0,
    )  # fmt: skip
    weight_spread: float = knob(
        0.1, "of single synapses, relative, which calibration leaves", fact="U",
        source="this package", low=0.0, high=2.0, imperfection=True, ideal=0.0,
    )  # fmt: skip
    sensor_spread: float = knob(
        0.2, "of amplitudes and time constants of correlation sensors, relative", fact="U",
        source="this package", low=0.0, high=2.0, imperfection=True, ideal=0.0,
    )  # fmt: skip
    capmem_dither: int = knob(
        facts.CAPMEM_DITHER, "codes by which an analog cell can miss, another in every trial",
        fact="C", source="CALIX", low=0, high=100, imperfection=True, ideal=0,
    )  # fmt: skip
    codes_per_lsb: float = knob(
        4.0, "codes of a potential's cell that are one LSB of the CADC", fact="U",
        source="this package", low=1.0, high=64.0,
    )  # fmt: skip
    membrane_noise: float = knob(
        0.5, "standard deviation of a resting membrane, LSB", fact="U", source="this package",
        low=0.0, high=100.0, imperfection=True, ideal=0.0,
    )  # fmt: skip
    cadc: bool = knob(
        True, "recorded membranes and sensors are 8-bit readings", fact="C", source="HCO, CALIX",
        imperfection=True, ideal=False,
    )  # fmt: skip
    readout_noise: float = knob(
        facts.READOUT_NOISE, "standard deviation of a reading, LSB", fact="C", source="CALIX",
        low=0.0, high=50.0, imperfection=True, ideal=0.0,
    )  # fmt: skip
    chip_seed: int = knob(1, "which chip: what does not change between trials", low=0, high=2**63)
    trial_seed: int = knob(0, "which trial: what changes between them", low=0, high=_TRIALS)
    power_w: float = knob(
        facts.MNIST_ENERGY / facts.MNIST_TIME, "power of a chip at work, W", fact="Cx",
        source="Goeltz; REN", low=0.0, high=1e3,
    )  # fmt: skip

    def spread(self, name: str) -> float:
        """Return a spread as it is on this chip: calibrated or not."""
        raw = float(getattr(self, name))
        return float(f"{raw * facts.CALIBRATED_SHARE:.15g}") if self.calibrated else raw

    def permits(self, name: str) -> bool:
        """Return whether the user allows an approximation."""
        return name in self.allow or "all" in self.allow

    def prepare(self, network: Network, dt: Any) -> Network:
        """Return the network with the parameters that the chip's circuits have."""
        spreads = (self.potential_spread, self.time_spread, self.capmem_dither)
        wanted = (self.limits, self.translate, *spreads, self.cadc, self.membrane_noise)
        if not any(wanted):
            return network
        return translate(self, network, dt)

    def passes(self) -> Sequence[Pass]:
        """Return the steps of the mapping, in order."""
        return (_neurons, _readings, _inputs, delays, learning, weights)

    def _engine(self, inner: Engine, draft: Draft) -> Engine:
        return ReadoutEngine(inner, draft) if self.cadc else PlatformEngine(inner, draft)

    def cost_model(self) -> CostModel:
        """Return what time and energy the chip takes; events cost nothing beyond its power."""
        watts = Figure(self.power_w, "Cx", "Goeltz; REN")
        return brainscales2_costs(self.speedup, offset=self.offset_us * 1e-6, watts=watts)

    def account(self, draft: Draft, counts: MachineCounts | None, run: RunFacts) -> dict[str, Any]:
        """Return hardware time, energy and event rates of a run; see :meth:`Machine.account`."""
        found = super().account(draft, counts, run)
        biological = run.steps * run.dt
        took = facts.hardware_seconds(biological, self.speedup) + self.offset_us * 1e-6
        chips = draft.report.resources.get("chips", self.chips)
        spikes = sum(run.spikes.values())
        return found | {
            "biological time (s)": biological,
            "hardware time (s)": took,
            "speed-up": self.speedup,
            "energy (J)": self.power_w * chips * took,
            "energy (J) at the prototype's 57 mW": facts.PONG_POWER * chips * took,
            "spikes": spikes,
            "spikes per hardware second": spikes / took if took else 0.0,
            "synaptic events": sum(run.events.values()),
        }


def _neurons(draft: Draft) -> None:
    """Take over what was found before lowering, and see whether the circuits suffice."""
    machine: BrainScaleS2 = draft.machine  # type: ignore[assignment]
    notes = draft.program.description.get(KEY, {})
    draft.facts["scales"] = notes.get("scales", {})
    for row in notes.get("rounded", []):
        draft.report.rounded.append(_rounded(row))
    draft.report.approximated += [tuple(row) for row in notes.get("approximated", [])]
    for text in notes.get("remarks", []):
        draft.report.note(text)
    for row in notes.get("obstacles", []):
        draft.report.obstacle(*row)
    first, used = {}, 0
    for population in draft.program.populations:
        if not outside(population.code.name):
            first[population.name] = used
            used += population.size * machine.circuits_per_neuron
    needed = max(1, -(-used // facts.NEURONS))
    chips = max(machine.chips, needed if machine.permits("more_chips") else 1)
    draft.facts |= {"first": first, "circuits": used, "chips": chips}
    draft.report.resources |= {
        "chips": needed,
        "neuron circuits": used,
        "neuron circuits available": facts.NEURONS * chips,
    }
    if not machine.limits:
        return
    if needed > machine.chips:
        text = f"{used} circuits are needed"
        if not draft.allowed("more_chips", "neurons", f"{text}, {needed} chips"):
            draft.report.obstacle(
                "neurons",
                text,
                f"{machine.chips} chip(s) have {facts.NEURONS * machine.chips}",
                f"Use fewer neurons, or chips={needed}, which leaves out what the links between "
                "chips cost, or allow='more_chips'.",
            )
    _synapses(draft, facts.SYNAPSES * max(chips, needed))


def _synapses(draft: Draft, available: int) -> None:
    """Refuse networks of which the chips would have but a small part; they are not drawn."""
    machine: BrainScaleS2 = draft.machine  # type: ignore[assignment]
    expected = sum(total_synapses(draft, p) for p in draft.program.projections)
    draft.facts["drawn"] = expected * machine.least_realised <= available
    if not draft.facts["drawn"]:
        draft.report.obstacle(
            "synapses",
            f"{expected} synapses",
            f"the chips that the neurons need have {available}",
            "Give neurons fewer inputs or more circuits (circuits_per_neuron); least_realised says "
            "how much may be lost at most.",
        )


def _rounded(row: dict[str, Any]) -> Rounded:
    lists = {name: tuple(row[name]) for name in ("edges", "histogram")}
    return Rounded(**{**row, **lists})


def _readings(draft: Draft) -> None:
    """Say what the converters cannot do as well as the recording may seem to."""
    machine: BrainScaleS2 = draft.machine  # type: ignore[assignment]
    spread = machine.spread("potential_spread")
    if spread > facts.CADC_SPREAD_WARNING:
        draft.report.note(
            f"potentials differ by {spread:.3g} LSB from circuit to circuit; calibration warns "
            f"above {facts.CADC_SPREAD_WARNING:g}"
        )
    if not machine.cadc:
        return
    low, high = facts.CADC_TRUSTED
    for recorder in draft.program.state_recorders:
        if recorder.variable != "v" or recorder.population not in draft.facts["scales"]:
            continue
        every = recorder.every * draft.program.dt / machine.speedup
        if every < 1.0 / facts.CADC_RATE:
            draft.report.note(
                f"v of {recorder.population!r} is recorded every {every * 1e6:.3g} us of the chip; "
                f"a converter takes {1e6 / facts.CADC_RATE:.3g} us for a sample"
            )
        draft.report.note(f"readings below {low} or above {high} LSB are not to be trusted")


def _inputs(draft: Draft) -> None:
    """Refuse inputs that the chip has not; give its own noise the stream of the trial."""
    machine: BrainScaleS2 = draft.machine  # type: ignore[assignment]
    program = draft.program
    draft.program = _noise_of_trial(program, machine.trial_seed)
    if not machine.limits:
        return
    unusual = (
        ("currents", [c.name for c in program.currents if not c.name.startswith(NOISE)]),
        ("operations", [o.name for o in program.operations]),
        ("structure", [s.projection for s in program.structures]),
    )
    for kind, names in unusual:
        for name in names:
            text = BrainScaleS2.approximations[kind]
            if not draft.allowed(kind, f"{kind}: {name}", text):
                draft.report.obstacle(
                    f"{kind}: {name!r}",
                    "it is declared",
                    "the chip has none",
                    f"Leave it out, or allow={kind!r}: {text}.",
                )
    _background(draft)


def _background(draft: Draft) -> None:
    """Compare the events of Poisson inputs with what the chip's generators make."""
    machine: BrainScaleS2 = draft.machine  # type: ignore[assignment]
    rate = 0.0
    for given in draft.program.poisson:
        if given.wave is None:
            tables = np.zeros(1, np.int64) if given.table is None else given.table
            own = float(given.mean[tables].mean()) if tables.size else 0.0
            rate += own * given.post.size / draft.program.dt * machine.speedup
    if not rate:
        return
    most = facts.GENERATORS * facts.GENERATOR_RATE * draft.facts["chips"]
    draft.report.resources["background events per hardware second"] = rate
    if rate > most and not draft.allowed(
        "background", "Poisson inputs", f"{rate:.4g} events per second; {most:.4g} can be made"
    ):
        draft.report.obstacle(
            "Poisson inputs",
            f"{rate:.4g} events per hardware second",
            f"{facts.GENERATORS} generators make {most:.4g}",
            "Use fewer or slower trains with larger weights, or allow='background'.",
        )


def _noise_of_trial(program: Program, trial: int) -> Program:
    """Return the program whose membrane noise is that of a trial."""
    site = _LAST_SITE - _TRIALS + trial
    changed = tuple(
        replace(c, noise=replace(c.noise, site=site))
        if c.noise is not None and c.name.startswith(NOISE)
        else c
        for c in program.currents
    )
    return replace(program, currents=changed)

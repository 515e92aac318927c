"""The platform: BrainScaleS-1 with its settings."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from ...lowering.machine_program import MachineCounts
from ..costs import CostModel
from ..draft import Draft
from ..energy import brainscales1_costs
from ..engine import RunFacts
from ..knobs import Assumption, knob
from ..platform import Machine, Pass
from . import circuits as c
from .account import spike_account, time_account
from .analog import set_parameters
from .currents import AS_CONDUCTANCE, currents_as_conductances
from .limits import OFFSET, offset_as_leak, place
from .lines import set_lines, thin_inputs
from .membrane import set_membranes
from .neurons import TRIALS
from .synapses import set_synapses
from .weights import GAINS

_BILL = "BILL table 1 (FACETS chip)"


@dataclass(frozen=True, kw_only=True)
class BrainScaleS1(Machine):
    """BrainScaleS-1: AdEx circuits on a wafer, a thousand to a hundred thousand times faster.

    Time is continuous on the wafer; results are in biological time, and the account of a run has
    both. ``docs/brainscales1.md`` says what is reproduced, modelled and assumed.

    Examples
    --------
    >>> machine = BrainScaleS1(denmems=1, weight_noise=0.5)
    >>> ideal_but_for_loss = BrainScaleS1.transparent(synapse_loss=0.3)
    """

    name: ClassVar[str] = "brainscales1"
    summary: ClassVar[str] = (
        "analog AdEx circuits on wafers, 10^4 times faster than biology: 4-bit weights, fixed "
        "delays, mismatch, loss of synapses and spikes"
    )
    approximations: ClassVar[dict[str, str]] = {
        AS_CONDUCTANCE: "synapses that are currents or jumps become conductances",
        OFFSET: "constant currents become shifts of the leak potential by I_e/g_L",
    }

    speedup: float = knob(
        1e4, "biological over wall time", fact="C", source="MAR/STH", low=1e3, high=1e5
    )
    wafers: int = knob(1, "wafers that may be used", low=1, high=c.WAFERS)
    denmems: int = knob(
        4, "membrane circuits joined to a neuron", fact="C", source="MAR",
        choices=(1, 2, 4, 8, 16, 32, 64),
    )  # fmt: skip
    inputs_per_denmem: int = knob(
        224, "synapses that a membrane circuit can have (220 to 224; for 64 joined ones assumed)",
        fact="C", source="GB", low=1, high=c.ROWS_PER_HALF,
    )  # fmt: skip
    capacitor: str = knob("big", "membrane capacitor: big or small", choices=("big", "small"))
    limits: bool = knob(True, "refuse what the wafers have no circuits or place for", ideal=False)
    integrator: str = knob(
        "heun", "how membranes advance: Heun's method, or as the native engine", fact="C",
        source="ESS", choices=("heun", "native"), imperfection=True, ideal="native",
    )  # fmt: skip
    integration_step_ms: float = knob(
        0.1, "longest step of Heun's method, biological ms; ESS divides it into parts of 0.01",
        fact="C", source="ESS", low=1e-3, high=1.0,
    )  # fmt: skip
    digital_parameters: bool = knob(
        True, "neuron parameters have 10 bits", fact="C", source="CALIB", imperfection=True,
        ideal=False,
    )  # fmt: skip
    parameter_ranges: bool = knob(
        True, "neuron parameters end at the circuits' ranges", fact="C", source="CAKE/CALIB",
        imperfection=True, ideal=False,
    )  # fmt: skip
    shortest_tau_syn_ms: float = knob(
        0.5, "shortest synaptic time constant, biological ms at a speed-up of 10^4", fact="U",
        low=0.01, high=5.0,
    )  # fmt: skip
    shortest_refractory_ms: float = knob(
        0.1, "shortest refractory period, biological ms at a speed-up of 10^4", fact="U",
        low=0.001, high=5.0,
    )  # fmt: skip
    current_law: str = knob(
        "proportional", "how 10-bit currents set times: their inverse is proportional to the "
        "current, the whole of which gives the shortest; or equal steps of the logarithm",
        fact="U", choices=("proportional", "geometric"),
    )  # fmt: skip
    largest_a_ns: float | None = knob(
        None, "largest subthreshold adaptation of 10 bits, biological nS; none: it is not rounded",
        fact="U", low=0.1, high=1e6,
    )  # fmt: skip
    largest_b_pa: float | None = knob(
        None, "largest spike-triggered adaptation of 10 bits, biological pA; none: not rounded",
        fact="U", low=0.1, high=1e6,
    )  # fmt: skip
    shared_reset: bool = knob(
        True, "128 circuits have one reset potential", fact="C", source="CALIB",
        imperfection=True, ideal=False,
    )  # fmt: skip
    digital_weights: bool = knob(
        True, "weights have 4 bits", fact="C", source="CALIB", imperfection=True, ideal=False
    )
    row_gains: str = knob(
        "four", "gains that rows can have: the four of a quadrant, or the default one", fact="C",
        source="CALIB", choices=("four", "default"),
    )  # fmt: skip
    shared_gain: bool = knob(
        True, "all rows of a projection on a chip have one gain; False: each synapse its best",
        fact="C", source="CALIB/MAR", imperfection=True, ideal=False,
    )  # fmt: skip
    rounding: str = knob(
        "stochastic", "how weights are rounded to the 4 bits", fact="C", source="CALIB/MAR",
        choices=("stochastic", "nearest"),
    )  # fmt: skip
    weight_noise: float = knob(
        0.2, "relative sd of synapses' weights, fixed on a chip: w max(0, N(1, sd))", fact="U",
        source="Petrovici 2014; off by default in ESS, 0.2 its example", low=0.0, high=2.0,
        imperfection=True, ideal=0.0,
    )  # fmt: skip
    fixed_delays: bool = knob(
        True, "delays are those of the wires, whatever is asked for", fact="C", source="ESS",
        imperfection=True, ideal=False,
    )  # fmt: skip
    l1_delay_ns: float = knob(
        80.0, "wall time from neuron to neuron, ns (120: two legs of 60 as measured)", fact="C",
        source="ESS", low=0.0, high=1e5,
    )  # fmt: skip
    l2_delay_ns: float = knob(
        500.0, "wall time from the host's spikes to neurons, ns", fact="C", source="ESS", low=0.0,
        high=1e5,
    )  # fmt: skip
    mapping_loss: bool = knob(
        True, "synapses beyond a neuron's fan-in or a chip's drivers are lost", fact="C",
        source="GB/MAR", imperfection=True, ideal=False,
    )  # fmt: skip
    synapse_loss: float = knob(
        0.0, "further share of synapses lost at random (studied up to 0.5)", fact="U",
        source="Petrovici 2014", low=0.0, high=1.0, ideal=0.0,
    )  # fmt: skip
    spike_bandwidth: bool = knob(
        True, "priority encoders and FPGAs send one spike after the other", fact="C",
        source="ESS", imperfection=True, ideal=False,
    )  # fmt: skip
    input_bandwidth: bool = knob(
        True, "external spikes beyond the links' bandwidth are left out", fact="C", source="MAR",
        imperfection=True, ideal=False,
    )  # fmt: skip
    stimulus_queue: int = knob(
        512, "external spikes that can wait at an FPGA", fact="U", low=1, high=2**30
    )
    l1_loss: float = knob(
        0.0, "share of spikes lost at random on the wafer", fact="U", low=0.0, high=1.0, ideal=0.0
    )
    fixed_pattern: bool = knob(
        True, "circuits differ from each other, the same in every trial", fact="C", source=_BILL,
        imperfection=True, ideal=False,
    )  # fmt: skip
    calibrated: bool = knob(True, "each circuit is calibrated: only a residual is left")
    residual: float = knob(
        0.2, "share of the spread that calibration leaves", fact="U", low=0.0, high=1.0
    )
    cut_spreads: bool = knob(
        True, "spreads end at the second figure of the table, pi over the mean", fact="U"
    )
    cv_threshold: float = knob(
        0.05, "relative sd of the threshold (potential on the chip)", fact="C", source=_BILL,
        low=0.0, high=0.3,
    )  # fmt: skip
    cv_reset: float = knob(
        0.1, "relative sd of the reset (potential on the chip)", fact="C", source=_BILL, low=0.0,
        high=0.3,
    )  # fmt: skip
    cv_leak: float = knob(
        0.5, "relative sd of the leak conductance", fact="C", source=_BILL, low=0.0, high=0.9
    )
    cv_refractory: float = knob(
        0.5, "relative sd of the refractory period", fact="C", source=_BILL, low=0.0, high=0.9
    )
    cv_tau_syn: float = knob(
        0.25, "relative sd of synaptic time constants", fact="C", source=_BILL, low=0.0, high=0.4
    )
    cv_capacitance: float = knob(
        0.1, "relative sd of the membrane capacitance", fact="C", source=_BILL, low=0.0, high=0.4
    )
    trial_potential_mv: float = knob(
        0.3, "sd of potentials each time floating gates are written, biological mV", fact="U",
        low=0.0, high=20.0, imperfection=True, ideal=0.0,
    )  # fmt: skip
    trial_cv: float = knob(
        0.02, "relative sd of conductances and times each time gates are written", fact="U",
        low=0.0, high=0.3, imperfection=True, ideal=0.0,
    )  # fmt: skip
    membrane_noise_mv: float = knob(
        0.2, "sd of the membrane's noise in time, biological mV", fact="U", low=0.0, high=20.0,
        imperfection=True, ideal=0.0,
    )  # fmt: skip
    rails: bool = knob(
        False, "membranes end at the span of the floating gates, -120 to 60 mV", fact="U",
        ideal=False,
    )  # fmt: skip
    exc_drive_mv: float = knob(
        60.0, "with current_as_conductance: excitatory reversal above half-way to threshold, mV",
        low=1.0, high=120.0,
    )  # fmt: skip
    inh_drive_mv: float = knob(
        25.0, "with current_as_conductance: inhibitory reversal below half-way to threshold, mV",
        low=1.0, high=120.0,
    )  # fmt: skip
    jump_tau_ms: float = knob(
        1.0, "with current_as_conductance: time constant of the current in place of a jump, ms",
        low=0.5, high=15.0,
    )  # fmt: skip
    chip_seed: int = knob(0, "which chip: its mismatch and weight noise", low=0, high=2**63 - 1)
    mapping_seed: int = knob(0, "of stochastic rounding and loss", low=0, high=2**63 - 1)
    trial_seed: int = knob(0, "which trial: rewriting, noise in time", low=0, high=TRIALS - 1)

    constants: ClassVar[tuple[Assumption, ...]] = (
        Assumption(
            "drivers", "one line each", "a synapse driver serves one line of at most 63 neurons, "
            "and gives a neuron of n circuits n synapses (2 if n is 1) of that line; where drivers "
            "run out, those that serve most synapses are there", "U", changeable=False,
        ),
    )  # fmt: skip

    @property
    def gain_factors(self) -> tuple[float, ...]:
        """Gains that a row can have, relative to the default one."""
        return tuple(gain.factor for gain in GAINS) if self.row_gains == "four" else (1.0,)

    def passes(self) -> Sequence[Pass]:
        """Return the steps of the mapping, in order."""
        return (
            currents_as_conductances, place, offset_as_leak, set_parameters,
            set_synapses, thin_inputs, set_lines, set_membranes,
        )  # fmt: skip

    def cost_model(self) -> CostModel:
        """Return what time and energy wafers take."""
        neurons = c.HICANNS * c.DENMEMS / self.denmems
        return brainscales1_costs(self.speedup, neurons_per_wafer=neurons)

    def account(self, draft: Draft, counts: MachineCounts | None, run: RunFacts) -> dict[str, Any]:
        """Return the times, the spikes lost by cause, and the energy of a run."""
        return {
            "time": time_account(self.speedup, run),
            "spikes": spike_account(draft, counts, run),
            **self.energy(draft, counts, run),
        }

"""What is published of time, power and energy of the machines: every number with its certainty.

Values are in SI units; short names of sources are those of docs/costs.md.
"""

from __future__ import annotations

from dataclasses import dataclass

from .hardware import Figure

# SpiNNaker: SM (SpiNNMachine's version_spin1.py, version_5.py); KS after arXiv 1903.08941
CHIP_IDLE = Figure(0.35, "C", "SM")
CORE_ACTIVE = Figure(0.034, "C", "SM")
BOARD_IDLE = Figure(26.84, "C", "SM")
BOXED_BOARD_IDLE = Figure(31.88, "C", "SM")
BOXED_BOARD_ACTIVE = Figure(59.38, "C", "SM: 806 cores on")
BOX = Figure(5.04, "C", "SM")
FRAME_IDLE = Figure(117.0, "C", "SM")
ROUTER_BIT = Figure(25e-12, "C", "SM")
PACKET = Figure(1.0e-9, "C", "SM: 40 bits")
PACKET_WITH_PAYLOAD = Figure(1.8e-9, "C", "SM: 72 bits")
SPINNAKER_EVENT = Figure(13.3e-9, "2", "KS")
SPINNAKER_UPDATE = Figure(26e-9, "2", "KS")
SPINNAKER_SEN = Figure(45e-9, "2", "SEN: printed in pJ, taken for a slip of the unit")
CORE_EVENTS = Figure(13e6, "C", "SPY: static synaptic events per second of a core")

# BrainScaleS-1: digest of arXiv 2412.02619
WAFER = Figure(2000.0, "2", "arXiv 2412.02619, digest")
WAFER_OFFSET = Figure(20e-6, "C", "MAR/STH")

# BrainScaleS-2
BSS2_POWER = Figure(0.175, "Cx", "REN: 8.4 uJ in 48 us")
BSS2_CRAMER = Figure(0.2, "C", "Cramer 2022: less than")
BSS2_PONG = Figure(0.057, "C", "PANG")

# Loihi: SANA's arch/loihi.yaml; KS
LOIHI_SYNAPSE = {
    "dense": (Figure(35.5e-12, "2", "SANA"), Figure(3.8e-9, "2", "SANA")),
    "sparse": (Figure(33.6e-12, "2", "SANA"), Figure(4.7e-9, "2", "SANA")),
    "conv": (Figure(24.0e-12, "2", "SANA"), Figure(3.1e-9, "2", "SANA")),
}
LOIHI_ACCESS = (Figure(51.2e-12, "2", "SANA"), Figure(6.0e-9, "2", "SANA"))
LOIHI_UPDATE = (Figure(21.6e-12, "2", "SANA"), Figure(3.7e-9, "2", "SANA"))
LOIHI_SPIKE = (Figure(69.3e-12, "2", "SANA"), Figure(30e-9, "2", "SANA"))
LOIHI_AXON_OUT = Figure(111e-12, "2", "SANA")
LOIHI_HOP = {
    "east_west": (Figure(3.0e-12, "2", "SANA"), Figure(4.1e-9, "2", "SANA")),
    "north_south": (Figure(4.2e-12, "2", "SANA"), Figure(6.5e-9, "2", "SANA")),
}
LOIHI_BARRIER = (Figure(0.6e-6, "2", "SANA: least"), Figure(1.8e-6, "2", "SANA: most"))
LOIHI_KS_EVENT = Figure(23.6e-12, "2", "KS")
LOIHI_KS_UPDATE = Figure(81e-12, "2", "KS")
LOIHI_LEARNING = Figure(120e-12, "2", "sheet")
LOIHI2_POWER = Figure(1.0, "2", "sheet: about, per chip")

# TrueNorth
TRUENORTH_POWER = (Figure(0.063, "C", "abstracts: least"), Figure(0.070, "C", "abstracts: most"))
TRUENORTH_TICK = Figure(1e-3, "U")
TRUENORTH_EVENT = Figure(26e-12, "2", "sheet: about")
TRUENORTH_SEN = Figure(2.5e-12, "2", "SEN: 400 GSOPS/W")
TRUENORTH_46 = Figure(1 / 46e9, "Cx", "46 GSOPS/W")

# Tianjic: IEEE Circuits and Systems Magazine, 2022 Q2
TIANJIC_CLOCK = Figure(300e6, "C", "IEEE CAS Mag 2022Q2")
TIANJIC_CYCLES = Figure(5050, "C", "IEEE CAS Mag 2022Q2")
TIANJIC_ROUND = Figure(5050 / 300e6, "Cx", "IEEE CAS Mag 2022Q2")
TIANJIC_POWER = Figure(0.4, "C", "IEEE CAS Mag 2022Q2: about, at 0.9 V")
TIANJIC_PEAK = Figure(0.95, "U")
TIANJIC_SEN = Figure(1.54e-12, "2", "SEN")

# SpiNNaker2: prototype
SPINNAKER2_EVENT = Figure(450e-12, "2", "KS: prototype")
SPINNAKER2_UPDATE = Figure(2.19e-9, "2", "KS: prototype")
SPINNAKER2_SEN = Figure(10e-12, "2", "SEN")


@dataclass(frozen=True)
class Published:
    """Energy and time of one inference of handwritten digits (MNIST) [Renner 2024, table 1]."""

    system: str
    platform: str
    joules: float
    seconds: float

    @property
    def edp(self) -> float:
        """Energy times time, J s."""
        return self.joules * self.seconds

    @property
    def mean_power(self) -> float:
        """Energy over time, W."""
        return self.joules / self.seconds


PUBLISHED = (
    Published("Loihi nBP training", "loihi", 0.59e-3, 1.5e-3),
    Published("Loihi nBP inference", "loihi", 2.5e-6, 0.17e-3),
    Published("Loihi EM-STDP", "loihi", 2.47e-3, 10e-3),
    Published("BrainScaleS-2", "brainscales2", 8.4e-6, 48e-6),
    Published("TrueNorth small", "truenorth", 0.27e-6, 1e-3),
    Published("TrueNorth large", "truenorth", 108e-6, 1e-3),
    Published("SpiNNaker", "spinnaker", 3.3e-3, 11e-3),
)


@dataclass(frozen=True)
class MicrocircuitCost:
    """The full-scale microcircuit on SpiNNaker [PD14]: boards, slow-down and J per event."""

    source: str
    boards: int
    slowdown: float
    joules_per_event: float


MICROCIRCUIT = (
    MicrocircuitCost("van Albada 2018", 6, 20.0, 4.4e-6),
    MicrocircuitCost("van Albada 2018, abstract", 6, 20.0, 5.9e-6),
    MicrocircuitCost("Rhodes 2020, DC input", 12, 1.0, 0.60e-6),
    MicrocircuitCost("Rhodes 2020, Poisson input", 12, 1.0, 0.63e-6),
)

_S, _W, _J = "s", "W", "J"
NUMBERS: tuple[tuple[str, str, Figure, str], ...] = (
    ("SpiNNaker", "idle chip", CHIP_IDLE, _W),
    ("SpiNNaker", "core at work, more than that", CORE_ACTIVE, _W),
    ("SpiNNaker", "idle board of 48 chips", BOARD_IDLE, _W),
    ("SpiNNaker", "idle board in its box", BOXED_BOARD_IDLE, _W),
    ("SpiNNaker", "board in its box, 806 cores at work", BOXED_BOARD_ACTIVE, _W),
    ("SpiNNaker", "what the box adds", BOX, _W),
    ("SpiNNaker", "idle frame", FRAME_IDLE, _W),
    ("SpiNNaker", "a bit through a router", ROUTER_BIT, _J),
    ("SpiNNaker", "a packet of 40 bits", PACKET, _J),
    ("SpiNNaker", "a packet with payload, 72 bits", PACKET_WITH_PAYLOAD, _J),
    ("SpiNNaker", "synaptic event", SPINNAKER_EVENT, _J),
    ("SpiNNaker", "update of a neuron", SPINNAKER_UPDATE, _J),
    ("SpiNNaker", "synaptic event, otherwise", SPINNAKER_SEN, _J),
    ("SpiNNaker", "static synaptic events of a core per second", CORE_EVENTS, "1/s"),
    ("BrainScaleS-1", "wafer", WAFER, _W),
    ("BrainScaleS-1", "before an experiment begins", WAFER_OFFSET, _S),
    ("BrainScaleS-2", "chip, recognising digits", BSS2_POWER, _W),
    ("BrainScaleS-2", "chip, at most", BSS2_CRAMER, _W),
    ("BrainScaleS-2", "chip, playing Pong", BSS2_PONG, _W),
    *(("Loihi", f"synaptic event, {k}", j, _J) for k, (j, _) in LOIHI_SYNAPSE.items()),
    *(("Loihi", f"synaptic event, {k}", s, _S) for k, (_, s) in LOIHI_SYNAPSE.items()),
    ("Loihi", "access of a neuron", LOIHI_ACCESS[0], _J),
    ("Loihi", "access of a neuron", LOIHI_ACCESS[1], _S),
    ("Loihi", "update of a neuron", LOIHI_UPDATE[0], _J),
    ("Loihi", "update of a neuron", LOIHI_UPDATE[1], _S),
    ("Loihi", "spike of a neuron", LOIHI_SPIKE[0], _J),
    ("Loihi", "spike of a neuron", LOIHI_SPIKE[1], _S),
    ("Loihi", "message to a core", LOIHI_AXON_OUT, _J),
    *(("Loihi", f"hop, {k.replace('_', ' or ')}", j, _J) for k, (j, _) in LOIHI_HOP.items()),
    *(("Loihi", f"hop, {k.replace('_', ' or ')}", s, _S) for k, (_, s) in LOIHI_HOP.items()),
    ("Loihi", "barrier between steps, least", LOIHI_BARRIER[0], _S),
    ("Loihi", "barrier between steps, most", LOIHI_BARRIER[1], _S),
    ("Loihi", "synaptic event, otherwise", LOIHI_KS_EVENT, _J),
    ("Loihi", "update of a neuron, otherwise", LOIHI_KS_UPDATE, _J),
    ("Loihi", "update of a learning synapse", LOIHI_LEARNING, _J),
    ("Loihi 2", "chip", LOIHI2_POWER, _W),
    ("TrueNorth", "chip at work, least", TRUENORTH_POWER[0], _W),
    ("TrueNorth", "chip at work, most", TRUENORTH_POWER[1], _W),
    ("TrueNorth", "tick", TRUENORTH_TICK, _S),
    ("TrueNorth", "synaptic event", TRUENORTH_EVENT, _J),
    ("TrueNorth", "synaptic event, otherwise", TRUENORTH_SEN, _J),
    ("TrueNorth", "synaptic event, otherwise", TRUENORTH_46, _J),
    ("Tianjic", "round", TIANJIC_ROUND, _S),
    ("Tianjic", "chip at work", TIANJIC_POWER, _W),
    ("Tianjic", "chip at its peak", TIANJIC_PEAK, _W),
    ("Tianjic", "synaptic event", TIANJIC_SEN, _J),
    ("SpiNNaker2", "synaptic event", SPINNAKER2_EVENT, _J),
    ("SpiNNaker2", "update of a neuron", SPINNAKER2_UPDATE, _J),
    ("SpiNNaker2", "synaptic event, otherwise", SPINNAKER2_SEN, _J),
)
"""Machine, meaning, number and unit of each."""

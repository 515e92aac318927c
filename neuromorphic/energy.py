"""What is published of time, power and energy of the machines, and the cost models made of it.

Short names of sources are those of the documentation's page on costs. Platforms give the functions
their settings; every number can be replaced in the model that comes back.
"""

from __future__ import annotations

from dataclasses import dataclass

from .costs import Alternative, CostModel
from .hardware import Accelerated, Barrier, Clock, Figure, Part, PerEvent, RealTime, Ticks

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

BOTH = ("synaptic_events", "input_events")


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


def events(joules: Figure, names: tuple[str, ...] = BOTH) -> tuple[PerEvent, ...]:
    """Return the same price for synaptic events of synapses and of Poisson inputs."""
    return tuple(PerEvent(name, joules) for name in names)


def spinnaker_costs(
    time_scale_factor: float = 1.0,
    *,
    neurons_per_core: int = 256,
    housing: str = "board",
) -> CostModel:
    """Return SpiNNaker's cost model: boards, active cores, events, updates and packets.

    Parameters
    ----------
    time_scale_factor : float
        Wall time over biological time.
    neurons_per_core : int
        For the number of cores where no mapping tells.
    housing : {"board", "box", "frame"}
        Boards alone; each in its box; as many as need be in a frame of 24.
    """
    per_core = Figure(neurons_per_core, "C", "SPY")
    per_board = Figure(neurons_per_core * 16 * 48, "Cx", "SPY/SM: 16 cores, 48 chips")
    parts = [
        Part("boards", BOXED_BOARD_IDLE if housing == "box" else BOARD_IDLE, per_board),
        Part("cores", CORE_ACTIVE, per_core),
    ]
    if housing == "frame":
        whole = Figure(24 * per_board.value, "U", "24 boards")
        parts.append(Part("frames", FRAME_IDLE, whole))
    return CostModel(
        platform="spinnaker",
        clock=RealTime(Figure(time_scale_factor, "choice")),
        parts=tuple(parts),
        events=(
            *events(SPINNAKER_EVENT),
            PerEvent("neuron_updates", SPINNAKER_UPDATE),
            PerEvent("packets", PACKET),
        ),
        bytes_per_synapse=Figure(4.0, "C", "SPYC: a static synapse in its row"),
        neurons_per_destination=Figure(neurons_per_core * 16, "Cx", "SPY/SM: a chip"),
        alternatives=(
            Alternative("SEN: 45 nJ per event", events(SPINNAKER_SEN)),
            Alternative(
                "idle chips of 0.35 W and active cores only",
                (),
                (
                    Part("chips", CHIP_IDLE, Figure(neurons_per_core * 16, "Cx", "SPY/SM")),
                    Part("cores", CORE_ACTIVE, per_core),
                ),
            ),
        ),
    )


def brainscales1_costs(
    speedup: float = 1e4, *, offset: float = WAFER_OFFSET.value, neurons_per_wafer: float = 49_152
) -> CostModel:
    """Return BrainScaleS-1's cost model: whole wafers for the time of the run.

    Parameters
    ----------
    speedup, offset : float
        Biological over hardware time; seconds before the experiment begins.
    neurons_per_wafer : float
        For the number of wafers where no mapping tells: 196 608 denmems, 4 a neuron.
    """
    neurons = Figure(neurons_per_wafer, "Cx", "GB/MAR: 4 denmems a neuron")
    synapses = Figure(44_040_192, "Cx", "GB: 384 x 114 688")
    return CostModel(
        platform="brainscales1",
        clock=Accelerated(Figure(speedup, "C", "MAR/STH"), Figure(offset, "C", "MAR/STH")),
        parts=(Part("wafers", WAFER, neurons, synapses),),
        events=(),
        bytes_per_synapse=Figure(1.0, "Cx", "GB: 4 bits of weight, 4 of address"),
        notes=("no energy per event of this chip is published; power is that of whole wafers",),
    )


def brainscales2_costs(
    speedup: float = 1e3, *, offset: float = 0.0, watts: Figure = BSS2_POWER
) -> CostModel:
    """Return BrainScaleS-2's cost model: the power of chips at work, for the time of the run.

    Parameters
    ----------
    speedup, offset : float
        Biological over hardware time; seconds before the experiment begins.
    watts : Figure
        Of one chip.
    """
    held = (Figure(512, "C", "HCO"), Figure(65_536, "Cx", "HCO: 131 072, in pairs of rows"))
    return CostModel(
        platform="brainscales2",
        clock=Accelerated(Figure(speedup, "C", "HCO"), Figure(offset, "choice")),
        parts=(Part("chips", watts, *held),),
        events=(),
        bytes_per_synapse=Figure(3.0, "Cx", "HCO: 6 bits of weight, 6 of label, a pair of rows"),
        alternatives=(
            Alternative("Cramer 2022: 200 mW", (), (Part("chips", BSS2_CRAMER, *held),)),
            Alternative("Pong: 57 mW", (), (Part("chips", BSS2_PONG, *held),)),
        ),
        notes=("no energy per event is published; power is that of a chip at work",),
    )


def loihi_costs(
    *,
    neurons_per_core: int = 1024,
    synapse: str = "dense",
    static_watts: float = 0.0,
    barrier: float | None = None,
) -> CostModel:
    """Return Loihi's cost model: events only, and time by the busiest core.

    Parameters
    ----------
    neurons_per_core : int
        For the number of cores where no mapping tells.
    synapse : {"dense", "sparse", "conv"}
        How synapses are stored.
    static_watts : float
        Of a chip: not published, so 0 unless given.
    barrier : float, optional
        Seconds a step takes at least; 0.6 us, the smallest published, unless given.
    """
    joules, seconds = LOIHI_SYNAPSE[synapse]
    cores = Part("cores", Figure(0.0, "choice"), Figure(neurons_per_core, "C", "SANA"))
    chips = Part(
        "chips",
        Figure(static_watts, "U"),
        Figure(131_072, "C", "SANA"),
        Figure(130e6, "U"),
    )
    least = LOIHI_BARRIER[0] if barrier is None else Figure(barrier, "choice")
    return CostModel(
        platform="loihi",
        clock=_loihi_clock(cores, seconds, least),
        parts=(chips, cores),
        events=(
            *events(joules),
            PerEvent("neuron_updates", LOIHI_ACCESS[0], "access of a neuron's state"),
            PerEvent("neuron_updates", LOIHI_UPDATE[0], "update"),
            PerEvent("spikes", LOIHI_SPIKE[0]),
            PerEvent("packets", LOIHI_AXON_OUT),
            PerEvent("hops_east_west", LOIHI_HOP["east_west"][0]),
            PerEvent("hops_north_south", LOIHI_HOP["north_south"][0]),
            PerEvent("learning_updates", LOIHI_LEARNING),
        ),
        bytes_per_synapse=Figure(1.0, "C", "LAVA: 8 bits, the weight alone"),
        neurons_per_destination=Figure(neurons_per_core, "C", "SANA"),
        alternatives=(
            Alternative(
                "KS: 23.6 pJ per event, 81 pJ per update",
                (*events(LOIHI_KS_EVENT), PerEvent("neuron_updates", LOIHI_KS_UPDATE)),
            ),
        ),
        notes=("static power of this chip is not published: energy is that of events",),
    )


def _loihi_clock(cores: Part, synapse: Figure, barrier: Figure) -> Clock:
    both = LOIHI_ACCESS[1].value + LOIHI_UPDATE[1].value
    return Barrier(cores, Figure(both, "2", "SANA"), synapse, LOIHI_SPIKE[1], barrier)


def loihi2_costs(*, neurons_per_core: int = 8192, barrier: float | None = None) -> CostModel:
    """Return Loihi 2's cost model: about 1 W per chip, and times as assumed of Loihi.

    Parameters
    ----------
    neurons_per_core : int
        For the number of cores where no mapping tells: a million neurons in 128 cores.
    barrier : float, optional
        Seconds a step takes at least; Loihi's unless given.
    """
    cores = Part("cores", Figure(0.0, "choice"), Figure(neurons_per_core, "2", "sheet"))
    held = (Figure(1e6, "2", "sheet: about"), Figure(120e6, "2", "sheet: about"))
    least = Figure(LOIHI_BARRIER[0].value if barrier is None else barrier, "U", "Loihi's")
    clock = _loihi_clock(cores, Figure(LOIHI_SYNAPSE["dense"][1].value, "U", "Loihi's"), least)
    loihi = loihi_costs(neurons_per_core=neurons_per_core)
    return CostModel(
        platform="loihi2",
        clock=clock,
        parts=(Part("chips", LOIHI2_POWER, *held), cores),
        events=(),
        bytes_per_synapse=Figure(1.0, "U", "8 bits, as on Loihi"),
        alternatives=(Alternative("Loihi's energies per event", loihi.events),),
        notes=("times per event are Loihi's; energy is a chip's power, for the time of the run",),
    )


def truenorth_costs(tick: float = TRUENORTH_TICK.value) -> CostModel:
    """Return TrueNorth's cost model: the power of chips at work, for the ticks of the run.

    Parameters
    ----------
    tick : float
        Seconds that a time step takes.
    """
    held = (Figure(2**20, "C", "abstracts"), Figure(2**28, "C", "abstracts"))
    return CostModel(
        platform="truenorth",
        clock=Ticks(Figure(tick, "U")),
        parts=(Part("chips", TRUENORTH_POWER[0], *held),),
        events=(),
        bytes_per_synapse=Figure(0.125, "C", "abstracts: a binary crossbar"),
        alternatives=(
            Alternative("chips of 70 mW", (), (Part("chips", TRUENORTH_POWER[1], *held),)),
            Alternative("26 pJ per event", events(TRUENORTH_EVENT)),
            Alternative("SEN: 2.5 pJ per event", events(TRUENORTH_SEN)),
            Alternative("46 GSOPS/W: 21.7 pJ per event", events(TRUENORTH_46)),
        ),
        notes=("a chip's power is as measured at work: events cost nothing more",),
    )


def tianjic_costs(watts: Figure = TIANJIC_POWER) -> CostModel:
    """Return Tianjic's cost model: the power of chips at work, for the rounds of the run.

    Parameters
    ----------
    watts : Figure
        Of one chip.
    """
    held = (Figure(39_936, "Cx", "IEEE CAS Mag: 156 x 256"), Figure(10e6, "U"))
    return CostModel(
        platform="tianjic",
        clock=Ticks(TIANJIC_ROUND),
        parts=(Part("chips", watts, *held),),
        events=(),
        bytes_per_synapse=Figure(1.0, "2", "8 bits"),
        alternatives=(
            Alternative("SEN: 1.54 pJ per event", events(TIANJIC_SEN)),
            Alternative("peak of 950 mW", (), (Part("chips", TIANJIC_PEAK, *held),)),
        ),
        notes=("a chip's power is as measured at work: events cost nothing more",),
    )


def spinnaker2_costs(time_scale_factor: float = 1.0, *, static_watts: float = 0.0) -> CostModel:
    """Return SpiNNaker2's cost model: events and updates as measured on a prototype.

    Parameters
    ----------
    time_scale_factor : float
        Wall time over biological time.
    static_watts : float
        Of a chip: not published, so 0 unless given.
    """
    held = Figure(152 * 256, "U", "256 neurons a core, as on SpiNNaker")
    return CostModel(
        platform="spinnaker2",
        clock=RealTime(Figure(time_scale_factor, "choice")),
        parts=(Part("chips", Figure(static_watts, "U"), held),),
        events=(*events(SPINNAKER2_EVENT), PerEvent("neuron_updates", SPINNAKER2_UPDATE)),
        bytes_per_synapse=Figure(4.0, "U", "as on SpiNNaker"),
        neurons_per_destination=held,
        alternatives=(Alternative("SEN: 10 pJ per event", events(SPINNAKER2_SEN)),),
        notes=("static power is not published: energy is that of events and updates",),
    )

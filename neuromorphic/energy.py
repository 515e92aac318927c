"""The cost models of the machines, made of what is published of them.

Platforms give the functions their settings; every number can be replaced in the model that comes
back.
"""

from __future__ import annotations

from ..errors import UnknownNameError
from .costs import Alternative, CostModel
from .hardware import Accelerated, Barrier, Clock, Figure, Part, PerEvent, RealTime, Ticks
from .published import (
    BOARD_IDLE,
    BOXED_BOARD_IDLE,
    BSS2_CRAMER,
    BSS2_PONG,
    BSS2_POWER,
    CHIP_IDLE,
    CORE_ACTIVE,
    FRAME_IDLE,
    LOIHI2_POWER,
    LOIHI_ACCESS,
    LOIHI_AXON_OUT,
    LOIHI_BARRIER,
    LOIHI_HOP,
    LOIHI_KS_EVENT,
    LOIHI_KS_UPDATE,
    LOIHI_LEARNING,
    LOIHI_SPIKE,
    LOIHI_SYNAPSE,
    LOIHI_UPDATE,
    PACKET,
    SPINNAKER2_EVENT,
    SPINNAKER2_SEN,
    SPINNAKER2_UPDATE,
    SPINNAKER_EVENT,
    SPINNAKER_SEN,
    SPINNAKER_UPDATE,
    TIANJIC_PEAK,
    TIANJIC_POWER,
    TIANJIC_ROUND,
    TIANJIC_SEN,
    TRUENORTH_46,
    TRUENORTH_EVENT,
    TRUENORTH_POWER,
    TRUENORTH_SEN,
    TRUENORTH_TICK,
    WAFER,
    WAFER_OFFSET,
)

_HOUSINGS = ("board", "box", "frame")
BOTH = ("synaptic_events", "input_events")


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
    if housing not in _HOUSINGS:
        raise UnknownNameError("housing", housing, _HOUSINGS, "spinnaker_costs")
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
    if synapse not in LOIHI_SYNAPSE:
        raise UnknownNameError("way of storing synapses", synapse, LOIHI_SYNAPSE, "loihi_costs")
    joules, seconds = LOIHI_SYNAPSE[synapse]
    cores = Part("cores", Figure(0.0, "choice"), Figure(neurons_per_core, "C", "SANA"))
    chips = Part(
        "chips",
        Figure(static_watts, "U"),
        Figure(131_072, "C", "SANA"),
        Figure(130e6, "U"),
    )
    least = LOIHI_BARRIER[0] if barrier is None else Figure(barrier, "choice")
    both = Figure(LOIHI_ACCESS[0].value + LOIHI_UPDATE[0].value, "2", "SANA: access and update")
    return CostModel(
        platform="loihi",
        clock=_loihi_clock(cores, seconds, least),
        parts=(chips, cores),
        events=(
            *events(joules),
            PerEvent("neuron_updates", both),
            PerEvent("spikes", LOIHI_SPIKE[0]),
            PerEvent("packets", LOIHI_AXON_OUT),
            PerEvent("hops_east_west", LOIHI_HOP["east_west"][0], between="cores"),
            PerEvent("hops_north_south", LOIHI_HOP["north_south"][0], between="cores"),
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

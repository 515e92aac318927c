"""SpiNNaker2 as a platform: SpiNNaker's ticks on more cores per chip, with floating point."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from .costs import CostModel
from .energy import spinnaker2_costs
from .knobs import Assumption, knob
from .spinnaker.machine import SpiNNaker


@dataclass(frozen=True, kw_only=True)
class SpiNNaker2(SpiNNaker):
    """SpiNNaker2: 152 processing elements a chip, float32 or s16.15, SpiNNaker's order of ticks.

    Confirmed are the hardware's numbers (data sheet v0.03: elements, memory, router) and what the
    prototype's energy is made of; that the software's ticks, weights and queues are those of
    SpiNNaker is an assumption.
    """

    name: ClassVar[str] = "spinnaker2"
    summary: ClassVar[str] = "SpiNNaker2: 152 cores a chip, float32, SpiNNaker's ticks (assumed)"
    routing_entries: ClassVar[int] = 16384
    memory_per_chip: ClassVar[float] = float("inf")
    constants: ClassVar[tuple[Assumption, ...]] = (
        Assumption("ticks, weights, ring buffers, queues", "as on SpiNNaker", "order of a tick, "
                   "16-bit weights and what cores do when they are late", "U", "sheet, 7", False),
        Assumption("models", "SpiNNaker's, in float32", "closed forms and solvers", "U", "", False),
        *SpiNNaker.constants,
    )  # fmt: skip

    arithmetic: str = knob(
        "float32", "numbers of neuron state", fact="U", source="sheet, 7", imperfection=True,
        ideal="float64", choices=("float32", "s16.15", "float64"),
    )  # fmt: skip
    cores_per_chip: int = knob(152, "processing elements of a chip", fact="C",
                               source="datasheet v0.03", low=1, high=152)  # fmt: skip
    chips_per_board: int = knob(48, "chips of a board", fact="U", low=1, high=1000)
    neurons_per_core: int = knob(256, "most neurons of a core", fact="U", low=1, high=8192)
    events_per_second: float = knob(13e6, "static synaptic events of a core per second, as on "
                                    "SpiNNaker", fact="U", low=1.0, high=1e12)  # fmt: skip
    stdp_events_per_second: float = knob(1.4e6, "plastic synaptic events of a core per second, as "
                                         "on SpiNNaker", fact="U", low=1.0, high=1e12)  # fmt: skip
    check_memory: bool = knob(False, "whether synapses must fit a chip's memory: two LPDDR4 "
                              "modules of a size that is not published", fact="U")  # fmt: skip

    def cost_model(self) -> CostModel:
        """Return what time and energy the machine takes."""
        return spinnaker2_costs(self.time_scale_factor)

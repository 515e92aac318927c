"""SpiNNaker as a platform: its settings, its mapping, and the account of a run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from ...lowering.machine_program import MachineCounts
from ..costs import CostModel
from ..draft import Draft
from ..energy import spinnaker_costs
from ..engine import RunFacts
from ..knobs import Assumption, knob
from ..platform import Machine, Pass
from .learned import find_rules, learn
from .mapping import (
    fit_delays,
    map_neurons,
    map_operations,
    map_poisson_counts,
    map_weights,
    order_of_ticks,
    refuse,
    split_signs,
)
from .planner import drop_packets, lay_out
from .planning import choose_models, plan_receptors
from .plastic import APPROXIMATIONS
from .provenance import account
from .rows import SDRAM


@dataclass(frozen=True, kw_only=True)
class SpiNNaker(Machine):
    """SpiNNaker-1, as sPyNNaker 7 uses it: fixed point, ticks, and cores with deadlines.

    Examples
    --------
    >>> ns.simulate(net, 1*second, platform=SpiNNaker(time_scale_factor=20))  # doctest: +SKIP
    """

    name: ClassVar[str] = "spinnaker"
    summary: ClassVar[str] = "SpiNNaker-1: s16.15 numbers, 16-bit weights, ticks with deadlines"
    approximations: ClassVar[dict[str, str]] = {
        "generated_models": "neuron models that the machine's software lacks are computed as they "
        "are written, in its arithmetic",
        "host_operations": "with float64, code that runs at intervals is run by the host",
        "generated_sources": "populations without synapses that draw random numbers are spike "
        "sources, made in float64",
        **APPROXIMATIONS,
    }
    constants: ClassVar[tuple[Assumption, ...]] = (
        Assumption("alpha and Izhikevich order", "as in sPyNNaker's sources", "order of the "
                   "statements of IF_curr_alpha and of the midpoint step", "U", "SPYC", False),
        Assumption("first step of Izhikevich", "dt", "length of the first step", "U", "", False),
        Assumption("spike times within a tick", "in order of ids", "order in which a core's FIFO "
                   "gets the spikes of a tick", "U", "", False),
        Assumption("fetch within its tick", "after the neurons", "which spikes of a target STDP "
                   "sees in the very tick of a fetch", "U", "", False),
        Assumption("events of an over-run", "carried to the next tick", "what a core that did not "
                   "finish does", "U", "sheet, 1.2", False),
    )  # fmt: skip

    routing_entries: ClassVar[int] = 1023
    memory_per_chip: ClassVar[float] = SDRAM

    arithmetic: str = knob(
        "s16.15", "numbers of neuron state", fact="C", source="SPYC", imperfection=True,
        ideal="float64", choices=("s16.15", "float64"),
    )  # fmt: skip
    models: str = knob(
        "machine", "neuron models: the machine's closed forms and solvers, or the network's own",
        fact="C", source="SPYC", imperfection=True, ideal="native", choices=("machine", "native"),
    )  # fmt: skip
    weights: str = knob(
        "16bit", "weights: unsigned integers with a power-of-two scale, or exact", fact="C",
        source="SPY", imperfection=True, ideal="exact", choices=("16bit", "exact"),
    )  # fmt: skip
    saturation: bool = knob(
        True, "whether sums of a tick's weights end at 65535", fact="C", source="SPYC",
        imperfection=True, ideal=False,
    )  # fmt: skip
    order: str = knob(
        "machine", "order of a tick: a spike acts on the update d ticks later, or as natively",
        fact="C", source="SPYC", imperfection=True, ideal="native", choices=("machine", "native"),
    )  # fmt: skip
    delays: bool = knob(
        True, "whether delays are 1 tick at least and fit rings and extensions", fact="C",
        source="SPYC", imperfection=True, ideal=False,
    )  # fmt: skip
    poisson: str = knob(
        "sources", "counts of Poisson input: by the machine's algorithms, or exact", fact="C",
        source="SPYC", imperfection=True, ideal="native", choices=("sources", "native"),
    )  # fmt: skip
    plasticity: str = knob(
        "deferred", "STDP: worked out when a row is fetched, in integers, or the network's own",
        fact="C", source="SPYC", imperfection=True, ideal="native", choices=("deferred", "native"),
    )  # fmt: skip
    deadlines: bool = knob(
        True, "whether cores have so many events a tick, and a queue for spikes", fact="C",
        source="SPY", imperfection=True, ideal=False,
    )  # fmt: skip
    time_scale_factor: float = knob(1.0, "wall time of a tick over its time", low=1e-3, high=1e6)
    boards: int | None = knob(None, "boards there are; as many as needed if not given", low=1,
                              high=25_000)  # fmt: skip
    neurons_per_core: int = knob(256, "most neurons of a core", fact="C", source="SPY", low=1,
                                 high=8192)  # fmt: skip
    synapse_cores: int | None = knob(
        None, "synapse cores beside each neuron core; planned if not given, 0: none", low=0, high=15
    )
    cores_per_chip: int = knob(16, "application cores of a chip", fact="C", source="SM", low=1,
                               high=17)  # fmt: skip
    chips_per_board: int = knob(48, "chips of a board", fact="C", source="SM", low=1, high=48)
    sources_per_core: int = knob(500, "most spike sources of a core", fact="C", source="SPYC",
                                 low=1, high=8192)  # fmt: skip
    events_per_second: float = knob(13e6, "static synaptic events of a core per second", fact="C",
                                    source="SPY", low=1.0, high=1e12)  # fmt: skip
    stdp_events_per_second: float = knob(1.4e6, "plastic synaptic events of a core per second",
                                         fact="C", source="SPY", low=1.0, high=1e12)  # fmt: skip
    spikes_per_second: float = knob(30.0, "spikes of a neuron per second that the planner expects",
                                    fact="C", source="SPY", low=0.0, high=1e4)  # fmt: skip
    ring_buffer_sigma: float = knob(5.0, "standard deviations that weight scales allow for",
                                    fact="C", source="SPY", low=0.0, high=100.0)  # fmt: skip
    max_expected_summed_weight: float = knob(
        0.0, "largest sum of weights in a tick, nA or uS; 0: estimated", low=0.0, high=65536.0
    )
    fifo: int = knob(256, "size of the queue for incoming spikes, one place unused", fact="C",
                     source="SC", low=2, high=2**20)  # fmt: skip
    drop_late_spikes: bool = knob(False, "whether spikes left of the last tick are thrown away",
                                  fact="C", source="SPYC")  # fmt: skip
    coloured_spikes: bool = knob(True, "whether late spikes carry their time", fact="C",
                                 source="SPYC")  # fmt: skip
    backprop_delay: bool = knob(True, "whether spikes reach the learning rule after the dendrite's "
                                "delay", fact="C", source="SPY")  # fmt: skip
    router_drop: float = knob(0.0, "share of packets that routers drop for want of a free link",
                              fact="U", imperfection=True, ideal=0.0, low=0.0,
                              high=1.0)  # fmt: skip
    reinjection: bool = knob(True, "whether dropped packets are kept and sent again", fact="C",
                             source="FEC")  # fmt: skip
    router_seed: int = knob(1, "seed of which packets are dropped", low=0, high=2**32 - 1)
    legacy_delays: bool = knob(False, "16 delay slots whatever the core holds, as of old")
    direct_poisson: bool = knob(True, "whether Poisson sources beside split cores pass their "
                                "input on in memory", fact="C", source="SPY")  # fmt: skip
    check_memory: bool = knob(True, "whether synapses must fit a chip's memory", fact="C",
                              source="SM")  # fmt: skip
    load_every_ms: float = knob(10.0, "milliseconds per entry of the recorded load", low=1e-3,
                                high=1e6)  # fmt: skip

    @property
    def changes_neurons(self) -> bool:
        """Whether neurons are not computed as the network has them."""
        return self.arithmetic != "float64" or self.models != "native"

    @property
    def uses_rings(self) -> bool:
        """Whether synapses add to ring buffers, which neurons read at the start of a tick."""
        return self.changes_neurons or self.saturation

    @property
    def scales_weights(self) -> bool:
        """Whether weights have a scale of the machine's."""
        return self.uses_rings or self.weights == "16bit"

    @property
    def changes_anything(self) -> bool:
        """Whether the network is run otherwise than natively at all."""
        return self.scales_weights or self.deadlines or self.router_drop > 0

    def passes(self) -> Sequence[Pass]:
        """Return the steps of the mapping, in order."""
        return (
            refuse, choose_models, find_rules, split_signs, plan_receptors, map_weights,
            map_poisson_counts, fit_delays, order_of_ticks, learn, map_neurons,
            map_operations, lay_out, drop_packets,
        )  # fmt: skip

    def cost_model(self) -> CostModel:
        """Return what time and energy the machine takes."""
        return spinnaker_costs(self.time_scale_factor, neurons_per_core=self.neurons_per_core)

    def account(self, draft: Draft, counts: MachineCounts | None, run: RunFacts) -> dict[str, Any]:
        """Return what a run took: provenance counters by the names of the machine's tools."""
        found = account(self, draft, counts, run)
        return {**found, **self.energy(draft, counts, run)}

"""Loihi and Loihi 2 as platforms: their settings, passes and costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from ...errors import DescriptionError
from ...lowering.machine_program import MachineCounts
from ..costs import CostModel
from ..draft import Draft
from ..energy import loihi2_costs, loihi_costs
from ..engine import RunFacts
from ..knobs import Assumption, knob
from ..platform import Machine, Pass
from ..static import refuse_features, synapse_totals
from .graded import graded_projections
from .mapping import FACT, map_neurons, map_synapses, map_the_delays
from .place import Room, count_load, put_on_cores, traffic

_LAVA = "lava-nc lif/models.py, dense/models.py, weightutils.py"


@dataclass(frozen=True, kw_only=True)
class Loihi(Machine):
    """Intel's Loihi: integer neurons and 8-bit weights on 128 cores that step together.

    Networks of leaky integrate-and-fire neurons are brought into its integers; with
    :func:`loihi_lif` they are given in them. A time step is one algorithmic tick, whatever ``dt``.

    Examples
    --------
    >>> ns.simulate(net, 1*second, dt=1*ms, platform=Loihi(chips=1))       # doctest: +SKIP
    """

    name: ClassVar[str] = "loihi"
    summary: ClassVar[str] = "Intel Loihi: integer LIF neurons, 8-bit weights, 128 cores"
    approximations: ClassVar[dict[str, str]] = {
        "short_delays": "delays beyond 62 steps become 62",
        "short_refractory": "refractory periods beyond 64 steps become 64",
        "extra_compartments": "a neuron takes a compartment for each synaptic time constant",
        "conductance_as_current": "conductances drive currents as half-way to the threshold",
    }
    constants: ClassVar[tuple[Assumption, ...]] = (
        Assumption(
            "tiles", "8 x 4, 4 cores each", "layout of a chip, for hops of spikes", "2",
            "SANA", changeable=False,
        ),
        Assumption(
            "packets", "from connection rules", "a spike goes once to every core on which its "
            "neuron is expected to have a synapse", "U", "", changeable=False,
        ),
    )  # fmt: skip

    arithmetic: bool = knob(
        True, "24-bit integers: truncated decay, wrap-around of u, clipped v",
        fact="C", source=_LAVA, imperfection=True, ideal=False,
    )  # fmt: skip
    parameters: bool = knob(
        True, "decays of 12 bits, thresholds of 17, biases of 13 bits and an exponent",
        fact="C", source=_LAVA, imperfection=True, ideal=False,
    )  # fmt: skip
    weights: bool = knob(
        True, "8-bit weights with a sign mode and an exponent per projection",
        fact="C", source=_LAVA, imperfection=True, ideal=False,
    )  # fmt: skip
    order: str = knob(
        "machine", "when synapses onto a potential act: in the next step, after the leak "
        "(machine), or at the end of the step, before the reset (native)",
        fact="C", source="brian2_loihi", choices=("machine", "native"), imperfection=True,
        ideal="native",
    )  # fmt: skip
    delays: bool = knob(
        True, "delays up to 62 steps, refractory periods up to 64",
        fact="C", source="brian2_loihi", imperfection=True, ideal=False,
    )  # fmt: skip
    limits: bool = knob(
        True, "what the chip has no room or no part for is refused", fact="C", ideal=False
    )
    count_load: bool = knob(
        True, "count the synaptic events of every core, for the time of a run", ideal=False
    )
    synapse_rule: str = knob(
        "sum", "what a negative weight exponent shifts: the sum of a step's weights (Lava), or "
        "each weight, cut to multiples of 64 (brian2_loihi)",
        fact="C", source="the two differ", choices=("sum", "each"),
    )  # fmt: skip
    weight_bits: int = knob(8, "bits of a weight", fact="C", source="brian2_loihi", low=1, high=8)
    weight_exponents: int | Mapping[str, int] | None = knob(
        None, "exponent of all weights, or by projection, -8 to 7; by default the smallest from 0 "
        "in which they fit",
    )  # fmt: skip
    unit: float | None = knob(
        None, "volts per unit of v; by default the smallest in which everything has room",
        low=1e-15,
    )  # fmt: skip
    headroom: float = knob(
        4.0, "times the threshold that v can hold in each direction", low=1.0, high=1e5
    )
    neurons_per_core: int = knob(
        1024, "compartments of a core", fact="C", source="SANA", low=1, high=1024
    )
    synapses_per_chip: float = knob(130e6, "synapses of a chip", fact="U", source="sheet", low=1.0)
    chips: int | None = knob(None, "chips there are; by default as many as it takes", low=1)
    graded_spikes: bool = knob(False, "spikes carry a number: Loihi 2's alone", choices=(False,))
    barrier: float | None = knob(
        None, "seconds a step takes at least; by default 0.6 us, the smallest published", low=0.0
    )
    static_watts: float = knob(
        0.0, "power of a chip that does nothing, W: not published", fact="U", low=0.0
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        exponents = self.weight_exponents
        listed = exponents.values() if isinstance(exponents, Mapping) else [exponents]
        for one in listed:
            if one is not None and (isinstance(one, bool) or one not in range(-8, 8)):
                raise DescriptionError(
                    f"platform {self.name!r}: weight_exponents={exponents!r} is not allowed; an "
                    "exponent is a whole number from -8 to 7, one for all projections or "
                    "{'name': one} for some."
                )

    def passes(self) -> Sequence[Pass]:
        """Return the steps of the mapping, in order."""
        found: list[Pass] = [self._refuse] if self.limits else []
        if self.changes_neurons:
            found += [map_neurons, map_synapses]
        if self.delays:
            found.append(map_the_delays)
        if self.limits or self.count_load:
            found.append(self._place)
        return found

    @property
    def changes_neurons(self) -> bool:
        """Whether neurons or weights are anything but those of the description."""
        return bool(self.arithmetic or self.parameters or self.weights or self.order == "machine")

    def _refuse(self, draft: Draft) -> None:
        refuse_features(draft, graded_projections(draft.program) if self.graded_spikes else ())

    def _place(self, draft: Draft) -> None:
        known = draft.facts.get(FACT, {})
        taken = {name: max(1, len(own.currents)) for name, own in known.items()}
        room = Room(self.neurons_per_core, self.synapses_per_chip, self.chips)
        draft.facts["synapses"] = synapse_totals(draft)
        draft.facts["placement"] = put_on_cores(draft, room, taken, limits=self.limits)
        if self.count_load:
            count_load(draft, draft.facts["placement"])

    def cost_model(self) -> CostModel:
        """Return Loihi's published energies and times, all of a secondary source."""
        return loihi_costs(
            neurons_per_core=self.neurons_per_core,
            static_watts=self.static_watts,
            barrier=self.barrier,
        )

    def account(self, draft: Draft, counts: MachineCounts | None, run: RunFacts) -> dict[str, Any]:
        """Return traffic and load of the cores, and the price of the run."""
        placed = draft.facts.get("placement")
        if placed is not None:
            sent = traffic(draft.program, placed, run.spikes, draft.facts["synapses"])
            draft.facts["counts"] = {**draft.facts.get("counts", {}), **sent}
            found: dict[str, Any] = {"traffic": {n: round(x, 3) for n, x in sent.items()}}
            if counts is not None and counts.core_events.size:
                found["core_events"] = counts.core_events.tolist()
                found["busiest_core_events"] = float(counts.busiest)
        else:
            found = {}
        return found | super().account(draft, counts, run)


@dataclass(frozen=True, kw_only=True)
class Loihi2(Loihi):
    """Intel's Loihi 2: Loihi's integer neurons, about a million of them on a chip.

    Its neurons can be programmed; here it runs Loihi's. Its spikes can carry numbers: synapses
    with ``target_post += w*variable_pre`` and a delay of 0. Sizes and power are of secondary
    sources.
    """

    name: ClassVar[str] = "loihi2"
    summary: ClassVar[str] = "Intel Loihi 2: Loihi's neurons, about a million on a chip"

    neurons_per_core: int = knob(
        8192, "compartments of a core: about a million on 128 cores", fact="2", source="sheet",
        low=1, high=8192,
    )  # fmt: skip
    graded_spikes: bool = knob(
        True, "spikes of synapses with target_post += w*variable_pre carry a whole number of up to "
        "32 bits", fact="2", source="sheet",
    )  # fmt: skip
    synapses_per_chip: float = knob(120e6, "synapses of a chip", fact="2", source="sheet", low=1.0)

    def cost_model(self) -> CostModel:
        """Return about 1 W per chip, and Loihi's times."""
        return loihi2_costs(neurons_per_core=self.neurons_per_core, barrier=self.barrier)

"""Tianjic as a platform: 156 cores that step in rounds of 5050 cycles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from ..lowering.machine_program import Grid
from .costs import CostModel
from .crossbar import Crossbar, put_on_crossbars
from .draft import Draft
from .energy import tianjic_costs
from .hardware import Ticks
from .knobs import Assumption, knob
from .linear import linear_neuron
from .loihi.weights import draw_range
from .platform import Machine, Pass
from .quantise import Tally, round_weights
from .static import refuse_features

CORES, FAN = 156, 256
LEVELS = 32
CYCLES, CLOCK_HZ = 5050, 300e6


@dataclass(frozen=True, kw_only=True)
class Tianjic(Machine):
    """Tsinghua's Tianjic in its spiking mode: leaky neurons, 8-bit weights, 32 to a core.

    Neurons are computed as in the description: the format of their state is not published. A time
    step takes ``rounds`` rounds of 16.83 us, whatever ``dt``.
    """

    name: ClassVar[str] = "tianjic"
    summary: ClassVar[str] = "Tianjic: 156 cores of 256 neurons, 8-bit weights, 16.83 us rounds"
    approximations: ClassVar[dict[str, str]] = {
        "split_neurons": "a neuron with more than 256 inputs takes several cores, which are summed",
        "other_models": "neurons of any model, computed as described",
    }
    constants: ClassVar[tuple[Assumption, ...]] = (
        Assumption("state", "floating point", "the number format of neurons is not published", "U",
                   "", False),
        Assumption("delays", "as in the description", "delays of the chip are not published", "U",
                   "", False),
        Assumption("size", "~40 k neurons, 10 M synapses", "of a chip", "U", "sheet", False),
    )  # fmt: skip

    weights: bool = knob(
        True, "weights of 8 bits with sign, on a scale for each population and variable",
        fact="2", source="sheet", imperfection=True, ideal=False,
    )  # fmt: skip
    weight_indices: bool = knob(
        True, "weights of a projection that differ are 32 at most, evenly spaced",
        fact="C", source="IEEE CAS Mag 2022Q2 (that they are evenly spaced: assumed)",
        imperfection=True, ideal=False,
    )  # fmt: skip
    limits: bool = knob(True, "what has no room or no part is refused", fact="C", ideal=False)
    chips: int | None = knob(None, "chips there are; by default as many as it takes", low=1)
    rounds: int = knob(1, "rounds that a time step takes", fact="U", low=1)

    def passes(self) -> Sequence[Pass]:
        """Return the steps of the mapping, in order."""
        found: list[Pass] = [refuse_features, _models] if self.limits else []
        if self.weights or self.weight_indices:
            found.append(self._weights)
        if self.limits:
            found.append(self._place)
        return found

    def cost_model(self) -> CostModel:
        """Return the power of chips, for the rounds of the run."""
        model = tianjic_costs()
        clock = model.clock
        if isinstance(clock, Ticks) and self.rounds > 1:
            longer = replace(clock.tick, value=clock.tick.value * self.rounds)
            return replace(model, clock=Ticks(longer))
        return model

    def _weights(self, draft: Draft) -> None:
        """Round weights to the scale of their population and variable, 127 being the largest."""
        scales: dict[tuple[str, str], float] = {}
        static = [p for p in draft.program.projections if p.synapse is None]
        for projection in static:
            key = (projection.post.population, projection.variable)
            most = max(map(abs, draw_range(draft, projection.weight)))
            scales[key] = max(scales.get(key, 0.0), most)
        for given in draft.program.poisson:
            key = (given.post.population, given.variable)
            scales[key] = max(scales.get(key, 0.0), abs(given.weight))
        for projection in static:
            most = scales[projection.post.population, projection.variable]
            if most > 0:
                ends = draw_range(draft, projection.weight)
                grid = self._grid(most, *ends)
                if grid.quantum:
                    round_weights(draft, projection, grid)
        self._poisson(draft, scales)

    def _grid(self, most: float, low: float, high: float) -> Grid:
        """Return the grid of a projection whose weights lie between two values."""
        step = most / 127.0
        if self.weight_indices and high > low:
            apart = (high - low) / (LEVELS - 1)
            whole = max(1.0, np.ceil(apart / step - 1e-9)) * step if self.weights else apart
            least = int(np.rint(low / whole))
            return Grid(1.0, float(whole), least, least + LEVELS - 1)
        return Grid(1.0, step, -127, 127) if self.weights else Grid()

    def _poisson(self, draft: Draft, scales: dict[tuple[str, str], float]) -> None:
        changed = []
        for given in draft.program.poisson:
            most = scales[given.post.population, given.variable]
            became = given.weight
            if self.weights and most > 0:
                became = float(Grid(1.0, most / 127.0, -127, 127).apply(given.weight))
            tally = Tally()
            tally.add(np.array([given.weight]), np.array([became]))
            draft.report.rounded.append(tally.report(given.name, "weights", "SI", 1))
            changed.append(replace(given, weight=became))
        draft.program = replace(draft.program, poisson=tuple(changed))

    def _place(self, draft: Draft) -> None:
        put_on_crossbars(draft, Crossbar("Tianjic", CORES, FAN, FAN, self.chips))


def _models(draft: Draft) -> None:
    """Refuse models that are not leaky integrate-and-fire neurons."""
    for population in draft.program.populations:
        neuron = linear_neuron(population, draft.program.dt)
        where, model = f"population {population.name!r}", population.code.name
        if isinstance(neuron, str) and not draft.allowed("other_models", where, f"{model!r}"):
            draft.report.obstacle(
                where, f"model {model!r}: {neuron}",
                "Tianjic has leaky integrate-and-fire neurons",
                "Use iaf, lif_delta, lif_curr_exp or lif_curr_exp2, or allow 'other_models'.",
            )  # fmt: skip

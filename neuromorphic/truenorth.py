"""TrueNorth as a platform: integer neurons on binary crossbars of 256 by 256."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from ..lowering.machine_program import Grid
from ..lowering.program import PopulationProgram, ProjectionProgram
from .costs import CostModel
from .crossbar import Crossbar, put_on_crossbars
from .draft import Draft, Reading
from .energy import truenorth_costs
from .knobs import Assumption, knob
from .linear import LinearNeuron, leaky_neuron, mean_of
from .loihi.scale import largest, plain
from .loihi.weights import draw_range
from .platform import Machine, Pass
from .quantise import map_delays, round_weights
from .static import refuse_features
from .truenorth_ticks import (
    arrival_name,
    is_truenorth_neuron,
    leaking,
    tick,
    truenorth_neuron,
)
from .truenorth_weights import MOST_WEIGHT, Scaled, change, four_weights, put_poisson

__all__ = ["TrueNorth", "truenorth_neuron"]

MAX_DELAY = 15
_RANC = "RANC simulator"


@dataclass(frozen=True, kw_only=True)
class TrueNorth(Machine):
    """IBM's TrueNorth: integer neurons, four axon types, crossbars of 256 by 256.

    Networks of :func:`truenorth_neuron` run as they are. Leaky integrate-and-fire networks need
    approximations, allowed by name. A time step is a tick, whatever ``dt``.
    """

    name: ClassVar[str] = "truenorth"
    summary: ClassVar[str] = "IBM TrueNorth: integer neurons on crossbars, 1 ms ticks, 63-70 mW"
    approximations: ClassVar[dict[str, str]] = {
        "linear_leak": "a leak that is the same at every potential, as at half the threshold",
        "delta_synapses": "synaptic currents act at once, with all of their charge",
        "conductance_as_current": "conductances drive currents as half-way to the threshold",
        "no_refractory": "neurons are never refractory",
        "four_weights": "weights of a projection become their mean, projections share 4 weights",
        "short_delays": "delays beyond 15 ticks become 15",
        "split_neurons": "a neuron with more than 256 inputs takes several cores, which are summed",
    }
    constants: ClassVar[tuple[Assumption, ...]] = (
        Assumption("weight_bits", "9 with sign", "RANC's tests use width 9", "U", _RANC, False),
        Assumption("leak_modes", "constant or reversing, each also stochastic",
                   "which four there are", "U", "Cassidy 2013, abstract", False),
        Assumption("relays", "counted", "a neuron has one target core: what fans out needs "
                   "relay neurons, whose extra tick is not added", "U", "sheet", False),
    )  # fmt: skip

    arithmetic: bool = knob(
        True, "integer potentials, a linear leak, and the machine's resets",
        fact="C", source=_RANC, imperfection=True, ideal=False,
    )  # fmt: skip
    weights: bool = knob(
        True, "weights of 9 bits with sign, four to a neuron",
        fact="U", source=_RANC, imperfection=True, ideal=False,
    )  # fmt: skip
    order: str = knob(
        "machine", "a spike with a delay of d ticks acts on the d-th tick after its own "
        "(machine), or after that tick (native)",
        fact="C", source=_RANC, choices=("machine", "native"), imperfection=True, ideal="native",
    )  # fmt: skip
    delays: bool = knob(
        True, "delays of 1 to 15 ticks", fact="C", source=_RANC, imperfection=True, ideal=False
    )
    limits: bool = knob(True, "what has no room or no part is refused", fact="C", ideal=False)
    floor: float = knob(
        4.0, "times the threshold that v can fall below the reset; for networks not given in "
        "integers", low=0.0, high=1e6,
    )  # fmt: skip
    chips: int | None = knob(None, "chips there are; by default as many as it takes", low=1)
    tick: float = knob(1e-3, "seconds that a tick takes", fact="U", source="sheet", low=1e-9)

    def passes(self) -> Sequence[Pass]:
        """Return the steps of the mapping, in order."""
        found: list[Pass] = [refuse_features] if self.limits else []
        if self.arithmetic or self.weights:
            found += [self._neurons, self._synapses]
        if self.delays or self.order == "machine":
            found.append(self._delays)
        if self.limits:
            found.append(self._place)
        return found

    def cost_model(self) -> CostModel:
        """Return the power of chips at work, for the ticks of the run."""
        return truenorth_costs(self.tick)

    def _neurons(self, draft: Draft) -> None:
        """Find the integers of every population; ``facts["truenorth"]``."""
        found: dict[str, Scaled | None] = {}
        for population in draft.program.populations:
            where = f"population {population.name!r}"
            if is_truenorth_neuron(population):
                _check_integers(draft, population)
                found[population.name] = None
                continue
            neuron = leaky_neuron(draft, population)
            if isinstance(neuron, str):
                draft.report.obstacle(
                    where, f"model {population.code.name!r}: {neuron}",
                    "TrueNorth has one integer neuron",
                    "Use truenorth_neuron, iaf, lif_delta or, allowing more, lif_curr_exp.",
                )  # fmt: skip
            else:
                self._check_allowed(draft, where, neuron)
                found[population.name] = _scale(draft, population, neuron)
        draft.facts["truenorth"] = found

    def _check_allowed(self, draft: Draft, where: str, neuron: LinearNeuron) -> None:
        """Note what a leaky neuron needs and the user does not allow."""
        needed = []
        if _everywhere(draft, np.asarray(neuron.keep) - 1.0) > 0:
            needed.append(("linear_leak", "a leak in proportion to the potential"))
        if neuron.gain:
            needed.append(("delta_synapses", "synaptic currents that last"))
        if _everywhere(draft, neuron.refractory) > 0:
            needed.append(("no_refractory", "a refractory period"))
        for name, text in needed if self.arithmetic else []:
            if not draft.allowed(name, where, self.approximations[name]):
                draft.report.obstacle(
                    where, text, "TrueNorth has none", f"Use truenorth_neuron, or allow {name!r}."
                )

    def _synapses(self, draft: Draft) -> None:
        """Put weights on 9 bits, and give populations the machine's code."""
        found = draft.facts["truenorth"]
        if self.weights:
            four_weights(draft, found)
        for projection in draft.program.projections:
            post = projection.post.population
            if post in found and projection.synapse is None:
                self._weights_of(draft, projection, found[post])
        put_poisson(draft, found, weights=self.weights, moves=self.arithmetic)
        if self.arithmetic:
            draft.populations(lambda p: _with_code(draft, p, found, self.floor))

    def _weights_of(self, draft: Draft, projection: ProjectionProgram, own: Scaled | None) -> None:
        population = draft.program.population(projection.post.population)
        gain = 1.0 if own is None else own.gain.get(projection.variable, 0.0)
        if not gain or (own is None and projection.variable != "v"):
            draft.report.obstacle(
                f"projection {projection.name!r}", f"synapses onto {projection.variable!r}",
                "on TrueNorth they act on the potential", "Choose that, or a synaptic current.",
            )  # fmt: skip
            return
        grid = Grid(gain, 1.0, -MOST_WEIGHT, MOST_WEIGHT) if self.weights else Grid(gain)
        if not self.arithmetic:
            grid = replace(grid, factor=1.0, quantum=grid.quantum / gain)
        if self.weights:
            round_weights(draft, projection, grid)
        else:
            change(draft, projection.name, weight=replace(projection.weight, grid=grid))
        if self.arithmetic:
            change(draft, projection.name, variable=arrival_name(population))

    def _delays(self, draft: Draft) -> None:
        longest = max((p.delay.largest for p in draft.program.projections), default=0)
        longest = int(draft.ranks.largest(np.array([longest], np.int64))[0])
        late = self.delays and longest > MAX_DELAY
        text = f"delays up to {longest} ticks become at most {MAX_DELAY}"
        if late and not draft.allowed("short_delays", "network", text):
            draft.report.obstacle(
                "network", f"delays up to {longest} ticks", f"TrueNorth's are 1 to {MAX_DELAY}",
                "Choose a longer time step, or allow 'short_delays'.",
            )  # fmt: skip
        earlier = 1 if self.order == "machine" else 0
        low, high = (1, MAX_DELAY) if self.delays else (earlier, 2**31)
        if self.delays:
            map_delays(draft, lambda steps: np.clip(steps, low, high))
        if earlier:
            kept = draft.report.rounded[:]
            map_delays(draft, lambda steps: np.maximum(steps, 1) - 1)
            draft.report.rounded[:] = kept

    def _place(self, draft: Draft) -> None:
        shape = Crossbar("TrueNorth", cores=4096, neurons=256, axons=256, chips=self.chips)
        put_on_crossbars(draft, shape, relays=True)


def _scale(draft: Draft, population: PopulationProgram, neuron: LinearNeuron) -> Scaled:
    """Return the unit in which the largest weight is 255, or the threshold if there are none."""
    keep = np.asarray(neuron.keep, np.float64)
    offset = mean_of(draft, neuron.reset)
    volts: dict[str, float] = {}
    for name, gain in neuron.gain.items():
        lasting = 1.0 - np.asarray(neuron.fade[name], np.float64)
        whole = np.asarray(gain) / np.where(lasting > 0, lasting, 1.0)
        volts[name] = mean_of(draft, plain(whole))
    if not neuron.gain:
        volts[neuron.potential] = 1.0
    sizes = {}
    for given in draft.program.projections:
        if given.post.population == population.name and given.synapse is None:
            ends = draw_range(draft, given.weight)
            sizes[given.name] = max(map(abs, ends)) * abs(volts.get(given.variable, 0.0))
    for one in draft.program.poisson:
        if one.post.population == population.name:
            sizes[one.name] = abs(one.weight * volts.get(one.variable, 0.0))
    span = _everywhere(draft, np.asarray(neuron.threshold) - offset)
    most = _everywhere(draft, list(sizes.values()) or [span])
    unit = (most or span or 1.0) / MOST_WEIGHT
    leak = mean_of(draft, plain(_drift(neuron, offset, keep))) / unit
    draft.report.details.setdefault("scale", {})[population.name] = {
        "unit": unit, "offset": offset, "threshold": round(span / unit), "leak": round(leak),
    }  # fmt: skip
    return Scaled(unit, offset, neuron, {name: v / unit for name, v in volts.items()})


def _drift(neuron: LinearNeuron, offset: float, keep: np.ndarray) -> np.ndarray:
    """Return the change of the potential per tick at half the threshold, volts."""
    half = (np.asarray(neuron.threshold) - offset) / 2.0
    constant = np.asarray(neuron.drive) - offset * (1.0 - keep)
    return constant - (1.0 - keep) * half


def _everywhere(draft: Draft, values: Any) -> float:
    return float(draft.ranks.largest(np.array([largest({"": np.asarray(values)})]))[0])


def _with_code(
    draft: Draft, population: PopulationProgram, found: dict[str, Scaled | None], floor: float
) -> PopulationProgram:
    if population.name not in found:
        return population
    own = found[population.name]
    if own is None:
        return tick(population)
    neuron, v = own.neuron, own.neuron.potential
    keep = np.asarray(neuron.keep, np.float64)
    constant = np.asarray(neuron.drive) - own.offset * (1.0 - keep)
    reversing = not _everywhere(draft, constant) and _everywhere(draft, keep - 1.0) > 0
    threshold = np.rint((np.asarray(neuron.threshold) - own.offset) / own.unit)
    values = {
        "v": np.rint((np.asarray(population.values[v]) - own.offset) / own.unit),
        "leak": np.rint(_drift(neuron, own.offset, keep) / own.unit),
        "threshold": threshold,
        "negative_threshold": -np.rint(floor * threshold),
    }
    draft.readings[population.name, v] = Reading(own.unit, own.offset, np.rint)
    plain = {k: x if np.ndim(x) else float(x) for k, x in values.items()}
    return leaking(population, v, plain, reversing=reversing)


def _check_integers(draft: Draft, population: PopulationProgram) -> None:
    for name in ("leak", "threshold", "negative_threshold", "reset_potential"):
        values = np.atleast_1d(np.asarray(population.values[name], np.float64))
        wrong = values[values != np.trunc(values)]
        beyond = values[np.abs(values) > MOST_WEIGHT] if name == "leak" else values[:0]
        for value in [*wrong[:1], *beyond[:1]]:
            allowed = f"from -{MOST_WEIGHT} to {MOST_WEIGHT}" if name == "leak" else "of any size"
            draft.report.obstacle(
                f"population {population.name!r}", f"{name}={value:g}",
                f"it is a whole number {allowed}", "Change it.",
            )  # fmt: skip

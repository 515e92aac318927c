"""A network's synapses, delays, inputs and neurons as SpiNNaker has them: passes of the mapping."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ...lowering.edges import instantiate
from ...lowering.input_program import CurrentInput
from ...lowering.machine_program import Grid, Saturation
from ...lowering.program import (
    DelayDraw,
    Draw,
    ListedEdges,
    PopulationProgram,
    ProjectionProgram,
)
from ...lowering.waveforms import StepWave
from ..draft import Draft, Reading
from ..quantise import changed_delay, map_delays, round_weights
from ..units import MILLI_NANO
from .connectivity import weight_facts
from .generated import generated_population
from .numerics import arithmetic
from .planning import machine_of, plan_of
from .poisson import as_sources
from .population import machine_population
from .receptors import RING_FULL, RING_UNIT, Receptor
from .scaling import FULL
from .words import LEGACY_SLOTS, MAX_STAGES, delay_slots, extension_stages

if TYPE_CHECKING:
    from .machine import SpiNNaker

_TIME = re.compile(r"\b(?:t|dt|t_in_timesteps)\b")
MOST_SPLIT = 20_000_000


def refuse(draft: Draft) -> None:
    """Pass: list what the machine does not do at all."""
    program, report = draft.program, draft.report
    if not machine_of(draft).changes_anything:
        return
    for structure in program.structures:
        report.obstacle(
            f"projection {structure.projection!r}", "its synapses come and go",
            "the mapping has fixed synapses", "Take the structural rule out.",
        )  # fmt: skip
    exact = machine_of(draft).arithmetic == "float64"
    for operation in program.operations if machine_of(draft).changes_neurons else ():
        where = f"operation {operation.name!r}"
        if not exact or not draft.allowed("host_operations", where, "run by the host"):
            report.obstacle(
                where, "code that runs at intervals",
                "the machine runs neurons and synapses only",
                "Take the operation out, or set arithmetic='float64' and allow='host_operations'.",
            )  # fmt: skip
    for population in program.populations:
        if population.code.events:
            report.obstacle(
                f"population {population.name!r}", "events besides spikes",
                "the machine has spikes only", "Take the events out.",
            )  # fmt: skip


def split_signs(draft: Draft) -> None:
    """Pass: make two projections of one whose weights have both signs: a synapse type each."""
    if not machine_of(draft).scales_weights:
        return
    kept: list[ProjectionProgram] = []
    for projection in draft.program.projections:
        mixed = (
            projection.synapse is None
            and not weight_facts(projection.weight, projection.expected_synapses, draft.ranks).sign
        )
        if mixed and projection.expected_synapses > MOST_SPLIT:
            draft.report.obstacle(
                f"projection {projection.name!r}", "weights of both signs",
                f"the sign is the synapse type's; up to {MOST_SPLIT:g} synapses are sorted out",
                "Make a projection for each sign, or bound the distribution at 0.",
            )  # fmt: skip
        kept += _split(draft, projection) if mixed else [projection]
    draft.program = replace(draft.program, projections=tuple(kept))


def _split(draft: Draft, projection: ProjectionProgram) -> list[ProjectionProgram]:
    edges = instantiate(draft.program, projection)
    parts = []
    for name, chosen in (
        (projection.name, edges.weight >= 0),
        (f"{projection.name} (inhibitory)", edges.weight < 0),
    ):
        total = int(draft.ranks.sum(np.array([int(chosen.sum())], np.int64))[0])
        delays = edges.delay[chosen]
        bounds = (projection.delay.smallest, projection.delay.largest)
        parts.append(
            replace(
                projection,
                name=name,
                rule=ListedEdges(edges.pre[chosen], edges.post[chosen]),
                weight=Draw("listed", values=edges.weight[chosen].astype(np.float64)),
                delay=DelayDraw(bounds[0], values=delays, bounds=bounds),
                total=total,
            )
        )
    draft.report.note(
        f"projection {projection.name!r} has weights of both signs: it became one onto the "
        "excitatory and one onto the inhibitory synapse type"
    )
    return parts


def map_weights(draft: Draft) -> None:
    """Pass: let projections and Poisson inputs add integer weights to the ring buffers."""
    machine, plan = machine_of(draft), plan_of(draft)
    if not machine.scales_weights:
        return
    for projection in draft.program.projections:
        facts = plan.weights.get(projection.name)
        key = (projection.post.population, projection.variable, 0 if facts is None else facts.sign)
        receptor = plan.receptors.get(key)
        if receptor is None or projection.synapse is not None:
            continue
        grid = weight_grid(machine, receptor)
        if grid.quantum:
            round_weights(draft, projection, grid)
        changes: dict[str, Any] = {"weight": replace(projection.weight, grid=grid)}
        if machine.uses_rings:
            changes["variable"] = receptor.ring
        if not grid.quantum:
            changes["weight_bits"] = 64
        draft.projections(
            lambda p, name=projection.name, c=changes: (  # type: ignore[misc]
                replace(p, **c) if p.name == name else p
            )
        )
    kept = []
    for given in draft.program.poisson:
        sign = -1 if given.weight < 0 else 1
        receptor = plan.receptors.get((given.post.population, given.variable, sign))
        if receptor is None:
            kept.append(given)
            continue
        weight = float(weight_grid(machine, receptor).apply(given.weight))
        variable = receptor.ring if machine.uses_rings else given.variable
        kept.append(replace(given, variable=variable, weight=weight))
    draft.program = replace(draft.program, poisson=tuple(kept))


def weight_grid(machine: SpiNNaker, receptor: Receptor) -> Grid:
    """Return the weights of a synapse type: in the ring's unit, or rounded as they are in SI."""
    if not machine.uses_rings:
        return Grid(quantum=1 / receptor.per_weight, low=-FULL, high=FULL)
    if machine.weights == "exact":
        return Grid(factor=receptor.factor, absolute=True)
    return Grid(receptor.factor, RING_UNIT, 0, FULL, absolute=True, wraps=True)


def map_poisson_counts(draft: Draft) -> None:
    """Pass: give Poisson inputs the counts of the machine's sources."""
    if machine_of(draft).poisson == "sources":
        kept = tuple(as_sources(p) for p in draft.program.poisson)
        draft.program = replace(draft.program, poisson=kept)


def fit_delays(draft: Draft) -> None:
    """Pass: delays of a tick at least, and as long as rings and delay extensions hold."""
    machine, plan = machine_of(draft), plan_of(draft)
    if not machine.delays:
        return
    stages: dict[str, int] = {}
    for population in draft.program.populations:
        own = [p for p in draft.program.projections if p.post.population == population.name]
        bounds = [b for p in own for b in p.delays]
        longest = _largest(draft, max((last for _, last in bounds), default=1))
        neurons = min(machine.neurons_per_core, population.size)
        types = max(2, len(plan.of(population.name)))
        slots = LEGACY_SLOTS if machine.legacy_delays else delay_slots(longest, neurons, types)
        plan.slots[population.name] = slots
        if longest > slots * (MAX_STAGES + 1):
            for p in own:
                if p.delay.largest > slots * (MAX_STAGES + 1):
                    draft.report.obstacle(
                        f"projection {p.name!r}",
                        f"delays of up to {p.delay.largest} ticks",
                        f"{slots} ring slots and {MAX_STAGES} stages of extension hold "
                        f"{slots * (MAX_STAGES + 1)}",
                        "Shorten them, use a longer time step or fewer neurons_per_core.",
                    )
            continue
        stages[population.name] = extension_stages(longest, slots)
    draft.facts["stages"] = stages
    map_delays(draft, lambda steps: np.maximum(steps, 1))


def _largest(draft: Draft, value: int) -> int:
    return int(draft.ranks.largest(np.array([value], np.int64))[0])


def order_of_ticks(draft: Draft) -> None:
    """Pass: a spike of tick t with delay d acts on the update of tick t + d."""
    if machine_of(draft).order != "machine":
        return

    def earlier(steps: np.ndarray) -> np.ndarray:
        return np.maximum(steps - 1, 0)

    def change(projection: ProjectionProgram) -> ProjectionProgram:
        made = replace(projection, delay=changed_delay(projection, earlier))
        if projection.synapse is None:
            return made
        own = tuple(None if d is None else max(d - 1, 0) for d in projection.synapse.delays)
        return replace(made, synapse=replace(projection.synapse, delays=own))

    draft.projections(change)


def map_neurons(draft: Draft) -> None:
    """Pass: put each population into the machine's model, or its arithmetic."""
    machine, plan = machine_of(draft), plan_of(draft)
    if not machine.uses_rings:
        return
    core, dt = arithmetic(machine.arithmetic), draft.program.dt * 1e3

    def change(population: PopulationProgram) -> PopulationProgram:
        if population.name in plan.sources:
            return population
        model, receptors = plan.models[population.name], plan.of(population.name)
        if model is None:
            changed, made = generated_population(
                population, receptors, core, saturates=machine.saturation
            )
        else:
            changed, made = machine_population(
                population, model, receptors, core, dt, saturates=machine.saturation
            )
        for misfit in made.misfits:
            draft.report.obstacle(
                f"population {population.name!r}", misfit,
                "s16.15 holds -65536 to 65535.99997", "Change it, or set arithmetic='float64'.",
            )  # fmt: skip
        draft.readings.update(
            {(population.name, name): reading for name, reading in made.readings.items()}
        )
        return changed

    draft.populations(change)
    currents = tuple(
        _scaled(c, draft.readings.get((c.span.population, c.variable)))
        for c in draft.program.currents
    )
    draft.program = replace(draft.program, currents=currents)
    if machine.saturation:
        draft.limits(
            saturations=tuple(
                Saturation(r.population, r.ring, RING_FULL) for r in plan.receptors.values()
            )
        )


def map_operations(draft: Draft) -> None:
    """Pass: let operations on neurons read and write values in the machine's units."""
    kept = []
    for operation in draft.program.operations:
        name = operation.span.population
        own = {variable for population, variable in draft.readings if population == name}
        code = draft.program.population(name).code
        if own:
            free = {v.name for v in code.variables if v.role in ("state", "parameter")}
            lost = sorted(set(operation.writes) - free)
            if lost or _TIME.search(operation.code):
                draft.report.obstacle(
                    f"operation {operation.name!r}",
                    f"it writes {', '.join(lost)}" if lost else "it uses t or dt",
                    "it may write what a core reads, and knows no time",
                    "Write it so, or set models='native'.",
                )
            constants = {
                symbol: value / MILLI_NANO.of(symbol.removeprefix("unit_"))
                for symbol, value in operation.constants.items()
            }
            operation = replace(operation, constants=constants)  # noqa: PLW2901
        kept.append(operation)
    draft.program = replace(draft.program, operations=tuple(kept))


def _scaled(current: CurrentInput, reading: Reading | None) -> CurrentInput:
    """Return an injected current in the machine's units."""
    if reading is None or reading.scale == 1.0:
        return current
    factor, wave, noise = 1 / reading.scale, current.wave, current.noise
    if isinstance(wave, StepWave):
        wave = replace(wave, values=wave.values * factor)
    elif wave is not None:
        wave = replace(wave, scale=wave.scale * factor, low=wave.low)
    if noise is not None:
        noise = replace(
            noise, mean=noise.mean * factor, sd=noise.sd * factor, sigma=noise.sigma * factor
        )
    return replace(current, wave=wave, noise=noise)

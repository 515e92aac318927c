"""What the wafers have no circuits for, and whether there are enough wafers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ...lowering.program import PopulationProgram, ProjectionProgram
from ..draft import Draft
from . import circuits as c
from .currents import AS_CONDUCTANCE, SUBSTITUTES
from .neurons import CIRCUITS, RECEPTORS, recognise, with_values
from .places import find_places, neurons_per_encoder
from .plasticity import AS_BUILT, is_built

if TYPE_CHECKING:
    from .platform import BrainScaleS1

_MODELS = " or ".join(repr(circuit.model) for circuit in CIRCUITS)
_OTHERS = ", ".join(repr(one.model) for one in SUBSTITUTES)
OFFSET = "offset_as_leak"


def place(draft: Draft) -> None:
    """Put neurons on circuits; note what stands in the way.

    Sets ``draft.facts["places"]`` (:class:`Places`) and ``draft.facts["asked"]``, the populations
    by name before their parameters are the circuits'.
    """
    machine: BrainScaleS1 = draft.machine  # type: ignore[assignment]
    places = find_places(draft.program, machine.denmems, machine.inputs_per_denmem)
    draft.facts["places"] = places
    draft.facts["asked"] = {p.name: p for p in draft.program.populations}
    wafers = -(-places.n_hicanns // c.HICANNS)
    draft.report.resources |= {
        "neurons": draft.program.n_neurons,
        "denmems": draft.program.n_neurons * machine.denmems,
        "HICANNs": places.n_hicanns,
        "reticles": -(-places.n_hicanns // c.HICANNS_PER_RETICLE),
        "wafers": max(wafers, 1),
        "neurons per HICANN": _per_chip(machine.denmems),
    }
    if not machine.limits:
        return
    if wafers > machine.wafers:
        most = machine.wafers * c.HICANNS * _per_chip(machine.denmems)
        draft.report.obstacle(
            "wafers",
            f"{draft.program.n_neurons:,} neurons of {machine.denmems} circuits need "
            f"{places.n_hicanns:,} HICANNs, {wafers} wafers",
            f"{machine.wafers} wafer(s) hold {most:,} neurons of full populations",
            f"Use denmems < {machine.denmems}, a smaller network, or wafers={wafers} (at most 20).",
        )
    for population in draft.program.populations:
        _check_model(draft, population)
    _check_synapses(draft)
    _check_rest(draft)


def _per_chip(denmems: int) -> int:
    """Return the neurons that a chip has room for."""
    return c.DENMEMS // c.ENCODER_INPUTS * neurons_per_encoder(denmems)


def _check_model(draft: Draft, population: PopulationProgram) -> None:
    where = f"population {population.name!r}"
    code = population.code
    if recognise(code) is None:
        draft.report.obstacle(
            where,
            f"the model {code.name!r} is not one of the circuits'",
            f"they are {_MODELS}, equations unchanged",
            f"Use one of these, or allow={AS_CONDUCTANCE!r} for {_OTHERS}.",
        )
        return
    current = np.asarray(population.values["I_e"], np.float64)
    largest = float(draft.ranks.largest(np.array([np.abs(current).max(initial=0.0)]))[0])
    text = "a constant current becomes the shift I_e/g_L of the leak potential"
    if largest and not draft.allowed(OFFSET, where, text):
        draft.report.obstacle(
            where,
            f"a constant current I_e of up to {largest * 1e12:g} pA",
            "the circuits have no offset current",
            f"Leave it out, shift E_L by I_e/g_L, or allow={OFFSET!r} to have that done.",
        )


def offset_as_leak(draft: Draft) -> None:
    """Turn constant currents into shifts of the leak potential, where the user allows it."""
    if OFFSET not in draft.machine.allow and "all" not in draft.machine.allow:
        return

    def change(population: PopulationProgram) -> PopulationProgram:
        if recognise(population.code) is None or not np.any(population.values["I_e"]):
            return population
        values = {n: np.asarray(population.values[n], np.float64) for n in ("E_L", "I_e", "g_L")}
        moved = values["E_L"] + values["I_e"] / values["g_L"]
        return with_values(population, {"E_L": moved, "I_e": values["I_e"] * 0.0})

    draft.populations(change)


def _check_synapses(draft: Draft) -> None:
    program = draft.program
    recognised = {p.name for p in program.populations if recognise(p.code) is not None}
    for given in program.projections:
        where = f"projection {given.name!r}"
        if given.synapse is not None and not is_built(given.synapse.code):
            draft.report.obstacle(
                where,
                f"synapses of the model {given.synapse.code.name!r}",
                f"synapses add their weight to {' or '.join(RECEPTORS)}, or are as built: "
                f"{', '.join(AS_BUILT)}, tsodyks2 without facilitation",
                "Use neurosim.neuromorphic.brainscales1.hardware_stp() or a fixed weight.",
            )
        elif given.post.population in recognised and given.variable not in RECEPTORS:
            draft.report.obstacle(
                where,
                f"synapses that add to {given.variable!r}",
                f"synapses act on {' or '.join(RECEPTORS)}",
                "Project to one of these.",
            )
        if given.variable in RECEPTORS and _negative(draft, given):
            draft.report.obstacle(
                where,
                "negative weights",
                "conductances are 0 or more",
                "Make weights positive, and inhibition by g_inh.",
            )
    for structure in program.structures:
        draft.report.obstacle(
            f"projection {structure.projection!r}",
            "synapses that come and go",
            "the wiring of a wafer is set before the run",
            "Leave structural plasticity out.",
        )


def _negative(draft: Draft, given: ProjectionProgram) -> bool:
    """Return whether weights are negative, but for the tail of a distribution above 0."""
    weight = given.weight
    if weight.grid is not None and weight.grid.absolute:
        return False
    if weight.values is not None:
        least = np.array([np.min(weight.values, initial=0.0)])
        return float(draft.ranks.smallest(least)[0]) < 0
    if weight.kind == "uniform":
        return min(weight.a, weight.b) < 0
    return weight.kind != "lognormal" and weight.a < 0


def _check_rest(draft: Draft) -> None:
    for current in draft.program.currents:
        draft.report.obstacle(
            f"injection {current.name!r}",
            f"a current into {current.span.population!r}",
            "the host cannot inject currents into all circuits",
            "Drive the neurons with spikes.",
        )
    for operation in draft.program.operations:
        draft.report.obstacle(
            f"operation {operation.name!r}",
            f"statements run for {operation.span.population!r}",
            "the chip cannot be paused, nor its state be written while it runs",
            "Leave the operation out.",
        )

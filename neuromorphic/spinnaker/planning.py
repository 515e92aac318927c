"""Which of SpiNNaker's models each population is, and the scale of each synapse type's weights."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ...lowering.program import PoissonProgram, PopulationProgram, ProjectionProgram
from ..draft import Draft
from ..units import MILLI_NANO
from .connectivity import WeightFacts, delay_variance, most_into_neuron, weight_facts
from .generated import uncomputable
from .models import MODELS, Model, acts, recognised, usual_sign
from .poisson import most_per_tick
from .receptors import Receptor, target_variable
from .scaling import CONDUCTANCE_SCALE, Incoming, shift_for

if TYPE_CHECKING:
    from .machine import SpiNNaker

MOST_SHIFT = 15


@dataclass
class Plan:
    """What was decided about a network; ``draft.facts["spinnaker"]``.

    Attributes
    ----------
    models : dict of str to Model or None
        By population: SpiNNaker's model, or None where the network's own code is kept.
    receptors : dict of (population, variable, sign) to Receptor
    weights : dict of str to WeightFacts
        By projection.
    rules : dict of str to Any
        By projection: the rule by which it learns on the machine.
    slots : dict of str to int
        By population: ticks that the rings of its cores hold.
    sources : set of str
        Populations that only make random spikes, and are left as they are.
    """

    models: dict[str, Model | None] = field(default_factory=dict)
    receptors: dict[tuple[str, str, int], Receptor] = field(default_factory=dict)
    weights: dict[str, WeightFacts] = field(default_factory=dict)
    rules: dict[str, Any] = field(default_factory=dict)
    slots: dict[str, int] = field(default_factory=dict)
    sources: set[str] = field(default_factory=set)

    def of(self, population: str) -> list[Receptor]:
        """Return the synapse types of a population, excitatory ones first."""
        own = [r for r in self.receptors.values() if r.population == population]
        return sorted(own, key=lambda r: -r.acts)


def plan_of(draft: Draft) -> Plan:
    """Return the plan that passes share."""
    found: Plan = draft.facts.setdefault("spinnaker", Plan())
    return found


def machine_of(draft: Draft) -> SpiNNaker:
    """Return the platform with its settings."""
    return draft.machine  # type: ignore[return-value]


def choose_models(draft: Draft) -> None:
    """Pass: decide which model each population is; refuse those that the machine lacks."""
    machine, plan = machine_of(draft), plan_of(draft)
    for population in draft.program.populations:
        code, name = population.code, population.name
        if _is_source(draft, population):
            plan.sources.add(name)
            plan.models[name] = None
            continue
        model = recognised(code) if machine.models == "machine" else None
        if model is not None and model.izhikevich and not _usual_peak(population):
            model = None
        plan.models[name] = model
        if model is None and machine.models == "machine" and not draft.allowed(
            "generated_models", name, f"{code.name or 'its own model'} computed as it is written"
        ):  # fmt: skip
            draft.report.obstacle(
                f"population {name!r}",
                f"the model {code.name or 'of its equations'!r} is none of the machine's",
                f"there are {', '.join(sorted(MODELS))} (with V_peak = 30 mV), unchanged",
                "Use one of these, or allow='generated_models' to run the equations as they are "
                "written, in the machine's arithmetic.",
            )
        if model is None and machine.arithmetic != "float64":
            lacking = uncomputable(code, machine.arithmetic)
            if lacking:
                draft.report.obstacle(
                    f"population {name!r}",
                    f"its equations have {', '.join(lacking)}",
                    f"{machine.arithmetic} has + - * /, abs ceil clip exp floor int sign, whole "
                    "powers, and a refractory period that is a parameter",
                    "Write the equations with these, or set arithmetic='float64'.",
                )


def _is_source(draft: Draft, population: PopulationProgram) -> bool:
    """Return whether a population only makes random spikes, and may stay as it is."""
    program, name = draft.program, population.name
    spans = [p.post for p in program.projections] + [p.post for p in program.poisson]
    reached = any(span.population == name for span in spans)
    if reached or not population.code.noise or not machine_of(draft).changes_neurons:
        return False
    return draft.allowed("generated_sources", name, "its random spikes are made in float64")


def _usual_peak(population: PopulationProgram) -> bool:
    return bool((np.asarray(population.values["V_peak"]) == 0.03).all())


def plan_receptors(draft: Draft) -> None:
    """Pass: find the synapse types, and each one's weight scale by the machine's algorithm."""
    plan, machine = plan_of(draft), machine_of(draft)
    if not machine.scales_weights:
        return
    arriving: dict[tuple[str, str, int], Incoming] = {}
    for population in draft.program.populations:
        model = plan.models[population.name]
        for variable in model.targets if model is not None else ():
            _receptor(draft, population, variable, usual_sign(population.code.name, variable))
    for projection, variable in _projections(draft):
        facts = plan.weights[projection.name]
        _add(draft, arriving, projection, variable, facts)
    for given in draft.program.poisson:
        _add_poisson(draft, arriving, given)
    _check_types(draft, plan)
    for key, receptor in plan.receptors.items():
        found = arriving.get(key)
        expected = 0.0 if found is None else found.expected
        if machine.max_expected_summed_weight:
            expected = machine.max_expected_summed_weight * receptor.scale
        shift = shift_for(expected)
        if shift > MOST_SHIFT:
            draft.report.obstacle(
                f"population {receptor.population!r}, {receptor.variable}",
                f"weights of up to {expected:.6g} in a tick need a left shift of {shift}",
                f"at most {MOST_SHIFT}: a ring that ends at {2**16 - 2} in ms, mV, nA",
                "Use smaller weights.",
            )
            shift = MOST_SHIFT
        plan.receptors[key] = replace(receptor, shift=shift, expected=expected)
    _tell(draft, plan)


def _check_types(draft: Draft, plan: Plan) -> None:
    """Tell of populations with more synapse types than a usual model has; refuse still more."""
    for population in draft.program.populations:
        model = plan.models[population.name]
        if model is None:
            continue
        own = [r.acts for r in plan.of(population.name)]
        exciting, inhibiting = own.count(1), own.count(-1)
        if inhibiting > 1 or exciting > 2:
            text = f"{exciting} excitatory and {inhibiting} inhibitory synapse types"
            if not draft.allowed(
                "generated_models", population.name, f"{text}, a build of its own"
            ):
                draft.report.obstacle(
                    f"population {population.name!r}", text,
                    "the machine's models have one of each, or two and one (IF_curr_exp_dual)",
                    "Use one sign of weights for each variable, or allow='generated_models'.",
                )  # fmt: skip
        elif exciting == 2:
            draft.report.note(
                f"population {population.name!r} has two excitatory synapse types: IF_curr_exp_dual"
            )


def _projections(draft: Draft) -> Iterator[tuple[ProjectionProgram, str]]:
    """Yield projections that add to a variable, and the variable."""
    plan = plan_of(draft)
    for projection in draft.program.projections:
        if projection.synapse is not None and projection.name not in plan.rules:
            continue
        rule = plan.rules.get(projection.name)
        variable = projection.variable if rule is None else target_variable(projection)
        synapses = most_into_neuron(projection, draft.ranks)
        facts = weight_facts(projection.weight, synapses, draft.ranks)
        if rule is not None:
            facts = replace(facts, largest=max(facts.largest, rule.largest), sign=rule.sign)
        plan.weights[projection.name] = facts
        yield projection, variable


def _receptor(
    draft: Draft, population: PopulationProgram, variable: str, sign: int
) -> Receptor | None:
    """Return the synapse type for weights of a sign, made if it is new; None if there is none."""
    plan = plan_of(draft)
    key = (population.name, variable, sign)
    if key in plan.receptors:
        return plan.receptors[key]
    model = plan.models[population.name]
    if model is not None and (variable not in model.targets or sign not in model.signs[variable]):
        draft.report.obstacle(
            f"population {population.name!r}",
            f"{'positive' if sign > 0 else 'negative'} weights onto {variable!r}",
            f"{model.name} has synapses onto {', '.join(model.targets)}"
            f"{' with positive weights' if model.conductance else ''}",
            "Let synapses act on these.",
        )
        return None
    unit = _unit(draft, population, model, variable)
    if unit is None:
        return None
    scale = CONDUCTANCE_SCALE if model is not None and model.conductance else 1
    made = Receptor(population.name, variable, sign, acts(model, variable, sign), unit, scale)
    plan.receptors[key] = made
    return made


def _unit(
    draft: Draft, population: PopulationProgram, model: Model | None, variable: str
) -> float | None:
    """Return the SI unit of weights onto a variable; None if neurons would need different ones."""
    dimension = population.code.variable(variable).dimension
    if model is None or model.name not in ("IF_curr_delta", "IF_curr_alpha"):
        return MILLI_NANO.of(dimension)
    names = ("tau_m", "C_m") if model.name == "IF_curr_delta" else ("tau_syn",)
    values = [np.unique(np.asarray(population.values[name])) for name in names]
    if any(v.size != 1 for v in values):
        draft.report.obstacle(
            f"population {population.name!r}",
            f"{' or '.join(names)} differ between its neurons",
            f"the weights of {model.name} are scaled alike for a whole population",
            "Make a population for each value.",
        )
        return None
    taus = [float(v[0]) * 1e3 for v in values]
    if model.name == "IF_curr_alpha":  # a core's weight is the charge: the current's integral
        return float(MILLI_NANO.of("A") / taus[0])
    # a core's weight is the charge that arrives within the tick
    dt, tau, c = draft.program.dt * 1e3, taus[0], taus[1] * 1e6
    return float(MILLI_NANO.of("V") * tau / c * -math.expm1(-dt / tau) / dt)


def _incoming(
    draft: Draft, arriving: dict[tuple[str, str, int], Incoming], key: tuple[str, str, int]
) -> Incoming:
    machine, scale = machine_of(draft), plan_of(draft).receptors[key].scale
    return arriving.setdefault(
        key,
        Incoming(1 / draft.program.dt, scale, machine.ring_buffer_sigma, machine.spikes_per_second),
    )


def _add(
    draft: Draft,
    arriving: dict[tuple[str, str, int], Incoming],
    projection: ProjectionProgram,
    variable: str,
    facts: WeightFacts,
) -> None:
    """Add a projection to what arrives at its synapse type."""
    population = draft.program.population(projection.post.population)
    receptor = _receptor(draft, population, variable, facts.sign)
    if receptor is None:
        return
    _incoming(draft, arriving, (population.name, variable, facts.sign)).add(
        mean=facts.mean / receptor.unit,
        variance=facts.variance / receptor.unit**2,
        largest=facts.largest / receptor.unit,
        connections=most_into_neuron(projection, draft.ranks),
        delay_variance=delay_variance(projection.delay, draft.ranks),
    )


def _add_poisson(
    draft: Draft, arriving: dict[tuple[str, str, int], Incoming], given: PoissonProgram
) -> None:
    """Add a Poisson input: one source for each neuron, which knows its rate."""
    population = draft.program.population(given.post.population)
    sign = -1 if given.weight < 0 else 1
    receptor = _receptor(draft, population, given.variable, sign)
    if receptor is None:
        return
    own = given.mean.max(initial=0.0) if given.wave is None else given.wave.largest
    mean = float(draft.ranks.largest(np.array([own]))[0])
    weight = abs(given.weight) / receptor.unit
    _incoming(draft, arriving, (population.name, given.variable, sign)).add(
        mean=weight,
        variance=0.0,
        largest=weight,
        connections=1,
        rate=mean / draft.program.dt,
        per_tick=most_per_tick(mean),
    )


def _tell(draft: Draft, plan: Plan) -> None:
    """Put the scales of weights into the report."""
    draft.report.details["synapse types"] = [
        {
            "population": r.population,
            "variable": r.variable,
            "receptor": r.kind,
            "expected": r.expected,
            "left_shift": r.shift,
            "weight_scale": 2.0 ** (15 - r.shift) * r.scale,
            "unit": r.unit,
        }
        for r in plan.receptors.values()
    ]

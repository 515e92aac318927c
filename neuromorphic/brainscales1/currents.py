"""Neurons whose synapses are currents or jumps, made conductances where the user allows it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ...lowering.equations import unit_values
from ...lowering.machine_program import Grid
from ...lowering.program import Draw, PoissonProgram, PopulationProgram, ProjectionProgram
from ..draft import Draft
from .membrane import RAILS
from .neurons import catalogue_code, same_model, with_values

if TYPE_CHECKING:
    from .platform import BrainScaleS1

AS_CONDUCTANCE = "current_as_conductance"
_INSIDE_V = 1e-3  # of the rails, where reversal potentials would lie beyond them


@dataclass(frozen=True)
class Substitute:
    """A model that is not one of the circuits', and the circuit in its place.

    Attributes
    ----------
    model, circuit : str
        The catalogue's names.
    times : (str, str)
        Parameters that are the excitatory and the inhibitory time constant; "": there is none.
    jump : bool
        Whether synapses add to the potential.
    """

    model: str
    circuit: str
    times: tuple[str, str]
    jump: bool = False


SUBSTITUTES = (
    Substitute("lif_curr_exp", "lif_cond_exp", ("tau_syn", "tau_syn")),
    Substitute("lif_curr_exp2", "lif_cond_exp", ("tau_exc", "tau_inh")),
    Substitute("lif_delta", "lif_cond_exp", ("", ""), jump=True),
    Substitute("adex", "adex_cond_exp", ("tau_syn", "tau_syn")),
)


@dataclass(frozen=True)
class Conversion:
    """How weights onto a population become conductances.

    Attributes
    ----------
    variables : tuple of str
        Those that synapses added to.
    excitatory, inhibitory : float
        Siemens per unit of |weight|.
    """

    variables: tuple[str, ...]
    excitatory: float
    inhibitory: float


def currents_as_conductances(draft: Draft) -> None:
    """Put conductances in the place of currents, of the same effect half-way to threshold.

    Notes
    -----
    Reversal potentials are as far from there as ``exc_drive_mv`` and ``inh_drive_mv`` say. A
    projection or Poisson input is excitatory or inhibitory by the sign of its (mean) weight.
    """
    machine: BrainScaleS1 = draft.machine  # type: ignore[assignment]
    if AS_CONDUCTANCE not in machine.allow and "all" not in machine.allow:
        return
    found: dict[str, Conversion] = {}

    def change(population: PopulationProgram) -> PopulationProgram:
        one = next((s for s in SUBSTITUTES if same_model(population.code, s.model)), None)
        if one is None:
            return population
        text = f"{one.model!r} runs as {one.circuit!r}: weights over the distance to the reversal"
        draft.allowed(AS_CONDUCTANCE, f"population {population.name!r}", text)
        made, found[population.name] = _substituted(draft, machine, population, one)
        return made

    draft.populations(change)
    draft.projections(lambda p: _projection(p, found.get(p.post.population)))
    poisson = tuple(_poisson(p, found.get(p.post.population)) for p in draft.program.poisson)
    draft.program = replace(draft.program, poisson=poisson)
    _check_recorded(draft, found)


def _substituted(
    draft: Draft, machine: BrainScaleS1, population: PopulationProgram, one: Substitute
) -> tuple[PopulationProgram, Conversion]:
    given = population.values
    code = catalogue_code(one.circuit)
    values: dict[str, Any] = dict(unit_values(code))
    values |= {v.name: given[v.name] for v in code.variables if v.name in given}
    values |= dict.fromkeys(("g_exc", "g_inh"), 0.0)
    if "g_L" not in given:
        values["g_L"] = np.asarray(given["C_m"]) / np.asarray(given["tau_m"])
    threshold = "V_th" if "V_th" in given else "V_T"
    centre = 0.5 * (_middle(draft, given["E_L"]) + _middle(draft, given[threshold]))
    exc = min(centre + machine.exc_drive_mv * 1e-3, RAILS[1] - _INSIDE_V)
    inh = max(centre - machine.inh_drive_mv * 1e-3, RAILS[0] + _INSIDE_V)
    values |= {"E_exc": exc, "E_inh": inh}
    short = machine.jump_tau_ms * 1e-3
    for name, own in zip(("tau_exc", "tau_inh"), one.times, strict=True):
        values[name] = given[own] if own else short
    # a jump is the charge that a short current carries, over the capacitance
    unit = _middle(draft, given["C_m"]) / short if one.jump else 1.0
    written = ("v",) if one.jump else tuple(n for n in ("I_syn", "I_exc", "I_inh") if n in given)
    conversion = Conversion(written, unit / (exc - centre), unit / (centre - inh))
    bare = replace(population, code=code, values={})
    return with_values(bare, values), conversion


def _middle(draft: Draft, value: Any) -> float:
    """Return the middle of the range of a parameter on all ranks."""
    own = np.atleast_1d(np.asarray(value, np.float64))
    ends = np.array([-np.min(own, initial=np.inf), np.max(own, initial=-np.inf)])
    low, high = np.asarray(draft.ranks.largest(ends))
    return 0.5 * float(high - low)


def _projection(given: ProjectionProgram, how: Conversion | None) -> ProjectionProgram:
    if how is None or given.synapse is not None or given.variable not in how.variables:
        return given
    positive = _sign(given.weight) >= 0
    factor = how.excitatory if positive else how.inhibitory
    grid = Grid(factor=factor, absolute=True)
    variable = "g_exc" if positive else "g_inh"
    return replace(given, variable=variable, weight=replace(given.weight, grid=grid))


def _sign(weight: Draw) -> float:
    """Return a number whose sign is that of the weights, by their mean."""
    if weight.values is not None:
        return float(np.sum(weight.values))
    if weight.kind == "uniform":
        return weight.a + weight.b
    if weight.kind == "lognormal":
        return 1.0
    return weight.a


def _poisson(given: PoissonProgram, how: Conversion | None) -> PoissonProgram:
    if how is None or given.variable not in how.variables:
        return given
    positive = given.weight >= 0
    factor = how.excitatory if positive else how.inhibitory
    variable = "g_exc" if positive else "g_inh"
    return replace(given, variable=variable, weight=abs(given.weight) * factor)


def _check_recorded(draft: Draft, found: dict[str, Conversion]) -> None:
    for recorder in draft.program.state_recorders:
        if recorder.population not in found:
            continue
        code = draft.program.population(recorder.population).code
        if recorder.variable not in {v.name for v in code.variables}:
            draft.report.obstacle(
                f"recorder of {recorder.population!r}",
                f"the variable {recorder.variable!r}",
                "the circuits have g_exc and g_inh in its place",
                "Record v only.",
            )

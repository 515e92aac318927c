"""The mapping of a network onto Loihi: what is refused, units, weights, code and delays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ...lowering.program import PopulationProgram, Value
from ..draft import Draft, Reading
from ..linear import LinearNeuron, leaky_neuron, mean_of
from ..quantise import Tally, map_delays
from . import weights as w
from .arithmetic import EXPONENTS, MAX_DELAY, MAX_REFRACTORY
from .code import Arrivals, machine_population
from .graded import payload, put_graded
from .model import is_loihi_lif
from .scale import (
    Compartments,
    choose_unit,
    compartments,
    exact_compartments,
    largest,
    rounded,
)

if TYPE_CHECKING:
    from .platform import Loihi

FACT = "loihi"
"""Key of ``draft.facts``: dict of str to Compartments."""
_RANGES = {
    "decay_u": (0, 4096),
    "decay_v": (0, 4096),
    "vth": (0, 131071),
    "bias_mant": (-4096, 4095),
    "bias_exp": (0, 7),
    "refractory_ticks": (1, 64),
}


def map_neurons(draft: Draft) -> None:
    """Find every population's compartments, and round their parameters."""
    machine: Any = draft.machine
    found: dict[str, Compartments] = {}
    for population in draft.program.populations:
        where = f"population {population.name!r}"
        if is_loihi_lif(population.code):
            _check_registers(draft, population)
            found[population.name] = exact_compartments(population)
            continue
        neuron = leaky_neuron(draft, population)
        if isinstance(neuron, str):
            draft.report.obstacle(
                where, f"model {population.code.name!r}: {neuron}",
                f"{machine.name} has leaky integrate-and-fire neurons with linear decays",
                "Use lif_delta, lif_curr_exp, lif_curr_exp2 or loihi_lif.",
            )  # fmt: skip
            continue
        own = _scaled(draft, population, neuron)
        if own is None:
            continue
        if machine.parameters:
            _report_parameters(draft, population, own, rounded(own))
            own = rounded(own)
        found[population.name] = own
    draft.facts[FACT] = found
    draft.report.details["scale"] = {
        name: own.table(lambda value: _ends(draft, value)) for name, own in found.items()
    }


def _scaled(
    draft: Draft, population: PopulationProgram, neuron: LinearNeuron
) -> Compartments | None:
    machine: Any = draft.machine
    report, where = draft.report, f"population {population.name!r}"
    resets = np.atleast_1d(_ends(draft, neuron.reset))
    if np.ptp(resets):
        report.obstacle(
            where, "reset potentials that differ between neurons", "on Loihi the reset is 0",
            "Give one value per population.",
        )  # fmt: skip
        return None
    offset, before = float(resets[0]), machine.order == "machine"
    plain = compartments(population.name, neuron, 1.0, offset, before_leak=before)
    span = _over_ranks(draft, plain.threshold)
    if not span > 0:
        report.obstacle(
            where, "a threshold that is not above the reset", "on Loihi thresholds are positive",
            "Raise the threshold, or lower the reset.",
        )  # fmt: skip
        return None
    if neuron.reaches:
        report.note(f"{where}: Loihi spikes above the threshold, not at it")
    unit = machine.unit
    if unit is None:
        bias = _over_ranks(draft, plain.bias)
        unit = choose_unit(span, bias, _largest_weight(draft, plain), machine.headroom)

    def alike(one: Value, other: Value) -> bool:
        differs = np.array([not np.array_equal(one, other)], np.int64)
        return not int(draft.ranks.largest(differs)[0])

    own = compartments(population.name, neuron, unit, offset, before_leak=before, alike=alike)
    if len(own.currents) > 1:
        taken = f"{len(own.currents)} compartments per neuron, for as many synaptic decays"
        if not draft.allowed("extra_compartments", where, taken):
            report.obstacle(
                where, f"{len(own.currents)} synaptic time constants",
                "a compartment of Loihi has one",
                "Make them equal, or allow 'extra_compartments'.",
            )  # fmt: skip
    return _short_refractory(draft, own, neuron)


def _short_refractory(draft: Draft, own: Compartments, neuron: LinearNeuron) -> Compartments:
    longest = _over_ranks(draft, neuron.refractory)
    if not draft.machine.delays or longest <= MAX_REFRACTORY:  # type: ignore[attr-defined]
        return own
    where = f"population {own.population!r}"
    text = f"a refractory period of {longest:.0f} steps becomes {MAX_REFRACTORY}"
    if draft.allowed("short_refractory", where, text):
        return replace(own, late=MAX_REFRACTORY)
    draft.report.obstacle(
        where, f"a refractory period of {longest:.0f} steps", f"Loihi has up to {MAX_REFRACTORY}",
        "Choose a longer time step, or allow 'short_refractory'.",
    )  # fmt: skip
    return own


def _largest_weight(draft: Draft, own: Compartments) -> float:
    """Return the largest step of the potential by one spike, SI units; 0 without synapses."""
    sizes = {}
    for name, variable, low, high in _weights(draft, own.population):
        gain = own.gain_of(variable) if variable in _members(own) else 0.0
        sizes[name] = max(abs(low), abs(high)) * np.abs(gain)
    return _over_ranks(draft, largest(sizes))


def _weights(draft: Draft, population: str) -> Iterator[tuple[str, str, float, float]]:
    """Yield name, variable, smallest and largest weight of what acts on a population."""
    for projection in draft.program.projections:
        if projection.post.population == population and projection.synapse is None:
            yield (projection.name, projection.variable, *w.draw_range(draft, projection.weight))
    for given in draft.program.poisson:
        if given.post.population == population:
            yield given.name, given.variable, given.weight, given.weight


def _members(own: Compartments) -> set[str]:
    return {name for current in own.currents for name in current.members}


def _over_ranks(draft: Draft, values: Value) -> float:
    own = largest({"": values})
    return float(draft.ranks.largest(np.array([own]))[0])


def _ends(draft: Draft, values: Value) -> Any:
    """Return a number, or the smallest and largest of all ranks."""
    if not isinstance(values, np.ndarray):
        return float(values)
    own = [-values.min(), values.max()] if values.size else [-np.inf, -np.inf]
    low, high = draft.ranks.largest(np.array(own))
    return [-float(low), float(high)]


def _check_registers(draft: Draft, population: PopulationProgram) -> None:
    for name, (low, high) in _RANGES.items():
        values = np.atleast_1d(np.asarray(population.values[name], np.float64))
        wrong = values[(values < low) | (values > high) | (values != np.trunc(values))]
        if wrong.size:
            draft.report.obstacle(
                f"population {population.name!r}", f"{name}={wrong[0]:g}",
                f"it is a whole number from {low} to {high}", "Change it.",
            )  # fmt: skip


def _report_parameters(
    draft: Draft, population: PopulationProgram, given: Compartments, became: Compartments
) -> None:
    size, n_own = population.size, draft.program.share.count(population.size)
    rows: list[tuple[str, str, Value, Value]] = [
        ("decay of v", "1/4096", given.decay, became.decay),
        ("bias", "units of v", given.bias, became.bias),
        ("threshold above reset", "units of v", given.threshold, became.threshold),
    ]
    if not given.delta:
        rows += [
            (f"decay of {c.name}", "1/4096", c.decay, d.decay)
            for c, d in zip(given.currents, became.currents, strict=True)
        ]
    for what, unit, before, after in rows:
        tally = Tally()
        tally.add(np.broadcast_to(before, n_own), np.broadcast_to(after, n_own))
        done = tally.over_ranks(draft).report(population.name, what, unit, size)
        draft.report.rounded.append(done)


def map_synapses(draft: Draft) -> None:
    """Round the weights, and give every population the machine's code."""
    machine: Loihi = draft.machine  # type: ignore[assignment]
    found: dict[str, Compartments] = draft.facts[FACT]
    arrivals: dict[str, Arrivals] = {}
    for name, own in found.items():
        on_potential = own.delta and machine.order != "machine"
        current = {} if on_potential else {c.name: [(f"arrived_{c.name}", 0)] for c in own.currents}
        arrivals[name] = current
    for projection in draft.program.projections:
        acted = found.get(projection.post.population)
        graded = machine.graded_spikes and payload(projection.synapse) is not None
        if acted is None or (projection.synapse is not None and not graded):
            continue
        if not _acts_on_current(draft, acted, projection.name, projection.variable):
            continue
        low, high = w.draw_range(draft, projection.weight)
        kept = _format(draft, acted, projection.name, projection.variable, low, high)
        gain = acted.gain_of(projection.variable)
        units = in_units(machine, acted)
        if graded:
            kept = None if kept is None else replace(kept, rule="each")
        variable = _arrival(arrivals[acted.population], acted, projection.variable, kept, machine)
        if graded and units:
            put_graded(draft, projection, kept, gain, variable)
        elif not graded:
            w.put(draft, projection, kept, gain, variable, units)
    _put_poisson(draft, found, arrivals)
    draft.populations(lambda p: _with_code(draft, p, found, arrivals))
    _check_recorded(draft, found)


def _acts_on_current(draft: Draft, own: Compartments, name: str, variable: str) -> bool:
    if variable in _members(own):
        return True
    draft.report.obstacle(
        f"projection {name!r}", f"synapses onto {variable!r}",
        f"on {draft.machine.name} they act on {' or '.join(sorted(_members(own)))}",
        "Choose that variable.",
    )  # fmt: skip
    return False


def in_units(machine: Any, own: Compartments) -> bool:
    """Return whether a population is computed in Loihi's units, not in SI units."""
    moved = own.delta and machine.order == "machine"
    return bool(machine.arithmetic or machine.parameters or moved)


def _format(
    draft: Draft, own: Compartments, name: str, variable: str, low: float, high: float
) -> w.Format | None:
    machine: Any = draft.machine
    if not machine.weights:
        return None
    pulls = _over_ranks(draft, np.minimum(own.gain_of(variable), 0.0)) > 0
    mode = w.sign_mode(-high, -low) if pulls else w.sign_mode(low, high)
    sizes = {"": max(abs(low), abs(high)) * np.abs(own.gain_of(variable))}
    wanted = _over_ranks(draft, largest(sizes))
    exponent = w.chosen_exponent(machine.weight_exponents, name)
    if exponent is None:
        exponent = w.exponent_for(wanted, mode, machine.weight_bits)
    if not EXPONENTS[0] <= exponent <= EXPONENTS[1]:
        draft.report.obstacle(
            f"projection {name!r}", f"weight exponent {exponent}",
            f"it is {EXPONENTS[0]} to {EXPONENTS[1]}", "Choose a larger unit, or smaller weights.",
        )  # fmt: skip
        exponent = EXPONENTS[1]
    rule = machine.synapse_rule
    if (own.delta and machine.order != "machine") or not in_units(machine, own):
        rule = "each"
    draft.report.details.setdefault("weights", {})[name] = {
        "mode": mode, "exponent": exponent, "bits": machine.weight_bits, "rule": rule,
    }  # fmt: skip
    return w.Format(mode, exponent, machine.weight_bits, rule, nearest=not own.exact)


def _arrival(
    arrivals: Arrivals, own: Compartments, variable: str, kept: w.Format | None, machine: Any
) -> str:
    """Return the variable that synapses add to: a hidden one, or the description's."""
    if not arrivals or not in_units(machine, own):
        return variable
    current = own.current_of(variable).name
    pending = arrivals[current]
    if kept is None or not kept.held:
        return pending[0][0]
    name = f"arrived_{current}_{len(pending)}"
    pending.append((name, kept.held))
    return name


def _put_poisson(
    draft: Draft, found: dict[str, Compartments], arrivals: dict[str, Arrivals]
) -> None:
    machine: Any = draft.machine
    changed = []
    for given in draft.program.poisson:
        own = found.get(given.post.population)
        if own is None or not _acts_on_current(draft, own, given.name, given.variable):
            changed.append(given)
            continue
        gain = own.gain_of(given.variable)
        if np.ndim(gain):
            mean = mean_of(draft, gain)
            draft.report.note(f"Poisson input {given.name!r}: one weight, for the mean neuron")
            gain = mean
        weight = float(given.weight)
        kept = _format(draft, own, given.name, given.variable, weight, weight)
        number = w.put_number(kept, weight * gain)
        units = in_units(machine, own)
        variable = _arrival(arrivals[own.population], own, given.variable, kept, machine)
        shown = w.put_number(kept, weight * gain, summed=False) / gain
        tally = Tally()
        tally.add(np.array([weight]), np.array([shown]))
        draft.report.rounded.append(tally.report(given.name, "weights", "SI", 1))
        changed.append(
            replace(given, weight=number if units else shown, variable=variable)
            if units or kept is not None
            else given
        )
    draft.program = replace(draft.program, poisson=tuple(changed))


def _with_code(
    draft: Draft,
    population: PopulationProgram,
    found: dict[str, Compartments],
    arrivals: dict[str, Arrivals],
) -> PopulationProgram:
    machine: Any = draft.machine
    own = found.get(population.name)
    if own is None or not in_units(machine, own):
        return population
    name, integer = population.name, bool(machine.arithmetic)
    write = np.rint if integer else None
    draft.readings[name, own.potential] = Reading(own.unit, own.offset, write)
    if not own.delta:
        for current in own.currents:
            gain = mean_of(draft, current.gain[current.name])
            draft.readings[name, current.name] = Reading(1.0 / gain, 0.0, write)
    return machine_population(
        population, own, arrivals[name], integer=integer, whole=bool(machine.weights)
    )


def _check_recorded(draft: Draft, found: dict[str, Compartments]) -> None:
    """Refuse recorders of variables that are part of another on the machine."""
    for recorder in draft.program.state_recorders:
        own = found.get(recorder.population)
        known = {v.name for v in draft.program.population(recorder.population).code.variables}
        if own is not None and recorder.variable not in known:
            draft.report.obstacle(
                f"recorder {recorder.name!r}", f"{recorder.variable!r} of {own.population!r}",
                f"on {draft.machine.name} it is summed into "
                f"{', '.join(c.name for c in own.currents)}", "Record that, or nothing.",
            )  # fmt: skip


def map_the_delays(draft: Draft) -> None:
    """Note delays that are too long, or cut them where the user allows it."""
    longest = max((p.delay.largest for p in draft.program.projections), default=0)
    longest = int(draft.ranks.largest(np.array([longest], np.int64))[0])
    if longest <= MAX_DELAY:
        map_delays(draft, lambda steps: steps)
        return
    text = f"delays up to {longest} steps become at most {MAX_DELAY}"
    if draft.allowed("short_delays", "network", text):
        map_delays(draft, lambda steps: np.minimum(steps, MAX_DELAY))
        return
    for projection in draft.program.projections:
        if projection.delay.largest > MAX_DELAY:
            draft.report.obstacle(
                f"projection {projection.name!r}",
                f"delays up to {projection.delay.largest} steps",
                f"Loihi's are 0 to {MAX_DELAY}",
                "Choose a longer time step, or allow 'short_delays'.",
            )

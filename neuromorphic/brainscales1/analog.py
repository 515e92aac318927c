"""Parameters of neurons on the wafer: their ranges, 10 bits, sharing, mismatch and rewriting."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...lowering.program import PopulationProgram
from ...streams import Purpose
from ..draft import Draft
from ..quantise import Tally
from ..report import Shared
from . import circuits as c
from .neurons import Circuit, recognise, with_values
from .places import Places
from .variation import deviation

if TYPE_CHECKING:
    from .platform import BrainScaleS1

Floats = NDArray[np.float64]
Values = dict[str, Any]

# half-widths at which a spread of 1 is cut
_CUT = {kind: cut / sd for kind, (sd, cut) in c.FACETS.items()}
_FARTHEST = 0.95  # so that no conductance or time is 0 or less
_TRIAL_CUT = 3.0


def set_parameters(draft: Draft) -> None:
    """Give every neuron the parameters that its circuits have."""
    machine: BrainScaleS1 = draft.machine  # type: ignore[assignment]
    wanted = (
        machine.digital_parameters, machine.parameter_ranges, machine.shared_reset,
        machine.fixed_pattern, machine.trial_potential_mv, machine.trial_cv,
    )  # fmt: skip
    if not any(wanted):
        return
    draft.populations(lambda population: _set(draft, machine, population))


def _set(draft: Draft, machine: BrainScaleS1, population: PopulationProgram) -> PopulationProgram:
    circuit = recognise(population.code)
    if circuit is None:
        draft.report.note(
            f"population {population.name!r}: the model {population.code.name!r} is not one of the "
            "circuits'; its parameters stay as they are."
        )
        return population
    places: Places = draft.facts["places"]
    values = {
        name: np.asarray(population.values[name], np.float64)
        for name in (*circuit.potentials, *circuit.reversals, *circuit.times, "C_m", "g_L")
    }
    values |= {
        name: np.asarray(population.values[name], np.float64)
        for name in ("tau_w", "Delta_T", "a", "b")
        if circuit.exponential
    }
    if machine.digital_parameters or machine.parameter_ranges:
        _set_codes(draft, machine, population, circuit, values)
    ids = population.first_id + draft.program.share.ids(population.size)
    if machine.shared_reset:
        _share_reset(draft, population, values, places, ids)
    where = places.circuit[ids]
    if machine.fixed_pattern:
        _mismatch(machine, circuit, values, where)
    if machine.trial_potential_mv or machine.trial_cv:
        _rewrite(machine, circuit, values, where)
    return with_values(population, values)


def _set_codes(
    draft: Draft,
    machine: BrainScaleS1,
    population: PopulationProgram,
    circuit: Circuit,
    values: Values,
) -> None:
    """Bring parameters into their ranges and on the 10 bits, and tell how they changed."""
    digital, slow = machine.digital_parameters, machine.speedup / c.REFERENCE_SPEEDUP

    def change(name: str, unit: str, factor: float, setting: Callable[[Floats], c.Setting]) -> None:
        given = values[name]
        found = setting(given)
        became, clipped = found.values, found.clipped
        if not machine.parameter_ranges:
            became, clipped = np.where(clipped, given, became), np.zeros_like(clipped)
        values[name] = became
        _tell(draft, population, name, unit, factor, (given, became, clipped))

    for name in circuit.potentials:
        change(name, "mV", 1e3, lambda v: c.set_potential(v, digital=digital))
    for name in circuit.reversals:
        change(name, "mV", 1e3, lambda v: c.set_reversal(v, digital=digital))
    values["tau_m"] = values["C_m"] / values["g_L"]
    ranges = {
        "tau_m": c.TAU_M[machine.capacitor],
        "tau_exc": (machine.shortest_tau_syn_ms * 1e-3, c.TAU_SYN_MAX),
        "tau_inh": (machine.shortest_tau_syn_ms * 1e-3, c.TAU_SYN_MAX),
        "t_ref": (machine.shortest_refractory_ms * 1e-3, c.TAU_REFRAC_MAX),
    }
    if circuit.exponential:
        ranges["tau_w"] = c.TAU_W
        change("Delta_T", "mV", 1e3, lambda x: c.set_linear(x, *c.DELTA_T, digital=digital))
        for name, unit, factor, most in (
            ("a", "nS", 1e9, machine.largest_a_ns),
            ("b", "pA", 1e12, machine.largest_b_pa),
        ):
            if most is not None:
                top = most / factor
                change(name, unit, factor, partial(_up_to, top=top, digital=digital))
    before = values["tau_m"]
    for name, (low, high) in ranges.items():
        change(
            name, "ms", 1e3,
            partial(c.set_time, shortest=low * slow, longest=high * slow, digital=digital,
                    law=machine.current_law),
        )  # fmt: skip
    after = values.pop("tau_m")
    # what did not change keeps the conductance as it was given, without a detour's rounding
    values["g_L"] = np.where(after == before, values["g_L"], values["C_m"] / after)


def _up_to(value: Floats, top: float, digital: bool) -> c.Setting:
    return c.set_linear(value, 0.0, top, digital=digital)


def _tell(
    draft: Draft,
    population: PopulationProgram,
    name: str,
    unit: str,
    factor: float,
    found: tuple[Floats, Floats, NDArray[np.bool_]],
) -> None:
    own = draft.program.share.count(population.size)
    given, became = (np.broadcast_to(x, own) * factor for x in found[:2])
    tally = Tally()
    tally.add(given, became, np.broadcast_to(found[2], own))
    whole = tally.over_ranks(draft)
    if whole.changed or whole.clipped:
        report = whole.report(population.name, name, unit, population.size)
        draft.report.rounded.append(report)


def _share_reset(
    draft: Draft, population: PopulationProgram, values: Values, places: Places, ids: NDArray
) -> None:
    """Give the neurons of a block their mean reset potential."""
    first = int(places.block[population.first_id])
    last = int(places.block[population.first_id + population.size - 1])
    if not values["V_r"].ndim:
        groups = last - first + 1
        text = "one value per 128 circuits; all neurons of the population ask for the same"
        draft.report.shared.append(Shared(population.name, "V_r", groups, text))
        return
    block = places.block[ids] - first
    # whole multiples of a tiny unit: sums of integers are the same on any number of ranks
    unit = 2.0**-50
    steps = np.rint(values["V_r"] / unit).astype(np.int64)
    total = np.zeros((2, last - first + 1), np.int64)
    np.add.at(total[0], block, steps)
    np.add.at(total[1], block, 1)
    total = np.asarray(draft.ranks.sum(total))
    mean = total[0] / np.maximum(total[1], 1) * unit
    became = mean[block]
    _tell(draft, population, "V_r", "mV", 1e3, (values["V_r"], became, np.zeros(block.shape, bool)))
    values["V_r"] = became
    text = "the mean of what the neurons of a block of 128 circuits ask for"
    draft.report.shared.append(Shared(population.name, "V_r", last - first + 1, text))


def spreads(machine: BrainScaleS1) -> dict[str, float]:
    """Return the relative standard deviations of what differs from circuit to circuit."""
    left = machine.residual if machine.calibrated else 1.0
    return {
        "threshold": machine.cv_threshold * left,
        "reset": machine.cv_reset * left,
        "leak": machine.cv_leak * left,
        "refractory": machine.cv_refractory * left,
        "tau_syn": machine.cv_tau_syn * left,
        "capacitance": machine.cv_capacitance * left,
    }


def _mismatch(machine: BrainScaleS1, circuit: Circuit, values: Values, where: NDArray) -> None:
    """Let circuits differ, by their place on the chip."""
    spread = spreads(machine)

    def away(kind: str, name: str) -> Floats:
        sd = spread[kind]
        most = sd * _CUT[kind] if machine.cut_spreads else _FARTHEST
        return deviation(machine.chip_seed, name, where, sd, min(most, _FARTHEST))

    for kind, name in (("threshold", circuit.threshold), ("reset", "V_r")):
        if spread[kind]:
            volt = c.hardware_volt(values[name]) * (1.0 + away(kind, kind))
            values[name] = c.biological_volt(volt)
    relative = (
        ("leak", "g_L"), ("refractory", "t_ref"), ("tau_syn", "tau_exc"),
        ("tau_syn", "tau_inh"), ("capacitance", "C_m"),
    )  # fmt: skip
    for kind, name in relative:
        if spread[kind]:
            values[name] = values[name] * (1.0 + away(kind, name))


def _rewrite(machine: BrainScaleS1, circuit: Circuit, values: Values, where: NDArray) -> None:
    """Let the floating gates hold something else each time they are written."""

    def away(name: str, sd: float) -> Floats:
        most = _TRIAL_CUT * sd
        return deviation(machine.trial_seed, name, where, sd, most, Purpose.TRIAL)

    if machine.trial_potential_mv:
        for name in (*circuit.potentials, *circuit.reversals):
            values[name] = values[name] + away(name, machine.trial_potential_mv * 1e-3)
    if machine.trial_cv:
        currents = [*circuit.times, "g_L", *(["tau_w"] if circuit.exponential else [])]
        for name in currents:
            values[name] = values[name] * (1.0 + away(name, machine.trial_cv))

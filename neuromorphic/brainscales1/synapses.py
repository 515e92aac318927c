"""Synapses on the wafer: their loss, 4-bit weights in rows of one gain, noise, fixed delays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...lowering.program import DelayDraw, PoissonProgram, ProjectionProgram
from ..draft import Draft
from ..quantise import Tally, sample_delays, total_synapses
from ..report import Rounded, Shared
from . import weights as w
from .edges import Listed, as_projection, listed
from .losses import lose_synapses
from .neurons import RECEPTORS, recognise
from .places import Places
from .plasticity import STDP_NAME, is_depression, nearest_utilisation
from .variation import normal, uniform

if TYPE_CHECKING:
    from .platform import BrainScaleS1

Floats = NDArray[np.float64]

_NANO = 1e9


def set_synapses(draft: Draft) -> None:
    """Give every synapse its place, weight and delay on the wafer."""
    machine: BrainScaleS1 = draft.machine  # type: ignore[assignment]
    lists = (
        machine.mapping_loss, machine.synapse_loss, machine.digital_weights, machine.weight_noise,
    )  # fmt: skip
    if draft.report.obstacles:  # it will be refused: no need to list synapses
        return
    if any(lists):
        every = [listed(draft, p) for p in draft.program.projections]
        if machine.digital_weights:
            for one in every:
                _set_utilisation(draft, one)
        lose_synapses(draft, machine, every)
        _set_weights(draft, machine, every)
        made = {one.projection.name: as_projection(draft, one) for one in every}
        draft.projections(lambda p: made[p.name])
        placed = sum(p.total or 0 for p in draft.program.projections)
        draft.report.resources["synapses"] = placed
        draft.report.memory["synapses"] = float(placed)  # 4 bits of weight, 4 of address
    if machine.digital_weights:
        poisson = tuple(_poisson(draft, machine, given) for given in draft.program.poisson)
        draft.program = replace(draft.program, poisson=poisson)
    if machine.fixed_delays:
        _set_delays(draft, machine)


def _set_weights(draft: Draft, machine: BrainScaleS1, every: Sequence[Listed]) -> None:
    for one in every:
        if machine.digital_weights and _is_learnt(one.projection):
            _set_full_scale(draft, machine, one)
        elif machine.digital_weights and one.projection.variable in RECEPTORS:
            _digitise(draft, machine, one)
        if machine.weight_noise:
            what = f"weight noise {one.projection.name}"
            z = normal(machine.chip_seed, what, one.target, one.index)
            one.weight = one.weight * np.maximum(0.0, 1.0 + machine.weight_noise * z)


def _digitise(draft: Draft, machine: BrainScaleS1, one: Listed) -> None:
    """Put weights on the 4 bits of rows whose gain the strongest synapse on a chip chooses.

    Weights below 0, of the tail of a distribution, become 0.
    """
    places: Places = draft.facts["places"]
    scale = _scale(draft, machine, one.projection, one)
    if scale is None:
        return
    given = one.weight
    wanted = given * (_NANO * scale)
    factors = machine.gain_factors
    if machine.shared_gain:
        strongest = np.zeros(places.n_hicanns)
        chip = places.hicann[one.target]
        np.maximum.at(strongest, chip[one.kept], wanted[one.kept])
        strongest = np.asarray(draft.ranks.largest(strongest))
        gain = w.choose_gain(strongest, factors)[chip]
        used = np.unique(w.choose_gain(strongest[strongest > 0], factors))
        draft.report.shared.append(Shared(
            one.projection.name, "gain of rows", int((strongest > 0).sum()),
            f"the rows on a chip have one gain: {', '.join(f'{g:g}' for g in used) or 'none'}",
        ))  # fmt: skip
    else:
        gain = w.choose_gain(wanted, factors)
    u = None
    if machine.rounding == "stochastic":
        what = f"rounding {one.projection.name}"
        u = uniform(machine.mapping_seed, what, one.target, one.index)
    whole = w.round_digital(w.digital(wanted, gain), u)
    became = w.conductance(whole, gain) / (_NANO * scale)
    tally = Tally()
    clipped = wanted > w.largest_conductance(gain) * (1 + 1e-9)
    kept = one.kept
    tally.add(given[kept] * _NANO, became[kept] * _NANO, clipped[kept])
    total = int(draft.ranks.sum(np.array([kept.sum()], np.int64))[0])
    whole_tally = tally.over_ranks(draft)
    draft.report.rounded.append(whole_tally.report(one.projection.name, "weights", "nS", total))
    counts = np.asarray(draft.ranks.sum(np.bincount(whole[kept], minlength=w.LARGEST + 1)))
    digital = draft.report.details.setdefault("digital_weights", {})
    digital[one.projection.name] = [int(n) for n in counts]
    one.weight = became / one.transmitted


def _set_utilisation(draft: Draft, one: Listed) -> None:
    """Give depressing synapses of the catalogue the nearest U that a driver can have.

    Their weights are from here on what the first spike transmits.
    """
    synapse = one.projection.synapse
    if synapse is None or not is_depression(synapse.code):
        return
    given = float(synapse.values["U"])  # type: ignore[arg-type]
    became = nearest_utilisation(given)
    tally = Tally()
    tally.add(np.array([given]), np.array([became]))
    draft.report.rounded.append(tally.report(one.projection.name, "U", "", 1))
    values = {**synapse.values, "U": became}
    one.projection = replace(one.projection, synapse=replace(synapse, values=values))
    one.weight, one.transmitted = one.weight * given, became


def _is_learnt(given: ProjectionProgram) -> bool:
    return given.synapse is not None and given.synapse.code.name == STDP_NAME


def _set_full_scale(draft: Draft, machine: BrainScaleS1, one: Listed) -> None:
    """Make the weight of synapses with digital weights of their own the most a gain gives."""
    scale = _scale(draft, machine, one.projection, one)
    if scale is None:
        return
    gain = w.choose_gain(one.weight * (_NANO * scale), machine.gain_factors)
    became = w.largest_conductance(gain) / (_NANO * scale)
    tally = Tally()
    tally.add(one.weight[one.kept] * _NANO, became[one.kept] * _NANO)
    total = int(draft.ranks.sum(np.array([one.kept.sum()], np.int64))[0])
    told = tally.over_ranks(draft).report(one.projection.name, "full scale", "nS", total)
    draft.report.rounded.append(told)
    one.weight = became


def _scale(
    draft: Draft,
    machine: BrainScaleS1,
    given: ProjectionProgram | PoissonProgram,
    one: Listed | None,
) -> Floats | None:
    """Return the factor from biological to chip's conductances, per synapse or for all."""
    # as asked for, before the circuits' mismatch
    population = draft.facts["asked"][given.post.population]
    if recognise(population.code) is None:
        draft.report.note(
            f"{given.name!r}: the target's model is not one of the circuits'; weights stay exact."
        )
        return None
    farad = np.asarray(population.values["C_m"], np.float64)
    if farad.ndim and one is not None:
        local = one.projection.post.local_ids_at(one.post)
        farad = farad[draft.program.share.position(local)]
    elif farad.ndim:
        farad = np.asarray(draft.ranks.largest(np.array([farad.max(initial=0.0)])))[0]
    return w.conductance_scale(machine.speedup, machine.denmems, farad, machine.capacitor)


def _poisson(draft: Draft, machine: BrainScaleS1, given: PoissonProgram) -> PoissonProgram:
    """Put the weight of a Poisson input on the nearest of the 4 bits."""
    scale = _scale(draft, machine, given, None)
    if scale is None or given.variable not in RECEPTORS:
        return given
    wanted = given.weight * _NANO * float(scale)
    gain = float(w.choose_gain(wanted, machine.gain_factors))
    whole = w.round_digital(w.digital(wanted, gain), None)
    became = float(w.conductance(whole, gain)) / (_NANO * float(scale))
    tally = Tally()
    clipped = np.array([wanted > w.largest_conductance(gain) * (1 + 1e-9)])
    tally.add(np.array([given.weight * _NANO]), np.array([became * _NANO]), clipped)
    draft.report.rounded.append(tally.report(given.name, "weights", "nS", 1))
    return replace(given, weight=became)


def delay_steps(machine: BrainScaleS1, dt: float, external: bool) -> int:
    """Return the delay of every synapse of neurons, or of external spikes, in steps."""
    wall = machine.l2_delay_ns if external else machine.l1_delay_ns
    return max(1, round(wall * 1e-9 * machine.speedup / dt))


def _set_delays(draft: Draft, machine: BrainScaleS1) -> None:
    """Give every synapse the delay of the wires, and tell what was asked for."""
    sources = {source.name for source in draft.program.sources}
    changed = {}
    for given in draft.program.projections:
        steps = delay_steps(machine, draft.program.dt, given.pre.population in sources)
        draft.report.rounded.append(_told(draft, given, steps))
        synapse = given.synapse
        if synapse is not None:
            own = tuple(None if d is None else steps for d in synapse.delays)
            synapse = replace(synapse, delays=own)
        changed[given.name] = replace(given, delay=DelayDraw(steps), synapse=synapse)
    draft.projections(lambda p: changed[p.name])


def _told(draft: Draft, given: ProjectionProgram, steps: int) -> Rounded:
    ms = draft.program.dt * 1e3
    asked = sample_delays(draft, given)
    tally = Tally()
    tally.add(asked * ms, np.full(asked.shape, steps * ms))
    return tally.over_ranks(draft).report(given.name, "delays", "ms", total_synapses(draft, given))

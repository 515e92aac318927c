"""How spikes travel on and to the wafer, and which are lost on the way."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...lowering.draws import poisson_table
from ...lowering.machine_program import Gate
from ...lowering.program import PoissonProgram, SpikeSourceProgram
from ...streams import Purpose
from ..draft import Draft
from . import circuits as c
from .places import Places, neurons_per_encoder
from .variation import uniform

if TYPE_CHECKING:
    from .platform import BrainScaleS1

NEURONS, STIMULI = "l1_neuron_sent", "l2_down_sent"


def input_capacity(wafers: int, speedup: float) -> float:
    """Return the spikes per biological second that can be sent to so many wafers in all."""
    per_wafer = min(c.HICANNS * c.HICANN_INPUT_HZ, c.FPGAS * c.FPGA_INPUT_HZ)
    return wafers * per_wafer / speedup


def thin_inputs(draft: Draft) -> None:
    """Leave out, before the run, the external spikes that the links to the wafers cannot carry.

    Sets ``draft.facts["input"]``: spikes per biological second asked for and sent, and the spikes
    of sources left out.
    """
    machine: BrainScaleS1 = draft.machine  # type: ignore[assignment]
    if not machine.input_bandwidth:
        return
    wave = any(given.wave is not None for given in draft.program.poisson)
    asked = _poisson_rate(draft) + sum(_source_rate(s, draft) for s in draft.program.sources)
    capacity = input_capacity(machine.wafers, machine.speedup)
    share = min(1.0, capacity / asked) if asked else 1.0
    facts = {"asked_hz": asked, "capacity_hz": capacity, "sent": share, "dropped_of_sources": 0}
    draft.facts["input"] = facts
    if wave:
        draft.report.note(
            "Poisson inputs whose rate changes are not held against the links' bandwidth."
        )
    draft.report.details["input"] = facts
    if share == 1.0:
        return
    draft.report.note(
        f"External input asks for {asked:,.0f} spikes per biological second; the links carry "
        f"{capacity:,.0f}: {1 - share:.1%} are left out before the run."
    )
    poisson = tuple(_thinned(given, share) for given in draft.program.poisson)
    sources = tuple(_fewer(draft, machine, source, share) for source in draft.program.sources)
    facts["dropped_of_sources"] = sum(s.steps.size for s in draft.program.sources) - sum(
        s.steps.size for s in sources
    )
    draft.program = replace(draft.program, poisson=poisson, sources=sources)


def _poisson_rate(draft: Draft) -> float:
    """Return the expected spikes per second of all Poisson inputs, on all ranks."""
    rates = []
    for given in draft.program.poisson:
        if given.wave is not None:
            continue
        own = given.post.own_count(draft.program.share)
        mean = given.mean if given.table is None else np.bincount(
            given.table, minlength=given.mean.size
        ) @ given.mean  # fmt: skip
        total = float(np.sum(mean)) * (own if given.table is None else 1)
        rates.append(total / draft.program.dt)
    # to 9 digits: sums of floating-point numbers depend on which rank has which
    whole = float(draft.ranks.sum(np.array([sum(rates)]))[0])
    return float(f"{whole:.9g}")


def _source_rate(source: SpikeSourceProgram, draft: Draft) -> float:
    if source.event is not None or not source.steps.size:
        return 0.0
    last = source.period or int(source.steps[-1]) + 1
    return source.steps.size / (last * draft.program.dt)


def _thinned(given: PoissonProgram, share: float) -> PoissonProgram:
    """Return a Poisson input with a share of its spikes: a Poisson input again."""
    if given.wave is not None:
        return given
    tables = [poisson_table(float(mean) * share, given.name) for mean in given.mean]
    return replace(
        given,
        mean=given.mean * share,
        first=np.array([table.first for table in tables], np.int64),
        thresholds=tuple(table.thresholds for table in tables),
    )


def _fewer(
    draft: Draft, machine: BrainScaleS1, source: SpikeSourceProgram, share: float
) -> SpikeSourceProgram:
    if source.event is not None:
        return source
    u = uniform(
        machine.trial_seed, f"input {source.name}", source.ids, source.steps % 2**32, Purpose.TRIAL
    )
    kept = u < share
    return replace(source, steps=source.steps[kept], ids=source.ids[kept])


def set_lines(draft: Draft) -> None:
    """Let spikes of neurons share priority encoders, and those of sources the FPGAs' slots."""
    machine: BrainScaleS1 = draft.machine  # type: ignore[assignment]
    if not (machine.spike_bandwidth or machine.l1_loss):
        return
    places: Places = draft.facts["places"]
    program = draft.program
    wall_step = program.dt / machine.speedup
    group = np.full(program.n_ids, -1, np.int32)
    group[: program.n_neurons] = places.line[: program.n_neurons]
    unlimited = float(c.DENMEMS)
    gates = [
        Gate(
            NEURONS,
            group,
            per_step=wall_step / c.ENCODER_S if machine.spike_bandwidth else unlimited,
            depth=c.ENCODER_INPUTS,
            own_place=True,
            loss=machine.l1_loss,
            seed=machine.trial_seed,
        )
    ]
    if program.sources and machine.spike_bandwidth:
        per_step = wall_step / c.FPGA_SLOT_S
        gates.append(Gate(STIMULI, _fpgas(draft, places), per_step, machine.stimulus_queue))
    draft.limits(gates=tuple(gates))
    draft.report.details["lines"] = {
        "encoders": int(np.unique(places.line[: program.n_neurons]).size),
        "neurons_per_encoder": neurons_per_encoder(machine.denmems),
        "spikes_per_step": {gate.name: gate.per_step for gate in gates},
    }


def _fpgas(draft: Draft, places: Places) -> NDArray[np.int32]:
    """Return the FPGA that sends each source's spikes; lines of sources take turns."""
    group = np.full(draft.program.n_ids, -1, np.int32)
    fpgas = c.FPGAS * draft.machine.wafers  # type: ignore[attr-defined]
    for source in draft.program.sources:
        if source.event is None:
            ids = slice(source.first_id, source.first_id + source.size)
            group[ids] = (places.line[ids] - places.n_encoders) % fpgas
    return group

"""What a run costs on a machine: time, energy, and the survey's figures, each with its certainty.

Energy is that of parts that draw power all the time, times the time of the run, plus a price for
each event. Names of figures are the survey's [Xue 2025] only where they mean what it defines.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from ..errors import AnalysisError
from .hardware import (
    Accelerated,
    Barrier,
    Clock,
    Figure,
    Part,
    PerEvent,
    RealTime,
    Ticks,
    lowest,
)
from .workload import Connection, Emitter, Workload

__all__ = [
    "Accelerated", "Alternative", "Barrier", "Connection", "CostModel", "Emitter", "Figure",
    "Item", "Part", "PerEvent", "Price", "RealTime", "Ticks", "Workload", "lowest", "price",
]  # fmt: skip


_ESTIMATED = ("packets", "learning_updates")


@dataclass(frozen=True)
class Alternative:
    """Another published way to price the same run: in place of all parts and events."""

    name: str
    events: tuple[PerEvent, ...] = ()
    parts: tuple[Part, ...] = ()


@dataclass(frozen=True)
class CostModel:
    """What time and energy a machine takes.

    Attributes
    ----------
    platform : str
    clock : Clock
    parts : tuple of Part
        Static power.
    events : tuple of PerEvent
    bytes_per_synapse : Figure
    neurons_per_destination : Figure or None
        Neurons on a chip or core that a packet is copied to, for estimating packets; None: all.
    alternatives : tuple of Alternative
    notes : tuple of str
        What the figures leave out.
    """

    platform: str
    clock: Clock
    parts: tuple[Part, ...]
    events: tuple[PerEvent, ...]
    bytes_per_synapse: Figure
    neurons_per_destination: Figure | None = None
    alternatives: tuple[Alternative, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Item:
    """A part of the energy: ``count`` of ``what``, ``each`` W or J, ``joules`` in all."""

    what: str
    count: float
    each: float
    unit: str
    joules: float
    fact: str
    source: str


@dataclass(frozen=True)
class Price:
    """What a run costs on a machine; None where it cannot be told.

    Attributes
    ----------
    platform : str
    t_run : float
        Wall time on the machine, s.
    E_run : float
        Energy of the run, J.
    mean_power : float
        E_run / t_run, W.
    latency : float
        t_run: until the whole result is there, s.
    latency_first_spike : float or None
        Wall time to the first spike, s.
    edp_run : float
        E_run t_run, J s.
    edp_inference : float
        Energy times time of one inference, J s.
    spikes_per_second : float or None
        Spikes of neurons per wall second on the machine.
    T_s : float or None
        Throughput as printed, N_s / t_c [eq. 10]: the square of that, in spikes/s^2.
    E_s : float or None
        Energy per spike, P / T_s with T_s in spikes per second [eq. 11], J.
    EDP : float or None
        Energy per spike times processing time per spike [eq. 9], J s.
    L : float or None
        E / T_s with T_s in spikes per second, as in E_s [eq. 13], J s.
    L_printed : float or None
        E / T_s with T_s as printed, J s^2.
    P_inf : float or None
        E_inf / N_spikes of an inference [eq. 14], J.
    M_syn : float or None
        N_syn b_syn with the machine's bytes per synapse [eq. 17].
    S, S_window : float or None
        Sparsity [eq. 16] and its window in s.
    C_eff : float or None
        N_syn / N_neur^2 [eq. 12].
    energy_per_event : float or None
        E_run per synaptic event, Poisson inputs not counted, J.
    resources : dict of str to float
    items : tuple of Item
        What E_run is the sum of.
    alternatives : dict of str to (joules, certainty)
    facts : dict of str to str
        Certainty of t_run, E_run, and of each figure made of them.
    notes : tuple of str
    """

    platform: str
    t_run: float
    E_run: float
    mean_power: float | None
    latency: float
    latency_first_spike: float | None
    edp_run: float
    edp_inference: float
    spikes_per_second: float | None
    T_s: float | None
    E_s: float | None
    EDP: float | None
    L: float | None
    L_printed: float | None
    P_inf: float | None
    M_syn: float | None
    S: float | None
    S_window: float | None
    C_eff: float | None
    energy_per_event: float | None
    resources: dict[str, float] = field(default_factory=dict)
    items: tuple[Item, ...] = ()
    alternatives: dict[str, tuple[float, str]] = field(default_factory=dict)
    facts: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """Return JSON-able data."""
        found = asdict(self)
        found["alternatives"] = {
            name: {"E_run": joules, "fact": fact}
            for name, (joules, fact) in self.alternatives.items()
        }
        return found


def price(model: CostModel, workload: Workload) -> Price:
    """Return what a run costs on a machine.

    Raises
    ------
    AnalysisError
        The run has no time steps.
    """
    if workload.steps < 1:
        raise AnalysisError("a run without time steps has no price; simulate for some time.")
    t_run, time_fact = model.clock.seconds(workload)
    items, notes = _items(model.parts, model.events, model, workload, t_run, time_fact)
    energy = math.fsum(item.joules for item in items)
    energy_fact = lowest(item.fact for item in items if item.joules)
    others = {}
    for one in model.alternatives:
        found, _ = _items(one.parts, one.events, model, workload, t_run, time_fact)
        others[one.name] = (
            math.fsum(item.joules for item in found),
            lowest(item.fact for item in found if item.joules),
        )
    both = lowest([time_fact, energy_fact])
    spikes, synapses, tasks = workload.spikes, workload.synapses, workload.inferences
    rate = _ratio(spikes, t_run)
    first = workload.first_spike
    memory = None if synapses is None else synapses * model.bytes_per_synapse.value
    facts = dict.fromkeys(("t_run", "latency", "latency_first_spike"), time_fact)
    facts |= dict.fromkeys(("spikes_per_second", "T_s"), time_fact)
    facts |= dict.fromkeys(("E_run", "E_s", "P_inf", "energy_per_event"), energy_fact)
    joint = ("mean_power", "edp_run", "edp_inference", "EDP", "L", "L_printed")
    facts |= dict.fromkeys(joint, both)
    facts |= {"M_syn": lowest([model.bytes_per_synapse.fact]), "S": "Cx", "C_eff": "Cx"}
    return Price(
        platform=model.platform,
        t_run=t_run,
        E_run=energy,
        mean_power=_ratio(energy, t_run),
        latency=t_run,
        latency_first_spike=None
        if first is None
        else model.clock.seconds(workload.until(first))[0],
        edp_run=energy * t_run,
        edp_inference=(energy / tasks) * (t_run / tasks),
        spikes_per_second=rate,
        T_s=None if rate is None else rate**2,
        E_s=_ratio(energy, spikes),
        EDP=_ratio(energy * t_run, spikes**2),
        L=_ratio(energy * t_run, spikes),
        L_printed=_ratio(energy * t_run**2, spikes**2),
        P_inf=_ratio(energy / tasks, spikes / tasks),
        M_syn=memory,
        S=workload.sparsity,
        S_window=workload.sparsity_window,
        C_eff=None if synapses is None else _ratio(synapses, workload.neurons**2),
        energy_per_event=_ratio(energy, workload.synaptic_events),
        resources={part.name: part.needed(workload)[0] for part in model.parts},
        items=tuple(items),
        alternatives=others,
        facts=facts,
        notes=(*model.notes, *workload.notes, *notes),
    )


def _items(
    parts: Iterable[Part],
    events: Iterable[PerEvent],
    model: CostModel,
    workload: Workload,
    t_run: float,
    time_fact: str,
) -> tuple[list[Item], list[str]]:
    """Return what the energy is the sum of, and what could not be counted."""
    items, notes = [], []
    numbers = {part.name: part.needed(workload)[0] for part in model.parts}
    for part in parts:
        number, sure = part.needed(workload)
        watts = part.watts
        fact = lowest([sure, time_fact, watts.fact])
        joules = number * watts.value * t_run
        items.append(Item(part.name, number, watts.value, "W", joules, fact, watts.source))
    for event in events:
        place = model.neurons_per_destination
        count = workload.count(event.what, math.inf if place is None else place.value)
        if count is None and numbers.get(event.between) == 1:
            count = 0.0
        if count is None:
            notes.append(f"{event.what}: not counted in this run; no energy for them")
            continue
        estimated = event.what in _ESTIMATED and event.what not in workload.counts and count > 0
        facts = [event.joules.fact, "U"] if estimated else [event.joules.fact]
        each = event.joules.value
        items.append(
            Item(event.what, count, each, "J", count * each, lowest(facts), event.joules.source)
        )
    return items, notes


def _ratio(numerator: float, denominator: float) -> float | None:
    return numerator / denominator if denominator else None

"""Where neurons are on the wafer: which membrane circuits, output lines and chips are theirs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...lowering.program import Program, Span
from .circuits import (
    DENMEMS,
    DRIVERS_PER_HALF,
    ENCODER_INPUTS,
    FLOATING_GATE_BLOCK,
    ROWS_PER_HALF,
    USABLE_ADDRESSES,
)

Index = NDArray[np.int64]

_ENCODERS_PER_BLOCK = FLOATING_GATE_BLOCK // ENCODER_INPUTS
_ENCODERS = DENMEMS // ENCODER_INPUTS


@dataclass(frozen=True, eq=False)
class Places:
    """Places of all neurons and sources, by network-wide id.

    Attributes
    ----------
    denmems : int
        Membrane circuits of a neuron.
    circuit : (n_neurons,) int64
        First membrane circuit of each neuron, counted over all chips.
    line : (n_ids,) int64
        Line its spikes leave on: the priority encoder of a neuron, a line of external input.
    n_encoders, n_lines : int
    per_circuit : int
        Synapses that a membrane circuit can have.
    """

    denmems: int
    circuit: Index
    line: Index
    n_encoders: int
    n_lines: int
    per_circuit: int = ROWS_PER_HALF

    @property
    def hicann(self) -> Index:
        """Chip of each neuron, counted over all wafers."""
        return self.circuit // DENMEMS

    @property
    def block(self) -> Index:
        """Block of circuits that share a reset potential, of each neuron."""
        return self.circuit // FLOATING_GATE_BLOCK

    @property
    def n_hicanns(self) -> int:
        """Chips that are used."""
        return -(-self.n_encoders // _ENCODERS)

    @property
    def fan_in(self) -> int:
        """Synapses that a neuron can have."""
        return fan_in(self.denmems, self.per_circuit)

    @property
    def group(self) -> Index:
        """Synapse array, or arrays, that serve each neuron."""
        return self.circuit // (DENMEMS if self.denmems > 1 else DENMEMS // 2)

    @property
    def drivers(self) -> int:
        """Synapse drivers of such a group."""
        return DRIVERS_PER_HALF * (2 if self.denmems > 1 else 1)

    @property
    def per_driver(self) -> int:
        """Synapses that one driver, which serves one line, can give to one neuron."""
        return max(self.denmems, 2)


def fan_in(denmems: int, per_circuit: int = ROWS_PER_HALF) -> int:
    """Return the synapses that a neuron of so many membrane circuits can have."""
    return per_circuit * denmems


def neurons_per_encoder(denmems: int) -> int:
    """Return the neurons whose spikes leave on one line."""
    return min(ENCODER_INPUTS // denmems, USABLE_ADDRESSES)


def find_places(program: Program, denmems: int, per_circuit: int = ROWS_PER_HALF) -> Places:
    """Place the neurons of a network in order of ids; each population begins in a new block."""
    per_encoder = neurons_per_encoder(denmems)
    circuit = np.empty(program.n_neurons, np.int64)
    line = np.empty(program.n_ids, np.int64)
    encoder = 0
    for population in program.populations:
        own = np.arange(population.size, dtype=np.int64)
        at = encoder + own // per_encoder
        ids = slice(population.first_id, population.first_id + population.size)
        circuit[ids] = at * ENCODER_INPUTS + own % per_encoder * denmems
        line[ids] = at
        used = int(at[-1]) + 1 if population.size else encoder
        encoder = -(-used // _ENCODERS_PER_BLOCK) * _ENCODERS_PER_BLOCK
    following = encoder
    for source in program.sources:
        own = np.arange(source.size, dtype=np.int64)
        line[source.first_id : source.first_id + source.size] = following + own // USABLE_ADDRESSES
        following += -(-source.size // USABLE_ADDRESSES)
    return Places(denmems, circuit, line, encoder, following, per_circuit)


def owned_ids(span: Span, program: Program) -> Index:
    """Return the network-wide ids of the neurons of a span that a rank owns."""
    return span.global_ids_at(span.own(program.share))

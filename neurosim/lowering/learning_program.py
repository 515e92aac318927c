"""Synapses that learn when presynaptic spikes arrive, in integers, as plain data."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

_NONE: NDArray[np.int16] = np.zeros(0, np.int16)


@dataclass(frozen=True, eq=False)
class DeferredStdp:
    """A projection whose weights change when the row of a presynaptic spike is fetched.

    Weights are unsigned integers of 16 bits; what they are while they change has 15 bits after the
    point (s16.15), traces have 11 (s4.11). Spikes are numbered by their step; step 0 also stands
    for "never". A fetch at step T goes through the target's spikes in (last T - d, T - d], d the
    dendritic delay, of which the target keeps the last 15; those of step T itself are among them.

    The projection is in the Program without a synapse model, with listed edges and delays; the
    engine leaves it out of those that only add their weight.

    Attributes
    ----------
    projection : str
    variable : str
        What the synapses add to: in steps ``unit * weight``, up to ``limit`` (additions cut are
        counted); the model's code sets it to 0.
    timing : {"pair", "nearest", "triplet"}
    multiplicative : bool
        Changes in proportion to the distance from ``low`` or ``high``, without being cut there.
    backprop_delay : bool
        Whether the dendritic delay is that of ``fields``, or 0.
    shift : int
        Left shift from a weight to s16.15.
    low, high, a_plus, a_minus, a3_plus, a3_minus : int
        s16.15.
    plus, minus, x, y : (length,) int16
        Decay of the traces per step, s4.11; 0 after the end. ``x``, ``y``: the slow traces of the
        presynaptic and the postsynaptic neuron (triplet).
    weights : (n_edges,) int64
        At t = 0, 0 to 65535; edges in the order of the projection's rule.
    fields : (n_edges,) int64
        Dendritic delay in steps.
    stages : (n_edges,) int64
        Steps from the spike until the row is fetched; 0 without an extension of delays.
    unit, limit : float
    dimension : str
        Of the weights that users see, as Brian2 prints the base unit.
    """

    projection: str
    variable: str
    timing: Literal["pair", "nearest", "triplet"]
    multiplicative: bool
    backprop_delay: bool
    shift: int
    low: int
    high: int
    a_plus: int
    a_minus: int
    plus: NDArray[np.int16]
    minus: NDArray[np.int16]
    weights: NDArray[np.int64]
    fields: NDArray[np.int64]
    stages: NDArray[np.int64]
    a3_plus: int = 0
    a3_minus: int = 0
    x: NDArray[np.int16] = field(default_factory=lambda: _NONE)
    y: NDArray[np.int16] = field(default_factory=lambda: _NONE)
    unit: float = 1.0
    limit: float = float("inf")
    dimension: str = "1"

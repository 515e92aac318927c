"""Cores of a machine under load: groups of sources that fire ever faster, each onto one core.

Every group of cells fits one core; each spike of one of its sources has a synapse onto all of
them. What a core has to work off is then known: spikes times cells.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..description.network import Network
from ..description.rules import AllToAll
from ..errors import DescriptionError
from ..models import lif_curr_exp  # type: ignore[attr-defined]
from ..plasticity import entry
from ..units import ms, pA  # type: ignore[attr-defined]

CELLS = 256


@dataclass(frozen=True)
class Group:
    """Sources onto one core.

    Attributes
    ----------
    sources : int
    rate : float
        Spikes of a source per tick: at most one, at random.
    """

    sources: int
    rate: float


def arrivals(group: Group, steps: int, seed: int, index: int) -> NDArray[np.bool_]:
    """Return which sources fire when, (steps, sources); a function of seed and index.

    Raises
    ------
    DescriptionError
        More than one spike of a source in a tick.
    """
    if not 0 <= group.rate <= 1:
        raise DescriptionError(
            f"a source with {group.rate:g} spikes in a tick is not allowed; from 0 to 1."
        )
    draws = np.random.default_rng([seed, index]).random((steps, group.sources))
    return draws < group.rate


def core_load(
    groups: list[Group], steps: int, seed: int, *, learning: bool = False, dt: Any = 1 * ms
) -> Network:
    """Return the network of some groups: ``sources{i}`` and ``cells{i}`` each.

    Parameters
    ----------
    groups : list of Group
    steps : int
        Ticks in which sources fire.
    seed : int
    learning : bool
        Whether synapses learn by spike timing (pairs, with the dendrite's delay).
    dt : Quantity
        A tick.
    """
    net = Network(seed=seed)
    model = lif_curr_exp()
    synapse: dict[str, Any] = {"delay": 2 * dt}
    if learning:
        rule = entry("pair_stdp").rule(
            w_max=2 * pA, A_plus=0.05, A_minus=0.06, delays="axonal_and_dendritic"
        )
        synapse = {
            "synapse": rule, "delay": {"pre": 0 * ms, "transmit": 2 * dt}, "delay_post": 2 * dt
        }  # fmt: skip
    for i, group in enumerate(groups):
        at, ids = np.nonzero(arrivals(group, steps, seed, i))
        cells = net.population(f"cells{i}", CELLS, model)
        source = net.spike_source(f"sources{i}", times=at * dt, ids=ids, size=group.sources)
        net.project(source, cells, AllToAll(), "I_syn", weight=1 * pA, name=f"onto{i}", **synapse)
    net.record_spikes([])
    return net

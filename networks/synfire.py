"""A synfire chain: groups of neurons, each exciting all of the next (Diesmann et al. 1999).

A volley of nearly simultaneous spikes, a pulse packet of ``a`` spikes with standard deviation
``sigma``, either tightens and travels along the chain or dies out, depending on both.

Reference
---------
Diesmann M, Gewaltig MO, Aertsen A (1999) Nature 402:529, doi:10.1038/990101.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from ..description.network import Network
from ..description.rules import AllToAll
from ..errors import DescriptionError
from ..models import lif_curr_alpha  # type: ignore[attr-defined]
from ..units import Hz, ms, mV, pA, pF, second  # type: ignore[attr-defined]

C_M, TAU_M, TAU_SYN, T_REF = 250.0, 10.0, 0.325, 1.0  # pF, ms, ms, ms
E_L, V_TH = -70.0, -55.0  # mV
# A synapse's current is w t / tau_syn exp(-t / tau_syn); this w makes a potential of 0.14 mV.
WEIGHT = 121.5  # pA
DELAY = 5.0  # ms, from group to group
BACKGROUND_EXC = 17_600, 2.0  # synapses per neuron, Hz
BACKGROUND_INH = 2_400, 12.5


@dataclass(frozen=True)
class Packet:
    """A volley of ``a`` spikes around ``time_ms`` with standard deviation ``sigma_ms``."""

    a: int
    sigma_ms: float
    time_ms: float


def synfire_chain(
    packets: Sequence[Packet], seed: int = 1, *, n_groups: int = 10, group_size: int = 100
) -> Network:
    """Build the chain and the volleys that excite its first group.

    Parameters
    ----------
    packets : sequence of Packet
    seed : int
    n_groups, group_size : int

    Returns
    -------
    Network
        Population ``chain``, group after group; the volleys are the source ``packets``.

    Raises
    ------
    DescriptionError
        There is no packet or fewer than two groups, or a packet would begin before t = 0.
    """
    if not packets or n_groups < 2 or group_size < 1:
        raise DescriptionError(
            f"synfire_chain: {len(packets)} packets, {n_groups} groups of {group_size}; at least "
            "one packet, 2 groups and 1 neuron are needed."
        )
    network = Network(seed=seed, name="synfire_chain")
    model: Any = lif_curr_alpha(
        C_m=C_M * pF,
        tau_m=TAU_M * ms,
        tau_syn=TAU_SYN * ms,
        t_ref=T_REF * ms,
        E_L=E_L * mV,
        V_th=V_TH * mV,
        V_r=E_L * mV,
    )
    chain = network.population(
        "chain", n_groups * group_size, model, initial={"v": f"{E_L}*mV + 10*mV*rand()"}
    )
    groups = [chain[k * group_size : (k + 1) * group_size] for k in range(n_groups)]
    for before, after in pairwise(groups):
        network.project(before, after, AllToAll(), "J_syn", weight=WEIGHT * pA, delay=DELAY * ms)
    for sign, (indegree, rate) in ((1, BACKGROUND_EXC), (-1, BACKGROUND_INH)):
        network.poisson(
            chain, "J_syn", rate=rate * Hz, indegree=indegree, weight=sign * WEIGHT * pA
        )
    times, ids = packet_spikes(packets, seed)
    source = network.spike_source("packets", times * ms, ids, size=max(p.a for p in packets))
    network.project(source, groups[0], AllToAll(), "J_syn", weight=WEIGHT * pA, delay=0 * second)
    return network


def packet_spikes(packets: Sequence[Packet], seed: int) -> tuple[Any, Any]:
    """Return the times in ms, on a grid of 0.1 ms, and the ids of the packets' spikes."""
    rng = np.random.default_rng(seed)
    times, ids = [], []
    for packet in packets:
        drawn = packet.time_ms + packet.sigma_ms * rng.standard_normal(packet.a)
        times.append(np.round(drawn, 1))
        ids.append(np.arange(packet.a))
    if min((t.min() for t in times if t.size), default=0.0) < 0:
        raise DescriptionError(
            "synfire_chain: a packet has spikes before t = 0; let it come later, or narrow it."
        )
    return np.concatenate(times), np.concatenate(ids)

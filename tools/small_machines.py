"""Small networks on machines: every installed platform, and limits that spikes run into."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from neurosim.neuromorphic.platform import Machine

import neurosim as ns
from neurosim.lowering.machine_program import Cores, CoreSlice, Gate, Saturation
from neurosim.platforms import platform_class, platform_names
from neurosim.units import Hz, ms, nS, pA

CONDUCTANCES = ("brainscales1", "brainscales2")  # what their circuits have


@dataclass(frozen=True, kw_only=True)
class Narrow(Machine):
    """A machine on which spikes wait and are lost, come late, and sums end early."""

    name: ClassVar[str] = "narrow"

    def passes(self):
        """Return what limits the network."""
        return (_narrow,)


def _narrow(draft):
    n = draft.program.n_ids
    group = (np.arange(n) // 8).astype(np.int32)
    slices = tuple(CoreSlice("E", k, min(16, 60 - k)) for k in range(0, 60, 16))
    cores = Cores(
        slices, np.array([1, 2, 1, 3]), group, 9.0, 5, False, True, np.full(4, 0.5), load_every=7
    )
    draft.limits(
        gates=(Gate("line", group, 0.5, 2, own_place=True, loss=0.1),),
        cores=cores,
        saturations=(Saturation("E", "I_syn", 150e-12),),
    )


def currents(learning=False):
    """Return neurons with synaptic currents, driven; with ``learning`` some synapses learn."""
    net = ns.Network(seed=4)
    model = ns.models.lif_curr_exp(I_e=450 * pA)
    e = net.population("E", 60, model, initial={"v": "-65*mV + 15*mV*rand()"})
    net.project(e, e, ns.Bernoulli(0.2), "I_syn", weight=60 * pA, delay=ns.Uniform(1 * ms, 4 * ms))
    net.project(e[:10], e, ns.FixedInDegree(3), "I_syn", weight=-90 * pA, delay=1 * ms)
    net.poisson(e, "I_syn", rate=20 * Hz, indegree=50, weight=40 * pA)
    if learning:
        rule = ns.plasticity.pair_stdp(w_max=200 * pA, delays="axonal_and_dendritic")
        net.project(e, e, ns.Bernoulli(0.1), "I_syn", synapse=rule, weight=50 * pA,
                    delay=0 * ms, delay_post=2 * ms)  # fmt: skip
    return net


def conductances():
    """Return neurons with synaptic conductances, driven."""
    net = ns.Network(seed=4)
    e = net.population("E", 60, ns.models.lif_cond_exp(), initial={"v": "-60*mV + 9*mV*rand()"})
    net.project(e, e, ns.Bernoulli(0.1), "g_exc", weight=2 * nS, delay=0 * ms)
    net.project(e[:10], e, ns.FixedInDegree(3), "g_inh", weight=4 * nS, delay=0 * ms)
    net.poisson(e, "g_exc", rate=20 * Hz, indegree=50, weight=2 * nS)
    return net


def machines():
    """Return (name, network, dt in ms, platform) of each."""
    found = [("machine: narrow", currents(), 0.1, Narrow())]
    for name in platform_names():
        net = conductances() if name in CONDUCTANCES else currents()
        dt_ms = 0.1 if name in CONDUCTANCES else 1.0
        found.append((f"machine: {name}", net, dt_ms, platform_class(name)(allow=("all",))))
    spinnaker = platform_class("spinnaker")(allow=("all",))
    found.append(("machine: spinnaker learns", currents(learning=True), 1.0, spinnaker))
    return found

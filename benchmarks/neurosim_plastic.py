"""The networks of benchmarks/plastic.py in neurosim; the last line of output is a JSON object."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from typing import Any

import plastic_numbers as numbers

import neurosim as ns
from neurosim.units import Hz, ms, mV, nS, pA, pF

PAIR = ns.SynapseModel(
    """
    dx/dt = -x/tau : 1 (event-driven)
    dy/dt = -y/tau : 1 (event-driven)
    w : volt
    """,
    on_pre="w = clip(w - rate*alpha*w_max*y, 0*mV, w_max); target_post += w; x += 1",
    on_post="w = clip(w + rate*w_max*x, 0*mV, w_max); y += 1",
    parameters={
        "tau": numbers.TAU_STDP * ms,
        "rate": numbers.RATE,
        "alpha": numbers.ALPHA,
        "w_max": numbers.W_MAX * mV,
    },
    name="pair",
)
INHIBITORY = ns.SynapseModel(
    """
    dx/dt = -x/tau : 1 (event-driven)
    dy/dt = -y/tau : 1 (event-driven)
    w : siemens
    """,
    on_pre="x += 1; w = clip(w + (y - alpha)*eta, 0*nS, w_max); target_post += w",
    on_post="y += 1; w = clip(w + x*eta, 0*nS, w_max)",
    parameters={
        "tau": numbers.VS_TAU_STDP * ms,
        "alpha": 2 * numbers.VS_TAU_STDP * 1e-3 * numbers.VS_TARGET,
        "eta": numbers.VS_ETA * nS,
        "w_max": numbers.VS_W_MAX * nS,
    },
    name="inhibitory",
)
Made = tuple[ns.Network, str]  # the network, and the name of the projection that learns


def brunel(seed: int, plastic: bool) -> Made:
    """Brunel's network of 12,500, asynchronous irregular; E to E synapses learn pair by pair.

    Delays are dendritic, as NEST takes them: spikes of the source meet those of the target that
    are back at the synapse. Later by one delay on both sides that is the order in which a
    synapse at the end of the delay sees spikes of the source after one delay, and of the target
    after two.
    """
    net = ns.Network(seed=seed, name="brunel_stdp")
    model = ns.models.lif_delta(tau_m=20 * ms, t_ref=2 * ms, E_L=0 * mV, V_th=20 * mV, V_r=10 * mV)
    start = {"v": "20*mV*rand()"}
    exc = net.population("E", numbers.N_EXC, model, initial=start)
    inh = net.population("I", numbers.N_INH, model, initial=start)
    jump, delay = numbers.JUMP * mV, numbers.DELAY * ms
    from_exc = ns.FixedInDegree(numbers.C_EXC)
    learning = {"synapse": PAIR, "delay_post": 2 * delay} if plastic else {}
    net.project(exc, exc, from_exc, "v", weight=jump, delay=delay, name="E-E", **learning)
    net.project(exc, inh, from_exc, "v", weight=jump, delay=delay)
    from_inh = ns.FixedInDegree(numbers.C_INH)
    net.project(inh, [exc, inh], from_inh, "v", weight=-numbers.G * jump, delay=delay)
    rate = numbers.external_rate() * Hz
    net.poisson([exc, inh], "v", rate=rate, indegree=numbers.C_EXC, weight=jump)
    return net, "E-E"


def vogels_sprekeler(seed: int, plastic: bool) -> Made:
    """Excitation balanced by inhibitory synapses that learn (Vogels, Sprekeler et al. 2011)."""
    net = ns.Network(seed=seed, name="vogels_sprekeler")
    model = ns.NeuronModel(
        """
        dv/dt = (g_L*(E_L - v) - g_exc*v + g_inh*(E_inh - v) + I_e)/C_m : volt (unless refractory)
        dg_exc/dt = -g_exc/tau_exc : siemens
        dg_inh/dt = -g_inh/tau_inh : siemens
        """,
        threshold="v > V_th",
        reset="v = E_L",
        refractory=5 * ms,
        parameters={
            "g_L": 10 * nS,
            "E_L": -60 * mV,
            "E_inh": -80 * mV,
            "V_th": -50 * mV,
            "C_m": 200 * pF,
            "I_e": 200 * pA,
            "tau_exc": 5 * ms,
            "tau_inh": 10 * ms,
        },
        method="euler",
        name="vogels_sprekeler",
    )
    start = {"v": "-60*mV + 10*mV*rand()"}
    exc = net.population("E", numbers.VS_N_EXC, model, initial=start)
    inh = net.population("I", numbers.VS_N_INH, model, initial=start)
    rule = ns.Bernoulli(numbers.VS_PROBABILITY)
    # a step, as in one step neurons see what others wrote in an order that is Brian2's own
    delay = numbers.VS_DELAY * ms
    net.project(exc, [exc, inh], rule, "g_exc", weight=numbers.VS_W_EXC * nS, delay=delay)
    net.project(inh, inh, rule, "g_inh", weight=numbers.VS_W_INH * nS, delay=delay)
    learning: dict[str, Any] = {"synapse": INHIBITORY} if plastic else {}
    weight = numbers.VS_W_START * nS
    net.project(inh, exc, rule, "g_inh", weight=weight, delay=delay, name="I-E", **learning)
    return net, "I-E"


NETWORKS: dict[str, Callable[[int, bool], Made]] = {
    "brunel": brunel,
    "vogels_sprekeler": vogels_sprekeler,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("network", choices=NETWORKS)
    parser.add_argument("--static", action="store_true", help="the same network without learning")
    parser.add_argument("--precision", choices=["double", "single"], default="double")
    numbers.add_options(parser)
    options = parser.parse_args()
    net, learning = NETWORKS[options.network](options.seed, not options.static)
    settings = {"threads": options.threads, "precision": options.precision, "engine": "native"}
    with ns.Simulation(net, **settings) as simulation:
        simulation.run(options.warmup * ms, warmup=True)
        simulation.run(options.duration * ms)
        weights = None if options.static else simulation.read(learning, "w")
    summary, rates = simulation.summary(), simulation.recording.rates()
    result = {
        "simulator": f"neurosim {ns.__version__}",
        "threads": options.threads,
        "compile_s": summary.lower_s + summary.compile_s,
        "build_s": summary.build_s,
        "simulate_s": summary.simulate_s,
        "deliver_s": summary.deliver_s,
        "real_time_factor": summary.real_time_factor,
        "rate_Hz": rates["E"],
        "bytes_per_synapse": summary.bytes_per_synapse,
        "n_synapses": summary.n_synapses,
        **_events(simulation.recording, options.network),
        **numbers.weight_facts(options.network, weights),
    }
    print(json.dumps(result))


def _events(recording: ns.Recording, network: str) -> dict[str, float]:
    """Return how many spikes came to synapses after the warm-up, and to those that learn."""
    found = {"events": 0.0, "learning_events": 0.0}
    for name, (fanout, learning) in numbers.FANOUT[network].items():
        n_spikes = recording.spikes(name, recording.warmup_ms)[0].size
        found["events"] += n_spikes * fanout
        found["learning_events"] += n_spikes * learning
    return found


if __name__ == "__main__":
    main()

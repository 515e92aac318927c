"""The networks of benchmarks/plastic.py in neurosim; the last line of output is a JSON object."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable

import plastic_numbers as numbers
from neurosim.networks import vogels_sprekeler as learnt

import neurosim as ns
from neurosim.units import Hz, ms, mV, nS

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
    rule = ns.plasticity.pair_stdp(
        w_max=numbers.W_MAX * mV,
        A_plus=numbers.RATE,
        A_minus=numbers.RATE * numbers.ALPHA,
        tau_plus=numbers.TAU_STDP * ms,
        tau_minus=numbers.TAU_STDP * ms,
    )
    learning = {"synapse": rule, "delay_post": 2 * delay} if plastic else {}
    net.project(exc, exc, from_exc, "v", weight=jump, delay=delay, name="E-E", **learning)
    net.project(exc, inh, from_exc, "v", weight=jump, delay=delay)
    from_inh = ns.FixedInDegree(numbers.C_INH)
    net.project(inh, [exc, inh], from_inh, "v", weight=-numbers.G * jump, delay=delay)
    rate = numbers.external_rate() * Hz
    net.poisson([exc, inh], "v", rate=rate, indegree=numbers.C_EXC, weight=jump)
    return net, "E-E"


def vogels_sprekeler(seed: int, plastic: bool) -> Made:
    """Excitation balanced by inhibitory synapses that learn (Vogels, Sprekeler et al. 2011)."""
    if plastic:
        return learnt.vogels_sprekeler(seed=seed), learnt.PLASTIC
    net, neuron = ns.Network(seed=seed, name="vogels_sprekeler_static"), learnt.neuron()
    start = {"v": "-60*mV + 10*mV*rand()"}
    exc = net.population("E", learnt.N_EXC, neuron, initial=start)
    inh = net.population("I", learnt.N_INH, neuron, initial=start)
    rule, delay = ns.Bernoulli(learnt.PROBABILITY), learnt.DELAY * ms
    net.project(exc, [exc, inh], rule, "g_exc", weight=learnt.W_EXC * nS, delay=delay)
    net.project(inh, [exc, inh], rule, "g_inh", weight=learnt.W_INH * nS, delay=delay)
    return net, ""


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

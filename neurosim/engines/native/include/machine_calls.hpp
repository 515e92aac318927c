// What Python asks of a network that runs as a machine.
#pragma once
#include "network.hpp"

extern "C" {

// On a machine: how often sums were cut, per saturation (added to `cut`); per gate: passed, lost,
// unlucky, waited, most waiting; per queue: events, spikes, late, lost, fill, lateness; then skipped,
// dropped, steps overrun. Returns the sum over steps of the busiest queue's events.
double neurosim_machine_counts(void* network, int64_t* cut, int64_t* gates, int64_t* queues, int64_t* others) {
    auto& whole = *static_cast<neurosim::Network*>(network);
    others[0] = others[1] = others[2] = 0;
    for (int32_t t = 0; t < whole.spec().n_threads; ++t) {
        const neurosim::Machine& machine = *whole.worker(t).machine;
        for (size_t i = 0; i < machine.sums.counts.size(); ++i) cut[i] += machine.sums.counts[i];
        others[0] += machine.skipped;
        others[1] += machine.dropped;
    }
    const neurosim::Machine& machine = *whole.worker(0).machine;
    for (const neurosim::Gate& gate : machine.gates)
        for (const int64_t n : {gate.passed, gate.lost, gate.unlucky, gate.waited, gate.most_waiting}) *gates++ = n;
    if (!machine.cores) return 0;
    others[2] = machine.cores->overrun;
    for (size_t i = 0; i < machine.cores->size(); ++i) {
        const auto q = machine.cores->counts(i);
        for (const int64_t n : {q.events, q.spikes, q.late, q.lost, q.fill, q.lateness}) *queues++ = n;
    }
    return machine.cores->busiest;
}

// Of each projection that learns in integers, added to what is there: additions cut, synapses
// fetched, left out as their time had passed, lost.
void neurosim_learning_counts(void* network, int64_t* out) {
    auto& whole = *static_cast<neurosim::Network*>(network);
    for (int32_t t = 0; t < whole.spec().n_threads; ++t) {
        int64_t* at = out;
        for (const auto& part : whole.worker(t).machine->learning)
            for (const int64_t n : {part->saturated, part->events, part->skipped, part->dropped}) *at++ += n;
    }
}

// Get or set the weights of such a projection, by the order of its edges.
void neurosim_learning_weights(void* network, int32_t learning, int32_t get, double* values) {
    auto& whole = *static_cast<neurosim::Network*>(network);
    for (int32_t t = 0; t < whole.spec().n_threads; ++t) {
        auto& part = *whole.worker(t).machine->learning[learning];
        if (get)
            part.read(values);
        else
            part.write(values);
    }
}

// The load of the queues, bin after bin; returns how many numbers there are.
int64_t neurosim_machine_load(void* network, float* out) {
    const neurosim::Machine& machine = *static_cast<neurosim::Network*>(network)->worker(0).machine;
    if (!machine.cores) return 0;
    const std::vector<float> load = machine.cores->load();
    if (out) std::copy(load.begin(), load.end(), out);
    return static_cast<int64_t>(load.size());
}

// Number of synapses of each source onto each slice, of this rank's; for others to be added.
uint16_t* neurosim_machine_rows(void* network) { return static_cast<neurosim::Network*>(network)->rows.data(); }

}  // extern "C"

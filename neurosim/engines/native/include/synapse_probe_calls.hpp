// The C interface of synapse_probe.hpp; part of runtime.cpp.
#pragma once
#include "network.hpp"

extern "C" {

// From the next advance on, sample these; `specs` and what they point to stay the caller's.
int neurosim_probe(void* network, int32_t n, const neurosim::ProbeSpec* specs) {
    auto& whole = *static_cast<neurosim::Network*>(network);
    try {
        std::vector<int64_t> first(static_cast<size_t>(whole.spec().n_generals), 0);
        for (int32_t t = 0; t < whole.spec().n_threads; ++t) {
            neurosim::Worker& worker = whole.worker(t);
            const auto& parts = worker.generals->parts;
            worker.probes.set(specs, n, parts, first);
            for (size_t g = 0; g < parts.size(); ++g) first[g] += parts[g]->size();
        }
    } catch (const std::bad_alloc&) {
        return 1;
    }
    return 0;
}

// Where the samples of the next advance go: of each probe (n_samples, n_fields, n).
void neurosim_probe_into(void* network, double* const* samples) {
    auto& whole = *static_cast<neurosim::Network*>(network);
    for (int32_t t = 0; t < whole.spec().n_threads; ++t) whole.worker(t).probe_samples = samples;
}

}  // extern "C"

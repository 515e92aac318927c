// One thread's share of a population: state in arrays padded to whole blocks.
//
// Worker w of n, over all ranks, owns the neurons w, w + n, w + 2n, ... of each population; rank r of
// R has the workers r, r + R, r + 2R, ... Arrays that come from Python hold the neurons of the rank.
#pragma once
#include <cstring>
#include <vector>

#include "memory.hpp"
#include "types.hpp"

namespace neurosim {

struct StepInfo {
    int64_t step;
    lane_int lane_step;  // step minus the origin that keeps it within lane_int
    double dt;
    double t;
};

struct LocalPopulation {
    const PopulationSpec* spec = nullptr;
    int64_t worker = 0, n_workers = 1;   // this one, of those of all ranks
    int64_t n_ranks = 1;
    int64_t thread = 0, n_threads = 1;   // this one, of those of the rank
    uint64_t seed = 0;                   // keys the random numbers of the model's code
    int64_t count = 0, padded = 0;       // own neurons; with padding
    std::vector<real*> arrays;           // per-neuron variables
    const double* shared = nullptr;
    lane_int* last_spike = nullptr;      // lane step of the last spike
    lane_int* ready = nullptr;           // "not refractory", kept by condition-kind refractoriness
    std::vector<uint8_t*> open;          // per variable: may synapses write it? null if always
    std::vector<Count*> counts;          // per Poisson input: four steps of counts, one after another
    std::vector<double> poisson_weights;
    std::vector<int32_t> spikes;         // own neurons that spiked in this step, ascending
    std::vector<std::vector<int32_t>> events;  // the same of each event besides spikes
    int32_t bad_array = -1;              // set by a kernel that met a NaN
    int64_t bad_neuron = 0;

    int64_t index(int64_t local) const { return worker + local * n_workers; }
    // Where the neuron is in arrays that hold those of the rank.
    int64_t place(int64_t local) const { return thread + local * n_threads; }
    // Number of the rank's neurons among the first `n` of the population.
    int64_t places_below(int64_t n) const {
        const int64_t rank = worker % n_ranks;
        return n <= rank ? 0 : (n - rank + n_ranks - 1) / n_ranks;
    }
    int64_t id(int64_t local) const { return spec->first_id + index(local); }

    // Number of own neurons among the first `n` of the population.
    int64_t own_below(int64_t n) const { return n <= worker ? 0 : (n - worker + n_workers - 1) / n_workers; }

    void load(int32_t array, const double* values, int64_t stride) {
        real* out = arrays[array];
        for (int64_t k = 0; k < padded; ++k) {
            const int64_t source = k < count ? place(k) : (count ? place(0) : 0);
            out[k] = static_cast<real>(values[stride * source]);
        }
    }

    void store(int32_t array, double* values) const {
        for (int64_t k = 0; k < count; ++k) values[place(k)] = static_cast<double>(arrays[array][k]);
    }

    // Register the neurons whose flag is set in the block that starts at `first`.
    void collect(int64_t first, const lane_int* fired, lane_int lane_step) {
        for (int64_t lane = 0; lane < block_size; ++lane) {
            if (!fired[lane]) continue;
            const int64_t k = first + lane;
            spikes.push_back(static_cast<int32_t>(k));
            last_spike[k] = lane_step;
            if (ready) ready[k] = 0;
            if constexpr (guarded)
                for (uint8_t* flags : open)
                    if (flags) flags[k] = 0;
        }
    }

    // Register the neurons whose flag of event `event` is set; padding has no events.
    void note_event(int event, int64_t first, const lane_int* flags) {
        for (int64_t lane = 0; lane < block_size && first + lane < count; ++lane)
            if (flags[lane]) events[event].push_back(static_cast<int32_t>(first + lane));
    }

    bool has_events() const {
        for (const auto& neurons : events)
            if (!neurons.empty()) return true;
        return false;
    }

    // Called when a block holds a NaN somewhere: find it, unless only padding has it.
    void find_nan(int64_t first) {
        for (size_t a = 0; a < arrays.size() && bad_array < 0; ++a)
            for (int64_t k = first; k < first + block_size && k < count; ++k)
                if (!(arrays[a][k] == arrays[a][k])) {
                    bad_array = static_cast<int32_t>(a);
                    bad_neuron = index(k);
                    return;
                }
    }
};

// What the generated source provides for each model.
struct Kernel {
    void (*update)(LocalPopulation&, const StepInfo&);
    void (*reset)(LocalPopulation&, const StepInfo&);
    int32_t n_poisson;
    bool keeps_ready;               // refractoriness is a condition
    const bool* guarded_arrays;     // per array: frozen while refractory
    void (*start)(LocalPopulation&, const StepInfo&);  // as a step starts; null if there is nothing to do
};

}  // namespace neurosim

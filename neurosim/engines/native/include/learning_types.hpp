// A projection whose weights change when presynaptic spikes arrive, as Python fills it in; see
// lowering/learning_program.py.
#pragma once
#include <cstdint>

namespace neurosim {

enum TimingKind : int32_t { pair_timing, nearest_timing, triplet_timing };

// --- mirrored field by field in learning_abi.py ---------------------------------------------------

struct DecayTableSpec {
    const int16_t* values;               // s4.11, per step
    int64_t size;
};

struct LearningSpec {
    int32_t projection;                  // among all
    int32_t population, array;           // where what the synapses add is summed up
    TimingKind timing;
    int32_t multiplicative;
    int32_t backprop_delay;
    int32_t shift;                       // left shift from a weight to s16.15
    int32_t low, high, a_plus, a_minus, a3_plus, a3_minus;  // s16.15
    int32_t reserved;
    double unit, limit;                  // what a weight of 1 adds; where sums end
    DecayTableSpec plus, minus, x, y;
    int64_t n_edges;                     // onto the rank's neurons
    const int64_t* sources;              // index in the projection
    const int64_t* targets;              // index in the population
    const int64_t* delays;               // steps until the weight is added
    const int64_t* fields;               // of these, ticks that are the dendrite's
    const int64_t* stages;               // and ticks that the spike takes before its row is fetched
    const int64_t* weights;
};

}  // namespace neurosim

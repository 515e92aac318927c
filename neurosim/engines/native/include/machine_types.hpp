// What a machine does to spikes and sums, as Python fills it in; see lowering/machine_program.py.
#pragma once
#include "learning_types.hpp"
#include "types.hpp"

namespace neurosim {

// --- mirrored field by field in machine_abi.py ---------------------------------------------------

struct SaturationSpec {
    int32_t population, array;
    double limit;
};

struct GateSpec {
    const int32_t* group;                // per id; -1: passes freely
    double per_step, loss;
    int64_t depth, n_groups;
    uint64_t seed;
    int32_t own_place;
};

struct CoresSpec {
    int64_t n_slices, n_queues;          // 0: no cores
    const int32_t* slice_of;             // per id of a neuron
    const int64_t* first_queue;          // per slice
    const int64_t* lanes;                // per slice
    const int32_t* source_slice;         // per id
    const double* base_load;             // per slice
    const double* budget;                // per slice, of each of its lanes
    double least_budget;
    int64_t fifo, load_every, delay_shift;
    int64_t colours;                     // steps that a spike's colour tells apart; 0: any number
    const int64_t* slots;                // per slice: of its ring of delays, 0: any number; or null
    int32_t drops_late, skips_late;
};

struct MachineSpec {
    int32_t n_saturations, n_gates;
    const SaturationSpec* saturations;
    const GateSpec* gates;
    CoresSpec cores;
    const LearningSpec* learning;        // projections that learn in integers
    int32_t n_learning, reserved;
};

}  // namespace neurosim

// Synapses with code of their own: the structs shared with Python (general_abi.py), and what their
// generated kernels see of a thread's part of a projection.
#pragma once
#include "population.hpp"
#include "synapse_operation_types.hpp"
#include "types.hpp"

namespace neurosim {

// --- mirrored field by field in general_abi.py ----------------------------------------------

struct PathwaySpec {
    int32_t post_side;                   // runs at the target's spikes, else at the source's
    int32_t delay;                       // in steps; -1: the synapse's own
    int32_t event;                       // channel (post_side: which of the target's events); -1: spikes
    int32_t reads_other;                 // what synapses of a target (post_side: of a source) have in common
    int32_t catches_up;                  // synapses must first catch up with their targets' spikes
    int32_t reserved;
};

struct ValueSpec {                       // a variable with one value per synapse, at t = 0
    int32_t kind;                        // DrawKind; -1: the projection's weight
    uint32_t name;                       // keys the random stream
    double a, b, low_u, high_u, low, high;
    const double* values;                // listed, one per edge
    int32_t changes, reserved;           // changes: it is state
};

struct SumSpec {                         // a variable of the targets that synapses sum into
    int32_t array;
    int32_t reserved;
    const uint8_t* clears;               // (the rank's neurons): set to 0 first; null: an earlier sum did
};

struct GeneralSpec {
    int32_t projection, kernel;          // indices into the network's projections and synapse kernels
    int32_t pre_population;              // -1: a spike source
    int32_t post_population;
    int32_t n_pathways, n_values, n_sums;
    int32_t n_pre, n_post;               // arrays of source and target that the code uses
    int32_t weight;                      // which value is stored as a constant Weight; -1: none
    int32_t keeps_update, keeps_numbers, keeps_sources, keeps_targets;
    int32_t update_reads_pre;            // the clock-driven update goes row by row
    int32_t n_common[2];                 // variables that synapses of a source with one delay, of a target share
    int32_t defers;                      // spikes of the target wait for the source's next one
    int32_t n_noted;                     // values noted with each of them
    const PathwaySpec* pathways;
    const ValueSpec* values;
    const SumSpec* sums;
    const int32_t* pre_arrays;
    const int32_t* post_arrays;
    const double* shared;                // values of shared variables: of the synapses,
    const double* pre_shared;            // of source and target
    const double* post_shared;
    const double* common;                // those variables at t = 0
    const SynapseOperationSpec* operations;
    int32_t n_operations;
    int32_t n_steadily;                  // of the source's variables, how many more than operations read
};

struct ChannelSpec {                     // an event besides spikes that all threads must know of
    int32_t population, event;
};

enum PhaseKind : int32_t {
    sum_gather,
    sum_apply,
    neurons_phase,                       // state update, thresholds, Poisson input
    update_gather,
    update_apply,
    deliver_phase,                       // synapses that only add their weight
    pre_gather,
    pre_apply,
    post_apply,
    reset_phase
};

struct PhaseSpec {
    PhaseKind kind;
    int32_t general, part;               // part: the pathway or sum
    int32_t barrier;                     // all threads meet before it
    int32_t n_shares, reserved;
    const int32_t* shares;               // which of the reads ranks give each other before it
};

struct ReadSpec {                        // a variable of sources that synapses read
    int32_t population, array;
};

constexpr int32_t most_deferred = 32;    // spikes of a target that are noted until all synapses catch up
constexpr int32_t most_tabled = 2048;     // steps
constexpr int32_t deferred_lanes = 32;   // synapses that catch up together
constexpr int32_t no_spike = static_cast<int32_t>(long_ago) - 1;  // earlier than any
constexpr int64_t look_ahead = 24;       // synapses of a target that are fetched before their turn

// --- what kernels see -----------------------------------------------------------------------

// Synapses [begin, begin + count). `at` is the source (an index among the projection's sources),
// or for a postsynaptic pathway the own target, whose synapses by_target lists. `place` is where
// what these synapses have in common is kept.
struct Stretch {
    uint32_t at, begin, count, place = 0;
};

// Variables that all synapses of a source with one delay, or all synapses of a target, have in common.
struct CommonView {
    real* const* arrays = nullptr;       // as of the last event of each place
    real* const* current = nullptr;      // as of now, where a pathway of the other side asked for it
    int32_t* updated = nullptr;          // lane step of that event
};

// Spikes of the targets that some synapses have yet to go through; spike n of target j is at
// n * padded + j, n = 1, 2, ...; n = 0 stands for none.
struct DeferredView {
    int32_t *counts = nullptr, *steps = nullptr, *full = nullptr;
    real* const* values = nullptr;       // of what a target's synapses have in common, before it
    int32_t* caught_up = nullptr;        // of each place: with the spikes before this lane step
    int64_t padded = 0;
};

struct SynapseView {
    const void* targets = nullptr;       // own target of each synapse, 16 or 32 bits
    real* const* arrays = nullptr;       // synaptic variables
    const Weight* weights = nullptr;
    const double *shared = nullptr, *pre_shared = nullptr, *post_shared = nullptr;
    real* const* post = nullptr;         // variables of the own targets
    const uint8_t* const* open = nullptr;  // may they be written? null: always
    int32_t* updated = nullptr;          // lane step of the synapse's last event
    const uint32_t* numbers = nullptr;   // index of the synapse among those of its target
    const uint32_t* sources = nullptr;   // where the source is: neuron * n_groups + group of `pre`
    const uint32_t* by_target = nullptr;
    const uint32_t* places = nullptr;    // of the sources of those synapses
    CommonView of_sources, of_targets;
    DeferredView deferred;
    const real* pre_values = nullptr;    // of each stretch: the source's variables
    const LocalPopulation* own = nullptr;  // the targets
    const LocalPopulation* const* pre = nullptr;  // the sources: of each thread, then of other ranks
    uint32_t n_groups = 1;               // how many those are
    const int32_t* pre_arrays = nullptr;
    int32_t n_pre = 0;
    uint32_t projection = 0;             // keys the random streams
    const real* const* sums = nullptr;   // of an operation: by own target, or of each stretch

    real of_source(int32_t i, uint32_t synapse) const {
        return pre[sources[synapse] % n_groups]->arrays[pre_arrays[i]][sources[synapse] / n_groups];
    }
};

using StretchCall = void (*)(const SynapseView&, const StepInfo&, const Stretch*, int64_t, real*);

// Generated for each model: its pathways, its clock-driven update, what brings common variables up
// to date (CommonCall), its sums, then its operations; for targets of 16 and of 32 bits.
enum CommonCall : int32_t {              // of all places, or of those that stretches of synapses touch
    of_all_sources,
    of_touched_sources,
    of_all_targets,
    of_touched_targets,
    catch_up_calls,
    n_common_calls
};

struct SynapseKernel {
    int32_t n_pathways;
    const StretchCall* calls[2];
};

}  // namespace neurosim

// Scalar types, and the plain structs shared with Python (ctypes).
//
// Two libraries are compiled, the models' kernels and the runtime, both with these definitions:
// NEUROSIM_SINGLE (state in float32) or not (float64), NEUROSIM_WEIGHT64 (weights stored in 64
// bits), NEUROSIM_GUARDED (some synapse writes a variable that is frozen while its neuron is
// refractory) and NEUROSIM_COUNT (type of a Poisson count).
#pragma once
#include <cstddef>
#include <cstdint>

namespace neurosim {

#ifdef NEUROSIM_SINGLE
using real = float;
using lane_int = int32_t;  // an integer as wide as `real`, so that loops over both vectorise
#else
using real = double;
using lane_int = int64_t;
#endif

#ifdef NEUROSIM_WEIGHT64
using Weight = double;
#else
using Weight = float;
#endif

#ifdef NEUROSIM_GUARDED
constexpr bool guarded = true;
#else
constexpr bool guarded = false;
#endif

// Code that a network does not need is left out, as it takes longer to compile than the rest:
// synapses with models of their own, injected currents and changing Poisson rates.
#ifdef NEUROSIM_SYNAPSE_MODELS
constexpr bool synapse_models = true;
#else
constexpr bool synapse_models = false;
#endif

#ifdef NEUROSIM_CHANGING_INPUTS
constexpr bool changing_inputs = true;
#else
constexpr bool changing_inputs = false;
#endif

#ifdef NEUROSIM_MACHINE
constexpr bool on_machine = true;        // spikes and sums end as on some machine, see machine.hpp
#else
constexpr bool on_machine = false;
#endif

using Count = NEUROSIM_COUNT;

constexpr int64_t block_size = 64;        // neurons are updated in blocks of this many
constexpr lane_int long_ago = -(1 << 30);  // last spike of a neuron that never spiked

inline int64_t round_up(int64_t n, int64_t multiple) {
    return (n + multiple - 1) / multiple * multiple;
}

// --- the structs below are mirrored field by field in abi.py --------------------------------

struct PopulationSpec {
    int64_t first_id, size;
    int32_t kernel;               // index into the generated table of kernels
    int32_t n_arrays, n_shared;   // variables per neuron, and shared by the population
    int32_t n_events;             // besides spikes
    const double* const* values;  // per array: size numbers, or one if stride is 0
    const int64_t* strides;
    const double* shared;
    const int64_t* event_ids;     // per event of the model: id that neuron 0's events have, -1 if none
};

enum RuleKind : int32_t {
    random_sources,
    bernoulli_sources,
    all_sources,
    matching_source,
    listed_edges,
    random_targets
};
enum DrawKind : int32_t { constant, uniform, normal, lognormal, exponential, listed };

enum RoundingKind : int32_t { to_even, to_zero, downwards };

struct ProjectionSpec {
    int64_t index;                       // declaration order: keys the random stream
    int64_t pre_first, pre_size;         // global id of the first source; number of sources
    int64_t post_first, post_size;       // global id of the first target; number of targets
    int32_t population, array;           // where the targets' variable lives
    int64_t post_start;                  // first target's index in its population
    const int64_t* pre_ids;              // global ids of the sources, ascending; null: consecutive
    const int64_t* post_members;         // the targets' indices in their population; null: consecutive
    double expected;                     // number of synapses, as far as known beforehand
    RuleKind rule;
    int32_t autapses, multapses;         // multapses: of rules that draw a number of partners
    double probability, log1m;           // Bernoulli: p and log(1 - p)
    const int64_t* offsets;              // edges of each own target (random_targets: source), cumulated; null: degree
    int64_t degree, n_edges;             // the number all of them draw; how many edges are listed
    const int64_t* sources;              // listed edges: local source indices
    DrawKind weight;
    double a, b, low_u, high_u, low, high;
    const double* weights;               // listed, one per edge
    double factor, quantum, grid_low, grid_high;  // see Grid in lowering/machine_program.py
    RoundingKind rounding;
    int32_t absolute, wraps;
    int32_t delay_first, n_thresholds;
    const uint32_t* thresholds;
    const int64_t* delays;               // listed, one per edge
};

struct PoissonSpec {
    int64_t index;
    int64_t post_start, post_size;       // range in its population
    int32_t population, slot;            // slot: which of the kernel's Poisson inputs
    double weight;
    int64_t n_tables;
    const int64_t* first;                // (n_tables): smallest count of each table
    const int64_t* table_offsets;        // (n_tables + 1) into thresholds
    const uint32_t* thresholds;
    const int64_t* table;                // (post_size) or null: all use table 0
    int64_t wave;                        // mean count per step, as a wave (table: its columns); -1: tables
};

struct SourceSpec {
    int64_t first_id, n_spikes;
    const int64_t* steps;
    const int64_t* ids;                  // local
    int64_t period;                      // steps after which the spikes come again; 0: never

    // Of the spike number `cursor`, counted on through the periods.
    int64_t step_of(int64_t cursor) const { return steps[cursor % n_spikes] + cursor / n_spikes * period; }
    int64_t id_of(int64_t cursor) const { return first_id + ids[cursor % n_spikes]; }
    bool due(int64_t cursor, int64_t step) const {
        return n_spikes > 0 && (period > 0 || cursor < n_spikes) && step_of(cursor) <= step;
    }
};

struct RecorderSpec {
    int32_t population, array;
    int64_t n_ids, every;
    const int64_t* ids;                  // local
    int64_t start, stop;                 // steps sampled: start, start + every, ... below stop
    int32_t sum;                         // one sum per sample instead of n_ids values
};

struct Kernel;         // population.hpp
struct InputsSpec;  // input_types.hpp
struct SynapseKernel;  // general_types.hpp, like the two below
struct GeneralSpec;
struct PhaseSpec;
struct ChannelSpec;
struct ReadSpec;
struct MessengerSpec;  // exchange_types.hpp
struct MachineSpec;    // machine_types.hpp

struct NetworkSpec {
    const Kernel* kernels;               // the generated table, from the other library
    uint64_t seed;
    double dt;
    int64_t n_ids, n_neurons;
    int32_t rank, n_ranks, n_threads;    // n_threads: of this rank
    int32_t n_populations, n_projections, n_poisson, n_sources, n_recorders;
    int32_t smallest_delay, largest_delay;
    const PopulationSpec* populations;
    const ProjectionSpec* projections;
    const PoissonSpec* poisson;
    const SourceSpec* sources;
    const RecorderSpec* recorders;
    const SynapseKernel* synapse_kernels;  // generated too; null where no projection has a model
    const GeneralSpec* generals;           // projections with a synapse model
    const PhaseSpec* phases;               // of a step, where there are such projections
    const ChannelSpec* channels;           // events that presynaptic pathways listen to
    const ReadSpec* reads;                 // variables of sources that synapses read
    int32_t n_generals, n_phases, n_channels, n_reads;
    const InputsSpec* inputs;            // injected currents and operations
    const MessengerSpec* messenger;      // how to reach the other ranks; null: there are none
    const MachineSpec* machine;          // limits of the machine that the network runs as, or null

    int32_t n_workers() const { return n_ranks * n_threads; }
};

struct ChunkResult {
    int64_t n_steps;                     // completed
    int64_t n_spikes;
    const int64_t* spike_steps;          // owned by the network until the next advance
    const int64_t* spike_ids;
    int32_t failed_population, failed_array;  // -1: none
    int64_t failed_neuron, failed_step;
    double update_s, deliver_s, wait_s, record_s;
    double exchange_s;                   // the rest: of all exchanges with other ranks so far
    int64_t bytes_sent, n_exchanges, spikes_sent, spikes_received, targeted;
};

}  // namespace neurosim

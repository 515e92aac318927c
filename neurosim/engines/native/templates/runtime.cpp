// The C interface of the runtime, which Python calls.
#include <string>

#include "network.hpp"
#ifdef NEUROSIM_MACHINE
#include "machine_calls.hpp"
#endif
#include "snapshot.hpp"
#include "synapse_probe_calls.hpp"

namespace neurosim {
namespace {

thread_local std::string last_error;

// Run `work`, turning an exception into a return code of 1 and a message.
template <class Work>
int guarded_call(Work&& work) {
    try {
        work();
        return 0;
    } catch (const std::bad_alloc&) {
        last_error = "out of memory";
    } catch (const std::exception& error) {
        last_error = error.what();
    }
    return 1;
}

// Call `visit(worker, part)` for every thread's part of a projection with a synapse model.
template <class Visit>
void each_part(void* network, int32_t general, Visit&& visit) {
    auto& whole = *static_cast<Network*>(network);
    if constexpr (synapse_models)
        for (int32_t t = 0; t < whole.spec().n_threads; ++t)
            visit(whole.worker(t), *whole.worker(t).generals->parts[general]);
}

}  // namespace
}  // namespace neurosim

extern "C" {

const char* neurosim_error() { return neurosim::last_error.c_str(); }
int32_t neurosim_abi() { return 1; }

void* neurosim_create(const neurosim::NetworkSpec* spec) {
    neurosim::Network* network = nullptr;
    neurosim::guarded_call([&] { network = new neurosim::Network(*spec); });
    return network;
}

void neurosim_destroy(void* network) { delete static_cast<neurosim::Network*>(network); }

int neurosim_build(void* network) {
    return neurosim::guarded_call([&] { static_cast<neurosim::Network*>(network)->build(); });
}

int neurosim_advance(void* network, int64_t n_steps, double* const* samples, neurosim::ChunkResult* result) {
    return neurosim::guarded_call(
        [&] { static_cast<neurosim::Network*>(network)->advance(n_steps, samples, *result); });
}

// Go on at `step` after `n` spikes of the whole network, ascending by step and id, which must hold
// all of the last largest_delay steps.
int neurosim_recall(void* network, int64_t step, int64_t n, const int64_t* steps, const int64_t* ids) {
    return neurosim::guarded_call([&] { static_cast<neurosim::Network*>(network)->recall(step, n, steps, ids); });
}

// Replace the synapses of a projection with a model (by its order) onto the rank's neurons, given by
// target: index of the source in the projection, of the target in its population, delay. What
// follows: values, last events, and the spikes on their way (neurosim_set_pending).
int neurosim_replace(void* network, int32_t general, int64_t n, const int64_t* sources, const int64_t* targets,
                     const int64_t* delays) {
    return neurosim::guarded_call(
        [&] { static_cast<neurosim::Network*>(network)->replace(general, {n, sources, targets, delays}); });
}

// After synapses were replaced on some rank; all ranks together. Spikes as of neurosim_recall.
int neurosim_reconnect(void* network, int64_t step, int64_t n, const int64_t* steps, const int64_t* ids) {
    return neurosim::guarded_call([&] { static_cast<neurosim::Network*>(network)->reconnect(step, n, steps, ids); });
}

// Add each source's number of synapses in a projection, over all threads, to `out`.
void neurosim_outdegrees(void* network, int32_t projection, uint32_t* out) {
    const auto& whole = *static_cast<neurosim::Network*>(network);
    for (int32_t t = 0; t < whole.spec().n_threads; ++t) {
        whole.worker(t).outdegrees[projection].each([&](int64_t source, uint32_t n) { out[source] += n; });
    }
}

// Number of a projection's synapses.
int64_t neurosim_synapses_of(void* network, int32_t projection) {
    const auto& whole = *static_cast<neurosim::Network*>(network);
    int64_t n = 0;
    for (int32_t t = 0; t < whole.spec().n_threads; ++t) n += whole.worker(t).outdegrees[projection].total();
    return n;
}

// Synapses in memory: the sum of all segments' counts.
int64_t neurosim_synapses(void* network) {
    const auto& whole = *static_cast<neurosim::Network*>(network);
    int64_t n = 0;
    for (int32_t t = 0; t < whole.spec().n_threads; ++t)
        n += whole.worker(t).store.count();
    return n;
}

// Every synapse in memory: global ids, the target's variable, weight, and delay in steps.
void neurosim_list_synapses(void* network, int64_t* sources, int64_t* targets, int32_t* arrays, double* weights,
                            int32_t* delays) {
    const auto& whole = *static_cast<neurosim::Network*>(network);
    int64_t n = 0;
    for (int32_t t = 0; t < whole.spec().n_threads; ++t)
        whole.worker(t).each_synapse(
            [&](int64_t source, int64_t target, int32_t array, double weight, int32_t delay) {
                sources[n] = source;
                targets[n] = target;
                arrays[n] = array;
                weights[n] = weight;
                delays[n++] = delay;
            });
}

// Bytes of a part: the state, synapses, their segments, the table of sources, buffers, out-degrees.
int64_t neurosim_memory(void* network, int32_t part) {
    const auto& whole = *static_cast<neurosim::Network*>(network);
    int64_t bytes = part == 4 ? whole.exchange_bytes() : 0;
    for (int32_t t = 0; t < whole.spec().n_threads; ++t) {
        const neurosim::Worker& worker = whole.worker(t);
        switch (part) {
            case 0: bytes += worker.state_bytes(); break;
            case 1: bytes += worker.store.data_bytes(); break;
            case 2: bytes += worker.store.segment_bytes(); break;
            case 3: bytes += worker.store.source_bytes(); break;
            case 4: bytes += worker.buffer_bytes(); break;
            default:
                for (const auto& degrees : worker.outdegrees) bytes += degrees.bytes();
        }
    }
    return bytes;
}

// Projections with a synapse model, by their order: synapses of all threads, one thread after the
// other, each in the order it keeps them.
int64_t neurosim_general_size(void* network, int32_t general) {
    int64_t n = 0;
    neurosim::each_part(network, general, [&](auto&, auto& part) { n += part.size(); });
    return n;
}

int64_t neurosim_general_bytes(void* network, int32_t general) {
    int64_t n = 0;
    neurosim::each_part(network, general, [&](auto&, auto& part) { n += part.bytes(); });
    return n;
}

// Index of the source in the projection, global id of the target, index within the target, delay.
void neurosim_general_list(void* network, int32_t general, int64_t* sources, int64_t* targets, int64_t* numbers,
                           int64_t* delays) {
    int64_t first = 0;
    neurosim::each_part(network, general, [&](auto& worker, auto& part) {
        const auto& own = worker.populations[part.spec().post_population];
        part.each_synapse([&](uint32_t source, uint32_t target, uint32_t number, uint32_t at, neurosim::Weight,
                              int32_t delay) {
            sources[first + at] = source;
            targets[first + at] = own.id(target);
            numbers[first + at] = number;
            delays[first + at] = delay;
        });
        first += part.size();
    });
}

void neurosim_general_read(void* network, int32_t general, int32_t value, double* out) {
    neurosim::each_part(network, general, [&](auto&, auto& part) {
        part.store(value, out);
        out += part.size();
    });
}

void neurosim_general_write(void* network, int32_t general, int32_t value, const double* values) {
    neurosim::each_part(network, general, [&](auto&, auto& part) {
        part.load(value, values);
        values += part.size();
    });
}

// The first NaN among synaptic variables at the end of an advance: which value and which synapse; -1 if there is none.
int64_t neurosim_general_nan(void* network, int32_t general, int32_t* value) {
    int64_t first = 0, found_at = -1;
    neurosim::each_part(network, general, [&](auto&, auto& part) {
        const auto found = part.found_nan();
        if (found_at < 0) *value = found.first;
        if (found_at < 0 && found.first >= 0) found_at = first + found.second;
        first += part.size();
    });
    return found_at;
}

void neurosim_read(void* network, int32_t population, int32_t array, double* out) {
    auto& whole = *static_cast<neurosim::Network*>(network);
    for (int32_t t = 0; t < whole.spec().n_threads; ++t)
        whole.worker(t).populations[population].store(array, out);
}

void neurosim_write(void* network, int32_t population, int32_t array, const double* values) {
    auto& whole = *static_cast<neurosim::Network*>(network);
    for (int32_t t = 0; t < whole.spec().n_threads; ++t)
        whole.worker(t).populations[population].load(array, values, 1);
    for (int32_t t = 0; t < whole.spec().n_threads; ++t)
        whole.worker(t).inputs->written(population, array);
}

// The values of changing inputs for the steps about to be simulated; the arrays stay the caller's.
void neurosim_waves(void* network, int64_t first_step, const neurosim::WaveRows* waves) {
    auto& whole = *static_cast<neurosim::Network*>(network);
    for (int32_t t = 0; t < whole.spec().n_threads; ++t) {
        whole.worker(t).inputs->waves.waves = waves;
        whole.worker(t).inputs->waves.first_step = first_step;
    }
}

}  // extern "C"

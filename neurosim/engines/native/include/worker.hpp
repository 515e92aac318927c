// One thread's part of the network: its neurons and its synapses; its steps are in step_loop.hpp.
#pragma once
#include <algorithm>
#include <memory>
#include <vector>

#include "build.hpp"
#include "deliver.hpp"
#include "exchange.hpp"
#include "generals.hpp"
#include "inputs.hpp"
#include "mirror.hpp"
#include "poisson.hpp"
#include "progress.hpp"
#include "sampler.hpp"
#include "source_totals.hpp"
#include "stopwatch.hpp"
#include "synapse_probe.hpp"
#ifdef NEUROSIM_MACHINE
#include "machine.hpp"
#else
#include "no_machine.hpp"  // which compiles faster
#endif

#ifndef NEUROSIM_ORIGIN_STEPS
#define NEUROSIM_ORIGIN_STEPS (int64_t(1) << 30)  // tests make it smaller
#endif

namespace neurosim {

class Worker;
using Team = std::vector<std::unique_ptr<Worker>>;

class Worker {
  public:
    // `rows`: number of synapses of each source onto each core's neurons, on a machine.
    Worker(const NetworkSpec& spec, int32_t thread, const std::vector<uint16_t>& rows) : spec_(spec), thread_(thread) {
        lag_ = spec.smallest_delay;
        published_.resize(2 * lag_ + 4);
        allocate_state();
        if (on_machine && spec.machine) {
            machine = std::make_unique<Machine>(*spec.machine, rows);
            machine->see(spec, populations, slots_);
        }
        calendar_.resize(spec.largest_delay + static_cast<int32_t>(machine ? machine->slack() : 0));
        for (int i = 0; i < spec.n_poisson; ++i)
            poisson_.emplace_back(spec.poisson[i], populations[spec.poisson[i].population], spec.seed);
        for (int r = 0; r < spec.n_recorders; ++r)
            samplers.emplace_back(spec.recorders[r], populations[spec.recorders[r].population]);
        generals = std::make_unique<Generals>(spec, populations);
        inputs = std::make_unique<Inputs>(spec, populations);
        if (thread == 0) source_totals_ = make_source_totals(spec);
    }

    Progress progress;
    Progress meeting;  // how often this worker came to where all meet, in this advance
    double update_s = 0, deliver_s = 0, wait_s = 0, record_s = 0;
    int64_t failed_step = Progress::never;
    int32_t failed_population = -1, failed_array = -1;
    int64_t failed_neuron = -1;
    std::vector<int64_t> spike_steps, spike_ids;  // of this advance
    std::vector<LocalPopulation> populations;
    std::vector<Degrees> outdegrees;  // per projection
    SynapseStore store;
    std::vector<Sampler> samplers;  // one per state recorder
    SynapseProbes probes;           // of chosen synapses
    double* const* probe_samples = nullptr;
    std::unique_ptr<Generals> generals;
    std::unique_ptr<Inputs> inputs;
    std::unique_ptr<Machine> machine;

    // Add own synapses to the number that each source has onto each core's neurons.
    void count_rows(std::vector<uint16_t>& rows) const {
        if (wide_)
            machine->count_rows<uint32_t>(store, rows);
        else
            machine->count_rows<uint16_t>(store, rows);
    }

    void build() {
        Builder(spec_, populations, slots_, wide_, store, outdegrees).run();
        std::vector<uint32_t> counts;
        if (machine) machine->count_sources(spec_, outdegrees);
        generals->each([&](auto& part) {
            counts.assign(static_cast<size_t>(spec_.projections[part.spec().projection].pre_size), 0);
            part.build(counts);
            outdegrees[part.spec().projection].append(0, counts.data(), static_cast<int64_t>(counts.size()));
        });
    }

    // Have other synapses in a projection with a synapse model.
    void replace(int32_t general, const SynapseList& list) {
        if constexpr (synapse_models) {
            const int32_t projection = spec_.generals[general].projection;
            std::vector<uint32_t> counts(static_cast<size_t>(spec_.projections[projection].pre_size), 0);
            generals->parts[general]->replace(list, counts);
            outdegrees[projection] = {};
            outdegrees[projection].append(0, counts.data(), static_cast<int64_t>(counts.size()));
        }
    }

    // Join the ranks' exchange of spikes; null: there are no other ranks.
    void join(Exchange* exchange) { exchange_ = exchange; }

    // Set the bits of the ids that have targets on this thread.
    void mark_sources(Bits& needed) const;

    // Go on at `step`, as if the spikes of the steps before had been simulated here; all of the
    // network's that may still act, by step and id.
    void recall(int64_t step, const std::vector<Spike>& spikes);

    // Tell projections with synapse models where the variables of their sources are: in the team,
    // or of other ranks in a mirror.
    void see(const Team& team, Mirror* mirror);

    // Nobody need wait for this worker again in this advance.
    void leave() {
        progress.publish(Progress::never);
        meeting.publish(Progress::never);
    }
    // Nor for the other ranks.
    void give_up() {
        leave();
        if (exchange_) exchange_->give_up();
    }

    void prepare(int64_t begin) {
        progress.updated = begin;
        meeting.updated = 0;
        meetings_ = 0;
        update_s = deliver_s = wait_s = record_s = 0;
    }

    // Simulate steps [begin, end), or to the step `stop` where some worker met a NaN. Each state
    // recorder has a matrix (n_samples, n_ids) in `samples`.
    void run(Team& team, int64_t begin, int64_t end, const std::vector<double*>& samples,
             std::atomic<int64_t>& stop);

    // Call `visit(source, target, array, weight, delay)` for every synapse, by source.
    template <class Visit>
    void each_synapse(Visit&& visit) const {
        if (wide_)
            read_rows<uint32_t>(visit);
        else
            read_rows<uint16_t>(visit);
    }

    int64_t buffer_bytes() const {
        size_t ids = emitted_.capacity();
        for (const auto& list : published_) ids += list.capacity();
        const int64_t totals = source_totals_ ? source_totals_->bytes() : 0;
        return calendar_.bytes() + totals + static_cast<int64_t>(ids * sizeof(uint32_t));
    }
    int64_t state_bytes() const { return arena_.size(); }

    // The ids of this worker's spikes in a recent step.
    const std::vector<uint32_t>& published(int64_t step) const { return published_[step % published_.size()]; }

  private:
    friend class WorkerState;
    friend class OperationRun;
    template <class Target, class Visit>
    void read_rows(Visit&& visit) const;
    template <class Target>
    void enter(int64_t step);
    template <class Target>
    void deliver(int64_t step);
    void allocate_state();
    void update(int64_t step);
    void add_events(std::vector<uint32_t>& out) const;
    void emit(Team& team, int64_t step);
    void record(int64_t step, const std::vector<double*>& samples) {
        for (size_t r = 0; r < samplers.size(); ++r) samplers[r].take(step, samples[r]);
    }
    StepInfo info(int64_t step) const {
        return {step, static_cast<lane_int>(step - origin_), spec_.dt, static_cast<double>(step) * spec_.dt};
    }
    void move_origin(int64_t step);
    void meet(Team& team);
    void operate_synapses(Team& team, bool at_end, const StepInfo& now);
    void prepare_phase(Team& team, const PhaseSpec& phase);
    void share(Team& team, const int32_t* reads, int32_t n_reads);
    void look_for_failure(int64_t step);
    bool fail(int64_t step, std::atomic<int64_t>& stop);
    bool goes_on(int64_t step, const std::atomic<int64_t>& stop) const;
    void send(Team& team, int64_t step, int64_t stop);
    void collect(int64_t due, int64_t step, std::atomic<int64_t>& stop);
    bool owns(int64_t id) const;
    template <class Lists>
    void merge(Team& team, int64_t step, int32_t section, Lists&& lists);
    void note_spike(int64_t step, int64_t id) {
        spike_steps.push_back(step);
        spike_ids.push_back(id);
    }

    const NetworkSpec& spec_;
    int32_t thread_;
    int64_t lag_;
    int64_t origin_ = 0;                     // step that lane step 0 stands for
    Arena arena_;
    real* variables_ = nullptr;              // what synapses write, indexed by slot
    uint8_t* open_ = nullptr;
    bool wide_ = false;                      // slots need 32 bits
    std::vector<std::vector<int64_t>> slots_;  // per population and array: first slot, -1 if none
    std::vector<PoissonInput> poisson_;
    std::vector<std::vector<uint32_t>> published_;
    std::vector<uint32_t> emitted_;
    std::vector<int64_t> source_cursor_, noted_cursor_;  // next spike of each source: to deliver, to report
    Calendar calendar_;
    GuardedDelivery deliver_;
    int64_t meetings_ = 0;
    Exchange* exchange_ = nullptr;
    Mirror* mirror_ = nullptr;
    SourceSums source_sums_;                      // of the operation at hand, for other threads to see
    std::unique_ptr<SourceTotals> source_totals_;  // the first thread's, for all
};

// Lay out the state: variables that synapses write stand together, so that a slot can address them.
inline void Worker::allocate_state() {
    const int64_t n_populations = spec_.n_populations;
    populations.resize(n_populations);
    slots_.resize(n_populations);
    source_cursor_.assign(spec_.n_sources, 0);
    noted_cursor_.assign(spec_.n_sources, 0);
    int64_t bytes = 4096, n_slots = 0;
    for (int64_t p = 0; p < n_populations; ++p) {
        LocalPopulation& own = populations[p];
        const PopulationSpec& population = spec_.populations[p];
        own.spec = &population;
        own.worker = spec_.rank + spec_.n_ranks * thread_;
        own.n_workers = spec_.n_workers();
        own.n_ranks = spec_.n_ranks;
        own.thread = thread_;
        own.n_threads = spec_.n_threads;
        own.seed = spec_.seed;
        own.count = own.own_below(population.size);
        own.padded = round_up(own.count, block_size);
        slots_[p].assign(population.n_arrays, -1);
        const int64_t n_poisson = spec_.kernels[population.kernel].n_poisson;
        bytes += own.padded * static_cast<int64_t>((population.n_arrays + 1) * (sizeof(real) + 1) +
                                                   2 * sizeof(lane_int) + 4 * n_poisson * sizeof(Count)) +
                 64 * (2 * population.n_arrays + 8 + n_poisson);
    }
    for (int i = 0; i < spec_.n_projections; ++i)
        if (spec_.projections[i].array >= 0) slots_[spec_.projections[i].population][spec_.projections[i].array] = 0;
    if (on_machine && spec_.machine)
        for (int32_t i = 0; i < spec_.machine->n_learning; ++i)
            slots_[spec_.machine->learning[i].population][spec_.machine->learning[i].array] = 0;
    for (int i = 0; i < spec_.n_generals; ++i) {
        const GeneralSpec& general = spec_.generals[i];
        const Kernel& kernel = spec_.kernels[spec_.populations[general.post_population].kernel];
        for (int32_t a = 0; a < general.n_post; ++a)  // a slot has a flag that tells whether it may be written
            if (kernel.guarded_arrays[general.post_arrays[a]]) slots_[general.post_population][general.post_arrays[a]] = 0;
    }
    for (int64_t p = 0; p < n_populations; ++p)
        for (int64_t& slot : slots_[p])
            if (slot == 0) {
                slot = n_slots;
                n_slots += populations[p].padded;
            }
    wide_ = n_slots > 65536;
    arena_.reserve(static_cast<size_t>(bytes + n_slots * static_cast<int64_t>(sizeof(real) + 1) + 128));
    variables_ = arena_.take<real>(n_slots);
    open_ = arena_.take<uint8_t>(n_slots);
    std::fill(open_, open_ + n_slots, uint8_t(1));
    for (int64_t p = 0; p < n_populations; ++p) {
        LocalPopulation& own = populations[p];
        const PopulationSpec& population = *own.spec;
        const Kernel& kernel = spec_.kernels[population.kernel];
        own.shared = population.shared;
        own.last_spike = arena_.take<lane_int>(own.padded);
        std::fill(own.last_spike, own.last_spike + own.padded, long_ago);
        if (kernel.keeps_ready) {
            own.ready = arena_.take<lane_int>(own.padded);
            std::fill(own.ready, own.ready + own.padded, lane_int(1));
        }
        for (int32_t a = 0; a < population.n_arrays; ++a) {
            const int64_t slot = slots_[p][a];
            own.arrays.push_back(slot >= 0 ? variables_ + slot : arena_.take<real>(own.padded));
            own.open.push_back(slot >= 0 && kernel.guarded_arrays[a] ? open_ + slot : nullptr);
            if (own.open.back()) deliver_.guard(slot, own.padded);
            own.load(a, population.values[a], population.strides[a]);
        }
        for (int32_t i = 0; i < kernel.n_poisson; ++i) own.counts.push_back(arena_.take<Count>(4 * own.padded));
        own.poisson_weights.assign(kernel.n_poisson, 0.0);
    }
    for (int i = 0; i < spec_.n_poisson; ++i)
        populations[spec_.poisson[i].population].poisson_weights[spec_.poisson[i].slot] = spec_.poisson[i].weight;
}

template <class Target, class Visit>
inline void Worker::read_rows(Visit&& visit) const {
    struct Place {
        int64_t id;
        int32_t array;
    };
    std::vector<Place> places;  // of each slot
    for (size_t p = 0; p < populations.size(); ++p)
        for (size_t a = 0; a < slots_[p].size(); ++a)
            for (int64_t k = 0; slots_[p][a] >= 0 && k < populations[p].padded; ++k) {
                const size_t slot = static_cast<size_t>(slots_[p][a] + k);
                if (places.size() <= slot) places.resize(slot + 1);
                places[slot] = {populations[p].id(k), static_cast<int32_t>(a)};
            }
    store.each_row([&](int64_t source, const SynapseStore::Row& row) {
        const std::byte* data = row.data;
        for (const Segment* i = row.begin; i != row.end; ++i) {
            const Segment segment = *i;
            const auto* weights = reinterpret_cast<const Weight*>(data);
            const auto* targets = reinterpret_cast<const Target*>(weights + segment.n_weights());
            for (int64_t s = 0; s < segment.count(); ++s) {
                const Place place = places[targets[s]];
                const double weight = static_cast<double>(weights[segment.constant() ? 0 : s]);
                visit(source, place.id, place.array, weight, segment.delay);
            }
            data += segment_bytes<Target>(segment);
        }
    });
}

// Lane steps of 32 bits would overflow after 2^31 steps: move their origin, keeping "long ago".
inline void Worker::move_origin(int64_t step) {
    if (step - origin_ < NEUROSIM_ORIGIN_STEPS) return;
    generals->each([&](auto& part) { part.catch_up(info(step)); });
    const int64_t shift = step - origin_;
    for (LocalPopulation& own : populations)
        for (int64_t k = 0; k < own.padded; ++k)
            own.last_spike[k] =
                static_cast<lane_int>(std::max<int64_t>(int64_t(own.last_spike[k]) - shift, long_ago));
    generals->move_origin(shift);
    origin_ = step;
}

inline void Worker::mark_sources(Bits& needed) const {
    if constexpr (on_machine)  // a machine's lines and cores see the spikes of all
        for (int64_t id = 0; machine && id < spec_.n_ids; ++id) set_bit(needed, id);
    store.each_row([&](int64_t id, const SynapseStore::Row&) { set_bit(needed, id); });
    generals->each([&](const auto& part) { part.each_source([&](int64_t id) { set_bit(needed, id); }); });
}

inline void Worker::recall(int64_t step, const std::vector<Spike>& spikes) {
    for (auto& ids : published_) ids.clear();
    std::vector<uint32_t> ids;
    for (size_t i = 0, next = 0; i < spikes.size(); i = next) {
        const int64_t at = spikes[i].step;
        ids.clear();
        for (next = i; next < spikes.size() && spikes[next].step == at; ++next)
            if (at < step - lag_ || owns(spikes[next].id)) ids.push_back(static_cast<uint32_t>(spikes[next].id));
        if (at >= step - lag_)  // still to be looked up
            published_[at % published_.size()] = ids;
        else if (wide_)
            calendar_.enter<uint32_t>(store, ids, at, step);
        else
            calendar_.enter<uint16_t>(store, ids, at, step);
    }
    for (int32_t s = 0; s < spec_.n_sources; ++s) {
        const SourceSpec& source = spec_.sources[s];
        const int64_t rounds = source.period > 0 ? std::max<int64_t>((step - lag_ - 1) / source.period - 1, 0) : 0;
        source_cursor_[s] = noted_cursor_[s] = rounds * source.n_spikes;
        while (spec_.sources[s].due(source_cursor_[s], step - lag_ - 1)) ++source_cursor_[s];
        while (spec_.sources[s].due(noted_cursor_[s], step - 1)) ++noted_cursor_[s];
    }
}

// Whether a neuron's spikes, or the events that an id stands for, are this worker's.
inline bool Worker::owns(int64_t id) const {
    for (const LocalPopulation& own : populations) {
        const int64_t n_events = own.spec->n_events, size = own.spec->size;
        for (int64_t e = -1; e < n_events; ++e) {
            const int64_t first = e < 0 ? own.spec->first_id : own.spec->event_ids[e];
            if (first >= 0 && id >= first && id < first + size) return (id - first) % own.n_workers == own.worker;
        }
    }
    return false;
}

inline void Worker::see(const Team& team, Mirror* mirror) {
    mirror_ = mirror;
    generals->each([&](auto& part) {
        std::vector<const LocalPopulation*> sources;
        const int32_t population = part.spec().pre_population;
        if (part.spec().n_pre) {
            for (const auto& worker : team) sources.push_back(&worker->populations[population]);
            if (mirror) sources.push_back(mirror->stand_in(population));
        }
        part.see(std::move(sources), mirror);
    });
}

}  // namespace neurosim

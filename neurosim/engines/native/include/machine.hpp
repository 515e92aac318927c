// One worker's view of the machine that a network runs as: which spikes pass, when they are worked
// off, and where sums end. Networks of no machine are compiled with no_machine.hpp instead.
#pragma once
#include <algorithm>
#include <memory>
#include <span>

#include "cores.hpp"
#include "degrees.hpp"
#include "gates.hpp"
#include "lateness.hpp"
#include "learning.hpp"
#include "population.hpp"
#include "saturating.hpp"

namespace neurosim {

class Machine {
  public:
    // `rows`: as of Cores; filled once all synapses are there.
    Machine(const MachineSpec& spec, const std::vector<uint16_t>& rows) : spec_(spec) {
        for (int32_t g = 0; g < spec.n_gates; ++g) gates.emplace_back(spec.gates[g], g);
        if (spec.cores.n_queues) cores = std::make_unique<Cores>(spec.cores, rows);
    }

    std::vector<Gate> gates;
    std::unique_ptr<Cores> cores;
    LimitedDelivery sums;
    std::vector<std::unique_ptr<LearningPart>> learning;  // by their order in the spec
    int64_t skipped = 0, dropped = 0;    // of own synapses: their time had passed; their spike was lost

    // Steps that a late spike may add to a delay.
    int64_t slack() const { return cores && spec_.cores.least_budget < 1e300 ? most_lateness : 0; }

    // Learn which variable and neuron each slot is (`slots` as of Worker), and take the synapses that
    // learn in integers.
    void see(const NetworkSpec& network, std::vector<LocalPopulation>& populations,
             const std::vector<std::vector<int64_t>>& slots) {
        take_learning(network, populations);
        for (int32_t s = 0; s < spec_.n_saturations; ++s) {
            const SaturationSpec& given = spec_.saturations[s];
            const LocalPopulation& own = populations[given.population];
            const int64_t slot = slots[given.population][given.array];  // -1: no synapse adds to it
            sums.limit(slot, slot < 0 ? 0 : own.padded, static_cast<real>(given.limit));
        }
        if (!cores) return;
        for (size_t p = 0; p < populations.size(); ++p)
            for (const int64_t slot : slots[p])
                for (int64_t k = 0; slot >= 0 && k < populations[p].count; ++k) {
                    const auto place = static_cast<size_t>(slot + k);
                    if (slice_of_.size() <= place) slice_of_.resize(place + 1, -1);
                    slice_of_[place] = spec_.cores.slice_of[populations[p].id(k)];
                }
    }

    // Tell how many synapses that learn in integers each source has, per projection.
    void count_sources(const NetworkSpec& network, std::vector<Degrees>& outdegrees) const {
        std::vector<uint32_t> counts;
        for (size_t i = 0; i < learning.size(); ++i) {
            const int32_t projection = spec_.learning[i].projection;
            counts.assign(static_cast<size_t>(network.projections[projection].pre_size), 0);
            learning[i]->count_sources(counts);
            outdegrees[projection].append(0, counts.data(), static_cast<int64_t>(counts.size()));
        }
    }

    // The neurons' spikes of a step, as synapses onto them see them.
    void note(int64_t step) {
        for (auto& part : learning) {
            part->note(step);
            part->fetch_staged(step);
        }
    }

    // Add this worker's synapses to the number that each source has onto each slice.
    template <class Target>
    void count_rows(const SynapseStore& store, std::vector<uint16_t>& rows) const {
        store.each_row([&](int64_t source, const SynapseStore::Row& row) {
            each_synapse<Target>(row, [&](const Segment&, Target target, Weight) {
                uint16_t& n = rows[static_cast<size_t>(source * spec_.cores.n_slices + slice_of_[target])];
                n = static_cast<uint16_t>(n + (n < UINT16_MAX));
            });
        });
        for (const auto& part : learning)
            part->each_synapse([&](int64_t source, int64_t target) {
                const int32_t slice = spec_.cores.slice_of[target];
                uint16_t& n = rows[static_cast<size_t>(source * spec_.cores.n_slices + slice)];
                n = static_cast<uint16_t>(n + (n < UINT16_MAX));
            });
    }

    // What is left of the spikes of a step, by id.
    void pass(std::vector<uint32_t>& spikes, int64_t step) {
        for (Gate& gate : gates) gate.pass(spikes, step);
    }

    // Enter spikes in the calendar, each of its events when its core has worked it off.
    template <class Target>
    void enter(Calendar& calendar, const SynapseStore& store, const std::vector<uint32_t>& spikes, int64_t step) {
        if (!cores) {
            learn(spikes, {}, step);
            return calendar.enter<Target>(store, spikes, step);
        }
        const std::vector<LateSpike>& late = cores->arrive(spikes, step);
        learn(spikes, late, step);
        if (late.empty()) return calendar.enter<Target>(store, spikes, step);
        size_t next = 0;
        const auto on_time = [&](size_t end) {
            part_.assign(spikes.begin() + static_cast<int64_t>(next), spikes.begin() + static_cast<int64_t>(end));
            calendar.enter<Target>(store, part_, step);
            next = end;
        };
        for (size_t i = 0, end = 0; i < late.size(); i = end) {
            for (end = i; end < late.size() && late[end].spike == late[i].spike;) ++end;
            const SynapseStore::Row row = store.row(spikes[late[i].spike]);
            const std::span<const LateSpike> own{late.data() + i, end - i};
            if (row.begin == row.end || !matters(own, row.begin->delay)) continue;
            on_time(late[i].spike);
            enter_late<Target>(calendar, row, own, step);
            ++next;
        }
        on_time(spikes.size());
    }

    // Add what is due where sums end at a limit; false: there are no such sums.
    template <class Target>
    bool deliver(const std::vector<Calendar::Entry>& page, real* variables) {
        if (sums.any()) sums.operator()<Target>(page, variables);
        return sums.any();
    }

    // Add what synapses that learn in integers have due.
    void deliver_learnt(int64_t step) {
        for (auto& part : learning) part->deliver(step);
    }

  private:
    void take_learning(const NetworkSpec& network, std::vector<LocalPopulation>& populations) {
        const int64_t longest = network.largest_delay + slack();
        for (int32_t i = 0; i < spec_.n_learning; ++i) {
            const LearningSpec& given = spec_.learning[i];
            learning.push_back(std::make_unique<LearningPart>(given, spec_.cores, network.projections[given.projection],
                                                              populations[given.population], network.smallest_delay,
                                                              longest));
        }
    }

    template <class Target, class Visit>
    static void each_synapse(const SynapseStore::Row& row, Visit&& visit) {
        const std::byte* data = row.data;
        for (const Segment* i = row.begin; i != row.end; ++i) {
            const Segment segment = *i;
            const auto* weights = reinterpret_cast<const Weight*>(data);
            const auto* targets = reinterpret_cast<const Target*>(weights + segment.n_weights());
            for (int64_t s = 0; s < segment.count(); ++s) visit(segment, targets[s], weights[segment.constant() ? 0 : s]);
            data += segment_bytes<Target>(segment);
        }
    }

    // Let synapses that learn know of the spikes of a step, and of how late they are where.
    void learn(const std::vector<uint32_t>& spikes, std::span<const LateSpike> late, int64_t step) {
        if (learning.empty()) return;
        size_t next = 0;
        for (size_t i = 0; i < spikes.size(); ++i) {
            size_t end = next;
            while (end < late.size() && late[end].spike == i) ++end;
            const auto own = late.subspan(next, end - next);
            next = end;
            for (auto& part : learning)
                part->arrive(spikes[i], step, [&](int32_t slice) {
                    for (const LateSpike& one : own)
                        if (one.slice == slice) return one.lateness;
                    return int64_t(0);
                });
        }
    }

    // Whether synapses of a delay act otherwise than on time on some slice.
    bool matters(std::span<const LateSpike> late, int64_t delay) const {
        return std::any_of(late.begin(), late.end(), [&](const LateSpike& one) {
            return one.lateness > most_lateness || acts_after(spec_.cores, one.slice, delay, one.lateness) != delay;
        });
    }

    // A spike of which some slices are late: where it matters its synapses one by one, those left
    // out omitted.
    template <class Target>
    void enter_late(Calendar& calendar, const SynapseStore::Row& row, std::span<const LateSpike> late, int64_t step) {
        const std::byte* data = row.data;
        for (const Segment* i = row.begin; i != row.end; ++i) {
            const SynapseStore::Row segment{i, i + 1, data};
            data += segment_bytes<Target>(*i);
            if (matters(late, i->delay))
                each_synapse<Target>(segment, [&](const Segment& of, Target target, Weight weight) {
                    enter_one<Target>(calendar, late, of.delay, target, weight, step);
                });
            else
                calendar.enter_row<Target>(segment, step, step);
        }
    }

    template <class Target>
    void enter_one(Calendar& calendar, std::span<const LateSpike> late, int64_t delay, Target target, Weight weight,
                   int64_t step) {
        int64_t lateness = 0;
        for (const LateSpike& one : late)
            if (one.slice == slice_of_[target]) lateness = one.lateness;
        const bool lost = lateness > most_lateness;
        const int64_t after = lost ? left_out : acts_after(spec_.cores, slice_of_[target], delay, lateness);
        dropped += lost;
        skipped += !lost && after == left_out;
        if (after != left_out) calendar.enter_alone<Target>(step + after, target, weight);
    }

    const MachineSpec& spec_;
    std::vector<int32_t> slice_of_;      // per slot
    std::vector<uint32_t> part_;
};

}  // namespace neurosim

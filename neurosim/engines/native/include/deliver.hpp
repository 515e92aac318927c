// Delivering spikes when their synapses fall due.
//
// A spike is entered, segment by segment, in a calendar with one page per coming step; a page is
// worked off in the order of entry. Entries come in order of (emission step, source id), so every
// target adds its inputs in an order that depends on neither threads nor chunks.
#pragma once
#include <algorithm>
#include <cstring>
#include <vector>

#include "synapses.hpp"

namespace neurosim {

class Calendar {
  public:
    // Address of a segment's data, which is even; in its lowest bit whether the synapses share
    // their weight, in its top 16 bits their number.
    struct Entry {
        uint64_t bits;
        const std::byte* data() const { return reinterpret_cast<const std::byte*>(bits & ((uint64_t(1) << 48) - 2)); }
        int64_t count() const { return static_cast<int64_t>(bits >> 48); }
        bool constant() const { return bits & 1; }
        int64_t n_weights() const { return constant() ? 1 : count(); }
    };

    void resize(int32_t largest_delay) {
        int64_t n = 1;
        while (n < largest_delay + 1) n *= 2;
        pages_.assign(n, {});
        mask_ = n - 1;
    }

    // Enter the synapses of the neurons that spiked at `step`. Rows and their segments lie anywhere
    // in memory and are asked for some spikes ahead.
    // With `from`, only what is due at that step or later.
    template <class Target>
    void enter(const SynapseStore& store, const std::vector<uint32_t>& sources, int64_t step, int64_t from = 0) {
        constexpr size_t ahead = 4;
        const size_t n = sources.size();
        for (size_t s = 0; s < n; ++s) {
            if (s + 2 * ahead < n) store.prefetch(sources[s + 2 * ahead]);
            if (s + ahead < n) {
                const SynapseStore::Row next = store.row(sources[s + ahead]);
                const auto* segments = reinterpret_cast<const std::byte*>(next.begin);
                const size_t bytes = std::min<size_t>(next.end - next.begin, 128) * sizeof(Segment);
                for (size_t offset = 0; bytes && offset < bytes + 63; offset += 64) __builtin_prefetch(segments + offset);
            }
            enter_row<Target>(store.row(sources[s]), step, from);
        }
    }

    // Enter the synapses of one spike at `step`, of those that are due at `from` or later.
    template <class Target>
    void enter_row(const SynapseStore::Row& row, int64_t step, int64_t from) {
        uint64_t address = reinterpret_cast<uint64_t>(row.data);
        for (const Segment* i = row.begin; i != row.end; ++i) {
            const Segment segment = *i;
            const uint64_t bits = address | uint64_t(segment.constant()) | (uint64_t(segment.count()) << 48);
            if (step + segment.delay >= from) pages_[(step + segment.delay) & mask_].push_back({bits});
            address += segment_bytes<Target>(segment);
        }
    }

    int64_t bytes() const {
        size_t entries = 0;
        for (const auto& page : pages_) entries += page.capacity();
        return static_cast<int64_t>(entries * sizeof(Entry));
    }

    std::vector<Entry>& page(int64_t step) { return pages_[step & mask_]; }

    // Enter one synapse, which is kept with the page until it is turned.
    template <class Target>
    void enter_alone(int64_t due, Target target, Weight weight) {
        alone_.resize(pages_.size());
        auto& kept = alone_[static_cast<size_t>(due & mask_)];
        kept.push_back(allocate(static_cast<size_t>(segment_bytes<Target>(1, 1))));
        std::byte* data = kept.back().get();
        std::memcpy(data, &weight, sizeof weight);
        std::memcpy(data + sizeof weight, &target, sizeof target);
        pages_[due & mask_].push_back({reinterpret_cast<uint64_t>(data) | (uint64_t(1) << 48)});
    }

    // A page was worked off.
    void turn(int64_t step) {
        pages_[step & mask_].clear();
        if (!alone_.empty()) alone_[static_cast<size_t>(step & mask_)].clear();
    }

  private:
    std::vector<std::vector<Entry>> pages_;
    std::vector<std::vector<Bytes>> alone_;  // per page: synapses entered alone
    int64_t mask_ = 0;
};

// Add the weights of all entries to the variables they target. With `checked`, slots that are not
// `open` (their neuron is refractory) are left alone.
template <class Target, bool checked>
inline void deliver(const std::vector<Calendar::Entry>& page, real* __restrict variables,
                    const uint8_t* __restrict open) {
    constexpr size_t ahead = 12;
    const size_t n = page.size();
    const auto add = [&](Target target, real weight) {
        if constexpr (checked)
            variables[target] += open[target] ? weight : real(0);
        else
            variables[target] += weight;
    };
    for (size_t e = 0; e < n; ++e) {
        if (e + ahead < n) {
            const Calendar::Entry& entry = page[e + ahead];
            const std::byte* next = entry.data();
            const int64_t bytes = segment_bytes<Target>(entry.count(), entry.n_weights());
            for (int64_t offset = 0; offset < bytes + 63 && offset < 1024; offset += 64)
                __builtin_prefetch(next + offset);
        }
        const int64_t count = page[e].count();
        const auto* weights = reinterpret_cast<const Weight*>(page[e].data());
        const auto* targets = reinterpret_cast<const Target*>(weights + page[e].n_weights());
        if (page[e].constant()) {
            const real weight = static_cast<real>(*weights);
#pragma GCC unroll 8
            for (int64_t i = 0; i < count; ++i) add(targets[i], weight);
        } else {
#pragma GCC unroll 4
            for (int64_t i = 0; i < count; ++i) add(targets[i], static_cast<real>(weights[i]));
        }
    }
}

// Delivery to variables of which some are frozen while their neuron is refractory. Many synapses
// at once are added unchecked, and the frozen values put back after.
class GuardedDelivery {
  public:
    // Slots [first, first + size) are guarded.
    void guard(int64_t first, int64_t size) { ranges_.push_back({first, size}); }

    template <class Target>
    void operator()(const std::vector<Calendar::Entry>& page, real* variables, const uint8_t* open) {
        int64_t synapses = 0, slots = 0;
        for (const auto& entry : page) synapses += entry.count();
        for (const auto& range : ranges_) slots += range.size;
        if (synapses < slots) return deliver<Target, true>(page, variables, open);
        before_.resize(static_cast<size_t>(slots));
        real* kept = before_.data();
        for (const auto& [first, size] : ranges_) kept = std::copy_n(variables + first, size, kept);
        deliver<Target, false>(page, variables, open);
        kept = before_.data();
        for (const auto& [first, size] : ranges_)
            for (int64_t i = first; i < first + size; ++i, ++kept) variables[i] = open[i] ? variables[i] : *kept;
    }

  private:
    struct Range {
        int64_t first, size;
    };
    std::vector<Range> ranges_;
    std::vector<real> before_;
};

}  // namespace neurosim

// Delivering spikes when their synapses fall due.
//
// A spike is entered, segment by segment, in a calendar with one page per coming step; a page is
// worked off in the order of entry. Entries come in order of (emission step, source id), so every
// target adds its inputs in an order that depends on neither threads nor chunks.
#pragma once
#include <algorithm>
#include <vector>

#include "synapses.hpp"

namespace neurosim {

class Calendar {
  public:
    struct Entry {
        uint64_t bits;  // address of the segment's data, and its count in the top 16 bits
        const std::byte* data() const { return reinterpret_cast<const std::byte*>(bits & ((uint64_t(1) << 48) - 1)); }
        int64_t count() const { return static_cast<int64_t>(bits >> 48); }
    };

    void resize(int32_t largest_delay) {
        int64_t n = 1;
        while (n < largest_delay + 1) n *= 2;
        pages_.assign(n, {});
        mask_ = n - 1;
    }

    // Enter the synapses of the neurons that spiked at `step`. Rows and their segments lie anywhere
    // in memory and are asked for some spikes ahead.
    template <class Target>
    void enter(const SynapseStore& store, const std::vector<uint32_t>& sources, int64_t step) {
        constexpr size_t ahead = 4;
        const size_t n = sources.size();
        for (size_t s = 0; s < n; ++s) {
            if (s + 2 * ahead < n) __builtin_prefetch(&store.rows[sources[s + 2 * ahead]]);
            if (s + ahead < n) {
                const Row& next = store.rows[sources[s + ahead]];
                const auto* segments = reinterpret_cast<const std::byte*>(store.segments.data() + next.first_segment);
                const size_t bytes = std::min<size_t>(next.n_segments, 128) * sizeof(Segment);
                for (size_t offset = 0; offset < bytes + 63; offset += 64) __builtin_prefetch(segments + offset);
            }
            enter_row<Target>(store, store.rows[sources[s]], step);
        }
    }

    std::vector<Entry>& page(int64_t step) { return pages_[step & mask_]; }

  private:
    template <class Target>
    void enter_row(const SynapseStore& store, const Row& row, int64_t step) {
        const Segment* segments = store.segments.data() + row.first_segment;
        uint64_t address = reinterpret_cast<uint64_t>(row.data);
        for (uint32_t i = 0; i < row.n_segments; ++i) {
            const Segment segment = segments[i];
            pages_[(step + segment.delay) & mask_].push_back({address | (uint64_t(segment.count) << 48)});
            address += segment_bytes<Target>(segment.count);
        }
    }

    std::vector<std::vector<Entry>> pages_;
    int64_t mask_ = 0;
};

// Add the weights of all entries to the variables they target; `open` tells which slots may be
// written when some are guarded by refractoriness.
template <class Target>
inline void deliver(const std::vector<Calendar::Entry>& page, real* __restrict variables,
                    const uint8_t* __restrict open) {
    constexpr size_t ahead = 12;
    const size_t n = page.size();
    for (size_t e = 0; e < n; ++e) {
        if (e + ahead < n) {
            const std::byte* next = page[e + ahead].data();
            const int64_t bytes = segment_bytes<Target>(page[e + ahead].count());
            for (int64_t offset = 0; offset < bytes + 63 && offset < 1024; offset += 64)
                __builtin_prefetch(next + offset);
        }
        const int64_t count = page[e].count();
        const auto* weights = reinterpret_cast<const Weight*>(page[e].data());
        const auto* targets = reinterpret_cast<const Target*>(page[e].data() + count * sizeof(Weight));
#pragma GCC unroll 4
        for (int64_t i = 0; i < count; ++i) {
            const Target target = targets[i];
            if constexpr (guarded)
                variables[target] += open[target] ? static_cast<real>(weights[i]) : real(0);
            else
                variables[target] += static_cast<real>(weights[i]);
        }
    }
}

}  // namespace neurosim

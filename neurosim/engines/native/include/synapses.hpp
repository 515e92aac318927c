// A thread's synapses, by source; within a source by delay, then in the order they were drawn.
//
// A row is a list of segments, one per delay. Its data is, segment after segment, the weights
// followed by the target slots: 6 bytes a synapse with float weights and fewer than 65,536 slots.
// Where all synapses of a segment have the same weight it is stored once: 2 bytes a synapse.
#pragma once
#include <vector>

#include "memory.hpp"
#include "types.hpp"

namespace neurosim {

constexpr int64_t segment_limit = 32767;
constexpr int64_t delay_limit = 65535;

struct Segment {
    uint16_t delay, size;  // size: the number of synapses, and in the top bit whether they share a weight

    static Segment of(int64_t delay, int64_t count, bool constant) {
        return {static_cast<uint16_t>(delay), static_cast<uint16_t>(count | (constant ? 32768 : 0))};
    }
    int64_t count() const { return size & segment_limit; }
    bool constant() const { return size > segment_limit; }
    int64_t n_weights() const { return constant() ? 1 : count(); }
};

struct Row {
    const std::byte* data = nullptr;
    uint32_t first_segment = 0, n_segments = 0;
};

template <class Target>
constexpr int64_t segment_bytes(int64_t count, int64_t n_weights) {
    constexpr auto weight = static_cast<int64_t>(sizeof(Weight)), target = static_cast<int64_t>(sizeof(Target));
    return round_up(n_weights * weight + count * target, alignof(Weight));
}

template <class Target>
constexpr int64_t segment_bytes(Segment segment) {
    return segment_bytes<Target>(segment.count(), segment.n_weights());
}

struct SynapseStore {
    std::vector<Row> rows;           // one per source id
    std::vector<Segment> segments;
    std::vector<Bytes> blocks;       // what the rows point into
    int64_t bytes = 0;

    void clear(int64_t n_ids) {
        rows.assign(static_cast<size_t>(n_ids), Row{});
        segments.clear();
        blocks.clear();
        bytes = 0;
    }
};

}  // namespace neurosim

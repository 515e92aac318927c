// A thread's synapses, by source; within a source by delay, then in the order they were drawn.
//
// A row is a list of segments, one per delay: {delay, count}. Its data is, segment after segment,
// `count` weights followed by `count` target slots: 6 bytes a synapse with float weights and
// fewer than 65,536 slots.
#pragma once
#include <vector>

#include "memory.hpp"
#include "types.hpp"

namespace neurosim {

struct Segment {
    uint16_t delay, count;
};
constexpr int64_t segment_limit = 65535;
constexpr int64_t delay_limit = 65535;

struct Row {
    const std::byte* data = nullptr;
    uint32_t first_segment = 0, n_segments = 0;
};

template <class Target>
constexpr int64_t segment_bytes(int64_t count) {
    return round_up(count * static_cast<int64_t>(sizeof(Weight) + sizeof(Target)), alignof(Weight));
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

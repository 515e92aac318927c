// A thread's synapses, by source; within a source by delay, then in the order they were drawn.
//
// A row is a list of segments, one per delay. Its data is, segment after segment, the weights
// followed by the target slots: 6 bytes a synapse with float weights and fewer than 65,536 slots.
// Where all synapses of a segment have the same weight it is stored once: 2 bytes a synapse.
#pragma once
#include <bit>
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

template <class Target>
constexpr int64_t segment_bytes(int64_t count, int64_t n_weights) {
    constexpr auto weight = static_cast<int64_t>(sizeof(Weight)), target = static_cast<int64_t>(sizeof(Target));
    return round_up(n_weights * weight + count * target, alignof(Weight));
}

template <class Target>
constexpr int64_t segment_bytes(Segment segment) {
    return segment_bytes<Target>(segment.count(), segment.n_weights());
}

// A thread's synapses. Of all ids of the network, of which most may have no synapses on this
// thread, it holds a bit each and, per 64 of them, where their rows are; a row is 8 bytes.
class SynapseStore {
  public:
    // Where a source's synapses are: its segments, and the data of the first.
    struct Row {
        const Segment *begin = nullptr, *end = nullptr;
        const std::byte* data = nullptr;
    };

    void clear(int64_t n_ids) {
        groups_.assign(static_cast<size_t>((n_ids + group_size - 1) / group_size), Group{});
        places_.clear();
        segments_.clear();
        blocks_.clear();
        bytes_ = 0;
    }

    // Building: chunk by chunk, the rows of a chunk by source, the segments of a row in order.
    void begin_chunk() {
        if (!places_.empty()) places_.pop_back();
        chunk_bytes_ = 0;
    }
    void begin_row(int64_t source) {
        Group& group = groups_[static_cast<size_t>(source / group_size)];
        if (!group.present) {
            group.before = static_cast<uint32_t>(places_.size());
            group.first = chunk_bytes_;
        }
        group.present |= uint64_t(1) << (source % group_size);
        places_.push_back({static_cast<uint32_t>(segments_.size()),
                           static_cast<uint32_t>((chunk_bytes_ - group.first) / unit)});
    }
    void add_segment(Segment segment, int64_t bytes) {
        segments_.push_back(segment);
        chunk_bytes_ += bytes;
    }
    // The rows from `begin` to `end` are complete: make room for their data.
    void end_chunk(int64_t begin, int64_t end) {
        places_.push_back({static_cast<uint32_t>(segments_.size()), 0});
        blocks_.push_back(allocate(static_cast<size_t>(chunk_bytes_)));
        bytes_ += chunk_bytes_;
        for (int64_t g = begin / group_size; g < (end + group_size - 1) / group_size; ++g)
            if (groups_[static_cast<size_t>(g)].present)
                groups_[static_cast<size_t>(g)].data = blocks_.back().get() + groups_[static_cast<size_t>(g)].first;
    }
    void shrink() {
        segments_.shrink_to_fit();
        places_.shrink_to_fit();
    }

    // Whether a source has synapses here.
    bool has(int64_t source) const {
        return groups_[static_cast<size_t>(source / group_size)].present >> (source % group_size) & 1;
    }
    Row row(int64_t source) const {
        if (!has(source)) return {};
        const Group& group = groups_[static_cast<size_t>(source / group_size)];
        const Place& place = places_[place_of(group, source)];
        return {segments_.data() + place.first_segment, segments_.data() + (&place)[1].first_segment,
                group.data + place.offset * unit};
    }
    void prefetch(int64_t source) const {
        __builtin_prefetch(places_.data() + place_of(groups_[static_cast<size_t>(source / group_size)], source));
    }
    // Call `visit(source, row)` for every source that has synapses here.
    template <class Visit>
    void each_row(Visit&& visit) const {
        for (size_t g = 0; g < groups_.size(); ++g)
            for (uint64_t left = groups_[g].present; left; left &= left - 1) {
                const auto source = static_cast<int64_t>(g) * group_size + std::countr_zero(left);
                visit(source, row(source));
            }
    }

    int64_t count() const {
        int64_t n = 0;
        for (const Segment& segment : segments_) n += segment.count();
        return n;
    }
    int64_t data_bytes() const { return bytes_; }
    int64_t segment_bytes() const { return static_cast<int64_t>(segments_.capacity() * sizeof(Segment)); }
    int64_t source_bytes() const {
        return static_cast<int64_t>(groups_.capacity() * sizeof(Group) + places_.capacity() * sizeof(Place));
    }

    static constexpr int64_t group_size = 64;

  private:
    static constexpr int64_t unit = alignof(Weight);

    struct Group {
        uint64_t present = 0;            // a bit for each source that has synapses here
        union {
            const std::byte* data = nullptr;  // of the group's first row
            int64_t first;                    // while building: where in the chunk it is
        };
        uint32_t before = 0;             // rows before the group's
    };
    struct Place {
        uint32_t first_segment, offset;  // offset: of the data, in units, from the group's
    };

    static size_t place_of(const Group& group, int64_t source) {
        const uint64_t below = (uint64_t(1) << (source % group_size)) - 1;
        return group.before + static_cast<size_t>(std::popcount(group.present & below));
    }

    std::vector<Group> groups_;
    std::vector<Place> places_;          // of the sources that have synapses here, and one more
    std::vector<Segment> segments_;
    std::vector<Bytes> blocks_;          // what the rows point into
    int64_t bytes_ = 0, chunk_bytes_ = 0;
};

}  // namespace neurosim

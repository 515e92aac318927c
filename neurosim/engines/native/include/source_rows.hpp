// Which sources of a projection have synapses on a thread, and the how-manieth of them one is: a
// bit for every source and a count for every 64.
#pragma once
#include <bit>
#include <cstdint>
#include <vector>

namespace neurosim {

class SourceRows {
  public:
    void clear(int64_t n_sources) {
        bits_.assign(static_cast<size_t>((n_sources + 63) / 64), 0);
        before_.assign(bits_.size() + 1, 0);
    }
    void mark(uint32_t source) { bits_[source >> 6] |= uint64_t(1) << (source & 63); }
    // All are marked: count them.
    void finish() {
        for (size_t w = 0; w < bits_.size(); ++w) before_[w + 1] = before_[w] + static_cast<uint32_t>(std::popcount(bits_[w]));
    }

    int64_t size() const { return before_.empty() ? 0 : before_.back(); }
    // -1 for a source that is not marked.
    int64_t row(uint32_t source) const {
        const uint64_t word = bits_[source >> 6], bit = uint64_t(1) << (source & 63);
        return word & bit ? static_cast<int64_t>(before_[source >> 6]) + std::popcount(word & (bit - 1)) : -1;
    }
    // Call `visit(source)` for all that are marked, in order.
    template <class Visit>
    void each(Visit&& visit) const {
        for (size_t w = 0; w < bits_.size(); ++w)
            for (uint64_t left = bits_[w]; left; left &= left - 1)
                visit(static_cast<uint32_t>(w * 64 + std::countr_zero(left)));
    }
    int64_t bytes() const { return static_cast<int64_t>(bits_.size() * 8 + before_.size() * 4); }

  private:
    std::vector<uint64_t> bits_;
    std::vector<uint32_t> before_;
};

}  // namespace neurosim

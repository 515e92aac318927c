// How many synapses each source of a projection has on a thread: most often two bytes a source.
#pragma once
#include <cstdint>
#include <vector>

namespace neurosim {

class Degrees {
  public:
    // Add the counts of the sources from `first` on, which come after those added before.
    void append(int64_t first, const uint32_t* counts, int64_t n) {
        for (int64_t i = 0; i < n; ++i) {
            if (!counts[i]) continue;
            put(static_cast<uint64_t>(first + i - last_));
            put(counts[i]);
            last_ = first + i;
            total_ += counts[i];
        }
    }

    // Call `visit(source, count)` for the sources that have synapses, ascending.
    template <class Visit>
    void each(Visit&& visit) const {
        int64_t source = -1;
        for (size_t at = 0; at < bytes_.size();) {
            source += static_cast<int64_t>(get(at));
            visit(source, static_cast<uint32_t>(get(at)));
        }
    }

    int64_t total() const { return total_; }
    int64_t bytes() const { return static_cast<int64_t>(bytes_.capacity()); }

  private:
    // Seven bits a byte, the lowest first; the top bit tells that more follow.
    void put(uint64_t value) {
        for (; value > 127; value >>= 7) bytes_.push_back(static_cast<uint8_t>(value | 128));
        bytes_.push_back(static_cast<uint8_t>(value));
    }
    uint64_t get(size_t& at) const {
        uint64_t value = 0;
        for (int shift = 0;; shift += 7) {
            const uint8_t byte = bytes_[at++];
            value |= uint64_t(byte & 127) << shift;
            if (byte < 128) return value;
        }
    }

    std::vector<uint8_t> bytes_;
    int64_t last_ = -1, total_ = 0;
};

}  // namespace neurosim

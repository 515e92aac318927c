// Delivery to sums that end at a limit: what would go beyond is cut off and counted.
#pragma once
#include <algorithm>
#include <vector>

#include "deliver.hpp"

namespace neurosim {

class LimitedDelivery {
  public:
    // Slots [first, first + size) hold sums that end at `limit`; ranges are given in order.
    void limit(int64_t first, int64_t size, real limit) {
        ranges_.push_back({first, size, limit});
        lowest_ = std::min(lowest_, limit);
        counts.push_back(0);
    }
    bool any() const { return !ranges_.empty(); }

    std::vector<int64_t> counts;         // per range: additions that were cut

    void add(real* __restrict variables, int64_t target, real weight) {
        const real sum = variables[target] + weight;
        variables[target] = sum > lowest_ ? cut(target, sum) : sum;
    }

    template <class Target>
    void operator()(const std::vector<Calendar::Entry>& page, real* __restrict variables) {
        constexpr size_t ahead = 12;
        for (size_t e = 0; e < page.size(); ++e) {
            if (e + ahead < page.size()) {
                const std::byte* next = page[e + ahead].data();
                const int64_t bytes = segment_bytes<Target>(page[e + ahead].count(), page[e + ahead].n_weights());
                for (int64_t offset = 0; offset < bytes + 63 && offset < 1024; offset += 64) __builtin_prefetch(next + offset);
            }
            const auto* weights = reinterpret_cast<const Weight*>(page[e].data());
            const auto* targets = reinterpret_cast<const Target*>(weights + page[e].n_weights());
            const bool constant = page[e].constant();
            for (int64_t i = 0; i < page[e].count(); ++i)
                add(variables, targets[i], static_cast<real>(weights[constant ? 0 : i]));
        }
    }

  private:
    struct Range {
        int64_t first, size;
        real limit;
    };

    [[gnu::noinline]] real cut(int64_t target, real sum) {
        for (size_t r = 0; r < ranges_.size(); ++r)
            if (target >= ranges_[r].first && target < ranges_[r].first + ranges_[r].size && sum > ranges_[r].limit) {
                ++counts[r];
                return ranges_[r].limit;
            }
        return sum;
    }

    std::vector<Range> ranges_;
    real lowest_ = __builtin_inf();
};

}  // namespace neurosim

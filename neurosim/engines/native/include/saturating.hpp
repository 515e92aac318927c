// Delivery to sums that end at a limit: what would go beyond is cut off and counted.
//
// All is added first, as fast as without limits. Where a sum then lies above its limit, which is
// rare, what was added to it is gone through once more, one by one. No addition is negative.
#pragma once
#include <unordered_map>
#include <vector>

#include "deliver.hpp"

namespace neurosim {

class LimitedDelivery {
  public:
    // Slots [first, first + size) hold sums that end at `limit`.
    void limit(int64_t first, int64_t size, real limit) {
        ranges_.push_back({first, size, limit});
        counts.push_back(0);
    }
    bool any() const { return !ranges_.empty(); }

    std::vector<int64_t> counts;         // per range: additions that were cut

    template <class Target>
    void operator()(const std::vector<Calendar::Entry>& page, real* __restrict variables) {
        if (page.empty()) return;
        deliver<Target, false>(page, variables, nullptr);
        above_.clear();
        for (size_t r = 0; r < ranges_.size(); ++r) find_above(r, variables);
        if (!above_.empty()) cut<Target>(page, variables);
    }

  private:
    struct Range {
        int64_t first, size;
        real limit;
    };
    struct Above {
        size_t range;
        std::vector<real> added;         // in order
    };

    void find_above(size_t range, const real* __restrict variables) {
        const auto [first, size, limit] = ranges_[range];
        const real* sums = variables + first;
        lane_int any = 0;
        for (int64_t i = 0; i < size; ++i) any |= lane_int(sums[i] > limit);
        for (int64_t i = 0; any && i < size; ++i)
            if (sums[i] > limit) above_[first + i] = {range, {}};
    }

    template <class Target>
    void cut(const std::vector<Calendar::Entry>& page, real* __restrict variables) {
        for (const Calendar::Entry& entry : page) {
            const auto* weights = reinterpret_cast<const Weight*>(entry.data());
            const auto* targets = reinterpret_cast<const Target*>(weights + entry.n_weights());
            for (int64_t i = 0; i < entry.count(); ++i)
                if (const auto found = above_.find(targets[i]); found != above_.end())
                    found->second.added.push_back(static_cast<real>(weights[entry.constant() ? 0 : i]));
        }
        for (const auto& [slot, above] : above_) {
            const real limit = ranges_[above.range].limit;
            real sum = variables[slot];
            for (const real weight : above.added) sum -= weight;
            for (const real weight : above.added) {
                sum += weight;
                counts[above.range] += sum > limit;
                if (sum > limit) sum = limit;
            }
            variables[slot] = sum;
        }
    }

    std::vector<Range> ranges_;
    std::unordered_map<int64_t, Above> above_;  // of this step, by slot
};

}  // namespace neurosim

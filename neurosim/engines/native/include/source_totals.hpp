// Sums over the synapses of each source, on all threads and ranks.
#pragma once
#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include "general_types.hpp"
#include "messenger.hpp"
#include "wide_sum.hpp"

namespace neurosim {

// A thread's part of the sums: one for each source that has synapses there, in order of source.
struct SourceSums {
    const std::vector<Stretch>* rows = nullptr;
    const std::vector<WideSum>* sums = nullptr;

    // Call `add(source, sum)` for the sources [begin, end).
    template <class Add>
    void each(int64_t begin, int64_t end, Add&& add) const {
        const auto before = [](const Stretch& row, int64_t source) { return row.at < source; };
        auto row = std::lower_bound(rows->begin(), rows->end(), begin, before);
        for (; row != rows->end() && row->at < end; ++row) add(row->at, (*sums)[row - rows->begin()]);
    }
};

// One for a rank. Threads add up slices of the sources; one of them then adds up the ranks.
class SourceTotals {
  public:
    SourceTotals(int64_t n_sources, const MessengerSpec* messenger, int32_t n_ranks)
        : n_ranks_(n_ranks), totals_(static_cast<size_t>(n_sources)), values_(static_cast<size_t>(n_sources)) {
        if (messenger) messenger_ = std::make_unique<Messenger>(*messenger, n_ranks);
    }

    int64_t bytes() const {
        return static_cast<int64_t>(totals_.size() * sizeof(WideSum) + values_.size() * sizeof(double));
    }
    bool over_ranks() const { return messenger_ != nullptr; }
    double value(int64_t source) const { return values_[source]; }

    // Add up what `each_part(begin, end, add)` gives for the sources [begin, end): it calls
    // `add(source, sum)`, any number of times.
    template <class EachPart>
    void add_up(int64_t begin, int64_t end, EachPart&& each_part) {
        std::fill(totals_.begin() + begin, totals_.begin() + end, WideSum());
        each_part(begin, end, [&](int64_t source, const WideSum& sum) { totals_[source].add(sum); });
        if (!over_ranks())
            for (int64_t s = begin; s < end; ++s) values_[s] = totals_[s].value();
    }

    // Add up the first `n` sources over the ranks, some at a time: each rank adds up its share of
    // them and lets all others know.
    void add_up_ranks(int64_t n) {
        const int64_t block = std::max<int64_t>(1, std::min<int64_t>(n, at_once) / n_ranks_);
        std::vector<WideSum> sent(static_cast<size_t>(block * n_ranks_)), received(sent.size());
        std::vector<double> own(static_cast<size_t>(block)), all(sent.size());
        for (int64_t first = 0; first < n; first += block * n_ranks_) {
            const int64_t count = std::min(n - first, block * n_ranks_);
            std::copy_n(totals_.begin() + first, count, sent.begin());
            std::fill(sent.begin() + count, sent.end(), WideSum());
            exchange(sent, block, received);
            for (int64_t k = 0; k < block; ++k) {
                WideSum sum;
                for (int32_t r = 0; r < n_ranks_; ++r) sum.add(received[r * block + k]);
                own[k] = sum.value();
            }
            messenger_->gather(own.data(), block * static_cast<int64_t>(sizeof(double)), all.data());
            std::copy_n(all.begin(), count, values_.begin() + first);
        }
    }

  private:
    static constexpr int64_t at_once = int64_t(1) << 16;

    void exchange(const std::vector<WideSum>& sent, int64_t block, std::vector<WideSum>& received) {
        const int64_t bytes = block * static_cast<int64_t>(sizeof(WideSum));
        if (messenger_->real()) {
            messenger_->start_all_to_all(sent.data(), bytes, received.data());
            messenger_->wait();
        } else {                         // ranks that are pretended
            std::memcpy(static_cast<void*>(received.data()), sent.data(), static_cast<size_t>(bytes * n_ranks_));
        }
    }

    const int32_t n_ranks_;
    std::vector<WideSum> totals_;
    std::vector<double> values_;
    std::unique_ptr<Messenger> messenger_;
};

// What a network's operations need; null: no sum is over the synapses of a source.
inline std::unique_ptr<SourceTotals> make_source_totals(const NetworkSpec& network) {
    int64_t n_sources = 0;
    for (int32_t g = 0; g < network.n_generals; ++g) {
        const GeneralSpec& general = network.generals[g];
        for (int32_t o = 0; o < general.n_operations; ++o)
            for (int32_t i = 0; i < general.operations[o].n_sums; ++i)
                if (general.operations[o].sums[i].of_source)
                    n_sources = std::max(n_sources, network.projections[general.projection].pre_size);
    }
    return n_sources ? std::make_unique<SourceTotals>(n_sources, network.messenger, network.n_ranks) : nullptr;
}

}  // namespace neurosim

// Which ranks need which of a rank's spikes: asked once, a bit per neuron and rank.
#pragma once
#include <algorithm>
#include <bit>
#include <vector>

#include "messenger.hpp"
#include "types.hpp"

namespace neurosim {

// Ids whose spikes a rank emits, numbered 0, 1, ... per rank: neurons, then the events that count
// as spikes, in order of their ids.
class EmitterSlots {
  public:
    explicit EmitterSlots(const NetworkSpec& spec) : n_ranks_(spec.n_ranks) {
        for (int32_t p = 0; p < spec.n_populations; ++p) {
            const PopulationSpec& population = spec.populations[p];
            ranges_.push_back({population.first_id, population.size});
            for (int32_t e = 0; e < population.n_events; ++e)
                if (population.event_ids[e] >= 0) ranges_.push_back({population.event_ids[e], population.size});
        }
        std::sort(ranges_.begin(), ranges_.end(), [](const Range& a, const Range& b) { return a.first < b.first; });
    }

    int64_t count(int64_t rank) const {
        int64_t n = 0;
        for (const Range& range : ranges_) n += owned(range, rank);
        return n;
    }

    // The rank that emits an id; -1 for those that every rank knows by itself.
    int64_t rank(int64_t id) const {
        for (const Range& range : ranges_)
            if (id >= range.first && id < range.first + range.size) return (id - range.first) % n_ranks_;
        return -1;
    }

    // Call `visit(slot, id)` for every id of a rank.
    template <class Visit>
    void each(int64_t rank, Visit&& visit) const {
        int64_t slot = 0;
        for (const Range& range : ranges_)
            for (int64_t i = rank; i < range.size; i += n_ranks_) visit(slot++, range.first + i);
    }

    // The slot of an id that a rank owns; -1 for ids that are not emitted by ranks.
    int64_t slot(int64_t id, int64_t rank) const {
        int64_t base = 0;
        for (const Range& range : ranges_) {
            const int64_t i = id - range.first;
            if (i < 0) return -1;
            if (i < range.size) return base + i / n_ranks_;
            base += owned(range, rank);
        }
        return -1;
    }

  private:
    struct Range {
        int64_t first, size;
    };
    int64_t owned(const Range& range, int64_t rank) const {
        return range.size > rank ? (range.size - rank + n_ranks_ - 1) / n_ranks_ : 0;
    }

    int64_t n_ranks_;
    std::vector<Range> ranges_;
};

using Bits = std::vector<uint64_t>;
inline bool bit(const Bits& bits, int64_t i) { return bits[static_cast<size_t>(i >> 6)] >> (i & 63) & 1; }
inline void set_bit(Bits& bits, int64_t i) { bits[static_cast<size_t>(i >> 6)] |= uint64_t(1) << (i & 63); }

// For every own slot, a row of bits: the ranks that have targets of it.
class Routes {
  public:
    // Ask all ranks. `needed` has a bit for every id that has targets here.
    void ask(Messenger& messenger, const EmitterSlots& slots, const Bits& needed, int32_t rank, int32_t n_ranks) {
        n_words_ = (n_ranks + 63) / 64;
        const int64_t words = (slots.count(0) + 63) / 64;  // rank 0 has the most
        Bits asked(static_cast<size_t>(words) * n_ranks, 0), answers(asked.size(), 0);
        for (int32_t r = 0; r < n_ranks; ++r)
            slots.each(r, [&](int64_t slot, int64_t id) {
                if (bit(needed, id)) set_bit(asked, r * words * 64 + slot);
            });
        messenger.start_all_to_all(asked.data(), words * 8, answers.data());
        messenger.wait();
        const int64_t own = slots.count(rank);
        rows_.assign(static_cast<size_t>(own * n_words_), 0);
        for (int32_t r = 0; r < n_ranks; ++r)
            for (int64_t slot = 0; r != rank && slot < own; ++slot)
                if (bit(answers, r * words * 64 + slot)) set_bit(rows_, slot * n_words_ * 64 + r);
    }

    bool known() const { return n_words_ > 0; }
    int64_t bytes() const { return static_cast<int64_t>(rows_.size() * sizeof(uint64_t)); }

    // Call `visit(rank)` for the ranks that need a slot's spikes.
    template <class Visit>
    void each_rank(int64_t slot, Visit&& visit) const {
        for (int64_t w = 0; w < n_words_; ++w)
            for (uint64_t left = rows_[static_cast<size_t>(slot * n_words_ + w)]; left; left &= left - 1)
                visit(static_cast<int32_t>(w * 64 + std::countr_zero(left)));
    }

  private:
    int64_t n_words_ = 0;
    Bits rows_;
};

}  // namespace neurosim

// Variables that several synapses have in common: the trace of a source's spikes is the same in all
// its synapses with one delay, that of a target's in all synapses onto it.
#pragma once
#include <algorithm>
#include <vector>

#include "general_types.hpp"

namespace neurosim {

class CommonValues {
  public:
    // `read`: pathways of the other side ask for current values.
    void lay_out(const double* initial, int32_t n_variables, int64_t n_places, bool read) {
        n_places_ = n_variables ? n_places : 0;
        read_ = read && n_variables;
        const auto n = static_cast<size_t>(n_places_);
        values_.clear();
        for (int32_t v = 0; v < n_variables; ++v) values_.emplace_back(n, static_cast<real>(initial[v]));
        current_.assign(read_ ? values_.size() : 0, std::vector<real>(n));
        updated_.assign(n, 0);
        arrays_.clear();
        currents_.clear();
        for (auto& values : values_) arrays_.push_back(values.data());
        for (auto& values : current_) currents_.push_back(values.data());
    }

    CommonView view() { return {arrays_.data(), currents_.data(), updated_.data()}; }
    int64_t size() const { return n_places_; }
    bool is_read() const { return read_; }
    std::vector<int32_t>& updated() { return updated_; }
    int64_t bytes() const {
        const auto each = sizeof(real) * (values_.size() + current_.size()) + (values_.empty() ? 0 : sizeof(int32_t));
        return n_places_ * static_cast<int64_t>(each);
    }
    bool has_nan(int32_t variable) const {
        bool bad = false;
        for (const real x : values_[variable]) bad |= !(x == x);
        return bad;
    }

  private:
    int64_t n_places_ = 0;
    bool read_ = false;
    std::vector<std::vector<real>> values_, current_;
    std::vector<real*> arrays_, currents_;
    std::vector<int32_t> updated_;
};

// What DeferredView shows.
class DeferredSpikes {
  public:
    void lay_out(int32_t n_values, int64_t padded, int64_t n_places) {
        padded_ = padded;
        const auto n = static_cast<size_t>(padded * (most_deferred + 1));
        counts_.assign(static_cast<size_t>(padded), 0);
        steps_.assign(n, no_spike);
        values_.assign(static_cast<size_t>(n_values), std::vector<real>(n));
        arrays_.clear();
        for (auto& values : values_) arrays_.push_back(values.data());
        caught_up_.assign(static_cast<size_t>(n_places), static_cast<int32_t>(long_ago));
    }
    DeferredView view() {
        return {counts_.data(), steps_.data(), &full_, arrays_.data(), caught_up_.data(), padded_};
    }
    bool full() const { return full_; }
    bool any() const {
        return std::any_of(counts_.begin(), counts_.end(), [](int32_t n) { return n > 0; });
    }
    // All have caught up with the spikes before a step.
    void forget(lane_int step) {
        full_ = 0;
        std::fill(counts_.begin(), counts_.end(), 0);
        std::fill(caught_up_.begin(), caught_up_.end(), static_cast<int32_t>(step));
    }
    int64_t bytes() const {
        return static_cast<int64_t>((counts_.size() + steps_.size() + caught_up_.size()) * sizeof(int32_t) +
                                    values_.size() * steps_.size() * sizeof(real));
    }

  private:
    int64_t padded_ = 0;
    int32_t full_ = 0;
    std::vector<int32_t> counts_, steps_, caught_up_;
    std::vector<std::vector<real>> values_;
    std::vector<real*> arrays_;
};

}  // namespace neurosim

// Variables that several synapses have in common: the trace of a source's spikes is the same in all
// its synapses with one delay, that of a target's in all synapses onto it.
#pragma once
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

}  // namespace neurosim

// A part's values as the outside sees them, and its memory.
#pragma once
#include "general.hpp"

namespace neurosim {

inline int64_t GeneralPart::bytes() const {
    int64_t each = (wide_ ? 4 : 2) + 4 * (spec_.keeps_update + spec_.keeps_sources + spec_.keeps_numbers + spec_.keeps_targets);
    for (int32_t v = 0; v < spec_.n_values; ++v) each += v == spec_.weight ? sizeof(Weight) : sizeof(real);
    each += spec_.keeps_targets && of_sources_.is_read() ? 4 : 0;
    return n_ * each + deferred_.bytes() + of_sources_.bytes() + of_targets_.bytes() + static_cast<int64_t>(first_.size() * 4 + with_row_.bytes() + row_places_.size() * 4 + rows_.size() * sizeof(Stretch));
}

// Values are those of single synapses, then what those of a source, then what those of a target share.
inline void GeneralPart::store(int32_t value, double* out) const {
    const int32_t common = value - spec_.n_values;
    if (common >= 0) return each_place(common, [&](int64_t i, real& x, int32_t&) { out[i] = static_cast<double>(x); });
    for (int64_t i = 0; i < n_; ++i)
        out[i] = value == spec_.weight ? static_cast<double>(view_.weights[i]) : static_cast<double>(arrays_[value][i]);
}

inline void GeneralPart::load(int32_t value, const double* values) {
    const int32_t common = value - spec_.n_values;
    if (common >= 0) return each_place(common, [&](int64_t i, real& x, int32_t&) { x = static_cast<real>(values[i]); });
    for (int64_t i = 0; i < n_; ++i) {
        if (value == spec_.weight)
            reinterpret_cast<Weight*>(blocks_[value].get())[i] = static_cast<Weight>(values[i]);
        else
            arrays_[value][i] = static_cast<real>(values[i]);
    }
}

// Call `visit(synapse, value, lane step of its last event)` for what every synapse shares with others.
template <class Visit>
inline void GeneralPart::each_place(int32_t common, Visit&& visit) const {
    const bool of_target = common >= spec_.n_common[0];
    const CommonView& view = of_target ? view_.of_targets : view_.of_sources;
    real* const values = view.arrays[of_target ? common - spec_.n_common[0] : common];
    for (size_t place = 0; place + 1 < first_.size(); ++place)
        for (uint32_t i = first_[place]; i < first_[place + 1]; ++i) {
            const size_t at = of_target ? target(i) : place;
            visit(i, values[at], view.updated[at]);
        }
}

inline void GeneralPart::look_for_nan() {
    nan_ = {-1, 0};
    for (int32_t v = 0; v < spec_.n_values && nan_.first < 0; ++v) {
        if (!spec_.values[v].changes) continue;
        bool bad = false;
        for (int64_t i = 0; i < n_; ++i) bad |= !(arrays_[v][i] == arrays_[v][i]);
        for (int64_t i = 0; bad && i < n_ && nan_.first < 0; ++i)
            if (!(arrays_[v][i] == arrays_[v][i])) nan_ = {v, i};
    }
    for (int32_t c = 0; c < spec_.n_common[0] + spec_.n_common[1] && nan_.first < 0; ++c)
        if (c < spec_.n_common[0] ? of_sources_.has_nan(c) : of_targets_.has_nan(c - spec_.n_common[0]))
            each_place(c, [&](int64_t i, real& x, int32_t&) {
                if (!(x == x) && nan_.first < 0) nan_ = {spec_.n_values + c, i};
            });
}

}  // namespace neurosim

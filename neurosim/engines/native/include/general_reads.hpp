// What a part's synapses read of their sources: where that is, and gathering it.
#pragma once
#include "general.hpp"

namespace neurosim {

inline uint32_t GeneralPart::source_place(uint32_t index) const {
    if (!mirror_) return index;
    const auto n_ranks = static_cast<uint32_t>(network_.n_ranks), n_threads = static_cast<uint32_t>(network_.n_threads);
    const uint32_t place = index / n_ranks;  // among those of its rank
    if (index % n_ranks == static_cast<uint32_t>(network_.rank))
        return place / n_threads * view_.n_groups + place % n_threads;
    return static_cast<uint32_t>(mirror_->place(spec_.pre_population, index)) * view_.n_groups + n_threads;
}

inline void GeneralPart::connect() {
    if (!mirror_ || !spec_.n_pre) return;
    if (network_.populations[spec_.pre_population].size * int64_t(view_.n_groups) >= int64_t(1) << 32)
        throw std::length_error("synapses read too many sources for this number of threads");
    row_places_.clear();
    for (const Stretch& row : rows_)
        row_places_.push_back(source_place(static_cast<uint32_t>(source_id(projection_, row.at) - pre_origin())));
    for (size_t r = 0; r < rows_.size() && !sources_.empty(); ++r)
        std::fill_n(sources_.begin() + rows_[r].begin, rows_[r].count, row_places_[r]);
}

inline void GeneralPart::gather(const std::vector<Stretch>& list, int32_t n_variables, const uint32_t* places) {
    if (!n_variables) return;
    pre_values_.resize(list.size() * static_cast<size_t>(spec_.n_pre));
    const int64_t origin = pre_origin();
    const uint32_t n = view_.n_groups;
    real* out = pre_values_.data();
    const auto take = [&](uint32_t at) {
        const LocalPopulation& population = *sources_by_group_[at % n];
        for (int32_t i = 0; i < n_variables; ++i) out[i] = population.arrays[spec_.pre_arrays[i]][at / n];
        out += spec_.n_pre;
    };
    const auto index = [&](const Stretch& stretch) {
        return static_cast<uint32_t>(source_id(projection_, stretch.at) - origin);
    };
    if (!mirror_)
        for (const Stretch& stretch : list) take(index(stretch));
    else if (places)
        for (size_t e = 0; e < list.size(); ++e) take(places[e]);
    else
        for (const Stretch& stretch : list) take(source_place(index(stretch)));
    view_.pre_values = pre_values_.data();
}

}  // namespace neurosim

// Laying out a part's synapses: counting them, giving each its place, drawing what they start with.
#pragma once
#include "general.hpp"

namespace neurosim {

inline void GeneralPart::count_delays() {
    int64_t first = projection_.delay_first, last = first + projection_.n_thresholds;
    if (projection_.delays) {
        for (int64_t i = 0; i < projection_.n_edges; ++i) last = std::max(last, projection_.delays[i]);
    }
    if (listed_)
        for (int64_t i = 0; i < listed_->n; ++i) {
            first = std::min(first, listed_->delays[i]);
            last = std::max(last, listed_->delays[i]);
        }
    first_delay_ = static_cast<int32_t>(first);
    n_delays_ = last - first + 1;
    compact_ = network_.n_ranks > 1 && projection_.pre_size * n_delays_ > NEUROSIM_DENSE_ROWS;
    int64_t longest = 0, pages = 1;
    for (int32_t i = 0; i < spec_.n_pathways; ++i)
        longest = std::max<int64_t>(longest, spec_.pathways[i].delay < 0 ? last : spec_.pathways[i].delay);
    while (pages < longest + 1) pages *= 2;
    for (auto& by_step : pages_) by_step.assign(static_cast<size_t>(pages), {});
    mask_ = pages - 1;
}

inline void GeneralPart::build(std::vector<uint32_t>& outdegree) {
    count_delays();
    if (compact_) {
        with_row_.clear(projection_.pre_size);
        each_edge([&](uint32_t source, uint32_t, uint32_t, Weight, int32_t) { with_row_.mark(source); });
        with_row_.finish();
    }
    first_.assign(static_cast<size_t>((compact_ ? with_row_.size() : projection_.pre_size) * n_delays_ + 1), 0);
    int64_t n = 0;
    each_edge([&](uint32_t source, uint32_t, uint32_t, Weight, int32_t delay) {
        ++first_[place(source, delay) + 1];
        ++outdegree[source];
        ++n;
    });
    if (n >= int64_t(1) << 32) throw std::length_error("a projection with a synapse model has 2^32 synapses on a thread");
    n_ = n;
    for (size_t i = 1; i < first_.size(); ++i) first_[i] += first_[i - 1];
    lay_out();
    fill();
    if (spec_.keeps_targets) list_by_target();
}

inline void GeneralPart::lay_out() {
    rows_.clear();
    const auto add = [&](uint32_t source) {
        const uint32_t* first = row(source);
        if (first[n_delays_] > first[0]) rows_.push_back(stretch(source, first, 0, n_delays_));
    };
    if (compact_)
        with_row_.each(add);
    else
        for (int64_t s = 0; s < projection_.pre_size; ++s) add(static_cast<uint32_t>(s));
    all_.assign(n_ ? 1 : 0, {0, 0, static_cast<uint32_t>(n_)});
    targets_ = allocate(static_cast<size_t>(n_) * (wide_ ? 4 : 2));
    view_.targets = targets_.get();
    blocks_.clear();
    arrays_.clear();
    for (int32_t v = 0; v < spec_.n_values; ++v) {
        const bool constant_weight = v == spec_.weight;
        blocks_.push_back(allocate(static_cast<size_t>(n_) * (constant_weight ? sizeof(Weight) : sizeof(real))));
        arrays_.push_back(constant_weight ? nullptr : reinterpret_cast<real*>(blocks_.back().get()));
        if (constant_weight) view_.weights = reinterpret_cast<const Weight*>(blocks_.back().get());
    }
    view_.arrays = arrays_.data();
    updated_.assign(spec_.keeps_update ? static_cast<size_t>(n_) : 0, 0);
    sources_.resize(spec_.keeps_sources ? static_cast<size_t>(n_) : 0);
    numbers_.resize(spec_.keeps_numbers ? static_cast<size_t>(n_) : 0);
    view_.updated = updated_.data();
    view_.sources = sources_.data();
    view_.numbers = numbers_.data();
    bool read[2] = {false, false};       // by pathways of the other side
    for (int32_t i = 0; i < spec_.n_pathways; ++i)
        if (spec_.pathways[i].reads_other) read[spec_.pathways[i].post_side ? 0 : 1] = true;
    of_sources_.lay_out(spec_.common, spec_.n_common[0], static_cast<int64_t>(first_.size()) - 1, read[0]);
    of_targets_.lay_out(spec_.common + spec_.n_common[0], spec_.n_common[1], own_.padded, read[1]);
    if (spec_.defers) deferred_.lay_out(spec_.n_noted, own_.padded, static_cast<int64_t>(first_.size()) - 1);
    view_.deferred = deferred_.view();
    view_.of_sources = of_sources_.view();
    view_.of_targets = of_targets_.view();
}

inline void GeneralPart::fill() {
    std::vector<int64_t> ordinal_of_own(static_cast<size_t>(own_.count), 0);
    each_own_target(projection_, own_, [&](int64_t, int64_t own, int64_t ordinal) { ordinal_of_own[own] = ordinal; });
    std::vector<uint32_t> keys(2 * spec_.n_values);
    for (int32_t v = 0; v < spec_.n_values; ++v) {
        uint32_t words[4];
        philox4x32(spec_.values[v].name, 0, view_.projection, purpose_synaptic_value,
                   static_cast<uint32_t>(network_.seed), static_cast<uint32_t>(network_.seed >> 32), words);
        std::copy_n(words, 2, &keys[2 * v]);
    }
    const int64_t pre_origin = this->pre_origin();
    each_synapse([&](uint32_t source, uint32_t target, uint32_t number, uint32_t at, Weight weight, int32_t) {
        if (wide_)
            reinterpret_cast<uint32_t*>(targets_.get())[at] = target;
        else
            reinterpret_cast<uint16_t*>(targets_.get())[at] = static_cast<uint16_t>(target);
        if (!sources_.empty()) sources_[at] = static_cast<uint32_t>(source_id(projection_, source) - pre_origin);
        if (!numbers_.empty()) numbers_[at] = number;
        for (int32_t v = 0; v < spec_.n_values; ++v) {
            const ValueSpec& value = spec_.values[v];
            if (v == spec_.weight) {
                reinterpret_cast<Weight*>(blocks_[v].get())[at] = weight;
                continue;
            }
            double x = static_cast<double>(weight);
            if (listed_)
                x = 0.0;
            else if (value.kind == listed)
                x = value.values[projection_.offsets[ordinal_of_own[target]] + number];
            else if (value.kind == constant)
                x = value.a;
            else if (value.kind >= 0) {
                uint32_t words[4];
                philox4x32(number, static_cast<uint32_t>(own_.id(target)), 0, 0, keys[2 * v], keys[2 * v + 1], words);
                x = draw_value(value, words[0]);
            }
            arrays_[v][at] = static_cast<real>(x);
        }
    });
}

inline void GeneralPart::list_by_target() {
    first_of_target_.assign(static_cast<size_t>(own_.count) + 1, 0);
    for (int64_t i = 0; i < n_; ++i) ++first_of_target_[target(i) + 1];
    for (size_t k = 1; k < first_of_target_.size(); ++k) first_of_target_[k] += first_of_target_[k - 1];
    by_target_.assign(static_cast<size_t>(n_) + look_ahead, 0);
    places_.assign(of_sources_.is_read() ? static_cast<size_t>(n_) : 0, 0);
    std::vector<uint32_t> cursors = first_of_target_;
    for (size_t place = 0; place + 1 < first_.size(); ++place)
        for (uint32_t i = first_[place]; i < first_[place + 1]; ++i) {
            const uint32_t at = cursors[target(i)]++;
            by_target_[at] = i;
            if (!places_.empty()) places_[at] = static_cast<uint32_t>(place);
        }
    view_.by_target = by_target_.data();
    view_.places = places_.data();
}

}  // namespace neurosim

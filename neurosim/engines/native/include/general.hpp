// A thread's part of a projection whose synapses have code of their own.
//
// Synapses are stored by (source, delay, target, number): a spike's synapses lie side by side, one
// array per variable. Each thread holds the synapses onto its own targets, so what synapses write
// is written by one thread, and sums are added up in that order whatever the number of threads.
#pragma once
#include <algorithm>
#include <memory>
#include <stdexcept>
#include <vector>

#include "edges.hpp"
#include "common_values.hpp"
#include "general_types.hpp"
#include "mirror.hpp"
#include "source_rows.hpp"
#include "structure.hpp"
#include "synaptic_values.hpp"

#ifndef NEUROSIM_DENSE_ROWS
#define NEUROSIM_DENSE_ROWS (int64_t(1) << 20)  // tests make it smaller
#endif

namespace neurosim {

class GeneralPart {
  public:
    GeneralPart(const NetworkSpec& network, const GeneralSpec& spec, const SynapseKernel& kernel,
                std::vector<LocalPopulation>& populations)
        : network_(network), spec_(spec), projection_(network.projections[spec.projection]), kernel_(kernel),
          own_(populations[spec.post_population]), wide_(own_.count > 65535) {
        pages_.resize(spec.n_pathways);
        view_.own = &own_;
        view_.shared = spec.shared;
        view_.pre_shared = spec.pre_shared;
        view_.post_shared = spec.post_shared;
        view_.pre_arrays = spec.pre_arrays;
        view_.n_pre = spec.n_pre;
        view_.projection = static_cast<uint32_t>(projection_.index);
        for (int32_t i = 0; i < spec.n_post; ++i) {
            post_.push_back(own_.arrays[spec.post_arrays[i]]);
            open_.push_back(own_.open[spec.post_arrays[i]]);
        }
        view_.post = post_.data();
        view_.open = open_.data();
        sum_.resize(spec.n_sums ? own_.padded : 0);
    }
    GeneralPart(const GeneralPart&) = delete;

    // Where the sources' variables are, once all threads have laid out their state: of each thread,
    // and of the other ranks in a mirror.
    void see(std::vector<const LocalPopulation*> sources, const Mirror* mirror) {
        sources_by_group_ = std::move(sources);
        view_.pre = sources_by_group_.data();
        view_.n_groups = static_cast<uint32_t>(std::max<size_t>(sources_by_group_.size(), 1));
        mirror_ = mirror;
    }

    void build(std::vector<uint32_t>& outdegree);
    // Have these synapses instead. Their values are given afterwards, as for a network that goes on
    // from a checkpoint, and so are the spikes on their way.
    void replace(const SynapseList& list, std::vector<uint32_t>& outdegree) {
        listed_ = &list;
        build(outdegree);
        listed_ = nullptr;
        replaced_ = true;
    }

    // Spikes of `ids` (ascending) at `step` will reach their synapses; so will events of a channel.
    void enter(const std::vector<uint32_t>& ids, int64_t step, int32_t channel = -1);
    // So will spikes and events of the own targets.
    void enter_own(int64_t step);

    // With a mirror: look up where sources are, once the ranks have agreed on it.
    void connect();

    // Of the sources' variables, those that operations alone read are asked for by these.
    void gather_rows(bool of_operation = false) {
        gather(rows_, of_operation ? spec_.n_pre : spec_.n_steadily, row_places_.empty() ? nullptr : row_places_.data());
    }
    void gather_due(int32_t path, int64_t step) { gather(page(path, step), spec_.n_steadily); }
    void run(int32_t path, const StepInfo& now);
    void catch_up(const StepInfo& now);
    void update(const StepInfo& now);
    void sum(int32_t index, const StepInfo& now);

    void move_origin(int64_t shift) {
        for (auto* steps : {&updated_, &of_sources_.updated(), &of_targets_.updated()})
            for (int32_t& step : *steps) step = static_cast<int32_t>(std::max<int64_t>(step - shift, long_ago));
        deferred_.forget(long_ago);      // there are none, as an advance begins
    }

    int64_t size() const { return n_; }
    int64_t bytes() const;
    const GeneralSpec& spec() const { return spec_; }
    void store(int32_t value, double* out) const;
    void load(int32_t value, const double* values);
    // Find the (variable, synapse) of the first NaN; (-1, 0) if there is none.
    void look_for_nan();
    std::pair<int32_t, int64_t> found_nan() const { return nan_; }

    // Call `visit(id)` for every source that has synapses here.
    template <class Visit>
    void each_source(Visit&& visit) const {
        for (const Stretch& stretch : rows_) visit(source_id(projection_, stretch.at));
    }

    // Call `visit(source, own target, number, position, weight, delay)` for every synapse.
    template <class Visit>
    void each_synapse(Visit&& visit) const {
        if (replaced_ && !listed_) {     // they are no longer those that are drawn
            for (const Stretch& stretch : rows_)
                for (int64_t d = 0; d < n_delays_; ++d)
                    for (uint32_t i = row(stretch.at)[d]; i < row(stretch.at)[d + 1]; ++i)
                        visit(stretch.at, target(i), numbers_[i], i, Weight(0), static_cast<int32_t>(first_delay_ + d));
            return;
        }
        std::vector<uint32_t> cursors = first_;
        each_edge([&](uint32_t source, uint32_t target, uint32_t number, Weight weight, int32_t delay) {
            visit(source, target, number, cursors[place(source, delay)]++, weight, delay);
        });
    }

  private:
    friend class PartState;
    friend class OperationRun;
    friend class SynapseProbe;
    template <class Visit>
    void each_edge(Visit&& visit) const {
        if (listed_)
            return each_listed(*listed_, own_, [&](uint32_t source, uint32_t target, uint32_t number, int32_t delay) {
                visit(source, target, number, Weight(0), delay);
            });
        const EdgeSource source(projection_, network_.seed);
        const auto batch = std::make_unique<EdgeBatch>();
        std::vector<uint32_t> numbers(static_cast<size_t>(own_.count), 0);
        source.draw(own_, 0, 0, projection_.pre_size, *batch, [&](const EdgeBatch& b) {
            for (int64_t i = 0; i < b.n; ++i)
                visit(b.sources[i], b.targets[i], numbers[b.targets[i]]++, b.weights[i], b.delays[i]);
        });
    }

    uint32_t target(int64_t i) const {
        return wide_ ? reinterpret_cast<const uint32_t*>(targets_.get())[i]
                     : reinterpret_cast<const uint16_t*>(targets_.get())[i];
    }
    template <class Visit>
    void each_place(int32_t common, Visit&& visit) const;

    // Positions of the first synapse of each delay, and of what follows; null: the source has none.
    const uint32_t* row(int64_t source) const {
        const int64_t at = compact_ ? with_row_.row(static_cast<uint32_t>(source)) : source;
        return at < 0 ? nullptr : first_.data() + at * n_delays_;
    }
    size_t place(uint32_t source, int32_t delay) const {
        return static_cast<size_t>(row(source) - first_.data()) + static_cast<size_t>(delay - first_delay_);
    }

    std::vector<Stretch>& page(int32_t path, int64_t step) { return pages_[path][step & mask_]; }
    void call(int32_t index, const StepInfo& now, const std::vector<Stretch>& list, real* out) {
        if (!list.empty())
            kernel_.calls[wide_][index](view_, now, list.data(), static_cast<int64_t>(list.size()), out);
    }
    void count_delays();
    void lay_out();
    void fill();
    void list_by_target();
    void gather(const std::vector<Stretch>& list, int32_t n_variables, const uint32_t* places = nullptr);
    // Where a source is: neuron * n_groups + group, given its index in its population.
    uint32_t source_place(uint32_t index) const;
    // The synapses [first[d], first[end]) of a source.
    Stretch stretch(uint32_t source, const uint32_t* first, int64_t d, int64_t end) const {
        return {source, first[d], first[end] - first[d], static_cast<uint32_t>(first - first_.data() + d)};
    }
    Stretch stretch_of_target(uint32_t k) const {
        if (spec_.defers) return {k, 0, n_ ? 1u : 0u, k};
        return {k, first_of_target_[k], first_of_target_[k + 1] - first_of_target_[k], k};
    }
    void catch_up(const std::vector<Stretch>& list, bool whole_rows, const StepInfo& now);
    void settle_others(const PathwaySpec& pathway, const std::vector<Stretch>& due, const StepInfo& now);
    int64_t pre_origin() const {
        return spec_.pre_population < 0 ? 0 : network_.populations[spec_.pre_population].first_id;
    }
    void enter_row(const PathwaySpec& pathway, int32_t path, int64_t source, int64_t step);

    const NetworkSpec& network_;
    const GeneralSpec& spec_;
    const ProjectionSpec& projection_;
    const SynapseKernel& kernel_;
    LocalPopulation& own_;
    const bool wide_;
    SynapseView view_;
    int64_t n_ = 0;
    int64_t n_delays_ = 1;
    int32_t first_delay_ = 0;
    std::vector<uint32_t> first_;        // position of the first synapse of each (row, delay)
    // With many ranks most sources have no synapses on a thread: only those that do have a row.
    bool compact_ = false;
    SourceRows with_row_;
    std::vector<Stretch> rows_;          // the synapses of each source that has any
    std::vector<Stretch> all_;           // one stretch over all synapses
    std::vector<std::vector<std::vector<Stretch>>> pages_;  // due: by pathway and step
    int64_t mask_ = 0;
    Bytes targets_, weights_;
    std::vector<Bytes> blocks_;
    std::vector<real*> arrays_;
    std::vector<int32_t> updated_;
    std::vector<uint32_t> sources_, numbers_, by_target_, places_, first_of_target_;
    CommonValues of_sources_, of_targets_;
    DeferredSpikes deferred_;
    std::vector<real*> post_;
    std::vector<const uint8_t*> open_;
    std::vector<const LocalPopulation*> sources_by_group_;
    const SynapseList* listed_ = nullptr;  // while laid out from it
    bool replaced_ = false;
    const Mirror* mirror_ = nullptr;
    std::vector<uint32_t> row_places_;   // with a mirror: where the source of each row is
    std::vector<real> pre_values_, sum_;
    std::pair<int32_t, int64_t> nan_{-1, 0};
};

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

inline void GeneralPart::enter_row(const PathwaySpec& pathway, int32_t path, int64_t source, int64_t step) {
    const uint32_t* first = row(source);
    if (!first) return;
    const auto at = static_cast<uint32_t>(source);
    if (pathway.delay >= 0) {
        if (first[n_delays_] > first[0]) page(path, step + pathway.delay).push_back(stretch(at, first, 0, n_delays_));
        return;
    }
    for (int64_t d = 0; d < n_delays_; ++d)
        if (first[d + 1] > first[d]) page(path, step + first_delay_ + d).push_back(stretch(at, first, d, d + 1));
}

inline void GeneralPart::enter(const std::vector<uint32_t>& ids, int64_t step, int32_t channel) {
    for (int32_t path = 0; path < spec_.n_pathways; ++path) {
        const PathwaySpec& pathway = spec_.pathways[path];
        if (pathway.post_side || pathway.event != channel) continue;
        for (const uint32_t id : ids) {
            const int64_t source = source_of_id(projection_, id);
            if (source >= 0) enter_row(pathway, path, source, step);
        }
    }
}

inline void GeneralPart::enter_own(int64_t step) {
    if (by_target_.empty() && !spec_.defers) return;
    for (int32_t path = 0; path < spec_.n_pathways; ++path) {
        const PathwaySpec& pathway = spec_.pathways[path];
        if (!pathway.post_side) continue;
        for (const int32_t k : pathway.event < 0 ? own_.spikes : own_.events[pathway.event]) {
            if (k >= own_.count) break;  // padding
            const Stretch own = stretch_of_target(static_cast<uint32_t>(k));
            if (own.count) page(path, step + pathway.delay).push_back(own);
        }
    }
}

inline void GeneralPart::run(int32_t path, const StepInfo& now) {
    auto& due = page(path, now.step);
    if (spec_.pathways[path].reads_other && !due.empty()) settle_others(spec_.pathways[path], due, now);
    if (spec_.pathways[path].catches_up) catch_up(due, spec_.pathways[path].delay >= 0 && n_delays_ > 1, now);
    call(path, now, due, nullptr);
    due.clear();
    if (deferred_.full()) catch_up({now.step + 1, now.lane_step + 1, now.dt, now.t + now.dt});
}

// Let all synapses go through the spikes of their targets before a step.
inline void GeneralPart::catch_up(const StepInfo& now) {
    if (!spec_.defers || !deferred_.any()) return;
    catch_up(rows_, true, now);
    deferred_.forget(now.lane_step);
}

// The same of some synapses; `whole_rows`: stretches are of all delays, each of which is for itself.
inline void GeneralPart::catch_up(const std::vector<Stretch>& list, bool whole_rows, const StepInfo& now) {
    const int32_t index = spec_.n_pathways + 1 + catch_up_calls;
    if (!whole_rows) return call(index, now, list, nullptr);
    std::vector<Stretch> parts;
    for (const Stretch& row : list) {
        const uint32_t* first = first_.data() + row.place;
        for (int64_t d = 0; d < n_delays_; ++d)
            if (first[d + 1] > first[d]) parts.push_back(stretch(row.at, first, d, d + 1));
    }
    call(index, now, parts, nullptr);
}

// Bring up to date what synapses share with others of the same target (of a postsynaptic pathway:
// of the same source): of all there are, or of those that the pathway will look at.
inline void GeneralPart::settle_others(const PathwaySpec& pathway, const std::vector<Stretch>& due, const StepInfo& now) {
    const CommonValues& others = pathway.post_side ? of_sources_ : of_targets_;
    int64_t n = 0;
    for (const Stretch& stretch : due) n += stretch.count;
    const int32_t first = spec_.n_pathways + 1 + (pathway.post_side ? of_all_sources : of_all_targets);
    if (2 * n >= others.size())
        call(first, now, {{0, 0, static_cast<uint32_t>(others.size())}}, nullptr);
    else
        call(first + 1, now, due, nullptr);
}

inline void GeneralPart::update(const StepInfo& now) {
    call(spec_.n_pathways, now, spec_.update_reads_pre ? rows_ : all_, nullptr);
}

inline void GeneralPart::sum(int32_t index, const StepInfo& now) {
    const SumSpec& target = spec_.sums[index];
    std::fill(sum_.begin(), sum_.end(), real(0));
    call(spec_.n_pathways + 1 + n_common_calls + index, now, rows_, sum_.data());
    real* out = own_.arrays[target.array];
    if (target.clears)
        for (int64_t k = 0; k < own_.count; ++k)
            if (target.clears[own_.place(k)]) out[k] = real(0);
    for (int64_t k = 0; k < own_.count; ++k) out[k] += sum_[k];
}

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

#include "general_reads.hpp"

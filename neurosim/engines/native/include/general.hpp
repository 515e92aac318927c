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

}  // namespace neurosim

#include "general_build.hpp"
#include "general_reads.hpp"
#include "general_values.hpp"

// One worker's part of the projections with deferred spike-timing dependent plasticity: weights
// change, in integers, when a presynaptic spike fetches its row.
#pragma once
#include <algorithm>
#include <numeric>
#include <tuple>
#include <vector>

#include "cores.hpp"
#include "lateness.hpp"
#include "learning_rule.hpp"
#include "population.hpp"

namespace neurosim {

// The last spikes of a thread's neurons, with the traces they left.
class PostHistories {
  public:
    // `lag`: steps by which a row may be fetched later than its spike was sent.
    PostHistories(int64_t neurons, int64_t lag) {
        while (depth_ < n_remembered + lag + 2) depth_ *= 2;
        events_.resize(static_cast<size_t>(neurons * depth_));
        counts_.assign(static_cast<size_t>(neurons), 0);
    }

    void add(const LearningRule& rule, int64_t neuron, int64_t time) {
        const int64_t n = counts_[neuron]++;
        const LearningEvent last = n ? at(neuron, n) : LearningEvent{};
        event(neuron, n + 1) = {time, rule.after_post(time, last)};
    }

    // Number of the last spike of a neuron up to a time; the first has number 1.
    int64_t last_until(int64_t neuron, int64_t time) const {
        int64_t n = counts_[neuron];
        while (n > 0 && at(neuron, n).time > time) --n;
        return n;
    }
    const LearningEvent& at(int64_t neuron, int64_t n) const {
        return events_[static_cast<size_t>(neuron * depth_ + (n & (depth_ - 1)))];
    }

    static constexpr int64_t n_remembered = 15;  // besides a placeholder at time 0

  private:
    LearningEvent& event(int64_t neuron, int64_t n) {
        return events_[static_cast<size_t>(neuron * depth_ + (n & (depth_ - 1)))];
    }

    int64_t depth_ = 16;
    std::vector<LearningEvent> events_;
    std::vector<int64_t> counts_;
};

// A worker's synapses of one such projection, by source.
class LearningPart {
  public:
    LearningPart(const LearningSpec& spec, const CoresSpec& cores, const ProjectionSpec& projection,
                 LocalPopulation& own, int64_t lag, int64_t longest)
        : spec_(spec), cores_(cores), projection_(projection), own_(own), rule_(spec), lag_(lag),
          histories_(own.count, lag) {
        int64_t n = 1;
        while (n < longest + 2) n *= 2;
        pages_.resize(static_cast<size_t>(n));
        staged_.resize(static_cast<size_t>(n));
        mask_ = n - 1;
        build();
    }

    int64_t saturated = 0, events = 0, skipped = 0, dropped = 0;

    // The own neurons' spikes of a step.
    void note(int64_t step) {
        for (const int32_t k : own_.spikes) {
            if (k >= own_.count) break;  // padding
            histories_.add(rule_, k, step);
        }
    }

    // Fetch the rows of a spike sent at `step`; `lateness(slice)` is how late a slice's core is with it.
    template <class Lateness>
    void arrive(int64_t id, int64_t step, Lateness&& lateness) {
        const int64_t source = source_of(id);
        if (source < 0) return;
        for (uint32_t r = first_row_[source]; r < first_row_[source + 1]; ++r) {
            const Row& row = rows_[r];
            const int64_t late = row.stage ? 0 : lateness(row.slice);
            if (late > most_lateness) {
                dropped += row.count;
                continue;
            }
            const int64_t time = step + row.stage + seen_later(cores_, late);
            if (time > step + lag_)
                staged_[static_cast<size_t>(time & mask_)].push_back({r, late});
            else
                fetch(rows_[r], time, late);
        }
    }

    // Fetch the rows of spikes whose time, as the machine sees it, is now.
    void fetch_staged(int64_t step) {
        auto& page = staged_[static_cast<size_t>(step & mask_)];
        for (const Staged& one : page) fetch(rows_[one.row], step, one.late);
        page.clear();
    }

    // Add what is due to the targets' sums.
    void deliver(int64_t step) {
        auto& page = pages_[static_cast<size_t>(step & mask_)];
        real* sums = own_.arrays[spec_.array];
        for (const Due& due : page) {
            const double sum = static_cast<double>(sums[due.target]) + spec_.unit * due.weight;
            saturated += sum > spec_.limit;
            sums[due.target] = static_cast<real>(std::min(sum, spec_.limit));
        }
        page.clear();
    }

    void count_sources(std::vector<uint32_t>& counts) const {
        for (const Row& row : rows_) counts[row.source] += row.count;
    }

    // Call `visit(source id, target id)` for every synapse.
    template <class Visit>
    void each_synapse(Visit&& visit) const {
        for (const Row& row : rows_)
            for (uint32_t i = row.begin; i < row.begin + row.count; ++i) 
                visit(id_of(row.source), own_.id(synapses_[i].target));
    }

    void read(double* out) const {
        for (size_t i = 0; i < synapses_.size(); ++i) out[numbers_[i]] = synapses_[i].weight;
    }
    void write(const double* values) {
        for (size_t i = 0; i < synapses_.size(); ++i) synapses_[i].weight = static_cast<uint16_t>(values[numbers_[i]]);
    }

  private:
    struct Synapse {
        uint32_t target;                 // own neuron
        uint16_t weight, field, delay;   // delay: steps from the fetch until the weight is added
    };
    struct Row {                         // synapses of a source onto one core
        uint32_t source, begin, count;
        int32_t slice;
        int64_t stage;
        LearningEvent last;
    };
    struct Staged {
        uint32_t row;
        int64_t late;
    };
    struct Due {
        uint32_t target;
        uint16_t weight;
    };

    void build() {
        std::vector<int64_t> mine;
        for (int64_t e = 0; e < spec_.n_edges; ++e)
            if (spec_.targets[e] % own_.n_workers == own_.worker) mine.push_back(e);
        std::stable_sort(mine.begin(), mine.end(), [&](int64_t a, int64_t b) {
            return key(a) < key(b);
        });
        first_row_.assign(static_cast<size_t>(projection_.pre_size) + 1, 0);
        for (const int64_t e : mine) {
            const auto source = static_cast<uint32_t>(spec_.sources[e]);
            const auto at = static_cast<uint32_t>(synapses_.size());
            if (rows_.empty() || key(e) != key(mine[at - 1])) {
                rows_.push_back({source, at, 0, slice(e), spec_.stages[e], {}});
                ++first_row_[source + 1];
            }
            ++rows_.back().count;
            synapses_.push_back({static_cast<uint32_t>(spec_.targets[e] / own_.n_workers),
                                 static_cast<uint16_t>(spec_.weights[e]), static_cast<uint16_t>(spec_.fields[e]),
                                 static_cast<uint16_t>(spec_.delays[e] - spec_.stages[e])});
            numbers_.push_back(static_cast<uint32_t>(e));
        }
        std::partial_sum(first_row_.begin(), first_row_.end(), first_row_.begin());
    }

    // On which core the target of an edge is.
    int32_t slice(int64_t e) const {
        return cores_.n_queues ? cores_.slice_of[own_.spec->first_id + spec_.targets[e]] : 0;
    }
    std::tuple<int64_t, int64_t, int32_t> key(int64_t e) const {
        return {spec_.sources[e], spec_.stages[e], slice(e)};
    }

    int64_t source_of(int64_t id) const {
        if (!projection_.pre_ids) {
            const int64_t source = id - projection_.pre_first;
            return source >= 0 && source < projection_.pre_size ? source : -1;
        }
        const int64_t* end = projection_.pre_ids + projection_.pre_size;
        const int64_t* found = std::lower_bound(projection_.pre_ids, end, id);
        return found != end && *found == id ? found - projection_.pre_ids : -1;
    }
    int64_t id_of(int64_t source) const {
        return projection_.pre_ids ? projection_.pre_ids[source] : projection_.pre_first + source;
    }

    void fetch(Row& row, int64_t time, int64_t late) {
        const int64_t sent = time - seen_later(cores_, late);
        const LearningEvent before = row.last;
        row.last = {time, rule_.after_pre(time, before)};
        for (uint32_t i = row.begin; i < row.begin + row.count; ++i) {
            Synapse& synapse = synapses_[i];
            learn(synapse, before, row.last);
            ++events;
            const int64_t after = acts_after(cores_, row.slice, synapse.delay, late);
            if (after == left_out)
                ++skipped;
            else
                pages_[static_cast<size_t>((sent + after) & mask_)].push_back({synapse.target, synapse.weight});
        }
    }

    // Go through the target's spikes since the last fetch, then the fetching spike itself.
    void learn(Synapse& synapse, const LearningEvent& before, const LearningEvent& now) {
        const int64_t dendritic = spec_.backprop_delay ? synapse.field : 0;
        const int64_t begin = std::max<int64_t>(before.time - dendritic, 0);
        const int64_t end = std::max<int64_t>(now.time - dendritic, 0);
        const int64_t last = histories_.last_until(synapse.target, now.time);
        const int64_t oldest = std::max<int64_t>(last - PostHistories::n_remembered + 1, 1);
        int64_t n = last;
        while (n >= oldest && histories_.at(synapse.target, n).time > begin) --n;
        bool valid = n >= oldest;
        LearningEvent post = valid ? histories_.at(synapse.target, n) : LearningEvent{};
        auto weight = static_cast<int32_t>(static_cast<uint32_t>(synapse.weight) << spec_.shift);
        for (++n; n <= last; ++n) {
            const LearningEvent& event = histories_.at(synapse.target, n);
            if (event.time > end) break;
            weight = rule_.post_spike(weight, event.time + dendritic, event.trace, before, post.time);
            post = event;
            valid = true;
        }
        if (valid) weight = rule_.pre_spike(weight, now, {post.time + dendritic, post.trace});
        synapse.weight = static_cast<uint16_t>(weight >> spec_.shift);
    }

    const LearningSpec& spec_;
    const CoresSpec& cores_;
    const ProjectionSpec& projection_;
    LocalPopulation& own_;
    LearningRule rule_;
    int64_t lag_;
    PostHistories histories_;
    std::vector<uint32_t> first_row_;    // of each source, and one more
    std::vector<Row> rows_;
    std::vector<Synapse> synapses_;
    std::vector<uint32_t> numbers_;      // of each synapse, which edge it is
    std::vector<std::vector<Due>> pages_;
    std::vector<std::vector<Staged>> staged_;
    int64_t mask_ = 0;
};

}  // namespace neurosim

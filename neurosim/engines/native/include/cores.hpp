// Cores that work off the synaptic events of the spikes that reach them.
//
// Every worker sees all spikes and keeps the same account; its own synapses are then delivered
// accordingly. A queue is one lane of a slice of neurons. Events are added up first; only queues that
// have more than they can work off in the step, or spikes that still wait, look at one spike after
// the other.
#pragma once
#include <algorithm>
#include <deque>
#include <vector>

#include "functions.hpp"
#include "machine_types.hpp"

namespace neurosim {

constexpr int64_t most_lateness = 1023;  // steps; a spike that is later is dropped

// A spike, by its place in the list of a step, that a slice does not process in time.
struct LateSpike {
    size_t spike;
    int32_t slice;
    int64_t lateness;                    // steps; above most_lateness: never processed
};

class Cores {
  public:
    // What a queue has had so far.
    struct Counts {
        int64_t events = 0, spikes = 0, late = 0, lost = 0, fill = 0, lateness = 0;
    };

    // `rows`: number of synapses of each id onto each slice, shared by all workers.
    Cores(const CoresSpec& spec, const std::vector<uint16_t>& rows) : spec_(spec), rows_(rows), n_(static_cast<size_t>(spec.n_queues)) {
        for (auto* each : {&budget_, &base_, &backlog_, &arrived_, &load_now_}) each->assign(n_, 0.0);
        for (auto* each : {&events_, &spikes_, &behind_, &waits_}) each->assign(n_, 0);
        for (auto* each : {&all_events_, &all_spikes_}) each->assign(n_, 0);
        counts_.resize(n_);
        finished_.resize(n_);
        for (int64_t slice = 0; slice < spec.n_slices; ++slice) {
            first_queue_.push_back(static_cast<int32_t>(spec.first_queue[slice]));
            const auto lanes = static_cast<int32_t>(spec.lanes[slice]);
            const auto known = std::find(lanes_.begin(), lanes_.end(), lanes);
            kind_.push_back(static_cast<int32_t>(known - lanes_.begin()));
            if (known == lanes_.end()) lanes_.push_back(lanes);
            for (int64_t lane = 0; lane < spec.lanes[slice]; ++lane) {
                const auto q = static_cast<size_t>(spec.first_queue[slice] + lane);
                budget_[q] = spec.budget[slice];
                base_[q] = lane ? 0.0 : spec.base_load[slice];
            }
        }
        lane_.resize(lanes_.size());
    }

    int64_t overrun = 0;
    double busiest = 0;

    size_t size() const { return n_; }
    Counts counts(size_t q) const {
        Counts found = counts_[q];
        found.events = all_events_[q];
        found.spikes = all_spikes_[q];
        return found;
    }
    // By bin, then queue; the last bin may have fewer steps.
    std::vector<float> load() const {
        std::vector<float> found = load_;
        if (begun_)
            for (const double load : load_now_) found.push_back(static_cast<float>(load));
        return found;
    }

    // Take in the spikes of a step; returns those that some slice processes late or never, by spike.
    const std::vector<LateSpike>& arrive(const std::vector<uint32_t>& spikes, int64_t step) {
        late_.clear();
        for (size_t s = 0; s < spikes.size(); ++s) {
            if (s + 2 < spikes.size())
                for (int64_t slice = 0; slice < spec_.n_slices; slice += 32) __builtin_prefetch(row_of(spikes[s + 2]) + slice);
            add(spikes[s]);
        }
        if (begin(step))
            for (size_t s = 0; s < spikes.size(); ++s) {
                const uint16_t* row = row_of(spikes[s]);
                for (int64_t slice = 0; slice < spec_.n_slices; ++slice)
                    if (const size_t q = queue_of(slice, spikes[s]); row[slice] && behind_[q]) take(q, s, slice, row[slice], step);
            }
        end(step);
        return late_;
    }

  private:
    const uint16_t* row_of(uint32_t id) const { return rows_.data() + int64_t(id) * spec_.n_slices; }

    size_t queue_of(int64_t slice, uint32_t id) const {
        return static_cast<size_t>(spec_.first_queue[slice] + spec_.source_slice[id] % spec_.lanes[slice]);
    }

    // Add the events of a spike to those of this step.
    void add(uint32_t id) {
        const uint16_t* __restrict row = row_of(id);
        int32_t* __restrict events = events_.data();
        int32_t* __restrict spikes = spikes_.data();
        const auto n_slices = static_cast<size_t>(spec_.n_slices);
        if (n_ == n_slices) {
            for (size_t q = 0; q < n_slices; ++q) {
                events[q] += row[q];
                spikes[q] += row[q] > 0;
            }
            return;
        }
        for (size_t k = 0; k < lanes_.size(); ++k) lane_[k] = spec_.source_slice[id] % lanes_[k];
        for (size_t slice = 0; slice < n_slices; ++slice) {
            const auto q = static_cast<size_t>(first_queue_[slice] + lane_[kind_[slice]]);
            events[q] += row[slice];
            spikes[q] += row[slice] > 0;
        }
    }

    // Let queues have their events; true if some must look at each spike.
    bool begin(int64_t step) {
        size_t kept = 0;
        for (const size_t q : waiting_) {
            while (!finished_[q].empty() && finished_[q].front() <= step) finished_[q].pop_front();
            waits_[q] = !finished_[q].empty();
            if (waits_[q]) waiting_[kept++] = q;
        }
        waiting_.resize(kept);
        int32_t any = 0;
        NEUROSIM_INDEPENDENT
        for (size_t q = 0; q < n_; ++q) {
            const int32_t over = backlog_[q] + base_[q] + events_[q] > budget_[q];
            behind_[q] = (over | waits_[q]) & int32_t(spikes_[q] > 0);
            const int32_t taken = behind_[q] ? 0 : events_[q];
            arrived_[q] = base_[q] + taken;
            all_events_[q] += taken;
            all_spikes_[q] += spikes_[q];
            events_[q] = spikes_[q] = 0;
            any |= behind_[q];
        }
        return any;
    }

    void take(size_t q, size_t spike, int64_t slice, uint16_t events, int64_t step) {
        Counts& counts = counts_[q];
        if (static_cast<int64_t>(finished_[q].size()) >= spec_.fifo) {
            ++counts.lost;
            late_.push_back({spike, static_cast<int32_t>(slice), most_lateness + 1});
            return;
        }
        const double done = backlog_[q] + arrived_[q] + events;
        const auto lateness = done > budget_[q] ? static_cast<int64_t>(__builtin_ceil(done / budget_[q])) - 1 : int64_t(0);
        if (lateness > 0) {
            ++counts.late;
            counts.lateness = std::max(counts.lateness, lateness);
            late_.push_back({spike, static_cast<int32_t>(slice), spec_.drops_late ? most_lateness + 1 : lateness});
            if (spec_.drops_late) return;
            if (!waits_[q]) waiting_.push_back(q);
            waits_[q] = 1;
            finished_[q].push_back(step + lateness);
            counts.fill = std::max(counts.fill, static_cast<int64_t>(finished_[q].size()));
        }
        arrived_[q] += events;
        all_events_[q] += events;
    }

    void end(int64_t step) {
        double most = 0, left = 0;
        for (size_t q = 0; q < n_; ++q) {
            most = most < arrived_[q] ? arrived_[q] : most;
            load_now_[q] += arrived_[q];
            const double more = backlog_[q] + arrived_[q] - budget_[q];
            backlog_[q] = more > 0 ? more : 0.0;
            left = left < backlog_[q] ? backlog_[q] : left;
        }
        busiest += most;
        overrun += left > 0;
        begun_ = (step + 1) % spec_.load_every != 0;
        if (begun_) return;
        for (double& load : load_now_) {
            load_.push_back(static_cast<float>(load));
            load = 0;
        }
    }

    CoresSpec spec_;
    const std::vector<uint16_t>& rows_;
    size_t n_;                                            // queues
    std::vector<double> budget_, base_, backlog_, arrived_, load_now_;
    std::vector<int32_t> events_, spikes_, behind_, waits_;  // of this step; whether spikes wait
    std::vector<int64_t> all_events_, all_spikes_;
    std::vector<Counts> counts_;                          // but for events and spikes
    std::vector<std::deque<int64_t>> finished_;           // steps in which late spikes will be done
    std::vector<size_t> waiting_;                         // queues in which spikes wait
    std::vector<int32_t> first_queue_, kind_;             // per slice; kind: which of the numbers of lanes it has
    std::vector<int32_t> lanes_, lane_;                   // the numbers of lanes; a spike's lane for each
    std::vector<LateSpike> late_;
    std::vector<float> load_;                             // of whole bins
    bool begun_ = false;                                  // another bin
};

}  // namespace neurosim

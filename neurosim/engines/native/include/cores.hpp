// Cores that work off the synaptic events of the spikes that reach them.
//
// Every worker sees all spikes and keeps the same account; its own synapses are then delivered
// accordingly. A queue is one lane of a slice of neurons.
#pragma once
#include <algorithm>
#include <deque>
#include <vector>

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
    // `rows`: number of synapses of each id onto each slice, shared by all workers.
    Cores(const CoresSpec& spec, const std::vector<uint16_t>& rows)
        : spec_(spec), rows_(rows), queues_(static_cast<size_t>(spec.n_queues)) {
        for (int64_t slice = 0; slice < spec.n_slices; ++slice)
            for (int64_t lane = 0; lane < spec.lanes[slice]; ++lane)
                queues_[static_cast<size_t>(spec.first_queue[slice] + lane)].budget = spec.budget[slice];
    }

    struct Queue {
        int64_t events = 0, spikes = 0, late = 0, lost = 0, fill = 0, lateness = 0;
        double budget = 0, backlog = 0, arrived = 0, load = 0;
        std::deque<int64_t> finished;    // steps in which late spikes will be done
    };

    int64_t overrun = 0;
    double busiest = 0;

    const std::vector<Queue>& queues() const { return queues_; }
    // By bin, then queue; the last bin may have fewer steps.
    std::vector<float> load() const {
        std::vector<float> found = load_;
        if (begun_)
            for (const Queue& queue : queues_) found.push_back(static_cast<float>(queue.load));
        return found;
    }

    // Take in the spikes of a step; returns those that some slice processes late or never, by spike.
    const std::vector<LateSpike>& arrive(const std::vector<uint32_t>& spikes, int64_t step) {
        late_.clear();
        begin(step);
        for (size_t s = 0; s < spikes.size(); ++s) {
            const uint16_t* row = rows_.data() + int64_t(spikes[s]) * spec_.n_slices;
            for (int64_t slice = 0; slice < spec_.n_slices; ++slice)
                if (row[slice]) take(s, slice, spikes[s], row[slice], step);
        }
        end(step);
        return late_;
    }

  private:
    void begin(int64_t step) {
        for (int64_t slice = 0; slice < spec_.n_slices; ++slice) {
            Queue& queue = queues_[static_cast<size_t>(spec_.first_queue[slice])];
            queue.arrived += spec_.base_load[slice];
        }
        for (Queue& queue : queues_)
            while (!queue.finished.empty() && queue.finished.front() <= step) queue.finished.pop_front();
    }

    void take(size_t spike, int64_t slice, uint32_t id, uint16_t events, int64_t step) {
        const int64_t lane = spec_.source_slice[id] % spec_.lanes[slice];
        Queue& queue = queues_[static_cast<size_t>(spec_.first_queue[slice] + lane)];
        ++queue.spikes;
        if (static_cast<int64_t>(queue.finished.size()) >= spec_.fifo) {
            ++queue.lost;
            late_.push_back({spike, static_cast<int32_t>(slice), most_lateness + 1});
            return;
        }
        const double done = queue.backlog + queue.arrived + events;
        const auto lateness = done > queue.budget ? static_cast<int64_t>(__builtin_ceil(done / queue.budget)) - 1 : int64_t(0);
        if (lateness > 0) {
            ++queue.late;
            queue.lateness = std::max(queue.lateness, lateness);
            late_.push_back({spike, static_cast<int32_t>(slice), spec_.drops_late ? most_lateness + 1 : lateness});
            if (spec_.drops_late) return;
            queue.finished.push_back(step + lateness);
            queue.fill = std::max(queue.fill, static_cast<int64_t>(queue.finished.size()));
        }
        queue.arrived += events;
        queue.events += events;
    }

    void end(int64_t step) {
        double most = 0;
        bool over = false;
        for (Queue& queue : queues_) {
            most = std::max(most, queue.arrived);
            queue.load += queue.arrived;
            queue.backlog = std::max(0.0, queue.backlog + queue.arrived - queue.budget);
            over = over || queue.backlog > 0;
            queue.arrived = 0;
        }
        busiest += most;
        overrun += over;
        begun_ = (step + 1) % spec_.load_every != 0;
        if (begun_) return;
        for (Queue& queue : queues_) {
            load_.push_back(static_cast<float>(queue.load));
            queue.load = 0;
        }
    }

    CoresSpec spec_;
    const std::vector<uint16_t>& rows_;
    std::vector<Queue> queues_;
    std::vector<LateSpike> late_;
    std::vector<float> load_;            // of whole bins
    bool begun_ = false;                 // another bin
};

}  // namespace neurosim

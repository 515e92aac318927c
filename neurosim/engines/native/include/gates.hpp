// Lines that spikes pass one after the other, so many in a step; some wait, some are lost.
//
// Every worker sees all spikes and works its lines off alone: the same on all of them.
#pragma once
#include <algorithm>
#include <deque>
#include <vector>

#include "machine_types.hpp"
#include "philox.hpp"

namespace neurosim {

constexpr uint32_t purpose_spike_loss = 41;

class Gate {
  public:
    Gate(const GateSpec& spec, int32_t index) : spec_(spec), index_(static_cast<uint32_t>(index)), lines_(spec.n_groups) {}

    int64_t passed = 0, lost = 0, unlucky = 0, waited = 0, most_waiting = 0;

    // Replace the spikes of a step, by id, with those that leave the lines in it, by id.
    void pass(std::vector<uint32_t>& spikes, int64_t step) {
        out_.clear();
        for (const uint32_t id : spikes) {
            const int32_t group = spec_.group[id];
            if (group < 0)
                out_.push_back(id);
            else
                enter(lines_[group], group, id, step);
        }
        size_t kept = 0;
        for (const int32_t group : busy_) {
            work_off(lines_[group], step);
            if (!lines_[group].waiting.empty()) busy_[kept++] = group;
            else lines_[group].listed = false;
        }
        busy_.resize(kept);
        std::sort(out_.begin(), out_.end());
        spikes.swap(out_);
    }

  private:
    struct Waiting {
        uint32_t id;
        int64_t since;
    };
    struct Line {
        std::deque<Waiting> waiting;
        double places = 0;               // spikes that may pass by now
        int64_t counted = -1;            // up to this step
        bool listed = false;
    };

    void enter(Line& line, int32_t group, uint32_t id, int64_t step) {
        if (spec_.own_place && std::any_of(line.waiting.begin(), line.waiting.end(), [&](const Waiting& w) { return w.id == id; })) {
            ++lost;
            return;
        }
        line.waiting.push_back({id, step});
        if (!line.listed) busy_.push_back(group);
        line.listed = true;
    }

    void work_off(Line& line, int64_t step) {
        const double most = std::max(1.0, spec_.per_step);
        const double gained = line.counted < 0 ? most : spec_.per_step * static_cast<double>(step - line.counted);
        line.places = std::min(most, line.places + gained);
        line.counted = step;
        for (; line.places >= 1.0 && !line.waiting.empty(); line.places -= 1.0) {
            const Waiting next = line.waiting.front();
            line.waiting.pop_front();
            waited += step - next.since;
            if (spec_.loss > 0 && draw(next.id, step) < spec_.loss) {
                ++unlucky;
                continue;
            }
            ++passed;
            out_.push_back(next.id);
        }
        for (; static_cast<int64_t>(line.waiting.size()) > spec_.depth; line.waiting.pop_back()) ++lost;
        most_waiting = std::max(most_waiting, static_cast<int64_t>(line.waiting.size()));
    }

    double draw(uint32_t id, int64_t step) const {
        uint32_t words[4];
        philox4x32(static_cast<uint32_t>(step), id, index_, purpose_spike_loss, static_cast<uint32_t>(spec_.seed),
                   static_cast<uint32_t>(spec_.seed >> 32), words);
        return (words[0] + 0.5) * 0x1p-32;
    }

    GateSpec spec_;
    uint32_t index_;
    std::vector<Line> lines_;
    std::vector<int32_t> busy_;          // lines in which spikes wait
    std::vector<uint32_t> out_;
};

}  // namespace neurosim

// All of a thread's projections with synapse models, worked off phase by phase within a step.
#pragma once
#include <memory>
#include <vector>

#include "general.hpp"

namespace neurosim {

class Generals {
  public:
    Generals(const NetworkSpec& spec, std::vector<LocalPopulation>& populations) : spec_(spec) {
        if constexpr (synapse_models)
            for (int32_t g = 0; g < spec.n_generals; ++g)
                parts.push_back(std::make_unique<GeneralPart>(
                    spec, spec.generals[g], spec.synapse_kernels[spec.generals[g].kernel], populations));
        happened_.assign(spec.n_channels, std::vector<std::vector<uint32_t>>(2 * spec.smallest_delay + 4));
    }

    std::vector<std::unique_ptr<GeneralPart>> parts;

    bool empty() const { return parts.empty(); }

    // Call `visit(part)` for every part.
    template <class Visit>
    void each(Visit&& visit) {
        if constexpr (synapse_models)
            for (auto& part : parts) visit(*part);
    }

    // Call `visit(index)` for the neurons of a population that synapses here read.
    template <class Visit>
    void each_read(int32_t population, Visit&& visit) {
        const int64_t origin = spec_.populations[population].first_id;
        each([&](auto& part) {
            if (part.spec().n_pre && part.spec().pre_population == population)
                part.each_source([&](int64_t id) { visit(id - origin); });
        });
    }
    void connect() {
        each([](auto& part) { part.connect(); });
    }

    void start_step() { next_ = 0; }

    // Work off phases up to and including `marker`, which the caller does itself; `before(phase)`
    // waits for the other threads, and lets ranks share what the phase reads.
    template <class Before>
    void until(PhaseKind marker, const StepInfo& now, Before&& before) {
        while (next_ < spec_.n_phases) {
            const PhaseSpec& phase = spec_.phases[next_++];
            before(phase);
            if (phase.kind == marker) return;
            if constexpr (synapse_models) run(phase, now);
        }
    }

    void enter(const std::vector<uint32_t>& ids, int64_t step) {
        each([&](auto& part) { part.enter(ids, step); });
    }
    // Keep the ids of the neurons that had each channel's event in a step, for all threads to see.
    void publish_events(const std::vector<LocalPopulation>& populations, int64_t step) {
        for (int32_t c = 0; c < spec_.n_channels; ++c) {
            const LocalPopulation& own = populations[spec_.channels[c].population];
            std::vector<uint32_t>& ids = happened_[c][step % happened_[c].size()];
            ids.clear();
            for (const int32_t k : own.events[spec_.channels[c].event]) ids.push_back(static_cast<uint32_t>(own.id(k)));
        }
    }
    const std::vector<uint32_t>& happened(int32_t channel, int64_t step) const {
        return happened_[channel][step % happened_[channel].size()];
    }
    void enter_events(const std::vector<uint32_t>& ids, int64_t step, int32_t channel) {
        each([&](auto& part) { part.enter(ids, step, channel); });
    }

    void enter_own(int64_t step) {
        each([&](auto& part) { part.enter_own(step); });
    }
    void move_origin(int64_t shift) {
        each([&](auto& part) { part.move_origin(shift); });
    }

  private:
    friend class WorkerState;
    void run(const PhaseSpec& phase, const StepInfo& now) {
        GeneralPart& part = *parts[phase.general];
        switch (phase.kind) {
            case sum_gather:
            case update_gather: return part.gather_rows();
            case sum_apply: return part.sum(phase.part, now);
            case update_apply: return part.update(now);
            case pre_gather: return part.gather_due(phase.part, now.step);
            case pre_apply:
            case post_apply: return part.run(phase.part, now);
            default: return;
        }
    }

    const NetworkSpec& spec_;
    int32_t next_ = 0;
    std::vector<std::vector<std::vector<uint32_t>>> happened_;  // by channel and step
};

}  // namespace neurosim

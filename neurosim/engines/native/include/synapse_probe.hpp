// What a thread samples of chosen synapses: raw values of its own, and the steps of their last
// events, from which Python works out what event-driven variables are by then.
#pragma once
#include <algorithm>
#include <vector>

#include "general.hpp"

namespace neurosim {

// --- mirrored field by field in synapse_probes.py -------------------------------------------

struct ProbeSpec {
    int32_t general;                     // the projection, among those with a synapse model
    int32_t n_fields;
    int64_t n;
    int64_t every, start, stop;          // steps
    const int32_t* fields;               // values; or -1, -2, -3: the step of the last event of the synapse,
                                         // of its source's variables, of its target's
    const int64_t* synapses;             // (n,) in the order of neurosim_general_list
};

// --------------------------------------------------------------------------------------------

class SynapseProbe {
  public:
    // `first`: where the part's synapses start among those of all threads.
    SynapseProbe(const ProbeSpec& spec, GeneralPart& part, int64_t first) : spec_(&spec), part_(&part) {
        for (int64_t i = 0; i < spec.n; ++i) {
            const int64_t at = spec.synapses[i] - first;
            if (at < 0 || at >= part.size()) continue;
            columns_.push_back(i);
            synapses_.push_back(static_cast<uint32_t>(at));
            const auto after = std::upper_bound(part.first_.begin(), part.first_.end(), static_cast<uint32_t>(at));
            places_.push_back(static_cast<size_t>(after - part.first_.begin()) - 1);
        }
    }

    // Samples from here on go to `out`, (n_samples, n_fields, n).
    void begin(int64_t step, double* out) {
        first_ = before(step);
        out_ = out;
    }

    void take(const StepInfo& now, int64_t origin) {
        const int64_t step = now.step;
        if (step < spec_->start || step >= spec_->stop || (step - spec_->start) % spec_->every) return;
        part_->catch_up(now);
        double* out = out_ + (before(step) - first_) * spec_->n_fields * spec_->n;
        for (int32_t f = 0; f < spec_->n_fields; ++f, out += spec_->n)
            for (size_t i = 0; i < synapses_.size(); ++i) out[columns_[i]] = value(spec_->fields[f], i, origin);
    }

  private:
    int64_t before(int64_t step) const {
        const int64_t reached = std::min(std::max(step, spec_->start), spec_->stop) - spec_->start;
        return reached > 0 ? (reached + spec_->every - 1) / spec_->every : 0;
    }

    double value(int32_t field, size_t i, int64_t origin) const {
        const GeneralPart& part = *part_;
        const uint32_t at = synapses_[i];
        if (field == -1) return static_cast<double>(part.updated_[at] + origin);
        if (field == -2) return static_cast<double>(part.view_.of_sources.updated[places_[i]] + origin);
        if (field == -3) return static_cast<double>(part.view_.of_targets.updated[part.target(at)] + origin);
        if (field == part.spec_.weight) return static_cast<double>(part.view_.weights[at]);
        if (field < part.spec_.n_values) return static_cast<double>(part.arrays_[field][at]);
        const int32_t common = field - part.spec_.n_values, n_sources = part.spec_.n_common[0];
        if (common < n_sources) return static_cast<double>(part.view_.of_sources.arrays[common][places_[i]]);
        return static_cast<double>(part.view_.of_targets.arrays[common - n_sources][part.target(at)]);
    }

    const ProbeSpec* spec_;
    GeneralPart* part_;
    std::vector<int64_t> columns_;       // of the chosen that are this thread's
    std::vector<uint32_t> synapses_;
    std::vector<size_t> places_;         // of their sources and delays
    int64_t first_ = 0;
    double* out_ = nullptr;
};

// Of one thread: those of all recorders.
class SynapseProbes {
  public:
    void set(const ProbeSpec* specs, int32_t n, const std::vector<std::unique_ptr<GeneralPart>>& parts,
             const std::vector<int64_t>& first) {
        probes_.clear();
        if constexpr (synapse_models)
            for (int32_t i = 0; i < n; ++i)
                probes_.emplace_back(specs[i], *parts[specs[i].general], first[specs[i].general]);
    }
    bool any() const { return !probes_.empty(); }
    void begin(int64_t step, double* const* out) {
        for (size_t i = 0; i < probes_.size(); ++i) probes_[i].begin(step, out[i]);
    }
    void take(const StepInfo& now, int64_t origin) {
        for (SynapseProbe& probe : probes_) probe.take(now, origin);
    }

  private:
    std::vector<SynapseProbe> probes_;
};

}  // namespace neurosim

// rand() and randn() in the code of synapses: one number per (call, synapse, step), the twins of
// neurosim/streams.py's synaptic_words.
#pragma once
#include "general_types.hpp"
#include "noise.hpp"

namespace neurosim {

constexpr uint32_t purpose_synapse = 8;

// The random numbers of one call in one step.
class SynapticNoise {
  public:
    SynapticNoise(const SynapseView& view, const StepInfo& now, uint32_t site) : view_(view) {
        uint32_t words[4];
        const uint64_t seed = view.own->seed;
        philox4x32(static_cast<uint32_t>(now.step), static_cast<uint32_t>(now.step >> 32), view.projection << 8 | site,
                   purpose_synapse, static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32), words);
        k0_ = words[0];
        k1_ = words[1];
    }

    real uniform(int64_t synapse, int64_t target) const { return noise_detail::below_one(draw(synapse, target)); }
    real normal(int64_t synapse, int64_t target) const { return static_cast<real>(ndtri(draw(synapse, target))); }

  private:
    double draw(int64_t synapse, int64_t target) const {
        uint32_t words[4];
        philox4x32(view_.numbers[synapse], static_cast<uint32_t>(view_.own->id(target)), 0, 0, k0_, k1_, words);
        return noise_detail::uniform(words[0], words[1]);
    }

    const SynapseView& view_;
    uint32_t k0_, k1_;
};

}  // namespace neurosim

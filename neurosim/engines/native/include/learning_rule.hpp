// Spike-timing dependent plasticity in integers: traces of 16 bits (s4.11), weights of 32 (s16.15).
#pragma once
#include <algorithm>

#include "learning_types.hpp"

namespace neurosim {

struct LearningTrace {
    int16_t fast = 0, slow = 0;          // slow: as it was before the spike
};

struct LearningEvent {
    int64_t time = 0;                    // 0 stands for "never" too, as on the machine
    LearningTrace trace;
};

class LearningRule {
  public:
    explicit LearningRule(const LearningSpec& spec) : spec_(spec) {}

    LearningTrace after_pre(int64_t time, const LearningEvent& last) const { return after(time, last, spec_.plus, spec_.x); }
    LearningTrace after_post(int64_t time, const LearningEvent& last) const {
        return after(time, last, spec_.minus, spec_.y);
    }

    // The weight after a presynaptic spike; `post` is the last postsynaptic event.
    int32_t pre_spike(int32_t weight, const LearningEvent& pre, const LearningEvent& post) const {
        const int32_t decay = entry(spec_.minus, pre.time - post.time);
        if (spec_.timing == nearest_timing) return depressed(weight, decay, 0);
        const int32_t fast = product(post.trace.fast, decay);
        return depressed(weight, fast, product(fast, pre.trace.slow));
    }

    // The weight after a postsynaptic spike; `before`: when the one before it was, at the soma.
    int32_t post_spike(int32_t weight, int64_t time, const LearningTrace& trace, const LearningEvent& pre,
                       int64_t before) const {
        const int64_t passed = time - pre.time;
        if (passed <= 0) return weight;
        const int32_t decay = entry(spec_.plus, passed);
        if (spec_.timing == nearest_timing) return potentiated(weight, time - before < passed ? 0 : decay, 0);
        const int32_t fast = product(pre.trace.fast, decay);
        return potentiated(weight, fast, product(fast, trace.slow));
    }

  private:
    static constexpr int32_t one = 1 << 11;

    static int32_t product(int32_t a, int32_t b) {  // of the low 16 bits
        return (int32_t(static_cast<int16_t>(a)) * int32_t(static_cast<int16_t>(b))) >> 11;
    }
    static int32_t s1615(int32_t a, int32_t b) { return static_cast<int32_t>((int64_t(a) * b) >> 15); }
    static int32_t by_trace(int32_t a, int32_t trace) { return s1615(a, static_cast<int32_t>(uint32_t(trace) << 4)); }
    static int32_t plus(int32_t a, int32_t b) { return static_cast<int32_t>(uint32_t(a) + uint32_t(b)); }
    static int32_t minus(int32_t a, int32_t b) { return static_cast<int32_t>(uint32_t(a) - uint32_t(b)); }
    static int32_t entry(const DecayTableSpec& table, int64_t steps) {
        return steps >= 0 && steps < table.size ? table.values[steps] : 0;
    }

    LearningTrace after(int64_t time, const LearningEvent& last, const DecayTableSpec& fast,
                        const DecayTableSpec& slow) const {
        if (spec_.timing == nearest_timing) return {};
        const int64_t passed = time - last.time;
        LearningTrace found;
        found.fast = static_cast<int16_t>(product(last.trace.fast, entry(fast, passed)) + one);
        if (spec_.timing == triplet_timing && last.time != 0)
            found.slow = static_cast<int16_t>(product(last.trace.slow + one, entry(slow, passed)));
        return found;
    }

    int32_t depressed(int32_t weight, int32_t fast, int32_t both) const {
        if (spec_.multiplicative) return minus(weight, by_trace(s1615(minus(weight, spec_.low), spec_.a_minus), fast));
        weight = minus(weight, by_trace(spec_.a_minus, fast));
        if (spec_.timing == triplet_timing) weight = minus(weight, by_trace(spec_.a3_minus, both));
        return std::max(weight, spec_.low);
    }
    int32_t potentiated(int32_t weight, int32_t fast, int32_t both) const {
        if (spec_.multiplicative) return plus(weight, by_trace(s1615(minus(spec_.high, weight), spec_.a_plus), fast));
        weight = plus(weight, by_trace(spec_.a_plus, fast));
        if (spec_.timing == triplet_timing) weight = plus(weight, by_trace(spec_.a3_plus, both));
        return std::min(weight, spec_.high);
    }

    const LearningSpec& spec_;
};

}  // namespace neurosim

// Poisson background: counts by inversion of one random word per (input, neuron, step).
#pragma once
#include <vector>

#include "philox.hpp"
#include "population.hpp"

namespace neurosim {

constexpr uint32_t purpose_poisson = 2;
constexpr int poisson_lanes = 64;

// Fill the counts of steps 4q .. 4q + 3 for a thread's share of a population.
class PoissonInput {
  public:
    PoissonInput(const PoissonSpec& spec, const LocalPopulation& population, uint64_t seed)
        : spec_(spec), k0_(static_cast<uint32_t>(seed)), k1_(static_cast<uint32_t>(seed >> 32)) {
        begin_ = population.own_below(spec.post_start);
        end_ = population.own_below(spec.post_start + spec.post_size);
        places_before_ = population.places_below(spec.post_start);
    }

    void fill(const LocalPopulation& population, int64_t quad, Count* counts) const {
        const int64_t first = begin_ / poisson_lanes * poisson_lanes;
        for (int64_t k = first; k < end_; k += poisson_lanes) {
            alignas(64) uint32_t c0[poisson_lanes], c1[poisson_lanes], words[4][poisson_lanes];
            for (int lane = 0; lane < poisson_lanes; ++lane) {
                c0[lane] = static_cast<uint32_t>(quad);
                c1[lane] = static_cast<uint32_t>(population.id(k) + lane * population.n_workers);
            }
            philox4x32_lanes<poisson_lanes>(c0, c1, static_cast<uint32_t>(spec_.index), purpose_poisson, k0_, k1_,
                                            words[0], words[1], words[2], words[3]);
            for (int step = 0; step < 4; ++step) {
                Count* out = counts + step * population.padded + k;
                if (spec_.table)
                    look_up(population, k, words[step], out);
                else
                    count_all(words[step], out);
            }
            if (k < begin_ || k + poisson_lanes > end_) clear_outside(k, population.padded, counts);
        }
    }

  private:
    // One table for all lanes: compare with one threshold after another until none is passed.
    void count_all(const uint32_t* words, Count* out) const {
        const uint32_t* thresholds = spec_.thresholds;
        const int64_t n = spec_.table_offsets[1];
        alignas(64) uint32_t counts[poisson_lanes];
        for (int lane = 0; lane < poisson_lanes; ++lane) counts[lane] = static_cast<uint32_t>(spec_.first[0]);
        for (int64_t i = 0; i < n; ++i) {
            const uint32_t threshold = thresholds[i];
            for (int lane = 0; lane < poisson_lanes; ++lane) counts[lane] += words[lane] >= threshold;
        }
        for (int lane = 0; lane < poisson_lanes; ++lane) out[lane] = static_cast<Count>(counts[lane]);
    }

    void look_up(const LocalPopulation& population, int64_t k, const uint32_t* words, Count* out) const {
        for (int lane = 0; lane < poisson_lanes; ++lane) {
            if (k + lane < begin_ || k + lane >= end_) continue;
            const int64_t table = spec_.table[population.place(k + lane) - places_before_];
            const uint32_t* begin = spec_.thresholds + spec_.table_offsets[table];
            const uint32_t* end = spec_.thresholds + spec_.table_offsets[table + 1];
            int64_t count = spec_.first[table];
            while (begin < end && *begin <= words[lane]) ++begin, ++count;
            out[lane] = static_cast<Count>(count);
        }
    }

    // Padding is given counts as well (it has the id arithmetic of a neuron), a partial span is not.
    void clear_outside(int64_t k, int64_t padded, Count* counts) const {
        for (int step = 0; step < 4; ++step)
            for (int64_t lane = k; lane < k + poisson_lanes; ++lane)
                if (lane < begin_ || lane >= end_) counts[step * padded + lane] = 0;
    }

    const PoissonSpec& spec_;
    int64_t begin_, end_;
    int64_t places_before_;  // of the rank's neurons before the range
    uint32_t k0_, k1_;
};

}  // namespace neurosim

// Random numbers of running code: one for every (site, neuron, step), the twins of
// neurosim/streams.py's noise_rand and noise_randn.
#pragma once
#include "elementary.hpp"
#include "philox.hpp"
#include "population.hpp"

namespace neurosim {

constexpr uint32_t purpose_noise = 7;

namespace noise_detail {

// Top 53 bits of w0:w1, + 0.5, as a fraction: exact products and sums up to the last addition.
NEUROSIM_INLINE double uniform(uint32_t w0, uint32_t w1) {
    const double joined = static_cast<double>(w0) * 0x1p21 + static_cast<double>(w1 >> 11);
    const double u = (joined + 0.5) * 0x1p-53;
    return u > 1.0 - 0x1p-53 ? 1.0 - 0x1p-53 : u;
}

NEUROSIM_INLINE uint32_t object(int64_t step, uint32_t site) {
    return site | static_cast<uint32_t>(step >> 32) << 12;
}

// A float below 1 even where the double would round up to it.
NEUROSIM_INLINE real below_one(double u) {
    const real x = static_cast<real>(u);
    return x < real(1) ? x : real(1) - (sizeof(real) == 4 ? real(0x1p-24) : real(0x1p-53));
}

NEUROSIM_INLINE void uniform_block(const LocalPopulation& own, int64_t first, int64_t step, uint32_t site,
                                   double* out) {
    alignas(64) uint32_t c0[block_size], c1[block_size], words[4][block_size];
    for (int lane = 0; lane < block_size; ++lane) {
        c0[lane] = static_cast<uint32_t>(step);
        c1[lane] = static_cast<uint32_t>(own.id(first) + lane * own.n_workers);
    }
    philox4x32_lanes<block_size>(c0, c1, object(step, site), purpose_noise, static_cast<uint32_t>(own.seed),
                                 static_cast<uint32_t>(own.seed >> 32), words[0], words[1], words[2], words[3]);
    for (int lane = 0; lane < block_size; ++lane) out[lane] = uniform(words[0][lane], words[1][lane]);
}

inline double uniform_one(const LocalPopulation& own, int64_t k, int64_t step, uint32_t site) {
    uint32_t words[4];
    philox4x32(static_cast<uint32_t>(step), static_cast<uint32_t>(own.id(k)), object(step, site), purpose_noise,
               static_cast<uint32_t>(own.seed), static_cast<uint32_t>(own.seed >> 32), words);
    return uniform(words[0], words[1]);
}

}  // namespace noise_detail

// rand() of a block of neurons: local indices first .. first + block_size.
inline void noise_rand(const LocalPopulation& own, int64_t first, int64_t step, uint32_t site, real* out) {
    alignas(64) double u[block_size];
    noise_detail::uniform_block(own, first, step, site, u);
    for (int lane = 0; lane < block_size; ++lane) out[lane] = noise_detail::below_one(u[lane]);
}

// randn() of a block of neurons.
inline void noise_randn(const LocalPopulation& own, int64_t first, int64_t step, uint32_t site, real* out) {
    alignas(64) double u[block_size];
    noise_detail::uniform_block(own, first, step, site, u);
    for (int lane = 0; lane < block_size; ++lane) out[lane] = static_cast<real>(ndtri(u[lane]));
}

// The same numbers for one neuron.
inline real noise_rand(const LocalPopulation& own, int64_t k, int64_t step, uint32_t site) {
    return noise_detail::below_one(noise_detail::uniform_one(own, k, step, site));
}
inline real noise_randn(const LocalPopulation& own, int64_t k, int64_t step, uint32_t site) {
    return static_cast<real>(ndtri(noise_detail::uniform_one(own, k, step, site)));
}

}  // namespace neurosim

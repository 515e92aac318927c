// Philox4x32-10 (Salmon, Moraes, Dror & Shaw, SC11), the twin of neurosim/streams.py:
// four random words that are a pure function of a counter (c0, c1, c2, c3) and a key (k0, k1).
#pragma once

#include <cstdint>

namespace neurosim {

inline constexpr uint32_t philox_multiplier_0 = 0xD2511F53u;
inline constexpr uint32_t philox_multiplier_1 = 0xCD9E8D57u;
inline constexpr uint32_t philox_weyl_0 = 0x9E3779B9u;
inline constexpr uint32_t philox_weyl_1 = 0xBB67AE85u;

// Four words for one counter.
__attribute__((always_inline)) inline void philox4x32(uint32_t c0, uint32_t c1, uint32_t c2,
                                                      uint32_t c3, uint32_t k0, uint32_t k1,
                                                      uint32_t out[4]) {
#pragma GCC unroll 10
    for (int round = 0; round < 10; ++round) {
        const uint64_t product0 = uint64_t{philox_multiplier_0} * c0;
        const uint64_t product1 = uint64_t{philox_multiplier_1} * c2;
        c0 = static_cast<uint32_t>(product1 >> 32) ^ c1 ^ k0;
        c2 = static_cast<uint32_t>(product0 >> 32) ^ c3 ^ k1;
        c1 = static_cast<uint32_t>(product1);
        c3 = static_cast<uint32_t>(product0);
        k0 += philox_weyl_0;
        k1 += philox_weyl_1;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

// The same for L lanes, each with its own c0 and c1; lane l's words go to w0[l] .. w3[l].
// The rounds are inside the lane loop, so that a compiler keeps the state in vector registers.
template <int L>
__attribute__((always_inline)) inline void philox4x32_lanes(
    const uint32_t* __restrict c0, const uint32_t* __restrict c1, uint32_t c2, uint32_t c3,
    uint32_t k0, uint32_t k1, uint32_t* __restrict w0, uint32_t* __restrict w1,
    uint32_t* __restrict w2, uint32_t* __restrict w3) {
    for (int lane = 0; lane < L; ++lane) {
        uint32_t out[4];
        philox4x32(c0[lane], c1[lane], c2, c3, k0, k1, out);
        w0[lane] = out[0];
        w1[lane] = out[1];
        w2[lane] = out[2];
        w3[lane] = out[3];
    }
}

}  // namespace neurosim

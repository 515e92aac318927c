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

#if defined(__AVX2__)

namespace philox_detail {

#if defined(__AVX512F__)
inline constexpr int width = 8;
#else
inline constexpr int width = 4;
#endif
typedef uint64_t Wide __attribute__((vector_size(8 * width)));

// Products of the low halves. One instruction on every x86-64, but GCC 12 makes three of a
// portable (a & 0xffffffff) * b: twice the time of the whole generator.
__attribute__((always_inline)) inline Wide multiply_low_halves(Wide a, Wide b) {
    Wide product;
    __asm__("vpmuludq %2, %1, %0" : "=v"(product) : "v"(a), "v"(b));
    return product;
}

__attribute__((always_inline)) inline Wide load(const uint32_t* from) {
    Wide words;
    __builtin_memcpy(&words, from, sizeof words);
    return words;
}

__attribute__((always_inline)) inline void store(Wide even, Wide odd, uint32_t* to) {
    const Wide words = (even & 0xffffffffu) | (odd << 32);
    __builtin_memcpy(to, &words, sizeof words);
}

}  // namespace philox_detail

// The same for L lanes, each with its own c0 and c1; lane l's words go to w0[l] .. w3[l].
// A register of 2 * width words is worked on as two: the even words where they are, the odd ones
// moved down. Only the low half of each 64 bits counts; the high half is rubbish.
template <int L>
__attribute__((always_inline)) inline void philox4x32_lanes(
    const uint32_t* __restrict c0, const uint32_t* __restrict c1, uint32_t c2, uint32_t c3,
    uint32_t k0, uint32_t k1, uint32_t* __restrict w0, uint32_t* __restrict w1,
    uint32_t* __restrict w2, uint32_t* __restrict w3) {
    using namespace philox_detail;
    static_assert(L % (2 * width) == 0, "the lanes must fill whole vector registers");
    constexpr int n = L / width;
    const Wide multiplier0 = Wide{} + philox_multiplier_0;
    const Wide multiplier1 = Wide{} + philox_multiplier_1;
    Wide x0[n], x1[n], x2[n], x3[n];
    for (int i = 0; i < n; i += 2) {
        x0[i] = load(c0 + i * width);
        x1[i] = load(c1 + i * width);
        x0[i + 1] = x0[i] >> 32;
        x1[i + 1] = x1[i] >> 32;
        x2[i] = x2[i + 1] = Wide{} + c2;
        x3[i] = x3[i + 1] = Wide{} + c3;
    }
#pragma GCC unroll 10
    for (int round = 0; round < 10; ++round) {
        const Wide key0 = Wide{} + k0, key1 = Wide{} + k1;
#pragma GCC unroll 8
        for (int i = 0; i < n; ++i) {
            const Wide product0 = multiply_low_halves(x0[i], multiplier0);
            const Wide product1 = multiply_low_halves(x2[i], multiplier1);
            x0[i] = (product1 >> 32) ^ x1[i] ^ key0;
            x2[i] = (product0 >> 32) ^ x3[i] ^ key1;
            x1[i] = product1;
            x3[i] = product0;
        }
        k0 += philox_weyl_0;
        k1 += philox_weyl_1;
    }
    for (int i = 0; i < n; i += 2) {
        store(x0[i], x0[i + 1], w0 + i * width);
        store(x1[i], x1[i + 1], w1 + i * width);
        store(x2[i], x2[i + 1], w2 + i * width);
        store(x3[i], x3[i + 1], w3 + i * width);
    }
}

#else

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

#endif

}  // namespace neurosim

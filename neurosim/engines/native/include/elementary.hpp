// Elementary functions that give a neuron the same bits on every machine, thread and vector lane.
//
// Plain IEEE operations only (+ - * / sqrt and bit moves; compile with -ffp-contract=off), no call
// into libm and no branch, so that a loop over neurons vectorises and no lane differs from another.
// exp, expm1, log, log1p and ndtri in double have the same bits as neurosim/elementary.py.
// Coefficients are minimax fits (Remez in 400 bits). Errors in units in the last place, measured
// by tests/streams/test_elementary.py: exp 1.0, expm1 1.7, log 0.9, log1p 0.9; in float: exp 1.0,
// log 0.9. exp overflows to inf and underflows through the subnormals to 0; NaN stays NaN.
#pragma once

#include <cstdint>

#define NEUROSIM_INLINE __attribute__((always_inline)) inline

namespace neurosim {

namespace elementary_detail {

inline constexpr double inf = __builtin_inf();
inline constexpr double nan = __builtin_nan("");

NEUROSIM_INLINE uint64_t bits(double x) { return __builtin_bit_cast(uint64_t, x); }
NEUROSIM_INLINE uint32_t bits(float x) { return __builtin_bit_cast(uint32_t, x); }
NEUROSIM_INLINE double real64(uint64_t x) { return __builtin_bit_cast(double, x); }
NEUROSIM_INLINE float real32(uint32_t x) { return __builtin_bit_cast(float, x); }

inline constexpr double log2_e = 0x1.71547652b82fep+0;
inline constexpr double ln2_high = 0x1.62e42fee00000p-1;  // 32 bits: k * ln2_high is exact
inline constexpr double ln2_low = 0x1.a39ef35793c76p-33;

// exp(r) - 1 - r for |r| <= ln(2) / 2.
NEUROSIM_INLINE double expm1_beyond_linear(double r) {
    const double r2 = r * r, r4 = r2 * r2;
    const double q01 = 0.5 + r * 0x1.555555555555bp-3;
    const double q23 = 0x1.55555555534a0p-5 + r * 0x1.111111110eab8p-7;
    const double q45 = 0x1.6c16c17c0a513p-10 + r * 0x1.a01a01b4e3c3fp-13;
    const double q67 = 0x1.a019ad38db07ep-16 + r * 0x1.71ddeb9d883e1p-19;
    const double q89 = 0x1.289dad626bf1fp-22 + r * 0x1.af74be3f269f6p-26;
    const double q = (q01 + r2 * q23) + r4 * ((q45 + r2 * q67) + r4 * q89);
    return r2 * q;
}

// exp(x + tail) 2^-shift for x already in [-746, 711] or NaN; |tail| < 1, shift 0 or 1.
// Adding 2^52 + 2046 leaves round(x / ln 2) + 2046 in the low bits; the two factors' exponents
// add up to it, so that neither overflows and a subnormal result is rounded once.
NEUROSIM_INLINE double exp_bounded(double x, double tail, uint64_t shift) {
    constexpr double rounder = 0x1p52 + 2046;
    const double shifted = x * log2_e + rounder;
    const double k = shifted - rounder;
    const double r = (x - k * ln2_high) - (k * ln2_low - tail);
    const double y = 1.0 + (r + expm1_beyond_linear(r));
    const uint64_t exponents = (bits(shifted) & 0xfff) - shift;
    const uint64_t first = exponents >> 1, second = exponents - first;
    return y * real64(first << 52) * real64(second << 52);
}

// Clamp so that NaN passes.
NEUROSIM_INLINE double bound(double x, double low, double high) {
    const double capped = x > high ? high : x;
    return capped < low ? low : capped;
}

// x = 2^exponent (1 + fraction) with 1 + fraction in [sqrt(1/2), sqrt(2)), for 0 < x < inf.
struct Split {
    double exponent, fraction;
};

NEUROSIM_INLINE Split split(double x) {
    constexpr uint64_t sqrt_half = 0x3fe6a09e667f3bcd, one = 0x3ff0000000000000;
    const bool subnormal = x < 0x1p-1022;
    const uint64_t b = bits(subnormal ? x * 0x1p54 : x);
    const uint64_t biased = (b - sqrt_half + one) >> 52;
    const double mantissa = real64(b - (biased << 52) + one);
    const double raw = real64(biased | bits(0x1p52)) - (0x1p52 + 1023);
    return {subnormal ? raw - 54.0 : raw, mantissa - 1.0};
}

// log(2^k (1 + f)) + tail.
NEUROSIM_INLINE double log_of_split(double k, double f, double tail) {
    const double s = f / (2.0 + f);
    const double z = s * s, w = z * z;
    const double even = z * (0x1.555555555557ep-1 +
                             w * (0x1.2492493dd42aap-2 +
                                  w * (0x1.7465b239a125ap-3 + w * 0x1.2e8ae4ee26fedp-3)));
    const double odd =
        w * (0x1.99999999854e9p-2 + w * (0x1.c71c54fe764a0p-3 + w * 0x1.39aec80c0457fp-3));
    const double half_square = 0.5 * f * f;
    const double small = s * (half_square + (even + odd)) + (k * ln2_low + tail);
    return k * ln2_high + (f - (half_square - small));
}

}  // namespace elementary_detail

NEUROSIM_INLINE double exp(double x) {
    using namespace elementary_detail;
    return exp_bounded(bound(x, -746.0, 711.0), 0.0, 0);
}

NEUROSIM_INLINE double expm1(double x) {
    using namespace elementary_detail;
    constexpr double rounder = 0x1p52 + 1022;  // the low bits are the exponent of 2^(k-1)
    const double bounded = bound(x, -45.0, 710.0);
    const double shifted = bounded * log2_e + rounder;
    const double k = shifted - rounder;
    const double high = bounded - k * ln2_high, low = k * ln2_low;
    const double r = high - low;
    const double reduced = r + (expm1_beyond_linear(r) + ((high - r) - low));
    const double half = real64((bits(shifted) & 0xfff) << 52);
    const double y = (half * reduced + (half - 0.5)) * 2.0;
    return __builtin_fabs(x) < 0x1p-54 ? x : y;
}

NEUROSIM_INLINE double log(double x) {
    using namespace elementary_detail;
    const Split parts = split(x);
    const double y = log_of_split(parts.exponent, parts.fraction, 0.0);
    const double edge = x > 0.0 ? x : (x == 0.0 ? -inf : nan);
    return ((x > 0.0) & (x < inf)) ? y : edge;
}

NEUROSIM_INLINE double log1p(double x) {
    using namespace elementary_detail;
    const double u = 1.0 + x;
    const double big = u - 1.0;
    const double lost = (1.0 - (u - big)) + (x - big);  // 1 + x = u + lost exactly
    const Split parts = split(u);
    const bool near = parts.exponent == 0.0;
    const double y =
        log_of_split(parts.exponent, near ? x : parts.fraction, near ? 0.0 : lost / u);
    const double edge = x > -1.0 ? x : (x == -1.0 ? -inf : nan);
    const double inside = __builtin_fabs(x) < 0x1p-54 ? x : y;
    return ((x > -1.0) & (x < inf)) ? inside : edge;
}

// Quantile of the normal distribution: AS241 PPND16 (Wichura, Applied Statistics 37, 1988),
// relative error about 1e-16. 0 -> -inf, 1 -> inf, outside [0, 1] -> NaN.
NEUROSIM_INLINE double ndtri(double p) {
    using namespace elementary_detail;
    const double q = p - 0.5;
    const bool central = __builtin_fabs(q) <= 0.425;
    const double root = __builtin_sqrt(-log(q < 0.0 ? p : 1.0 - p));
    const bool middle = root <= 5.0;
    const double r = central ? 0.180625 - q * q : (middle ? root - 1.6 : root - 5.0);
    const auto pick = [central, middle](double a, double c, double e) {
        return central ? a : (middle ? c : e);
    };
    double top = pick(2.5090809287301226727e+3, 7.74545014278341407640e-4, 2.01033439929228813265e-7);
    top = top * r + pick(3.3430575583588128105e+4, 2.27238449892691845833e-2, 2.71155556874348757815e-5);
    top = top * r + pick(6.7265770927008700853e+4, 2.41780725177450611770e-1, 1.24266094738807843860e-3);
    top = top * r + pick(4.5921953931549871457e+4, 1.27045825245236838258, 2.65321895265761230930e-2);
    top = top * r + pick(1.3731693765509461125e+4, 3.64784832476320460504, 2.96560571828504891230e-1);
    top = top * r + pick(1.9715909503065514427e+3, 5.76949722146069140550, 1.78482653991729133580);
    top = top * r + pick(1.3314166789178437745e+2, 4.63033784615654529590, 5.46378491116411436990);
    top = top * r + pick(3.3871328727963666080, 1.42343711074968357734, 6.65790464350110377720);
    double low = pick(5.2264952788528545610e+3, 1.05075007164441684324e-9, 2.04426310338993978564e-15);
    low = low * r + pick(2.8729085735721942674e+4, 5.47593808499534494600e-4, 1.42151175831644588870e-7);
    low = low * r + pick(3.9307895800092710610e+4, 1.51986665636164571966e-2, 1.84631831751005468180e-5);
    low = low * r + pick(2.1213794301586595867e+4, 1.48103976427480074590e-1, 7.86869131145613259100e-4);
    low = low * r + pick(5.3941960214247511077e+3, 6.89767334985100004550e-1, 1.48753612908506148525e-2);
    low = low * r + pick(6.8718700749205790830e+2, 1.67638483018380384940, 1.36929880922735805310e-1);
    low = low * r + pick(4.2313330701600911252e+1, 2.05319162663775882187, 5.99832206555887937690e-1);
    low = low * r + 1.0;
    const double ratio = top / low;
    const double y = central ? q * ratio : (q < 0.0 ? -ratio : ratio);
    const double edge = p == 0.0 ? -inf : (p == 1.0 ? inf : nan);
    return ((p > 0.0) & (p < 1.0)) ? y : edge;
}

NEUROSIM_INLINE float exp(float x) {
    using namespace elementary_detail;
    constexpr float rounder = 0x1p23f + 254.0f;
    const float capped = x > 90.0f ? 90.0f : x;
    const float bounded = capped < -105.0f ? -105.0f : capped;
    const float shifted = bounded * 0x1.715476p+0f + rounder;
    const float k = shifted - rounder;
    const float r = (bounded - k * 0x1.62e4p-1f) - k * 0x1.7f7d1cp-20f;
    const float r2 = r * r;
    const float q = (0.5f + r * 0x1.555496p-3f) +
                    r2 * ((0x1.5554c0p-5f + r * 0x1.1236dap-7f) + r2 * 0x1.6d796cp-10f);
    const float y = 1.0f + (r + r2 * q);
    const uint32_t exponents = bits(shifted) & 0x3ff;
    const uint32_t first = exponents >> 1, second = exponents - first;
    return y * real32(first << 23) * real32(second << 23);
}

NEUROSIM_INLINE float log(float x) {
    using namespace elementary_detail;
    constexpr uint32_t sqrt_half = 0x3f3504f3, one = 0x3f800000;
    const bool subnormal = x < 0x1p-126f;
    const uint32_t b = bits(subnormal ? x * 0x1p25f : x);
    const uint32_t biased = (b - sqrt_half + one) >> 23;
    const float f = real32(b - (biased << 23) + one) - 1.0f;
    const float raw = real32(biased | bits(0x1p23f)) - (0x1p23f + 127.0f);
    const float k = subnormal ? raw - 25.0f : raw;
    const float s = f / (2.0f + f);
    const float z = s * s;
    const float series = z * (0x1.555578p-1f + z * (0x1.99606ep-2f + z * 0x1.31bc50p-2f));
    const float half_square = 0.5f * f * f;
    const float small = s * (half_square + series) + k * 0x1.7f7d1cp-20f;
    const float y = k * 0x1.62e4p-1f + (f - (half_square - small));
    const float edge = x > 0.0f ? x : (x == 0.0f ? -__builtin_inff() : __builtin_nanf(""));
    return ((x > 0.0f) & (x < __builtin_inff())) ? y : edge;
}

NEUROSIM_INLINE float expm1(float x) { return static_cast<float>(expm1(static_cast<double>(x))); }
NEUROSIM_INLINE float log1p(float x) { return static_cast<float>(log1p(static_cast<double>(x))); }
NEUROSIM_INLINE float ndtri(float p) { return static_cast<float>(ndtri(static_cast<double>(p))); }

NEUROSIM_INLINE double sqrt(double x) { return __builtin_sqrt(x); }
NEUROSIM_INLINE float sqrt(float x) { return __builtin_sqrtf(x); }
NEUROSIM_INLINE double abs(double x) { return __builtin_fabs(x); }
NEUROSIM_INLINE float abs(float x) { return __builtin_fabsf(x); }
NEUROSIM_INLINE double floor(double x) { return __builtin_floor(x); }
NEUROSIM_INLINE float floor(float x) { return __builtin_floorf(x); }
NEUROSIM_INLINE double ceil(double x) { return __builtin_ceil(x); }
NEUROSIM_INLINE float ceil(float x) { return __builtin_ceilf(x); }

// -1, 0 or 1; NaN stays NaN.
NEUROSIM_INLINE double sign(double x) { return x > 0.0 ? 1.0 : (x < 0.0 ? -1.0 : x * 0.0); }
NEUROSIM_INLINE float sign(float x) { return x > 0.0f ? 1.0f : (x < 0.0f ? -1.0f : x * 0.0f); }

}  // namespace neurosim

#include "transcendental.hpp"

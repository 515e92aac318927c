// The rest of the equation language's functions, by the rules of elementary.hpp: IEEE operations
// only, no branch, no libm. In C++ only; float goes through double.
//
// Errors in units in the last place, held by tests/streams/test_transcendental.py: pow 1.3, sin,
// cos 0.9, tan 2.3, sinh 2.5, cosh 1.6, tanh 2.7, exprel 2.2, arcsin 2.3, arccos 1.4, arctan 1.9,
// log10, log2 0.6. sin, cos and tan give NaN beyond 1e8, where a double no longer tells one phase
// from the next to better than 1e-8, instead of numbers that look like results. exprel
// overflows where exp does.
#pragma once

#include "elementary.hpp"

namespace neurosim {

namespace elementary_detail {

// A number as a sum of two; |low| is at most half a unit in the last place of high.
struct Pair {
    double high, low;
};

// a + b exactly, for |a| >= |b| or a = 0.
NEUROSIM_INLINE Pair sum_of_ordered(double a, double b) {
    const double high = a + b;
    return {high, (a - high) + b};
}

// a - b exactly.
NEUROSIM_INLINE Pair difference(double a, double b) {
    const double high = a - b;
    const double part = high - a;
    return {high, (a - (high - part)) - (b + part)};
}

NEUROSIM_INLINE double upper_half(double x) { return real64(bits(x) & 0xfffffffff8000000); }

// a * b to twice the precision.
NEUROSIM_INLINE Pair product(double a, double b) {
    const double a1 = upper_half(a), b1 = upper_half(b);
    const double a2 = a - a1, b2 = b - b1;
    const double high = a * b;
    return {high, ((a1 * b1 - high) + a1 * b2 + a2 * b1) + a2 * b2};
}

// log(x) to about 2^-65, for 0 < x < inf: log((1 + s) / (1 - s)) = 2 s + (2/3) s^3 + ...
NEUROSIM_INLINE Pair log_pair(double x) {
    const Split parts = split(x);
    const double k = parts.exponent, f = parts.fraction;
    const double d = 2.0 + f, d_low = f - (d - 2.0);
    const double s = f / d;
    const Pair back = product(s, d);
    const double s_low = (((f - back.high) - back.low) - s * d_low) / d;
    const Pair z = product(s, s);
    const Pair cube = product(s, z.high);
    const double cube_low = cube.low + s * z.low + 3.0 * z.high * s_low;
    const Pair third = product(cube.high, 0x1.5555555555555p-1);
    const double third_low = third.low + cube_low * 0x1.5555555555555p-1 + cube.high * 0x1.5555555555555p-55;
    double series = 0x1.0b86bbc0677c0p-3;
    series = series * z.high + 0x1.0fce0d295554bp-3;
    series = series * z.high + 0x1.3b1b7229c5047p-3;
    series = series * z.high + 0x1.745cfddef1ae6p-3;
    series = series * z.high + 0x1.c71c71f12706dp-3;
    series = series * z.high + 0x1.2492492483f92p-2;
    series = series * z.high + 0x1.99999999999b6p-2;
    const Pair first = sum_of_ordered(k * ln2_high, 2.0 * s);
    const Pair second = sum_of_ordered(first.high, third.high);
    const double rest = cube.high * z.high * series + third_low + 2.0 * s_low + k * ln2_low;
    return sum_of_ordered(second.high, first.low + second.low + rest);
}

// log(x) / log(base), with 1 / log(base) = high + low.
NEUROSIM_INLINE double log_to_base(double x, double high, double low) {
    const Pair logarithm = log_pair(x);
    const Pair scaled = product(logarithm.high, high);
    const double y = scaled.high + (scaled.low + logarithm.high * low + logarithm.low * high);
    const double edge = x > 0.0 ? x : (x == 0.0 ? -inf : nan);
    return ((x > 0.0) & (x < inf)) ? y : edge;
}

// x minus the nearest multiple of pi / 2, and which multiple; NaN beyond 1e8. The parts of pi / 2
// have 27 bits each, so that their products with a number of 26 bits are exact.
struct Phase {
    double high, low;
    uint64_t quadrant;
};

NEUROSIM_INLINE Phase phase(double x) {
    constexpr double rounder = 0x1.8p52;
    const double bounded = __builtin_fabs(x) <= 1e8 ? x : nan;
    const double shifted = bounded * 0x1.45f306dc9c883p-1 + rounder;
    const double n = shifted - rounder;
    const double coarse = bounded - n * 0x1.921fb54000000p+0;
    const Pair second = difference(coarse, n * 0x1.10b4610000000p-30);
    const Pair third = difference(second.high, n * 0x1.a626330000000p-58);
    const double rest = (second.low + third.low) - n * 0x1.45c06e0e68948p-86;
    const double high = third.high + rest;
    return {high, (third.high - high) + rest, bits(shifted)};
}

NEUROSIM_INLINE double sin_reduced(Phase r) {
    const double z = r.high * r.high, w = z * z;
    const double series = (-0x1.555555555554cp-3 + z * 0x1.111111110fc26p-7) +
                          w * ((-0x1.a01a019c71e4dp-13 + z * 0x1.71de35bf09d38p-19) +
                               w * (-0x1.ae5e9738b73e4p-26 + z * 0x1.5d9fb351ceaa9p-33));
    return r.high + (r.high * z * series + r.low * (1.0 - 0.5 * z));
}

NEUROSIM_INLINE double cos_reduced(Phase r) {
    const double z = r.high * r.high, w = z * z;
    const double series = (0x1.5555555555554p-5 + z * -0x1.6c16c16c1612dp-10) +
                          w * ((0x1.a01a019e1a75ap-16 + z * -0x1.27e4f8fbd5e2fp-22) +
                               w * (0x1.1eea85a9fcbe7p-29 + z * -0x1.8ff983285afcep-37));
    const double half = 0.5 * z, y = 1.0 - half;
    return y + (((1.0 - y) - half) + (w * series - r.high * r.low));
}

// exp(x) / 2, which does not overflow before sinh and cosh do.
NEUROSIM_INLINE double half_exp(double x) { return exp_bounded(bound(x, -746.0, 711.0), 0.0, 1); }

NEUROSIM_INLINE double with_sign_of(double magnitude, double x) {
    return __builtin_copysign(magnitude, x);
}

// arcsin(x) / x - 1 for 0 <= z = x^2 <= 1/4.
NEUROSIM_INLINE double arcsin_series(double z) {
    double p = 0x1.ffedde5ec332fp-6;
    p = p * z - 0x1.f1dee584a7a2dp-7;
    p = p * z + 0x1.347fe7ff3decap-6;
    p = p * z + 0x1.bdba0080a0abfp-8;
    p = p * z + 0x1.8c8819681ff5ap-7;
    p = p * z + 0x1.c75c0f9bb5765p-7;
    p = p * z + 0x1.1c66a83ea1208p-6;
    p = p * z + 0x1.6e8a5665d2f74p-6;
    p = p * z + 0x1.f1c727a06d1f0p-6;
    p = p * z + 0x1.6db6db52cfc34p-5;
    p = p * z + 0x1.3333333350accp-4;
    p = p * z + 0x1.55555555554cep-3;
    return p * z;
}

inline constexpr double half_pi = 0x1.921fb54442d18p+0, half_pi_low = 0x1.1a62633145c07p-54;

}  // namespace elementary_detail

// x^y as C's pow: a negative x needs a whole y (NaN otherwise); x^0 and 1^y are 1 always.
NEUROSIM_INLINE double pow(double x, double y) {
    using namespace elementary_detail;
    const double magnitude = __builtin_fabs(x);
    const Pair logarithm = log_pair(magnitude);
    const double power = bound(y, -0x1p64, 0x1p64);  // saturates every x but 1
    const Pair scaled = product(power, logarithm.high);
    const double exponent = bound(scaled.high, -746.0, 711.0);
    const double tail = exponent == scaled.high ? scaled.low + power * logarithm.low : 0.0;
    const double finite = exp_bounded(exponent, tail, 0);
    const double at_edge = (magnitude == 0.0) == (y < 0.0) ? inf : 0.0;  // x = 0 or infinite
    const bool edge = (magnitude == 0.0) | (magnitude == inf);
    const double size = edge ? at_edge : finite;
    const double half = 0.5 * y;
    const bool whole = __builtin_floor(y) == y, odd = whole & (__builtin_floor(half) != half);
    const double negative = odd ? -size : (((x < 0.0) & !edge & !whole) ? nan : size);
    const double y_value = bits(x) >> 63 ? negative : size;
    const double checked = ((x != x) | (y != y)) ? nan : y_value;
    return ((y == 0.0) | (x == 1.0)) ? 1.0 : checked;
}

NEUROSIM_INLINE double log2(double x) {
    return elementary_detail::log_to_base(x, 0x1.71547652b82fep+0, 0x1.777d0ffda0d24p-56);
}

NEUROSIM_INLINE double log10(double x) {
    return elementary_detail::log_to_base(x, 0x1.bcb7b1526e50ep-2, 0x1.95355baaafad3p-57);
}

NEUROSIM_INLINE double sin(double x) {
    using namespace elementary_detail;
    const Phase r = phase(x);
    const double y = (r.quadrant & 1) ? cos_reduced(r) : sin_reduced(r);
    const double turned = (r.quadrant & 2) ? -y : y;
    return __builtin_fabs(x) < 0x1p-27 ? x : turned;
}

NEUROSIM_INLINE double cos(double x) {
    using namespace elementary_detail;
    const Phase r = phase(x);
    const double y = (r.quadrant & 1) ? sin_reduced(r) : cos_reduced(r);
    return ((r.quadrant + 1) & 2) ? -y : y;
}

NEUROSIM_INLINE double tan(double x) {
    using namespace elementary_detail;
    const Phase r = phase(x);
    const double s = sin_reduced(r), c = cos_reduced(r);
    const double y = (r.quadrant & 1) ? -c / s : s / c;
    return __builtin_fabs(x) < 0x1p-27 ? x : y;
}

NEUROSIM_INLINE double sinh(double x) {
    using namespace elementary_detail;
    const double size = __builtin_fabs(x);
    const double t = expm1(size < 22.0 ? size : 22.0);
    const double near = 0.5 * (t + t / (t + 1.0));
    const double y = size < 22.0 ? near : half_exp(size);
    return size < 0x1p-27 ? x : with_sign_of(y, x);
}

NEUROSIM_INLINE double cosh(double x) {
    const double half = elementary_detail::half_exp(__builtin_fabs(x));
    return half + 0.25 / half;
}

NEUROSIM_INLINE double tanh(double x) {
    using namespace elementary_detail;
    const double t = expm1(-2.0 * __builtin_fabs(x));
    const double y = with_sign_of(t / (t + 2.0), x);
    return __builtin_fabs(x) < 0x1p-27 ? x : y;
}

// (exp(x) - 1) / x, and 1 at 0.
NEUROSIM_INLINE double exprel(double x) {
    const double y = expm1(x) / x;
    const double near = __builtin_fabs(x) < 0x1p-54 ? 1.0 : y;
    return x == elementary_detail::inf ? x : near;
}

NEUROSIM_INLINE double arcsin(double x) {
    using namespace elementary_detail;
    const double size = __builtin_fabs(x);
    const bool small = size <= 0.5;
    const double z = small ? size * size : 0.5 * (1.0 - size);
    const double t = small ? size : __builtin_sqrt(z);
    const double angle = t + t * arcsin_series(z);
    return with_sign_of(small ? angle : (half_pi - 2.0 * angle) + half_pi_low, x);
}

NEUROSIM_INLINE double arccos(double x) {
    using namespace elementary_detail;
    const double size = __builtin_fabs(x);
    const bool small = size <= 0.5;
    const double z = small ? size * size : 0.5 * (1.0 - size);
    const double t = small ? x : __builtin_sqrt(z);
    const double beyond = t * arcsin_series(z);
    const double middle = half_pi - (t + (beyond - half_pi_low));
    const double twice = 2.0 * (t + beyond);
    const double outer = x > 0.0 ? twice : (2.0 * half_pi - twice) + 2.0 * half_pi_low;
    return small ? middle : outer;
}

NEUROSIM_INLINE double arctan(double x) {
    using namespace elementary_detail;
    const double size = __builtin_fabs(x);
    const bool far = size > 0x1.3504f333f9de6p+1, middle = size > 0x1.a827999fcef32p-2;
    const double top = far ? -1.0 : (middle ? size - 1.0 : size);
    const double low = far ? size : (middle ? size + 1.0 : 1.0);
    const double t = top / low, z = t * t;
    double p = -0x1.29c05c11dc2d7p-6;
    p = p * z + 0x1.39ec88aa999e4p-5;
    p = p * z - 0x1.9db1eb8c7d57dp-5;
    p = p * z + 0x1.df441417ba7ecp-5;
    p = p * z - 0x1.10ef9c164fb7dp-4;
    p = p * z + 0x1.3b1177cad5e61p-4;
    p = p * z - 0x1.745cfeaba060ep-4;
    p = p * z + 0x1.c71c711f3bdc2p-4;
    p = p * z - 0x1.249249235209ap-3;
    p = p * z + 0x1.999999999769ap-3;
    p = p * z - 0x1.555555555554dp-2;
    const double offset = far ? half_pi : (middle ? 0.5 * half_pi : 0.0);
    const double offset_low = far ? half_pi_low : (middle ? 0.5 * half_pi_low : 0.0);
    return with_sign_of(offset + (t + (t * z * p + offset_low)), x);
}

#define NEUROSIM_THROUGH_DOUBLE(name) \
    NEUROSIM_INLINE float name(float x) { return static_cast<float>(name(static_cast<double>(x))); }
NEUROSIM_THROUGH_DOUBLE(log2)
NEUROSIM_THROUGH_DOUBLE(log10)
NEUROSIM_THROUGH_DOUBLE(sin)
NEUROSIM_THROUGH_DOUBLE(cos)
NEUROSIM_THROUGH_DOUBLE(tan)
NEUROSIM_THROUGH_DOUBLE(sinh)
NEUROSIM_THROUGH_DOUBLE(cosh)
NEUROSIM_THROUGH_DOUBLE(tanh)
NEUROSIM_THROUGH_DOUBLE(exprel)
NEUROSIM_THROUGH_DOUBLE(arcsin)
NEUROSIM_THROUGH_DOUBLE(arccos)
NEUROSIM_THROUGH_DOUBLE(arctan)
#undef NEUROSIM_THROUGH_DOUBLE

NEUROSIM_INLINE float pow(float x, float y) {
    return static_cast<float>(pow(static_cast<double>(x), static_cast<double>(y)));
}

}  // namespace neurosim

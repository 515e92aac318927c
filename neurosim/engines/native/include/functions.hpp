// Functions and operators of the equation language that the C++ language does not have.
#pragma once
#include "elementary.hpp"
#include "types.hpp"

#if defined(__clang__)
#define NEUROSIM_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define NEUROSIM_INDEPENDENT _Pragma("GCC ivdep")
#endif

namespace neurosim {

// x to the power of a small whole number, by repeated squaring.
template <int n, class T>
inline T power(T x) {
    if constexpr (n == 1)
        return x;
    else if constexpr (n % 2)
        return power<n / 2>(x * x) * x;
    else
        return power<n / 2>(x * x);
}

template <class T>
inline T floor_divide(T x, T y) {
    return floor(x / y);
}

// Python's %: the result has the sign of y.
template <class T>
inline T mod(T x, T y) {
    return x - y * floor(x / y);
}

// int(): a truth value as 0 or 1, a number without its fraction.
inline real as_int(bool x) { return x ? real(1) : real(0); }
inline float as_int(float x) { return x < 0 ? ceil(x) : floor(x); }
inline double as_int(double x) { return x < 0 ? ceil(x) : floor(x); }

// A duration in whole steps, forgiving a thousandth of a step of rounding.
template <class T>
inline T timestep(T duration, T dt) {
    return as_int((duration + T(1e-3) * dt) / dt);
}

template <class T>
inline T clip(T x, T low, T high) {
    x = x < low ? low : x;
    return x > high ? high : x;
}

}  // namespace neurosim

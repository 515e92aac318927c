// Arithmetic of machines without floating point: s16.15, as SpiNNaker's processors compute.
//
// Sums wrap around like the 32-bit integers they are; a product keeps its upper bits, rounded down.
#pragma once
#include "functions.hpp"

namespace neurosim {

// A factor in [0, 1) of 32 bits after the point.
struct Fraction {
    uint32_t bits;

    Fraction() = default;
    explicit Fraction(double value) : bits(static_cast<uint32_t>(value * 0x1p32)) {}
    explicit operator double() const { return bits * 0x1p-32; }
};

struct Fixed {
    int32_t bits;

    Fixed() = default;
    // The nearest number, halves to even; what is out of range wraps around.
    explicit Fixed(double value) {
        constexpr double rounder = 0x1.8p52;  // leaves the whole number in the low bits
        bits = static_cast<int32_t>(static_cast<uint32_t>(__builtin_bit_cast(uint64_t, value * 0x1p15 + rounder)));
    }
    explicit Fixed(bool value) : bits(value ? 1 << 15 : 0) {}
    explicit operator double() const { return bits * 0x1p-15; }
    explicit operator bool() const { return bits != 0; }

    static Fixed of(int32_t bits) {
        Fixed made;
        made.bits = bits;
        return made;
    }
    // A number as it stands in the code: the bits after the fifteenth are cut off.
    static Fixed literal(double value) { return of(static_cast<int32_t>(value * 0x1p15)); }
    static Fixed wrapped(uint32_t bits) { return of(static_cast<int32_t>(bits)); }
};

NEUROSIM_INLINE Fixed operator+(Fixed a, Fixed b) {
    return Fixed::wrapped(static_cast<uint32_t>(a.bits) + static_cast<uint32_t>(b.bits));
}
NEUROSIM_INLINE Fixed operator-(Fixed a, Fixed b) {
    return Fixed::wrapped(static_cast<uint32_t>(a.bits) - static_cast<uint32_t>(b.bits));
}
NEUROSIM_INLINE Fixed operator-(Fixed a) { return Fixed::wrapped(0u - static_cast<uint32_t>(a.bits)); }
NEUROSIM_INLINE Fixed operator*(Fixed a, Fixed b) {
    return Fixed::wrapped(static_cast<uint32_t>((int64_t(a.bits) * int64_t(b.bits)) >> 15));
}
NEUROSIM_INLINE Fixed operator*(Fixed a, Fraction b) {
    // in halves, so that no product needs more than 64 bits
    const int64_t high = int64_t(a.bits) * int64_t(b.bits >> 16), low = int64_t(a.bits) * int64_t(b.bits & 0xffff);
    return Fixed::wrapped(static_cast<uint32_t>((high + (low >> 16)) >> 16));
}
NEUROSIM_INLINE Fixed operator*(Fraction a, Fixed b) { return b * a; }
// Rounded down; what is divided by zero is 0.
NEUROSIM_INLINE Fixed operator/(Fixed a, Fixed b) {
    const double quotient = b.bits ? double(a.bits) * 0x1p15 / double(b.bits) : 0.0;
    const int64_t whole = static_cast<int64_t>(floor(quotient));
    return Fixed::wrapped(static_cast<uint32_t>(whole));
}
NEUROSIM_INLINE bool operator<(Fixed a, Fixed b) { return a.bits < b.bits; }
NEUROSIM_INLINE bool operator>(Fixed a, Fixed b) { return a.bits > b.bits; }
NEUROSIM_INLINE bool operator<=(Fixed a, Fixed b) { return a.bits <= b.bits; }
NEUROSIM_INLINE bool operator>=(Fixed a, Fixed b) { return a.bits >= b.bits; }
NEUROSIM_INLINE bool operator==(Fixed a, Fixed b) { return a.bits == b.bits; }
NEUROSIM_INLINE bool operator!=(Fixed a, Fixed b) { return a.bits != b.bits; }

NEUROSIM_INLINE Fixed abs(Fixed x) { return x.bits < 0 ? -x : x; }
NEUROSIM_INLINE Fixed floor(Fixed x) { return Fixed::of(x.bits & ~0x7fff); }
NEUROSIM_INLINE Fixed ceil(Fixed x) { return -floor(-x); }
NEUROSIM_INLINE Fixed sign(Fixed x) { return Fixed::of((x.bits > 0 ? 1 << 15 : 0) - (x.bits < 0 ? 1 << 15 : 0)); }
NEUROSIM_INLINE Fixed as_int(Fixed x) { return x.bits < 0 ? ceil(x) : floor(x); }

// Rounded down; what is larger than any number becomes the largest.
NEUROSIM_INLINE Fixed exp(Fixed x) {
    constexpr int32_t largest = 363408, smallest = -340695;
    const double value = floor(exp(x.bits * 0x1p-15) * 0x1p15);
    const int32_t bits = static_cast<int32_t>(value < 0x1.fffffffcp30 ? value : 0x1.fffffffcp30);
    return Fixed::of(x.bits > largest ? INT32_MAX : x.bits < smallest ? 0 : bits);
}

}  // namespace neurosim

// Sums of doubles that do not depend on their order: of a source's synapses, which lie on all
// threads and ranks.
#pragma once
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

namespace neurosim {

// A fixed-point number of 256 bits in units of 2^-160. Doubles below 2^62 in magnitude are added
// without rounding as far as they are multiples of 2^-160 (the rest of smaller ones is cut off).
class WideSum {
  public:
    void add(double value) {
        uint64_t bits;
        std::memcpy(&bits, &value, sizeof bits);
        const int exponent = static_cast<int>(bits >> 52 & 0x7ff);
        uint64_t digits = (bits & ((uint64_t(1) << 52) - 1)) | uint64_t(exponent > 0) << 52;
        int shift = (exponent > 0 ? exponent : 1) - 1075 + 160;
        if (exponent >= 1023 + 62) {      // too large, or not a number
            unbounded_ = 1;
            return;
        }
        if (shift < 0) {
            digits = shift > -64 ? digits >> -shift : 0;
            shift = 0;
        }
        const int word = shift / 64, bit = shift % 64;  // at most word 2
        const uint64_t low = digits << bit, high = bit ? digits >> (64 - bit) : 0;
        if (bits >> 63)
            take_off(word, low, high);
        else
            put_on(word, low, high);
    }
    void add(const WideSum& other) {
        unbounded_ |= other.unbounded_;
        include(other.total_);
    }
    // The sum, rounded once to nearest, ties to even; NaN if a value was too large or not a number.
    double value() const {
        if (unbounded_) return std::numeric_limits<double>::quiet_NaN();
        const bool below = total_.w[n_words - 1] >> 63;
        const Words size = below ? negative(total_) : total_;
        int top = 64 * n_words - 1;
        while (top >= 0 && !(size.w[top / 64] >> (top % 64) & 1)) --top;
        if (top < 0) return 0.0;
        uint64_t digits = 0;              // the 64 bits from `top` down
        const int low = top - 63;
        for (int i = 0; i < 64; ++i)
            if (const int at = low + i; at >= 0) digits |= (size.w[at / 64] >> (at % 64) & 1) << i;
        for (int at = 0; at < low; ++at) digits |= size.w[at / 64] >> (at % 64) & 1;  // sticky
        const double magnitude = std::ldexp(static_cast<double>(digits), low - 160);
        return below ? -magnitude : magnitude;
    }

  private:
    static constexpr int n_words = 4;
    struct Words {
        uint64_t w[n_words];
    };
    static Words negative(const Words& x) {
        Words out{};
        uint64_t carry = 1;
        for (int i = 0; i < n_words; ++i) {
            out.w[i] = ~x.w[i] + carry;
            carry = carry && out.w[i] == 0;
        }
        return out;
    }
    void put_on(int word, uint64_t low, uint64_t high) {
        uint64_t carry = __builtin_add_overflow(total_.w[word], low, &total_.w[word]);
        const uint64_t more = __builtin_add_overflow(total_.w[word + 1], carry, &total_.w[word + 1]);
        carry = more | __builtin_add_overflow(total_.w[word + 1], high, &total_.w[word + 1]);
        for (int i = word + 2; carry && i < n_words; ++i) carry = ++total_.w[i] == 0;
    }
    void take_off(int word, uint64_t low, uint64_t high) {
        uint64_t borrow = __builtin_sub_overflow(total_.w[word], low, &total_.w[word]);
        const uint64_t more = __builtin_sub_overflow(total_.w[word + 1], borrow, &total_.w[word + 1]);
        borrow = more | __builtin_sub_overflow(total_.w[word + 1], high, &total_.w[word + 1]);
        for (int i = word + 2; borrow && i < n_words; ++i) borrow = total_.w[i]-- == 0;
    }
    void include(const Words& x) {
        uint64_t carry = 0;
        for (int i = 0; i < n_words; ++i) {
            const uint64_t sum = total_.w[i] + x.w[i], with_carry = sum + carry;
            carry = (sum < x.w[i]) | (with_carry < sum);
            total_.w[i] = with_carry;
        }
    }

    Words total_{};
    uint64_t unbounded_ = 0;
};

}  // namespace neurosim

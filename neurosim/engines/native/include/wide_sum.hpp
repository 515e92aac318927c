// Sums of doubles that do not depend on their order: of a source's synapses, which lie on all
// threads and ranks.
#pragma once
#include <cmath>
#include <cstdint>
#include <limits>

namespace neurosim {

// A fixed-point number of 256 bits in units of 2^-160. Doubles below 2^62 in magnitude are added
// without rounding as far as they are multiples of 2^-160 (the rest of smaller ones is cut off).
class WideSum {
  public:
    void add(double value) {
        if (value == 0) return;
        if (!(std::fabs(value) < 0x1p62)) {
            unbounded_ = 1;
            return;
        }
        int exponent = 0;
        const double mantissa = std::frexp(std::fabs(value), &exponent);
        auto digits = static_cast<uint64_t>(std::ldexp(mantissa, 53));
        int shift = exponent - 53 + 160;
        if (shift < 0) {
            digits = shift > -64 ? digits >> -shift : 0;
            shift = 0;
        }
        Words part{};
        const int word = shift / 64, bit = shift % 64;
        part.w[word] = digits << bit;
        if (bit && word + 1 < n_words) part.w[word + 1] = digits >> (64 - bit);
        value < 0 ? include(negative(part)) : include(part);
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

// What one thread samples for one state recorder: values of its own neurons, or their exact sum. A
// recorder lists the neurons of the rank.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstring>
#include <vector>

#include "population.hpp"

namespace neurosim {

// The sum of any doubles below 2^26 in magnitude, each rounded to 2^-90, whatever their order: the
// sums of the threads add up to the same bits for any number of threads. A value is split into
// multiples of 2^-16, 2^-63 and 2^-90; 64 parts of one kind add up without rounding in a double,
// and those sums are added as integers. (128-bit integers: an extension of GCC and Clang.)
class ExactSum {
  public:
    static constexpr int64_t values_per_block = 64;

    // Add up to 64 values.
    template <class T>
    void add(const T* values, const int32_t* which, int64_t n) {
        double high = 0, middle = 0, low = 0, largest = 0;
        for (int64_t i = 0; i < n; ++i) {
            const double value = static_cast<double>(values[which[i]]);
            const double first = round_to(value, 0x1.8p36);  // 1.5 * 2^52 * 2^-16
            const double second = round_to(value - first, 0x1.8p-11);
            high += first;
            middle += second;
            low += round_to(value - first - second, 0x1.8p-38);
            largest = std::fabs(value) <= largest ? largest : std::fabs(value);  // NaN is kept
        }
        unbounded_ = unbounded_ || !(largest < 0x1p26);
        if (!unbounded_) include(integer(high) + integer(middle) + integer(low));
    }
    void add(const ExactSum& other) {
        unbounded_ = unbounded_ || other.unbounded_;
        if (!unbounded_) include(other.total_);
    }
    // The sum, rounded once; NaN if a value was beyond the range or not a number.
    double value() const { return unbounded_ ? std::nan("") : std::ldexp(static_cast<double>(total_), -90); }
    // The low 63 bits, those above, and whether a value was beyond the range or not a number (see
    // neurosim/parallel/exact_sums.py); then the sum as a double.
    static constexpr int64_t n_words = 4;
    void put(int64_t* words) const {
        words[0] = static_cast<int64_t>(static_cast<uint64_t>(total_) & ~(uint64_t(1) << 63));
        words[1] = static_cast<int64_t>(total_ >> 63);
        words[2] = unbounded_;
        const double rounded = value();
        std::memcpy(words + 3, &rounded, sizeof rounded);
    }

  private:
    using Wide = __int128;
    static double round_to(double value, double shift) { return (value + shift) - shift; }
    void include(Wide part) {
        constexpr Wide most = static_cast<Wide>(1) << 125;
        total_ += part;
        unbounded_ = total_ > most || total_ < -most;
    }
    // A double that is a multiple of 2^-90 below 2^36, times 2^90.
    static Wide integer(double value) {
        int exponent = 0;
        const double mantissa = std::frexp(value, &exponent);
        const auto digits = static_cast<Wide>(static_cast<int64_t>(std::ldexp(mantissa, 53)));
        const int shift = exponent - 53 + 90;
        return shift >= 0 ? digits * (static_cast<Wide>(1) << shift) : digits >> -shift;
    }

    Wide total_ = 0;
    bool unbounded_ = false;
};

class Sampler {
  public:
    Sampler(const RecorderSpec& spec, const LocalPopulation& own) : spec_(&spec), values_(&own.arrays[spec.array]) {
        for (int64_t i = 0; i < spec.n_ids; ++i)
            if (spec.ids[i] % own.n_workers == own.worker) {
                columns_.push_back(static_cast<int32_t>(i));
                which_.push_back(static_cast<int32_t>(spec.ids[i] / own.n_workers));
            }
        step_ = own.n_workers / own.n_ranks;
        for (size_t i = 1; i < which_.size(); ++i)
            even_ = even_ && which_[i] == which_[i - 1] + 1 && columns_[i] - columns_[i - 1] == step_;
    }

    // Samples of the steps before `step`.
    static int64_t before(const RecorderSpec& spec, int64_t step) {
        const int64_t reached = std::min(std::max(step, spec.start), spec.stop) - spec.start;
        return reached > 0 ? (reached + spec.every - 1) / spec.every : 0;
    }

    void begin(int64_t step) {
        first_ = before(*spec_, step);
        sums_.clear();
    }

    // Sample at the start of `step`, into a matrix (n_samples, n_ids) that starts with the chunk.
    void take(int64_t step, double* matrix) {
        if (step < spec_->start || step >= spec_->stop || (step - spec_->start) % spec_->every) return;
        const real* values = *values_;
        const int64_t n = static_cast<int64_t>(which_.size());
        if (spec_->sum) {
            ExactSum sum;
            for (int64_t i = 0; i < n; i += ExactSum::values_per_block)
                sum.add(values, which_.data() + i, std::min(ExactSum::values_per_block, n - i));
            sums_.push_back(sum);
            return;
        }
        double* out = matrix + (before(*spec_, step) - first_) * spec_->n_ids;
        if (even_ && n) {  // a stretch of the population: no need to look up where each one is
            values += which_[0];
            out += columns_[0];
            if (step_ == 1)
                for (int64_t i = 0; i < n; ++i) out[i] = static_cast<double>(values[i]);
            else
                for (int64_t i = 0; i < n; ++i) out[i * step_] = static_cast<double>(values[i]);
            return;
        }
        for (int64_t i = 0; i < n; ++i) out[columns_[i]] = static_cast<double>(values[which_[i]]);
    }

    const RecorderSpec& spec() const { return *spec_; }
    const std::vector<ExactSum>& sums() const { return sums_; }  // of this chunk

  private:
    const RecorderSpec* spec_;
    real* const* values_;
    std::vector<int32_t> columns_, which_;  // of the recorded neurons that are this thread's
    bool even_ = true;
    int64_t step_ = 1;
    std::vector<ExactSum> sums_;
    int64_t first_ = 0;
};

}  // namespace neurosim

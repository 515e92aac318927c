// Inputs of one thread's neurons: injected currents, Poisson counts of a changing mean, operations.
#pragma once
#include <algorithm>
#include <memory>
#include <vector>

#include "input_types.hpp"
#include "noise.hpp"
#include "poisson.hpp"

namespace neurosim {

// The waves of the stretch of steps at hand.
struct Waves {
    const WaveRows* waves = nullptr;
    int64_t first_step = 0;

    // Values of a step, or null where they are all zero.
    const double* at(int64_t wave, int64_t step) const {
        const WaveRows& rows = waves[wave];
        const int64_t row = rows.row_of_step[step - first_step];
        return row < 0 ? nullptr : rows.rows + row * rows.width;
    }
    int64_t width(int64_t wave) const { return waves[wave].width; }
};

class Current {
  public:
    Current(const CurrentSpec& spec, LocalPopulation& own)
        : spec_(spec), own_(own), neurons_(own, spec.start, spec.size, spec.members) {
        if (spec.wave < 0) values_.assign(own.count, 0.0);
        rebase();
    }

    const CurrentSpec& spec() const { return spec_; }

    // Take the values at hand as the base of the variable.
    void rebase() {
        if (spec_.first_of_array) base_.assign(array(), array() + own_.count);
    }

    void apply(const Waves& waves, int64_t step) {
        real* const out = array();
        if (spec_.first_of_array) std::copy(base_.begin(), base_.end(), out);
        if (spec_.wave < 0) {
            add_noise(step, out);
            return;
        }
        const double* const row = waves.at(spec_.wave, step);
        if (!row) return;
        const int64_t stride = waves.width(spec_.wave) == 1 ? 0 : 1;
        neurons_.each(own_, [&](int64_t k, int64_t column) {
            out[k] = static_cast<real>(static_cast<double>(out[k]) + row[stride * column]);
        });
    }

  private:
    friend class WorkerState;
    real* array() const { return own_.arrays[spec_.array]; }

    void add_noise(int64_t step, real* out) {
        if (step % spec_.every == 0) draw(step);
        if (step < spec_.first_step || step >= spec_.stop_step) return;
        neurons_.each(own_, [&](int64_t k, int64_t) {
            out[k] = static_cast<real>(static_cast<double>(out[k]) + values_[k]);
        });
    }

    void draw(int64_t step) {
        const auto site = static_cast<uint32_t>(spec_.site);
        const bool goes_on = spec_.process && step > 0;
        const auto advance = [&](int64_t k, double z) {
            values_[k] = goes_on ? (spec_.mean + spec_.rho * (values_[k] - spec_.mean)) + spec_.sigma * z
                                 : spec_.mean + spec_.sd * z;
        };
        if (neurons_.listed) {
            for (const int32_t k : neurons_.chosen) advance(k, ndtri(noise_detail::uniform_one(own_, k, step, site)));
            return;
        }
        alignas(64) double u[block_size], z[block_size];
        neurons_.each_block([&](int64_t first, int64_t begin, int64_t end) {
            noise_detail::uniform_block(own_, first, step, site, u);
            for (int lane = 0; lane < block_size; ++lane) z[lane] = ndtri(u[lane]);
            for (int64_t k = begin; k < end; ++k) advance(k, z[k - first]);
        });
    }

    const CurrentSpec& spec_;
    LocalPopulation& own_;
    Selection neurons_;
    std::vector<real> base_;
    std::vector<double> values_;
};

// A Poisson input whose mean count changes from step to step. The count is the number of k with
// 2^32 P(count <= k) < word + 1; the twin of poisson_counts in engines/reference/inputs.py.
class ChangingPoisson {
  public:
    ChangingPoisson(const PoissonSpec& spec, LocalPopulation& own, uint64_t seed) : spec_(spec), own_(own) {
        k0_ = static_cast<uint32_t>(seed);
        k1_ = static_cast<uint32_t>(seed >> 32);
        begin_ = own.own_below(spec.post_start);
        end_ = own.own_below(spec.post_start + spec.post_size);
        places_before_ = own.places_below(spec.post_start);
        words_.assign(4 * static_cast<size_t>(own.padded), 0);
    }

    void fill(const Waves& waves, int64_t step) {
        if (step % 4 == 0) draw(step / 4);
        Count* const out = own_.counts[spec_.slot] + step % 4 * own_.padded;
        std::fill(out, out + own_.padded, Count(0));
        const double* const means = waves.at(spec_.wave, step);
        if (!means) return;
        const uint32_t* const words = words_.data() + step % 4 * own_.padded;
        if (waves.width(spec_.wave) == 1) {
            tabulate(means[0]);
            count_all(words, out);
            return;
        }
        for (int64_t k = begin_; k < end_; ++k)
            if (const int64_t column = column_of(k); column >= 0) out[k] = count(means[column], words[k]);
    }

  private:
    friend class WorkerState;
    void draw(int64_t quad) {
        for (int64_t k = begin_ / poisson_lanes * poisson_lanes; k < end_; k += poisson_lanes) {
            alignas(64) uint32_t c0[poisson_lanes], c1[poisson_lanes], words[4][poisson_lanes];
            for (int lane = 0; lane < poisson_lanes; ++lane) {
                c0[lane] = static_cast<uint32_t>(quad);
                c1[lane] = static_cast<uint32_t>(own_.id(k) + lane * own_.n_workers);
            }
            philox4x32_lanes<poisson_lanes>(c0, c1, static_cast<uint32_t>(spec_.index), purpose_poisson, k0_, k1_,
                                            words[0], words[1], words[2], words[3]);
            for (int step = 0; step < 4; ++step)
                std::copy(words[step], words[step] + poisson_lanes, words_.data() + step * own_.padded + k);
        }
    }

    static Count count(double mean, uint32_t word) {
        const double limit = static_cast<double>(word) + 1.0;
        double mass = neurosim::exp(-mean), below = mass;
        int64_t k = 0;
        while (below * 0x1p32 < limit) {
            ++k;
            mass *= mean / static_cast<double>(k);
            const double following = below + mass;
            if (following == below) break;
            below = following;
        }
        return static_cast<Count>(k);
    }

    // Which column a neuron has; -1 if it is none of those that are driven.
    int64_t column_of(int64_t k) const {
        const int64_t position = own_.place(k) - places_before_;
        return spec_.table ? spec_.table[position] : position;
    }

    // The same for a mean that all neurons share: the smallest word of each count, as far as
    // P(count <= k) grows.
    void tabulate(double mean) {
        if (mean == tabulated_) return;
        tabulated_ = mean;
        table_.clear();
        double mass = neurosim::exp(-mean), below = mass;
        for (int64_t k = 1; below < 1.0; ++k) {
            table_.push_back(static_cast<uint32_t>(below * 0x1p32));
            mass *= mean / static_cast<double>(k);
            const double following = below + mass;
            if (following == below) break;
            below = following;
        }
    }

    void count_all(const uint32_t* words, Count* out) const {
        for (int64_t first = begin_ / poisson_lanes * poisson_lanes; first < end_; first += poisson_lanes) {
            alignas(64) uint32_t counts[poisson_lanes] = {};
            for (const uint32_t threshold : table_)
                for (int lane = 0; lane < poisson_lanes; ++lane) counts[lane] += words[first + lane] >= threshold;
            for (int64_t k = std::max(first, begin_); k < std::min(first + poisson_lanes, end_); ++k)
                if (!spec_.table || column_of(k) >= 0) out[k] = static_cast<Count>(counts[k - first]);
        }
    }

    const PoissonSpec& spec_;
    LocalPopulation& own_;
    uint32_t k0_, k1_;
    int64_t begin_, end_, places_before_;
    std::vector<uint32_t> words_;
    double tabulated_ = -1.0;
    std::vector<uint32_t> table_;
};

class Inputs {
  public:
    Inputs(const NetworkSpec& spec, std::vector<LocalPopulation>& populations)
        : spec_(spec.inputs), populations_(populations) {
        if constexpr (changing_inputs)
            for (int32_t i = 0; spec_ && i < spec_->n_currents; ++i)
                currents_.emplace_back(spec_->currents[i], populations[spec_->currents[i].population]);
        for (int32_t i = 0; spec_ && i < spec_->n_operations; ++i) {
            const OperationSpec& operation = spec_->operations[i];
            selections_.emplace_back(populations[operation.population], operation.start, operation.size,
                                     operation.members);
        }
        if constexpr (changing_inputs)
            for (int32_t i = 0; i < spec.n_poisson; ++i)
                if (spec.poisson[i].wave >= 0)
                    poisson_.emplace_back(spec.poisson[i], populations[spec.poisson[i].population], spec.seed);
    }

    Waves waves;

    bool any() const { return !currents_.empty() || !selections_.empty(); }

    void inject(int64_t step) {
        if constexpr (changing_inputs)
            for (Current& current : currents_) current.apply(waves, step);
    }

    void fill_poisson(int64_t step) {
        if constexpr (changing_inputs)
            for (ChangingPoisson& input : poisson_) input.fill(waves, step);
    }

    void operate(bool at_end, const StepInfo& now) {
        for (size_t i = 0; i < selections_.size(); ++i) {
            const OperationSpec& operation = spec_->operations[i];
            if (bool(operation.at_end) == at_end && now.step >= operation.first_step &&
                (now.step - operation.first_step) % operation.every == 0)
                spec_->kernels[i](populations_[operation.population], now, selections_[i]);
        }
    }

    // A variable was written from outside.
    void written(int32_t population, int32_t array) {
        if constexpr (changing_inputs)
            for (Current& current : currents_)
                if (current.spec().population == population && current.spec().array == array) current.rebase();
    }

  private:
    friend class WorkerState;
    const InputsSpec* spec_;
    std::vector<LocalPopulation>& populations_;
    std::vector<Current> currents_;
    std::vector<ChangingPoisson> poisson_;
    std::vector<Selection> selections_;
};

}  // namespace neurosim

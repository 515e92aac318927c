// Variables of the other ranks' neurons, for synapses that read their source.
//
// Each variable that is read has a block per rank: the values of the rank's threads, one thread
// after the other. A population of another rank's worker is a LocalPopulation whose arrays point
// into the block that arrived.
#pragma once
#include <algorithm>
#include <numeric>
#include <vector>

#include "general_types.hpp"
#include "messenger.hpp"

namespace neurosim {

class Mirror {
  public:
    explicit Mirror(const NetworkSpec& spec) : spec_(spec), messenger_(*spec.messenger, spec.n_ranks) {
        all_.resize(static_cast<size_t>(spec.n_reads));
        std::iota(all_.begin(), all_.end(), 0);
        populations_.resize(static_cast<size_t>(spec.n_populations));
        for (int32_t i = 0; i < spec.n_reads; ++i) add(spec.reads[i]);
    }
    Mirror(const Mirror&) = delete;

    // Whether a network needs one.
    static bool needed(const NetworkSpec& spec) { return spec.messenger && spec.n_reads > 0; }

    const std::vector<int32_t>& all() const { return all_; }
    int64_t bytes_sent() const { return messenger_.bytes_sent(); }

    // What stands for a population of another rank's worker.
    const LocalPopulation* of(int32_t population, int32_t worker) const { return &populations_[population][worker]; }

    // Put a thread's values of a read into the block that is sent.
    void put(int32_t read, const std::vector<LocalPopulation>& own, int32_t thread) {
        const ReadSpec& place = spec_.reads[read];
        const LocalPopulation& population = own[place.population];
        std::copy_n(population.arrays[place.array], population.count,
                    sent_[read].data() + before(place.population, spec_.rank, thread));
    }

    // Get the blocks of all ranks; one thread does so while the others wait.
    void exchange(const int32_t* reads, int32_t n_reads) {
        for (int32_t i = 0; i < n_reads; ++i) {
            std::vector<real>& own = sent_[reads[i]];
            messenger_.gather(own.data(), static_cast<int64_t>(own.size() * sizeof(real)), received_[reads[i]].data());
        }
    }

    int64_t bytes() const {
        int64_t n = 0;
        for (const auto& block : sent_) n += static_cast<int64_t>(block.size() * sizeof(real)) * (spec_.n_ranks + 1);
        return n;
    }

  private:
    // Neurons of a population that worker `worker` of all ranks owns.
    int64_t owned(int32_t population, int32_t worker) const {
        const int64_t size = spec_.populations[population].size, n = spec_.n_workers();
        return size > worker ? (size - worker + n - 1) / n : 0;
    }
    // Where a thread's values start in the block of its rank.
    int64_t before(int32_t population, int32_t rank, int32_t thread) const {
        int64_t n = 0;
        for (int32_t t = 0; t < thread; ++t) n += owned(population, rank + spec_.n_ranks * t);
        return n;
    }

    void add(const ReadSpec& read) {
        const int64_t size = spec_.populations[read.population].size;
        const int64_t block = (size + spec_.n_ranks - 1) / spec_.n_ranks;  // rank 0 has the most
        sent_.emplace_back(static_cast<size_t>(block), real(0));
        received_.emplace_back(static_cast<size_t>(block * spec_.n_ranks), real(0));
        auto& workers = populations_[read.population];
        workers.resize(static_cast<size_t>(spec_.n_workers()));
        for (int32_t worker = 0; worker < spec_.n_workers(); ++worker) {
            const int32_t rank = worker % spec_.n_ranks;
            auto& arrays = workers[worker].arrays;
            arrays.resize(static_cast<size_t>(spec_.populations[read.population].n_arrays), nullptr);
            arrays[read.array] = received_.back().data() + block * rank + before(read.population, rank, worker / spec_.n_ranks);
        }
    }

    const NetworkSpec& spec_;
    Messenger messenger_;
    std::vector<int32_t> all_;                                // the reads, 0, 1, ...
    std::vector<std::vector<real>> sent_, received_;          // by read; all ranks' blocks
    std::vector<std::vector<LocalPopulation>> populations_;   // by population, then worker
};

}  // namespace neurosim

// Variables of the other ranks' neurons, for synapses that read their source.
//
// Each variable has a block for each rank. Where few of a population's neurons are read by others,
// a rank is sent only those that it asked for, once after building; else all of a rank's neurons.
// What arrived is one array per variable, and a neuron's place in it is looked up.
#pragma once
#include <algorithm>
#include <cstring>
#include <vector>

#include "general_types.hpp"
#include "messenger.hpp"
#include "source_rows.hpp"
#include "stopwatch.hpp"

namespace neurosim {

class Mirror {
  public:
    explicit Mirror(const NetworkSpec& spec) : spec_(spec), messenger_(*spec.messenger, spec.n_ranks) {
        mirrored_.resize(static_cast<size_t>(spec.n_populations));
        for (int32_t i = 0; i < spec.n_reads; ++i) {
            all_.push_back(i);
            Mirrored& population = mirrored_[spec.reads[i].population];
            population.stand_in.arrays.resize(spec.populations[spec.reads[i].population].n_arrays, nullptr);
            population.read = true;
        }
        sent_.resize(static_cast<size_t>(spec.n_reads));
        received_.resize(static_cast<size_t>(spec.n_reads));
    }
    Mirror(const Mirror&) = delete;

    // Whether a network needs one.
    static bool needed(const NetworkSpec& spec) { return spec.messenger && spec.n_reads > 0; }

    // Ask the others for what synapses here read. `each_source(population, visit)` calls
    // `visit(index)` for the sources that synapses of this rank read. All ranks do this together.
    template <class EachSource>
    void ask(EachSource&& each_source) {
        for (int32_t p = 0; p < spec_.n_populations; ++p) {
            if (!mirrored_[p].read) continue;
            SourceRows& wanted = mirrored_[p].wanted;
            wanted.clear(spec_.populations[p].size);
            each_source(p, [&](int64_t index) {
                if (index % spec_.n_ranks != spec_.rank) wanted.mark(static_cast<uint32_t>(index));
            });
            wanted.finish();
            agree(p);
        }
        for (int32_t i = 0; i < spec_.n_reads; ++i) {
            Mirrored& population = mirrored_[spec_.reads[i].population];
            const auto everyone = static_cast<size_t>(population.block * spec_.n_ranks);
            sent_[i].assign(population.targeted ? everyone : static_cast<size_t>(population.block), real(0));
            received_[i].assign(everyone, real(0));
            population.stand_in.arrays[spec_.reads[i].array] = received_[i].data();
        }
    }

    // What holds the other ranks' neurons of a population, and where in its arrays one is.
    const LocalPopulation* stand_in(int32_t population) const { return &mirrored_[population].stand_in; }
    int64_t place(int32_t population, uint32_t index) const {
        const Mirrored& from = mirrored_[population];
        if (from.targeted) return from.places[static_cast<size_t>(from.wanted.row(index))];
        return index % spec_.n_ranks * from.block + index / spec_.n_ranks;
    }

    const std::vector<int32_t>& all() const { return all_; }

    // Put a thread's values of a read into the block that is sent.
    void put(int32_t read, const std::vector<LocalPopulation>& own, int32_t thread) {
        const ReadSpec& what = spec_.reads[read];
        const LocalPopulation& population = own[what.population];
        const real* const values = population.arrays[what.array];
        const Mirrored& to = mirrored_[what.population];
        real* const out = sent_[read].data();
        if (to.targeted)
            for (const Pick& pick : to.picks[thread]) out[pick.at] = values[pick.local];
        else
            for (int64_t k = 0; k < population.count; ++k) out[population.place(k)] = values[k];
    }

    // Get the blocks of all ranks; one thread does so while the others wait.
    void exchange(const int32_t* reads, int32_t n_reads) {
        Stopwatch watch;
        for (int32_t i = 0; i < n_reads; ++i) {
            const Mirrored& population = mirrored_[spec_.reads[reads[i]].population];
            const auto bytes = population.block * static_cast<int64_t>(sizeof(real));
            if (population.targeted)
                all_to_all(sent_[reads[i]].data(), bytes, received_[reads[i]].data());
            else
                messenger_.gather(sent_[reads[i]].data(), bytes, received_[reads[i]].data());
        }
        spent_ += watch.lap();
    }

    int64_t bytes_sent() const { return messenger_.bytes_sent(); }
    double seconds() const { return spent_; }
    int64_t bytes() const {
        int64_t n = 0;
        for (const auto& block : sent_) n += static_cast<int64_t>(block.size() * sizeof(real));
        for (const auto& block : received_) n += static_cast<int64_t>(block.size() * sizeof(real));
        for (const Mirrored& population : mirrored_) {
            n += population.wanted.bytes() + static_cast<int64_t>(population.places.size() * sizeof(uint32_t));
            for (const auto& picks : population.picks) n += static_cast<int64_t>(picks.size() * sizeof(Pick));
        }
        return n;
    }

  private:
    struct Pick {                        // a thread's neuron that some rank asked for
        uint32_t at, local;
    };
    struct Mirrored {
        bool read = false, targeted = false;
        int64_t block = 0;               // values per rank
        SourceRows wanted;               // of other ranks' neurons
        std::vector<uint32_t> places;    // of those, in what arrives
        std::vector<std::vector<Pick>> picks;  // by thread
        LocalPopulation stand_in;
    };

    // Agree on who sends what: each rank tells each how many and which of its neurons it wants.
    void agree(int32_t p) {
        Mirrored& population = mirrored_[p];
        std::vector<std::vector<uint32_t>> lists(static_cast<size_t>(spec_.n_ranks));
        population.wanted.each([&](uint32_t index) { lists[index % spec_.n_ranks].push_back(index / spec_.n_ranks); });
        int64_t most = 0;
        for (const auto& list : lists) most = std::max(most, static_cast<int64_t>(list.size()));
        std::vector<int64_t> of_all(static_cast<size_t>(spec_.n_ranks), 0);
        messenger_.gather(&most, sizeof most, of_all.data());
        most = *std::max_element(of_all.begin(), of_all.end());
        const int64_t owned = (spec_.populations[p].size + spec_.n_ranks - 1) / spec_.n_ranks;  // rank 0 has the most
        population.targeted = 2 * most <= owned;
        population.block = population.targeted ? most : owned;
        if (!population.targeted) {
            population.wanted = SourceRows();
            return;
        }
        const int64_t words = 1 + most;
        std::vector<uint32_t> asked(static_cast<size_t>(words * spec_.n_ranks), 0), answers(asked.size(), 0);
        for (int32_t r = 0; r < spec_.n_ranks; ++r) {
            asked[r * words] = static_cast<uint32_t>(lists[r].size());
            std::copy(lists[r].begin(), lists[r].end(), asked.begin() + r * words + 1);
        }
        all_to_all(asked.data(), words * static_cast<int64_t>(sizeof(uint32_t)), answers.data());
        pick(population, p, answers, words);
        std::vector<uint32_t> next(static_cast<size_t>(spec_.n_ranks), 0);
        population.places.clear();
        population.wanted.each([&](uint32_t index) {
            const uint32_t rank = index % spec_.n_ranks;
            population.places.push_back(static_cast<uint32_t>(rank * most) + next[rank]++);
        });
    }

    // Sort what all ranks want of this one by the thread that has it.
    void pick(Mirrored& population, int32_t p, const std::vector<uint32_t>& wanted, int64_t words) {
        const int64_t size = spec_.populations[p].size;
        population.picks.assign(static_cast<size_t>(spec_.n_threads), {});
        for (int32_t r = 0; r < spec_.n_ranks; ++r)
            for (uint32_t i = 0; i < wanted[r * words]; ++i) {
                const uint32_t place = wanted[r * words + 1 + i];
                if (spec_.rank + int64_t(place) * spec_.n_ranks >= size) continue;  // ranks that are pretended
                population.picks[place % spec_.n_threads].push_back(
                    {static_cast<uint32_t>(r * (words - 1) + i), place / static_cast<uint32_t>(spec_.n_threads)});
            }
    }

    void all_to_all(const void* own, int64_t bytes, void* received) {
        if (messenger_.real()) {
            messenger_.start_all_to_all(own, bytes, received);
            messenger_.wait();
        } else {
            std::memcpy(received, own, static_cast<size_t>(bytes * spec_.n_ranks));
        }
    }

    const NetworkSpec& spec_;
    Messenger messenger_;
    double spent_ = 0;
    std::vector<int32_t> all_;                        // the reads, 0, 1, ...
    std::vector<std::vector<real>> sent_, received_;  // by read
    std::vector<Mirrored> mirrored_;                  // by population
};

}  // namespace neurosim

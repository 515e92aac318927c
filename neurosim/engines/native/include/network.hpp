// The whole network: a team of workers, one per thread.
#pragma once
#include <exception>
#include <thread>
#include <utility>

#include "step_loop.hpp"

namespace neurosim {

class Network {
  public:
    explicit Network(const NetworkSpec& spec) : spec_(spec) {
        if (spec.messenger) exchange_ = std::make_unique<Exchange>(spec_, *spec.messenger);
        for (int32_t t = 0; t < spec.n_threads; ++t) team_.push_back(std::make_unique<Worker>(spec_, t, rows));
        for (auto& worker : team_) worker->join(exchange_.get());
        if (Mirror::needed(spec_)) mirror_ = std::make_unique<Mirror>(spec_);
        for (auto& worker : team_) worker->see(team_, mirror_.get());
    }

    void build() {
        together([](Worker& worker) { worker.build(); });
        give_back_memory();
        if (on_machine && spec_.machine && spec_.machine->cores.n_queues) {
            rows.assign(static_cast<size_t>(spec_.n_ids * spec_.machine->cores.n_slices), 0);
            for (const auto& worker : team_) worker->count_rows(rows);
        }
        meet_ranks();
    }

    // Have other synapses in a projection with a synapse model, of those that the list holds.
    void replace(int32_t general, const SynapseList& list) {
        together([&](Worker& worker) { worker.replace(general, list); });
    }

    // Tell the other ranks what synapses need of them, which may have changed, and go on at `step`
    // after the spikes (ascending by step, id) of all ranks that may still act.
    void reconnect(int64_t step, int64_t n, const int64_t* steps, const int64_t* ids) {
        meet_ranks();
        std::vector<Spike> spikes;
        for (int64_t i = 0; i < n; ++i) spikes.push_back({steps[i], ids[i]});
        if (exchange_) exchange_->go_on_at(step, spikes);
    }

    // Go on at `step` after the spikes (ascending by step, id) that may still act.
    void recall(int64_t step, int64_t n, const int64_t* steps, const int64_t* ids) {
        step_ = step;
        std::vector<Spike> spikes;
        for (int64_t i = 0; i < n; ++i) spikes.push_back({steps[i], ids[i]});
        together([&](Worker& worker) { worker.recall(step, spikes); });
        if (exchange_) exchange_->go_on_at(step, spikes);
    }

    // The same of a channel's events, after recall().
    void recall_event(int64_t step, const Spike& event, int32_t channel) {
        if (exchange_) exchange_->recall(step, event, 1 + channel);
    }

    void advance(int64_t n_steps, double* const* samples, ChunkResult& result) {
        const int64_t begin = step_, end = step_ + n_steps;
        std::vector<double*> buffers(samples, samples + spec_.n_recorders);
        std::atomic<int64_t> stop{Progress::never};
        for (auto& worker : team_) worker->prepare(begin);
        together([&](Worker& worker) { worker.run(team_, begin, end, buffers, stop); });
        step_ = std::min(end, stop.load());
        merge_spikes(begin);
        merge_sums(buffers);
        report(begin, result);
    }

    // On a machine: number of synapses of each source onto each core's neurons.
    std::vector<uint16_t> rows;

    int64_t exchange_bytes() const { return exchange_ ? exchange_->bytes() : 0; }
    const Worker& worker(int32_t thread) const { return *team_[thread]; }
    Worker& worker(int32_t thread) { return *team_[thread]; }
    const NetworkSpec& spec() const { return spec_; }

  private:
    // Let ranks agree on whose spikes, and whose variables, are needed where.
    void meet_ranks() {
        if (!exchange_) return;
        Bits needed(static_cast<size_t>(spec_.n_ids / 64 + 1), 0);
        for (const auto& worker : team_) worker->mark_sources(needed);
        exchange_->ask(std::move(needed));
        if (!mirror_) return;
        mirror_->ask([&](int32_t population, auto&& visit) {
            for (auto& worker : team_) worker->generals->each_read(population, visit);
        });
        together([](Worker& worker) { worker.generals->connect(); });
    }

    // Run `work` for every worker in its own thread; the first exception is passed on.
    template <class Work>
    void together(Work&& work) {
        std::vector<std::exception_ptr> errors(team_.size());
        const auto guarded_work = [&](size_t i) {
            try {
                work(*team_[i]);
            } catch (...) {
                errors[i] = std::current_exception();
                team_[i]->give_up();
            }
        };
        std::vector<std::thread> threads;
        for (size_t i = 1; i < team_.size(); ++i) threads.emplace_back(guarded_work, i);
        guarded_work(0);
        for (auto& thread : threads) thread.join();
        for (auto& error : errors)
            if (error) std::rethrow_exception(error);
    }

    // Sums that recorders asked for: the words of one for each sample, of all workers together.
    void merge_sums(const std::vector<double*>& buffers) const {
        for (int32_t r = 0; r < spec_.n_recorders; ++r) {
            if (!spec_.recorders[r].sum) continue;
            size_t n = team_[0]->samplers[r].sums().size();
            for (const auto& worker : team_) n = std::min(n, worker->samplers[r].sums().size());
            for (size_t i = 0; i < n; ++i) {
                ExactSum sum;
                for (const auto& worker : team_) sum.add(worker->samplers[r].sums()[i]);
                sum.put(reinterpret_cast<int64_t*>(buffers[r]) + i * ExactSum::n_words);
            }
        }
    }

    // Spikes of all workers up to the step reached, by step and id.
    void merge_spikes(int64_t begin) {
        steps_.clear();
        ids_.clear();
        std::vector<size_t> cursor(team_.size(), 0);
        for (int64_t step = begin; step < step_; ++step) {
            const size_t first = ids_.size();
            for (size_t w = 0; w < team_.size(); ++w) {
                const Worker& worker = *team_[w];
                for (size_t& c = cursor[w]; c < worker.spike_steps.size() && worker.spike_steps[c] == step; ++c)
                    ids_.push_back(worker.spike_ids[c]);
            }
            std::sort(ids_.begin() + first, ids_.end());
            steps_.resize(ids_.size(), step);
        }
    }

    void report(int64_t begin, ChunkResult& result) const {
        result = ChunkResult{};
        result.n_steps = step_ - begin;
        result.n_spikes = static_cast<int64_t>(ids_.size());
        result.spike_steps = steps_.data();
        result.spike_ids = ids_.data();
        result.failed_population = result.failed_array = -1;
        result.failed_neuron = result.failed_step = -1;
        if (exchange_) {
            result.exchange_s = exchange_->seconds() + (mirror_ ? mirror_->seconds() : 0.0);
            result.bytes_sent = exchange_->messenger().bytes_sent() + (mirror_ ? mirror_->bytes_sent() : 0);
            result.n_exchanges = exchange_->count();
            result.spikes_sent = exchange_->spikes_sent();
            result.spikes_received = exchange_->spikes_received();
            result.targeted = exchange_->targeted();
        }
        for (const auto& worker : team_) {
            const double share = 1.0 / static_cast<double>(team_.size());
            result.update_s += worker->update_s * share;
            result.deliver_s += worker->deliver_s * share;
            result.wait_s += worker->wait_s * share;
            result.record_s += worker->record_s * share;
            if (worker->failed_step != step_ || worker->failed_population < 0) continue;
            const bool earlier = result.failed_population < 0 ||
                                 std::pair(worker->failed_population, worker->failed_neuron) <
                                     std::pair(result.failed_population, result.failed_neuron);
            if (!earlier) continue;
            result.failed_population = worker->failed_population;
            result.failed_array = worker->failed_array;
            result.failed_neuron = worker->failed_neuron;
            result.failed_step = worker->failed_step;
        }
    }

    NetworkSpec spec_;
    std::unique_ptr<Exchange> exchange_;  // null where there are no other ranks
    Team team_;
    std::unique_ptr<Mirror> mirror_;
    int64_t step_ = 0;
    std::vector<int64_t> steps_, ids_;
};

}  // namespace neurosim

// Spikes of the other ranks, once per smallest delay.
//
// Steps are cut into intervals as long as the smallest delay. When an interval ends, the spikes of
// the rank are on their way to the others while the step goes on; they are needed one step later.
// All ranks send blocks of the same size, so that one collective is enough; where some rank has
// more to send than fits, every rank learns so from the heads of the blocks, and a second round
// follows with blocks as large as the largest needs.
#pragma once
#include <atomic>
#include <memory>

#include "philox.hpp"
#include "progress.hpp"
#include "routes.hpp"
#include "stopwatch.hpp"

namespace neurosim {

struct Spike {
    int64_t step, id;
};

class Exchange {
  public:
    Exchange(const NetworkSpec& spec, const MessengerSpec& messenger)
        : spec_(spec), length_(std::max(spec.smallest_delay, 1)), n_sections_(1 + spec.n_channels),
          slots_(spec), messenger_(messenger, spec.n_ranks), capacity_(n_sections_ * length_ + 4),
          arrived_(static_cast<size_t>(n_sections_), std::vector<std::vector<uint32_t>>(2 * length_ + 4)) {
        out_.resize(spec.n_ranks);
        targeted_ = messenger.choice == targeted_choice && messenger_.real();
    }

    Messenger& messenger() { return messenger_; }
    Progress arrivals;                   // every step below has its spikes of the other ranks here

    // After building: every rank learns which of its spikes the others need. `needed` has a bit
    // for each id that has targets on this rank.
    void ask(Bits needed) {
        needed_ = std::move(needed);
        if (messenger_.real() && (targeted_ || trying())) routes_.ask(messenger_, slots_, needed_, spec_.rank, spec_.n_ranks);
    }

    // Whether an interval ends with `step`.
    bool ends(int64_t step) const { return (step + 1) % length_ == 0; }

    // Send what this rank has of the interval that ends with `last`. `each(step, section, visit)`
    // calls `visit(id)` for the spikes (section 0) or events of a channel; `failed` is the step at
    // which something failed, or `never`.
    template <class Each>
    void start(int64_t last, int64_t failed, Each&& each) {
        Stopwatch watch;
        last_ = last;
        pending_ = true;
        failed_ = failed;
        if (messenger_.real()) {
            pack(each);
            send(capacity_);
        }
        spent_ += watch.lap();
    }

    void poll() {
        if (pending_ && messenger_.real()) messenger_.test();
    }

    // Wait for the spikes of the interval sent last; returns the earliest step that failed on any
    // rank, or `never`. If one did, all leave at `step`.
    int64_t finish(int64_t step) {
        Stopwatch watch;
        if (messenger_.real())
            receive();
        else
            pretend();
        pending_ = false;
        ++n_exchanges_;
        spent_ += watch.lap();
        decide();
        if (failed_ != Progress::never && halt() == Progress::never) halt_.store(step, std::memory_order_release);
        arrivals.publish(last_ + 1);
        return failed_;
    }

    // Whether the spikes of `step` are on their way.
    bool awaits(int64_t step) const { return pending_ && step > last_ - length_; }

    const std::vector<uint32_t>& arrived(int64_t step, int32_t section) const {
        return arrived_[section][step % arrived_[section].size()];
    }

    // The step at which all ranks leave, as one of them failed.
    int64_t halt() const { return halt_.load(std::memory_order_acquire); }
    void give_up() {
        halt_.store(0, std::memory_order_release);
        arrivals.publish(Progress::never);
    }

    // Go on at `step` after `spikes`: the intervals before it have been exchanged.
    void go_on_at(int64_t step, const std::vector<Spike>& spikes) {
        pending_ = false;
        const int64_t known = step / length_ * length_;
        arrivals.updated = known;
        for (auto& section : arrived_)
            for (auto& ids : section) ids.clear();
        for (const Spike& spike : spikes) recall(step, spike, 0);
    }
    // What happened on another rank before `step`, if it has been exchanged and has yet to be looked up.
    void recall(int64_t step, const Spike& spike, int32_t section) {
        const int64_t known = step / length_ * length_;
        if (spike.step >= step - length_ && spike.step < known && slots_.rank(spike.id) != spec_.rank &&
            slots_.rank(spike.id) >= 0 && bit(needed_, spike.id))
            arrived_[section][spike.step % arrived_[section].size()].push_back(static_cast<uint32_t>(spike.id));
    }

    double seconds() const { return spent_; }
    int64_t count() const { return n_exchanges_; }
    int64_t spikes_sent() const { return spikes_sent_; }
    int64_t spikes_received() const { return spikes_received_; }
    bool targeted() const { return targeted_; }
    int64_t bytes() const {
        return routes_.bytes() +
               static_cast<int64_t>(needed_.size() * sizeof(uint64_t) + (send_.capacity() + received_.capacity()) * sizeof(uint32_t));
    }

  private:
    static constexpr int32_t targeted_choice = 2;
    static constexpr int64_t try_from = 20, try_each = 60;  // exchanges
    static constexpr int32_t try_ranks = 4;
    static constexpr int64_t refit_after = 200;
    enum Head { failed_at, largest, micros_gather, micros_targeted, head_words };

    bool trying() const { return messenger_.spec().choice == 0 && messenger_.real() && spec_.n_ranks >= try_ranks; }

    // Per step and section: how many ids, and the ids.
    template <class Each>
    void pack(Each&& each) {
        for (auto& block : out_) block.clear();
        for (int64_t step = last_ - length_ + 1; step <= last_; ++step)
            for (int32_t section = 0; section < n_sections_; ++section) {
                if (!targeted_) {
                    std::vector<uint32_t>& block = out_[0];
                    const size_t head = block.size();
                    block.push_back(0);
                    each(step, section, [&](uint32_t id) { block.push_back(id); });
                    block[head] = static_cast<uint32_t>(block.size() - head - 1);
                    spikes_sent_ += block[head] * static_cast<int64_t>(spec_.n_ranks - 1);
                    continue;
                }
                heads_.clear();
                for (auto& block : out_) {
                    heads_.push_back(block.size());
                    block.push_back(0);
                }
                each(step, section, [&](uint32_t id) {
                    routes_.each_rank(slots_.slot(id, spec_.rank), [&](int32_t r) {
                        out_[r].push_back(id);
                        ++out_[r][heads_[r]];
                        ++spikes_sent_;
                    });
                });
            }
        needs_ = 0;
        for (const auto& block : out_) needs_ = std::max(needs_, static_cast<int64_t>(block.size()));
    }

    // Blocks of `capacity` words after the head; longer contents are left out.
    void send(int64_t capacity) {
        const int64_t block = head_words + capacity;
        const int32_t n_blocks = targeted_ ? spec_.n_ranks : 1;
        sent_capacity_ = capacity;
        send_.resize(static_cast<size_t>(block * n_blocks));
        received_.resize(static_cast<size_t>(block * spec_.n_ranks));
        for (int32_t r = 0; r < n_blocks; ++r) {
            uint32_t* head = send_.data() + r * block;
            head[failed_at] = failed_ <= last_ ? static_cast<uint32_t>(std::max<int64_t>(last_ - failed_, 0) + 1) : 0;
            head[largest] = static_cast<uint32_t>(needs_);
            head[micros_gather] = static_cast<uint32_t>(1e6 * tried_[0]);
            head[micros_targeted] = static_cast<uint32_t>(1e6 * tried_[1]);
            if (static_cast<int64_t>(out_[r].size()) <= capacity) std::copy(out_[r].begin(), out_[r].end(), head + head_words);
        }
        if (targeted_)
            messenger_.start_all_to_all(send_.data(), block * 4, received_.data());
        else
            messenger_.start_gather(send_.data(), block * 4, received_.data());
    }

    const uint32_t* head_of(int32_t rank) const { return received_.data() + rank * (head_words + sent_capacity_); }

    void receive() {
        messenger_.wait();
        const int64_t most = most_needed();
        fit(most);
        if (most > sent_capacity_) {
            send(most);
            messenger_.wait();
        }
        int64_t failed = failed_;
        for (int32_t r = 0; r < spec_.n_ranks; ++r)
            if (const uint32_t back = head_of(r)[failed_at]) failed = std::min<int64_t>(failed, last_ - (back - 1));
        failed_ = failed;
        std::vector<const uint32_t*> cursors;
        for (int32_t r = 0; r < spec_.n_ranks; ++r) cursors.push_back(head_of(r) + head_words);
        for (int64_t step = last_ - length_ + 1; step <= last_; ++step)
            for (int32_t section = 0; section < n_sections_; ++section) {
                std::vector<uint32_t>& ids = arrived_[section][step % arrived_[section].size()];
                ids.clear();
                for (int32_t r = 0; r < spec_.n_ranks; ++r) {
                    const uint32_t n = *cursors[r]++;
                    if (r != spec_.rank)
                        for (uint32_t i = 0; i < n; ++i)
                            if (bit(needed_, cursors[r][i])) ids.push_back(cursors[r][i]);
                    cursors[r] += n;
                }
                spikes_received_ += static_cast<int64_t>(ids.size());
            }
    }

    // Let the next blocks have room for what was needed lately, and a quarter more.
    void fit(int64_t needed) {
        lately_ = std::max(lately_, needed);
        capacity_ = std::max(capacity_, needed + needed / 4);
        if (++fits_ % refit_after) return;
        capacity_ = lately_ + lately_ / 4;
        lately_ = 0;
    }

    int64_t most_needed() const {
        int64_t most = 0;
        for (int32_t r = 0; r < spec_.n_ranks; ++r) most = std::max<int64_t>(most, head_of(r)[largest]);
        return most;
    }

    // Spikes as the other ranks might have them: at a given rate, of any neuron.
    void pretend() {
        const double others = static_cast<double>(spec_.n_neurons) * (1.0 - 1.0 / spec_.n_ranks);
        for (int64_t step = last_ - length_ + 1; step <= last_; ++step) {
            for (int32_t section = 1; section < n_sections_; ++section) arrived_[section][step % arrived_[section].size()].clear();
            std::vector<uint32_t>& ids = arrived_[0][step % arrived_[0].size()];
            ids.clear();
            owed_ += messenger_.spec().rate * spec_.dt * others;
            for (uint32_t i = 0; owed_ >= 1.0; --owed_, ++i) {
                uint32_t words[4];
                philox4x32(i, static_cast<uint32_t>(step), 0, 0, 1, 2, words);
                const auto id = static_cast<uint32_t>((uint64_t(words[0]) * static_cast<uint64_t>(spec_.n_neurons)) >> 32);
                if (bit(needed_, id)) ids.push_back(id);
            }
            std::sort(ids.begin(), ids.end());
            ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
            spikes_received_ += static_cast<int64_t>(ids.size());
        }
    }

    // Try both exchanges for a while, then keep the one that took its slowest rank less time; the
    // heads of the blocks tell every rank the same times.
    void decide() {
        const double took = spent_ - spent_before_;
        spent_before_ = spent_;
        if (!trying() || n_exchanges_ > try_from + 2 * try_each + 1) return;
        const int64_t n = n_exchanges_ - try_from;
        if (n > 0 && n <= 2 * try_each) tried_[n > try_each] += took;
        if (n == try_each) targeted_ = true;
        if (n == 2 * try_each + 1) {
            uint32_t slowest[2] = {0, 0};
            for (int32_t r = 0; r < spec_.n_ranks; ++r)
                for (int kind = 0; kind < 2; ++kind)
                    slowest[kind] = std::max(slowest[kind], head_of(r)[micros_gather + kind]);
            targeted_ = slowest[1] < slowest[0];
        }
    }

    const NetworkSpec& spec_;
    const int64_t length_;
    const int32_t n_sections_;
    EmitterSlots slots_;
    Messenger messenger_;
    Routes routes_;
    Bits needed_;
    bool targeted_ = false, pending_ = false;
    std::atomic<int64_t> halt_{Progress::never};
    int64_t last_ = -1, failed_ = Progress::never;
    int64_t capacity_, sent_capacity_ = 0, needs_ = 0, lately_ = 0, fits_ = 0;
    std::vector<std::vector<uint32_t>> out_;  // by rank; one for all unless targeted
    std::vector<size_t> heads_;
    std::vector<uint32_t> send_, received_;
    std::vector<std::vector<std::vector<uint32_t>>> arrived_;  // by section and step
    double spent_ = 0, spent_before_ = 0, owed_ = 0;
    double tried_[2] = {0, 0};
    int64_t n_exchanges_ = 0, spikes_sent_ = 0, spikes_received_ = 0;
};

}  // namespace neurosim

// How threads wait for each other: each publishes the steps it has updated; a waiter spins
// briefly, then sleeps, since the machine may be shared.
#pragma once
#include <atomic>
#include <cstdint>
#include <limits>
#include <thread>
#if defined(__x86_64__) || defined(__i386__)
#include <immintrin.h>
#endif

namespace neurosim {

struct alignas(128) Progress {
    static constexpr int spins = 2000;  // about 20 microseconds
    static constexpr int64_t never = std::numeric_limits<int64_t>::max();

    std::atomic<int64_t> updated{0};    // every step below this one has its spikes published
    std::atomic<int32_t> sleepers{0};

    void publish(int64_t steps) {
        updated.store(steps, std::memory_order_seq_cst);
        if (sleepers.load(std::memory_order_seq_cst)) updated.notify_all();
    }

    void wait_for(int64_t steps) {
        for (int i = 0; i < spins; ++i) {
            if (updated.load(std::memory_order_acquire) >= steps) return;
            relax();
        }
        sleepers.fetch_add(1, std::memory_order_seq_cst);
        for (int64_t seen = updated.load(std::memory_order_seq_cst); seen < steps;
             seen = updated.load(std::memory_order_seq_cst))
            updated.wait(seen, std::memory_order_seq_cst);
        sleepers.fetch_sub(1, std::memory_order_relaxed);
    }

  private:
    static void relax() {
#if defined(__x86_64__) || defined(__i386__)
        _mm_pause();
#elif defined(__aarch64__)
        asm volatile("yield");
#endif
    }
};

}  // namespace neurosim

// Collective operations that do not block, and waiting for them on a machine that may be shared.
#pragma once
#include <sched.h>
#include <time.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>
#include <string>
#include <vector>

#include "exchange_types.hpp"

namespace neurosim {

class Messenger {
  public:
    explicit Messenger(const MessengerSpec& spec, int32_t n_ranks) : spec_(spec), n_ranks_(n_ranks) {}

    const MessengerSpec& spec() const { return spec_; }
    bool real() const { return spec_.kind == 1; }
    int64_t bytes_sent() const { return bytes_sent_; }

    // Every rank gets the `bytes` of every rank, by rank.
    void start_gather(const void* own, int64_t bytes, void* everyone) {
        check(spec_.all_gather(own, count(bytes), spec_.byte, everyone, count(bytes), spec_.byte, spec_.communicator,
                               request_),
              "MPI_Iallgather");
        sent(bytes);
    }

    // Every rank gets from every rank the `bytes` meant for it: block `r` of `own` goes to rank r.
    void start_all_to_all(const void* own, int64_t bytes, void* received) {
        check(spec_.all_to_all(own, count(bytes), spec_.byte, received, count(bytes), spec_.byte, spec_.communicator,
                               request_),
              "MPI_Ialltoall");
        sent(bytes);
    }

    // Let the library work on what was started; true once that is done.
    bool test() {
        if (!pending_) return true;
        int done = 0;
        check(spec_.test(request_, &done, status_), "MPI_Test");
        pending_ = !done;
        return !pending_;
    }

    void wait() {
        constexpr int spins = 1000, offers = 2000;
        constexpr double alarm_s = 0.2;
        double waited = 0;
        for (int64_t i = 0; !test(); ++i) {
            if (i < spins) continue;
            if (i < spins + offers) {
                sched_yield();
                continue;
            }
            const double nap = std::min(1e-3, 20e-6 * static_cast<double>(1 + (i - spins - offers) / 50));
            const timespec pause{0, static_cast<long>(nap * 1e9)};
            nanosleep(&pause, nullptr);
            waited += nap;
            if (waited > alarm_s && spec_.idle) {
                spec_.idle();
                waited = 0;
            }
        }
    }

    // All ranks' blocks of `bytes`, at once.
    void gather(const void* own, int64_t bytes, void* everyone) {
        if (real()) {
            start_gather(own, bytes, everyone);
            wait();
            return;
        }
        for (int32_t rank = 0; rank < n_ranks_; ++rank)
            std::memcpy(static_cast<char*>(everyone) + rank * bytes, own, static_cast<size_t>(bytes));
    }

  private:
    static int count(int64_t bytes) {
        if (bytes > int64_t(1) << 30) throw std::length_error("a message between ranks is larger than 1 GiB");
        return static_cast<int>(bytes);
    }
    static void check(int code, const char* call) {
        if (code) throw std::runtime_error(std::string(call) + " failed with code " + std::to_string(code));
    }
    void sent(int64_t bytes) {
        pending_ = true;
        bytes_sent_ += bytes * (n_ranks_ - 1);
    }

    const MessengerSpec& spec_;
    const int32_t n_ranks_;
    bool pending_ = false;
    int64_t bytes_sent_ = 0;
    alignas(16) unsigned char request_[64] = {};
    alignas(16) unsigned char status_[256] = {};
};

}  // namespace neurosim

// Wall-clock time between laps.
#pragma once
#include <time.h>

namespace neurosim {

class Stopwatch {
  public:
    double lap() {
        const double before = last_;
        last_ = now();
        return last_ - before;
    }

  private:
    static double now() {
        timespec t;
        clock_gettime(CLOCK_MONOTONIC, &t);
        return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
    }
    double last_ = now();
};

}  // namespace neurosim

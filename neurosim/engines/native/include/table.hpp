// Values over time that a model looks up; see Table in neurosim/lowering/program.py.
#pragma once
#include <cstdint>

namespace neurosim {

class Table {
  public:
    // `header` is where the table's five numbers stand among the population's shared values:
    // position of its values, rows, columns, fine step (s) and fine steps per row.
    Table(const double* shared, int64_t header)
        : values_(shared + static_cast<int64_t>(shared[header])),
          last_(shared[header + 1] - 1.0),
          columns_(shared[header + 2]),
          fine_(shared[header + 3]),
          per_row_(shared[header + 4]) {}

    double operator()(double t) const { return values_[static_cast<int64_t>(row(t))]; }

    double operator()(double t, double column) const {
        const bool inside = (column >= 0.0) & (column < columns_);
        const double value =
            values_[static_cast<int64_t>(row(t) * columns_) + static_cast<int64_t>(inside ? column : 0.0)];
        return inside ? value : __builtin_nan("");
    }

  private:
    double row(double t) const {
        const double found = __builtin_trunc(__builtin_rint(t / fine_) / per_row_);
        const double capped = found > last_ ? last_ : found;
        return capped > 0.0 ? capped : 0.0;
    }

    const double* values_;
    double last_, columns_, fine_, per_row_;
};

}  // namespace neurosim

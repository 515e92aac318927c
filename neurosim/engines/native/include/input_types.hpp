// Inputs of a network: plain structs shared with Python (ctypes, mirrored in input_abi.py), and
// what the generated operations are given.
#pragma once
#include <algorithm>
#include <vector>

#include "population.hpp"

namespace neurosim {

// Values of a stretch of steps: a row per value, and the row of each step (-1: zeros).
struct WaveRows {
    const double* rows;
    const int64_t* row_of_step;
    int64_t width;  // 1: the same for all neurons
};

struct CurrentSpec {
    int32_t population, array;
    int32_t first_of_array;       // the variable starts from its base here
    int32_t wave;                 // which wave; -1: noise
    int64_t start, size;          // neurons of the population
    const int64_t* members;       // (size) local ids; null: consecutive
    int32_t process, site;        // noise: an Ornstein-Uhlenbeck process, or white
    double mean, sd, rho, sigma;
    int64_t every, first_step, stop_step;
};

struct OperationSpec {
    int32_t population, at_end;
    int64_t every, first_step;
    int64_t start, size;
    const int64_t* members;
};

struct Selection;
using OperationKernel = void (*)(LocalPopulation&, const StepInfo&, const Selection&);

struct InputsSpec {
    const CurrentSpec* currents;
    const OperationSpec* operations;
    const OperationKernel* kernels;  // the generated table, one for each operation
    int32_t n_currents, n_operations;
};

// A thread's share of some neurons: local indices, each one's place among all that were chosen, and
// its column among those of the rank.
struct Selection {
    int64_t size = 0;  // of all ranks
    int64_t start = 0, begin = 0, end = 0, places_before = 0;
    std::vector<int32_t> chosen, columns;
    std::vector<int64_t> places;
    bool listed = false;

    Selection(const LocalPopulation& own, int64_t start, int64_t size, const int64_t* members)
        : size(size), start(start), listed(members != nullptr) {
        begin = own.own_below(start);
        end = own.own_below(start + size);
        places_before = own.places_below(start);
        int32_t column = 0;
        for (int64_t i = 0; listed && i < size; ++i) {
            if (members[i] % own.n_workers == own.worker) {
                chosen.push_back(static_cast<int32_t>(members[i] / own.n_workers));
                places.push_back(i);
                columns.push_back(column);
            }
            column += members[i] % own.n_ranks == own.worker % own.n_ranks;
        }
    }

    // Where they are consecutive: call `visit(first, begin, end)` for each block of neurons that
    // starts at `first` and holds those from `begin` to `end`.
    template <class Visit>
    void each_block(Visit&& visit) const {
        for (int64_t first = begin / block_size * block_size; first < end; first += block_size)
            visit(first, std::max(first, begin), std::min(first + block_size, end));
    }

    // Call `visit(local index, column)` for each neuron.
    template <class Visit>
    void each(const LocalPopulation& own, Visit&& visit) const {
        if (listed)
            for (size_t j = 0; j < chosen.size(); ++j) visit(int64_t(chosen[j]), int64_t(columns[j]));
        else
            for (int64_t k = begin; k < end; ++k) visit(k, own.place(k) - places_before);
    }
};

}  // namespace neurosim

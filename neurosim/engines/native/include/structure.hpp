// Synapses that come and go: the list from which a thread's part of a projection is laid out again.
#pragma once
#include "population.hpp"

namespace neurosim {

// Synapses onto a rank's neurons, by target, within a target in order of age.
struct SynapseList {
    int64_t n;
    const int64_t *sources, *targets;    // index among the projection's sources; in the targets' population
    const int64_t* delays;
};

// Call `visit(source, own target, number, delay)` for those of the list that are a thread's own.
template <class Visit>
inline void each_listed(const SynapseList& list, const LocalPopulation& own, Visit&& visit) {
    uint32_t number = 0;
    for (int64_t i = 0; i < list.n; ++i) {
        const int64_t target = list.targets[i];
        number = i && list.targets[i - 1] == target ? number + 1 : 0;
        if (target % own.n_workers == own.worker)
            visit(static_cast<uint32_t>(list.sources[i]), static_cast<uint32_t>(target / own.n_workers), number,
                  static_cast<int32_t>(list.delays[i]));
    }
}

}  // namespace neurosim

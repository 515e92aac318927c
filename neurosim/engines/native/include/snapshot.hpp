// What a rank's state is besides the values of variables: taken for a checkpoint, and put back on any
// number of ranks and threads.
//
// Arrays with one entry per neuron hold those of the rank, as in neurosim_read. Steps are absolute.
#pragma once
#include <algorithm>
#include <vector>

#include "network.hpp"

namespace neurosim {

// Either fills arrays outside from the state, or the state from them.
template <bool taking, class State, class Outside>
inline void transfer(State& state, Outside& outside) {
    if constexpr (taking)
        outside = static_cast<Outside>(state);
    else
        state = static_cast<State>(outside);
}

class WorkerState {
  public:
    explicit WorkerState(Worker& worker) : worker_(worker) {}

    int64_t origin() const { return worker_.origin_; }
    void set_origin(int64_t origin) { worker_.origin_ = origin; }

    template <bool taking>
    void last_spikes(int32_t population, int64_t* steps) {
        LocalPopulation& own = worker_.populations[population];
        for (int64_t k = 0; k < own.count; ++k) {
            int64_t lane = own.last_spike[k];
            int64_t step = steps[own.place(k)] - worker_.origin_;
            if constexpr (taking)
                steps[own.place(k)] = lane + worker_.origin_;
            else
                own.last_spike[k] = static_cast<lane_int>(std::max<int64_t>(step, long_ago));
        }
    }

    // Whether the population keeps this flag.
    template <bool taking>
    bool ready(int32_t population, int64_t* flags) {
        LocalPopulation& own = worker_.populations[population];
        if (!own.ready) return false;
        for (int64_t k = 0; flags && k < own.count; ++k) transfer<taking>(own.ready[k], flags[own.place(k)]);
        return true;
    }

    // What the next step needs that is computed for several steps at once.
    void go_on(int64_t step) {
        if (step % 4 == 0) return;
        for (int i = 0; i < worker_.spec_.n_poisson; ++i) {
            const PoissonSpec& poisson = worker_.spec_.poisson[i];
            if (poisson.wave >= 0) continue;
            const LocalPopulation& own = worker_.populations[poisson.population];
            worker_.poisson_[i].fill(own, step / 4, own.counts[poisson.slot]);
        }
        if constexpr (changing_inputs)
            for (ChangingPoisson& input : worker_.inputs->poisson_) input.draw(step / 4);
    }

    // A current's base of its variable, and the value of a random one; false if it has none.
    template <bool taking>
    bool current(int32_t index, bool base, double* values) {
        if constexpr (changing_inputs) {
            Current& given = worker_.inputs->currents_[index];
            const size_t n = base ? given.base_.size() : given.values_.size();
            const bool there = base ? given.spec_.first_of_array != 0 : given.spec_.wave < 0;
            for (size_t k = 0; values && there && k < n; ++k) {
                double& outside = values[given.own_.place(static_cast<int64_t>(k))];
                if (base)
                    transfer<taking>(given.base_[k], outside);
                else
                    transfer<taking>(given.values_[k], outside);
            }
            return there;
        }
        return false;
    }

    // The (step, id) of a channel's events since `first`: they have not reached their synapses.
    void happened(int32_t channel, int64_t first, int64_t stop, std::vector<int64_t>& found) const {
        for (int64_t step = first; step < stop; ++step)
            for (const uint32_t id : worker_.generals->happened(channel, step)) {
                found.push_back(step);
                found.push_back(id);
            }
    }
    void set_happened(int32_t channel, int64_t n, const int64_t* steps_and_ids) {
        auto& by_step = worker_.generals->happened_[channel];
        const LocalPopulation& own = worker_.populations[worker_.spec_.channels[channel].population];
        for (auto& ids : by_step) ids.clear();
        for (int64_t i = 0; i < n; ++i) {
            const int64_t step = steps_and_ids[2 * i], id = steps_and_ids[2 * i + 1];
            if ((id - own.spec->first_id) % own.n_workers == own.worker)
                by_step[step % by_step.size()].push_back(static_cast<uint32_t>(id));
        }
    }

  private:
    Worker& worker_;
};

// The state of a thread's part of a projection with a synapse model.
class PartState {
  public:
    PartState(GeneralPart& part, int64_t origin) : part_(part), origin_(origin) {}

    // Step of each synapse's last event; false if the model does not keep it.
    // Last events of synapses (`of` 0), or of what they share by source (1) or by target (2).
    template <bool taking>
    bool updated(int32_t of, int64_t* steps) {
        if (of > 0) return part_.spec_.n_common[of - 1] && common_updated<taking>(of, steps);
        if (!part_.spec_.keeps_update) return false;
        for (int64_t i = 0; steps && i < part_.n_; ++i) note<taking>(part_.updated_[i], steps[i]);
        return true;
    }

    void catch_up(int64_t step) {
        const double dt = part_.network_.dt;
        part_.catch_up({step, static_cast<lane_int>(step - origin_), dt, static_cast<double>(step) * dt});
    }

    // The (step, id) of what has yet to reach synapses through a pathway: presynaptic events, by
    // the source's place in the projection, or the own targets', by index in their population.
    void pending(int32_t path, int64_t now, std::vector<int64_t>& found) const {
        const PathwaySpec& pathway = part_.spec_.pathways[path];
        for (int64_t due = now; due <= now + part_.mask_; ++due)
            for (const Stretch& stretch : part_.pages_[path][due & part_.mask_]) {
                const int64_t delay = pathway.delay >= 0 ? pathway.delay : delay_of(stretch);
                found.push_back(due - delay);
                found.push_back(pathway.post_side ? part_.own_.index(stretch.at) : stretch.at);
            }
    }
    // The same put back, in order of step and id; what acted before `now` is left out.
    void set_pending(int32_t path, int64_t now, int64_t n, const int64_t* steps_and_ids) {
        const PathwaySpec& pathway = part_.spec_.pathways[path];
        for (auto& page : part_.pages_[path]) page.clear();
        for (int64_t i = 0; i < n; ++i) {
            const int64_t step = steps_and_ids[2 * i], id = steps_and_ids[2 * i + 1];
            if (pathway.post_side)
                enter_target(path, step + pathway.delay, id);
            else
                enter_source(pathway, path, step, id, now);
        }
    }

  private:
    int64_t delay_of(const Stretch& stretch) const {
        const uint32_t* first = part_.row(stretch.at);
        const uint32_t* after = std::upper_bound(first, first + part_.n_delays_, stretch.begin);
        return part_.first_delay_ + (after - first - 1);
    }

    template <bool taking>
    bool common_updated(int32_t of, int64_t* steps) {
        const int32_t first = of == 1 ? 0 : part_.spec_.n_common[0];
        if (steps) part_.each_place(first, [&](int64_t i, real&, int32_t& step) { note<taking>(step, steps[i]); });
        return true;
    }

    template <bool taking>
    void note(int32_t& lane, int64_t& step) const {
        if constexpr (taking)
            step = lane + origin_;
        else
            lane = static_cast<int32_t>(std::max<int64_t>(step - origin_, long_ago));
    }

    void enter_target(int32_t path, int64_t due, int64_t index) {
        const LocalPopulation& own = part_.own_;
        if (index % own.n_workers != own.worker) return;
        const Stretch stretch = part_.stretch_of_target(static_cast<uint32_t>(index / own.n_workers));
        if (stretch.count) part_.page(path, due).push_back(stretch);
    }

    void enter_source(const PathwaySpec& pathway, int32_t path, int64_t step, int64_t source, int64_t now) {
        const uint32_t* first = part_.row(source);
        if (!first) return;
        const auto enter = [&](int64_t due, int64_t d, int64_t end) {
            const Stretch stretch = part_.stretch(static_cast<uint32_t>(source), first, d, end);
            if (stretch.count && due >= now) part_.page(path, due).push_back(stretch);
        };
        if (pathway.delay >= 0) return enter(step + pathway.delay, 0, part_.n_delays_);
        for (int64_t d = 0; d < part_.n_delays_; ++d) enter(step + part_.first_delay_ + d, d, d + 1);
    }

    GeneralPart& part_;
    int64_t origin_;
};

// Call `work(state)` for every thread's worker; return whether one said so.
template <class Work>
inline bool any_worker(Network& network, Work&& work) {
    bool any = false;
    for (int32_t t = 0; t < network.spec().n_threads; ++t) {
        WorkerState state(network.worker(t));
        any = work(state) || any;
    }
    return any;
}

// The same for every thread's part of a projection with a synapse model.
template <class Work>
inline bool any_part(Network& network, int32_t general, Work&& work) {
    bool any = false;
    if constexpr (synapse_models)
        for (int32_t t = 0; t < network.spec().n_threads; ++t) {
            PartState state(*network.worker(t).generals->parts[general],
                            WorkerState(network.worker(t)).origin());
            any = work(state, network.worker(t).generals->parts[general]->size()) || any;
        }
    return any;
}

// Pairs of numbers without repetition, ascending; as many as there are, copied if `out` is given.
inline int64_t listed_pairs(const std::vector<int64_t>& found, int64_t* out) {
    std::vector<std::pair<int64_t, int64_t>> pairs;
    for (size_t i = 0; i < found.size(); i += 2) pairs.emplace_back(found[i], found[i + 1]);
    std::sort(pairs.begin(), pairs.end());
    pairs.erase(std::unique(pairs.begin(), pairs.end()), pairs.end());
    for (size_t i = 0; out && i < pairs.size(); ++i) {
        out[2 * i] = pairs[i].first;
        out[2 * i + 1] = pairs[i].second;
    }
    return static_cast<int64_t>(pairs.size());
}

}  // namespace neurosim

extern "C" {

// Each of these takes (`taking`) or puts back a kind of state; where it returns a number, whether
// the network has it, and null asks only that.

int64_t neurosim_origin(void* network) {
    return neurosim::WorkerState(static_cast<neurosim::Network*>(network)->worker(0)).origin();
}

void neurosim_go_on(void* network, int64_t step, int64_t origin) {
    neurosim::any_worker(*static_cast<neurosim::Network*>(network), [&](auto& state) {
        state.set_origin(origin);
        state.go_on(step);
        return true;
    });
}

void neurosim_last_spikes(void* network, int32_t taking, int32_t population, int64_t* steps) {
    neurosim::any_worker(*static_cast<neurosim::Network*>(network), [&](auto& state) {
        taking ? state.template last_spikes<true>(population, steps)
               : state.template last_spikes<false>(population, steps);
        return true;
    });
}

int32_t neurosim_ready(void* network, int32_t taking, int32_t population, int64_t* flags) {
    return neurosim::any_worker(*static_cast<neurosim::Network*>(network), [&](auto& state) {
        return taking ? state.template ready<true>(population, flags) : state.template ready<false>(population, flags);
    });
}

int32_t neurosim_current(void* network, int32_t taking, int32_t current, int32_t base, double* values) {
    return neurosim::any_worker(*static_cast<neurosim::Network*>(network), [&](auto& state) {
        return taking ? state.template current<true>(current, base, values)
                      : state.template current<false>(current, base, values);
    });
}

// Last events of synapses, in the order of neurosim_general_list, or of what they share (PartState::updated).
int32_t neurosim_updated(void* network, int32_t taking, int32_t general, int32_t of, int64_t* steps) {
    int64_t first = 0;
    return neurosim::any_part(*static_cast<neurosim::Network*>(network), general, [&](auto& state, int64_t size) {
        int64_t* own = steps ? steps + first : nullptr;
        first += size;
        return taking ? state.template updated<true>(of, own) : state.template updated<false>(of, own);
    });
}

// Let synapses go through the spikes of their targets that wait for the source's next one.
void neurosim_catch_up(void* network, int32_t general, int64_t step) {
    neurosim::any_part(*static_cast<neurosim::Network*>(network), general, [&](auto& state, int64_t) {
        state.catch_up(step);
        return true;
    });
}

// Events on their way, as (step, id) in order: how many there are, and which if `out` is given.
int64_t neurosim_pending(void* network, int32_t general, int32_t path, int64_t now, int64_t* out) {
    std::vector<int64_t> found;
    neurosim::any_part(*static_cast<neurosim::Network*>(network), general, [&](auto& state, int64_t) {
        state.pending(path, now, found);
        return true;
    });
    return neurosim::listed_pairs(found, out);
}

void neurosim_set_pending(void* network, int32_t general, int32_t path, int64_t now, int64_t n, const int64_t* events) {
    neurosim::any_part(*static_cast<neurosim::Network*>(network), general, [&](auto& state, int64_t) {
        state.set_pending(path, now, n, events);
        return true;
    });
}

int64_t neurosim_happened(void* network, int32_t channel, int64_t first, int64_t stop, int64_t* out) {
    std::vector<int64_t> found;
    neurosim::any_worker(*static_cast<neurosim::Network*>(network), [&](auto& state) {
        state.happened(channel, first, stop, found);
        return true;
    });
    return neurosim::listed_pairs(found, out);
}

// After neurosim_recall, which forgets those of other ranks.
void neurosim_set_happened(void* network, int32_t channel, int64_t now, int64_t n, const int64_t* events) {
    for (int64_t i = 0; i < n; ++i)
        static_cast<neurosim::Network*>(network)->recall_event(now, {events[2 * i], events[2 * i + 1]}, channel);
    neurosim::any_worker(*static_cast<neurosim::Network*>(network), [&](auto& state) {
        state.set_happened(channel, n, events);
        return true;
    });
}

}  // extern "C"

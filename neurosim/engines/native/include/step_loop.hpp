// The step loop of a worker: its phases, and where it waits for the others.
#pragma once
#include "synapse_operations.hpp"
#include "worker.hpp"

namespace neurosim {

inline void Worker::meet(Team& team) {
    meeting.publish(++meetings_);
    for (const auto& worker : team)
        if (worker.get() != this) worker->meeting.wait_for(meetings_);
}

// Before a phase: let ranks share what it reads of each other's neurons, or let all threads meet.
inline void Worker::prepare_phase(Team& team, const PhaseSpec& phase) {
    if (phase.n_shares && mirror_)
        share(team, phase.shares, phase.n_shares);
    else if (phase.barrier)
        meet(team);
}

// Give the other ranks variables of the own neurons, and get theirs.
inline void Worker::share(Team& team, const int32_t* reads, int32_t n_reads) {
    for (int32_t i = 0; i < n_reads; ++i) mirror_->put(reads[i], populations, thread_);
    meet(team);
    if (thread_ == 0) mirror_->exchange(reads, n_reads);
    meet(team);
}

// Note the first NaN that a kernel found.
inline void Worker::look_for_failure(int64_t step) {
    for (int32_t p = 0; p < spec_.n_populations && failed_step == Progress::never; ++p) {
        if (populations[p].bad_array < 0) continue;
        failed_step = step;
        failed_population = p;
        failed_array = populations[p].bad_array;
        failed_neuron = populations[p].bad_neuron;
    }
}

// Let `stop` be at most `step`.
inline void lower(std::atomic<int64_t>& stop, int64_t step) {
    int64_t current = stop.load();
    while (step < current && !stop.compare_exchange_weak(current, step)) {
    }
}

// Let all workers end with the steps before `step`. With other ranks, which learn of it from the
// next exchange, a worker goes on until then; returns whether it ends now.
inline bool Worker::fail(int64_t step, std::atomic<int64_t>& stop) {
    lower(stop, step);
    if (exchange_) return false;
    leave();
    return true;
}

inline bool Worker::goes_on(int64_t step, const std::atomic<int64_t>& stop) const {
    return exchange_ ? step < exchange_->halt() : step <= stop.load(std::memory_order_relaxed);
}

// When an interval ends, send the spikes of all threads to the other ranks.
inline void Worker::send(Team& team, int64_t step, int64_t stop) {
    for (const auto& worker : team)
        if (worker.get() != this) worker->progress.wait_for(step + 1);
    exchange_->start(step, stop, [&](int64_t at, int32_t section, auto&& visit) {
        for (const auto& worker : team)
            for (const uint32_t id : section ? worker->generals->happened(section - 1, at) : worker->published(at))
                visit(id);
    });
}

// Take in the other ranks' spikes if those of step `due` are on their way. If a rank failed, all
// leave at `step`.
inline void Worker::collect(int64_t due, int64_t step, std::atomic<int64_t>& stop) {
    if (!exchange_ || thread_ != 0 || !exchange_->awaits(due)) return;
    lower(stop, exchange_->finish(step));
}

inline void Worker::update(int64_t step) {
    if (step % 4 == 0)
        for (int i = 0; i < spec_.n_poisson; ++i) {
            if (spec_.poisson[i].wave >= 0) continue;
            const LocalPopulation& own = populations[spec_.poisson[i].population];
            poisson_[i].fill(own, step / 4, own.counts[spec_.poisson[i].slot]);
        }
    inputs->fill_poisson(step);
    std::vector<uint32_t>& out = published_[step % published_.size()];
    out.clear();
    const StepInfo now = info(step);
    for (int32_t p = 0; p < spec_.n_populations; ++p) {
        LocalPopulation& own = populations[p];
        own.spikes.clear();
        if (exchange_ && thread_ == 0) exchange_->poll();
        spec_.kernels[own.spec->kernel].update(own, now);
        for (const int32_t k : own.spikes) {
            if (k >= own.count) break;  // padding
            out.push_back(static_cast<uint32_t>(own.id(k)));
        }
    }
    if constexpr (on_machine) machine->note(step);
    generals->publish_events(populations, step);
    add_events(out);
    look_for_failure(step);
    for (const uint32_t id : out) note_spike(step, id);
    if (spec_.rank == 0 && thread_ == 0)
        for (int32_t s = 0; s < spec_.n_sources; ++s) {
            const SourceSpec& source = spec_.sources[s];
            int64_t& cursor = noted_cursor_[s];
            for (; source.due(cursor, step); ++cursor) note_spike(step, source.id_of(cursor));
        }
}

// Events that a source stands for are spikes of their own, after those of the neurons.
inline void Worker::add_events(std::vector<uint32_t>& out) const {
    const size_t neurons = out.size();
    for (const LocalPopulation& own : populations)
        for (size_t e = 0; e < own.events.size(); ++e)
            if (own.spec->event_ids[e] >= 0)
                for (const int32_t k : own.events[e])
                    out.push_back(static_cast<uint32_t>(own.spec->event_ids[e] + own.index(k)));
    std::sort(out.begin() + neurons, out.end());
}

// Collect in `emitted_` what happened at `step` in all workers and on the other ranks, by id.
template <class Lists>
inline void Worker::merge(Team& team, int64_t step, int32_t section, Lists&& lists) {
    emitted_.clear();
    for (const auto& worker : team) {
        const auto& ids = lists(*worker);
        emitted_.insert(emitted_.end(), ids.begin(), ids.end());
    }
    if (exchange_) {
        const auto& ids = exchange_->arrived(step, section);
        emitted_.insert(emitted_.end(), ids.begin(), ids.end());
    }
    if (team.size() > 1 || exchange_) std::sort(emitted_.begin(), emitted_.end());
}

// Enter the spikes of all workers and sources at `step` in the calendar, in order of id.
inline void Worker::emit(Team& team, int64_t step) {
    merge(team, step, 0, [&](const Worker& worker) -> auto& { return worker.published(step); });
    for (int32_t s = 0; s < spec_.n_sources; ++s) {
        const SourceSpec& source = spec_.sources[s];
        int64_t& cursor = source_cursor_[s];
        for (; source.due(cursor, step); ++cursor) emitted_.push_back(static_cast<uint32_t>(source.id_of(cursor)));
    }
    if constexpr (on_machine) machine->pass(emitted_, step);
    if (!generals->empty()) generals->enter(emitted_, step);
    if (wide_)
        enter<uint32_t>(step);
    else
        enter<uint16_t>(step);
    for (int32_t c = 0; c < spec_.n_channels; ++c) {
        merge(team, step, 1 + c, [&](const Worker& worker) -> auto& { return worker.generals->happened(c, step); });
        generals->enter_events(emitted_, step, c);
    }
}

template <class Target>
inline void Worker::enter(int64_t step) {
    if constexpr (on_machine)
        machine->enter<Target>(calendar_, store, emitted_, step);
    else
        calendar_.enter<Target>(store, emitted_, step);
}

// Add what is due to the variables that synapses write.
template <class Target>
inline void Worker::deliver(int64_t step) {
    const auto& page = calendar_.page(step);
    if (!on_machine || !machine->deliver<Target>(page, variables_)) deliver_.operator()<Target>(page, variables_, open_);
    calendar_.turn(step);
    if constexpr (on_machine) machine->deliver_learnt(step);
}

inline void Worker::run(Team& team, int64_t begin, int64_t end, const std::vector<double*>& samples,
                        std::atomic<int64_t>& stop) {
    spike_steps.clear();
    spike_ids.clear();
    move_origin(begin);
    for (Sampler& sampler : samplers) sampler.begin(begin);
    probes.begin(begin, probe_samples);
    Stopwatch watch;
    if (mirror_) share(team, mirror_->all().data(), spec_.n_reads);
    for (int64_t step = begin; step < end && goes_on(step, stop); ++step) {
        inputs->inject(step);
        for (LocalPopulation& own : populations)
            if (const auto start = spec_.kernels[own.spec->kernel].start) start(own, info(step));
        if (spec_.n_recorders) {
            record(step, samples);
            record_s += watch.lap();
        }
        if (probes.any()) {
            probes.take(info(step), origin_);
            record_s += watch.lap();
        }
        const StepInfo now = info(step);
        const auto before = [&](const PhaseSpec& phase) { prepare_phase(team, phase); };
        inputs->operate(false, now);
        operate_synapses(team, false, now);
        generals->start_step();
        generals->until(neurons_phase, now, before);
        update(step);
        if (failed_step == step && fail(step, stop)) return;
        progress.publish(step + 1);
        generals->enter_own(step);
        generals->until(deliver_phase, now, before);
        update_s += watch.lap();
        const int64_t due = step - lag_;  // the last step whose spikes may act now
        collect(due, step, stop);
        if (exchange_ && thread_ == 0 && exchange_->ends(step)) send(team, step, stop);
        if (due >= 0) {
            for (const auto& worker : team)
                if (worker.get() != this) worker->progress.wait_for(due + 1);
            collect(due, step, stop);  // without delay, what has just been sent
            if (exchange_) exchange_->arrivals.wait_for(due + 1);
            wait_s += watch.lap();
            if (!goes_on(step, stop)) break;
            emit(team, due);
        }
        if (wide_)
            deliver<uint32_t>(step);
        else
            deliver<uint16_t>(step);
        generals->until(reset_phase, now, before);
        for (LocalPopulation& own : populations)
            if (!own.spikes.empty() || own.has_events()) spec_.kernels[own.spec->kernel].reset(own, now);
        inputs->operate(true, now);
        operate_synapses(team, true, now);
        if (inputs->any()) {
            look_for_failure(step);
            if (failed_step == step && fail(step, stop)) return;
        }
        if (exchange_ && thread_ == 0) exchange_->poll();
        deliver_s += watch.lap();
    }
    collect(end - 1, end, stop);
    leave();
    generals->each([](auto& part) { part.look_for_nan(); });
}

}  // namespace neurosim

// The step loop of a worker: its phases, and where it waits for the others.
#pragma once
#include "worker.hpp"

namespace neurosim {

inline void Worker::meet(Team& team) {
    meeting.publish(++meetings_);
    for (const auto& worker : team)
        if (worker.get() != this) worker->meeting.wait_for(meetings_);
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

// Let all workers end with the steps before `step`.
inline void Worker::fail(int64_t step, std::atomic<int64_t>& stop) {
    int64_t current = stop.load();
    while (step < current && !stop.compare_exchange_weak(current, step)) {
    }
    leave();
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
        spec_.kernels[own.spec->kernel].update(own, now);
        for (const int32_t k : own.spikes) {
            if (k >= own.count) break;  // padding
            out.push_back(static_cast<uint32_t>(own.id(k)));
        }
    }
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

// Enter the spikes of all workers and sources at `step` in the calendar, in order of id.
inline void Worker::emit(Team& team, int64_t step) {
    emitted_.clear();
    for (const auto& worker : team) {
        const auto& ids = worker->published(step);
        emitted_.insert(emitted_.end(), ids.begin(), ids.end());
    }
    if (team.size() > 1) std::sort(emitted_.begin(), emitted_.end());
    for (int32_t s = 0; s < spec_.n_sources; ++s) {
        const SourceSpec& source = spec_.sources[s];
        int64_t& cursor = source_cursor_[s];
        for (; source.due(cursor, step); ++cursor) emitted_.push_back(static_cast<uint32_t>(source.id_of(cursor)));
    }
    if (!generals->empty()) generals->enter(emitted_, step);
    if (wide_)
        calendar_.enter<uint32_t>(store, emitted_, step);
    else
        calendar_.enter<uint16_t>(store, emitted_, step);
    for (int32_t c = 0; c < spec_.n_channels; ++c) {
        emitted_.clear();
        for (const auto& worker : team) {
            const auto& ids = worker->generals->happened(c, step);
            emitted_.insert(emitted_.end(), ids.begin(), ids.end());
        }
        if (team.size() > 1) std::sort(emitted_.begin(), emitted_.end());
        generals->enter_events(emitted_, step, c);
    }
}

inline void Worker::run(Team& team, int64_t begin, int64_t end, const std::vector<double*>& samples,
                        std::atomic<int64_t>& stop) {
    spike_steps.clear();
    spike_ids.clear();
    move_origin(begin);
    for (Sampler& sampler : samplers) sampler.begin(begin);
    Stopwatch watch;
    for (int64_t step = begin; step < end && step <= stop.load(std::memory_order_relaxed); ++step) {
        inputs->inject(step);
        for (LocalPopulation& own : populations)
            if (const auto start = spec_.kernels[own.spec->kernel].start) start(own, info(step));
        if (spec_.n_recorders) {
            record(step, samples);
            record_s += watch.lap();
        }
        const StepInfo now = info(step);
        const auto all_meet = [&] { meet(team); };
        inputs->operate(false, now);
        generals->start_step();
        generals->until(neurons_phase, now, all_meet);
        update(step);
        if (failed_step == step) return fail(step, stop);
        progress.publish(step + 1);
        generals->enter_own(step);
        generals->until(deliver_phase, now, all_meet);
        update_s += watch.lap();
        const int64_t due = step - lag_;  // the last step whose spikes may act now
        if (due >= 0) {
            for (const auto& worker : team)
                if (worker.get() != this) worker->progress.wait_for(due + 1);
            wait_s += watch.lap();
            emit(team, due);
        }
        auto& page = calendar_.page(step);
        if (wide_)
            deliver_.operator()<uint32_t>(page, variables_, open_);
        else
            deliver_.operator()<uint16_t>(page, variables_, open_);
        page.clear();
        generals->until(reset_phase, now, all_meet);
        for (LocalPopulation& own : populations)
            if (!own.spikes.empty() || own.has_events()) spec_.kernels[own.spec->kernel].reset(own, now);
        inputs->operate(true, now);
        if (inputs->any()) {
            look_for_failure(step);
            if (failed_step == step) return fail(step, stop);
        }
        deliver_s += watch.lap();
    }
    leave();
    generals->each([](auto& part) { part.look_for_nan(); });
}

}  // namespace neurosim

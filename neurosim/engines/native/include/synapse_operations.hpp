// Operations on synapses: statements run for all synapses in some steps, and sums over the
// synapses of a target or of a source that they use.
//
// All synapses onto a target are one thread's: their sum is added up in the order in which they
// are stored. A source's synapses lie on all threads and ranks: their sum is exact (WideSum), so
// that it does not depend on who holds them.
#pragma once
#include "worker.hpp"

namespace neurosim {

class OperationRun {
  public:
    OperationRun(Worker& worker, Team& team, GeneralPart& part, const SynapseOperationSpec& spec, const StepInfo& now)
        : worker_(worker), team_(team), part_(part), spec_(spec), now_(now) {}

    void run() {
        // spikes of the targets that synapses have yet to go through: at a step's end also its own
        const lane_int own = spec_.at_end ? 1 : 0;
        part_.catch_up({now_.step + own, now_.lane_step + own, now_.dt, now_.t + static_cast<double>(own) * now_.dt});
        if (spec_.gathers) gather();
        totals_.resize(static_cast<size_t>(spec_.n_sums));
        for (int32_t s = 0; s < spec_.n_stages; ++s) {
            const OperationStageSpec& stage = spec_.stages[s];
            for (int32_t i = stage.first_sum; i < stage.first_sum + stage.n_sums; ++i) take(i);
            const auto sums = pointers(0);
            SynapseView view = part_.view_;
            view.sums = sums.data();
            const auto& list = stage.by_source ? part_.rows_ : part_.all_;
            if (!list.empty()) call(stage.call, view, list.data(), static_cast<int64_t>(list.size()), nullptr);
        }
    }

  private:
    static constexpr uint32_t at_once = 4096;  // synapses, or those of one source

    void call(int32_t index, const SynapseView& view, const Stretch* list, int64_t n, real* out) {
        const int32_t first = part_.spec_.n_pathways + 1 + n_common_calls + part_.spec_.n_sums;
        part_.kernel_.calls[part_.wide_][first + index](view, now_, list, n, out);
    }

    // Look up the variables of the sources, while nobody writes them.
    void gather() {
        if (spec_.meets && spec_.n_shares && worker_.mirror_)
            worker_.share(team_, spec_.shares, spec_.n_shares);
        else if (spec_.meets)
            worker_.meet(team_);
        part_.gather_rows(true);
        if (spec_.meets) worker_.meet(team_);
    }

    // The sums so far, where those of sources start at a row.
    std::vector<const real*> pointers(size_t row) const {
        std::vector<const real*> found;
        for (size_t i = 0; i < totals_.size(); ++i)
            found.push_back(totals_[i].data() + (spec_.sums[i].of_source && !totals_[i].empty() ? row : 0));
        return found;
    }

    void take(int32_t index) {
        const SynapseSumSpec& sum = spec_.sums[index];
        if (sum.of_source) {
            partial_.assign(part_.rows_.size(), WideSum());
            each_batch(sum.call, [&](size_t row, const Stretch& stretch, const real* values) {
                WideSum total;
                for (uint32_t i = 0; i < stretch.count; ++i) total.add(static_cast<double>(values[i]));
                partial_[row] = total;
            });
            add_up_sources(totals_[index]);
            return;
        }
        std::vector<double> sums(static_cast<size_t>(part_.own_.padded), 0.0);
        each_batch(sum.call, [&](size_t, const Stretch& stretch, const real* values) {
            for (uint32_t i = 0; i < stretch.count; ++i)
                sums[part_.target(stretch.begin + i)] += static_cast<double>(values[i]);
        });
        totals_[index].assign(sums.begin(), sums.end());
    }

    // Work out a value for every synapse; call `visit(row, stretch, values)` for each source.
    template <class Visit>
    void each_batch(int32_t function, Visit&& visit) {
        const std::vector<Stretch>& rows = part_.rows_;
        for (size_t row = 0, next = 0; row < rows.size(); row = next) {
            uint32_t n = 0;
            for (next = row; next < rows.size() && (next == row || n + rows[next].count <= at_once); ++next)
                n += rows[next].count;
            values_.resize(std::max<size_t>(values_.size(), n));
            const auto sums = pointers(row);
            SynapseView view = part_.view_;
            view.sums = sums.data();
            if (spec_.gathers) view.pre_values += row * static_cast<size_t>(view.n_pre);
            call(function, view, rows.data() + row, static_cast<int64_t>(next - row), values_.data());
            const real* values = values_.data();
            for (size_t r = row; r < next; ++r) {
                visit(r, rows[r], values);
                values += rows[r].count;
            }
        }
    }

    void add_up_sources(std::vector<real>& out) {
        SourceTotals& totals = *team_[0]->source_totals_;
        const int64_t n_sources = part_.projection_.pre_size, n_threads = static_cast<int64_t>(team_.size());
        worker_.source_sums_ = {&part_.rows_, &partial_};
        if (n_threads > 1) worker_.meet(team_);
        const int64_t begin = n_sources * worker_.thread_ / n_threads, end = n_sources * (worker_.thread_ + 1) / n_threads;
        totals.add_up(begin, end, [&](int64_t first, int64_t last, auto&& add) {
            for (const auto& other : team_) other->source_sums_.each(first, last, add);
        });
        if (n_threads > 1) worker_.meet(team_);
        if (totals.over_ranks()) {
            if (worker_.thread_ == 0) totals.add_up_ranks(n_sources);
            if (n_threads > 1) worker_.meet(team_);
        }
        out.clear();
        for (const Stretch& row : part_.rows_) out.push_back(static_cast<real>(totals.value(row.at)));
    }

    Worker& worker_;
    Team& team_;
    GeneralPart& part_;
    const SynapseOperationSpec& spec_;
    const StepInfo& now_;
    std::vector<std::vector<real>> totals_;  // by own target, or by row
    std::vector<WideSum> partial_;           // by row
    std::vector<real> values_;
};

// Run the operations on synapses that are due, at the start or the end of a step.
inline void Worker::operate_synapses(Team& team, bool at_end, const StepInfo& now) {
    generals->each([&](auto& part) {
        const GeneralSpec& general = part.spec();
        for (int32_t i = 0; i < general.n_operations; ++i) {
            const SynapseOperationSpec& operation = general.operations[i];
            const bool due = now.step >= operation.first_step && (now.step - operation.first_step) % operation.every == 0;
            if (due && bool(operation.at_end) == at_end) OperationRun(*this, team, part, operation, now).run();
        }
    });
}

}  // namespace neurosim
